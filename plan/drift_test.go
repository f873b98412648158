package plan

import (
	"math"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func TestDrift(t *testing.T) {
	at := func(day string) time.Time { d, _ := time.Parse(time.DateOnly, day); return d }
	release := func(version, day string, yanked bool) Release {
		v, err := pep440.Parse(version)
		if err != nil {
			t.Fatal(err)
		}
		f := DistFile{Name: "a-" + version + "-py3-none-any.whl", Yanked: yanked}
		if day != "" {
			f.Uploaded = at(day)
		}
		return Release{Version: v, Files: []DistFile{f}}
	}
	for _, c := range []struct {
		what  string
		all   []Release
		years float64
	}{
		{"a year behind", []Release{release("1.0", "2024-01-01", false), release("1.1", "2025-01-01", false)}, 366.0 / 365.25},
		{"what was taken back and what is no final does not count", []Release{release("1.0", "2024-01-01", false), release("1.1", "2024-07-01", false),
			release("1.2", "2025-01-01", true), release("2.0rc1", "2025-06-01", false)}, 182.0 / 365.25},
		{"the newest is pinned", []Release{release("0.9", "2023-01-01", false), release("1.0", "2024-01-01", false)}, 0},
		{"a release of an older line that came later is no time", []Release{release("1.0", "2024-01-01", false), release("1.1", "2023-01-01", false)}, 0},
		{"an index without times", []Release{release("1.0", "", false), release("1.1", "", false)}, 0},
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
