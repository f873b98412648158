package solve

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Solver answers questions about one set of facts. Only one goroutine may use it at a
// time. It is made of layers, each of which embeds the one below it and can use only
// those below: budget counts steps, clauses has requirements as numbers, graph says who
// requires whom, and present says what is true of the pins as they are.
type Solver struct {
	present
	goalOf          []int16 // buffers of searches
	levelOf         []int16
	conflictsBuffer []conflict
	guardsBuffer    []guard
	waysBuffer      []onlyWay
	movableBuffer   []int32
	lists           [4][][]int32 // candidates of nodes by what options allow

	answers map[question][]*answer
}

// budget counts the steps of questions.
type budget struct {
	settlingLeft int  // steps that are left to settle open names
	steps        int  // done so far
	endAt        int  // where the present question ends
	beganAt      int  // where it began
	size         int  // requirements of the releases that it read, each release once
	each         int  // steps that it may take for each of these; 0: the fence alone counts
	spent        bool // it had to end before its answer was known
}

// clauses has what releases require, each requirement once, and the needs: the facts
// that are missing.
type clauses struct {
	budget
	f    *Facts
	envs []pep508.Environment
	all  uint64

	numbers   map[string]int32
	names     []string
	requires  map[string]*require
	releases  map[releaseKey]knownRelease
	needs     map[string]Need
	blends    map[[2]*release]*release
	openLists map[int32]*releaseList
	openings  openings
	trail     trail // of the present question
}

// graph says who requires whom.
type graph struct {
	clauses
	nodes    []node // the pins in order, then the roots
	groups   []*group
	groupAt  map[int]int32
	used     [][]use                 // of each node as the pins are
	violated map[violatedEdge]uint64 // as the pins are, and where
}

// present says what is true of the pins as they are.
type present struct {
	graph
	spare        *state
	reached      []uint64   // by roots; nil: not asked yet
	conflictsNow []conflict // what they violate
	base         trail      // what New and settle read, and lack
}

// node is a pin, or a root in one group.
type node struct {
	key    string
	name   int32
	group  int32
	active uint64
	root   bool
	fixed  bool
	blocks bool
	extras []string // of a root, those installed; of a pin, those that its line asks for
	// options are the versions it may have. The first is the one it has.
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
	counted            uint32 // the last question that counted it
}

// group is a file. Nodes of different groups do not require each other.
type group struct {
	number     int
	pins       [][]int32    // nodes by name
	requiredBy [][]requirer // who requires a name as the pins are
	asking     []int32      // nodes that ask for extras as they are
	nodes      []int32
	open       openGroup
	// missing says that the metadata of some node was not fetched yet, and unread lists
	// the nodes whose metadata could not be read.
	missing bool
	unread  []int32
}

type requirer struct {
	node int32
	req  *require
}

type edgeKey struct{ group, from, to int32 }

// violatedEdge is a requirement of one node that another one violates.
type violatedEdge struct {
	from, to int32
	req      *require
}

// New returns a Solver of facts. Its needs are at first the metadata of the pins as they
// are.
func New(f *Facts) *Solver {
	c := clauses{
		f: f, envs: f.Environments, numbers: map[string]int32{}, requires: map[string]*require{},
		releases: map[releaseKey]knownRelease{}, needs: map[string]Need{}, blends: map[[2]*release]*release{}, openLists: map[int32]*releaseList{},
	}
	if len(c.envs) > 64 {
		c.envs = c.envs[:64]
	}
	c.all = 1<<len(c.envs) - 1
	if len(c.envs) == 64 {
		c.all = ^uint64(0)
	}
	return newSolver(c)
}

// newSolver returns a Solver with what is known of releases.
func newSolver(c clauses) *Solver {
	s := &Solver{answers: map[question][]*answer{}, present: present{graph: graph{clauses: c, groupAt: map[int]int32{}, violated: map[violatedEdge]uint64{}}}}
	s.addPins()
	s.addRoots()
	s.index()
	s.used = s.flood(nil, nil).used
	s.baseline()
	s.base.needs = s.trail.needs
	return s
}

// group returns the index of a group, a new one the first time.
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
		n := node{key: p.Key, name: s.number(p.Key), group: s.group(p.Group), active: p.Active & s.all, fixed: p.Fixed || p.Blocks, blocks: p.Blocks, extras: p.Extras}
		rel, known := noRequirements, Known
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
			grow(&g.pins, n.name)
			g.pins[n.name] = append(g.pins[n.name], int32(i))
		}
		rel := n.options[0].rel
		for _, r := range rel.reqs {
			grow(&g.requiredBy, r.name)
			g.requiredBy[r.name] = append(g.requiredBy[r.name], requirer{int32(i), r})
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

// pinned lists the pins of a name.
func (g *group) pinned(name int32) []int32 {
	if int(name) < len(g.pins) {
		return g.pins[name]
	}
	return nil
}

// requirers lists who requires a name as the pins are.
func (g *group) requirers(name int32) []requirer {
	if int(name) < len(g.requiredBy) {
		return g.requiredBy[name]
	}
	return nil
}

// candidates lists the options that a node may move to for the sake of another one, in
// order of preference. Majors come last, and a fixed node has none.
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

// option returns the option of a version, which it adds if it is new.
func (s *graph) option(i int32, c Candidate) int32 {
	o, added := s.addOption(i, c)
	if added {
		s.nodes[i].train = nil
	}
	return o
}

// addOption is option that also reports whether the version is new. It adds all
// candidates of the pin first, so that the number of an option does not depend on
// earlier questions.
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

// load returns an option with what it requires.
func (s *graph) load(i, o int32) *option {
	opt := &s.nodes[i].options[o]
	s.trail.visit(s.nodes[i].name)
	if opt.rel == nil {
		opt.rel, opt.known = s.release(s.nodes[i].name, opt.v, false)
	}
	s.count(&opt.counted, &opt.rel)
	return opt
}

// mayBeTaken reports whether what is known of an option permits to take it.
func (s *graph) mayBeTaken(opt *option) bool {
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
