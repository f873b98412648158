package decide

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file finds what a configuration says without effect. Each becomes a note,
// since whoever wrote it believes that it does something.

// WithoutEffect lists what of a policy does nothing for files with pins of these
// names, in normal form: a rule of the project itself that no pin or file meets,
// a Python that is far from released, and a derived file that is not there. An
// absent file pins nothing. Rules that several projects share are left out.
func WithoutEffect(p plan.Policy, files []plan.File, names []string) []plan.Problem {
	var out []plan.Problem
	for i := range p.Rules {
		r := &p.Rules[i]
		if why := idle(r, p.Files, names); why != "" && r.Layer != plan.LayerDefaults {
			file, line := plan.Located(r.At)
			out = append(out, plan.Problem{File: file, Line: line, Text: "the rule has no effect: " + why, Next: "correct or remove it"})
		}
	}
	for _, minor := range p.Pythons {
		if unreleased(minor) {
			s := p.Sources["python"]
			out = append(out, plan.Problem{File: s.File, Line: s.Line, Text: "Python `" + minor + "` is not released", Next: "name the Pythons that the pins have to work on"})
		}
	}
	for _, f := range files {
		if f.Derived != nil && f.Derived.Absent && !f.Absent {
			out = append(out, plan.Problem{Text: "`" + f.Derived.Path + "` is not there; the first merge request makes it", Next: "if it should be there, correct derived.path"})
		}
	}
	return out
}

// idle says which condition of a rule nothing meets, or "".
func idle(r *plan.Rule, files []plan.FilePolicy, names []string) string {
	if len(r.Packages) > 0 && !slices.ContainsFunc(names, r.Names) {
		var texts []string
		for _, p := range r.Packages {
			texts = append(texts, "`"+p.String()+"`")
		}
		return "no pin is " + strings.Join(texts, " or ")
	}
	if len(r.Files) > 0 && !slices.ContainsFunc(files, func(f plan.FilePolicy) bool { return r.InFile(f.Path) }) {
		return "no file is `" + strings.Join(r.Files, "` or `") + "`"
	}
	return ""
}

// yearsAhead is how many minor versions beyond the known ones may be released by now.
const yearsAhead = 2

// unreleased reports whether a minor version of Python is beyond what may exist.
func unreleased(minor string) bool {
	known := knownPythons()
	newest, _ := strconv.Atoi(strings.TrimPrefix(known[len(known)-1], "3."))
	n, err := strconv.Atoi(strings.TrimPrefix(minor, "3."))
	return err == nil && n > newest+yearsAhead
}

// idleSettings are the notes of a decision about what has no effect. While a
// page is missing, no name is certain; with roots, names without a pin are known,
// too.
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
	return WithoutEffect(d.s.Policy, d.s.Files, slices.Sorted(maps.Keys(names)))
}
