package dashboard_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestGolden(t *testing.T) {
	golden(t, "rich", dashboard.Render(rich(), richView(t)))
	golden(t, "empty", dashboard.Render(plan.Plan{Pins: 2, Standings: standing(2, plan.StandsCurrent), MaxOpen: 10, Window: plan.WindowView{Inside: true, Opens: day("2026-11-27 23:00"), Closes: day("2026-11-29 23:00")},
		Current: []plan.Pin{{File: "constraints.txt", Name: "six", Version: "1.17.0"}, {File: "constraints.txt", Name: "ply", Version: "3.11"}}}, dashboard.View{ProjectID: 1}))
	golden(t, "stopped", dashboard.Render(plan.Plan{Problems: []plan.Problem{{File: "constraints.txt", Line: 14, Stopping: true,
		Text: "pip refuses `requests=2.31`: expected a version specifier", Next: "Write == or remove the line"}}, Updates: rich().Updates}, dashboard.View{ProjectID: 1}))
	partly := rich()
	partly.Updates, partly.Requests, partly.Why = partly.Updates[:1], nil, nil
	partly.Problems = []plan.Problem{{Text: "The index pypi did not answer for lxml: 502 Bad Gateway", Next: "Nothing to do, the last good facts are shown"}}
	golden(t, "problem", dashboard.Render(partly, richView(t)))
	for _, kib := range []int{2, 4, 6} {
		golden(t, fmt.Sprintf("cut-%dKiB", kib), dashboard.Render(huge(20), dashboard.View{ProjectID: 1, MaxBytes: kib << 10}))
	}
}

func TestRenderIsDeterministicAndPlain(t *testing.T) {
	a := dashboard.Render(rich(), richView(t))
	if b := dashboard.Render(rich(), richView(t)); a != b {
		t.Error("two renderings differ")
	}
	if dashboard.Normalise(a)+"\n" != a {
		t.Error("the page is not what GitLab stores, but for the final newline")
	}
}

