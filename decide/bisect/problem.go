package bisect

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Element is a part of a batch that installs only as a whole.
type Element struct {
	// ID identifies it, the same in every run. Two elements with one ID are one.
	ID string
	// Requires are the elements without which it cannot be tested. One that is not in the problem
	// is ignored.
	Requires []string
	// Suspect is how likely it breaks something, from 0. A likelier one is separated earlier. Of
	// two that only fail together the likelier one is left out.
	Suspect int
}

// Problem is a batch that is red.
type Problem struct {
	Elements []Element
	// Consistent reports whether elements install together without the others of the problem. Nil
	// means that every set with all its requirements does. It is called only for sets with all
	// their requirements.
	Consistent func(ids []string) bool
}

// Result is how a pipeline of a set ended.
type Result string

// The results. A pipeline that was cancelled, skipped, timed out or cannot be read did not run;
// nothing follows from it.
const (
	Running Result = "running"
	Green   Result = "green"
	Red     Result = "red"
	NotRun  Result = "not run"
)

// Pipeline is a pipeline that tested a set.
type Pipeline struct {
	Set    string // Digest of the set
	ID     int64  // identifies the pipeline
	Result Result
	Jobs   []string // of a red one: the jobs that failed, after retries and comparison with the baseline
}

// Probe is a set to test now.
type Probe struct {
	Set     string   // Digest of IDs
	IDs     []string // in the order in which they were placed
	Attempt int      // from 1: how many pipelines the set has with this one
}

// Guilty is an element that was proven to be red.
type Guilty struct {
	ID string // what is left out
	// With are elements of the good part without which it is green, since they only fail together.
	// If there are none, it is red by itself.
	With []string
	Jobs []string // the jobs that failed in every pipeline of Red, else in two of them
	Red  []int64  // the pipelines that prove it
}

// Waiting is an element that cannot be tested.
type Waiting struct {
	ID string
	// For are the left-out elements that it requires; none if it does not install with the others
	// at all.
	For []string
}

// Answer is what to do next. Without Probes and with nothing Running the hunt has ended: it is Done
// or Stuck.
type Answer struct {
	Probes  []Probe
	Running int // pipelines under way

	Done   bool
	Good   []string // in the order in which they were placed
	Green  int64    // the pipeline in which all of Good was green; 0 if Good is empty
	Guilty []Guilty
	Waits  []Waiting
	// Unclear are elements that were red in each test on the good part, but not in a common job.
	// Nobody is blamed for these, and they are left out.
	Unclear []string
	// Stuck is a set that did not run in any of its tries. Nothing follows from it.
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

// tries is how often a set that does not run is tested, and how many pipelines of one set are
// compared.
const tries = 3

// Bound is the most pipelines that n elements with so many guilty ones need, with proofs and the
// final green one. If guilty ones only fail together, each of them counts.
func Bound(n, guilty int) int {
	steps := 0
	for 1<<steps < n {
		steps++
	}
	return guilty*(steps+3) + 1
}
