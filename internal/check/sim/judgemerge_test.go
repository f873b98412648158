package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges merges, gates and blame, by the pipelines that the simulated GitLab
// has and by the configuration of the world alone.

// merge judges a merge of ours: the policy names it, nothing but what pinwheel wrote is in
// it, and what the target gets is what its pipeline and every required gate passed on.
func (j *judge) merge(e gitlabsim.Event) {
	m, _ := j.w.project.MR(number(e.Target[1:]))
	j.merged = e.Detail
	count("merges judged", 1)
	if !slices.ContainsFunc(j.w.setting.merges, func(part string) bool { return strings.Contains(m.SourceBranch, part) }) {
		j.fault("I6: %s from %s was merged, which nobody permits", e.Target, m.SourceBranch)
	}
	if slices.Contains(m.Labels, "stop-updating") {
		j.fault("I6: %s was merged, and its label asks to leave it as it is", e.Target)
	}
	if t := j.w.setting.terms; !e.At.Before(t.frozen[0]) && e.At.Before(t.frozen[1]) {
		j.fault("I6: %s was merged in a freeze", e.Target)
	}
	before := j.target()
	if j.onto[before]++; j.onto[before] > 1 {
		j.fault("I19: %d merges onto %.8s, the last of %s", j.onto[before], before, e.Target)
	}
	head := j.w.project.Commits(m.Head)
	if len(head) < 2 || head[0].AuthorName != "pinwheel" || len(head[0].Parents) != 1 {
		j.fault("I6: %s was merged, and its head is not one commit of ours", e.Target)
		return
	}
	base := head[0].Parents[0]
	if base != before && !j.w.setting.stale {
		j.fault("%s was merged as %.8s, which does not stand on what the target was", e.Target, e.Detail)
	}
	if made := j.w.project.Commits(e.Detail); made[0].Parents[0] != before {
		j.fault("%s was merged as %.8s, which is not on top of the target", e.Target, e.Detail)
	}
	if !j.passed(m, before) {
		j.fault("%s was merged as %.8s, on which no pipeline passed", e.Target, e.Detail)
	}
	for _, g := range j.w.config.Policy.Gates {
		if g.Required && !j.gatePassed(g, m.Head, base) {
			j.fault("I6: %s was merged, and gate %s did not pass for %.8s on %.8s", e.Target, g.Name, m.Head, base)
		}
	}
	if base == before {
		for _, path := range head[0].Files {
			tested, _ := j.w.project.File(m.Head, path)
			if is, _ := j.w.project.File(e.Detail, path); is != tested {
				j.fault("I6: %s was merged, and %s is not what was tested", e.Target, path)
			}
		}
	}
}

// passed reports whether the pipeline that GitLab counts of a merge request passed, on
// its head or on what it gives on a commit of the target, or failed only where the target
// fails.
func (j *judge) passed(m gitlabsim.MergeRequest, onto string) bool {
	var newest [2]*gitlabsim.Run // its own, its branch's
	for _, r := range j.w.project.Runs() {
		own := strings.HasPrefix(r.Ref, fmt.Sprintf("refs/merge-requests/%d/", m.IID))
		made := j.w.project.Commits(r.SHA)
		result := len(made) > 0 && len(made[0].Parents) == 2 && made[0].Parents[1] == m.Head
		of := r.SHA == m.Head || result && (made[0].Parents[0] == onto || j.w.setting.stale)
		switch {
		case own && of:
			newest[0] = &r
		case r.Ref == m.SourceBranch && of:
			newest[1] = &r
		}
	}
	for _, r := range newest {
		if r != nil {
			return r.Status == "success" || j.excused(*r, onto)
		}
	}
	return false
}

// excused reports whether a pipeline failed in nothing but jobs that failed on a commit of
// the target, too: that is not the update's fault.
func (j *judge) excused(r gitlabsim.Run, onto string) bool {
	failed := failedJobs(r)
	return r.Status == "failed" && len(failed) > 0 && !slices.ContainsFunc(failed, func(job string) bool {
		return !slices.ContainsFunc(j.w.project.Runs(), func(b gitlabsim.Run) bool { return b.SHA == onto && slices.Contains(failedJobs(b), job) })
	})
}

// gatePassed reports whether a pipeline of a gate for a head passed, or failed in no job
// that did not fail for the base as well.
func (j *judge) gatePassed(g plan.Gate, head, base string) bool {
	runs := j.gateRuns(g)
	return slices.ContainsFunc(runs, func(r gitlabsim.Run) bool {
		if r.Tested != head || r.Status != "success" && r.Status != "failed" {
			return false
		}
		for _, job := range failedJobs(r) {
			excused := g.Baseline && slices.ContainsFunc(runs, func(b gitlabsim.Run) bool { return b.Tested == base && slices.Contains(failedJobs(b), job) })
			if !excused {
				return false
			}
		}
		return r.Status == "success" || len(failedJobs(r)) > 0
	})
}

// gateRuns are the pipelines that we started where a gate runs, oldest first.
func (j *judge) gateRuns(g plan.Gate) (out []gitlabsim.Run) {
	for _, p := range j.w.gates {
		for _, r := range p.Runs() {
			if p.Path() == g.Pipeline.Project && r.Ref == g.Pipeline.Ref && r.User == bot {
				out = append(out, r)
			}
		}
	}
	return out
}

func failedJobs(r gitlabsim.Run) (out []string) {
	for _, job := range r.Jobs {
		if job.Status == "failed" && !job.Retried && !job.Allowed && !job.External {
			out = append(out, job.Name)
		}
	}
	return out
}

