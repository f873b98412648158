package reconcile

import (
	"hash/fnv"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file bounds how long a run relies on an earlier answer.

const (
	// staleFor is how long a page with a lower serial than the stored one may be
	// an old copy: caches of the public index keep one for a day, and for another
	// while the index fails. After that it is the truth, and the stored serial
	// was not.
	staleFor = 48 * time.Hour
	// wholeAfter is after how long a page is read whole again, though its ETag
	// still holds, and metadata that no digest proved is read again. Each name
	// has its own hour in the two days after it.
	wholeAfter = 7 * 24 * time.Hour
	spread     = 48
	// spoiltFor is how long content with another digest than the index gives may
	// have been spoilt on its way. Another run that is given such content later
	// takes it for what the index serves.
	spoiltFor = 30 * time.Minute
)

// due reports whether what was read of a name at an instant has to be read again by now. It
// has to be if that instant lies as far in the future, since then a clock was set back.
func due(now *plan.Instant, name string, at time.Time) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return !now.Within(at, wholeAfter+time.Duration(h.Sum32()%spread)*time.Hour)
}

// conditions make a request conditional on what is stored, as far as that is
// still to be believed.
func conditions(at *plan.Instant, q *pypi.Request, f store.Facts) {
	now := plan.At(at.Asking()) // the next run makes conditions of its own
	if now.Within(f.CheckedAt, staleFor) {
		q.Serial = f.Serial
	}
	if !due(now, q.Name, f.CheckedAt) {
		q.ETag = f.ETag
	}
}

// isFresh reports whether some run asked for a page so recently that its index does not
// want to be asked for it again.
func isFresh(at *plan.Instant, f store.Facts) bool {
	left := f.FreshUntil.Sub(at.Asking())
	return left > 0 && left <= pypi.MostFresh
}
