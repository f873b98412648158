package decide

import (
	"errors"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// slot is one pin with the Pythons it is for. Lines of one package with
// disjoint markers are slots of one dependency.
type slot struct {
	file    int // index of the plan.ParsedFile
	path    string
	named   string // the path by which rules name the file
	pin     int
	p       constraints.Pin
	pythons []string // what a release must admit; empty: not checked
	targets []target // the same, with the platforms on which the marker may hold
	asks    []ask    // what other lines of its name ask for
}

// target is a Python on a platform, which has to find a file.
type target struct{ python, platform string }

// maxTargets is how many targets count; further ones are left out.
const maxTargets = 64

// targetsOf lists the targets of some Pythons on which a marker may hold.
func targetsOf(m pep508.Marker, pythons []string, p plan.Policy) []target {
	var out []target
	for _, minor := range pythons {
		for _, platform := range platforms(p) {
			if len(out) < maxTargets && mayHold(m, minor, platform) {
				out = append(out, target{minor, platform})
			}
		}
	}
	return out
}

// Wanted is what a decision needs to know of one name.
type Wanted struct {
	Least  pep440.Version // the lowest pin, below which nothing matters; zero: all does
	Hashes bool           // a pin carries hashes
}

// Names returns what the files pin, by normalised name. A file that does not parse adds nothing.
func Names(files []plan.File) map[string]Wanted {
	names := map[string]Wanted{}
	in := map[string]int{} // files that pin a name everywhere
	for _, f := range files {
		if f.Absent {
			continue
		}
		parsed, err := f.Parse()
		if err != nil {
			continue
		}
		seen := map[string]bool{}
		for _, p := range parsed.Pins {
			w, ok := names[p.Key]
			if !ok || p.Version.Compare(w.Least) < 0 {
				w.Least = p.Version
			}
			if p.Marker.IsZero() && !seen[p.Key] {
				seen[p.Key] = true
				in[p.Key]++
			}
			w.Hashes = w.Hashes || p.HasHashes
			names[p.Key] = w
		}
	}
	for key, w := range names {
		if in[key] < len(files) {
			// Somewhere it has no pin, and may be any release.
			w.Least = pep440.Version{}
			names[key] = w
		}
	}
	return names
}

// elsewhere says where a file is named that is not there. Without the key files it is
// constraints.txt.
func elsewhere(files plan.Source) string {
	if files.File == "" {
		return "name the one that holds the pins in the key files, such as files: [{path: requirements.txt}]"
	}
	return "correct files at " + files.String()
}

// parseFiles parses every file. What is wrong with one is a Problem, and mostly one that stops the
// project.
func parseFiles(s *plan.Snapshot) (files []plan.ParsedFile, problems []plan.Problem) {
	for i, f := range s.Files {
		pf := plan.ParsedFile{File: f, Policy: s.Policy.Files[i]}
		if f.Absent {
			problems = append(problems, plan.Problem{
				File: f.Path, Stopping: true,
				Text: "it is not on branch " + s.Project.DefaultBranch,
				Next: "add it, or " + elsewhere(s.Policy.Sources["files"]),
			})
			continue
		}
		if p := linkProblem(f.Path, f.Data, false); p != nil {
			problems = append(problems, *p)
			continue
		}
		parsed, err := f.Parse()
		if err != nil {
			problems = append(problems, syntaxProblems(f.Path, err)...)
			continue
		}
		pf.Parsed = parsed
		if p := deriveTwin(&pf); p != nil {
			problems = append(problems, *p)
		}
		files = append(files, pf)
	}
	return files, problems
}

func syntaxProblems(path string, err error) []plan.Problem {
	var syntax *constraints.SyntaxError
	if !errors.As(err, &syntax) {
		return []plan.Problem{{File: path, Text: err.Error(), Stopping: true}}
	}
	var out []plan.Problem
	for _, e := range syntax.All() {
		out = append(out, plan.Problem{File: e.Path, Line: e.Line, Text: e.Reason, Next: e.Next, Stopping: true})
	}
	return out
}

// deriveTwin works out what the twin should be, or says why it cannot be derived.
func deriveTwin(f *plan.ParsedFile) *plan.Problem {
	if f.Derived == nil {
		return nil
	}
	if p := linkProblem(f.Derived.Path, f.Derived.Data, true); p != nil {
		return p
	}
	var err error
	if f.Twin, err = f.Derive(f.Parsed); err == nil {
		f.Behind = f.Derived.Absent || string(f.Twin) != string(f.Derived.Data)
		return nil
	}
	p := &plan.Problem{File: f.Derived.Path, Text: err.Error(), Stopping: true}
	if at, ok := errors.AsType[*constraints.LineError](err); ok {
		p.Line, p.Text = at.Line, at.Text
	}
	if _, missing := errors.AsType[*constraints.MissingKeyError](err); missing {
		p.Next = "correct derived.key in the configuration, or add the key"
	}
	return p
}

// findSlots lists the pins that may move, and the lines that are left alone, each with its reason.
// Pins of one name with different versions that hold in one environment are left alone.
func findSlots(s *plan.Snapshot, files []plan.ParsedFile) (slots []slot, left []plan.Unmanaged) {
	for i, f := range files {
		lines, asks := map[string]int{}, asksOf(f.Parsed)
		for _, p := range f.Parsed.Pins {
			lines[p.Key]++
		}
		for pin, p := range f.Parsed.Pins {
			sl := slot{file: i, path: f.Path, named: f.Policy.RulePath(), pin: pin, p: p}
			active := activePythons(p.Marker, s.Policy)
			switch {
			case len(s.Policy.Pythons) > 0 && len(active) == 0:
				left = append(left, plan.Unmanaged{File: f.Path, Line: p.Line, Text: pinText(p), Why: plan.NoPython{}})
				continue
			case len(s.Policy.Pythons) > 0:
				sl.pythons = active
			case len(active) > 0 && len(active) < len(knownPythons()):
				// The policy names no Pythons. At least the newest one that the
				// marker allows must work.
				sl.pythons = active[len(active)-1:]
			}
			sl.targets = targetsOf(p.Marker, sl.pythons, s.Policy)
			sl.asks = asked(p, asks[p.Key], s.Policy)
			if other, clash := overlap(f.Parsed, pin, s.Policy, lines[p.Key]); clash {
				left = append(left, plan.Unmanaged{File: f.Path, Line: p.Line, Text: pinText(p),
					Why: plan.OtherLine{Line: other}})
				continue
			}
			slots = append(slots, sl)
		}
		for _, u := range f.Parsed.Unmanaged {
			left = append(left, plan.Unmanaged{File: f.Path, Line: u.Line, Text: u.Text, Why: plan.NotUnderstood{Says: u.Reason}})
		}
	}
	for i := range left {
		left[i].Reason = plan.Markdown(left[i].Why)
	}
	sort.SliceStable(left, func(i, j int) bool {
		if left[i].File != left[j].File {
			return left[i].File < left[j].File
		}
		return left[i].Line < left[j].Line
	})
	return slots, left
}

func pinText(p constraints.Pin) string {
	text := p.Name
	if len(p.Extras) > 0 {
		text += "[" + strings.Join(p.Extras, ",") + "]"
	}
	text += p.Op + p.Version.Raw()
	if p.MarkerText != "" {
		text += "; " + p.MarkerText
	}
	return text
}

// knownPythons are the minors a marker is tried on when none is configured.
func knownPythons() []string {
	return []string{"2.7", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"}
}

// activePythons returns the configured minors, or the known ones, on which
// the marker may hold on some platform.
func activePythons(m pep508.Marker, p plan.Policy) []string {
	minors := p.Pythons
	if len(minors) == 0 {
		minors = knownPythons()
	}
	if m.IsZero() {
		return minors
	}
	var active []string
	for _, minor := range minors {
		if slices.ContainsFunc(platforms(p), func(platform string) bool {
			return mayHold(m, minor, platform)
		}) {
			active = append(active, minor)
		}
	}
	return active
}

// mayHold reports whether a marker may hold on one target. On a target that cannot be described it
// may.
func mayHold(m pep508.Marker, minor, platform string) bool {
	if m.IsZero() {
		return true
	}
	env, err := pep508.EnvironmentFor(minor, platform)
	return err != nil || m.MayHold(env)
}

func platforms(p plan.Policy) []string {
	if len(p.Platforms) == 0 {
		return []string{"linux/x86_64"}
	}
	return p.Platforms
}

// overlap looks for another pin of the same name with another version that
// may hold in the same environment.
func overlap(f *constraints.File, pin int, policy plan.Policy, lines int) (line int, clash bool) {
	if lines < 2 {
		return 0, false
	}
	p := f.Pins[pin]
	for _, other := range f.Slots(p.Key) {
		o := f.Pins[other]
		if other == pin || o.Version.Equal(p.Version) {
			continue
		}
		minors := policy.Pythons
		if len(minors) == 0 {
			minors = knownPythons()
		}
		for _, minor := range minors {
			for _, platform := range platforms(policy) {
				if mayHold(p.Marker, minor, platform) && mayHold(o.Marker, minor, platform) {
					return o.Line, true
				}
			}
		}
	}
	return 0, false
}

// meets reports whether a rule may be for a step of the pin.
func (sl slot) meets(r *plan.Rule) bool {
	return r.Names(sl.p.Key) && (r.From.IsEmpty() || r.From.Contains(sl.p.Version)) && r.InFile(sl.named)
}
