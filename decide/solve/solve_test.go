package solve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// show writes moves as "a 2, b 3".
func (w *world) show(moves []Move) string {
	var out []string
	for _, m := range moves {
		out = append(out, w.facts.Pins[m.Pin].Key+" "+m.To.String())
	}
	return strings.Join(out, ", ")
}

// showEdges writes edges as "a 2 requires b<2, is 3".
func showEdges(list []Edge) string {
	var out []string
	for _, e := range list {
		s := e.From
		if !e.FromRoot {
			s += " " + e.FromVersion.String()
		}
		if e.Extra != "" {
			s += " (" + e.Extra + ")"
		}
		s += " requires " + e.Requirement
		if e.ToMissing {
			s += ", none fits"
		} else {
			s += ", is " + e.ToVersion.String()
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestSlotsMeetInTheirEnvironments(t *testing.T) {
	w := parseWorld(t, "envs\na 1:\na 2: b>=2; python_version >= \"3.10\"\nb 1:\nb 2:\nb 3:\n= a 1\n= b 1\n= b 2")
	w.facts.Pins[1].Active, w.facts.Pins[2].Active = 1, 2
	s := w.solver(t)
	if r := s.Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2" {
		t.Errorf("%s %v: the slot of 3.12 is new enough", r.Status, r.Moves)
	}
	w.facts.Pins[1].Active, w.facts.Pins[2].Active = 2, 1
	s = w.solver(t)
	if r := s.Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2, b 3" || r.Moves[1].Pin != 1 || r.Why[0].Environment != 1 {
		t.Errorf("%s %v %v", r.Status, r.Moves, r.Why)
	}
	w.facts.Pins[1].Active = 0
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2" || len(r.Along) != 1 {
		t.Errorf("%s %v along %v: b has no pin for 3.12", r.Status, r.Moves, r.Along)
	}
}

func TestGroupsDoNotMeet(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2: b>=2\nb 1:\n= a 1\n= b 1")
	w.facts.Pins[1].Group = 3
	r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{})
	if r.Status != Held || r.Why[0].ToMissing != true {
		t.Errorf("%s %v: in its own file b is not pinned, and none is new enough", r.Status, r.Why)
	}
	w.facts.Pins[1].Group = 0
	w.facts.Pins = append(w.facts.Pins, w.facts.Pins[0])
	w.facts.Pins[2].Group = 3
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Held || len(r.Why) != 1 || r.Why[0].To != "b" {
		t.Errorf("%s %v", r.Status, r.Why)
	}
}

func TestConfiguredExtras(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2: b>=2; extra == \"x-y\"\nb 1:\nb 2:\n= a 1\n= b 1")
	w.facts.Extras = map[string][]string{"a": {"X_Y"}}
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2, b 2" {
		t.Errorf("%s %v", r.Status, r.Moves)
	}
}

func TestRootExtras(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2:\n= a 1\nroot r: a<2; extra == \"old\"")
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Solved {
		t.Errorf("%s %v", r.Status, r.Why)
	}
	w.facts.Roots[0].Extras = []string{"old"}
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Held {
		t.Errorf("%s %v", r.Status, r.Moves)
	}
}

func TestIgnoredEdges(t *testing.T) {
	w := parseWorld(t, "a 1: b<2\na 2: b<2\nb 1:\nb 2:\n= a 1\n= b 1")
	only, _ := pep440.ParseSpecifiers("<1")
	w.facts.IgnoreEdges = []IgnoredEdge{{From: "A", To: "B", FromVersion: only}}
	if r := w.solver(t).Reach([]Goal{w.goal("b")}, Options{}); r.Status != Held {
		t.Errorf("of other versions: %s", r.Status)
	}
	w.facts.IgnoreEdges = []IgnoredEdge{{From: "A", To: "B"}}
	if r := w.solver(t).Reach([]Goal{w.goal("b")}, Options{}); r.Status != Solved {
		t.Errorf("of every version: %s %v", r.Status, r.Why)
	}
}