// target is what the default branch was before the merge that is judged, which has
// moved it by then.
func (j *judge) target() string {
	events := j.w.gitlab.Events()
	for _, e := range slices.Backward(events) {
		if was, to, _ := strings.Cut(e.Detail, ".."); e.Kind == "push" && e.Project == projectPath && e.Target == j.w.project.DefaultBranch() && to != "" {
			return was
		}
	}
	return ""
}

// mostStarts is how many pipelines of gates may begin in an hour.
const mostStarts = 30

// elsewhere judges what we did in another project: a pipeline of a gate begins once for
// what it tests, on the ref that the configuration names, and jobs of it run again.
func (j *judge) elsewhere(e gitlabsim.Event) {
	at := slices.IndexFunc(j.w.config.Policy.Gates, func(g plan.Gate) bool { return g.Pipeline.Project == e.Project })
	if at < 0 || e.Kind != "pipeline" && e.Kind != "job-retry" {
		j.fault("I6: pinwheel did %s", e)
		return
	}
	g := j.w.config.Policy.Gates[at]
	if e.Kind == "job-retry" {
		return
	}
	count("pipelines of gates judged", 1)
	if e.Target != g.Pipeline.Ref {
		j.fault("I6: a pipeline of gate %s began on %s", g.Name, e.Target)
	}
	if j.starts = append(j.starts, e.At); len(j.starts) > mostStarts && e.At.Sub(j.starts[len(j.starts)-1-mostStarts]) < time.Hour && !j.w.apart {
		j.fault("I21: more than %d pipelines of gates began within an hour", mostStarts)
	}
	of := map[string]int{}
	for _, r := range j.gateRuns(g) {
		op, _ := r.Inputs[plan.OperationInput].(string)
		if of[r.Tested+op]++; of[r.Tested+op] > 1 && !j.w.apart {
			j.fault("I21: %d pipelines of gate %s for %.8s", of[r.Tested+op], g.Name, r.Tested)
		}
	}
}

// status judges a commit status of ours: it says what its gate says.
func (j *judge) status(e gitlabsim.Event) {
	if !strings.HasPrefix(e.Target, plan.StatusPrefix) || !slices.ContainsFunc(j.w.config.Policy.Gates, func(g plan.Gate) bool { return g.StatusName() == e.Target }) {
		j.fault("I6: a status %s", e.Target)
	}
}

// beside reports whether a pipeline of ours is one that statuses made. There may be one
// where the head has no other.
func (j *judge) beside(e gitlabsim.Event) bool {
	found := false
	for _, r := range j.w.project.Runs() {
		if r.SHA != e.Detail {
			continue
		}
		if r.Source == "external" && r.User == bot {
			found = true
		}
	}
	if !found {
		return false
	}
	for _, r := range j.w.project.Runs() {
		if r.SHA == e.Detail && r.Source == "merge_request_event" && r.Created.Before(e.At) {
			j.fault("I21: a status made a second pipeline for %.8s", e.Detail)
		}
	}
	return true
}

// blame judges the label that says that a merge request breaks tests: it was red twice,
// in separate pipelines, and what was with it there is green without it.
func (j *judge) blame(m gitlabsim.MergeRequest) {
	if !slices.Contains(m.Labels, plan.BreaksLabel) || j.blamed[m.IID] {
		return
	}
	j.blamed[m.IID] = true
	count("blames judged", 1)
	blamed, _ := j.changed(m.Head)
	most := 0
	for _, all := range j.testedOn() {
		most = max(most, proofs(all, blamed))
	}
	if most < 2 {
		j.fault("I20: !%d of %s is blamed, and %d pipelines say so", m.IID, m.SourceBranch, most)
	}
	if guilty := j.w.setting.guilty; len(guilty) > 0 && !slices.ContainsFunc(guilty, func(name string) bool { return strings.Contains(m.SourceBranch, name) }) {
		j.fault("I20: !%d of %s is blamed, and %v breaks the tests", m.IID, m.SourceBranch, guilty)
	}
}

// trial is a pipeline of a merge request that ended, and the pins that moved in it.
type trial struct {
	pins []string
	red  bool
}

// testedOn are the pipelines of merge requests, by what they stand on.
func (j *judge) testedOn() map[string][]trial {
	out := map[string][]trial{}
	for _, r := range j.w.project.Runs() {
		if pins, on := j.changed(r.SHA); (r.Status == "success" || r.Status == "failed") && r.Source == "merge_request_event" {
			out[on] = append(out[on], trial{pins, r.Status == "failed"})
		}
	}
	return out
}

// proofs is how many red pipelines have the blamed pins, and beside them nothing but what
// a green one has that lacks these.
func proofs(all []trial, blamed []string) (red int) {
	for _, r := range all {
		rest := without(r.pins, blamed)
		if !r.red || len(rest)+len(blamed) != len(r.pins) {
			continue
		}
		if len(rest) == 0 || slices.ContainsFunc(all, func(o trial) bool {
			return !o.red && len(without(rest, o.pins)) == 0 && len(without(o.pins, blamed)) == len(o.pins)
		}) {
			red++
		}
	}
	return red
}

// changed are the pins that a commit has and its parent has not.
func (j *judge) changed(sha string) (pins []string, base string) {
	commits := j.w.project.Commits(sha)
	if len(commits) == 0 || len(commits[0].Parents) == 0 {
		return nil, ""
	}
	base = commits[0].Parents[0]
	was, _ := j.w.project.File(base, "constraints.txt")
	is, _ := j.w.project.File(sha, "constraints.txt")
	return without(strings.Split(is, "\n"), strings.Split(was, "\n")), base
}

func without(all, others []string) (out []string) {
	for _, one := range all {
		if !slices.Contains(others, one) {
			out = append(out, one)
		}
	}
	return out
}
