package oracle

import (
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// facts gives the search the same world that pip sees: one environment, the
// machine's, and releases that its Python admits.
func (w *world) facts(t *testing.T, about About) *solve.Facts {
	t.Helper()
	f := &solve.Facts{Environments: []pep508.Environment{environmentOf(about.Environment)}}
	known := map[string]*solve.Metadata{}
	newest := map[string][]pep440.Version{}
	for _, r := range slices.Backward(w.releases) {

		m := &solve.Metadata{}
		for _, line := range r.Requires {
			m.Requires = append(m.Requires, parsed(t, line))
		}
		known[r.Name+" "+r.Version] = m
		if matches(r.RequiresPython, about.Python) {
			newest[r.Name] = append(newest[r.Name], versionOf(t, r.Version))
		}
	}
	f.Metadata = func(key string, v pep440.Version) (*solve.Metadata, solve.Knowledge) {
		m, ok := known[key+" "+v.String()]
		if !ok {
			return nil, solve.Absent
		}
		return m, solve.Known
	}
	f.Releases = func(key string) ([]pep440.Version, solve.Knowledge) {
		if newest[key] == nil {
			return nil, solve.Absent
		}
		return newest[key], solve.Known
	}
	for _, name := range w.names {
		pin := solve.Pin{Key: name, Version: versionOf(t, w.pin(name)), Active: 1}
		for _, v := range newest[name] {
			if v.Compare(pin.Version) > 0 {
				pin.Up = append(pin.Up, solve.Candidate{Version: v, Major: v.Major() != pin.Version.Major()})
			}
		}
		f.Pins = append(f.Pins, pin)
	}
	for _, line := range w.roots {
		f.Roots = append(f.Roots, solve.Root{Name: line, Group: -1, Requires: []pep508.Requirement{parsed(t, line)}})
	}
	return f
}

func parsed(t *testing.T, line string) pep508.Requirement {
	t.Helper()
	r, err := pep508.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func versionOf(t *testing.T, text string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// judge compares what the search says of one world with what pip says.
type judge struct {
	t     *testing.T
	w     *world
	f     *solve.Facts
	p     *Python
	index string
	count *counts
	asked map[string]Resolution

	printed bool
}

// consistent lists what the pins violate as they are; both sides have to agree
// whether there is anything.
func (j *judge) consistent() ([]solve.Edge, bool) {
	conflicts := solve.New(j.f).Conflicts()
	got, ok := j.pip(j.installed(nil))
	if !ok {
		return nil, false
	}
	if got.Solved != (len(conflicts) == 0) {
		j.fail("as the pins are, pip says %v, the search %+v", got, conflicts)
		return nil, false
	}
	return conflicts, true
}

// repaired checks what the search says of conflicts of the pins as they are:
// where it ends the only ones the pins resolve, and where pip finds newer pins
// that resolve it ends all.
func (j *judge) repaired(conflicts []solve.Edge) {
	j.count.add(func(c *counts) { c.unsound++ })
	repairs := solve.New(j.f).Repairs(solve.Options{})
	ended, left := 0, 0
	for _, r := range repairs {
		ended, left = ended+len(r.Ends), left+len(r.Left)
		if r.Status != solve.Solved && r.Status != solve.Held {
			j.fail("the search for what ends %v ends %s", r.Left, r.Status)
		}
	}
	if ended+left != len(conflicts) {
		j.fail("%d conflicts are ended and %d stay of %v", ended, left, conflicts)
	}
	if len(repairs) == 1 && left == 0 {
		got, ok := j.pip(j.installed(repairs[0].Moves))
		if ok && !got.Solved {
			j.fail("%v ends %v and does not resolve: %s", repairs[0].Moves, conflicts, got.Conflict)
		}
	}
	q := Question{Index: j.index, Requirements: append([]string{}, j.w.roots...)}
	for _, name := range j.w.names {
		q.Requirements = append(q.Requirements, j.w.least(name))
	}
	got, ok := j.pip(q)
	if ok && got.Solved && left > 0 {
		j.fail("%d of %v stay, and pip finds %s", left, conflicts, pinsText(got.Pins))
	}
	if ok {
		j.count.add(func(c *counts) { c.repairs, c.beyond = c.repairs+ended, c.beyond+left })
	}
}

// installed asks for everything under the pins with a set applied.
func (j *judge) installed(moves []solve.Move) Question {
	q := Question{Index: j.index, Requirements: append(append([]string{}, j.w.names...), j.w.roots...)}
	at := map[int]string{}
	for _, m := range moves {
		at[m.Pin] = m.To.String()
	}
	for i, name := range j.w.names {
		line := j.w.line(name)
		if to, moved := at[i]; moved {
			line = name + "==" + to
		}
		q.Constraints = append(q.Constraints, line)
	}
	return q
}

// every judges each pin on its own and then all together. Of pins with
// conflicts pip is asked for what ends all of them.
func (j *judge) every(conflicts []solve.Edge) {
	var all []solve.Goal
	for i, p := range j.f.Pins {
		if len(p.Up) == 0 {
			continue
		}
		g := solve.Goal{Pin: i, To: p.Up}
		all = append(all, g)
		s := solve.New(j.f)
		r := s.Reach([]solve.Goal{g}, solve.Options{})
		if len(s.Removed(r.Moves)) == len(conflicts) {
			j.offered([]solve.Goal{g}, r)
		}
		if len(conflicts) == 0 {
			j.heldBack(g, r) // else pip finds nothing at all for what would leave one
		}
	}
	if s := solve.New(j.f); len(all) > 1 {
		if r := s.Reach(all, solve.Options{}); len(s.Removed(r.Moves)) == len(conflicts) {
			j.offered(all, r)
		}
	}
}

// offered checks that a set is one of upgrades, reaches its goals, and
// resolves.
func (j *judge) offered(goals []solve.Goal, r solve.Result) {
	switch r.Status {
	case solve.Held:
		return
	case solve.Solved:
	case solve.GaveUp:
		j.count.add(func(c *counts) { c.gaveUp++ })
		fallthrough
	default:
		j.fail("goals %v: the search ends %s", goals, r.Status)
		return
	}
	reached := 0
	for _, m := range r.Moves {
		if m.To.Compare(j.f.Pins[m.Pin].Version) <= 0 {
			j.fail("goals %v: %s goes down to %s", goals, j.w.names[m.Pin], m.To)
		}
		for _, g := range goals {
			if g.Pin == m.Pin {
				reached++
			}
		}
	}
	if reached != len(goals) {
		j.fail("goals %v are not all in %v", goals, r.Moves)
	}
	got, ok := j.pip(j.installed(r.Moves))
	if !ok {
		return
	}
	j.count.add(func(c *counts) {
		c.sets++
		c.members += len(r.Moves)
		if len(r.Moves) > 1 {
			c.several++
		}
	})
	if !got.Solved {
		j.fail("goals %v: the set %v does not resolve: %s", goals, r.Moves, got.Conflict)
	}
}

// heldBack checks that pip, too, finds nothing for the candidates that the
// search could not reach.
func (j *judge) heldBack(g solve.Goal, r solve.Result) {
	var out []solve.Candidate
	switch r.Status {
	case solve.Held:
		out = g.To
	case solve.Solved:
		for _, c := range g.To {
			if len(out) == len(r.Lowered) {
				break
			}
			out = append(out, c)
		}
	case solve.GaveUp, solve.Lacking, solve.Unread:
		return
	}
	for _, c := range out[:min(len(out), 3)] {
		j.impossible(g.Pin, c.Version.String())
	}
}

// impossible asks for one name at a version and every other at its pin or
// above. The search counts every pin as installed. Where only the roots are,
// pip may find a way that leaves out a pin which nothing needs; that is
// counted, and pip has to agree when that pin is installed as well.
func (j *judge) impossible(pin int, to string) {
	name := j.w.names[pin]
	q := Question{Index: j.index, Requirements: append([]string{name + "==" + to}, j.w.roots...)}
	for _, other := range j.w.names {
		if other != name {
			q.Requirements = append(q.Requirements, j.w.least(other))
		}
	}
	got, ok := j.pip(q)
	if !ok {
		return
	}
	j.count.add(func(c *counts) { c.held++ })
	if got.Solved {
		j.fail("%s %s is held back, and pip finds %s", name, to, pinsText(got.Pins))
		return
	}
	if j.w.roots == nil {
		return
	}
	q.Requirements, q.Constraints = append([]string{name + "==" + to}, j.w.roots...), []string{}
	for _, other := range j.w.names {
		switch {
		case other == name:
		case j.isRoot(other):
			q.Requirements = append(q.Requirements, j.w.least(other))
		default:
			q.Constraints = append(q.Constraints, j.w.least(other))
		}
	}
	if got, ok = j.pip(q); ok && got.Solved {
		j.count.add(func(c *counts) { c.unneeded++ })
		for _, other := range j.w.names {
			if _, installed := got.Pins[other]; !installed {
				return
			}
		}
		j.fail("%s %s is held back; with fewer roots pip finds %s", name, to, pinsText(got.Pins))
	}
}

func (j *judge) isRoot(name string) bool {
	return slices.Contains(j.w.rootNames(), name)
}
