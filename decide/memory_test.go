package decide

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// patchwork is a random world: pins that require each other, in lock-step, with
// extras, below caps and round about; names without a pin; trains of releases; and
// sometimes roots and what people refused. It knows no metadata and no page of a
// name without a pin; all holds what the index would say.
func patchwork(t testing.TB, random *rand.Rand) (s plan.Snapshot, all map[string]map[string]plan.Metadata, pages map[string]plan.Package) {
	t.Helper()
	chance := func(n int) bool { return random.IntN(n) == 0 }
	names := 2 + random.IntN(7)
	file, packages := "", []plan.Package(nil)
	count := make([]int, names)
	for i := range names {
		p := pkg(fmt.Sprintf("p%d", i))
		count[i] = 1 + random.IntN(6)
		if chance(3) {
			count[i] += 8 + random.IntN(24) // a train
		}
		for v := range count[i] {
			day := "2024-01-01"
			if v == count[i]-1 && chance(4) {
				day = "2026-01-01" // too young
			}
			p.Releases = append(p.Releases, release(t, fmt.Sprintf("%d.%d", 1+v/20, v%20), day))
		}
		packages = append(packages, p)
		if i < 2 || !chance(4) {
			at := random.IntN(count[i])
			if chance(2) {
				at = 0
			}
			file += fmt.Sprintf("p%d==%d.%d\n", i, 1+at/20, at%20)
		}
	}
	s = friday(t, file, packages...)
	all, pages = s.Metadata, map[string]plan.Package{}
	for i := range names {
		name := fmt.Sprintf("p%d", i)
		var forms []func(v int) string
		for range random.IntN(4) {
			o, lag, kind, marker := random.IntN(names), random.IntN(3), random.IntN(6), ""
			if o == i {
				continue
			}
			switch random.IntN(8) {
			case 0:
				marker = ` ; python_version < "3.10"`
			case 1:
				marker = ` ; extra == "x" or extra == "y"`
			}
			forms = append(forms, func(v int) string {
				at := max(0, min(v-lag, count[o]-1))
				version := fmt.Sprintf("%d.%d", 1+at/20, at%20)
				switch kind {
				case 0:
					return fmt.Sprintf("p%d==%s%s", o, version, marker)
				case 1:
					return fmt.Sprintf("p%d<=%s%s", o, version, marker)
				case 2:
					return fmt.Sprintf("p%d[x]>=%s%s", o, version, marker)
				case 3:
					return fmt.Sprintf("p%d!=%s%s", o, version, marker)
				}
				return fmt.Sprintf("p%d>=%s%s", o, version, marker)
			})
		}
		for v := range count[i] {
			lines := make([]string, 0, len(forms))
			for _, form := range forms {
				if !chance(20) {
					lines = append(lines, form(v))
				}
			}
			all[name][fmt.Sprintf("%d.%d", 1+v/20, v%20)] = plan.Metadata{Status: plan.MetadataKnown, Requires: needsOf(t, lines...)}
		}
	}
	held := map[string]bool{}
	for key := range Names(s.Files) {
		held[key] = true
	}
	for key, p := range s.Packages {
		if !held[key] {
			pages[key] = p
			delete(s.Packages, key)
		}
	}
	s.Metadata = map[string]map[string]plan.Metadata{}
	if chance(3) {
		s.Roots = []plan.Root{{Name: "root", Requires: needsOf(t, "p0[y]", "p1")}}
	}
	if chance(3) {
		s.MergeRequests = append(s.MergeRequests, plan.MergeRequest{
			IID: 1, Branch: "pinwheel/p0-1.x", Target: "main", State: plan.Closed, SameProject: true, ClosedBy: plan.User{ID: 3, Username: "ann"},
			Note: plan.MergeRequestNote{Moves: []plan.Move{{Key: "p0", Name: "p0", From: "1.0", To: fmt.Sprintf("1.%d", random.IntN(20))}}},
		})
	}
	return s, all, pages
}

// tell answers a need as an index may: with the truth, with nothing for now, or
// with what cannot be used.
func tell(s *plan.Snapshot, n plan.Need, all map[string]map[string]plan.Metadata, pages map[string]plan.Package, random *rand.Rand) {
	luck := random.IntN(24)
	if n.Page {
		p, ok := pages[n.Name]
		switch {
		case luck == 0:
			p = plan.Package{Name: n.Name, Index: "pypi", Failure: "it did not answer"}
		case !ok:
			p = plan.Package{Name: n.Name, Index: "pypi", HasFacts: true}
		}
		s.Packages[n.Name] = p
		return
	}
	m := all[n.Name][n.Version]
	switch luck {
	case 0:
		m = plan.Metadata{Status: plan.MetadataFailed, Reason: "it did not answer"}
	case 1:
		m = plan.Metadata{Status: plan.MetadataRefused, Reason: "it is broken"}
	case 2:
		m = plan.Metadata{Status: plan.MetadataUnknown, Reason: "no file tells"}
	case 3:
		m = plan.Metadata{Status: plan.MetadataWithheld, Reason: "it is not given out"}
	}
	if s.Metadata[n.Name] == nil {
		s.Metadata[n.Name] = map[string]plan.Metadata{}
	}
	s.Metadata[n.Name][n.Version] = m
}

// What a memory keeps between rounds changes no decision: in each round the plan is
// the one of a memory that makes its search anew, and once nothing is missing the
// one of no memory at all.
func TestMemoryChangesNoDecision(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	rounds, kept, sets := 0, 0, 0
	part := testenv.Sample(t, 10)
	for seed := range 3000 {
		if !part.Has(seed) && seed != 354 { // what lies between two releases accepted options of an earlier search there
			continue
		}
		random := rand.New(rand.NewPCG(uint64(seed), 16))
		s, all, pages := patchwork(t, random)
		var keeps, seeks Memory
		for round := 0; ; round++ {
			before := seeks.solver
			other := Memory{forgetful: true, costly: maps.Clone(keeps.costly)}
			p := keeps.Decide(s)
			if want := other.Decide(s); !reflect.DeepEqual(p, want) {
				t.Fatalf("seed %d, round %d:\n%+v\nwithout what is kept:\n%+v", seed, round, p, want)
			}
			found := seeks.Seek(s)
			if len(found.Missing) == 0 != (len(p.Missing) == 0) || len(found.Missing) == 0 && !reflect.DeepEqual(found, p) {
				t.Fatalf("seed %d, round %d: Seek\n%+v\nDecide\n%+v", seed, round, found, p)
			}
			rounds++
			if before != nil && before == seeks.solver {
				kept++
			}
			if len(p.Missing) == 0 {
				if want := Decide(s); !reflect.DeepEqual(p, want) {
					t.Fatalf("seed %d: after %d rounds\n%+v\nat once:\n%+v", seed, round, p, want)
				}
				for _, u := range p.Updates {
					if len(u.Moves) > 1 {
						sets++
					}
				}
				break
			}
			if round > 300 {
				t.Fatalf("seed %d: %d facts are missing after %d rounds: %v", seed, len(p.Missing), round, p.Missing)
			}
			told := 0
			for _, n := range p.Missing {
				if told == 0 || random.IntN(3) > 0 {
					tell(&s, n, all, pages, random)
					told++
				}
			}
		}
	}
	t.Logf("%d rounds, the search of the one before went on in %d; %d sets", rounds, kept, sets)
	if kept < rounds/5 || sets == 0 {
		t.Errorf("of %d rounds %d went on with the search, and %d sets were found: the worlds show nothing", rounds, kept, sets)
	}
}
