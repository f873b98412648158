package dashboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestChart(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := plan.Plan{Pins: 3, Samples: []plan.Sample{{Week: monday, Libyears: 4.2}}}
	one := dashboard.Render(p, dashboard.View{ProjectID: 7})
	if strings.Contains(one, "mermaid") || !slices.Equal(dashboard.Parse(one).Samples, p.Samples) {
		t.Errorf("one week:\n%s", one)
	}
	p.Samples = append(p.Samples, plan.Sample{Week: monday.AddDate(0, 0, 21), Libyears: 1})
	two := dashboard.Render(p, dashboard.View{ProjectID: 7})
	want := "```mermaid\nxychart-beta\n  x-axis [\"01-05\", \"01-12\", \"01-19\", \"01-26\"]\n  y-axis \"libyears\" 0 --> 5\n  line [4.2, 4.2, 4.2, 1.0]\n```\n"
	if !strings.Contains(two, want) || !slices.Equal(dashboard.Parse(two).Samples, p.Samples) {
		t.Errorf("two weeks:\n%s", two)
	}
	for n := range 60 {
		p.Samples = append(p.Samples, plan.Sample{Week: monday.AddDate(0, 0, 7*(n+4)), Libyears: float64(n)})
	}
	if many := dashboard.Render(p, dashboard.View{}); strings.Count(many, `"0`)+strings.Count(many, `"1`) != 26 {
		t.Errorf("many weeks:\n%s", many)
	}
	// What matters least goes first.
	for n := range 40 {
		p.Current = append(p.Current, plan.Pin{File: "constraints.txt", Name: fmt.Sprintf("name-%02d", n), Version: "1.0"})
	}
	short := dashboard.Render(p, dashboard.View{MaxBytes: 2500})
	if strings.Contains(short, "mermaid") || !strings.Contains(short, "not shown: 1 chart") || len(dashboard.Parse(short).Samples) != len(p.Samples) {
		t.Errorf("a short page:\n%s", short)
	}
	for _, spoilt := range []string{"<!-- pinwheel:libyears 2026-01-05=x -->", "<!-- pinwheel:libyears 2026-13-05=1.0 -->", "text <!-- pinwheel:libyears 2026-01-05=1.0 -->"} {
		if got := dashboard.Parse(spoilt).Samples; len(got) > 0 {
			t.Errorf("%s is read as %v", spoilt, got)
		}
	}
}

// The page remembers weeks whatever the sum was. A minus that an earlier version
// wrote is left out, and the other weeks stay.
func TestWeeksOfLargeSums(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := plan.Plan{Pins: 3, Samples: []plan.Sample{{Week: monday, Libyears: 299.8}, {Week: monday.AddDate(0, 0, 7), Libyears: 1_461_000.5}}}
	if got := dashboard.Parse(dashboard.Render(p, dashboard.View{})).Samples; !slices.Equal(got, p.Samples) {
		t.Errorf("the page remembers %v, want %v", got, p.Samples)
	}
	got := dashboard.Parse("<!-- pinwheel:libyears 2026-01-05=4.0 2026-01-12=-284.5 2026-01-19=3.0 -->").Samples
	want := []plan.Sample{{Week: monday, Libyears: 4}, {Week: monday.AddDate(0, 0, 14), Libyears: 3}}
	if !slices.Equal(got, want) {
		t.Errorf("a page with a minus remembers %v, want %v", got, want)
	}
}
