package decide

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// What a plan says that a release requires its metadata say, and what it says
// of its own moves they bear out: nothing has to be left out of a text. Where it
// says that a pin stands, there a file has it.
func TestEveryClaimOfAPlanIsTrue(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	said, pinned := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := arbitrary(t, rt)
		p := Decide(s)
		texts := []any{p, Verify(s)}
		for key := range s.Packages {
			texts = append(texts, Explain(s, key))
		}
		untrue, n := falsePins(t, &s, texts...)
		if pinned += n; len(untrue) > 0 {
			rt.Fatalf("said of no file: %q, the file is %s", untrue, s.Files[0].Data)
		}
		for _, u := range p.Updates {
			all := slices.Concat(u.Together, u.Cures, u.Leaves)
			for _, l := range slices.Concat(u.Lines, u.Along) {
				if l.By.Text != "" {
					all = append(all, l.By)
				}
			}
			for _, c := range all {
				said++
				if !u.True(c) {
					rt.Fatalf("%s says %+v, and moves %v", u.Branch, c, moved(u))
				}
				if !slices.ContainsFunc(s.Metadata[c.From][c.FromVersion].Requires, func(r pep508.Requirement) bool { return r.String() == c.Requirement }) {
					rt.Fatalf("%s says %+v, and %s requires %v", u.Branch, c, c.From, s.Metadata[c.From][c.FromVersion].Requires)
				}
			}
		}
	})
	if said == 0 || pinned == 0 {
		t.Errorf("%d claims, and %d pins were said to stand somewhere", said, pinned)
	}
}
