package decide

import (
	"math"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func TestDrift(t *testing.T) {
	at := func(day string) time.Time { d, _ := time.Parse(time.DateOnly, day); return d }
	release := func(version, day string, yanked bool) plan.Release {
		v, err := pep440.Parse(version)
		if err != nil {
			t.Fatal(err)
		}
		f := plan.DistFile{Name: "a-" + version + "-py3-none-any.whl", Yanked: yanked}
		if day != "" {
			f.Uploaded = at(day)
		}
		return plan.Release{Version: v, Files: []plan.DistFile{f}}
	}
	for _, c := range []struct {
		what  string
		all   []plan.Release
		years float64
	}{
		{"a year behind", []plan.Release{release("1.0", "2024-01-01", false), release("1.1", "2025-01-01", false)}, 366.0 / 365.25},
		{"what was taken back and what is no final does not count", []plan.Release{release("1.0", "2024-01-01", false), release("1.1", "2024-07-01", false),
			release("1.2", "2025-01-01", true), release("2.0rc1", "2025-06-01", false)}, 182.0 / 365.25},
		{"the newest is pinned", []plan.Release{release("0.9", "2023-01-01", false), release("1.0", "2024-01-01", false)}, 0},
		{"a release of an older line that came later is no time", []plan.Release{release("1.0", "2024-01-01", false), release("1.1", "2023-01-01", false)}, 0},
		{"an index without times", []plan.Release{release("1.0", "", false), release("1.1", "", false)}, 0},
	} {
		pinned := c.all[0]
		if c.what == "the newest is pinned" {
			pinned = c.all[1]
		}
		if got := drift(c.all, &pinned).Hours() / year.Hours(); math.Abs(got-c.years) > 0.001 {
			t.Errorf("%s: %.3f years, want %.3f", c.what, got, c.years)
		}
	}
}
