package solve

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// project makes the facts of n pins in four environments: each requires up to
// eight others, a few of which everybody requires; one in ten goes in lock-step
// with the one before, one in fifty of these pairs on trains of 700 releases;
// one in forty has an upper bound on another. 45 % are behind.
func project(tb testing.TB, n int) *Facts {
	tb.Helper()
	r := rand.New(rand.NewPCG(7, uint64(n)))
	f := &Facts{Unverified: true, Extras: map[string][]string{"p0003": {"fast"}}}
	for _, minor := range []string{"3.10", "3.11", "3.12", "3.13"} {
		e, err := pep508.EnvironmentFor(minor, "linux/x86_64")
		if err != nil {
			tb.Fatal(err)
		}
		f.Environments = append(f.Environments, e)
	}
	parsed := map[string]pep508.Requirement{}
	need := func(format string, args ...any) pep508.Requirement {
		text := fmt.Sprintf(format, args...)
		if _, ok := parsed[text]; !ok {
			parsed[text] = requirement(tb, text)
		}
		return parsed[text]
	}
	metadata := map[string]*Metadata{}
	for i := range n {
		name := fmt.Sprintf("p%04d", i)
		releases := 40
		if i%100 < 2 {
			releases = 700
		}
		var others []int
		for range r.IntN(9) {
			if i > 10 {
				others = append(others, r.IntN(i))
			}
		}
		for v := range releases {
			m := &Metadata{}
			for _, o := range others {
				m.Requires = append(m.Requires, need("p%04d>=1.%d", o, v*10/releases))
			}
			m.Requires = append(m.Requires, need(`colorama>=0.4; sys_platform == "win32"`), need(`pytest>=7; extra == "test"`),
				need(`p%04d>=1.2; extra == "fast"`, (i*7+3)%n), need(`importlib-metadata>=4; python_version < "3.11"`))
			if i > 20 {
				m.Requires = append(m.Requires, need("p%04d!=1.1", i%7))
			}
			switch {
			case i%10 == 1:
				m.Requires = append(m.Requires, need("p%04d>=1.%d,<1.%d", i-1, v, v+1))
			case i%40 == 5:
				m.Requires = append(m.Requires, need("p%04d<1.30", i-3))
			}
			metadata[fmt.Sprintf("%s 1.%d", name, v)] = m
		}
		at := releases - 1
		if r.IntN(9) < 4 || i%10 < 2 {
			at = releases / 2
		}
		if i%40 == 2 {
			at = 25
		}
		p := Pin{Key: name, Version: version(tb, fmt.Sprintf("1.%d", at)), Active: 15}
		for v := releases - 1; v > at; v-- {
			p.Up = append(p.Up, Candidate{Version: version(tb, fmt.Sprintf("1.%d", v))})
		}
		f.Pins = append(f.Pins, p)
	}
	metadata["importlib-metadata 8.0"] = &Metadata{Requires: []pep508.Requirement{need("zipp>=3")}}
	metadata["zipp 3.20"] = &Metadata{}
	open := map[string][]pep440.Version{"importlib-metadata": {version(tb, "8.0")}, "zipp": {version(tb, "3.20")}}
	f.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		if m, ok := metadata[key+" "+v.String()]; ok {
			return m, Known
		}
		return nil, Absent
	}
	f.Releases = func(key string) ([]pep440.Version, Knowledge) {
		if list, ok := open[key]; ok {
			return list, Known
		}
		return nil, Absent
	}
	return f
}

// decide asks for every update.
func decide(f *Facts) (statuses map[Status]int, sets int) {
	statuses = map[Status]int{}
	s := New(f)
	for i, p := range f.Pins {
		if len(p.Up) == 0 {
			continue
		}
		r := s.Reach([]Goal{{Pin: i, To: p.Up}}, Options{NoMajor: true, NoYoung: true})
		statuses[r.Status]++
		if len(r.Moves) > 1 {
			sets++
		}
	}
	return statuses, sets
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{100, 650, 2000} {
		f := project(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			var statuses map[Status]int
			var sets int
			start := processor()
			for b.Loop() {
				statuses, sets = decide(f)
			}
			b.ReportMetric(float64((processor()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.Logf("%v, %d sets", statuses, sets)
		})
	}
}

// processor is the time that the process has had, on all cores: what a
// measurement on a busy machine can go by.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkNew(b *testing.B) {
	f := project(b, 650)
	for b.Loop() {
		New(f)
	}
}
