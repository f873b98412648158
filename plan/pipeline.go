package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file says how the pipelines of open merge requests ended, and what
// follows from that.

// redFor is how long a merge request may fail without a newer version before it
// gives its place to another.
const redFor = 7 * 24 * time.Hour

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
}

// Job is one that failed, with how the same job ended on the default branch.
type Job struct {
	Name string
	Main Result // Passed, Failed, or Unsettled where it is not known
}

// settleTime is how long a head may be without a pipeline until that counts as
// having none: GitLab starts them a while after a push.
const settleTime = 10 * time.Minute

// Next is what is known after a look at the same merge request, whose head was
// committed so long ago. What is unsettled changes nothing of how a pipeline of
// the same head ended.
func (p Pipeline) Next(seen Pipeline, age time.Duration) Pipeline {
	out := seen
	if seen.Result == Unsettled && p.Head == seen.Head {
		out = p
		out.ID, out.Updated, out.Since, out.Red = seen.ID, seen.Updated, seen.Since, seen.Red
		if out.Started = p.Started || seen.Started; out.Started && out.Result == None {
			out.Result = Unsettled
		}
	}
	if out.Result == Unsettled && !out.Started && age >= settleTime {
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

// pipelineOf is what is known of the head that a merge request has now.
func (d *decider) pipelineOf(dr *draft) Pipeline {
	if p := d.s.Pipelines[dr.mr.IID]; p.Head == dr.mr.HeadSHA {
		return p
	}
	return Pipeline{}
}

// pipelineReason is a sentence on the pipeline of an open merge request, with a
// blank before it, or empty.
func (d *decider) pipelineReason(dr *draft) string {
	p := d.pipelineOf(dr)
	on := day(p.At, d.zone)
	switch p.Result {
	case Unsettled:
		return ""
	case None:
		return " No pipeline ran."
	case Passed, Canceled, Skipped:
		return fmt.Sprintf(" Pipeline %s on %s.", p.Result, on)
	case Failed:
	}
	text := fmt.Sprintf(" Pipeline failed on %s", on)
	for i, j := range p.Jobs {
		switch {
		case i == 0:
			text += " in " + inCode(j.Name)
		case i == maxJobs:
			text += fmt.Sprintf(" and %d more", len(p.Jobs)-i)
		case i < maxJobs:
			text += ", " + inCode(j.Name)
		}
	}
	return text + d.onMain(p) + "."
}

// maxJobs is how many failed jobs are named.
const maxJobs = 3

// onMain compares failed jobs with the same ones on the default branch.
func (d *decider) onMain(p Pipeline) string {
	var failed []string
	known := 0
	for _, j := range p.Jobs {
		if j.Main != Unsettled {
			known++
		}
		if j.Main == Failed {
			failed = append(failed, inCode(j.Name))
		}
	}
	main, on := inCode(d.s.Project.DefaultBranch), day(p.MainAt, d.zone)
	same := "the same job"
	if len(p.Jobs) > 1 {
		same = "the same jobs"
	}
	switch {
	case known == 0:
		return ""
	case len(failed) == len(p.Jobs):
		return fmt.Sprintf("; %s failed %s, too, on %s", main, same, on)
	case len(failed) > 0:
		return fmt.Sprintf("; %s failed %s, too, on %s", main, strings.Join(failed[:min(len(failed), maxJobs)], ", "), on)
	case known == len(p.Jobs):
		return fmt.Sprintf("; %s passed %s on %s", main, same, on)
	}
	return ""
}

func inCode(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }

// givesUp is a sentence on when a merge request that fails without a newer
// version gives its place away, with a blank before it, or empty.
func (d *decider) givesUp(dr *draft) string {
	p := d.s.Pipelines[dr.mr.IID]
	if p.Red.IsZero() || !p.Since.Equal(dr.mr.Note.At) {
		return ""
	}
	from := p.Red.Add(redFor)
	dr.placeless, dr.givenUp = !d.s.Now.Before(from), from
	takes := "takes no place from " + day(from, d.zone) + " on."
	if p.Result != Failed || p.Head != dr.mr.HeadSHA || day(p.Red, d.zone) != day(p.At, d.zone) {
		return fmt.Sprintf(" These versions fail since %s, so it %s", day(p.Red, d.zone), takes)
	}
	return " It " + takes
}
