package oracle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// world is a small universe with pins, made from a seed.
type world struct {
	*rand.Rand
	seed     uint64
	names    []string            // pinned
	open     []string            // not pinned
	versions map[string][]string // oldest first
	at       map[string]int      // index of the pinned version
	wants    map[string][]string // whom a name's releases require
	family   map[string]string   // leader by member
	releases []*pypisim.Release
	roots    []string // requirement lines; none: every pin is one
}

// makeWorld makes five to twelve pinned names and up to three others. The pins
// of one in three do not go together as they are.
func makeWorld(seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 3)), seed: seed,
		versions: map[string][]string{}, at: map[string]int{}, wants: map[string][]string{}, family: map[string]string{},
	}
	w.names = strings.Split("amber basil cedar delta ember fjord grove haven inlet jetty knoll larch", " ")[:5+w.IntN(8)]
	w.open = strings.Split("umbra vesta wisp", " ")[:w.IntN(4)]
	for _, name := range w.all() {
		w.history(name, 2+w.IntN(5))
	}
	w.families()
	for _, name := range w.all() {
		for range w.IntN(4) {
			if other := w.pick(w.all()); other != name && !slices.Contains(w.wants[name], other) {
				w.wants[name] = append(w.wants[name], other)
			}
		}
	}
	for _, name := range w.all() {
		for i := range w.versions[name] {
			w.releases = append(w.releases, w.release(name, i))
		}
	}
	if w.one(2) {
		w.chooseRoots()
	}
	if seed%3 == 0 {
		w.breakMain()
	}
	return w
}

// breakMain lets one or two pins require what the pins do not hold; half the
// time the newer releases of such a pin still do.
func (w *world) breakMain() {
	r := rand.New(rand.NewPCG(w.seed, 4)) // other worlds stay what they are
	for range 1 + r.IntN(2) {
		name, other := w.names[r.IntN(len(w.names))], w.names[r.IntN(len(w.names))]
		if name == other {
			continue
		}
		bound := []string{"!=", "<", ">"}[r.IntN(3)] + w.pin(other)
		for _, release := range w.releases {
			if release.Name == name && (release.Version == w.pin(name) || r.IntN(2) == 0) {
				release.Requires = append(release.Requires, other+bound)
			}
		}
	}
}

func (w *world) all() []string            { return append(slices.Clone(w.names), w.open...) }
func (w *world) one(n int) bool           { return w.IntN(n) == 0 }
func (w *world) pick(of []string) string  { return of[w.IntN(len(of))] }
func (w *world) pinned(name string) bool  { return slices.Contains(w.names, name) }
func (w *world) pin(name string) string   { return w.versions[name][w.at[name]] }
func (w *world) line(name string) string  { return name + "==" + w.pin(name) }
func (w *world) least(name string) string { return name + ">=" + w.pin(name) }

// history makes n versions; most names are not at their newest.
func (w *world) history(name string, n int) {
	major, minor := 1, 0
	for range n {
		w.versions[name] = append(w.versions[name], fmt.Sprintf("%d.%d", major, minor))
		if minor++; w.one(3) {
			major, minor = major+1, 0
		}
	}
	w.at[name] = w.IntN(n)
	if w.one(2) {
		w.at[name] = w.IntN((n + 1) / 2)
	}
}

// families makes one or two families whose releases go together.
func (w *world) families() {
	free := slices.Clone(w.names)
	for range w.IntN(3) {
		size := 2 + w.IntN(2)
		if len(free) < size {
			return
		}
		leader := free[0]
		for _, member := range free[1:size] {
			w.versions[member], w.at[member] = w.versions[leader], w.at[leader]
			w.family[member] = leader
			w.wants[leader] = append(w.wants[leader], member)
			if w.one(3) {
				w.wants[member] = append(w.wants[member], leader) // a cycle
			}
		}
		free = free[size:]
	}
}