func TestOptions(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2: b>=1.5\nb 1:\nb 1.5: c>=2\nb 2:\nc 1:\nc 2:\n= a 1\n= b 1\n= c 1")
	s := w.solver(t)
	if r := s.Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2, b 2" {
		t.Errorf("%s %v: a small set is worth a major", r.Status, w.show(r.Moves))
	}
	if r := s.Reach([]Goal{w.goal("a")}, Options{NoMajor: true}); r.Status != Held {
		t.Errorf("%s %v: c 2 is a major", r.Status, w.show(r.Moves))
	}
	w.facts.Pins[2].Up[0].Major = false
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{NoMajor: true}); w.show(r.Moves) != "a 2, b 1.5, c 2" || !r.Moves[0].Major {
		t.Errorf("%s %v: the goal itself may be a major", r.Status, r.Moves)
	}
	w.facts.Pins[2].Up[0].Young = true
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{NoMajor: true, NoYoung: true}); r.Status != Held {
		t.Errorf("%s %v: c 2 is too young", r.Status, w.show(r.Moves))
	}
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{Nodes: 1, NoMajor: true}); r.Status != GaveUp {
		t.Errorf("%s with a budget of one state", r.Status)
	}
}

func TestTheOwnLineComesFirst(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2: b>=1.5\nb 1:\nb 1.5:\nb 2:\n= a 1\n= b 1")
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); w.show(r.Moves) != "a 2, b 1.5" {
		t.Errorf("%s %v", r.Status, w.show(r.Moves))
	}
}

func TestAYankedPinMayGoBack(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2:\nb 1: a>=1\n= a 2\n= b 1")
	down := []Candidate{{Version: version(t, "1"), Down: true}}
	r := w.solver(t).Reach([]Goal{{Pin: 0, To: down}}, Options{})
	if w.show(r.Moves) != "a 1" || !r.Moves[0].Down {
		t.Errorf("%s %v", r.Status, r.Moves)
	}
	// Nobody else goes back for another's sake.
	w = parseWorld(t, "a 1:\na 2: b<2\nb 1:\nb 2:\n= a 1\n= b 2")
	w.facts.Pins[1].Up = []Candidate{{Version: version(t, "1"), Down: true}}
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Held {
		t.Errorf("%s %v", r.Status, w.show(r.Moves))
	}
}

func TestSeveralGoals(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2:\na 3: b<3\nb 1:\nb 2:\nb 3: a<3\n= a 1\n= b 1")
	s := w.solver(t)
	if r := s.Reach([]Goal{w.goal("a"), w.goal("b")}, Options{}); w.show(r.Moves) != "a 3, b 2" || len(r.Lowered) != 1 ||
		w.facts.Pins[r.Lowered[0].Pin].Key != "b" {
		t.Errorf("%s %s, lowered %v", r.Status, w.show(r.Moves), r.Lowered)
	}
	if r := s.Reach([]Goal{w.goal("b"), w.goal("a")}, Options{}); w.show(r.Moves) != "a 2, b 3" {
		t.Errorf("%s %s", r.Status, w.show(r.Moves))
	}
	if r := s.Reach(nil, Options{}); r.Status != Held {
		t.Errorf("no goals: %s", r.Status)
	}
	if r := s.Reach([]Goal{{Pin: 0}}, Options{}); r.Status != Held {
		t.Errorf("a goal without candidates: %s", r.Status)
	}
	if r := s.Reach([]Goal{{Pin: 9, To: w.facts.Pins[0].Up}}, Options{}); r.Status != Held {
		t.Errorf("a goal that is no pin: %s", r.Status)
	}
}

func TestRootsSayWhatIsNeeded(t *testing.T) {
	w := parseWorld(t, "a 1: old\na 2: fresh\nold 1: older\nolder 1:\nfresh 1: fresher\nfresher 1:\nlonely 1:\nroot r: a\n= a 1\n= old 1\n= older 1\n= lonely 1")
	r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{})
	if r.Status != Solved || !slices.Equal(r.Unneeded, []int{1, 2}) {
		t.Errorf("%s, unneeded %v: old and older go, lonely was not needed before", r.Status, r.Unneeded)
	}
	if len(r.Along) != 2 || r.Along[0].Key != "fresh" || r.Along[1].Key != "fresher" || r.Along[1].By.From != "fresh" {
		t.Errorf("along %v", r.Along)
	}
	// By way of a name without a pin something stays needed.
	w = parseWorld(t, "a 1: old\na 2: u\nold 1:\nu 1: old\nroot r: a\n= a 1\n= old 1")
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Solved || len(r.Unneeded) != 0 {
		t.Errorf("%s, unneeded %v", r.Status, r.Unneeded)
	}
	// An extra reaches, too.
	w = parseWorld(t, "a 1: b[x]\na 2: b\nb 1: old; extra == \"x\"\nold 1:\nroot r: a\n= a 1\n= b 1\n= old 1")
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); !slices.Equal(r.Unneeded, []int{2}) {
		t.Errorf("%s, unneeded %v", r.Status, r.Unneeded)
	}
}

