package decide

import (
	"strconv"
	"time"

	"github.com/Masterminds/semver/v3"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// kindOf names the step from one version to another by the first three numbers of the release. A
// difference below those (a fourth number, a post-release) is a patch; another epoch is a major.
// The caller recognises calendar versions, since it knows when they were uploaded.
func kindOf(from, to pep440.Version) plan.Kind {
	if from.Epoch() != to.Epoch() {
		return plan.Major
	}
	a, b := triple(from), triple(to)
	switch {
	case a.Major() != b.Major() || from.Major() != to.Major():
		return plan.Major
	case a.Minor() != b.Minor():
		return plan.Minor
	default:
		return plan.Patch
	}
}

// triple is the first three numbers of a version, padded with zeros. A number beyond 64 bits
// becomes the largest.
func triple(v pep440.Version) *semver.Version {
	var n [3]uint64
	for i, digits := range v.Release() {
		if i == len(n) {
			break
		}
		// On overflow ParseUint returns the largest value: the clamp.
		n[i], _ = strconv.ParseUint(digits, 10, 64)
	}
	return semver.New(n[0], n[1], n[2], "", "")
}

// rank orders kinds for the queue: repairs of derived files, patch, minor, calendar, downgrade,
// major.
func rank(k plan.Kind) int {
	switch k {
	case plan.Twin:
		return 0
	case plan.Patch:
		return 1
	case plan.Minor:
		return 2
	case plan.Calendar:
		return 3
	case plan.Downgrade:
		return 4
	case plan.Major:
		return 5
	}
	return 6
}

// isCalendar reports whether a version numbers its major by the year: 2024.x,
// or 24.x when it was uploaded in that year (from 2015 on, so that small
// majors never count).
func isCalendar(v pep440.Version, uploaded time.Time) bool {
	major, err := strconv.Atoi(v.Major())
	if err != nil {
		return false
	}
	if major >= 1990 && major <= 2100 {
		return true
	}
	return !uploaded.IsZero() && major >= 15 && major == uploaded.Year()%100
}
