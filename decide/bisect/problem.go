package bisect

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Element is what only installs together.
type Element struct {
	// ID says what it is, the same in every run. Two elements with one ID are one.
	ID string
	// Requires are the elements without which it cannot be tested. What is
	// not in the problem is not waited for.
	Requires []string
	// Suspect is how likely it breaks something, from 0. What is likelier parts
	// earlier, and of two that only fail together it is the one that waits.
	Suspect int
}

// Problem is a batch that is red.
type Problem struct {
	Elements []Element
	// Consistent says whether elements install together without the others of
	// the problem; nil: whatever is closed under Requires does. It is asked for sets
	// that are closed alone.
	Consistent func(ids []string) bool
}

// Result is how a pipeline of a set ended.
type Result string

// The results. One that was cancelled, skipped, timed out or cannot be read did
// not run: nothing is concluded from it.
const (
	Running Result = "running"
	Green   Result = "green"
	Red     Result = "red"
	NotRun  Result = "not run"
)

// Pipeline is one that tested a set.
type Pipeline struct {
	Set    string // Digest of the set
	ID     int64  // tells pipelines apart
	Result Result
	Jobs   []string // of a red one: those that failed, after retries and baseline
}

// Probe is a set to test now.
type Probe struct {
	Set     string   // Digest of IDs
	IDs     []string // in the order in which they were placed
	Attempt int      // from 1: pipelines of the set before this one, and it
}

// Guilty is what was proven to be red.
type Guilty struct {
	ID string // what is left out
	// With are elements of the good part without which it is green: they only fail
	// together. None: it is red by itself.
	With []string
	Jobs []string // that failed in every pipeline of Red, or else in two of them
	Red  []int64  // the pipelines that prove it
}

// Waiting is an element that cannot be tested.
type Waiting struct {
	ID string
	// For are those that are left out and in its way; none where it does not
	// install with the others at all.
	For []string
}

// Answer is what to do next. Without Probes and with nothing Running it is the end:
// Done, or Stuck.
type Answer struct {
	Probes  []Probe
	Running int // pipelines under way

	Done   bool
	Good   []string // in the order in which they were placed
	Green  int64    // the pipeline in which all of Good was green; 0 where Good is empty
	Guilty []Guilty
	Waits  []Waiting
	// Unclear were red whenever they were tested on the good part, never in the
	// same job: nobody is blamed, and they are left out.
	Unclear []string
	// Stuck is a set that did not run as often as it is tried. Nothing is concluded.
	Stuck *Probe
}

// Digest identifies a set of elements, whatever their order.
func Digest(ids []string) string {
	s := slices.Compact(slices.Sorted(slices.Values(ids)))
	sum := sha256.Sum256([]byte(strings.Join(s, "\n")))
	return hex.EncodeToString(sum[:8])
}

// Limit is how many probes run at once.
const Limit = 2

// tries is how often a set is tested that does not run, and how many pipelines
// of one set are compared.
const tries = 3

// Bound is how many pipelines n elements with so many guilty ones need at most,
// proofs and the final green included. Of guilty ones that only fail together each counts.
func Bound(n, guilty int) int {
	steps := 0
	for 1<<steps < n {
		steps++
	}
	return guilty*(steps+3) + 1
}
