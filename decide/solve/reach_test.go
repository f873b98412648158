package solve

import (
	"strings"
	"testing"
)

func TestReach(t *testing.T) {
	for _, c := range []struct {
		name, world, goal string
		want              string // the moves, or the status with the edges that hold it
		why               string
	}{
		{"alone", "a 1:\na 2:\n= a 1", "a", "a 2", ""},
		{
			"a pair in lock-step", "a 1: b==1\na 2: b==2\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2, b 2", "a 2 requires b==2, is 1",
		},
		{
			"the other of the pair", "a 1: b==1\na 2: b==2\nb 1:\nb 2:\n= a 1\n= b 1", "b",
			"a 2, b 2", "a 1 requires b==1, is 2",
		},
		{
			"a trio", "a 1: b==1\na 2: b==2\nb 1: c==1\nb 2: c==2\nc 1:\nc 2:\n= a 1\n= b 1\n= c 1", "a",
			"a 2, b 2, c 2", "a 2 requires b==2, is 1; b 2 requires c==2, is 1",
		},
		{
			"a wall", "a 1: b<2\nb 1:\nb 2:\n= a 1\n= b 1", "b",
			"held: a 1 requires b<2, is 2", "",
		},
		{
			"a wall that lets something through", "a 1: b<3\nb 1:\nb 2:\nb 3:\n= a 1\n= b 1", "b",
			"b 2", "",
		},
		{
			"a wall behind a wall", "a 1:\na 2: b>=2\nb 1:\nb 2:\nc 1: b==1\n= a 1\n= b 1\n= c 1", "a",
			"held: a 2 requires b>=2, is 1; c 1 requires b==1, is 2", "",
		},
		{
			"the smaller set", "a 1:\na 2: b>=2\nb 1:\nb 2:\nb 3: c>=2\nc 1:\nc 2:\n= a 1\n= b 1\n= c 1", "a",
			"a 2, b 2", "a 2 requires b>=2, is 1",
		},
		{
			"a diamond", "a 1:\na 2: b>=2, c>=2\nb 1:\nb 2: d>=2\nc 1:\nc 2: d<3\nd 1:\nd 2:\nd 3:\n= a 1\n= b 1\n= c 1\n= d 1", "a",
			"a 2, b 2, c 2, d 2", "a 2 requires b>=2, is 1; a 2 requires c>=2, is 1; b 2 requires d>=2, is 1",
		},
		{
			"a cycle", "a 1: b==1\na 2: b==2\nb 1: a==1\nb 2: a==2\n= a 1\n= b 1", "a",
			"a 2, b 2", "a 2 requires b==2, is 1",
		},
		{"itself", "a 1:\na 2: a>=1\n= a 1", "a", "a 2", ""},
		{"not itself", "a 1:\na 2: a<2\n= a 1", "a", "held: a 2 requires a<2, is 2", ""},
		{
			"a marker that does not hold", "a 1:\na 2: b>=2; python_version >= \"3.10\"\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2", "",
		},
		{
			"a marker that holds in the second environment", "envs\na 1:\na 2: b>=2; python_version >= \"3.10\"\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2, b 2", "a 2 requires b>=2, is 1",
		},
		{
			"a marker that cannot be evaluated", "a 1:\na 2: b>=2; implementation_name === \"pypy\"\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2, b 2", "a 2 requires b>=2, is 1",
		},
		{
			"an extra that nobody uses", "a 1:\na 2: b>=2; extra == \"x\"\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2", "",
		},
		{
			"an extra that a pin uses", "a 1:\na 2: b>=2; extra == \"x\"\nb 1:\nb 2:\nc 1: a[x]\n= a 1\n= b 1\n= c 1", "a",
			"a 2, b 2", "a 2 (x) requires b>=2, is 1",
		},
		{
			"an extra of an extra", "a 1:\na 2: b[y]; extra == \"x\"\nb 1: d>=2; extra == \"y\"\nd 1:\nd 2:\nc 1: a[x]\n= a 1\n= b 1\n= c 1\n= d 1", "a",
			"a 2, d 2", "b 1 (y) requires d>=2, is 1",
		},
		{
			"an extra of itself", "a 1:\na 2: a[x]; extra == \"all\", b>=2; extra == \"x\"\nb 1:\nb 2:\nroot r: a[all]\n= a 1\n= b 1", "a",
			"a 2, b 2", "a 2 (x) requires b>=2, is 1",
		},
		{
			"an extra that another version asks for no more", "a 1:\na 2: b>=2; extra == \"x\"\nb 1:\nc 1: a[x]\nc 2: a\n= a 1\n= b 1\n= c 1", "a",
			"a 2, c 2", "a 2 (x) requires b>=2, is 1",
		},
		{
			"a root stands fast", "a 1:\na 2:\nroot r: a<2\n= a 1", "a",
			"held: r requires a<2, is 2", "",
		},
		{
			"a new name that fits", "a 1:\na 2: u>=1\nu 1:\nu 2: b>=2\nb 1:\n= a 1\n= b 1", "a",
			"a 2 along u 1", "",
		},
		{
			"a new name that does not fit", "a 1:\na 2: u>=2\nu 1:\nu 2: b>=2\nb 1:\n= a 1\n= b 1", "a",
			"held: u 2 requires b>=2, is 1", "",
		},
		{
			"a new name that makes a pin move", "a 1:\na 2: u>=2\nu 1:\nu 2: b>=2\nb 1:\nb 2:\n= a 1\n= b 1", "a",
			"a 2, b 2 along u 2", "u 2 requires b>=2, is 1",
		},
		{
			"a new name that the index does not know", "a 1:\na 2: u\n= a 1", "a",
			"held: a 2 requires u, none fits", "",
		},
		{
			"a new name with needs of its own", "a 1:\na 2: u\nu 1: v<2\nu 2: v>=2\nv 1:\nv 2: b>=2\nb 1:\n= a 1\n= b 1", "a",
			"a 2 along u 1, v 1", "",
		},
		{
			"a name without a pin must go on fitting", "a 1:\na 2:\nu 1: a<2\nu 2: a<2\nb 1: u\n= a 1\n= b 1", "a",
			"held: u 2 requires a<2, is 2", "",
		},
		{
			"a name without a pin that gives way", "a 1:\na 2:\nu 1:\nu 2: a<2\nb 1: u\n= a 1\n= b 1", "a",
			"a 2", "",
		},
		{
			"what fitted nowhere before", "a 1: u>=5\na 2: u>=6\nu 1:\n= a 1", "a",
			"held: a 2 requires u>=6, none fits", "",
		},
		{
			"a conflict that would stay", "a 1: b<1\na 2: b<1\nb 1:\n= a 1\n= b 1", "a",
			"held: a 2 requires b<1, is 1", "",
		},
		{
			"a conflict of others", "a 1:\na 2:\nb 1: c<1\nc 1:\n= a 1\n= b 1\n= c 1", "a",
			"a 2", "",
		},
		{
			"a conflict of others whose end would move", "a 1:\na 2: c>=2\nb 1: c<1\nc 1:\nc 2:\n= a 1\n= b 1\n= c 1", "a",
			"held: a 2 requires c>=2, is 1; b 1 requires c<1, is 2", "",
		},
		{
			"a chain of three that was broken", "a 1: b<1\na 2: b==2\nb 1: c<1\nb 2: c==2\nb 3: c==2\nc 1:\nc 2:\nc 3:\n= a 1\n= b 1\n= c 1", "c",
			"a 2, b 2, c 2", "b 1 requires c<1, is 2; a 1 requires b<1, is 2",
		},
		{
			"of two sets the one that cures", "a 1:\na 2: b>=2\nb 1:\nb 2: c==2\nb 3:\nc 1:\nc 2:\nd 1: b!=3, c>=2\nd 2: c>=2, b<3\n= a 1\n= b 1\n= c 1\n= d 1", "a",
			"a 2, b 2, c 2", "a 2 requires b>=2, is 1; b 2 requires c==2, is 1",
		},
		{"requirements nobody can tell", "a 1:\na 2: ?\n= a 1", "a", "held: ", ""},
		{"requirements nobody can tell, of the newest", "a 1:\na 2:\na 3: ?\n= a 1", "a", "a 2", ""},
		{"a thing at a place", "a 1:\na 2: b @ https://example.org/b.whl\nb 1:\n= a 1\n= b 1", "a", "a 2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := parseWorld(t, c.world)
			s := w.solver(t)
			r := s.Reach([]Goal{w.goal(c.goal)}, Options{})
			got := w.show(r.Moves)
			if len(r.Along) > 0 {
				var along []string
				for _, a := range r.Along {
					along = append(along, a.Key+" "+a.Version.String())
				}
				got += " along " + strings.Join(along, ", ")
			}
			if r.Status != Solved {
				got = string(r.Status) + ": " + showEdges(r.Why)
			}
			if got != c.want {
				t.Errorf("got %s (why %s), want %s", got, showEdges(r.Why), c.want)
			}
			if r.Status == Solved && showEdges(r.Why) != c.why {
				t.Errorf("why %s, want %s", showEdges(r.Why), c.why)
			}
			if added := s.Added(r.Moves); len(added) > 0 {
				t.Errorf("added %s", showEdges(added))
			}
		})
	}
}
