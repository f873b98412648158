package round

import (
	"context"
	"slices"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// resultsWithout reads how jobs ended in the newest pipeline of the same kind that has ended.
func (l *look) resultsWithout(ctx context.Context, w bot.Watch, p gitlab.Run) (map[string]plan.Result, error) {
	ref := w.Spec.Ref
	if w.Spec.Like.Ref != "" {
		ref = w.Spec.Like.Ref
	}
	if ref == "" {
		ref = p.Ref
	}
	newest, found, err := l.readBaseline(ctx, w.Project, ref)
	if err != nil || !found {
		return nil, err
	}
	jobs, err := l.GitLab.Jobs(ctx, w.Project, newest.ID)
	out := map[string]plan.Result{}
	for _, j := range jobs {
		if r := operation.ResultOf(j.Status); r == plan.Passed || r == plan.Failed {
			out[j.Name] = r
		}
	}
	return out, err
}

// mostReplacing is after how many pipelines that replace a package the search ends.
const mostReplacing = 10

// readBaseline returns the newest pipeline of a ref that ended, that we did not start, and that
// replaces no package.
func (l *look) readBaseline(ctx context.Context, project int64, ref string) (run gitlab.Run, found bool, err error) {
	list, err := l.GitLab.RefPipelines(ctx, project, ref)
	if err != nil || len(list) == 0 {
		return run, false, err
	}
	oldest := list[len(list)-1].Created
	own, err := l.operations.List(ctx, operation.Place{Project: project, Ref: ref, Username: l.snap.Bot.Username}, oldest)
	if err != nil {
		return run, false, err
	}
	looked := 0
	for _, other := range list {
		result := operation.ResultOf(other.Status)
		if result != plan.Passed && result != plan.Failed || slices.ContainsFunc(own, func(o gitlab.Run) bool { return o.ID == other.ID }) {
			continue
		}
		replaces, err := l.replaces(ctx, project, other)
		if err != nil || !replaces {
			return other, err == nil, err
		}
		if looked++; looked == mostReplacing {
			break
		}
	}
	return run, false, nil
}

// byHand are the sources of pipelines to which whoever starts them can give variables.
var byHand = []string{"web", "api", "trigger", "pipeline", "chat"}

// replaces reports whether somebody started a pipeline with another package of the set. If its
// variables cannot be read, one that somebody may have given variables counts as such, since a job
// that fails with another change is no excuse for this one.
func (l *look) replaces(ctx context.Context, project int64, run gitlab.Run) (bool, error) {
	vars, err := l.GitLab.PipelineVariables(ctx, project, run.ID)
	if gitlab.Unreadable(err) {
		return slices.Contains(byHand, run.Source), nil
	}
	return slices.ContainsFunc(vars, func(v gitlab.Variable) bool {
		return slices.ContainsFunc(l.project.Policy.Members, func(m bot.Member) bool { return m.Override == v.Key })
	}), err
}
