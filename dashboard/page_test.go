package dashboard_test

import (
	"reflect"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestParseBoxes(t *testing.T) {
	a := dashboard.Box{Type: plan.BoxUnschedule, Branch: "renovate/a-1.x", Text: "Update a"}
	ticked := a
	ticked.Checked = true
	for _, tt := range []struct {
		line string
		want []dashboard.Box
	}{
		{" - [ ] <!-- unschedule-branch=renovate/a-1.x -->Update a", []dashboard.Box{a}},
		{" - [x] <!-- unschedule-branch=renovate/a-1.x -->Update a", []dashboard.Box{ticked}},
		{" - [X] <!-- unschedule-branch=renovate/a-1.x -->Update a  \r", []dashboard.Box{ticked}},
		{"- [x] <!-- unschedule-branch=renovate/a-1.x --> Update a", []dashboard.Box{ticked}},
		{"* [x] <!--unschedule-branch=renovate/a-1.x-->Update a", []dashboard.Box{ticked}},
		{"\t+   [x]  <!-- unschedule-branch=renovate/a-1.x -->Update a", []dashboard.Box{ticked}},
		{"> 1. [x] <!-- unschedule-branch=renovate/a-1.x -->Update a", []dashboard.Box{ticked}},
		{" - [~] <!-- unschedule-branch=renovate/a-1.x -->Update a", nil},
		{" - [x] Update a", nil},
		{" - [x] <!-- unschedule-branch= -->Update a", nil},
		{" - [x] <!-- unschedule-branch=a b -->Update a", nil},
		{"text - [x] <!-- unschedule-branch=a -->Update a", nil},
		{"<!-- unschedule-branch=a -->Update a", nil},
		{" - [x] <!-- rebase-all-open-prs -->**x**", []dashboard.Box{{Bulk: "rebase-all-open-prs", Checked: true, Text: "**x**"}}},
		{" - [x] <!-- manual job -->Run again", nil},
		{" - [x] <!-- create-config-migration-pr -->Select", nil},
		{" - [ ] <!-- approveGroup-branch=r/b -->[B](!1)", []dashboard.Box{{Type: "approveGroup", Branch: "r/b", Text: "[B](!1)"}}},
	} {
		if got := dashboard.Parse(tt.line).Boxes; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %+v, want %+v", tt.line, got, tt.want)
		}
	}
}

func TestParseMarker(t *testing.T) {
	for body, want := range map[string]dashboard.Marker{
		"": {},
		"<!-- pinwheel:dashboard v=1 project=21704 -->":                                {Present: true, Project: 21704},
		"my words\r\n\r\n<!--pinwheel:dashboard project=7 v=2 more=x-->":               {Present: true, Project: 7},
		"<!-- pinwheel:dashboard v=1 -->":                                              {Present: true},
		"<!-- pinwheel:dashboard v=1 project=99999999999999999999999999999 -->":        {Present: true},
		"<!-- pinwheel:mr v=1 project=1 -->":                                           {},
		"see <!-- pinwheel:dashboard v=1 project=1 -->":                                {},
		"<!-- pinwheel:dashboard project=1 -->\n<!-- pinwheel:dashboard project=2 -->": {Present: true, Project: 1},
	} {
		if got := dashboard.Parse(body).Marker; got != want {
			t.Errorf("Parse(%q) = %+v, want %+v", body, got, want)
		}
	}
}

// An issue of Renovate's own is read; its sentences are not ours to keep.
func TestParseRenovate(t *testing.T) {
	page := dashboard.Parse(strings.ReplaceAll(`Some header.

## Edited/Blocked

 - [ ] <!-- rebase-branch=renovate/a-1.x -->[Update a](!3)

## Other Branches

 - [x] <!-- other-branch=renovate/b-2.x -->Update b
 - [ ] <!-- create-all-rate-limited-prs -->🔐 **Create all rate-limited MRs at once** 🔐

## Detected dependencies

<details><summary>pip_requirements</summary>
</details>

- [ ] <!-- manual job -->Run again
`, "\n", "\r\n"))
	want := []dashboard.Box{{Type: "rebase", Branch: "renovate/a-1.x", Text: "[Update a](!3)", Line: 4},
		{Type: "other", Branch: "renovate/b-2.x", Checked: true, Text: "Update b", Line: 8},
		{Bulk: "create-all-rate-limited-prs", Text: "🔐 **Create all rate-limited MRs at once** 🔐", Line: 9}}
	if page.Marker.Present || !reflect.DeepEqual(page.Boxes, want) {
		t.Errorf("got %+v", page)
	}
}

