package solve

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestDbg(t *testing.T) {
	file := os.Getenv("DF")
	if file == "" {
		t.Skip()
	}
	u := loadUniverse(t, file)
	seed, _ := strconv.Atoi(os.Getenv("DS"))
	at := u.pinSet(uint64(seed))
	f := u.facts(at)
	lazy := *f
	asked := onRequest(&lazy)
	for round := 1; round < 60; round++ {
		s := New(&lazy)
		for i, p := range f.Pins {
			if len(p.Up) > 0 {
				n0 := len(s.needs)
				r := s.Reach([]Goal{{Pin: i, To: p.Up}}, Options{})
				if round > 1 && (len(s.needs) > n0 || r.Status == Lacking) {
					t.Logf("round %d %s %s: %s nodes %d", round, p.Key, p.Version, r.Status, r.Nodes)
				}
			}
		}
		needs := s.Missing()
		if round > 1 {
			t.Log(round, needs)
		}
		if len(needs) == 0 {
			break
		}
		for _, n := range needs {
			asked[n] = true
		}
	}
	by := map[string][]string{}
	for n := range asked {
		if !n.Page {
			by[n.Key] = append(by[n.Key], n.Version.String())
		}
	}
	for _, p := range f.Pins {
		if len(by[p.Key]) > 2 {
			t.Logf("reads %s %s of %d: %d %v", p.Key, p.Version, len(p.Up), len(by[p.Key]), by[p.Key])
		}
	}
	start := time.Now()
	s := New(f)
	t.Log("new", time.Since(start))
	s2 := New(&lazy)
	for i, p := range f.Pins {
		if len(p.Up) > 0 {
			start := time.Now()
			r := s.Reach([]Goal{{Pin: i, To: p.Up}}, Options{})
			d := time.Since(start)
			r2 := s2.Reach([]Goal{{Pin: i, To: p.Up}}, Options{})
			if p.Key == os.Getenv("DK") || d > 20*time.Millisecond || r.Status != r2.Status || r.Status != Solved {
				t.Logf("%s %s %v %s %s nodes %d lowered %d moves %v low %v why %v", p.Key, p.Version, d, r.Status, r2.Status, r.Nodes, len(r.Lowered), r.Moves, r.Lowered, r2.Why)
			}
		}
	}
}
