package decide

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// explosive is a file in which one author owns evil, whose newest release
// requires k names of his own without a pin, of n releases each that refuse each
// other, and ten pins of others that can move.
func explosive(t testing.TB, k, n int) plan.Snapshot {
	t.Helper()
	file := "evil==1.0\n"
	packages := []plan.Package{versions(t, "evil", "1.0", "1.1")}
	for i := range 10 {
		name := fmt.Sprintf("honest%d", i)
		file += name + "==1.0\n"
		packages = append(packages, versions(t, name, "1.0", "1.1"))
	}
	var own []string
	for i := range k {
		p := pkg(fmt.Sprintf("own%02d", i))
		for v := range n {
			p.Releases = append(p.Releases, release(t, fmt.Sprintf("1.%d", v), "2024-01-01"))
		}
		packages, own = append(packages, p), append(own, p.Name)
	}
	s := friday(t, file, packages...)
	needs(t, &s, "evil", "1.1", own...)
	for i := range k {
		for v := range n {
			var refuses []string
			for j := range k {
				if j != i {
					refuses = append(refuses, fmt.Sprintf("own%02d!=1.%d", j, v))
				}
			}
			if v >= k-1 {
				refuses = append(refuses, "gone")
			}
			needs(t, &s, own[i], fmt.Sprintf("1.%d", v), refuses...)
		}
	}
	return s
}

// decideInRounds decides as a run does, which learns facts on the way, and
// counts the rounds.
func decideInRounds(t testing.TB, s plan.Snapshot) (p plan.Plan, known plan.Snapshot, rounds, steps int) {
	t.Helper()
	all := s.Metadata
	s.Metadata = map[string]map[string]plan.Metadata{}
	pages := s.Packages
	s.Packages = map[string]plan.Package{}
	for name, p := range pages {
		if !strings.HasPrefix(name, "own") {
			s.Packages[name] = p
		}
	}
	var memory Memory
	for rounds = 1; rounds < 100; rounds++ {
		p = memory.Decide(s)
		if len(p.Missing) == 0 {
			return p, s, rounds, memory.steps
		}
		for _, n := range p.Missing {
			if n.Page {
				s.Packages[n.Name] = pages[n.Name]
				if _, ok := pages[n.Name]; !ok {
					s.Packages[n.Name] = plan.Package{Name: n.Name, Index: "pypi", HasFacts: true}
				}
				continue
			}
			if s.Metadata[n.Name] == nil {
				s.Metadata[n.Name] = map[string]plan.Metadata{}
			}
			s.Metadata[n.Name][n.Version] = all[n.Name][n.Version]
		}
	}
	t.Fatalf("after %d rounds %d facts are missing", rounds, len(p.Missing))
	return p, s, rounds, memory.steps
}

func TestOneAuthorStopsNobodyElse(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	last := 0
	for _, size := range [][2]int{{6, 20}, {12, 20}, {12, 40}, {12, 60}} {
		s := explosive(t, size[0], size[1])
		start := time.Now()
		p, known, rounds, steps := decideInRounds(t, s)
		t.Logf("%v: %d rounds, %d steps, %v", size, rounds, steps, time.Since(start))
		if steps > 4*wishSteps { // of which there are five million in a second
			t.Errorf("%v: %d steps", size, steps)
		}
		if last > 0 && steps*2 > 5*last {
			t.Errorf("%v: %d steps, and %d for half of it", size, steps, last)
		}
		last = steps
		if again := Decide(known); !reflect.DeepEqual(again, p) {
			t.Errorf("%v: with all of these facts at once %+v\nin rounds %+v", size, again.Updates, p.Updates)
		}
		if u := the(t, p, "pinwheel/evil-1.x"); u.State != plan.NotChecked || !strings.Contains(u.Reason, "too many steps") {
			t.Errorf("%v: evil is %s: %s", size, u.State, u.Reason)
		}
		for i := range 10 {
			if u := the(t, p, fmt.Sprintf("pinwheel/honest%d-1.x", i)); u.State != plan.AwaitingSchedule {
				t.Errorf("%v: an honest package is %s: %s", size, u.State, u.Reason)
			}
		}
	}
}

