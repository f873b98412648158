package solve

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/testenv"
	"gitlab.com/cki-project/pinwheel/pypi/pep440"
	"gitlab.com/cki-project/pinwheel/pypi/pep508"
)

// universe is a recorded part of the index: releases, oldest first, with their
// real requirements.
type universe struct {
	names    []string
	releases map[string][]pep440.Version // final releases only
	requires map[string]map[string][]pep508.Requirement
	legacy   int // versions and requirements that no rule reads any more
	env      pep508.Environment
}

func loadUniverse(tb testing.TB, file string) *universe {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Shared(tb), "data", "pypi", "universe", file))
	if err != nil {
		tb.Fatal(err)
	}
	var raw map[string]map[string]struct{ Dependencies json.RawMessage }
	if err := json.Unmarshal(data, &raw); err != nil {
		tb.Fatal(err)
	}
	u := &universe{releases: map[string][]pep440.Version{}, requires: map[string]map[string][]pep508.Requirement{}}
	if u.env, err = pep508.EnvironmentFor("3.8", "linux/x86_64"); err != nil {
		tb.Fatal(err)
	}
	parsed := map[string]*pep508.Requirement{}
	for name, releases := range raw {
		key := pep508.NormalizeName(name)
		u.requires[key] = map[string][]pep508.Requirement{}
		for text, release := range releases {
			v, err := pep440.Parse(text)
			if err != nil {
				u.legacy++
				continue
			}
			if !v.IsPrerelease() {
				u.releases[key] = append(u.releases[key], v)
			}
			list, lines := []pep508.Requirement{}, []string(nil)
			if json.Unmarshal(release.Dependencies, &lines) != nil {
				u.legacy++
			}
			for _, line := range lines {
				r, seen := parsed[line]
				if !seen {
					if q, err := pep508.Parse(line); err == nil {
						r = &q
					}
					parsed[line] = r
				}
				if r == nil {
					u.legacy++
					continue
				}
				list = append(list, *r)
			}
			u.requires[key][v.String()] = list
		}
		slices.SortFunc(u.releases[key], pep440.Version.Compare)
		if len(u.releases[key]) == 0 {
			delete(u.releases, key)
		}
	}
	// What the record does not hold cannot be installed from it: a requirement
	// on it is passed over.
	for _, releases := range u.requires {
		for v, list := range releases {
			releases[v] = slices.DeleteFunc(list, func(r pep508.Requirement) bool { return u.releases[r.Key()] == nil })
		}
	}
	u.names = slices.Sorted(maps.Keys(u.releases))
	return u
}

// counts reports whether a requirement holds with some extras of its release.
func (u *universe) counts(r pep508.Requirement, extras map[string]bool) bool {
	if r.Marker.IsZero() || r.Marker.MayHold(u.env) {
		return true
	}
	for _, x := range r.Marker.Extras() {
		if extras[x] && r.Marker.MayHold(u.env.WithExtras(x)) {
			return true
		}
	}
	return false
}

// violated lists the requirements that versions do not meet: a plain loop
// that shares nothing with the search.
func (u *universe) violated(at map[string]pep440.Version) []string {
	used := map[string]map[string]bool{}
	for name := range at {
		used[name] = map[string]bool{}
	}
	var out []string
	for changed := true; changed; {
		changed, out = false, nil
		for _, name := range slices.Sorted(maps.Keys(at)) {
			for _, r := range u.requires[name][at[name].String()] {
				v, pinned := at[r.Key()]
				if !pinned || !u.counts(r, used[name]) {
					continue
				}
				for _, x := range r.Extras {
					if !used[r.Key()][x] {
						used[r.Key()][x], changed = true, true
					}
				}
				if !r.Specifiers.Contains(v) {
					out = append(out, fmt.Sprintf("%s %s requires %s, which is %s", name, at[name], r, v))
				}
			}
		}
	}
	return out
}

