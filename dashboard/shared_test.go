package dashboard_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// What each line of a section says stands once under its heading, and what most
// of them say where the others begin with something else. Nothing else is moved,
// and nothing is lost.
func TestWhatAllSayIsSaidOnce(t *testing.T) {
	for name, c := range map[string]struct {
		reasons []string // sentences with | between
		head    string   // what stands under the heading, empty for nothing
		rest    []string // what the lines say
	}{
		"one line":              {[]string{"Opens Sat."}, "", []string{"Opens Sat."}},
		"all the same":          {[]string{"Opens Sat.", "Opens Sat."}, "All: Opens Sat.", []string{"", ""}},
		"one sentence of two":   {[]string{"Offered.|Pipeline passed.", "Offered.|No pipeline ran."}, "All: Offered.", []string{"Pipeline passed.", "No pipeline ran."}},
		"the second of two":     {[]string{"Asked for by `a`.|It waits.", "Asked for by `b`.|It waits."}, "All: It waits.", []string{"Asked for by `a`.", "Asked for by `b`."}},
		"most of them":          {[]string{"Opens Sat.", "Opens Sat.", "Opens Sun."}, "Unless its line says otherwise: Opens Sat.", []string{"", "", "Opens Sun."}},
		"half of them":          {[]string{"Opens Sat.", "Opens Sun."}, "", []string{"Opens Sat.", "Opens Sun."}},
		"one says nothing":      {[]string{"Opens Sat.", "Opens Sat.", ""}, "", []string{"Opens Sat.", "Opens Sat.", ""}},
		"most, not as a start":  {[]string{"A.|Passed.", "B.|Passed.", "C."}, "", []string{"A. Passed.", "B. Passed.", "C."}},
		"a point inside code":   {[]string{"Rule `a. B`.|X.", "Rule `a. C`.|X."}, "All: X.", []string{"Rule `a. B`.", "Rule `a. C`."}},
		"a point in a version":  {[]string{"v1. 2 is ready.", "v1. 2 is ready."}, "All: v1. 2 is ready.", []string{"", ""}},
		"a point in a name":     {[]string{"Job `x. Y` failed. Again", "Job `x. Y` failed. Now"}, "", []string{"Job `x. Y` failed. Again.", "Job `x. Y` failed. Now."}},
		"a quick action of all": {[]string{"/close", "/close"}, "All: \\/close.", []string{"", ""}},
	} {
		p := plan.Plan{}
		for _, r := range c.reasons {
			var why plan.Reasons
			for one := range strings.SplitSeq(r, "|") {
				if one = strings.TrimSuffix(one, "."); one != "" {
					why = append(why, plan.NotUnderstood{Says: one})
				}
			}
			p.Updates = append(p.Updates, plan.Update{Branch: "pinwheel/a-1.x", Title: "Update a", State: plan.Open, Why: why, Reason: why.Markdown()})
		}
		body := dashboard.Render(p, dashboard.View{})
		_, section, _ := strings.Cut(body, "## Open\n")
		head, _, found := strings.Cut(section, "\n\n - ")
		if !found {
			head = ""
		}
		if head != c.head {
			t.Errorf("%s: under the heading stands %q, want %q", name, head, c.head)
		}
		items := strings.Split(section, "Update a")[1:]
		for i, want := range c.rest {
			_, got, _ := strings.Cut(items[i], "   — ")
			if got, _, _ = strings.Cut(got, "\n"); got != want {
				t.Errorf("%s: line %d says %q, want %q", name, i, got, want)
			}
		}
	}
}

// Lines in line stand in the order of their turns, behind those that are not, and
// say neither their number nor what they wait for.
func TestLinesInLineStandInTheirOrder(t *testing.T) {
	p := plan.Plan{}
	for i, name := range []string{"c", "b", "a"} {
		p.Updates = append(p.Updates, plan.Update{Branch: "pinwheel/" + name + "-1.x", Title: "Update " + name + " to v2.0", State: plan.RateLimited, Kind: plan.Major,
			Moves: []plan.Move{move(name, "1.0", "2.0")}, Place: 3 - i, Waits: "while 4 merge requests are open", Since: day("2026-11-14 12:00"),
			Reason: "Number N in line while 4 merge requests are open, old enough since 2026-11-14."})
	}
	p.Updates = append(p.Updates, plan.Update{Branch: "pinwheel/z-1.x", Title: "Update z", State: plan.RateLimited, Reason: "Asked for, and carried out when its index answers."})
	body := dashboard.Render(p, dashboard.View{})
	_, section, _ := strings.Cut(body, "## Rate-Limited\n")
	want := `Unless its line says otherwise: in line while 4 merge requests are open, in this order. A date at the end of a line says since when a newer release has been old enough.

 - [ ] <!-- unlimit-branch=pinwheel/z-1.x -->Update z
   — Asked for, and carried out when its index answers.
 - [ ] <!-- unlimit-branch=pinwheel/a-1.x -->Update a to v2.0
   — from 1.0, major, 2026-11-14.
 - [ ] <!-- unlimit-branch=pinwheel/b-1.x -->Update b to v2.0
   — from 1.0, major, 2026-11-14.
 - [ ] <!-- unlimit-branch=pinwheel/c-1.x -->Update c to v2.0
   — from 1.0, major, 2026-11-14.
`
	if !strings.HasPrefix(section, want) {
		t.Errorf("have\n%s\nwant\n%s", section, want)
	}
	p.Updates = p.Updates[2:3]
	if one := dashboard.Render(p, dashboard.View{}); !strings.Contains(one, "   — from 1.0, major. Number N in line while 4 merge requests are open, old enough since 2026-11-14.\n") {
		t.Errorf("one line alone does not say its number:\n%s", one)
	}
}
