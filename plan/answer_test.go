package plan_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

var said = time.Date(2026, 1, 3, 8, 30, 20, 0, time.UTC)

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		line, want string // "" for none
	}{
		{"later 30d: not now", "later 2026-02-02 08:30: not now"},
		{"Later 2w:not now", "later 2026-01-17 08:30: not now"},
		{"LATER 2027-01-31 : a: b", "later 2027-01-31 00:00: a: b"},
		{"never >=5: big", "never >=5: big"},
		{"never >=5,<6 : big", "never <6,>=5: big"},
		{"never 5.1: big", "never ==5.1: big"},
		{"never Boto_3 >=5: big", "never boto-3 >=5: big"},
		{"close: it breaks", "close: it breaks"},
		{"close: " + strings.Repeat("ä", 400), "close: " + strings.Repeat("ä", 299) + "…"},

		{"later 30d", "later ? it gives no reason; write one behind a colon"},
		{"later 30d:", "later ? it gives no reason; write one behind a colon"},
		{"later: not now", "later ? it does not say until when; write `later 30d: REASON`, `later 2w: REASON` or `later 2027-01-31: REASON`"},
		{"later tomorrow: x", "later ? it does not say until when; write `later 30d: REASON`, `later 2w: REASON` or `later 2027-01-31: REASON`"},
		{"later 0d: x", "later ? it may hold an update back for 1 to 3650 days"},
		{"later 999999w: x", "later ? it may hold an update back for 1 to 3650 days"},
		{"later 2036-02-01: x", "later ? it may hold an update back for 1 to 3650 days"},
		{"later 2026-01-03: x", "later ? that day is over"},
		{"later 2026-02-30: x", "later ? there is no such day"},
		{"never >=: x", "never ? it does not say which versions; write `never >=5: REASON`"},
		{"never: x", "never ? it does not say which versions; write `never >=5: REASON`"},
		{"close:", "close ? it gives no reason; write one behind a colon"},

		{"Later we look at this: it is big", ""},
		{"never mind: fine", ""},
		{"Never say never", ""},
		{"close this: please", ""},
		{"close", ""},
		{"closed: by me", ""},
		{"laterally 30d: x", ""},
		{"I say later 30d: x", ""},
		{"", ""},
	} {
		got := ""
		if plan.IsAnswer(tt.line) {
			asked := plan.Answer{Line: tt.line, At: said}.Asks(time.UTC)
			got = string(asked.Verb)
			switch {
			case asked.Mistake != "":
				got += " ? " + asked.Mistake
			case asked.Verb == plan.AnswerLater:
				got += " " + asked.Until.Format("2006-01-02 15:04") + ": " + asked.Reason
			default:
				got += strings.TrimRight(" "+strings.TrimLeft(asked.Package+" "+asked.Says(), " "), " ") + ": " + asked.Reason
			}
		}
		if got != tt.want {
			t.Errorf("%q asks for %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestWhatAHoldCovers(t *testing.T) {
	later := plan.Hold{Asked: plan.Answer{Line: "later 9d: x", At: said}.Asks(time.UTC), On: []plan.HeldPin{{Key: "a", To: "2.3"}, {Key: "b", To: "2025.1"}}}
	never := plan.Hold{Asked: plan.Answer{Line: "never >=2.4: x", At: said}.Asks(time.UTC), On: []plan.HeldPin{{Key: "a", To: "2.3"}}}
	for _, tt := range []struct {
		hold         plan.Hold
		key, version string
		calendar     bool
		want         bool
	}{
		{later, "a", "2.3", false, true}, {later, "a", "2.9", false, true}, {later, "a", "2.1", false, true}, {later, "a", "3.0", false, false}, {later, "a", "1!2.3", false, false},
		{later, "b", "2026.2", true, true}, {later, "b", "2026.2", false, false}, {later, "c", "2.3", false, false},
		{never, "a", "2.4", false, true}, {never, "a", "7", false, true}, {never, "a", "2.3", false, false}, {never, "b", "7", false, false},
	} {
		v, err := pep440.Parse(tt.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.hold.Covers(tt.key, v, tt.calendar); got != tt.want {
			t.Errorf("%s covers %s %s (calendar: %v): %v, want %v", tt.hold.Asked.Verb, tt.key, tt.version, tt.calendar, got, tt.want)
		}
	}
}

func TestHoldBranch(t *testing.T) {
	for _, id := range []string{"123", "123.2"} {
		b := plan.HoldBranch("pinwheel/", 12, id)
		if iid, got, ok := plan.HoldOf("pinwheel/", b); iid != 12 || got != id || !ok {
			t.Errorf("HoldOf(%q) = %d %q %v", b, iid, got, ok)
		}
	}
	for _, b := range []string{"", "pinwheel/held-12", "pinwheel/held-0-1", "held-12-3", "pinwheel/held-12-3.1", "pinwheel/held-12-3-4", "pinwheel/boto3-1.x"} {
		if _, _, ok := plan.HoldOf("pinwheel/", b); ok {
			t.Errorf("HoldOf takes %q", b)
		}
	}
}

// Whatever is written: what is an answer gives a reason or says what is wrong, and what
// holds back ends.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"later 30d: x", "never >=5: x", "close: x", "never a!=1.*: x", "later 2026-02-30: x", "LATER\t1w:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a := plan.Answer{Line: line, At: said}
		asked := a.Asks(time.UTC)
		if !plan.IsAnswer(line) {
			return
		}
		if (asked.Mistake == "") == (asked.Reason == "") {
			t.Errorf("%q: reason %q, mistake %q", line, asked.Reason, asked.Mistake)
		}
		if asked.Mistake == "" && asked.Verb == plan.AnswerLater && (!asked.Until.After(said) || asked.Until.After(said.AddDate(11, 0, 0))) {
			t.Errorf("%q holds back until %s", line, asked.Until)
		}
	})
}
