package solve

import "slices"

// This file finds the pins that a set makes unneeded. Their requirements still count:
// making a pin unneeded is no reason to make a move, or to permit one.

// drops reports whether some moved node may require less than before.
func (st *moves) drops() bool {
	for _, i := range st.moved {
		now := st.rel[i].reqs
		for _, a := range st.s.nodes[i].options[0].rel.reqs {
			kept := slices.ContainsFunc(now, func(b *require) bool {
				return a == b || a.name == b.name && a.base&^b.base == 0 && len(a.cond) == 0 && len(a.asks) == 0
			})
			if !kept {
				return true
			}
		}
	}
	return false
}

// reachedAsIs gives, for each node, the environments in which a root requires it,
// directly or through others, as the pins are.
func (s *present) reachedAsIs() []uint64 {
	if s.reached == nil {
		s.reached = s.flood(nil, &openReach{env: s.openAsIs, seen: map[[2]int32]uint64{}}).reached
	}
	return s.reached
}

func (s *graph) openAsIs(g int32, e int) *openEnv {
	if envs := s.groups[g].open.envs; e < len(envs) {
		return &envs[e]
	}
	return nil
}

// unneeded lists the pins that a root reaches as the pins are and that none reaches in
// the state. chosen are the open names for which other releases were chosen in the
// state; asIs is present.reachedAsIs.
func (st *moves) unneeded(chosen []chosenEnv, asIs func() []uint64) []int {
	s := st.s
	if len(s.f.Roots) == 0 || !st.drops() {
		return nil
	}
	before := asIs()
	after := s.flood(st, &openReach{seen: map[[2]int32]uint64{}, env: func(g int32, e int) *openEnv {
		for _, c := range chosen {
			if c.group == g && c.env == e {
				return c.open
			}
		}
		return s.openAsIs(g, e)
	}}).reached
	var out []int
	for i := range s.f.Pins {
		if before[i] != 0 && after[i] == 0 {
			out = append(out, i)
		}
	}
	return out
}
