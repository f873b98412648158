package solve

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
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
