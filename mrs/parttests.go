package mrs

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// partTests writes the table of what was tested of a batch that is taken apart. It is for
// people: nothing reads it back.
func partTests(b *strings.Builder, all []plan.PartTest) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\nIt is red, so its parts are tested in merge requests of their own until it is known which ones break it.\n")
	b.WriteString("\n| Pipeline of | Tests | Result |\n|---|---|---|\n")
	for i, t := range all {
		if i == maxRows {
			fmt.Fprintf(b, "\n%d more.\n", len(all)-i)
			break
		}
		of, what := fmt.Sprintf("!%d", t.MR), cells(t.Packages)
		if t.MR == 0 {
			of, what = "this one", fmt.Sprintf("all %d", t.All)
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", of, what, ending(t))
	}
}

// ending says how a pipeline of a part ended.
func ending(t plan.PartTest) string {
	switch t.Result {
	case plan.Unsettled:
		return "under way"
	case plan.Failed:
		if len(t.Jobs) > 0 {
			return "failed in " + cells(t.Jobs)
		}
		return "failed"
	case plan.Passed:
		return "passed"
	case plan.Canceled, plan.Skipped, plan.None:
	}
	return "did not run"
}

// mostNames is how many names a cell has.
const mostNames = 20

// cells names what strangers named, in a cell.
func cells(names []string) string {
	var out []string
	for i, name := range names {
		if i == mostNames {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(names)-i)
		}
		out = append(out, text.CodeCell(name))
	}
	return strings.Join(out, ", ")
}
