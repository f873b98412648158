package plan

import "testing"

func TestAClaimIsTrueOfItsOwnTable(t *testing.T) {
	u := Update{
		Moves: []Move{{File: "c.txt", Key: "aa", From: "1.0", To: "2.0"}, {File: "c.txt", Key: "bb", From: "3.0", To: "4.0"}},
		Lines: []LineChange{{File: "c.txt", Key: "new", Version: "1.5"}, {File: "c.txt", Key: "old", Version: "1.0", Removed: true}},
	}
	for _, c := range []struct {
		claim Claim
		want  bool
	}{
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "bb==4.0", To: "bb"}, true},
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "bb==4.1", To: "bb"}, false},                   // not where it goes
		{Claim{From: "aa", FromVersion: "2.1", Requirement: "bb==4.0", To: "bb"}, false},                   // no such step
		{Claim{From: "aa", FromVersion: "1.0", Requirement: "bb<2", To: "bb", ToVersion: "3.0"}, true},     // what it leaves
		{Claim{From: "aa", FromVersion: "1.0", Requirement: "bb<2", To: "bb", ToVersion: "3.5"}, false},    // never pinned there
		{Claim{From: "aa", FromVersion: "1.0", Requirement: "bb<2", To: "bb", ToVersion: "4.0"}, false},    // only goes there
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "bb<2", To: "bb", GoesTo: "4.0"}, true},        // stays broken
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "bb<2", To: "bb", GoesTo: "3.0"}, false},       // goes elsewhere
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "bb>2", To: "bb", GoesTo: "4.0"}, false},       // meets it
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "bb<4", To: "bb"}, false},                      // cc stays
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "bb>=4", To: "bb"}, true},                      //
		{Claim{From: "cc", FromVersion: "1.0", Requirement: "dd<4", To: "dd", ToVersion: "9"}, true},       // of neither
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "new>=1", To: "new"}, true},                    // a line that is added
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "new>=2", To: "new"}, false},                   //
		{Claim{From: "the service", Requirement: "bb[x]>=4", To: "bb"}, true},                              // a root
		{Claim{From: "the service", Requirement: "bb<4", To: "bb"}, false},                                 //
		{Claim{File: "other.txt", From: "aa", FromVersion: "9", Requirement: "bb<1", To: "bb"}, true},      // another file
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "not a requirement", To: "bb"}, false},         //
		{Claim{From: "aa", FromVersion: "2.0", Requirement: "bb @ https://example.org/b", To: "bb"}, true}, //
	} {
		if u.True(c.claim) {
			t.Errorf("without a text %+v is true", c.claim)
		}
		c.claim.Text = "a sentence"
		if got := u.True(c.claim); got != c.want {
			t.Errorf("%+v: %v", c.claim, got)
		}
		if got := u.Claims([]Claim{c.claim, c.claim}); (len(got) == 1) != c.want {
			t.Errorf("%+v: %q", c.claim, got)
		}
	}
}
