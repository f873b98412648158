package decide

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file says how the pipelines of open merge requests ended, and what
// follows from that.

// redFor is how long a merge request may fail without a newer version before it
// gives its place to another.
const redFor = 7 * 24 * time.Hour

// pipelineOf is what is known of the head that a merge request has now.
func (d *decider) pipelineOf(dr *draft) plan.Pipeline {
	if p := d.s.Pipelines[dr.mr.IID]; p.Head == dr.mr.HeadSHA {
		return p
	}
	return plan.Pipeline{}
}

// pipelineReason is a sentence on the pipeline of an open merge request, with a
// blank before it, or empty.
func (d *decider) pipelineReason(dr *draft) string {
	p := d.pipelineOf(dr)
	on := day(p.At, d.zone)
	switch p.Result {
	case plan.Unsettled:
		return ""
	case plan.None:
		return " No pipeline ran."
	case plan.Passed, plan.Canceled, plan.Skipped:
		return fmt.Sprintf(" Pipeline %s on %s.", p.Result, on)
	case plan.Failed:
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
func (d *decider) onMain(p plan.Pipeline) string {
	var failed []string
	known := 0
	for _, j := range p.Jobs {
		if j.Main != plan.Unsettled {
			known++
		}
		if j.Main == plan.Failed {
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
// version stops to count towards the limit, with a blank before it, or empty.
func (d *decider) givesUp(dr *draft) string {
	p := d.s.Pipelines[dr.mr.IID]
	if p.Red.IsZero() || !p.Since.Equal(dr.mr.Note.At) {
		return ""
	}
	from := p.Red.Add(redFor)
	dr.placeless, dr.givenUp = !d.s.Now.Before(from), from
	counts := "does not count towards max_open_merge_requests from " + day(from, d.zone) + " on."
	if p.Result != plan.Failed || p.Head != dr.mr.HeadSHA || day(p.Red, d.zone) != day(p.At, d.zone) {
		return fmt.Sprintf(" These versions fail since %s, so it %s", day(p.Red, d.zone), counts)
	}
	return " It " + counts
}
