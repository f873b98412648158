package renovate

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/text"
)

// Verdict says what pinwheel does with a key or a rule.
type Verdict string

// The verdicts.
const (
	Kept     Verdict = "kept"
	Differs  Verdict = "kept with a difference"
	NoEffect Verdict = "without effect here"
	Refused  Verdict = "refused"
)

// Line says what pinwheel does with one key or rule.
type Line struct {
	File    string  `json:"file"` // that has the key: the one that was read, or a preset that it names
	Line    int     `json:"line"` // of that file; 0 for what stands in no file, such as a default of Renovate's
	Key     string  `json:"key"`  // such as packageRules[2].groupName
	Verdict Verdict `json:"verdict"`
	// Says is the key that it becomes, the difference, why it has no effect, or the next step.
	Says string `json:"says"`

	after int // the line of the file that was read behind which it belongs
}

// Options say for which project a configuration is read. The zero value is a project with a
// constraints.txt whose default branch is main.
type Options struct {
	Files   []string // the paths of its constraints files; none is constraints.txt
	Project string   // its path on GitLab; empty if it is not known
	Branch  string   // its default branch; empty is main
	// Preset returns the text of a preset that is elsewhere, by its name in extends. If it is nil,
	// or has no text, the preset is refused.
	Preset func(name string) ([]byte, bool)
}

// Result is a configuration in pinwheel's form.
type Result struct {
	Lines []Line // one for each key and rule, in the order of the file
	Own   []byte // the project's own file, with comments, without what was refused
	// From is, for lines of Own, the line of the file that was read which says it. What Renovate's
	// defaults say, and comments, have none.
	From map[int]int
}

// Refused reports whether something was refused.
func (r Result) Refused() bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Verdict == Refused })
}

// Read reads a configuration in JSON or JSON5. file is its name in lines and errors. Of a
// package.json it reads the key renovate. A text that is neither gives a SyntaxError.
func Read(file string, data []byte, o Options) (Result, error) {
	if len(o.Files) == 0 {
		o.Files = []string{"constraints.txt"}
	}
	o.Branch = cmp.Or(o.Branch, "main")
	root, err := parse(file, data)
	if err != nil {
		return Result{}, err
	}
	if path.Base(file) == "package.json" {
		inner, ok := root.get("renovate")
		if !ok {
			return Result{}, &SyntaxError{file, 1, "it has no key renovate"}
		}
		root = inner
	}
	if root.kind != anObject {
		return Result{}, &SyntaxError{file, root.line, fmt.Sprintf("the configuration is %s; it has to be an object", root.kind)}
	}
	beneath, err := config.Parse("", []byte("projects: [{path: the/project}]"))
	if err != nil {
		return Result{}, err
	}
	r := &reader{
		o: o, file: file, keys: projectKeys(), ruleKeys: effects(), said: map[string]bool{}, ignored: map[string]bool{},
		policy:  policy{values: map[string]any{}, comments: map[string]string{}, at: map[string]int{}},
		beneath: beneath.Projects[0], faults: map[string]string{},
	}
	r.object(root, "")
	slices.SortStableFunc(r.lines, func(a, b Line) int { return a.after - b.after })
	r.defaults()
	written, from := r.policy.yaml(path.Base(file))
	return Result{Lines: r.lines, Own: written, From: from}, nil
}

// maxPresets bounds how many presets a configuration may lead to, and so how deep
// they are nested.
const maxPresets = 200

type reader struct {
	o        Options
	keys     map[string]projectKey
	ruleKeys map[string]ruleKeyOf
	file     string
	lines    []Line
	policy   policy
	anchor   int      // the line of the file that names the preset that is being read; 0 outside of one
	within   int      // the line of the file that names the preset of Renovate's own that is being read; 0 outside of one
	open     []string // the presets that are being read
	presets  int
	ignored  map[string]bool // presets that the file ignores
	said     map[string]bool
	beneath  config.Project    // what a project's own file lies on, which is read once
	faults   map[string]string // what config says against texts that were judged before
}

// place is the place of a value.
type place struct {
	key  string
	line int
}

func (p place) in(key string, v value) place {
	if p.key != "" {
		key = p.key + "." + key
	}
	return place{key, v.line}
}

func (p place) at(i int, v value) place { return place{fmt.Sprintf("%s[%d]", p.key, i), v.line} }

// say adds a line. It makes a stranger's text one line without control characters.
func (r *reader) say(at place, v Verdict, format string, args ...any) {
	r.lines = append(r.lines, Line{r.file, at.line, text.Plain(at.key, 200), v, text.Plain(fmt.Sprintf(format, args...), 600), r.lineOf(at)})
}

// lineOf is the line of the file that was read which says what stands at a place: of what a
// preset says, the line that names it.
func (r *reader) lineOf(at place) int {
	switch {
	case r.anchor > 0:
		return r.anchor
	case r.within > 0:
		return r.within
	}
	return at.line
}

