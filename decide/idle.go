package decide

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds what has no effect in a configuration. Each finding becomes a note, since whoever
// wrote it expects that it does something.

// Ineffective is something in a configuration that has no effect.
type Ineffective struct {
	File string
	Line int
	Why  plan.Reason
	Next string // what to do, without its end
}

// WithoutEffect lists what has no effect in a policy for files that pin these names, in normal
// form: a rule of the project itself that matches no pin or file, a Python that is far from
// released, and a derived file that does not exist. An absent file pins nothing. Rules that several
// projects share are left out.
func WithoutEffect(p plan.Policy, files []plan.File, names []string) []Ineffective {
	var out []Ineffective
	for i := range p.Rules {
		r := &p.Rules[i]
		if why, none := Idle(r, p.Files, names); none && r.Layer != plan.LayerDefaults {
			file, line := plan.Located(r.At)
			out = append(out, Ineffective{file, line, why, "correct or remove it"})
		}
	}
	for _, minor := range p.Pythons {
		if unreleased(minor) {
			s := p.Sources["python"]
			out = append(out, Ineffective{s.File, s.Line, plan.PythonUnreleased{Python: minor}, "name the Pythons that the pins have to work on"})
		}
	}
	for _, f := range files {
		if f.Derived != nil && f.Derived.Absent && !f.Absent {
			out = append(out, Ineffective{Why: plan.DerivedAbsent{Path: f.Derived.Path}, Next: "if it should be there, correct derived.path"})
		}
	}
	return out
}

// Idle reports whether a rule matches no pin, and which of its conditions is the cause.
func Idle(r *plan.Rule, files []plan.FilePolicy, names []string) (why plan.RuleIdle, idle bool) {
	if len(r.Packages) > 0 && !slices.ContainsFunc(names, r.Names) {
		for _, p := range r.Packages {
			why.Packages = append(why.Packages, p.String())
		}
		return why, true
	}
	if len(r.Files) > 0 && !slices.ContainsFunc(files, func(f plan.FilePolicy) bool { return r.InFile(f.RulePath()) }) {
		why.Files = r.Files
		return why, true
	}
	return why, false
}

// yearsAhead is how many minor versions after the known ones may be released by now.
const yearsAhead = 2

// unreleased reports whether a minor version of Python cannot be released yet.
func unreleased(minor string) bool {
	known := knownPythons()
	newest, _ := strconv.Atoi(strings.TrimPrefix(known[len(known)-1], "3."))
	n, err := strconv.Atoi(strings.TrimPrefix(minor, "3."))
	return err == nil && n > newest+yearsAhead
}

// idleSettings lists as notes what has no effect. It lists no rule while the page of some name is
// missing. With roots it knows names without a pin, too.
func (d *pins) idleSettings() []plan.Problem {
	names := map[string]bool{}
	for _, f := range d.files {
		for _, p := range f.Parsed.Pins {
			names[p.Key] = true
		}
	}
	for key := range d.s.Packages {
		names[key] = true
	}
	var out []plan.Problem
	for _, e := range WithoutEffect(d.s.Policy, d.s.Files, slices.Sorted(maps.Keys(names))) {
		out = append(out, plan.Problem{File: e.File, Line: e.Line, Text: plan.Markdown(e.Why), Next: e.Next})
	}
	return out
}
