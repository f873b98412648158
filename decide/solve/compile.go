package solve

import (
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file turns facts into a form that is fast to search: names and extras
// are numbers, a set of environments is a mask, and a requirement that many
// releases repeat is compiled once.

// release is what one release requires.
type release struct {
	reqs []*require
	asks bool // some requirement asks for extras of its target
}

// noRequirements is a release without requirements.
var noRequirements = &release{}

// require is one requirement, shared by all that repeat its text.
type require struct {
	name     int32
	spec     pep440.Specifiers
	loose    bool        // any version will do: a URL, or an edge that is ignored
	base     uint64      // the environments in which it counts without any extra
	within   uint64      // the environments in which pip takes the file that has it
	cond     []condition // where extras make it count, by name of the extra
	asks     []int32     // extras of the target that it asks for
	text     string
	marker   pep508.Marker
	accepted []acceptance
	listed   *releaseList // of which fits says which releases it accepts
	fits     []int8       // as in acceptance
}

// acceptance says which options of one node a requirement accepts.
type acceptance struct {
	node    int32
	answers []int8 // by option: 1 is accepted, -1 is not, 0 is not known yet
}

// condition is the set of environments in which a requirement counts on account of
// one extra. The mask is empty until done.
type condition struct {
	extra int32
	mask  uint64
	done  bool
}

// manyExtras bounds the extras of one marker that are evaluated. The requirement of a
// marker with more extras counts with each of them.
const manyExtras = 256

type releaseKey struct {
	name    int32
	version string
}

// number returns the number of a name or an extra, a new one the first time.
func (s *clauses) number(key string) int32 {
	if n, ok := s.numbers[key]; ok {
		return n
	}
	n := int32(len(s.names)) //nolint:gosec // a name, a node or an option takes more than a byte, so memory ends first
	s.numbers[key] = n
	s.names = append(s.names, key)
	return n
}

// compile turns the requirements of a release into numbers.
func (s *clauses) compile(key string, v pep440.Version, requires []pep508.Requirement) *release {
	if len(requires) == 0 {
		return noRequirements
	}
	rel := &release{reqs: make([]*require, 0, len(requires))}
	for i := range requires {
		r := s.intern(&requires[i], s.ignored(key, v, &requires[i]), s.all)
		rel.asks = rel.asks || len(r.asks) > 0
		if !slices.Contains(rel.reqs[max(0, len(rel.reqs)-8):], r) {
			rel.reqs = append(rel.reqs, r)
		}
	}
	return rel
}

// compileParts is compile for a release whose files have different requirements. A
// requirement that several files have is compiled once, for all their environments.
func (s *clauses) compileParts(key string, v pep440.Version, parts []Part) *release {
	type some struct {
		r    *pep508.Requirement
		mask uint64
	}
	var all []some
	at := map[string]int{}
	for i := range parts {
		for k := range parts[i].Requires {
			r := &parts[i].Requires[k]
			text := r.String()
			if _, ok := at[text]; !ok {
				at[text] = len(all)
				all = append(all, some{r: r})
			}
			all[at[text]].mask |= parts[i].Environments & s.all
		}
	}
	if len(all) == 0 {
		return noRequirements
	}
	rel := &release{reqs: make([]*require, 0, len(all))}
	for _, one := range all {
		r := s.intern(one.r, s.ignored(key, v, one.r), one.mask)
		rel.asks = rel.asks || len(r.asks) > 0
		rel.reqs = append(rel.reqs, r)
	}
	return rel
}

func (s *clauses) ignored(key string, v pep440.Version, r *pep508.Requirement) bool {
	for i := range s.f.IgnoreEdges {
		e := &s.f.IgnoreEdges[i]
		if e.isBetween(key, r.Name) && (v.IsZero() || e.FromVersion.Contains(v)) {
			return true
		}
	}
	return false
}

// isBetween reports whether the edge leads from one name to the other.
func (e *IgnoredEdge) isBetween(from, to string) bool {
	return pep508.SameName(e.From, from) && pep508.SameName(e.To, to)
}

// intern compiles a requirement of a file that pip takes in the environments of
// within. Equal requirements share one *require.
func (s *clauses) intern(q *pep508.Requirement, loose bool, within uint64) *require {
	marker := ""
	if !q.Marker.IsZero() {
		marker = q.Marker.String()
	}
	bare := *q
	bare.Marker = pep508.Marker{}
	text := bare.String()
	key := text + "\n" + marker
	if loose {
		key += "\n*"
	}
	if within != s.all {
		key += "\n@" + strconv.FormatUint(within, 16)
	}
	if r, ok := s.requires[key]; ok {
		return r
	}
	r := &require{
		name: s.number(q.Key()), spec: q.Specifiers, loose: loose || q.URL != "", base: s.all, within: within, text: text, marker: q.Marker,
	}
	for _, x := range q.Extras {
		r.asks = append(r.asks, s.number(x))
	}
	if marker != "" {
		s.where(r)
	}
	r.base &= within
	s.requires[key] = r
	return r
}

// where fills in the environments in which the marker may hold without any
// extra, and the extras that may make it hold.
func (s *clauses) where(r *require) {
	r.base = 0
	for i := range s.envs {
		if r.marker.MayHold(s.envs[i]) {
			r.base |= 1 << i
		}
	}
	if r.base == s.all {
		return
	}
	names := r.marker.Extras()
	for _, x := range names {
		c := condition{extra: s.number(x)}
		if len(names) > manyExtras {
			c.mask, c.done = r.within, true
		}
		r.cond = append(r.cond, c)
	}
	// By name, since a number depends on which name came first.
	slices.SortFunc(r.cond, func(a, b condition) int { return strings.Compare(s.names[a.extra], s.names[b.extra]) })
}

// mask is the set of environments in which a requirement counts for a release that is
// active in some environments and whose extras are used in some.
func (s *clauses) mask(r *require, active uint64, used []use) uint64 {
	m := r.base & active
	if len(used) == 0 || len(r.cond) == 0 || m == active {
		return m
	}
	for i := range r.cond {
		m |= s.maskBy(&r.cond[i], r, used) & active
	}
	return m
}

// maskBy is the set of environments in which one extra makes the requirement count.
func (s *clauses) maskBy(c *condition, r *require, used []use) uint64 {
	at, found := slices.BinarySearchFunc(used, c.extra, func(u use, x int32) int { return int(u.extra - x) })
	if !found {
		return 0
	}
	if !c.done {
		s.evaluate(r, c)
	}
	return c.mask & used[at].mask
}

// via is the extra that makes the requirement count in the environment of bit; -1 if
// it counts without an extra.
func (s *clauses) via(r *require, used []use, bit uint64) int32 {
	if r.base&bit != 0 {
		return -1
	}
	for i := range r.cond {
		if s.maskBy(&r.cond[i], r, used)&bit != 0 {
			return r.cond[i].extra
		}
	}
	return -1
}

// evaluate fills in the mask of a condition.
func (s *clauses) evaluate(r *require, c *condition) {
	c.done = true
	for i := range s.envs {
		if r.marker.MayHold(s.envs[i].WithExtras(s.names[c.extra])) {
			c.mask |= 1 << i
		}
	}
	c.mask &= r.within
}

// release returns what a release requires and how much is known of it. If its
// metadata is not known it has no requirements. With ask, metadata that nobody has
// fetched becomes a need.
func (s *clauses) release(name int32, v pep440.Version, ask bool) (*release, Knowledge) {
	key := releaseKey{name, v.String()}
	s.trail.visit(name)
	if k, ok := s.releases[key]; ok {
		if ask && k.known == Missing {
			s.need(Need{Key: s.names[name], Version: v})
		}
		return k.rel, k.known
	}
	k := knownRelease{rel: noRequirements}
	switch k.metadata, k.known = s.metadataOf(name, v); {
	case k.known != Known:
	case len(k.metadata.Parts) > 0:
		k.rel = s.compileParts(s.names[name], v, k.metadata.Parts)
	default:
		k.rel = s.compile(s.names[name], v, k.metadata.Requires)
	}
	s.releases[key] = k
	if ask && k.known == Missing {
		s.need(Need{Key: s.names[name], Version: v})
	}
	return k.rel, k.known
}

// metadataOf asks the facts for the metadata of a release. Known comes only with
// metadata that is not nil.
func (s *clauses) metadataOf(name int32, v pep440.Version) (*Metadata, Knowledge) {
	if s.f.Metadata == nil {
		return nil, Unknown
	}
	m, known := s.f.Metadata(s.names[name], v)
	if known == Known && m == nil {
		known = Unknown
	}
	return m, known
}

type knownRelease struct {
	rel      *release
	known    Knowledge
	metadata *Metadata // what rel was made of
	counted  uint32    // the last question that counted it, of an entry of a list
}

func (s *clauses) need(n Need) {
	key := n.Key + "\n" + strconv.FormatBool(n.Page)
	if !n.Page {
		key += n.Version.String()
	}
	s.needs[key] = n
	s.trail.needs = append(s.trail.needs, n)
}

// Missing lists the facts that the questions so far need and that nobody has
// fetched, sorted by name, pages first, then by version.
func (s *Solver) Missing() []Need {
	s.settle()
	out := make([]Need, 0, len(s.needs))
	for _, n := range s.needs {
		out = append(out, n)
	}
	slices.SortFunc(out, compareNeeds)
	return out
}
