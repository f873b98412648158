package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The reason of an update is a text and, beside it, data: a kind and its arguments.
func TestPlanJSONHasReasonsAsData(t *testing.T) {
	w := newWorld(t)
	w.edit("projects:", "defaults:\n  rules: [{packages: [boto3], ignore: {reason: it breaks the build.}}]\nprojects:")
	code, out, complaints := w.configured("plan", "--json", "--at", saturday)
	w.want(code, exitDone, complaints)
	var got []struct {
		Updates []struct {
			Reason string
			Why    struct {
				Kind string
				Args struct {
					By struct {
						Kind string
						Args struct{ Rule, Says string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	if len(got) != 1 || len(got[0].Updates) != 1 {
		t.Fatalf("unexpected plan:\n%s", out)
	}
	u := got[0].Updates[0]
	by := u.Why.Args.By
	if u.Why.Kind != "ruled-out" || by.Kind != "ignored-by-rule" || by.Args.Says != "it breaks the build" || !strings.Contains(by.Args.Rule, "pinwheel.yaml:") {
		t.Errorf("the data say %+v", u.Why)
	}
	if want := "Ignored by `" + by.Args.Rule + "`: \"it breaks the build\"."; u.Reason != want {
		t.Errorf("the text says %q, want %q", u.Reason, want)
	}
}

// A terminal shows names as they are, without the marks of Markdown.
func TestExplainHasNoMarkdown(t *testing.T) {
	w := newWorld(t)
	w.edit("projects:", "defaults:\n  rules: [{packages: [boto3], allowed: <1.35}, {packages: [boto3], kinds: [patch], ignore: {reason: it breaks}}]\nprojects:")
	code, out, complaints := w.configured("explain", "boto3")
	w.want(code, exitDone, complaints)
	has(t, out, "is not allowed by ", "is ignored by ", `: "it breaks"`)
	if strings.Contains(out, "`") {
		t.Errorf("Markdown on a terminal:\n%s", out)
	}
}
