package solve

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// brute judges states of a world by the definition, without any of the code it
// checks: every state of the pins, every choice of the open names.
type brute struct {
	w      *world
	reqs   map[string][]*bruteReq // by "name version"
	roots  [][]*bruteReq
	files  []int
	open   []string
	base   map[violation]bool // as the pins are
	asked  map[demanded]bool  // of names without a pin, as the pins are
	broken map[string]bool    // "group env name"
	valid  map[string]bool
}

// violation is a violated requirement of one member on a pin.
type violation struct {
	group, env int
	from       string // of a root its name, of a pin its place
	to         int
	req        *bruteReq
}

// demanded is a requirement of one member on a name that has no pin.
type demanded struct {
	group, env int
	from       string
	req        *bruteReq
}

// extras are a set of "x" and "y"; bit 0 stands for none.
type extras uint8

var extraBits = map[string]extras{"x": 2, "y": 4}

// bruteReq is a requirement with what it means for each environment, extra and
// version.
type bruteReq struct {
	key    string
	text   string
	accept map[string]bool
	on     [2]extras
	asks   extras
}

func (b *brute) table(list []pep508.Requirement) []*bruteReq {
	var out []*bruteReq
	for _, r := range list {
		bare := r
		bare.Marker = pep508.Marker{}
		q := &bruteReq{key: r.Key(), text: bare.String() + "\n", accept: map[string]bool{}}
		if !r.Marker.IsZero() {
			q.text += r.Marker.String()
		}
		for _, v := range b.w.releases[r.Key()] {
			q.accept[v] = r.Specifiers.ContainsString(v)
		}
		for _, x := range r.Extras {
			q.asks |= extraBits[x]
		}
		for e, env := range b.w.facts.Environments {
			if r.Marker.MayHold(env) {
				q.on[e] |= 1
			}
			for x, bit := range extraBits {
				if r.Marker.MayHold(env.WithExtras(x)) {
					q.on[e] |= bit
				}
			}
		}
		out = append(out, q)
	}
	return out
}

// counts reports whether a requirement counts for a release with extras.
func (r *bruteReq) counts(e int, used extras) bool { return r.on[e]&(1|used) != 0 }

func newBrute(tb testing.TB, w *world) *brute {
	b := &brute{w: w, reqs: map[string][]*bruteReq{}, valid: map[string]bool{}, broken: map[string]bool{}, asked: map[demanded]bool{}}
	for _, name := range slices.Sorted(maps.Keys(w.releases)) {
		for _, v := range w.releases[name] {
			if id := name + " " + v; !w.unknown[id] {
				b.reqs[id] = b.table(requirements(tb, w.requires[id]...))
			}
		}
		b.open = append(b.open, name)
	}
	for _, r := range w.facts.Roots {
		b.roots = append(b.roots, b.table(r.Requires))
	}
	now := b.now()
	b.base = b.violated(now)
	for _, g := range b.groups() {
		for e := range w.facts.Environments {
			for _, d := range b.demands(now, g, e) {
				b.asked[d] = true
			}
			var kept []string
			for _, name := range b.demanded(now, g, e) {
				if b.openFits(now, g, e, append(slices.Clip(kept), name)) {
					kept = append(kept, name)
				} else {
					b.broken[fmt.Sprint(g, e, name)] = true
				}
			}
		}
	}
	return b
}

func (b *brute) now() []string {
	var out []string
	for _, p := range b.w.facts.Pins {
		out = append(out, p.Version.String())
	}
	return out
}

func (b *brute) groups() []int {
	if b.files != nil {
		return b.files
	}
	var out []int
	for _, p := range b.w.facts.Pins {
		if !slices.Contains(out, p.Group) {
			out = append(out, p.Group)
		}
	}
	b.files = out
	return out
}

// member is something that is installed in one group and environment.
type member struct {
	name, version string
	pin           int         // -1 for what is none
	root          []*bruteReq // of a root
	reqs          []*bruteReq
	extras        extras
}

