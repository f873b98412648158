package solve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// world is a small universe as text: releases by name, oldest first, each with
// its requirements.
type world struct {
	releases map[string][]string
	requires map[string][]string // by "name version"
	unknown  map[string]bool     // releases whose requirements nobody can tell
	facts    Facts
	asked    map[Need]bool // if set, only these facts are known
	reads    int
	rounds   int
}

func version(tb testing.TB, s string) pep440.Version {
	tb.Helper()
	v, err := pep440.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func requirement(tb testing.TB, s string) pep508.Requirement {
	tb.Helper()
	r, err := pep508.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func requirements(tb testing.TB, list ...string) []pep508.Requirement {
	var out []pep508.Requirement
	for _, s := range list {
		out = append(out, requirement(tb, s))
	}
	return out
}

// environments are CPython 3.8 and 3.12 on Linux.
func environments(tb testing.TB, n int) []pep508.Environment {
	tb.Helper()
	var out []pep508.Environment
	for _, minor := range []string{"3.8", "3.12"}[:n] {
		e, err := pep508.EnvironmentFor(minor, "linux/x86_64")
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// wire gives the facts of a world their functions.
func (w *world) wire(tb testing.TB) {
	parsed := map[string]*Metadata{}
	w.facts.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		id := key + " " + v.String()
		switch {
		case w.asked != nil && !w.asked[Need{Key: key, Version: v}]:
			return nil, Missing
		case w.unknown[id]:
			return nil, Unknown
		}
		m, ok := parsed[id]
		if !ok {
			m = &Metadata{Requires: requirements(tb, w.requires[id]...)}
			parsed[id] = m
		}
		return m, Known
	}
	w.facts.Releases = func(key string) ([]pep440.Version, Knowledge) {
		if w.asked != nil && !w.asked[Need{Key: key, Page: true}] {
			return nil, Missing
		}
		list, ok := w.releases[key]
		if !ok {
			return nil, Absent
		}
		var out []pep440.Version
		for _, s := range slices.Backward(list) {
			out = append(out, version(tb, s))
		}
		return out, Known
	}
}

// solver makes a solver; where facts come on request, of what is known so far.
func (w *world) solver(tb testing.TB) *Solver {
	if w.facts.Metadata == nil {
		w.wire(tb)
	}
	return New(&w.facts)
}

// settled asks until nothing is missing, and fetches what is.
func (w *world) settled(tb testing.TB, ask func(s *Solver)) {
	tb.Helper()
	for w.rounds = 1; ; w.rounds++ {
		s := w.solver(tb)
		ask(s)
		needs := s.Missing()
		if len(needs) == 0 {
			return
		}
		if w.rounds > 200 {
			tb.Fatal("facts are missing for ever")
		}
		for _, n := range needs {
			if w.asked[n] {
				tb.Fatalf("asked twice for %v", n)
			}
			w.asked[n] = true
			w.reads++
		}
	}
}

// candidates lists the releases of a name beyond a version, newest first.
func (w *world) candidates(tb testing.TB, name, at string) []Candidate {
	var out []Candidate
	for _, s := range slices.Backward(w.releases[name]) {
		if v := version(tb, s); v.Compare(version(tb, at)) > 0 {
			out = append(out, Candidate{Version: v, Major: v.Major() != version(tb, at).Major()})
		}
	}
	return out
}

// pin adds a pin that may move to all newer releases.
func (w *world) pin(tb testing.TB, name, at string) int {
	w.facts.Pins = append(w.facts.Pins, Pin{
		Key: name, Version: version(tb, at), Active: 1<<len(w.facts.Environments) - 1, Up: w.candidates(tb, name, at),
	})
	return len(w.facts.Pins) - 1
}

// parseWorld reads a world: "a 1: b<2, c" is a release, "= a 1" a pin, "root r:
// a" a root; releases in the order of their versions.
func parseWorld(tb testing.TB, text string) *world {
	tb.Helper()
	w := &world{releases: map[string][]string{}, requires: map[string][]string{}, unknown: map[string]bool{}}
	w.facts.Environments = environments(tb, 1)
	var pins [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		head, tail, _ := strings.Cut(line, ":")
		words := strings.Fields(head)
		var list []string
		for part := range strings.SplitSeq(tail, ", ") {
			if part = strings.TrimSpace(part); part != "" && part != "?" {
				list = append(list, part)
			}
		}
		switch {
		case len(words) == 0:
		case words[0] == "envs":
			w.facts.Environments = environments(tb, 2)
		case words[0] == "=":
			pins = append(pins, words[1:])
		case words[0] == "root":
			w.facts.Roots = append(w.facts.Roots, Root{Name: words[1], Group: -1, Requires: requirements(tb, list...)})
		default:
			id := words[0] + " " + words[1]
			w.releases[words[0]] = append(w.releases[words[0]], words[1])
			w.requires[id] = list
			w.unknown[id] = strings.TrimSpace(tail) == "?"
		}
	}
	for _, p := range pins {
		w.pin(tb, p[0], p[1])
	}
	return w
}

func (w *world) index(name string) int {
	return slices.IndexFunc(w.facts.Pins, func(p Pin) bool { return p.Key == name })
}

// goal asks for the newest of a pin.
func (w *world) goal(name string) Goal {
	i := w.index(name)
	return Goal{Pin: i, To: w.facts.Pins[i].Up}
}

func (w *world) text() string {
	var b strings.Builder
	var names []string
	for name := range w.releases {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range w.releases[name] {
			what := strings.Join(w.requires[name+" "+v], ", ")
			if w.unknown[name+" "+v] {
				what = "?"
			}
			fmt.Fprintf(&b, "%s %s: %s\n", name, v, what)
		}
	}
	for i, p := range w.facts.Pins {
		fmt.Fprintf(&b, "pin %d: %s %s group %d active %b fixed %v\n", i, p.Key, p.Version, p.Group, p.Active, p.Fixed)
	}
	for _, r := range w.facts.Roots {
		fmt.Fprintf(&b, "root %s %d: %v\n", r.Name, r.Group, r.Requires)
	}
	fmt.Fprintf(&b, "extras %v unverified %v environments %d\n", w.facts.Extras, w.facts.Unverified, len(w.facts.Environments))
	return b.String()
}

// randomWorld makes up to five pinned and two other names of up to four
// releases, with markers, extras and bounds of every kind.
func randomWorld(tb testing.TB, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 11))
	w := &world{releases: map[string][]string{}, requires: map[string][]string{}, unknown: map[string]bool{}}
	w.facts.Environments = environments(tb, 1+r.IntN(2))
	w.facts.Unverified = r.IntN(2) == 0
	pinned := strings.Split("abcde", "")[:2+r.IntN(4)]
	open := strings.Split("uv", "")[:max(0, r.IntN(5)-2)]
	names := append(slices.Clone(pinned), open...)
	for _, n := range names {
		w.releases[n] = []string{"1", "1.5", "2", "3"}[:2+r.IntN(3)]
	}
	density := 2 + r.IntN(4)
	for _, n := range names {
		for _, v := range w.releases[n] {
			id := n + " " + v
			w.unknown[id] = r.IntN(25) == 0
			for range r.IntN(density) {
				w.requires[id] = append(w.requires[id], randomRequirement(r, names))
			}
		}
	}
	groups := 1 + r.IntN(5)/4
	for _, n := range pinned {
		at := w.releases[n][r.IntN(len(w.releases[n])-1)]
		for g := range groups {
			if len(w.facts.Environments) == 2 && r.IntN(6) == 0 {
				// Two slots.
				i, j := w.pin(tb, n, at), w.pin(tb, n, w.releases[n][r.IntN(len(w.releases[n]))])
				w.facts.Pins[i].Active, w.facts.Pins[j].Active = 1, 2
				w.facts.Pins[i].Group, w.facts.Pins[j].Group = g, g
				continue
			}
			i := w.pin(tb, n, at)
			w.facts.Pins[i].Group = g
			w.facts.Pins[i].Fixed = r.IntN(12) == 0
		}
	}
	if r.IntN(3) == 0 {
		w.facts.Extras = map[string][]string{pinned[0]: {"x"}}
	}
	for i := range max(0, r.IntN(4)-1) {
		w.facts.Roots = append(w.facts.Roots, Root{Name: fmt.Sprint("root", i), Group: -1, Requires: requirements(tb, randomRequirement(r, names))})
	}
	return w
}

func randomRequirement(r *rand.Rand, names []string) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	s := pick(names...)
	if r.IntN(6) == 0 {
		s += pick("[x]", "[y]", "[x,y]")
	}
	v := []string{"1", "1.5", "2", "3"}
	switch r.IntN(8) {
	case 0, 1:
		s += ">=" + pick(v...)
	case 2, 3:
		s += "<" + pick("1.5", "2", "3", "4")
	case 4:
		s += "==" + pick(v...)
	case 5:
		s += "!=" + pick(v...)
	case 6:
		s += ">=" + pick("1", "1.5", "2") + ",<" + pick("2", "3", "4")
	}
	switch r.IntN(7) {
	case 0:
		s += `; python_version < "3.10"`
	case 1:
		s += `; python_version >= "3.10"`
	case 2:
		s += `; extra == "` + pick("x", "y") + `"`
	case 3:
		if r.IntN(2) == 0 {
			s += `; extra == "x" and python_version < "3.10"`
		}
	}
	return s
}
