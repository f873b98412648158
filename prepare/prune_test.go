package prepare

import (
	"testing"
	"time"
)

// Prune leaves the build to fall back to, which one with an override is not, and those of
// a lock that something else needs.
func TestPruneLeavesWhatIsNeeded(t *testing.T) {
	w := newShelves(t, false)
	for name, s := range w.all {
		var kept []Record
		for _, lock := range []byte("abcd") {
			dir, r := build(t, lock, string(lock))
			if lock == 'd' {
				r.Overridden = []string{"cki_lib_pip_url"}
				replaceRecord(t, dir, r)
			}
			push(t, s, dir)
			kept = append(kept, r)
			w.now = w.now.AddDate(0, 0, 10)
		}
		later := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		gone, err := Prune(t.Context(), s, Pruning{Image: "python", Before: later, Used: InUse{Locks: []string{kept[0].Lock}}})
		if err != nil {
			t.Fatal(err)
		}
		left, err := s.list(t.Context(), "python")
		if err != nil || len(gone) != 2 || len(left) != 2 || left[0].Key != kept[2].Key || left[1].Key != kept[0].Key {
			t.Errorf("%s: left are %v, %d are gone, want those of the locks c and a left: %v", name, left, len(gone), err)
		}
		if _, found, err := recordOn(t.Context(), s, "python", kept[0].Key); err != nil || !found {
			t.Errorf("%s: the build of a lock in use is gone: %v", name, err)
		}
		if _, found, err := LastGood(t.Context(), s, &Prepared{Interpreter: ourPython, with: Building{Image: Image{Name: "python"}, Root: "/opt/pinwheel"}}); err != nil || !found {
			t.Errorf("%s: there is nothing to fall back to: %v", name, err)
		}
	}
}