func TestConflictsAddedRemoved(t *testing.T) {
	w := parseWorld(t, "envs\na 1: b<1, c>=2; python_version >= \"3.10\"\na 2: b>=1\nb 1: u\nb 2: d>=2\nc 1:\nd 1:\nroot r: d>=5\n= a 1\n= b 1\n= c 1\n= d 1")
	s := w.solver(t)
	if got, want := showEdges(s.Conflicts()), "a 1 requires b<1, is 1; a 1 requires c>=2, is 1; b 1 requires u, none fits; r requires d>=5, is 1"; got != want {
		t.Errorf("conflicts %s\nwant %s", got, want)
	}
	if e := s.Conflicts()[1].Environment; e != 1 {
		t.Errorf("c is asked for in environment %d", e)
	}
	to := func(i int, v string) Move { return Move{Pin: i, To: version(t, v)} }
	if got, want := showEdges(s.Added([]Move{to(1, "2")})), "a 1 requires b<1, is 2; b 2 requires d>=2, is 1"; got != want {
		t.Errorf("added %s", got)
	}
	if got, want := showEdges(s.Removed([]Move{to(0, "2")})), "a 1 requires b<1, is 1; a 1 requires c>=2, is 1"; got != want {
		t.Errorf("removed %s", got)
	}
	if u := s.Unpinned(); len(u) != 1 || u[0].Key != "u" || u[0].By.From != "b" {
		t.Errorf("unpinned %v", u)
	}
	if got := s.Added(nil); got != nil {
		t.Errorf("nothing adds %v", got)
	}
	if got := s.Added([]Move{to(7, "1"), to(-1, "1")}); got != nil {
		t.Errorf("moves of no pin add %v", got)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2:\nb 1: a>=1\nb 2: a>=1\nc 1:\nc 2: u\nu 1:\n= a 1\n= b 1\n= c 1")
	w.wire(t)
	metadata, releases := w.facts.Metadata, w.facts.Releases
	lost := "b 2"
	w.facts.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		if key+" "+v.String() == lost {
			return nil, NotChecked
		}
		return metadata(key, v)
	}
	r := w.solver(t).Reach([]Goal{w.goal("b")}, Options{})
	if r.Status != Unread || !slices.Equal(r.Names, []string{"b"}) {
		t.Errorf("%s %v", r.Status, r.Names)
	}
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Solved {
		t.Errorf("another package: %s %v", r.Status, r.Names)
	}
	lost = "b 1"
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Unread || !slices.Equal(r.Names, []string{"b"}) {
		t.Errorf("b as it is: %s %v", r.Status, r.Names)
	}
	lost = ""
	w.facts.Releases = func(string) ([]pep440.Version, Knowledge) { return nil, NotChecked }
	if r := w.solver(t).Reach([]Goal{w.goal("c")}, Options{}); r.Status != Unread || !slices.Equal(r.Names, []string{"u"}) {
		t.Errorf("the releases of u: %s %v", r.Status, r.Names)
	}
	w.facts.Releases = releases
	if r := w.solver(t).Reach([]Goal{w.goal("c")}, Options{}); r.Status != Solved {
		t.Errorf("then: %s", r.Status)
	}
}

func TestUnverifiedIsSaid(t *testing.T) {
	w := parseWorld(t, "a 1:\na 2: ?\n= a 1")
	w.facts.Unverified = true
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Solved || !slices.Equal(r.Unverified, []string{"a"}) {
		t.Errorf("%s %v", r.Status, r.Unverified)
	}
}

