package mrs_test

import (
	"os"
	"reflect"
	"testing"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// What the version of 2026-11-28 wrote is read like what is written now, and
// written anew as a whole. Its files are never written anew.
func TestADescriptionOfTheVersionBeforeIsRead(t *testing.T) {
	set := update("1.44.1")
	set.Moves = append(set.Moves, plan.Move{File: "extra/constraints.txt", Name: "typing_extensions", Key: "typing-extensions", From: "4.15.0", To: "5", Kind: plan.Major})
	set.Note.Why, set.Note.By, set.Note.Request = "forced", "carol", "note-17"
	for name, u := range map[string]plan.Update{"one": update("1.35.0"), "set": set} {
		old, err := os.ReadFile("testdata/before-" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		now := mrs.Body(u, view)
		if got, want := mrs.ParseBody(string(old)), mrs.ParseBody(now); !got.Present || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v\nwant %+v", name, got, want)
		}
		if got := mrs.Replace("mine\n\n"+string(old)+"mine, too", now); got != "mine\n\n"+now+"\nmine, too" {
			t.Errorf("%s is replaced by\n%s", name, got)
		}
	}
}
