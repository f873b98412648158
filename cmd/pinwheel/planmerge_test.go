package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// TestPlanSaysWhatWouldBeMerged: at an instant at which all of the policy holds, plan
// names the merge request, its head and by what it was tested, and merges nothing.
func TestPlanSaysWhatWouldBeMerged(t *testing.T) {
	w := newWorld(t)
	config := w.read("pinwheel.yaml")
	if err := os.WriteFile(w.path("pinwheel.yaml"), []byte(strings.Replace(config, "Europe/Prague}", "Europe/Prague, merge: {after: 2d}}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.project.SetCI(true)
	w.project.Set(gitlabsim.Settings{MergeMethod: "ff"})
	w.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	code, _, complaints := w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	if err := w.project.Pipeline("maintainer", "!1", "success"); err != nil {
		t.Fatal(err)
	}
	plan := func(at string) (text string, merges []any) {
		code, text, complaints := w.configured("plan", "--at", at)
		w.want(code, exitDone, complaints)
		code, out, complaints := w.configured("plan", "--json", "--at", at)
		w.want(code, exitDone, complaints)
		var got []struct {
			Merges []any `json:"merges"`
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got) != 1 {
			t.Fatalf("%v in:\n%s", err, out)
		}
		return text, got[0].Merges
	}
	text, merges := plan("2026-01-04T09:00:00Z")
	has(t, text, "from 2026-01-05 10:00 Europe/Prague on")
	if strings.Contains(text, "Would be merged") || len(merges) != 0 {
		t.Errorf("too early: %v\n%s", merges, text)
	}
	text, merges = plan("2026-01-05T10:00:00Z")
	has(t, text, "merging", "Would be merged: !1 into main at ", " passed; no gates")
	if len(merges) != 1 {
		t.Fatalf("%v", merges)
	}
	one, _ := merges[0].(map[string]any)
	if head, _ := one["head"].(string); one["merge_request"] != 1.0 || one["target"] != "main" || len(head) != 40 || !strings.Contains(one["why"].(string), "pipeline") {
		t.Errorf("%v", one)
	}
	if _, out, _ := w.configured("plan", "--at", saturday); !strings.Contains(out, "open") {
		t.Errorf("plan merged it:\n%s", out)
	}
}
