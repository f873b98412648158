package decide

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// closure is a project of n pins that require each other: one package in ten
// leads a lock-step pair, one in forty is held by an upper bound, half of them
// are behind, and each has 40 releases with two files.
func closure(n int) plan.Snapshot {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	day := func(d int) time.Time { return time.Date(2023, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, d) }
	window, _ := plan.ParseWindow([]string{"* * * * SAT,SUN"}, time.UTC)
	s := plan.Snapshot{
		Now:     day(1100),
		Project: plan.Project{ID: 7, Path: "g/p", DefaultBranch: "main", Head: "1", IssuesEnabled: true},
		Policy: plan.Policy{
			Files: []plan.FilePolicy{{Path: "constraints.txt"}}, Window: window, MinimumAge: 72 * time.Hour, MaxOpen: 10,
			BranchPrefix: "pinwheel/", Mode: plan.Full, Pythons: []string{"3.11", "3.12"}, Platforms: []string{"linux/x86_64"},
			Indexes: []plan.Index{{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}}},
		},
		Packages: map[string]plan.Package{}, Metadata: map[string]map[string]plan.Metadata{},
	}
	cache := map[string]pep508.Requirement{}
	need := func(text string) pep508.Requirement {
		r, ok := cache[text]
		if !ok {
			var err error
			if r, err = pep508.Parse(text); err != nil {
				panic(err)
			}
			cache[text] = r
		}
		return r
	}
	const releases = 40
	var file []byte
	for i := range n {
		name := fmt.Sprintf("pkg%04d", i)
		p := plan.Package{Name: name, Index: "pypi", Known: true, HasFacts: true}
		s.Metadata[name] = map[string]plan.Metadata{}
		var others []int
		for range random.IntN(7) {
			if i > 0 {
				others = append(others, random.IntN(i))
			}
		}
		for v := range releases {
			text := fmt.Sprintf("1.%d", v)
			version, _ := pep440.Parse(text)
			r := plan.Release{Version: version}
			for _, f := range []string{"-py3-none-any.whl", ".tar.gz"} {
				r.Files = append(r.Files, plan.DistFile{Name: name + "-" + text + f, Uploaded: day(v * 20), RequiresPython: ">=3.8"})
			}
			p.Releases = append(p.Releases, r)
			m := plan.Metadata{Status: plan.MetadataKnown}
			for _, o := range others {
				m.Requires = append(m.Requires, need(fmt.Sprintf("pkg%04d>=1.%d", o, v/4)))
			}
			m.Requires = append(m.Requires, need(`colorama; sys_platform == "win32"`))
			switch {
			case i%10 == 1: // goes with the one before
				m.Requires = append(m.Requires, need(fmt.Sprintf("pkg%04d==1.%d", i-1, v)))
			case i%40 == 2 && i > 4:
				m.Requires = append(m.Requires, need(fmt.Sprintf("pkg%04d<1.25", i-2)))
			}
			s.Metadata[name][text] = m
		}
		s.Packages[name] = p
		at := 20
		if i%10 > 1 && random.IntN(2) == 0 {
			at = releases - 1
		}
		file = append(file, fmt.Sprintf("%s==1.%d\n", name, at)...)
	}
	s.Files = []plan.File{{Path: "constraints.txt", Data: file}}
	return s
}

// cores is the time that this process had of the machine's cores, which other
// work beside it changes little.
func cores() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{100, 650, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := closure(n)
			p := Decide(s)
			held, sets := 0, 0
			for _, u := range p.Updates {
				if u.State == plan.Incompatible {
					held++
				} else if len(u.Moves) > 1 {
					sets++
				}
			}
			b.Logf("%d updates, %d of them sets, %d held, %d missing", len(p.Updates), sets, held, len(p.Missing))
			before := cores()
			for b.Loop() {
				Decide(s)
			}
			b.ReportMetric(float64(cores()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// ruled gives a snapshot twenty rules of every kind and, where it is not empty,
// a group for all steps below a major.
func ruled(s plan.Snapshot, group string) plan.Snapshot {
	pattern := func(text string) []plan.PackagePattern {
		p, err := plan.ParsePackagePattern(text)
		if err != nil {
			panic(err)
		}
		return []plan.PackagePattern{p}
	}
	window, _ := plan.ParseWindow([]string{"* 6-9 * * MON"}, time.UTC)
	for i := range 4 {
		s.Policy.Rules = append(s.Policy.Rules,
			plan.Rule{At: "c:1", Packages: pattern(fmt.Sprintf("pkg0%d*", i)), Labels: []string{"a"}, Window: &window},
			plan.Rule{At: "c:2", Packages: pattern(fmt.Sprintf("/^pkg.*%d7$/", i)), Priority: i, HasPriority: true},
			plan.Rule{At: "c:3", Packages: pattern(fmt.Sprintf("pkg00%d1", i)), Kinds: []plan.Kind{plan.Minor, plan.Patch}, Ignore: &plan.Ignore{Reason: "no"}},
			plan.Rule{At: "c:4", Kinds: []plan.Kind{plan.Major}, Approval: plan.Yes},
			plan.Rule{At: "c:5", Packages: pattern(fmt.Sprintf("/pkg.[%d-9]/", i)), MinimumAge: 24 * time.Hour, HasAge: true})
	}
	if group != "" {
		s.Policy.Rules = append(s.Policy.Rules, plan.Rule{At: "c:6", Kinds: []plan.Kind{plan.Minor, plan.Patch, plan.Calendar}, Group: group})
	}
	return s
}

// BenchmarkRules is what rules and groups add to a decision about 650 pins.
func BenchmarkRules(b *testing.B) {
	plain := closure(650)
	for _, c := range []struct {
		name string
		s    plan.Snapshot
	}{{"without", plain}, {"twenty", ruled(plain, "")}, {"grouped", ruled(plain, "all non-major")}} {
		b.Run(c.name, func(b *testing.B) {
			p := Decide(c.s)
			b.Logf("%d updates, %d pins in the largest", len(p.Updates), largest(p))
			before := cores()
			for b.Loop() {
				Decide(c.s)
			}
			b.ReportMetric(float64(cores()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

func largest(p plan.Plan) int {
	n := 0
	for _, u := range p.Updates {
		n = max(n, len(u.Moves))
	}
	return n
}