func TestNeedsComeInFewRounds(t *testing.T) {
	w := parseWorld(t, "a 1: b==1\na 2: b==2\nb 1:\nb 2:\nc 1:\nc 2: u\nd 1:\nu 1: v\nu 2: v\nv 1:\n= a 1\n= b 1\n= c 1\n= d 1")
	w.asked = map[Need]bool{}
	s := w.solver(t)
	if n := s.Missing(); len(n) != 4 || n[0].Key != "a" || n[3].Key != "d" {
		t.Errorf("at first %v", n)
	}
	var last Result
	w.settled(t, func(s *Solver) {
		for _, name := range []string{"a", "b", "c"} {
			last = s.Reach([]Goal{w.goal(name)}, Options{})
		}
	})
	// The pins and what they want to be; then u, u 2, v, v 1.
	if w.rounds != 6 || w.reads != 4+3+4 || last.Status != Solved {
		t.Errorf("%d rounds, %d reads, %s", w.rounds, w.reads, last.Status)
	}
}

func TestALongTrainIsBisected(t *testing.T) {
	text := ""
	for v := range 500 {
		text += fmt.Sprintf("lead 1.%d: core>=1.%d,<1.%d\n", v, v, v+1)
	}
	for v := range 500 {
		text += fmt.Sprintf("core 1.%d:\n", v)
	}
	w := parseWorld(t, text+"cap 1: core<1.400\n= lead 1.20\n= core 1.20\n= cap 1")
	w.asked = map[Need]bool{}
	for _, name := range []string{"core", "lead"} {
		var r Result
		w.settled(t, func(s *Solver) { r = s.Reach([]Goal{w.goal(name)}, Options{}) })
		if got := w.show(r.Moves); got != "lead 1.399, core 1.399" {
			t.Errorf("%s: %s %s", name, r.Status, got)
		}
	}
	if w.reads > 3+12+12 {
		t.Errorf("%d reads", w.reads)
	}
	t.Logf("%d reads", w.reads)
}

func TestAThousandExtras(t *testing.T) {
	text := "a 1:\na 2: a[x0]; extra == \"all\""
	for i := range 1000 {
		text += fmt.Sprintf(", a[x%d]; extra == \"x%d\", b%d>=2; extra == \"x%d\"", i+1, i, i%3, i)
	}
	w := parseWorld(t, text+"\nb0 1:\nb1 1:\nb2 1:\nb2 2:\nroot r: a[all]\n= a 1\n= b0 1\n= b1 1\n= b2 2")
	r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{})
	if r.Status != Held || len(r.Why) == 0 {
		t.Errorf("%s %v", r.Status, r.Why)
	}
	many := "a 2: b>=2; extra == \"x0\""
	for i := range 3000 {
		many += fmt.Sprintf(" or extra == \"x%d\"", i)
	}
	w = parseWorld(t, "a 1:\n"+many+"\nb 1:\nroot r: a[x7]\n= a 1\n= b 1")
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Held {
		t.Errorf("%s", r.Status)
	}
}

func TestTheZeroFactsAreAnswered(t *testing.T) {
	s := New(&Facts{})
	if s.Conflicts() != nil || s.Unpinned() != nil || len(s.Missing()) != 0 || s.Reach([]Goal{{}}, Options{}).Status != Held {
		t.Error("there is something in nothing")
	}
	env := make([]pep508.Environment, 70)
	s = New(&Facts{Environments: env, Pins: []Pin{{Key: "a", Version: version(t, "1"), Active: ^uint64(0), Up: []Candidate{{Version: version(t, "2")}}}}, Unverified: true})
	if r := s.Reach([]Goal{{Pin: 0, To: []Candidate{{Version: version(t, "2")}}}}, Options{}); r.Status != Solved {
		t.Errorf("%s", r.Status)
	}
}

func TestReleasesAreAdmittedByEnvironment(t *testing.T) {
	w := parseWorld(t, "envs\na 1:\na 2: u\nu 1:\nu 2: b>=2\nb 1:\n= a 1\n= b 1")
	w.facts.Admits = func(_ string, v pep440.Version) uint64 {
		if v.String() == "1" {
			return 1
		}
		return 3
	}
	r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{})
	if got, want := showEdges(r.Why), "u 2 requires b>=2, is 1"; r.Status != Held || got != want || r.Why[0].Environment != 1 {
		t.Errorf("%s %v: only u 2 is for the second environment", r.Status, r.Why)
	}
	w.facts.Admits = func(string, pep440.Version) uint64 { return 3 }
	if r := w.solver(t).Reach([]Goal{w.goal("a")}, Options{}); r.Status != Solved || r.Along[0].Version.String() != "1" {
		t.Errorf("%s %v", r.Status, r.Along)
	}
}
