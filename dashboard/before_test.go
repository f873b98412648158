package dashboard_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// written is a page as the version of 2026-11-28 wrote it. These files are never
// written anew: dashboards of that version are in the field.
func written(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "before-"+name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func unnumbered(boxes []dashboard.Box) []dashboard.Box {
	out := slices.Clone(boxes)
	for i := range out {
		out[i].Line = 0
	}
	slices.SortFunc(out, func(a, b dashboard.Box) int { return strings.Compare(a.Branch+a.Bulk, b.Branch+b.Bulk) })
	return out
}

// What a page of the version before offers is offered in the same words, whatever
// else is said now: texts of boxes decide who asked for what.
func TestAPageOfTheVersionBeforeIsRead(t *testing.T) {
	old, now := dashboard.Parse(written(t, "rich")), dashboard.Parse(dashboard.Render(rich(), richView(t)))
	if got, want := unnumbered(old.Boxes), unnumbered(now.Boxes); !slices.Equal(got, want) || len(want) < 12 {
		t.Errorf("boxes of before %v\nand of now %v", got, want)
	}
	if old.Marker != now.Marker || !old.Marker.Present {
		t.Errorf("markers %v and %v", old.Marker, now.Marker)
	}

	many := dashboard.Parse(written(t, "many"))
	if len(many.Boxes) != 76 || len(many.Samples) != 1 || many.Marker.Project != 10011 {
		t.Errorf("%d boxes, %d samples, project %d", len(many.Boxes), len(many.Samples), many.Marker.Project)
	}
	states := map[plan.State]int{}
	for _, s := range dashboard.Shown(written(t, "many")) {
		states[s]++
	}
	if states[plan.RateLimited] != 61 || states[plan.Maturing] != 3 || len(states) != 2 {
		t.Errorf("states %v", states)
	}
	if n := len(dashboard.Listed(written(t, "many"), "create-all-rate-limited-prs")); n != 61 {
		t.Errorf("a bulk box stands for %d lines", n)
	}
}

// A tick on a page of the version before counts, and stays when that page is
// written in the new words.
func TestATickOnAPageOfTheVersionBeforeCounts(t *testing.T) {
	last := written(t, "rich")
	const box = "<!-- unlimit-branch=renovate/kubernetes-31.x -->Update dependency kubernetes to v31.0.2"
	ticked := strings.Replace(last, "[ ] "+box, "[x] "+box, 1)
	got := dashboard.Attribute(dashboard.Parse(ticked), dashboard.History{
		Bot: bot, LastBody: last, Notes: []dashboard.Note{item(7, erin, "unlimit-branch=renovate/kubernetes-31.x Update dependency kubernetes to v31.0.2", done)},
		Waiting: map[string]plan.Tick{"renovate/certifi-2026.x": {}},
	})
	if len(got.Ticks) != 1 || got.Ticks[0].By != erin || !got.Ticks[0].Rendered || got.Ticks[0].Branch != "renovate/kubernetes-31.x" || len(got.Withdrawn) > 0 {
		t.Errorf("%+v", got)
	}
	kept := dashboard.KeepTicks(dashboard.Render(rich(), richView(t)), dashboard.Parse(last), dashboard.Parse(ticked))
	if !strings.Contains(kept, "[x] "+box) || strings.Count(kept, "[x]") != 2 {
		t.Errorf("the tick is lost in\n%s", kept)
	}
}
