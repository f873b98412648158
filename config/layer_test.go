package config

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Of layers that have a key the uppermost counts, with its source, and a key that
// one has alone stays.
func TestMerge(t *testing.T) {
	number := func(key, file string, n int, to func(*plan.Policy) *int) Layer {
		return Layer{keys: []setting{{key, nil, plan.Source{File: file, Line: n}, func(p *project) { *to(&p.policy) = n }}}}
	}
	open := func(p *plan.Policy) *int { return &p.MaxOpen }
	fresh := func(p *plan.Policy) *int { return &p.MaxNew }
	low, high, other := number("open", "low", 1, open), number("open", "high", 2, open), number("new", "other", 3, fresh)
	for _, layers := range [][]Layer{{low, high, other}, {low, other, high}, {other, low, high}, {Merge(low, other), high}, {low, {}, Merge(high, other)}} {
		all := Merge(append([]Layer{builtIn()}, layers...)...)
		p := all.project().policy
		if p.MaxOpen != 2 || p.MaxNew != 3 || p.BranchPrefix != "pinwheel/" {
			t.Errorf("merged are %d, %d and %q, want 2, 3 and what is built in", p.MaxOpen, p.MaxNew, p.BranchPrefix)
		}
		if got := all.Source("open").String() + " " + all.Source("new").String() + " " + all.Source("labels").String(); got != "high:2 other:3 built in" {
			t.Errorf("the sources are %s", got)
		}
		if p.Sources["open"] != all.Source("open") || len(p.Sources) != 2 {
			t.Errorf("the policy has the sources %v", p.Sources)
		}
	}
}

// Each key of a project says where it comes from: built in, defaults, its entry, its
// own file, and enforce where nobody asked for enough.
func TestSourcesOfEveryLayer(t *testing.T) {
	c := parsed(t, `enforce:
  minimum_release_age: 7d
  minimum_role: maintainer
defaults:
  labels: [a]
  draft: true
projects:
  - path: g/p
    draft: false
    refresh: always
`)
	own, _, err := c.Projects[0].Own([]byte("# policy\nrefresh: never\nmode: dashboard\n"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"minimum_release_age": "pinwheel.yaml:2", "selections": "pinwheel.yaml:3", "labels": "pinwheel.yaml:5", "draft": "pinwheel.yaml:9",
		"refresh": OwnFile + ":2", "mode": OwnFile + ":3", "platforms": "built in",
	} {
		if got := own.Policy.Sources[key].String(); got != want {
			t.Errorf("%s comes from %s, want %s", key, got, want)
		}
	}
	if got := c.Projects[0].Policy.Sources["refresh"].String(); got != "pinwheel.yaml:10" {
		t.Errorf("the entry's refresh comes from %s", got)
	}
	var shown []string
	for _, s := range own.Settings() {
		if s.Key != "files" && s.Source != "built in" || s.Key == "window" || s.Key == "platforms" {
			shown = append(shown, s.Key+"="+s.Value+" "+s.Source)
		}
	}
	if got, want := strings.Join(shown, "\n"), `window="* * * * SAT,SUN" built in
minimum_release_age=7d pinwheel.yaml:2
refresh=never .gitlab/pinwheel.yaml:2
labels=[a] pinwheel.yaml:5
draft=false pinwheel.yaml:9
platforms=[linux/x86_64] built in
mode=dashboard .gitlab/pinwheel.yaml:3
selections={minimum_role: maintainer} pinwheel.yaml:3`; got != want {
		t.Errorf("the settings are\n%s\nwant\n%s", got, want)
	}
	p := own.Policy
	if p.Draft || p.Refresh != plan.RefreshNever || p.Mode != plan.DashboardOnly || p.MinimumRole != plan.Maintainer || len(p.Labels) != 1 {
		t.Errorf("the layers make %+v", p)
	}
}

// A value is shown on one line, and no more than is read at a glance, whatever
// aliases make of it.
// A project that is taken over goes on under the other bot's prefix, and its settings say so.
func TestSettingsShowThePrefixOfATakeOver(t *testing.T) {
	c := parsed(t, "projects:\n  - path: g/p\n    adopt: {authors: [renovate-bot]}\n")
	for _, s := range c.Projects[0].Settings() {
		if s.Key == "branch_prefix" && (s.Value != "renovate/" || s.Source != "pinwheel.yaml:3") {
			t.Errorf("branch_prefix is shown as %s of %v", s.Value, s.Source)
		}
	}
}

func TestSettingsAreShort(t *testing.T) {
	long := "labels: [" + strings.Repeat("aaaaaaaaa, ", 100) + "b]\n"
	bomb := "labels: &a [x]\nreviewers: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nassignees: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nroots: &d [*c, *c, *c, *c, *c, *c, *c, *c]\nextras: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nrules: [*e, *e, *e, *e, *e, *e, *e, *e]\n"
	for _, text := range []string{long, bomb, "labels: []\ndashboard: {}\nreviewers: [\"a b\", 'c']\n"} {
		r := &reader{sections: map[string][]field{}}
		p := Project{layer: r.layer(r.document([]byte(text), ""), "")}
		for _, s := range p.Settings() {
			if len(s.Value) > 2*maxShown || strings.Contains(s.Value, "\n") {
				t.Errorf("%s is shown as %d bytes: %s", s.Key, len(s.Value), s.Value)
			}
			if want := map[string]string{"dashboard": "{}", "reviewers": `["a b", "c"]`}[s.Key]; text[:10] == "labels: []" && want != "" && s.Value != want {
				t.Errorf("%s is shown as %s, want %s", s.Key, s.Value, want)
			}
		}
	}
}