// install resolves some names as of a random past: each name has a release
// that it should be at, and takes one near it. It backtracks and may fail.
type install struct {
	u      *universe
	random *rand.Rand
	wish   map[string]int
	at     map[string]pep440.Version
	extras map[string]map[string]bool
	needs  map[string][]pep508.Requirement
	budget int
}

func (in *install) run(queue []string) bool {
	if in.budget--; in.budget < 0 {
		return false
	}
	for len(queue) > 0 && !in.at[queue[0]].IsZero() {
		queue = queue[1:]
	}
	if len(queue) == 0 {
		return len(in.u.violated(in.at)) == 0
	}
	name := queue[0]
	list := in.u.releases[name]
	wish, known := in.wish[name]
	if !known {
		wish = in.random.IntN(len(list))
		in.wish[name] = wish
	}
	tries := 0
	for k := range list {
		// The one wished for, then older ones, then newer ones.
		i := wish - k
		if i < 0 {
			i = k
		}
		v := list[i]
		if slices.ContainsFunc(in.needs[name], func(r pep508.Requirement) bool { return !r.Specifiers.Contains(v) }) {
			continue
		}
		if tries++; tries > 6 {
			break
		}
		if more, ok := in.take(name, v); ok && in.run(append(queue[1:len(queue):len(queue)], more...)) {
			return true
		}
		in.drop(name, v)
	}
	return false
}

func (in *install) take(name string, v pep440.Version) (more []string, ok bool) {
	in.at[name] = v
	ok = true
	for _, r := range in.u.requires[name][v.String()] {
		if !in.u.counts(r, nil) {
			continue
		}
		key := r.Key()
		in.needs[key] = append(in.needs[key], r)
		if at, there := in.at[key]; there && !r.Specifiers.Contains(at) {
			ok = false
		}
		more = append(more, key)
	}
	return more, ok
}

func (in *install) drop(name string, v pep440.Version) {
	delete(in.at, name)
	for _, r := range in.u.requires[name][v.String()] {
		if in.u.counts(r, nil) {
			in.needs[r.Key()] = in.needs[r.Key()][:len(in.needs[r.Key()])-1]
		}
	}
}

// pinSet makes a consistent set of pins.
func (u *universe) pinSet(seed uint64) map[string]pep440.Version {
	for try := uint64(0); ; try++ {
		random := rand.New(rand.NewPCG(seed, try))
		in := &install{u: u, random: random, wish: map[string]int{}, at: map[string]pep440.Version{}, needs: map[string][]pep508.Requirement{}, budget: 3000}
		var roots []string
		for range 4 + random.IntN(8) {
			roots = append(roots, u.names[random.IntN(len(u.names))])
		}
		if in.run(roots) && len(in.at) >= 10 {
			return in.at
		}
	}
}

// facts makes facts of a set of pins; what is read is counted.
func (u *universe) facts(at map[string]pep440.Version) *Facts {
	f := &Facts{Environments: []pep508.Environment{u.env}, Unverified: true}
	for _, name := range slices.Sorted(maps.Keys(at)) {
		p := Pin{Key: name, Version: at[name], Active: 1}
		for _, v := range slices.Backward(u.releases[name]) {
			if v.Compare(p.Version) > 0 {
				p.Up = append(p.Up, Candidate{Version: v})
			}
		}
		f.Pins = append(f.Pins, p)
	}
	f.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		return &Metadata{Requires: u.requires[key][v.String()]}, Known
	}
	f.Releases = func(key string) ([]pep440.Version, Knowledge) {
		list := slices.Clone(u.releases[key])
		slices.Reverse(list)
		return list, Known
	}
	return f
}

// onRequest lets facts be known only once they were asked for.
func onRequest(f *Facts) (asked map[Need]bool) {
	asked = map[Need]bool{}
	metadata, releases := f.Metadata, f.Releases
	f.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		if !asked[Need{Key: key, Version: v}] {
			return nil, Missing
		}
		return metadata(key, v)
	}
	f.Releases = func(key string) ([]pep440.Version, Knowledge) {
		if !asked[Need{Key: key, Page: true}] {
			return nil, Missing
		}
		return releases(key)
	}
	return asked
}