func (w *world) release(name string, i int) *pypisim.Release {
	r := &pypisim.Release{Name: name, Version: w.versions[name][i], At: time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC)}
	isPin := w.pinned(name) && i == w.at[name]
	for _, other := range w.wants[name] {
		if w.one(10) {
			continue // this release does without
		}
		r.Requires = append(r.Requires, w.requirement(name, i, other, isPin))
	}
	if w.one(4) {
		other := w.pick(w.all())
		r.Extras = []string{"x"}
		if other != name {
			r.Requires = append(r.Requires, other+w.bounds(other, isPin)+`; extra == 'x'`)
		}
	}
	if !isPin {
		switch w.IntN(16) {
		case 0:
			r.RequiresPython = ">=3.99"
		case 1:
			r.RequiresPython = "<3.5"
		case 2:
			r.RequiresPython = ">=3.6"
		case 3:
			if w.one(4) {
				r.Requires = append(r.Requires, "ghost")
			}
		}
	}
	return r
}

// requirement is that of one release on another name. What a pin requires
// fits the pins.
func (w *world) requirement(name string, i int, other string, isPin bool) string {
	if w.family[other] == name || w.family[name] == other {
		versions := w.versions[other]
		if i+1 < len(versions) && w.one(2) {
			return other + ">=" + versions[i] + ",<" + versions[i+1]
		}
		return other + "==" + versions[i]
	}
	extra := ""
	if w.one(8) {
		extra = "[x]"
	}
	switch w.IntN(8) {
	case 0:
		return other + extra + w.bounds(other, false) + w.pick([]string{"; python_version < '3.0'", "; sys_platform == 'win32'", "; os_name == 'nt' and python_version >= '3.0'"})
	case 1:
		return other + extra + w.bounds(other, isPin) + w.pick([]string{"; python_version >= '3.0'", "; sys_platform != 'win32'", "; implementation_name == 'cpython' or os_name == 'nt'"})
	}
	return other + extra + w.bounds(other, isPin)
}

// bounds is a set of specifiers for a name, which its pin is to match.
func (w *world) bounds(other string, fit bool) string {
	versions := w.versions[other]
	for range 8 {
		low := w.IntN(len(versions))
		if w.pinned(other) && w.one(2) {
			low = min(len(versions)-1, max(0, w.at[other]+w.IntN(3)-1))
		}
		high := min(len(versions)-1, low+1+w.IntN(2))
		text := ""
		switch w.IntN(8) {
		case 0, 1:
			text = ">=" + versions[low]
		case 2:
			text = "<" + versions[high]
		case 3:
			text = ">=" + versions[low] + ",<" + versions[high]
		case 4:
			text = "==" + versions[low]
		case 5:
			text = "~=" + versions[low]
		case 6:
			text = "!=" + versions[low]
		}
		if !fit || !w.pinned(other) || matches(text, w.pin(other)) {
			return text
		}
	}
	return ""
}

func matches(set, version string) bool {
	s, err := pep440.ParseSpecifiers(set)
	v, wrong := pep440.Parse(version)
	return err == nil && wrong == nil && s.Contains(v)
}

// chooseRoots makes some of the pins roots, with extras or bounds of their own.
func (w *world) chooseRoots() {
	for _, name := range w.names {
		if !w.one(3) {
			continue
		}
		line := name
		if w.one(4) {
			line += "[x]"
		}
		if w.one(4) {
			line += w.bounds(name, true)
		}
		w.roots = append(w.roots, line)
	}
	if len(w.roots) == 0 {
		w.roots = []string{w.names[0]}
	}
}

// index serves the world's releases.
func (w *world) index(t *testing.T) *pypisim.Server {
	s := pypisim.New(pypisim.Options{Files: true, NoLog: true})
	for _, r := range w.releases {
		if err := s.AddRelease(*r); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// String is the world in pypisim's grammar, with the pins and roots as
// comments.
func (w *world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# seed %d\n", w.seed)
	for _, r := range w.releases {
		fmt.Fprintln(&b, r)
	}
	for _, name := range w.names {
		fmt.Fprintln(&b, "# pin "+w.line(name))
	}
	for _, line := range w.roots {
		fmt.Fprintln(&b, "# root "+line)
	}
	return b.String()
}

// rootNames are the names of the roots.
func (w *world) rootNames() []string {
	if w.roots == nil {
		return w.names
	}
	names := map[string]bool{}
	for _, line := range w.roots {
		r, _ := pep508.Parse(line)
		names[r.Key()] = true
	}
	return slices.Sorted(maps.Keys(names))
}
