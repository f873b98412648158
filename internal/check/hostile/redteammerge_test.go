package hostile_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file judges what pinwheel merges and whom it blames, by the pipelines and commits
// of the simulated GitLab alone.

// merge judges a merge of ours.
func (j *redJudge) merge(e gitlabsim.Event) {
	m, p := j.s.merging, j.s.project
	iid, _ := strconv.Atoi(e.Target[1:])
	mr, _ := p.MR(iid)
	if m == nil {
		j.fault("%s from %s was merged, and nobody permits it", e.Target, mr.SourceBranch)
		return
	}
	count("merges that were judged")
	m.merged = e.Detail
	before := j.target(e.Detail)
	if m.onto[before]++; m.onto[before] > 1 {
		j.fault("%d merges onto %.8s, the last of %s", m.onto[before], before, e.Target)
	}
	j.inside(e, mr.SourceBranch)
	if mr.Author != redBot || slices.Contains(mr.Labels, "stop-updating") || mr.TargetBranch != "main" {
		j.fault("%s of %s into %s was merged, with the labels %q", e.Target, mr.Author, mr.TargetBranch, mr.Labels)
	}
	head := p.Commits(mr.Head)
	if len(head) < 2 || head[0].AuthorName != "pinwheel" || len(head[0].Parents) != 1 || slices.ContainsFunc(head[0].Files, func(path string) bool {
		return path != "constraints.txt" && path != "pipeline/constraints.yml" && !(path == ".gitlab-ci.yml" && j.s.named)
	}) {
		j.fault("%s was merged, and its head is not one commit of ours", e.Target)
		return
	}
	base := head[0].Parents[0]
	if base != before && !m.loose {
		j.fault("%s was merged as %.8s and does not stand on what main was", e.Target, e.Detail)
	}
	was, _ := p.File(base, "constraints.txt")
	is, _ := p.File(mr.Head, "constraints.txt")
	j.steps(e, was, is)
	if !j.passed(mr, base) {
		j.fault("%s was merged as %.8s, on which no pipeline passed", e.Target, mr.Head)
	}
	if m.gate != nil && !j.gatePassed(mr.Head, base) {
		j.fault("%s was merged, and the gate did not pass for %.8s on %.8s", e.Target, mr.Head, base)
	}
	if got, _ := p.File(e.Detail, "constraints.txt"); base == before && got != is {
		j.fault("%s was merged, and main is not what was tested", e.Target)
	}
	j.s.tookOver(was, is)
}

// steps judges the pins that a merge moves: each is old enough, and a step that is merged.
func (j *redJudge) steps(e gitlabsim.Event, was, is string) {
	old, now := strings.Split(was, "\n"), strings.Split(is, "\n")
	if len(old) != len(now) {
		j.fault("%s was merged and has other lines than its base", e.Target)
		return
	}
	for i := range now {
		if now[i] == old[i] {
			continue
		}
		j.pin(e, now[i])
		from, to := strings.Split(old[i], "=="), strings.Split(now[i], "==")
		if major := func(v string) string { v, _, _ = strings.Cut(v, "."); return v }; len(from) != 2 || len(to) != 2 || major(from[1]) != major(to[1]) && !j.s.merging.anyKind {
			j.fault("%s was merged and moves %q to %q, which nobody permits", e.Target, old[i], now[i])
		}
	}
}

// target is what main was before a merge that gave a commit.
func (j *redJudge) target(made string) string {
	for _, e := range slices.Backward(j.s.gitlab.Events()) {
		if was, to, _ := strings.Cut(e.Detail, ".."); e.Kind == "push" && e.Project == "cki/pipe" && e.Target == "main" && to == made {
			return was
		}
	}
	return ""
}

// passed reports whether the newest pipeline of a merge request on its head passed, or
// failed in nothing but jobs that failed on the commit that it stands on.
func (j *redJudge) passed(mr gitlabsim.MergeRequest, base string) bool {
	runs := j.s.project.Runs()
	for _, r := range slices.Backward(runs) {
		if r.SHA == mr.Head && r.Ref == fmt.Sprintf("refs/merge-requests/%d/head", mr.IID) {
			return r.Status == "success" || excused(r, runs, func(b gitlabsim.Run) bool { return b.SHA == base })
		}
	}
	return false
}

// gatePassed reports whether a pipeline of ours where the gate runs passed for a head.
func (j *redJudge) gatePassed(head, base string) bool {
	var runs []gitlabsim.Run
	for _, r := range j.s.merging.gate.Runs() {
		if r.User == redBot && r.Ref == "main" {
			runs = append(runs, r)
		}
	}
	return slices.ContainsFunc(runs, func(r gitlabsim.Run) bool {
		return r.Tested == head && (r.Status == "success" || excused(r, runs, func(b gitlabsim.Run) bool { return b.Tested == base }))
	})
}

// excused reports whether a pipeline failed in nothing but jobs that failed in one of the
// base, too.
func excused(r gitlabsim.Run, runs []gitlabsim.Run, ofBase func(gitlabsim.Run) bool) bool {
	red := redJobs(r)
	return r.Status == "failed" && len(red) > 0 && !slices.ContainsFunc(red, func(job string) bool {
		return !slices.ContainsFunc(runs, func(b gitlabsim.Run) bool { return ofBase(b) && slices.Contains(redJobs(b), job) })
	})
}

func redJobs(r gitlabsim.Run) (out []string) {
	for _, job := range r.Jobs {
		if job.Status == "failed" && !job.Retried && !job.Allowed && !job.External {
			out = append(out, job.Name)
		}
	}
	return out
}

// gates judges what we did where the gate runs.
func (j *redJudge) gates(e gitlabsim.Event) {
	if m := j.s.merging; m == nil || m.gate == nil || e.Kind != "job-retry" && (e.Kind != "pipeline" || e.Target != "main") {
		j.fault("pinwheel did %s", e)
	}
}

// blame judges the label that says that a merge request breaks tests: at least two red
// pipelines have its pins, and beside them nothing but what is green without them.
func (j *redJudge) blame(mr gitlabsim.MergeRequest) {
	m := j.s.merging
	if m == nil || !slices.Contains(mr.Labels, plan.BreaksLabel) || m.blamed[mr.IID] {
		return
	}
	m.blamed[mr.IID] = true
	count("blames that were judged")
	blamed, _ := j.moved(mr.Head)
	most := 0
	for _, all := range j.trials() {
		most = max(most, proofs(all, blamed))
	}
	if most < 2 {
		j.fault("!%d of %s is blamed, and %d pipelines say so", mr.IID, mr.SourceBranch, most)
	}
}

// trial is a pipeline of a merge request that ended, and the pins that moved in it.
type trial struct {
	pins []string
	red  bool
}

// trials are the pipelines of merge requests by what they stand on.
func (j *redJudge) trials() map[string][]trial {
	out := map[string][]trial{}
	for _, r := range j.s.project.Runs() {
		if pins, on := j.moved(r.SHA); (r.Status == "success" || r.Status == "failed") && r.Source == "merge_request_event" {
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

// moved are the pins that a commit has and its parent has not.
func (j *redJudge) moved(sha string) (pins []string, base string) {
	commits := j.s.project.Commits(sha)
	if len(commits) == 0 || len(commits[0].Parents) == 0 {
		return nil, ""
	}
	base = commits[0].Parents[0]
	was, _ := j.s.project.File(base, "constraints.txt")
	is, _ := j.s.project.File(sha, "constraints.txt")
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
