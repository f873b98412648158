package config

import (
	"reflect"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// What a gate is like, and what it does not take over, is read as written: newest is
// success whether it is said or not, drop keeps its order, and each gate has its own.
func TestWhatAGateIsLike(t *testing.T) {
	c, err := Parse("c.yaml", []byte("gitlab: {url: https://g.example}\ndefaults:\n  gates:\n  - {name: a, project: g/t, ref: main, like: {ref: c9s, newest: success, drop: [skip_b, SKIP_A]}}\n  - {name: b, project: g/t, ref: main, like: {ref: main}}\n  - {name: c, project: g/t, ref: main}\nprojects: [{path: g/p}, {path: g/q}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Like{{Ref: "c9s", Drop: []string{"skip_b", "SKIP_A"}}, {Ref: "main"}, {}}
	for _, p := range c.Projects {
		for i, g := range p.Policy.Gates {
			if !reflect.DeepEqual(g.Pipeline.Like, want[i]) {
				t.Errorf("%s, gate %s is like %+v, want %+v", p.Path, g.Name, g.Pipeline.Like, want[i])
			}
		}
	}
	c.Projects[0].Policy.Gates[0].Pipeline.Like.Drop[0] = "other"
	if got := c.Projects[1].Policy.Gates[0].Pipeline.Like.Drop[0]; got != "skip_b" {
		t.Errorf("a change of one project's gate changed another's: %s", got)
	}
	const gate = "gitlab: {url: https://g.example}\nprojects:\n- path: g/p\n  gates:\n  - name: a\n    project: g/t\n    ref: main\n    like:\n      ref: %s\n      %s\n"
	for keys, says := range map[[2]string]string{
		{"refs/heads/main", "newest: success"}:    `"refs/heads/main" is not the name of a branch or a tag`,
		{"main", "newest: newest"}:                "success",
		{"main", "drop: [a-b]"}:                   `"a-b" is not the name of a variable: write letters, digits and _`,
		{"main", "drop: []"}:                      "drop",
		{"main", "drop: skip"}:                    "drop",
		{"main", "variables: {A: b}"}:             "variables",
		{"main", "drop: [PINWHEEL_OPERATION]"}:    "",
		{"main", "drop: [a, B_1]"}:                "",
		{"release/1.2", "newest: success"}:        "",
		{"main", "newest: success\n      ref: x"}: "ref",
	} {
		text := strings.Replace(strings.Replace(gate, "%s", keys[0], 1), "%s", keys[1], 1)
		_, err := Parse("c.yaml", []byte(text))
		switch {
		case says == "" && err != nil:
			t.Errorf("%v: %v", keys, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "c.yaml:")):
			t.Errorf("%v: %v, want a place and %q", keys, err, says)
		}
	}
}

// enforce.gates asks every project for its gates as required ones, whichever layer or
// rule says otherwise, and lets none run elsewhere.
func TestEnforceOfGates(t *testing.T) {
	const asks = "enforce asks for a required gate integration (c.yaml:2): add it, with required: true"
	const elsewhere = "is none of the projects in which enforce lets gates run (c.yaml:2)"
	const hard, soft = "{name: integration, project: g/tests, ref: main, required: true}", "{name: integration, project: g/tests, ref: main}"
	for text, want := range map[string]string{
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p}]\n":                                                                         asks,
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p, gates: [" + soft + "]}]\n":                                                  asks,
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p, gates: [" + hard + "]}]\n":                                                  "",
		"enforce: {gates: {require: [integration]}}\ndefaults: {gates: [" + hard + "]}\nprojects: [{path: g/p}]\n":                                      "",
		"enforce: {gates: {require: [integration]}}\ndefaults: {gates: [" + hard + "]}\nprojects: [{path: g/p, gates: [" + soft + "]}]\n":               asks,
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p, rules: [{packages: [a], gates: [" + hard + "]}]}]\n":                        asks,
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p, gates: [" + hard + "], rules: [{packages: [a], gates: [" + soft + "]}]}]\n": asks,
		"enforce: {gates: {require: [integration]}}\nprojects: [{path: g/p, gates: [" + hard + "]}, {path: g/q}]\n":                                     asks,
		"enforce: {gates: {require: [no such]}}\nprojects: [{path: g/p}]\n":                                                                             "is not the name of a gate",
		"enforce: {gates: {projects: [g/tests]}}\nprojects: [{path: g/p, gates: [" + hard + "]}]\n":                                                     "",
		"enforce: {gates: {projects: [\"G/*\"]}}\nprojects: [{path: g/p, gates: [" + hard + "]}]\n":                                                     "",
		"enforce: {gates: {projects: [\"*\"]}}\nprojects: [{path: g/p, gates: [" + hard + "]}]\n":                                                       elsewhere,
		"enforce: {gates: {projects: []}}\nprojects: [{path: g/p, gates: [" + hard + "]}]\n":                                                            elsewhere,
		"enforce: {gates: {projects: [g/other]}}\ndefaults: {gates: [" + hard + "]}\nprojects: [{path: g/p}]\n":                                         elsewhere,
		"enforce: {gates: {projects: [g/other]}}\nprojects: [{path: g/p, rules: [{packages: [a], gates: [" + soft + "]}]}]\n":                           elsewhere,
		"enforce: {gates: {projects: [\"[\"]}}\nprojects: [{path: g/p}]\n":                                                                              "is not a pattern of paths",
	} {
		_, err := Parse("c.yaml", []byte(merging+text))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c, err := Parse("c.yaml", []byte(merging+"enforce: {gates: {require: [integration], projects: [g/tests, g/p]}}\nprojects: [{path: g/p, gates: ["+hard+"]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for own, want := range map[string]string{
		"gates: [" + soft + "]":                                  asks,
		"gates: [{name: other, project: g/p, ref: x}]":           asks,
		"gates: [" + hard + ", {name: o, project: g/p, ref: x}]": "",
		"gates: [" + hard + ", {name: o, project: g/z, ref: x}]": elsewhere,
		"rules: [{packages: [a], gates: [" + soft + "]}]":        asks,
		"labels: [x]": "",
	} {
		_, _, err := c.Projects[0].Own([]byte(own + "\n"))
		switch {
		case want == "" && err != nil:
			t.Errorf("own file %s: %v", own, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("own file %s: %v, want %s", own, err, want)
		}
	}
}