func TestParseStopsAtManyBoxes(t *testing.T) {
	if n := len(dashboard.Parse(strings.Repeat("- [x] <!-- retry-branch=a -->\n", 5000)).Boxes); n != 2000 {
		t.Errorf("%d boxes", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(dashboard.Render(rich(), dashboard.View{ProjectID: 3}))
	f.Add(" - [x] <!-- a-branch=b -->c\r\n- [X] <!-- rebase-all-open-prs -->")
	f.Add("\x00<!-- pinwheel:dashboard project= -->\xff")
	f.Fuzz(func(t *testing.T, body string) {
		page := dashboard.Parse(body)
		lines := strings.Split(body, "\n")
		for _, b := range page.Boxes {
			if b.Line >= len(lines) || !strings.Contains(lines[b.Line], b.Branch+b.Bulk) {
				t.Fatalf("box %+v is not on its line", b)
			}
			if (b.Branch == "") == (b.Bulk == "") || (b.Type == "") != (b.Branch == "") {
				t.Fatalf("box %+v is neither or both", b)
			}
		}
		kept := dashboard.Parse(dashboard.KeepTicks(body, dashboard.Page{}, page))
		if len(kept.Boxes) != len(page.Boxes) {
			t.Fatalf("%d boxes became %d", len(page.Boxes), len(kept.Boxes))
		}
		for i, b := range page.Boxes {
			if b.Checked && !kept.Boxes[i].Checked {
				t.Fatalf("lost the tick of %+v", b)
			}
		}
		if again := dashboard.Normalise(dashboard.Normalise(body)); !dashboard.Equal(body, again) || again != dashboard.Normalise(body) {
			t.Fatalf("Normalise is not idempotent")
		}
	})
}

func TestEqual(t *testing.T) {
	for _, b := range []string{"a\nb", "a\r\nb\r\n", "a\nb\n\n ", "\na\nb", "a\x00\nb"} {
		if !dashboard.Equal("a\nb\n", b) {
			t.Errorf("%q differs", b)
		}
	}
	if dashboard.Equal("a\nb", "a \nb") {
		t.Error("white space inside counts")
	}
}

func page(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

func TestKeepTicks(t *testing.T) {
	rendered := page(" - [ ] <!-- rebase-branch=a -->[A](!1)", " - [ ] <!-- unschedule-branch=b -->B", " - [ ] <!-- unlimit-branch=c -->C", " - [ ] <!-- create-all-awaiting-schedule-prs -->all")
	before := dashboard.Parse(page("- [x] <!-- unschedule-branch=b -->B", "- [ ] <!-- unschedule-branch=a -->A"))
	now := dashboard.Parse(page("- [x] <!-- unschedule-branch=b -->B", "- [x] <!-- unschedule-branch=a -->A", "- [x] <!-- unschedule-branch=c -->C",
		"- [x] <!-- create-all-awaiting-schedule-prs -->all", "- [x] <!-- retry-branch=gone -->G"))
	// Who wants a opened does not want it made anew.
	want := page(" - [ ] <!-- rebase-branch=a -->[A](!1)", " - [ ] <!-- unschedule-branch=b -->B", " - [x] <!-- unlimit-branch=c -->C", " - [x] <!-- create-all-awaiting-schedule-prs -->all")
	if got := dashboard.KeepTicks(rendered, before, now); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := dashboard.KeepTicks(rendered, now, now); got != rendered {
		t.Errorf("ticks that were judged came back:\n%s", got)
	}
	waiting := strings.ReplaceAll(rendered, "[ ]", "[x]")
	if got := dashboard.KeepTicks(waiting, before, dashboard.Parse(rendered)); got != waiting {
		t.Errorf("a tick was taken away:\n%s", got)
	}
}
