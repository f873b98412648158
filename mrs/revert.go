package mrs

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// revertBody is the description of a merge request that takes a merge back.
func revertBody(u plan.Update, v BodyView) string {
	var b strings.Builder
	b.WriteString(marker(v.ProjectID, u.Branch, u.Note) + "\n")
	fmt.Fprintf(&b, "Takes back !%d, after which the default branch failed. Every line is as it was before that.\n", u.Reverts)
	table(&b, u.Moves, v.Home)
	for _, l := range []struct {
		head  string
		lines []string
	}{{"Adds to the file", changed(u, u.Lines, false)}, {"Removes from the file", changed(u, u.Lines, true)}} {
		if len(l.lines) > 0 {
			fmt.Fprintf(&b, "\n**%s:** %s.\n", l.head, clauses(l.lines))
		}
	}
	b.WriteString("\n**Why now:** " + why(u, v) + "\n")
	b.WriteString("\nPeople merge this. What it takes back is then not offered again until somebody ticks it on the dashboard.\n")
	b.WriteString(endMark)
	return b.String()
}
