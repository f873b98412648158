package mrs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file shows gates as statuses on heads, runs their jobs again, and keeps merge
// requests drafts until the statuses are there.

// retryJob runs a failed job again, unless that was done. If GitLab does not run it
// again, the outcome says so, and the failure of the job counts.
func (e effect) retryJob(ctx context.Context, a plan.RetryJob) (Outcome, error) {
	_, err := e.gl.RetryJob(ctx, a.Project, a.Pipeline, gitlab.Job{Name: a.Job.Name, ID: a.Job.ID})
	if errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrRefused) || gitlab.Missing(err) {
		return Outcome{}, nil // it is not run again, which is an answer
	}
	return Outcome{Wrote: err == nil, Retried: err == nil}, err
}

// setStatus shows a gate on a head, unless the head shows it already. The status hangs
// on the pipeline that the order names, which may run on the merge of the head. Where CI/CD
// is off it hangs on none: GitLab's own policy lets statuses be set there, and a GitLab
// that does not is told in one sentence.
func (e effect) setStatus(ctx context.Context, a plan.SetStatus, project plan.Project) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil {
		return Outcome{}, err
	}
	if m.State != plan.Opened {
		return Outcome{MR: &m}, nil
	}
	shown := a.Status
	s := gitlab.Status{SHA: shown.Head, Pipeline: shown.Pipeline, Name: plan.StatusPrefix + shown.Gate, State: string(shown.State), URL: a.URL, Markdown: text.Plain(a.Text, maxStatus)}
	if s.Pipeline != 0 {
		p, err := e.gl.Pipeline(ctx, e.id, s.Pipeline)
		if err != nil {
			return Outcome{}, err
		}
		if s.SHA = p.SHA; p.SHA != shown.Head && !strings.HasSuffix(p.Ref, "/merge") {
			return Outcome{}, fmt.Errorf("show gate %s on %s: %w: pipeline %d is of another head", shown.Gate, shown.Head, ErrMoved, p.ID)
		}
	}
	wrote, err := e.gl.SetStatus(ctx, e.id, s)
	if project.PipelinesOff && (errors.Is(err, gitlab.ErrForbidden) || gitlab.Missing(err)) {
		return Outcome{}, &gitlab.Failure{Doing: "set a commit status", Kinds: []error{gitlab.ErrForbidden}, Text: "CI/CD is off",
			Advice: "CI/CD is off in this project, and GitLab accepts no commit statuses without it: switch it on in Settings > General > Visibility"}
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Wrote: wrote, Status: &shown}, nil
}

// maxStatus is GitLab's limit for the description of a status, in characters.
const maxStatus = 255

// guardMergeRequest makes a merge request a draft, or removes our word for a draft from
// its title.
func (e effect) guardMergeRequest(ctx context.Context, a plan.GuardMergeRequest) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil {
		return Outcome{}, err
	}
	title := m.Title
	switch {
	case m.State != plan.Opened:
	case a.Draft && !plan.IsDraft(title):
		title = oneLine(plan.GuardPrefix + title)
	case !a.Draft:
		title = strings.TrimPrefix(title, plan.GuardPrefix)
	}
	if title == m.Title {
		return Outcome{MR: &m}, nil
	}
	done, err := e.put(ctx, a.IID, &api.UpdateMergeRequestOptions{Title: &title}, func(m plan.MergeRequest, _ string) bool { return m.Title == title })
	if err != nil {
		return Outcome{MR: &m}, err
	}
	return Outcome{Wrote: true, MR: &done}, nil
}
