package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// wrongIndex lets every name be unknown: the address is off by a word.
func (w *world) wrongIndex() {
	w.t.Helper()
	text := strings.Replace(w.read("pinwheel.yaml"), "/simple/", "/simpler/", 1)
	w.write("pinwheel.yaml", text)
}

// TestAnIndexThatKnowsNoName is red in every command, and no page calls a pin
// current.
func TestAnIndexThatKnowsNoName(t *testing.T) {
	w := newWorld(t)
	w.wrongIndex()
	code, out, complaints := w.configured("plan")
	w.want(code, exitFailed, complaints)
	has(t, complaints, "the index knows none", "/simpler/", "boto3, urllib3")
	has(t, out, "2 pins, 0 current", "2 unknown", "boto3", "urllib3", "is not on the index")
	code, out, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitFailed, complaints)
	has(t, out, "## Problems", "the index", "2 unknown")
	if strings.Contains(out, "all current") || strings.Contains(out, "nothing to move") {
		t.Errorf("the page calls them current:\n%s", out)
	}
	code, out, complaints = w.configured("verify")
	w.want(code, exitFailed, complaints)
	has(t, out, "constraints.txt:1: not-on-index: boto3 is not on the index")
	code, out, complaints = w.configured("doctor")
	w.want(code, exitFailed, complaints)
	has(t, out, "error    the index: ", "knows none of")
	code, out, complaints = w.configured("run")
	w.want(code, exitFailed, complaints)
	has(t, out, "failed", "2 unknown")
	has(t, complaints, "the index")
}

// TestOneUnknownNameIsANote: it is listed everywhere and fails verify alone.
func TestOneUnknownNameIsANote(t *testing.T) {
	w := newWorld(t)
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "boto3==1.34.0\nurllib3==2.1.0\nno-such==1.0\nurllib3-next==1000000000.0\n"); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := w.configured("plan")
	w.want(code, exitDone, complaints)
	has(t, out, "3 pins, 1 current, 1 behind, 1 unknown", "1 blocked on purpose", "no-such", "no-such is not on the index")
	code, out, complaints = w.configured("plan", "--dashboard")
	w.want(code, exitDone, complaints)
	has(t, out, "1 current", "1 behind", "1 unknown", "1 blocked on purpose", "## Notes", "no-such is not on the index")
	code, _, complaints = w.configured("verify")
	w.want(code, exitFailed, complaints)
	code, out, complaints = w.configured("doctor")
	w.want(code, exitDone, complaints)
	has(t, out, "warning  the index: ", "no-such")
	code, out, complaints = w.configured("plan", "--json")
	w.want(code, exitDone, complaints)
	var got []struct {
		Pins, Behind int
		Standings    map[string]int `json:"standings"`
		All          []struct {
			File, Package, Version, Standing, Why string
			Line                                  int
		} `json:"all_pins"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	want := "map[behind:1 blocked_on_purpose:1 current:1 held:0 not_managed:0 taken_back:0 unknown:1 unread:0]"
	if fmt.Sprint(got[0].Standings) != want || len(got[0].All) != 4 || got[0].Pins != 3 || got[0].Behind != 1 {
		t.Errorf("%+v", got)
	}
	if p := got[0].All[2]; p.Package != "no-such" || p.Version != "1.0" || p.Standing != "unknown" || p.Line != 3 || !strings.Contains(p.Why, "not on the index") {
		t.Errorf("%+v", p)
	}
}

// TestAStoppedProjectCountsNothing: nobody judged its pins, so "0 behind of 0
// pins" would be no answer.
func TestAStoppedProjectCountsNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "../common/constraints-py312.txt"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run"}, {"plan"}} {
		code, out, complaints := w.configured(args...)
		w.want(code, exitStopped, complaints)
		has(t, complaints, "symbolic link")
		has(t, out, "group/project: stopped")
		if strings.Contains(out, "0 pins") || strings.Contains(out, "0 behind") {
			t.Errorf("%v: %s", args, out)
		}
	}
	_, out, _ := w.configured("plan", "--json")
	has(t, out, `"stopped": true`)
	code, out, complaints := w.configured("verify")
	w.want(code, exitStopped, complaints)
	if strings.Contains(out, "0 conflicts") {
		t.Errorf("verify: %s", out)
	}
	code, out, _ = w.configured("doctor")
	if code != exitFailed || !strings.Contains(out, "symbolic link") {
		t.Errorf("doctor: %d %s", code, out)
	}
}

// A file that is not there is named once, with the place that names it.
func TestAFileThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.edit("{path: group/project, ", "{path: group/project, files: [{path: constraint.txt}], ")
	code, _, complaints := w.configured("plan")
	w.want(code, exitStopped, complaints)
	has(t, complaints, "pinwheel: group/project: constraint.txt: it is not on branch main; add it, or correct files at pinwheel.yaml:5\n")
}
