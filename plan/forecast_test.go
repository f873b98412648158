package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// world makes a snapshot on Friday with a few pins: releases of all kinds and
// ages, some of which grow old enough before the window opens and some later.
func randomFriday(t *testing.T, r *rand.Rand) Snapshot {
	var file strings.Builder
	var packages []Package
	days := []string{"2025-10-01", "2025-10-02", "2025-11-01", "2025-12-01", "2025-12-30", "2025-12-31", "2026-01-01"}
	for i := range 3 + r.IntN(9) {
		name := fmt.Sprintf("p%02d", i)
		fmt.Fprintf(&file, "%s==1.0\n", name)
		releases := []Release{release(t, "1.0", "2024-01-01")}
		for _, to := range []string{"1.0.1", "1.1", "2.0"} {
			if r.IntN(2) == 0 {
				releases = append(releases, release(t, to, days[r.IntN(len(days))]))
			}
		}
		packages = append(packages, pkg(name, releases...))
	}
	s := friday(t, file.String(), packages...)
	s.Policy.MinimumAge = []time.Duration{0, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour}[r.IntN(4)]
	s.Policy.MaxOpen = r.IntN(7)
	s.Policy.MaxNew = r.IntN(4)
	if r.IntN(3) == 0 {
		s.Policy.Rules = []Rule{{At: "pinwheel.yaml:9", Packages: []PackagePattern{pattern(t, "p0[2-4]")}, Priority: 5, HasPriority: true}}
	}
	if r.IntN(3) == 0 {
		sunday, err := ParseWindow([]string{"* * * * SUN"}, s.Policy.Window.Zone())
		if err != nil {
			t.Fatal(err)
		}
		s.Policy.Rules = append(s.Policy.Rules, Rule{At: "pinwheel.yaml:12", Packages: []PackagePattern{pattern(t, "p0[5-7]")}, Window: &sunday})
	}
	return s
}

func pattern(t *testing.T, text string) PackagePattern {
	t.Helper()
	p, err := ParsePackagePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// saying lists the branches of updates whose reason says that.
func saying(p Plan, text string) []string {
	var out []string
	for _, u := range p.Updates {
		if strings.Contains(strings.ToLower(u.Reason), text) {
			out = append(out, u.Branch)
		}
	}
	slices.Sort(out)
	return out
}

func opening(p Plan) []string {
	var out []string
	for _, a := range p.Actions {
		if o, is := a.(OpenMergeRequest); is {
			out = append(out, o.Update.Branch)
		}
	}
	slices.Sort(out)
	return out
}

// What the page says on Friday of who opens on Saturday is what opens there when
// nothing else happens, and the hours until then change no reason of what is old
// enough.
func TestWhatIsSaidToOpenOpens(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 1))
	said := 0
	for world := range 300 {
		s := randomFriday(t, r)
		before := Decide(s)
		want := saying(before, "opens sat 3 jan 00:00")
		said += len(want)
		later := s
		later.Now = at(t, "2026-01-02T22:30:00Z")
		if after := Decide(later); !slices.Equal(saying(after, "opens sat 3 jan 00:00"), want) {
			t.Errorf("world %d: in the morning it says that %v open, in the evening %v", world, want, saying(after, "opens sat 3 jan 00:00"))
		}
		later.Now = at(t, "2026-01-02T23:00:00Z")
		if got := opening(Decide(later)); !slices.Equal(got, want) {
			t.Errorf("world %d (places %d, new %d, age %s): on Friday it says that %v open, on Saturday these do: %v",
				world, s.Policy.MaxOpen, s.Policy.MaxNew, s.Policy.MinimumAge, want, got)
		}
	}
	if said < 300 {
		t.Errorf("only %d were said to open", said)
	}
}
