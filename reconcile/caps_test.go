package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
)

func capped() observation {
	r := New(Options{}).newRun(config.Project{}, time.Time{})
	return r.newObserver(config.Project{}).observation
}

// A run asks for so many names without a pin, and for so many releases of one
// package. What is beyond that is not checked, with the number; what others ask
// for goes on, over all rounds together.
func TestARunAsksForNoMoreThanItsCaps(t *testing.T) {
	r := capped()
	maxNames, maxOfOne := r.indexes.Limits.NamesWithoutPin, r.indexes.Limits.ReleasesOfAPackage
	for round := range 2 { // half of each cap and one more
		var needs []plan.Need
		for i := range maxNames/2 + 1 {
			needs = append(needs, plan.Need{Name: fmt.Sprintf("name-%d-%d", round, i), Page: true})
		}
		for i := range maxOfOne/2 + 1 {
			needs = append(needs, plan.Need{Name: "many", Version: fmt.Sprintf("%d.%d", round, i)})
		}
		needs = append(needs, plan.Need{Name: "other", Version: fmt.Sprint(round)}, plan.Need{Approval: int64(round + 1)})
		got := r.within(needs)
		if want := len(needs) - 4*round; len(got) != want || got[len(got)-1].Approval == 0 || got[len(got)-2].Name != "other" {
			t.Errorf("round %d: %d of %d needs are asked for, want %d", round, len(got), len(needs), want)
		}
	}
	if len(r.snap.Packages) != 2 || len(r.snap.Metadata) != 1 || len(r.snap.Metadata["many"]) != 2 {
		t.Fatalf("not checked are %v and %v", r.snap.Packages, r.snap.Metadata)
	}
	last := fmt.Sprintf("name-1-%d", maxNames/2)
	if got, want := r.snap.Packages[last].Failure, "a run asks for the pages of 2000 names without a pin and not more"; got != want {
		t.Errorf("the last name: %q, want %q", got, want)
	}
	m := r.snap.Metadata["many"][fmt.Sprintf("1.%d", maxOfOne/2)]
	if want := "a run reads what 2000 releases of one package require and not more"; m.Status != plan.MetadataFailed || m.Reason != want {
		t.Errorf("the last release: %+v, want %q", m, want)
	}
}

// What releases require has so much room in a run, and no more once something did
// not fit.
func TestARunHoldsNoMoreThanItsRoom(t *testing.T) {
	r := capped().indexes
	mostRequired := r.mostRequired()
	if !r.fits(mostRequired-10) || r.fits(11) || !r.fits(10) || r.fits(1) || !r.fits(0) {
		t.Errorf("%d of %d bytes are held", r.spent.required, mostRequired)
	}
	if !strings.Contains(r.noRoom(), " 64 MiB ") {
		t.Errorf("it is said as %q", r.noRoom())
	}
}

// The limit of all releases holds over rounds, too: so many are read, and the one
// beyond is not checked.
func TestARunReadsSoManyReleases(t *testing.T) {
	r := capped()
	r.indexes.Limits.Releases = 5
	read := 0
	for round := range 3 {
		read += len(r.within([]plan.Need{{Name: "a", Version: fmt.Sprint(round)}, {Name: "b", Version: fmt.Sprint(round)}, {Name: "new", Page: true}}))
	}
	if m := r.snap.Metadata["b"]["2"]; read != 5+3 || m.Reason != "a run reads what 5 releases require and not more" {
		t.Errorf("%d needs are asked for, and the last release has %+v", read, m)
	}
}

// What a run holds of packages fits to the byte; with one more the largest goes.
func TestTheLargestPackageGoesBeyondTheLimit(t *testing.T) {
	k := kept{most: 100}
	if gone := append(k.add("small", 40), k.add("large", 60)...); gone != nil {
		t.Errorf("at the limit %v go", gone)
	}
	if gone := k.add("one", 1); len(gone) != 1 || gone[0] != "large" || k.size != 41 {
		t.Errorf("beyond the limit %v go, and %d bytes stay", gone, k.size)
	}
}
