package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("pinwheel.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pattern(t *testing.T, text string) plan.PackagePattern {
	t.Helper()
	p, err := plan.ParsePackagePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func versions(t *testing.T, text string) pep440.Specifiers {
	t.Helper()
	s, err := pep440.ParseSpecifiers(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefault(t *testing.T) {
	c := Default()
	if len(c.Indexes) != 1 || c.Indexes[0].URL != "https://pypi.org/simple/" || c.Store != "pinwheel.db" || c.Concurrency != 8 ||
		c.Schedule != "@hourly" || c.GitLab.URL != "https://gitlab.com" {
		t.Errorf("%+v", *c)
	}
	if p := c.Defaults; p.Files[0].Path != "constraints.txt" || p.Pythons != nil || p.Window.Zone() != time.UTC || p.Window.Text()[0] != weekend {
		t.Errorf("%+v", p)
	}
}

func TestPoliciesShareNoMemory(t *testing.T) {
	c := parsed(t, `defaults: {extras: ["a[b]"], roots: [{project: g/r, extras: [e]}], ignore_edges: [{from: a, to: b, reason: r}]}
projects: [{path: g/a}, {path: g/b}]`)
	a, b := c.Projects[0].Policy, c.Projects[1].Policy
	a.Files[0].Path, a.Labels[0], a.Indexes[0].Packages[0] = "x", "x", "x"
	a.Extras["a"][0], a.Extras["c"], a.Roots[0].Extras[0], a.Roots[0].Project, a.IgnoreEdges[0].To = "x", nil, "x", "x", "x"
	if b.Files[0].Path != "constraints.txt" || b.Labels[0] != "dependencies" || b.Indexes[0].Packages[0] != "*" ||
		!reflect.DeepEqual(b.Extras, map[string][]string{"a": {"b"}}) || b.Roots[0].Extras[0] != "e" || b.Roots[0].Project != "g/r" ||
		b.IgnoreEdges[0].To != "b" {
		t.Errorf("%+v", b)
	}
}

func TestRequirementsReplaceTheDefaults(t *testing.T) {
	c := parsed(t, `defaults: {extras: ["a[b]"], roots: [r], ignore_edges: [{from: a, to: b, reason: r}], unverified: hold}
projects:
  - path: g/inherits
  - {path: g/empties, extras: [], roots: [], ignore_edges: [], unverified: offer}
  - {path: g/own, extras: ["c[d]", "C[e]"], roots: [s]}
`)
	inherits, empties, own := c.Projects[0].Policy, c.Projects[1].Policy, c.Projects[2].Policy
	if len(inherits.Extras) != 1 || inherits.Roots[0].Requirement != "r" || len(inherits.IgnoreEdges) != 1 || inherits.Unverified != plan.HoldUnverified {
		t.Errorf("%+v", inherits)
	}
	if empties.Extras != nil || empties.Roots != nil || empties.IgnoreEdges != nil || empties.Unverified != plan.OfferUnverified {
		t.Errorf("%+v", empties)
	}
	if !reflect.DeepEqual(own.Extras, map[string][]string{"c": {"d", "e"}}) || len(own.Roots) != 1 || own.Roots[0].Requirement != "s" || len(own.IgnoreEdges) != 1 {
		t.Errorf("%+v", own)
	}
}

func TestWindows(t *testing.T) {
	for text, want := range map[string]string{
		"{path: g/p}":                                     "* * * * SAT,SUN UTC",
		"{path: g/p, timezone: Europe/Prague}":            "* * * * SAT,SUN Europe/Prague",
		`{path: g/p, window: "* * * * *"}`:                "* * * * * UTC",
		`{path: g/p, window: ["* * * * *"]}`:              "* * * * * UTC",
		`{path: g/p, window: "* 1 * * 7", timezone: UTC}`: "* 1 * * 7 UTC",
	} {
		w := parsed(t, "projects: ["+text+"]").Projects[0].Policy.Window
		if got := strings.Join(w.Text(), ";") + " " + w.Zone().String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	// The two may come from different places.
	for _, text := range []string{
		"defaults: {timezone: UTC}\nprojects: [{path: g/p, window: \"* 1 * * *\"}]",
		"defaults: {window: \"* 1 * * *\"}\nprojects: [{path: g/p, timezone: UTC}]",
	} {
		parsed(t, text)
	}
}

func TestPythonRanges(t *testing.T) {
	for text, want := range map[string]string{
		">=3.9,<3.13":     "3.9 3.10 3.11 3.12",
		">=3.13":          "3.13 3.14",
		">3.11, <=3.13":   "3.12 3.13",
		"~=3.12":          "3.12 3.13 3.14",
		"==3.9":           "3.9",
		"==3.9.*":         "3.9",
		">=3.11,!=3.13.*": "3.11 3.12 3.14",
		"== 3.*, >= 3.14": "3.14",
		"<3.2":            "3.0 3.1",
		"<4,>=3.14":       "3.14",
		">=2.7,<3.1":      "3.0",
		"==3":             "3.0",
	} {
		c := parsed(t, "projects: [{path: g/p, python: \""+text+"\"}]")
		if got := strings.Join(c.Projects[0].Policy.Pythons, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestFloors: what is not written becomes the floor, what is stricter stays,
// and what comes from the defaults is said once.
func TestFloors(t *testing.T) {
	c := parsed(t, "enforce: {minimum_release_age: 7d, minimum_role: maintainer}\nprojects:\n  - path: g/a\n  - {path: g/b, minimum_release_age: 14d}\n")
	for i, want := range []time.Duration{7 * 24 * time.Hour, 14 * 24 * time.Hour} {
		if p := c.Projects[i].Policy; p.MinimumAge != want || p.MinimumRole != plan.Maintainer {
			t.Errorf("%s: %s, role %d", c.Projects[i].Path, p.MinimumAge, p.MinimumRole)
		}
	}
	if c.Defaults.MinimumAge != 7*24*time.Hour {
		t.Errorf("the defaults: %s", c.Defaults.MinimumAge)
	}
	c = parsed(t, "enforce: {minimum_release_age: 1h, minimum_role: reporter}\nprojects: [{path: g/a}]")
	if p := c.Projects[0].Policy; p.MinimumAge != 3*24*time.Hour || p.MinimumRole != plan.Developer {
		t.Errorf("a floor below the default: %s, role %d", p.MinimumAge, p.MinimumRole)
	}
	c = parsed(t, "enforce: {revert_role: maintainer}\nprojects: [{path: g/a}]")
	if p := c.Projects[0].Policy; p.MinimumRole != plan.Developer || p.RevertRole != plan.Maintainer {
		t.Errorf("a floor for reverts: roles %d and %d", p.MinimumRole, p.RevertRole)
	}
	_, err := Parse("c.yaml", []byte("enforce: {minimum_release_age: 7d}\ndefaults: {minimum_release_age: 1d}\nprojects: [{path: g/a}, {path: g/b}]"))
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Line != 2 {
		t.Errorf("%v", err)
	}
}
