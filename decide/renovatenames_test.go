package decide

import (
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Branches and titles are those of Renovate, byte for byte: what it left is continued under
// them. The goldens are what Renovate itself called them; tools/renovate made them once.
func TestNamesAndTitlesAreRenovates(t *testing.T) {
	data, err := os.ReadFile("../plan/testdata/renovate/names.tsv")
	if err != nil {
		t.Fatal(err)
	}
	packages, calendars, groups := 0, 0, 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("%q has %d fields", line, len(f))
		}
		branch, heading, members := f[0], f[1], strings.Split(f[2], ", ")
		if len(members) > 1 {
			groups++
			name := strings.TrimPrefix(heading, "Update ")
			if err := plan.CheckGroup(name); err != nil {
				t.Errorf("the group %q is refused: %v", name, err)
			}
			if got := plan.GroupBranch("renovate/", name); got != branch {
				t.Errorf("the branch of the group %q is %s, and Renovate's is %s", name, got, branch)
			}
			if got := plan.GroupTitle(name); got != heading {
				t.Errorf("the title of the group %q is %q, and Renovate's is %q", name, got, heading)
			}
			continue
		}
		packages++
		step := strings.Fields(members[0])
		from, err := pep440.Parse(step[1])
		if err != nil {
			t.Fatal(err)
		}
		to, err := pep440.Parse(step[2])
		if err != nil {
			t.Fatal(err)
		}
		kind := kindOf(from, to)
		if isCalendar(to, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) || isCalendar(to, time.Date(2025, 5, 7, 0, 0, 0, 0, time.UTC)) {
			kind = plan.Calendar
			calendars++
		}
		if got := plan.BranchName("renovate/", step[0], to.Major()); got != branch {
			t.Errorf("the branch of %s is %s, and Renovate's is %s", members[0], got, branch)
		}
		dr := &offer{form: plan.TitleForm{}.Majors(), Update: plan.Update{Name: step[0], Kind: kind, Moves: []plan.Move{{Key: step[0], From: step[1], To: step[2]}}}}
		if got := dr.heading(); got != heading {
			t.Errorf("the title of %s is %q, and Renovate's is %q", members[0], got, heading)
		}
	}
	if packages < 100 || calendars < 2 || groups < 5 {
		t.Errorf("only %d packages, %d of them with calendar versions, and %d groups were compared", packages, calendars, groups)
	}
}
