package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

const operators = `
enforce: {minimum_release_age: 2d}
defaults: {labels: [a]}
projects:
  - {path: g/p, timezone: UTC, max_open_merge_requests: 3, roots: [{project: g/lib, ref: v1, file: setup.cfg, extras: [a]}], selections: {minimum_role: reporter}}
`

func TestOwn(t *testing.T) {
	p := parsed(t, operators).Projects[0]
	own, keys, err := p.Own([]byte("# ours\nlabels: [b]\nminimum_release_age: 7d\nselections: {minimum_role: developer}\nrules:\n  - {packages: [six], ignore: no}\n"))
	if err != nil || !slices.Equal(keys, []string{"labels", "minimum_release_age", "selections", "rules"}) {
		t.Fatal(keys, err)
	}
	if q := own.Policy; !slices.Equal(q.Labels, []string{"b"}) || q.MinimumAge != 7*24*time.Hour || q.MaxOpen != 3 || q.MinimumRole != plan.Developer ||
		len(q.Roots) != 1 || q.Rules[0].At != ".gitlab/pinwheel.yaml:6" {
		t.Errorf("%+v", q)
	}
	if !slices.Equal(p.Policy.Labels, []string{"a"}) || p.Policy.Rules != nil {
		t.Errorf("the operator's policy changed: %+v", p.Policy)
	}
	for _, text := range []string{"", "\n", "# nothing\n", "roots: [{project: G/P, ref: x, file: y/setup.cfg}, {project: G/Lib, ref: v1, file: setup.cfg, extras: [A]}, requests]\n"} {
		if _, _, err := p.Own([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOwnMistakes(t *testing.T) {
	p := parsed(t, operators).Projects[0]
	for text, want := range map[string]string{
		"label: [a]":                           "1: label: unknown key, did you mean labels?",
		"path: g/q":                            "1: path: this key stands only in the operator's pinwheel.yaml: remove it",
		"gitlab: {url: x}":                     "1: gitlab: this key stands only in the operator's pinwheel.yaml: remove it",
		"store: x":                             "1: store: this key stands only in the operator's pinwheel.yaml: remove it",
		"enforce: {}":                          "1: enforce: this key stands only in the operator's pinwheel.yaml: remove it",
		"labels: [a]\nminimum_release_age: 1d": "2: minimum_release_age: 1d is less than the 2d that enforce asks for (pinwheel.yaml:2): raise it",
		"rules: [{minimum_release_age: 0}]":    "1: rules[0].minimum_release_age: 0 is less than the 2d",
		"selections: {minimum_role: none}":     "none is less than what pinwheel's operator asks for (pinwheel.yaml:5): raise it",
		"policy: renovate":                     "which file the policy is in is for pinwheel's operator to say",
		"mode: off":                            "mode: off is for pinwheel's operator to say",
		"roots: [{project: secret/thing}]":     "1: roots[0].project: another project is read with pinwheel's rights",

		"roots: [{project: g/lib}]":                                                       "1: roots[0]: another project is read with pinwheel's rights",
		"roots: [{project: g/lib, ref: v2, file: setup.cfg, extras: [a]}]":                "1: roots[0]: another project is read with pinwheel's rights",
		"roots: [{project: g/lib, ref: v1, file: secret/setup.cfg, extras: [a]}]":         "1: roots[0]: another project is read with pinwheel's rights",
		"roots: [requests, {project: g/lib, ref: v1, file: setup.cfg, extras: [a, all]}]": "1: roots[1]: another project is read with pinwheel's rights",
		"labels: &a [x]\npython: *a":                                                      "an alias (*a) is not read in this file",
		"- a":                                                                             "the file is a list where it should have keys",
		"labels: [":                                                                       "this is not YAML",
		"a: b\n---\nc: d":                                                                 "a second document starts here",
		"labels: [a\x00b]":                                                                "",
		"\xff":                                                                            "not UTF-8",
		"window: \"* 3 * * *\"\nlabels: [" + strings.Repeat("x", 70_000) + "]": "larger than 64 KiB",
	} {
		own, keys, err := p.Own([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), OwnFile+":") || keys != nil {
			t.Errorf("%.40q: %v\nwant %q", text, err, want)
		}
		if !slices.Equal(own.Policy.Labels, p.Policy.Labels) {
			t.Errorf("%.40q changed the policy", text)
		}
	}
	if _, _, err := (Project{}).Own([]byte("labels: [a]")); err == nil {
		t.Error("a project without a configuration took a file")
	}
}

// TestOwnAt: the errors name the file that was given.
func TestOwnAt(t *testing.T) {
	p := parsed(t, operators).Projects[0]
	if _, _, err := p.OwnAt("own.yml", []byte("label: [a]")); err == nil || !strings.HasPrefix(err.Error(), "own.yml:1: label:") {
		t.Error(err)
	}
	if _, _, err := p.OwnAt("own.yml", []byte("# "+strings.Repeat("x", maxOwn))); err == nil || !strings.HasPrefix(err.Error(), "own.yml: ") {
		t.Error(err)
	}
}

// TestSecretKey: what stands where a secret does not belong is not printed.
func TestSecretKey(t *testing.T) {
	_, err := Parse("p.yaml", []byte("gitlab: {token: glpat-hidden}\nindexes: [{name: a, url: \"https://a/\", password: hidden}]\nprojects: [{path: g/p}]"))
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}

func FuzzOwn(f *testing.F) {
	c, err := Parse("c", []byte(operators))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("labels: [a]\nrules: [{packages: [/a/], ignore: {reason: r, until: 2027-01-31}}]"))
	f.Add([]byte("window: \"* * * * *\"\nmode: dashboard\npython: \">=3.9\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		own, keys, err := c.Projects[0].Own(data)
		if err != nil && keys != nil {
			t.Error("keys of a broken file")
		}
		if err == nil && (own.Policy.MinimumAge < 48*time.Hour || own.Policy.MinimumRole < plan.Reporter || own.Policy.Mode == plan.Off) {
			t.Errorf("the operator's bounds are gone: %+v", own.Policy)
		}
	})
}