// tally is what became of the updates of many sets.
type tally struct {
	sets, pins, updates      int
	size                     [20]int
	lowered, held, gaveUp    int
	clashes, resolved, stuck int
	rounds                   int
	reads, unpinned          int // of pinned names, and of others
	pages, excess            int
	above, trains            int // sets beyond pins + 1.2 x updates, and their trains
	differ                   int // moves that are others when facts come on request
	slowest                  time.Duration
}

func TestRealPinSets(t *testing.T) {
	sets := 200
	if testing.Short() || raceEnabled {
		sets = 20
	}
	var total tally
	for k, file := range []string{"pypi-2020-11-17-cheroot.json", "pypi-2020-02-13-dask.json"} {
		u := loadUniverse(t, file)
		t.Logf("%s: %d names, %d legacy texts passed over", file, len(u.names), u.legacy)
		n := sets * 3 / 4
		if k == 1 {
			n = sets - n
		}
		for seed := range uint64(n) {
			u.judge(t, seed, &total)
		}
	}
	share := func(n int) string { return fmt.Sprintf("%d (%.2f %%)", n, 100*float64(n)/float64(total.updates)) }
	t.Logf("%d sets, %d pins, %d updates; slowest set %v", total.sets, total.pins, total.updates, total.slowest)
	t.Logf("alone %s (noted before: 88.3 %%)", share(total.size[1]))
	for n := 2; n < len(total.size); n++ {
		if total.size[n] > 0 {
			t.Logf("with a set of %d: %s", n, share(total.size[n]))
		}
	}
	t.Logf("lowered %s (0.06 %%), held %s (0.3 %%), gave up %d", share(total.lowered), share(total.held), total.gaveUp)
	t.Logf("%d pairs of offers clash; after the first is taken the second solves again in %d and is held by it in %d", total.clashes, total.resolved, total.stuck)
	t.Logf("metadata read of pinned names %d: pins + %.3f x updates; more than pins + 1.2 x updates in %d sets with %d trains; beyond 12 for each of these in %d",
		total.reads, float64(total.reads-total.pins)/float64(total.updates), total.above, total.trains, total.excess)
	t.Logf("of names without a pin %d, with %d pages; up to %d rounds; %d other sets than with all facts known", total.unpinned, total.pages, total.rounds, total.differ)
	if total.gaveUp > 0 || total.held*100 > total.updates || total.lowered*100 > total.updates || total.resolved+total.stuck != total.clashes || total.excess > 0 {
		t.Errorf("beyond the bounds")
	}
}

// judge asks for every update of one pin set and checks the answers.
func (u *universe) judge(t *testing.T, seed uint64, total *tally) {
	at := u.pinSet(seed)
	if bad := u.violated(at); len(bad) > 0 {
		t.Fatalf("seed %d: the pins do not fit: %v", seed, bad)
	}
	f := u.facts(at)
	total.sets++
	total.pins += len(f.Pins)
	results := u.ask(t, f, seed, total)
	var offers [][]Move
	for i, r := range results {
		if len(f.Pins[i].Up) == 0 {
			continue
		}
		total.updates++
		switch r.Status {
		case Held:
			total.held++
			continue
		case GaveUp:
			total.gaveUp++
			t.Errorf("seed %d: %s gave up", seed, f.Pins[i].Key)
			continue
		case Solved:
		default:
			t.Fatalf("seed %d: %s: %s %v", seed, f.Pins[i].Key, r.Status, r.Names)
		}
		if len(r.Lowered) > 0 {
			total.lowered++
		}
		total.size[min(len(r.Moves), len(total.size)-1)]++
		if bad := u.violated(u.after(at, f, r.Moves)); len(bad) > 0 {
			t.Fatalf("seed %d: %s adds %v", seed, f.Pins[i].Key, bad)
		}
		offers = append(offers, r.Moves)
	}
	u.clash(t, at, f, offers, total)
}