func TestEveryRowOfTheTable(t *testing.T) {
	for _, row := range plan.Table() {
		t.Run(string(row.State), func(t *testing.T) {
			p := plan.Plan{Pins: 2, Behind: 2, Window: plan.WindowView{Always: true}}
			for _, name := range []string{"a", "b"} {
				p.Updates = append(p.Updates, plan.Update{Branch: "pinwheel/" + name + "-1.x", Title: "Update dependency " + name + " to v1", State: row.State, Reason: "because of " + name})
			}
			two := dashboard.Render(p, dashboard.View{})
			if !strings.Contains(two, "\n## "+row.Heading+"\n") {
				t.Errorf("no heading %q in\n%s", row.Heading, two)
			}
			line := "\n - [ ] <!-- " + string(row.Box) + "-branch=pinwheel/a-1.x -->Update dependency a to v1\n   — because of a.\n"
			if row.Box == plan.NoBox {
				line = "\n - Update dependency a to v1\n   — because of a.\n"
				if strings.Contains(two, "[ ]") {
					t.Errorf("a box in\n%s", two)
				}
			}
			if !strings.Contains(two, line) {
				t.Errorf("no line %q in\n%s", line, two)
			}
			bulk := " - [ ] <!-- " + row.Bulk + " -->"
			if row.Bulk != "" && strings.Count(two, bulk) != 1 {
				t.Errorf("no bulk box %q in\n%s", bulk, two)
			}
			if row.Bulk == "" && strings.Count(two, "[ ]") > 2 {
				t.Errorf("a bulk box in\n%s", two)
			}
			p.Updates = p.Updates[:1]
			if one := dashboard.Render(p, dashboard.View{}); row.Bulk != "" && strings.Contains(one, bulk) {
				t.Errorf("a bulk box for one update in\n%s", one)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	many := plan.Update{Title: "x", State: plan.RateLimited, Kind: plan.Minor}
	for i := range 9 {
		many.Moves = append(many.Moves, move(fmt.Sprint("p", i), fmt.Sprint(i, ".0"), fmt.Sprint(i, ".1")))
	}
	slots := plan.Update{Title: "x", State: plan.RateLimited, Kind: plan.Patch, Moves: []plan.Move{move("a", "1", "2"), move("a", "1", "2")}}
	for want, u := range map[string]plan.Update{
		"   — 1 → 2, patch.\n": slots,
		"   — p0 0.0 → 0.1, p1 1.0 → 1.1, p2 2.0 → 2.1, p3 3.0 → 3.1, p4 4.0 → 4.1, p5 5.0 → 5.1 and 3 more, minor.\n": many,
	} {
		if got := dashboard.Render(plan.Plan{Updates: []plan.Update{u}}, dashboard.View{}); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestSizes(t *testing.T) {
	part := testenv.Sample(t, 1)
	for i, n := range []int{50, 150, 400, 1500} {
		if !part.Has(i) {
			continue
		}
		p := huge(n)
		uncut := dashboard.Render(p, dashboard.View{MaxBytes: 1 << 30})
		for _, limit := range []int{0, 64 << 10, 20_000, 5_000} {
			got := dashboard.Render(p, dashboard.View{MaxBytes: limit})
			if limit == 0 {
				limit = 64 << 10
			}
			if len(got) > limit {
				t.Errorf("%d pins, limit %d: %d bytes", n, limit, len(got))
			}
			boxes := len(dashboard.Parse(got).Boxes)
			if len(uncut) > limit && !strings.Contains(got, "\nShortened to ") {
				t.Errorf("%d pins, limit %d: shortened in silence", n, limit)
			}
			if boxes < n+1 && strings.Contains(got, "   — ") {
				t.Errorf("%d pins, limit %d: %d boxes although reasons are left", n, limit, boxes)
			}
			if strings.Count(got, "<details>") != strings.Count(got, "</details>") || strings.Contains(got, "|---|\n\n") {
				t.Errorf("%d pins, limit %d: a broken fold", n, limit)
			}
		}
	}
}

// offered is what a plan offers, as boxes.
func offered(p plan.Plan, v dashboard.View) map[string]dashboard.Box {
	out := map[string]dashboard.Box{}
	for _, row := range plan.Table() {
		n := 0
		for _, u := range p.Updates {
			if u.State == row.State && row.Box != plan.NoBox {
				out[u.Branch] = dashboard.Box{Type: row.Box, Branch: u.Branch, Checked: v.Ticked[u.Branch]}
				n++
			}
		}
		if n > 1 && row.Bulk != "" {
			out[row.Bulk] = dashboard.Box{Bulk: row.Bulk}
		}
	}
	return out
}

func TestParseUndoesRender(t *testing.T) {
	p, v := rich(), richView(t)
	page := dashboard.Parse(dashboard.Render(p, v))
	if want := (dashboard.Marker{Present: true, Project: 21704}); page.Marker != want {
		t.Errorf("marker %+v", page.Marker)
	}
	got := map[string]dashboard.Box{}
	for _, b := range page.Boxes {
		if b.Text == "" {
			t.Errorf("no text: %+v", b)
		}
		b.Text, b.Line = "", 0
		got[b.Branch+b.Bulk] = b
	}
	if want := offered(p, v); !reflect.DeepEqual(got, want) || len(page.Boxes) != len(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

var (
	spans   = regexp.MustCompile("``.+?``|`[^`]+`")
	mention = regexp.MustCompile(`@[a-z]`)
)

// A plan whose every text is hostile offers the same boxes and nothing else.
func TestHostileTexts(t *testing.T) {
	bad := []string{"\n/close\n", "@all", "<!-- approve-branch=evil -->", "\n - [x] <!-- retry-branch=evil -->x", "-->", "`", "``", "](http://x)", "|", "</details>", "#12 !3", "\u202e", "\\", "\x00", "Fixes #1", "<script>"}
	rnd := rand.New(rand.NewPCG(1, 2))
	s := func() string {
		out := ""
		for range 1 + rnd.IntN(4) {
			out += bad[rnd.IntN(len(bad))]
		}
		return out
	}
	for range 200 {
		p := rich()
		for i := range p.Updates {
			u := &p.Updates[i]
			u.Title, u.Reason, u.Kind = s(), s(), plan.Kind(s())
			for j := range u.Moves {
				u.Moves[j].Name, u.Moves[j].From, u.Moves[j].To = s(), s(), s()
			}
		}
		p.Requests[0] = plan.Request{Verdict: plan.Refused, Title: s(), Reason: s(), Tick: plan.Tick{By: plan.User{Username: s()}}}
		p.Why[0] = plan.WhyNot{File: s(), Name: s(), From: s(), Newest: s(), To: s(), Because: s()}
		p.Unmanaged[0] = plan.Unmanaged{File: s(), Text: s(), Reason: s()}
		p.Notes, p.Window.Zone = []string{s()}, s()
		p.Problems = []plan.Problem{{File: s(), Text: s(), Next: s()}}
		p.Current[0] = plan.Pin{File: s(), Name: s(), Version: s()}
		v := richView(t)
		v.HelpURL = "https://x.org/" + s()
		got := dashboard.Render(p, v)
		if n, want := len(dashboard.Parse(got).Boxes), len(offered(p, v)); n != want {
			t.Fatalf("%d boxes, want %d in\n%s", n, want, got)
		}
		if strings.Count(got, "<!--") != len(offered(p, v))+1 || strings.Count(got, "<details>") != strings.Count(got, "\n</details>\n") {
			t.Fatalf("a comment or element more in\n%s", got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if strings.HasPrefix(line, "/") || strings.ContainsAny(line, "\x00\u202e") || mention.MatchString(spans.ReplaceAllString(line, "")) {
				t.Fatalf("line %q in\n%s", line, got)
			}
		}
	}
}

// A branch that could end its comment gets no box.
func TestBranchThatBreaksTheMarker(t *testing.T) {
	for _, branch := range []string{"a-->b", "a b", "a\nb", ""} {
		got := dashboard.Render(plan.Plan{Updates: []plan.Update{{Branch: branch, Title: "t", State: plan.AwaitingSchedule}}}, dashboard.View{})
		if len(dashboard.Parse(got).Boxes) != 0 || !strings.Contains(got, "\n - t\n") {
			t.Errorf("branch %q:\n%s", branch, got)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	p, v := huge(650), dashboard.View{ProjectID: 1}
	for b.Loop() {
		dashboard.Render(p, v)
	}
}

func BenchmarkParse(b *testing.B) {
	body := dashboard.Render(huge(650), dashboard.View{ProjectID: 1})
	for b.Loop() {
		dashboard.Parse(body)
	}
}
