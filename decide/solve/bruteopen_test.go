package solve

import (
	"fmt"
	"slices"
	"strings"
)

// left lists the names whose releases need not fit, since none fits as the
// pins are and nothing else requires them than what does so there.
func (b *brute) left(state []string, g, e int) map[string]bool {
	out := map[string]bool{}
	for _, d := range b.demands(state, g, e) {
		if b.broken[fmt.Sprint(g, e, d.req.key)] {
			out[d.req.key] = true
		}
	}
	for _, d := range b.demands(state, g, e) {
		if !b.asked[d] {
			delete(out, d.req.key)
		}
	}
	return out
}

// openFits tries every choice of releases for all names without an active pin.
func (b *brute) openFits(state []string, g, e int, roots []string) bool {
	base := b.installed(state, g, e)
	var names []string
	for _, n := range b.open {
		if len(find(base, n)) == 0 {
			names = append(names, n)
		}
	}
	choice := make([]int, len(names))
	for {
		if b.choiceFits(state, g, e, roots, names, choice) {
			return true
		}
		k := 0
		for ; k < len(names); k++ {
			if choice[k]++; choice[k] < len(b.w.releases[names[k]]) {
				break
			}
			choice[k] = 0
		}
		if k == len(names) {
			return false
		}
	}
}

// choiceFits judges one choice: what is needed of it must be accepted by all
// that need it, and accept the pins.
func (b *brute) choiceFits(state []string, g, e int, roots, names []string, choice []int) bool {
	list := b.installed(state, g, e)
	b.spread(list, e)
	direct := map[*member]extras{}
	for _, m := range list {
		direct[m] = m.extras
	}
	pins := len(list)
	have := map[string]*member{}
	get := func(name string) bool {
		if have[name] != nil {
			return true
		}
		k := slices.Index(names, name)
		if k < 0 {
			return false
		}
		v := b.w.releases[name][choice[k]]
		if b.w.unknown[name+" "+v] && !b.w.facts.Unverified {
			return false
		}
		have[name] = &member{name: name, version: v, pin: -1, reqs: b.reqs[name+" "+v]}
		list = append(list, have[name])
		return true
	}
	for _, n := range roots {
		if !get(n) {
			return false
		}
	}
	// Need grows until nothing changes. What the pins themselves require and
	// that is not among the roots does not count, unless something needs it.
	for changed := true; changed; {
		changed = false
		for k := 0; k < len(list); k++ {
			m := list[k]
			for _, r := range b.requires(m) {
				if !r.counts(e, m.extras) {
					continue
				}
				t := find(list, r.key)
				if len(t) == 0 {
					if k < pins && r.counts(e, direct[m]) {
						continue // a root or not, as it may be
					}
					if !get(r.key) {
						return false
					}
					changed = true
					t = find(list, r.key)
				}
				for _, x := range t {
					if r.asks&^x.extras != 0 {
						x.extras, changed = x.extras|r.asks, true
					}
				}
			}
		}
	}
	for k, m := range list {
		for _, r := range b.requires(m) {
			if !r.counts(e, m.extras) {
				continue
			}
			for _, t := range find(list, r.key) {
				if r.accept[t.version] {
					continue
				}
				bothPins := k < pins && t.pin >= 0
				if bothPins && (r.counts(e, direct[m]) || b.excused(g, e, m, t, r)) {
					continue // judged among the pins
				}
				return false
			}
		}
	}
	return true
}

// fits reports whether a state adds nothing to what the pins violate.
func (b *brute) fits(state []string) bool {
	key := strings.Join(state, " ")
	if ok, known := b.valid[key]; known {
		return ok
	}
	ok := true
	for _, g := range b.groups() {
		for e := range b.w.facts.Environments {
			if ok = ok && !b.adds(state, g, e); !ok {
				break
			}
			var roots []string
			left := b.left(state, g, e)
			for _, n := range b.demanded(state, g, e) {
				if !left[n] {
					roots = append(roots, n)
				}
			}
			ok = ok && b.openFits(state, g, e, roots)
		}
	}
	b.valid[key] = ok
	return ok
}
