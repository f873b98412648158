package plan

import (
	"slices"
	"testing"
)

func TestEpochsComeBackFromACommitMessage(t *testing.T) {
	in := Trailers{Base: "b", Digest: "d", Moves: []Move{{Key: "a", Name: "a", From: "1!1", To: "1!2"}}, Lines: []LineChange{{Key: "c", Name: "c", Version: "2!1", File: "f"}}}
	out, ok := ParseTrailers(CommitMessage("s", in))
	if !ok || !slices.EqualFunc(out.Moves, in.Moves, func(a, b Move) bool { return a.Key == b.Key && a.From == b.From && a.To == b.To }) || len(out.Lines) != 1 || out.Lines[0].Version != "2!1" {
		t.Errorf("got %+v", out)
	}
}
