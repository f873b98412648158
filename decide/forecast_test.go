package decide

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// world makes a snapshot on Friday with a few pins: releases of all kinds and
// ages, some of which grow old enough before the window opens and some later.
func randomFriday(t *testing.T, r *rand.Rand) plan.Snapshot {
	var file strings.Builder
	var packages []plan.Package
	days := []string{"2025-10-01", "2025-10-02", "2025-11-01", "2025-12-01", "2025-12-30", "2025-12-31", "2026-01-01"}
	for i := range 3 + r.IntN(9) {
		name := fmt.Sprintf("p%02d", i)
		fmt.Fprintf(&file, "%s==1.0\n", name)
		releases := []plan.Release{release(t, "1.0", "2024-01-01")}
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
		s.Policy.Rules = []plan.Rule{{At: "pinwheel.yaml:9", Packages: []plan.PackagePattern{pattern(t, "p0[2-4]")}, Priority: 5, HasPriority: true}}
	}
	if r.IntN(3) == 0 {
		sunday, err := plan.ParseWindow([]string{"* * * * SUN"}, s.Policy.Window.Zone())
		if err != nil {
			t.Fatal(err)
		}
		s.Policy.Rules = append(s.Policy.Rules, plan.Rule{At: "pinwheel.yaml:12", Packages: []plan.PackagePattern{pattern(t, "p0[5-7]")}, Window: &sunday})
	}
	return s
}

func pattern(t *testing.T, text string) plan.PackagePattern {
	t.Helper()
	p, err := plan.ParsePackagePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// saying lists the branches of updates whose reason says that.
func saying(p plan.Plan, text string) []string {
	var out []string
	for _, u := range p.Updates {
		if strings.Contains(strings.ToLower(u.Reason), text) {
			out = append(out, u.Branch)
		}
	}
	slices.Sort(out)
	return out
}

func opening(p plan.Plan) []string {
	var out []string
	for _, a := range p.Actions {
		if o, is := a.(plan.OpenMergeRequest); is {
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
	testenv.Unraced(t, "it has no second goroutine")
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

// The numbers in line are the order in which the updates open, one place at a
// time; in a shut window they count those that open, too.
func TestTheNumberInLineIsTheOrder(t *testing.T) {
	var file strings.Builder
	var packages []plan.Package
	for i, day := range []string{"2025-11-01", "2025-10-01", "2025-12-01"} {
		fmt.Fprintf(&file, "p%d==1.0\n", i)
		packages = append(packages, pkg(fmt.Sprintf("p%d", i), release(t, "1.0", "2024-01-01"), release(t, "1.1", day)))
	}
	s := friday(t, file.String(), packages...)
	s.Policy.MaxOpen = 1
	of := func(p plan.Plan) (out []string) {
		for _, u := range p.Updates {
			out = append(out, fmt.Sprintf("%s %s %d: %s", u.Name, u.State, u.Place, u.Reason))
		}
		return out
	}
	want := []string{
		"p0 awaiting-schedule 2: Number 2 in line, old enough since 2025-11-04.",
		"p1 awaiting-schedule 1: Opens Sat 3 Jan 00:00.",
		"p2 awaiting-schedule 3: Number 3 in line, old enough since 2025-12-04.",
	}
	if got := of(Decide(s)); !slices.Equal(got, want) {
		t.Errorf("on Friday:\n%s", strings.Join(got, "\n"))
	}
	s.Now = at(t, "2026-01-03T02:00:00Z")
	want = []string{
		"p1 awaiting-schedule 0: The window is open, so a run opens it.",
		"p0 rate-limited 1: Number 1 in line while a merge request is open (max_open_merge_requests), old enough since 2025-11-04.",
		"p2 rate-limited 2: Number 2 in line while a merge request is open (max_open_merge_requests), old enough since 2025-12-04.",
	}
	if got := of(Decide(s)); !slices.Equal(got, want) {
		t.Errorf("on Saturday:\n%s", strings.Join(got, "\n"))
	}
	s.Policy.MaxOpen = 0
	if got := of(Decide(s))[0]; got != "p0 rate-limited 2: Waits for a tick, since nothing opens by itself (max_open_merge_requests: 0)." {
		t.Errorf("without places: %s", got)
	}
}
