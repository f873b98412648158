package decide

import (
	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
)

// claim makes a sentence of an edge.
func (d *pins) claim(e solve.Edge, text string) plan.Claim {
	c := plan.Claim{Text: text, From: e.From, Requirement: e.Requirement, To: e.To}
	if e.Group >= 0 && e.Group < len(d.files) {
		c.File = d.files[e.Group].Path
	}
	if !e.FromRoot {
		c.FromVersion = e.FromVersion.String()
	}
	if text != requires(e) {
		r := requirement(e, true)
		c.ToVersion, c.GoesTo = r.Pinned, r.GoesTo
	}
	return c
}
