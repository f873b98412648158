package config

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

const merging = "gitlab: {url: https://g.example}\n"

// Nothing is merged until somebody says so.
func TestMergingIsOffByDefault(t *testing.T) {
	c, err := Parse("c.yaml", []byte(merging+"projects: [{path: g/p}, {path: g/q, merge: {}}, {path: g/r, rules: [{packages: [a], merge: true}]}, {path: g/s, rules: [{merge: false}]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, true, false} {
		if got := c.Projects[i].Policy.Merges(); got != want {
			t.Errorf("%s merges: %v", c.Projects[i].Path, got)
		}
	}
	if got := c.Projects[1].Policy.Merging.Kinds; len(got) != 2 || got[0] != plan.Patch || got[1] != plan.Minor {
		t.Errorf("merge: {} merges %v", got)
	}
}

// enforce forbids it wherever it is switched on, and does nothing else.
func TestEnforceForbidsMerging(t *testing.T) {
	for text, want := range map[string]string{
		"enforce: {merge: false}\nprojects: [{path: g/p}]\n":                                      "",
		"enforce: {merge: false}\nprojects: [{path: g/p, rules: [{merge: false}]}]\n":             "",
		"enforce: {merge: false}\nprojects:\n- path: g/p\n  merge: {}\n":                          "enforce forbids pinwheel to merge (c.yaml:2): remove the line",
		"enforce: {merge: false}\nprojects:\n- path: g/p\n  rules: [{merge: true}]\n":             "enforce forbids pinwheel to merge (c.yaml:2): remove the line",
		"enforce: {merge: false}\ndefaults: {merge: {kinds: [patch]}}\nprojects: [{path: g/p}]\n": "enforce forbids pinwheel to merge (c.yaml:2): remove the line",
		"enforce: {merge: true}\nprojects: [{path: g/p}]\n":                                       "enforce can only forbid merging: write false, or remove the line",
	} {
		_, err := Parse("c.yaml", []byte(merging+text))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