// ask solves with all facts known, then with facts on request, and counts what
// the latter takes.
func (u *universe) ask(t *testing.T, f *Facts, seed uint64, total *tally) []Result {
	reach := func(f *Facts) (*Solver, []Result) {
		s := New(f)
		out := make([]Result, len(f.Pins))
		for i, p := range f.Pins {
			if len(p.Up) > 0 {
				out[i] = s.Reach([]Goal{{Pin: i, To: p.Up}}, Options{})
			}
		}
		return s, out
	}
	start := time.Now()
	s, all := reach(f)
	total.slowest = max(total.slowest, time.Since(start))
	if c := s.Conflicts(); len(c) > 0 {
		t.Fatalf("seed %d: conflicts %v", seed, c)
	}
	lazy := *f
	asked := onRequest(&lazy)
	for round := 1; ; round++ {
		s, late := reach(&lazy)
		needs := s.Missing()
		for _, n := range needs {
			asked[n] = true
		}
		if len(needs) > 0 && round < 60 {
			continue
		}
		total.rounds = max(total.rounds, round)
		updates := 0
		for i := range all {
			if len(f.Pins[i].Up) > 0 {
				updates++
			}
			if late[i].Status != all[i].Status {
				t.Errorf("seed %d: %s is %s, with facts on request %s", seed, f.Pins[i].Key, all[i].Status, late[i].Status)
			}
			if !reflect.DeepEqual(late[i].Moves, all[i].Moves) {
				total.differ++
			}
		}
		total.books(f, asked, updates, seed, t)
		return late
	}
}

// books counts what was read for one set against the budget: the pins, 1.2 for
// each update and 12 for each package whose releases move in lock-step with
// another's, that is, of which more than three had to be read.
func (total *tally) books(f *Facts, asked map[Need]bool, updates int, seed uint64, t *testing.T) {
	by := map[string]int{}
	for n := range asked {
		if n.Page {
			total.pages++
		} else {
			by[n.Key]++
		}
	}
	reads, trains := 0, 0
	for _, p := range f.Pins {
		reads += by[p.Key]
		if by[p.Key] > 3 {
			trains++
		}
		delete(by, p.Key)
	}
	for _, n := range by {
		total.unpinned += n
	}
	total.reads += reads
	budget := float64(len(f.Pins)) + 1.2*float64(updates)
	if float64(reads) > budget {
		total.trains += trains
		total.above++
	}
	if float64(reads) > budget+12*float64(trains) {
		total.excess++
		t.Logf("seed %d: %d reads for %d pins, %d updates and %d trains", seed, reads, len(f.Pins), updates, trains)
	}
}

func (u *universe) after(at map[string]pep440.Version, f *Facts, moves []Move) map[string]pep440.Version {
	out := maps.Clone(at)
	for _, m := range moves {
		out[f.Pins[m.Pin].Key] = m.To
	}
	return out
}

// clash finds offers that do not go together, and asks again after the first
// of them is taken.
func (u *universe) clash(t *testing.T, at map[string]pep440.Version, f *Facts, offers [][]Move, total *tally) {
	s := New(f)
	for i := range offers {
		for j := i + 1; j < len(offers); j++ {
			if slices.ContainsFunc(offers[i], func(a Move) bool {
				return slices.ContainsFunc(offers[j], func(b Move) bool { return a.Pin == b.Pin })
			}) {
				continue // they share a member
			}
			both := slices.Concat(offers[i], offers[j])
			added := s.Added(both)
			bad := u.violated(u.after(at, f, both))
			if (len(bad) > 0) != (len(added) > 0) && len(bad) > 0 {
				t.Fatalf("%v are not seen", bad)
			}
			if len(bad) == 0 {
				continue
			}
			total.clashes++
			next := u.facts(u.after(at, f, offers[i]))
			p := offers[j][0].Pin
			if r := New(next).Reach([]Goal{{Pin: p, To: next.Pins[p].Up}}, Options{}); r.Status == Solved {
				total.resolved++
			} else if r.Status == Held {
				total.stuck++
			} else {
				t.Logf("%s after %v: %s %v", f.Pins[p].Key, offers[i], r.Status, r.Why)
			}
		}
	}
}