// object reads the keys of a configuration: first the presets that it extends, then its own keys,
// which override them.
func (r *reader) object(v value, key string) {
	at := place{key, v.line}
	if ignored, ok := v.get("ignorePresets"); ok {
		for _, name := range loose(ignored) {
			r.ignored[name] = true
		}
	}
	if names, ok := v.get("extends"); ok {
		r.extends(names, at.in("extends", names), r.object)
	}
	for _, m := range v.members {
		if m.name != "extends" {
			r.key(m, at.in(m.name, value{line: m.line}))
		}
	}
}

// key reads one key of a project.
func (r *reader) key(m member, at place) {
	m = r.renamed(m, at)
	r.said[m.name] = true
	switch does, ok := r.keys[m.name]; {
	case m.empty():
		r.say(at, Kept, "it is empty")
	case ok:
		does(r, m.value, at)
	case pipManagers[m.name]:
		r.manager(m, at)
	case managers[m.name]:
		r.say(at, NoEffect, "it is about other files than those of pip")
	default:
		r.other(m.name, at)
	}
}

// other says what pinwheel does with a key that is none of its own.
func (r *reader) other(name string, at place) {
	if why, ok := idle[name]; ok {
		r.say(at, NoEffect, "%s", why)
	} else if how, ok := changed[name]; ok {
		r.say(at, Differs, "%s", how)
	} else if what, ok := beyond[name]; ok {
		r.say(at, Refused, "%s", what)
	} else {
		r.say(at, Refused, "pinwheel does not know this key: look it up in Renovate's list, and take it out if pins of Python packages can do without it")
	}
}

// manager reads the object of a manager of pip's files. Its keys are those of a project, since all
// pins of the project are pip's.
func (r *reader) manager(m member, at place) {
	if m.kind != anObject {
		r.wrong(m.value, at, "an object")
		return
	}
	for _, inner := range m.members {
		in := at.in(inner.name, value{line: inner.line})
		switch inner.name {
		case "managerFilePatterns", "fileMatch":
			r.patterns(inner, in)
		case "enabled":
			if yes, ok := r.yesNo(inner.value, in); ok && !yes && m.name == "pip_requirements" {
				r.turnedOff(in)
			} else if ok {
				r.say(in, Kept, "pip's files are read")
			}
		default:
			r.key(inner, in)
		}
	}
}

// patterns says whether the constraints files are among those that a manager reads.
func (r *reader) patterns(m member, at place) {
	patterns, ok := r.texts(m.value, at)
	if !ok {
		return
	}
	for i, p := range patterns {
		if m.name == "fileMatch" && !strings.HasPrefix(p, "/") {
			patterns[i] = "/" + p + "/"
		}
	}
	in, _, err := r.matching(patterns)
	switch {
	case err != nil:
		r.say(at, Refused, "%v", err)
	case len(in) == 0:
		r.say(at, Differs, "no constraints file is among these; pinwheel reads %s, which the key files names", strings.Join(r.o.Files, ", "))
	default:
		r.say(at, Kept, "pinwheel reads %s, which the key files names", strings.Join(r.o.Files, ", "))
	}
}

// defaults lists Renovate's defaults that differ from pinwheel's, and sets them if pinwheel can.
func (r *reader) defaults() {
	p := &r.policy
	set := func(key string, v any, own string) {
		if _, there := p.values[key]; !there {
			p.values[key], p.comments[key] = v, "  # as Renovate has it by default; pinwheel's own default is "+own
		}
	}
	set("window", []string{always}, "the weekend")
	set("refresh", "always", "window")
	set("minimum_release_age", "0", "3d")
	set("labels", []string{}, "[dependencies]")
	if _, there := p.values["timezone"]; !there {
		p.values["timezone"], p.comments["timezone"] = "UTC", "  # by default Renovate takes the zone of its own machine"
	}
	for _, d := range []struct {
		key string
		v   Verdict
		is  string
	}{
		{"schedule", Kept, "always, which window says; pinwheel's own default is the weekend"},
		{"timezone", Differs, "the zone of Renovate's machine; here it is UTC"},
		{"minimumReleaseAge", Kept, "none, which minimum_release_age says; pinwheel's own default is 3d"},
		{"updateNotScheduled", Kept, "true, which refresh: always says; pinwheel's own default is window"},
		{"semanticCommits", Differs, "to look at the last commits; here titles have no prefix"},
		{"prHourlyLimit", Differs, "two an hour; here max_open_merge_requests alone is a bound"},
		{"dependencyDashboard", Differs, "no dashboard; pinwheel always has one"},
	} {
		if !r.said[d.key] {
			r.say(place{key: d.key}, d.v, "the file does not say, and Renovate's default is %s", d.is)
		}
	}
}

// policy is the content of the project's own file.
type policy struct {
	values         map[string]any    // by pinwheel's keys, except for what is below
	comments       map[string]string // behind them
	at             map[string]int    // the lines of the file that say them
	open, branches int               // bounds on what is open at a time; 0 is not said
	merges         bool
	mergeWindow    []string
	titles         titles
	rules, ignored []rule
}
