package solve

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Solver answers questions about one universe. It is not for several
// goroutines at once. What it is made of embeds what is below it: a budget of
// steps, clauses, which are requirements in numbers, the graph of who requires
// whom, and what the pins are at present. Each can use what is below it alone.
type Solver struct {
	present
	goals  []int16 // buffers of searches
	levels []int16
	met    []conflict
	guards []guard
	forced []only
	ends   []int32
	lists  [4][][]int32 // candidates of nodes by what options allow

	answers map[question][]*answer
}

// budget counts the steps that questions take.
type budget struct {
	settling int  // steps that are left for names without a pin, as the pins are
	steps    int  // done so far
	fence    int  // where the present question ends
	began    int  // where it began
	size     int  // requirements of the releases that it looked at, each release once
	each     int  // steps that it may take for each of these; 0: the fence alone counts
	spent    bool // it did end there
}

// clauses are what releases require, each requirement once, and the facts that
// lack for more.
type clauses struct {
	budget
	f    *Facts
	envs []pep508.Environment
	all  uint64

	numbers  map[string]int32
	names    []string
	requires map[string]*require
	releases map[releaseKey]knownRelease
	needs    map[string]Need
	blends   map[[2]*release]*release
	lines    map[int32]*line
	trail    trail // of the present question
}

// graph is who requires whom.
type graph struct {
	clauses
	nodes    []node // the pins in order, then the roots
	groups   []*group
	groupAt  map[int]int32
	used     [][]use           // of each node as the pins are
	violated map[broken]uint64 // as the pins are, and where
}

// present is what is true of the pins as they are.
type present struct {
	graph
	spare   *state
	reached []uint64   // by roots; nil: not asked yet
	now     []conflict // what they violate
	base    trail      // of all this: the names without a pin, and what lacks
}

// node is what requires: a pin, or a root in one group.
type node struct {
	key    string
	name   int32
	group  int32
	active uint64
	root   bool
	fixed  bool
	blocks bool
	extras []string // of a root, those installed
	// options are the versions it may have, as it is first.
	options []option
	at      map[string]int32 // option by version, nil until one is asked for
	up      []int32          // options in order of preference, majors last
	train   *train
}

type option struct {
	v                  pep440.Version
	major, young, down bool
	stray              bool     // nobody may choose it, so it is no part of a train
	rel                *release // nil: not asked for yet
	known              Knowledge
	met                uint32 // the question that looked at it last
}

// group is a file: its nodes meet each other only.
type group struct {
	number int
	slots  [][]int32   // nodes by name
	rev    [][]revEdge // who requires a name as the pins are
	asking []int32     // nodes that ask for extras as they are
	nodes  []int32
	open   openGroup
	// missing says that what some node requires was not asked for yet, and
	// unread lists the nodes of which it could not be read what they require.
	missing bool
	unread  []int32
}

type revEdge struct {
	node int32
	req  *require
}

type edgeKey struct{ group, from, to int32 }

// broken is a requirement of one node that another violates.
type broken struct {
	from, to int32
	req      *require
}

// New prepares a search. Facts that it misses at once are those of the pins as
// they are.
func New(f *Facts) *Solver {
	s := &Solver{answers: map[question][]*answer{}, present: present{graph: graph{
		clauses: clauses{
			f: f, envs: f.Environments, numbers: map[string]int32{}, requires: map[string]*require{},
			releases: map[releaseKey]knownRelease{}, needs: map[string]Need{}, blends: map[[2]*release]*release{}, lines: map[int32]*line{},
		},
		groupAt: map[int]int32{}, violated: map[broken]uint64{},
	}}}
	if len(s.envs) > 64 {
		s.envs = s.envs[:64]
	}
	s.all = 1<<len(s.envs) - 1
	if len(s.envs) == 64 {
		s.all = ^uint64(0)
	}
	s.addPins()
	s.addRoots()
	s.index()
	s.used = s.flood(nil, nil).used
	s.baseline()
	s.base.needs = s.trail.needs
	return s
}

func (s *graph) group(number int) int32 {
	if g, ok := s.groupAt[number]; ok {
		return g
	}
	g := int32(len(s.groups)) //nolint:gosec // a name, a node or an option takes more than a byte, so memory ends first
	s.groupAt[number] = g
	s.groups = append(s.groups, &group{number: number})
	return g
}

func (s *graph) addPins() {
	s.nodes = make([]node, 0, len(s.f.Pins)+len(s.f.Roots))
	for i := range s.f.Pins {
		p := &s.f.Pins[i]
		n := node{key: p.Key, name: s.number(p.Key), group: s.group(p.Group), active: p.Active & s.all, fixed: p.Fixed || p.Blocks, blocks: p.Blocks}
		rel, known := nothing, Known
		if !p.Blocks {
			rel, known = s.release(n.name, p.Version, true)
		}
		n.options = append(make([]option, 0, len(p.Up)+1), option{v: p.Version, rel: rel, known: known})
		g := s.groups[n.group]
		g.missing = g.missing || known == Missing
		if known == NotChecked && !p.Mute {
			g.unread = append(g.unread, int32(i))
		}
		s.nodes = append(s.nodes, n)
	}
}

