package plan

import (
	"slices"
	"testing"
)

// What GitLab would link is written so that it does not.
func TestTitlesLinkNothing(t *testing.T) {
	for _, tt := range []struct{ name, to, want string }{
		{"boto3", "1.34.41", "Update dependency boto3 to v1.34.41"},
		{"PyYAML", "6.0.1", "Update dependency PyYAML to v6.0.1"},
		{"GL-1", "2.0", "Update dependency gl-1 to v2.0"},
		{"x.ABC-7", "2.0", "Update dependency x-abc-7 to v2.0"},
		{"www.x", "2.0", "Update dependency www-x to v2.0"},
		{"epoch", "1!2.0", "Update dependency epoch to v1!\u200b2.0"},
	} {
		got := title(tt.name, Minor, []Move{{Key: tt.name, To: tt.to}})
		if got != tt.want {
			t.Errorf("title of %s %s is %q, want %q", tt.name, tt.to, got, tt.want)
		}
		if !new(draft).titleIsOurs(got, tt.name, "another") {
			t.Errorf("%q is not known again as ours", got)
		}
	}
}

func TestEpochsComeBackFromACommitMessage(t *testing.T) {
	in := Trailers{Base: "b", Digest: "d", Moves: []Move{{Key: "a", Name: "a", From: "1!1", To: "1!2"}}, Lines: []LineChange{{Key: "c", Name: "c", Version: "2!1", File: "f"}}}
	out, ok := ParseTrailers(commitMessage("s", in))
	if !ok || !slices.EqualFunc(out.Moves, in.Moves, func(a, b Move) bool { return a.Key == b.Key && a.From == b.From && a.To == b.To }) || len(out.Lines) != 1 || out.Lines[0].Version != "2!1" {
		t.Errorf("got %+v", out)
	}
}