func (b *brute) requires(m *member) []*bruteReq {
	if m.root != nil {
		return m.root
	}
	return m.reqs
}

// installed lists the pins and roots of a group that are active.
func (b *brute) installed(state []string, g, e int) []*member {
	var out []*member
	for i, p := range b.w.facts.Pins {
		if p.Group != g || p.Active>>e&1 == 0 {
			continue
		}
		m := &member{name: p.Key, version: state[i], pin: i, reqs: b.reqs[p.Key+" "+state[i]]}
		for _, x := range b.w.facts.Extras[p.Key] {
			m.extras |= extraBits[x]
		}
		out = append(out, m)
	}
	for i, r := range b.roots {
		out = append(out, &member{name: b.w.facts.Roots[i].Name + " (root)", pin: -1, root: r})
	}
	return out
}

func find(list []*member, name string) []*member {
	var out []*member
	for _, m := range list {
		if m.name == name {
			out = append(out, m)
		}
	}
	return out
}

// spread lets the members ask each other for extras until nothing changes.
func (b *brute) spread(list []*member, e int) {
	for changed := true; changed; {
		changed = false
		for _, m := range list {
			for _, r := range b.requires(m) {
				if r.asks == 0 || !r.counts(e, m.extras) {
					continue
				}
				for _, t := range list {
					if t.name == r.key && r.asks&^t.extras != 0 {
						t.extras |= r.asks
						changed = true
					}
				}
			}
		}
	}
}

// id is what a member is known by: a pin's place, a root's name.
func (m *member) id() string {
	if m.pin >= 0 {
		return fmt.Sprint(m.pin)
	}
	return m.name
}

// stays reports whether a member is what it is as the pins are.
func (b *brute) stays(m *member) bool {
	return m.pin < 0 || b.w.facts.Pins[m.pin].Version.String() == m.version
}

// excused reports whether the pins as they are violate the same requirement
// and neither of its ends has moved.
func (b *brute) excused(g, e int, m, t *member, r *bruteReq) bool {
	return b.stays(m) && b.stays(t) && b.base[violation{g, e, m.id(), t.pin, r}]
}

// violated lists the violated requirements between pins.
func (b *brute) violated(state []string) map[violation]bool {
	out := map[violation]bool{}
	for _, g := range b.groups() {
		for e := range b.w.facts.Environments {
			list := b.installed(state, g, e)
			b.spread(list, e)
			for _, m := range list {
				for _, r := range b.requires(m) {
					if !r.counts(e, m.extras) {
						continue
					}
					for _, t := range list {
						if t.name == r.key && !r.accept[t.version] {
							out[violation{g, e, m.id(), t.pin, r}] = true
						}
					}
				}
			}
		}
	}
	return out
}

// adds reports whether a state violates a requirement that is not excused.
func (b *brute) adds(state []string, g, e int) bool {
	list := b.installed(state, g, e)
	b.spread(list, e)
	for _, m := range list {
		for _, r := range b.requires(m) {
			if !r.counts(e, m.extras) {
				continue
			}
			for _, t := range list {
				if t.name == r.key && !r.accept[t.version] && !b.excused(g, e, m, t, r) {
					return true
				}
			}
		}
	}
	return false
}

// demands lists what pins require at once that no pin is there for.
func (b *brute) demands(state []string, g, e int) []demanded {
	list := b.installed(state, g, e)
	b.spread(list, e)
	var out []demanded
	for _, m := range list {
		for _, r := range b.requires(m) {
			if r.counts(e, m.extras) && len(find(list, r.key)) == 0 {
				out = append(out, demanded{g, e, m.id(), r})
			}
		}
	}
	return out
}

// demanded lists the names of demands, sorted.
func (b *brute) demanded(state []string, g, e int) []string {
	seen := map[string]bool{}
	for _, d := range b.demands(state, g, e) {
		seen[d.req.key] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