func (s *graph) addRoots() {
	groups := make([]int, 0, len(s.groups))
	for _, g := range s.groups {
		groups = append(groups, g.number)
	}
	slices.Sort(groups)
	for i := range s.f.Roots {
		r := &s.f.Roots[i]
		rel := s.compile(r.Name, pep440.Version{}, r.Requires)
		for _, g := range groups {
			if r.Group >= 0 && r.Group != g {
				continue
			}
			n := node{key: r.Name, name: s.number("\n" + strconv.Itoa(i)), group: s.group(g), active: s.all, root: true, fixed: true, extras: r.Extras}
			n.options = []option{{rel: rel, known: Known}}
			s.nodes = append(s.nodes, n)
		}
	}
}

func (s *graph) index() {
	for i := range s.nodes {
		n := &s.nodes[i]
		g := s.groups[n.group]
		g.nodes = append(g.nodes, int32(i))
		if !n.root {
			grow(&g.slots, n.name)
			g.slots[n.name] = append(g.slots[n.name], int32(i))
		}
		rel := n.options[0].rel
		for _, r := range rel.reqs {
			grow(&g.rev, r.name)
			g.rev[r.name] = append(g.rev[r.name], revEdge{int32(i), r})
		}
		if rel.asks {
			g.asking = append(g.asking, int32(i))
		}
	}
}

func grow[T any](list *[][]T, n int32) {
	for int(n) >= len(*list) {
		*list = append(*list, make([][]T, int(n)+1-len(*list)+len(*list)/2)...)
	}
}

// pinned lists the nodes of a name.
func (g *group) pinned(name int32) []int32 {
	if int(name) < len(g.slots) {
		return g.slots[name]
	}
	return nil
}

func (g *group) requirers(name int32) []revEdge {
	if int(name) < len(g.rev) {
		return g.rev[name]
	}
	return nil
}

// candidates lists a node's options that other moves may ask it to take.
func (s *graph) candidates(i int32) []int32 {
	n := &s.nodes[i]
	if n.fixed || n.up != nil || n.root {
		return n.up
	}
	var majors []int32
	n.up = []int32{}
	for _, c := range s.f.Pins[i].Up {
		if c.Down || c.Version.Compare(n.options[0].v) <= 0 {
			continue
		}
		o := s.option(i, c)
		if c.Major {
			majors = append(majors, o)
		} else {
			n.up = append(n.up, o)
		}
	}
	n.up = append(n.up, majors...)
	return n.up
}

// option finds or adds a version that a node may have.
func (s *graph) option(i int32, c Candidate) int32 {
	o, added := s.addOption(i, c)
	if added {
		s.nodes[i].train = nil
	}
	return o
}

// addOption is option, and says whether the version is new. The candidates of the
// pin come first, so that the number of an option does not depend on what was asked
// before.
func (s *graph) addOption(i int32, c Candidate) (o int32, added bool) {
	n := &s.nodes[i]
	if n.at == nil {
		pin := &s.f.Pins[i]
		n.at = make(map[string]int32, len(pin.Up)+len(pin.More)+1)
		n.at[n.options[0].v.String()] = 0
		for _, c := range pin.Up {
			s.addOption(i, c)
		}
		for _, c := range pin.More {
			s.addOption(i, c)
		}
	}
	key := c.Version.String()
	o, known := n.at[key]
	if !known {
		o = int32(len(n.options)) //nolint:gosec // a name, a node or an option takes more than a byte, so memory ends first
		n.options = append(n.options, option{v: c.Version, major: c.Major, young: c.Young, down: c.Down})
		n.at[key] = o
	}
	return o, !known
}

// look fills in what an option requires.
func (s *graph) look(i, o int32) *option {
	opt := &s.nodes[i].options[o]
	s.trail.visit(s.nodes[i].name)
	if opt.rel == nil {
		opt.rel, opt.known = s.release(s.nodes[i].name, opt.v, false)
	}
	s.meet(&opt.met, &opt.rel)
	return opt
}

// takable says whether an option may be taken as far as its facts go.
func (s *graph) takable(opt *option) bool {
	switch opt.known {
	case Absent:
		return false
	case Unknown:
		return s.f.Unverified
	case Known, Missing, NotChecked:
	}
	return true
}

func compareNeeds(a, b Need) int {
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	if a.Page != b.Page {
		if a.Page {
			return -1
		}
		return 1
	}
	return cmp.Or(a.Version.Compare(b.Version), strings.Compare(a.Version.String(), b.Version.String()))
}
