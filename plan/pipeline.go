package plan

import (
	"slices"
	"time"
)

// Result is how a pipeline or a job ended.
type Result string

// The results that are settled. Unsettled is every other one: what still runs
// or waits for somebody is no news.
const (
	Unsettled Result = ""
	Passed    Result = "passed"
	Failed    Result = "failed"
	Canceled  Result = "canceled"
	Skipped   Result = "skipped"
	None      Result = "none" // nothing ran
)

// Pipeline is what is known of the pipeline of a merge request's head.
type Pipeline struct {
	Head    string    // the commit it is for
	ID      int64     // GitLab's, of the one that was read last
	Updated time.Time // when that one had changed, as it was read
	Started bool      // there is one, settled or not
	Result  Result    // the last settled one, of this head
	At      time.Time // when it ended
	Jobs    []Job     // of a failed one: those that failed, by name
	MainAt  time.Time // when the pipeline ended that Jobs compares with
	// Red is since when pipelines fail without one that passed, of all heads
	// since the merge request's versions were put there, which is Since.
	Since, Red time.Time
	// Kind, Onto and Began are of the pipeline that was read last: what it runs on, of a
	// merged result the head of the target, and when it was created.
	Kind  PipelineKind
	Onto  string
	Began time.Time
	// Ran and RedRuns count the pipelines of the merge request, at most the newest twenty.
	Ran, RedRuns int
}

// Job is one that failed, with how the same job ended on the default branch.
type Job struct {
	Name string
	Main Result // Passed, Failed, or Unsettled where it is not known
}

// SettleTime is how long a head may be without a pipeline until that counts as
// having none: GitLab starts them a while after a push.
const SettleTime = 10 * time.Minute

// Next is what is known after a look at the same merge request, whose head was
// committed so long ago. What is unsettled changes nothing of how a pipeline of
// the same head ended.
func (p Pipeline) Next(seen Pipeline, age time.Duration) Pipeline {
	out := seen
	if seen.Result == Unsettled && p.Head == seen.Head {
		out = p
		out.ID, out.Updated, out.Since, out.Red = seen.ID, seen.Updated, seen.Since, seen.Red
		out.Kind, out.Onto, out.Began = seen.Kind, seen.Onto, seen.Began
		if out.Started = p.Started || seen.Started; out.Started && out.Result == None {
			out.Result = Unsettled
		}
	}
	if out.Result == Unsettled && !out.Started && age >= SettleTime {
		out.Result = None
	}
	return out
}

// Against compares the failed jobs with how the same ones ended on the default
// branch at an instant. A job that did not run there then keeps what it had.
func (p Pipeline) Against(main map[string]Result, at time.Time) Pipeline {
	jobs := slices.Clone(p.Jobs)
	for i, j := range jobs {
		if to := main[j.Name]; to != Unsettled && to != j.Main {
			jobs[i].Main, p.MainAt = to, at
		}
	}
	p.Jobs = jobs
	return p
}
