package mrs

import (
	"context"
	"fmt"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads and starts the pipelines of gates, in any project.

// GateRef is a ref of a project on which pipelines of gates run, and our user there.
type GateRef struct {
	Project int64
	Ref     string
	Bot     plan.User
}

// GateNews lists the pipelines that our user started over the API on a ref of a
// project and that changed at or after since, oldest first. They are runs with the
// operation that their names show, and without jobs.
func (c *Client) GateNews(ctx context.Context, at GateRef, since time.Time) ([]plan.GateRun, error) {
	list, err := c.operations.List(ctx, operation.Place{Project: at.Project, Ref: at.Ref, Username: at.Bot.Username}, since)
	var out []plan.GateRun
	for _, p := range list {
		out = append(out, operation.Of(at.Project, p))
	}
	return out, err
}

// GateJobs lists the jobs of a pipeline. See [operation.Client.Jobs].
func (c *Client) GateJobs(ctx context.Context, run plan.GateRun) ([]plan.GateJob, error) {
	return c.operations.Jobs(ctx, run)
}

// HeadStatuses are the commit statuses of gates that a head shows, on its pipeline if
// it has one.
func (c *Client) HeadStatuses(ctx context.Context, id int64, head string, pipeline int64) ([]plan.GateStatus, error) {
	sha := head
	if pipeline != 0 {
		p, err := c.gl.Pipeline(ctx, id, pipeline)
		if err != nil {
			return nil, err
		}
		sha = p.SHA
	}
	list, err := c.gl.Statuses(ctx, id, sha, pipeline)
	var out []plan.GateStatus
	for _, s := range list {
		if gate, ours := strings.CutPrefix(s.Name, plan.StatusPrefix); ours {
			out = append(out, plan.GateStatus{Head: head, Gate: gate, State: plan.StatusState(s.State), Pipeline: s.Pipeline})
		}
	}
	return out, err
}

// GateRight is what prevents our user from starting pipelines of a ref.
type GateRight string

// What may be in the way.
const (
	GateMay     GateRight = ""
	GateNoRef   GateRight = "no ref"
	GateNoRight GateRight = "no right"
	GateOff     GateRight = "off" // the project has no CI/CD
)

// GateRights says whether our user may start pipelines of a ref. Whoever may push to a
// branch or merge into it may start them. For a tag it only says that the tag is there.
// https://docs.gitlab.com/ci/pipelines/#pipeline-security-on-protected-branches
func (c *Client) GateRights(ctx context.Context, p plan.Project, ref string) (GateRight, error) {
	switch {
	case p.PipelinesOff:
		return GateOff, nil
	case plan.Role(p.AccessLevel) < plan.Developer && p.AccessLevel != 0:
		return GateNoRight, nil
	}
	b, _, err := c.gl.API.Branches.GetBranch(p.ID, ref, api.WithContext(ctx))
	switch err = gitlab.Fail(err, "read branch %s", ref); {
	case err == nil && b.Protected && !b.CanPush && !b.DevelopersCanMerge:
		return GateNoRight, nil
	case err == nil:
		return GateMay, nil
	case !gitlab.Missing(err):
		return GateMay, err
	}
	if _, err = c.gl.Commit(ctx, p.ID, ref); gitlab.Missing(err) {
		return GateNoRef, nil
	}
	return GateMay, err
}

// startGate starts a gate's pipeline, or finds it started. One that it finds ended comes with its
// jobs, since no list tells of it again: a head that was merged is the base of what stands on it.
func (e effect) startGate(ctx context.Context, a plan.StartGate) (Outcome, error) {
	project, err := e.gl.Project(ctx, a.Spec.Project, 0)
	if err != nil {
		return Outcome{}, err
	}
	if project.ID == e.id && (a.Spec.Ref == a.Default || a.Spec.Ref == project.DefaultBranch) {
		return Outcome{}, &gitlab.Failure{Doing: "start gate " + a.Gate, Kinds: []error{gitlab.ErrRefused}, Text: "it would run on the default branch",
			Advice: fmt.Sprintf("could not start gate %s: nothing is started on %s of the project itself, since that may deploy; name another ref or project", a.Gate, a.Spec.Ref)}
	}
	head, err := e.Head(ctx, e.id, a.Branch)
	switch {
	case err != nil:
		return Outcome{}, err
	case head != a.Head:
		return Outcome{}, fmt.Errorf("start gate %s of branch %s: %w: at %s, not %s", a.Gate, a.Branch, ErrMoved, head, a.Head)
	}
	tested, err := e.Commit(ctx, e.id, a.Commit)
	if err != nil {
		return Outcome{}, err
	}
	made, started, err := e.operations.Start(ctx, operation.Start{Operation: a.Run.Operation, Project: project.ID, Spec: a.Spec, Username: e.bot.Username,
		Since: tested.At.Add(-clocks), What: "gate " + a.Gate})
	if err != nil {
		return Outcome{Wrote: started}, operation.Elsewhere(err, a.Spec.Project)
	}
	run := operation.Of(project.ID, made)
	run.Operation, run.Gate, run.Commit = a.Run.Operation, a.Run.Gate, a.Run.Commit
	if run.Result == plan.Passed || run.Result == plan.Failed {
		if run.Jobs, err = e.operations.Jobs(ctx, run); err != nil {
			return Outcome{Wrote: started}, operation.Elsewhere(err, a.Spec.Project)
		}
	}
	return Outcome{Wrote: started, Run: &run}, nil
}

// Compared says with which pipelines what stands on a commit is compared.
type Compared = operation.Compared

// Baseline reads what ran by itself on a branch. See [operation.Client.Baseline].
func (c *Client) Baseline(ctx context.Context, project int64, of Compared) (plan.GateRun, error) {
	return c.operations.Baseline(ctx, project, of)
}