// A pin requires what 60 releases have, none of which says what it requires in a
// form that can be read: that is not known to be a conflict, nor to be none.
func TestManyReleasesThatCannotBeReadAreNotChecked(t *testing.T) {
	for n, conflicts := range map[int]int{5: 1, 60: 0} {
		bad := pkg("bad")
		for v := range n {
			bad.Releases = append(bad.Releases, release(t, fmt.Sprintf("1.%d", v), "2024-01-01"))
		}
		s := friday(t, "a==1.0\nb==1.0\n", versions(t, "a", "1.0"), versions(t, "b", "1.0", "1.1"), bad)
		needs(t, &s, "a", "1.0", "bad>=1")
		for v := range n {
			s.Metadata["bad"][fmt.Sprintf("1.%d", v)] = plan.Metadata{Status: plan.MetadataRefused, Reason: "Requires-Dist pytz>dev cannot be read"}
		}
		v := Verify(s)
		if v.Conflicts() != conflicts {
			t.Errorf("%d releases: %d conflicts: %+v", n, v.Conflicts(), v.Findings)
		}
		found := false
		for _, f := range v.Findings {
			found = found || f.Kind == plan.FoundNotChecked && strings.Contains(f.Text, "bad")
		}
		if found != (conflicts == 0) {
			t.Errorf("%d releases: findings %+v", n, v.Findings)
		}
		p := Decide(s)
		notes := strings.Join(p.Notes, "\n")
		if strings.Contains(notes, "Not checked") != (conflicts == 0) || strings.Contains(notes, "A conflict") != (conflicts == 1) {
			t.Errorf("%d releases: notes %q", n, notes)
		}
		if u := the(t, p, "pinwheel/b-1.x"); u.State != plan.AwaitingSchedule {
			t.Errorf("b is %s: %s", u.State, u.Reason)
		}
	}
}

// Twelve pins of one author, whose sixty releases each refuse each other in some
// way, stop nobody else either.
func TestPinsThatRefuseEachOtherStopNobodyElse(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	const k, n = 12, 60
	for name, refusals := range map[string]func(i, j, v int) string{
		"mutual": func(_, j, v int) string { return fmt.Sprintf("own%02d>=1.1,!=1.%d", j, v) },
		"random": func(i, j, v int) string { return fmt.Sprintf("own%02d==1.%d", j, 1+(v+i*j+7)%(n-1)) },
		"chain": func(i, j, v int) string {
			if j == (i+1)%k {
				return fmt.Sprintf("own%02d>=1.%d", j, min(n-1, v+1))
			}
			return fmt.Sprintf("own%02d!=1.%d", j, 1+(v*3+i)%(n-1))
		},
	} {
		file, packages := "honest==1.0\n", []plan.Package{versions(t, "honest", "1.0", "1.1")}
		for i := range k {
			p := pkg(fmt.Sprintf("own%02d", i))
			for v := range n {
				p.Releases = append(p.Releases, release(t, fmt.Sprintf("1.%d", v), "2024-01-01"))
			}
			file += p.Name + "==1.0\n"
			packages = append(packages, p)
		}
		s := friday(t, file, packages...)
		s.Packages["gone"] = plan.Package{Name: "gone", Index: "pypi", HasFacts: true}
		for i := range k {
			for v := 1; v < n; v++ {
				var lines []string
				for j := range k {
					if j != i {
						lines = append(lines, refusals(i, j, v))
					}
				}
				if v >= k-1 && name == "mutual" || v == n-1 {
					lines = append(lines, "gone")
				}
				needs(t, &s, fmt.Sprintf("own%02d", i), fmt.Sprintf("1.%d", v), lines...)
			}
		}
		var memory Memory
		p := memory.Decide(s)
		if u := the(t, p, "pinwheel/honest-1.x"); u.State != plan.AwaitingSchedule {
			t.Errorf("%s: the honest package is %s: %s", name, u.State, u.Reason)
		}
		if t.Logf("%s: %d steps", name, memory.steps); memory.steps > 2*allSteps {
			t.Errorf("%s: %d steps", name, memory.steps)
		}
	}
}
