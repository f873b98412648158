package mrs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads and starts the pipelines of gates, in any project.

// mostUnnamed bounds how many pipelines are asked for their variables to find one
// whose name does not tell its operation.
const mostUnnamed = 20

// GateRef is a ref of a project on which pipelines of gates run, and our user there.
type GateRef struct {
	Project int64
	Ref     string
	Bot     plan.User
}

// GateNews lists the pipelines that our user started over the API on a ref of a
// project and that changed at or after since, oldest first. They are runs with the
// operation that their names show, and without jobs.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) GateNews(ctx context.Context, at GateRef, since time.Time) ([]plan.GateRun, error) {
	list, err := c.gateRows(ctx, at, since)
	var out []plan.GateRun
	for _, p := range list {
		run := gateRunOf(at.Project, p)
		run.Operation, _ = operationIn(p.Name)
		out = append(out, run)
	}
	return out, err
}

func (c *Client) gateRows(ctx context.Context, at GateRef, since time.Time) ([]gitlab.Run, error) {
	opt := api.ListProjectPipelinesOptions{Ref: &at.Ref, Source: new("api"), Username: &at.Bot.Username, UpdatedAfter: new(since.UTC())}
	list, err := c.gl.Pipelines(ctx, at.Project, opt)
	var out []gitlab.Run
	for _, p := range slices.Backward(list) {
		out = append(out, gitlab.RunOf(p))
	}
	return out, err
}

// gateRunOf is a pipeline of a project as a run without an operation.
func gateRunOf(project int64, p gitlab.Run) plan.GateRun {
	_, named := operationIn(p.Name)
	return plan.GateRun{Project: project, ID: p.ID, URL: p.URL, Result: resultOf(p.Status), Started: p.Created, Updated: p.Updated, Named: named}
}

// operationIn is the operation that a pipeline's name shows.
func operationIn(name string) (string, bool) {
	at := strings.Index(name, operationStart)
	if at < 0 || len(name) < at+len(operationStart)+operationHex {
		return "", false
	}
	return name[at : at+len(operationStart)+operationHex], true
}

// The form of an operation.
const (
	operationStart = "pinwheel-"
	operationHex   = 16
)

// GateJobs lists the jobs of a pipeline, by name, each with all its attempts. Jobs that
// start another pipeline, wait for a person or have an environment are marked as not to
// be run again. If GitLab does not tell which jobs have an environment, all are.
func (c *Client) GateJobs(ctx context.Context, run plan.GateRun) ([]plan.GateJob, error) {
	attempts, err := c.gl.Attempts(ctx, run.Project, run.ID)
	if err != nil {
		return nil, err
	}
	slices.Reverse(attempts) // oldest first
	all, err := c.gl.Jobs(ctx, run.Project, run.ID)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		if j.Trigger {
			attempts = append(attempts, j)
		}
	}
	out, failed := joined(attempts)
	if failed {
		err = c.never(ctx, run, attempts, out)
	}
	return out, err
}

// joined makes one job for each name of the attempts, which begin with the oldest. It
// reports whether a job failed that may not.
func joined(attempts []gitlab.Job) (out []plan.GateJob, failed bool) {
	for _, a := range attempts {
		at := slices.IndexFunc(out, func(j plan.GateJob) bool { return j.Name == a.Name })
		if at < 0 {
			at, out = len(out), append(out, plan.GateJob{Name: a.Name})
		}
		j := &out[at]
		j.ID, j.Result, j.MayFail = a.ID, resultOf(a.Status), a.MayFail
		j.Attempts++
		j.Once = j.Once || a.Trigger || a.Status == "manual"
		if j.Result == plan.Failed {
			j.Failures++
			failed = failed || !a.MayFail
		}
	}
	slices.SortFunc(out, func(a, b plan.GateJob) int { return cmp.Compare(a.Name, b.Name) })
	return out, failed
}

// never marks the jobs that have an environment.
func (c *Client) never(ctx context.Context, run plan.GateRun, attempts []gitlab.Job, jobs []plan.GateJob) error {
	deploys, err := c.gl.Deploys(ctx, run.Project, run.Started.Add(-clocks))
	hidden := gitlab.Unreadable(err) || errors.Is(err, gitlab.ErrTooLarge)
	if err != nil && !hidden {
		return err
	}
	for i := range jobs {
		deploying := slices.ContainsFunc(attempts, func(a gitlab.Job) bool { return a.Name == jobs[i].Name && deploys[a.ID] })
		jobs[i].Once = jobs[i].Once || hidden || deploying
	}
	return nil
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

// startGate starts a gate's pipeline, or finds it started.
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
	run := a.Run
	run.Project = project.ID
	tested, err := e.Commit(ctx, e.id, a.Commit)
	if err != nil {
		return Outcome{}, err
	}
	made, started, err := starting{e, run, a.Spec, tested.At.Add(-clocks)}.start(ctx)
	return Outcome{Wrote: started, Run: made}, elsewhere(err, a.Spec.Project)
}

// elsewhere adds to a failure in which project it was, since the run is about another.
func elsewhere(err error, project string) error {
	var f *gitlab.Failure
	if !errors.As(err, &f) || strings.Contains(f.Advice, project) {
		return err
	}
	in := *f
	in.Advice = "in " + project + ": " + gitlab.Explain(err)
	return &in
}

// starting is a pipeline that is about to be started, for an operation.
type starting struct {
	effect
	run   plan.GateRun
	spec  plan.PipelineSpec
	since time.Time // when the commit was made: nobody tested it before
}

// find looks for the pipeline by its operation, in the names of pipelines. If they show
// none and the gate has variables, it looks in the variables.
func (s starting) find(ctx context.Context) (gitlab.Run, bool, error) {
	list, err := s.gateRows(ctx, GateRef{s.run.Project, s.spec.Ref, s.bot}, s.since)
	if err != nil {
		return gitlab.Run{}, false, err
	}
	for _, p := range list {
		if op, _ := operationIn(p.Name); op == s.run.Operation {
			return p, true, nil
		}
	}
	if len(s.spec.Variables) == 0 && s.spec.Like.Ref == "" {
		return gitlab.Run{}, false, nil
	}
	asked := 0
	for _, p := range slices.Backward(list) {
		if _, named := operationIn(p.Name); named || asked == mostUnnamed {
			continue
		}
		asked++
		vars, err := s.gl.PipelineVariables(ctx, s.run.Project, p.ID)
		if gitlab.Unreadable(err) {
			return gitlab.Run{}, false, nil // nobody may read them: it cannot be found
		}
		if err != nil {
			return gitlab.Run{}, false, err
		}
		if slices.ContainsFunc(vars, func(v gitlab.Variable) bool {
			return v.Key == plan.OperationVariable && v.Value == s.run.Operation
		}) {
			return p, true, nil
		}
	}
	return gitlab.Run{}, false, nil
}

// start starts the pipeline. If the project's CI/CD configuration has no input for the
// operation, it starts without that input.
func (s starting) start(ctx context.Context) (*plan.GateRun, bool, error) {
	carries, err := s.knowsInputs(ctx)
	if err != nil {
		return nil, false, err
	}
	how := gitlab.Start{Ref: s.spec.Ref, Find: s.find}
	for _, in := range s.spec.Inputs {
		how.Inputs = append(how.Inputs, gitlab.Input(in))
	}
	if how.Variables, err = s.variables(ctx); err != nil {
		return nil, false, err
	}
	plain := how
	if carries {
		how.Inputs = append(slices.Clone(how.Inputs), gitlab.Input{Name: plan.OperationInput, Value: s.run.Operation})
	}
	run, started, err := s.gl.StartPipeline(ctx, s.run.Project, how)
	if carries && errors.Is(err, gitlab.ErrInput) && strings.Contains(err.Error(), plan.OperationInput) {
		run, started, err = s.gl.StartPipeline(ctx, s.run.Project, plain)
	}
	if errors.Is(err, gitlab.ErrVariables) {
		return nil, false, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrVariables, gitlab.ErrRefused}, Text: "variables are not allowed",
			Advice: "could not " + s.doing() + ": " + s.spec.Project + " does not let pinwheel's user set variables of pipelines; let Developers do it there, or describe the pipeline with inputs"}
	}
	if err != nil {
		return nil, false, err
	}
	made := s.runOf(run)
	return &made, started, nil
}

func (s starting) doing() string { return "start the pipeline of gate " + s.run.Gate }

// runOf is a pipeline as the one of the operation.
func (s starting) runOf(p gitlab.Run) plan.GateRun {
	out := gateRunOf(s.run.Project, p)
	out.Operation, out.Gate, out.Commit = s.run.Operation, s.run.Gate, s.run.Commit
	return out
}

// knowsInputs reports whether inputs reach the pipeline. With a GitLab that drops inputs
// it is an error if there are any besides the operation.
func (s starting) knowsInputs(ctx context.Context) (bool, error) {
	v, err := s.gitlabVersion(ctx)
	switch {
	case errors.Is(err, gitlab.ErrNotFound), errors.Is(err, gitlab.ErrForbidden), errors.Is(err, gitlab.ErrRefused):
		return true, nil
	case err != nil:
		return false, err
	case v.Before(gitlab.Inputs) && len(s.spec.Inputs) > 0:
		return false, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrRefused}, Text: "GitLab " + string(v) + " does not know inputs",
			Advice: fmt.Sprintf("could not %s: GitLab %s would start it without its inputs and say nothing; update GitLab to %s or newer, or describe the pipeline with variables", s.doing(), v, gitlab.Inputs)}
	}
	return !v.Before(gitlab.Inputs), nil
}

// variables are those of the pipeline that like names, and the given ones, which replace
// those of the same name. If there are any, the operation is one of them.
func (s starting) variables(ctx context.Context) ([]gitlab.Variable, error) {
	var out []gitlab.Variable
	set := func(v gitlab.Variable) {
		out = append(slices.DeleteFunc(out, func(o gitlab.Variable) bool { return o.Key == v.Key }), v)
	}
	if like := s.spec.Like; like.Ref != "" {
		vars, err := s.like(ctx, like)
		if err != nil {
			return nil, err
		}
		for _, v := range vars {
			if !slices.Contains(like.Drop, v.Key) && v.Key != plan.OperationVariable {
				set(v)
			}
		}
	}
	for _, v := range s.spec.Variables {
		set(gitlab.Variable{Key: v.Name, Value: v.Value})
	}
	if len(out) > 0 {
		set(gitlab.Variable{Key: plan.OperationVariable, Value: s.run.Operation})
	}
	return out, nil
}

// like reads the variables of the newest pipeline that passed on a ref.
func (s starting) like(ctx context.Context, like plan.Like) ([]gitlab.Variable, error) {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: 1}, Ref: &like.Ref, Status: new(api.Success), OrderBy: new("id"), Sort: new("desc")}
	list, _, err := s.gl.API.Pipelines.ListProjectPipelines(s.run.Project, opt, api.WithContext(ctx))
	if err != nil {
		return nil, gitlab.Fail(err, "look for a pipeline of %s that passed", like.Ref)
	}
	if len(list) == 0 {
		return nil, &gitlab.Failure{Doing: "look for a pipeline that passed", Kinds: []error{gitlab.ErrRefused}, Text: "there is none",
			Advice: fmt.Sprintf("could not start gate %s: no pipeline passed on %s of %s, so there is none to be like; start one there first", s.run.Gate, like.Ref, s.spec.Project)}
	}
	vars, err := s.gl.PipelineVariables(ctx, s.run.Project, list[0].ID)
	if errors.Is(err, gitlab.ErrForbidden) {
		return nil, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrRefused}, Text: "its variables may not be read",
			Advice: fmt.Sprintf("could not %s: Maintainers of %s and whoever started pipeline %d alone may read its variables; make pinwheel's user a Maintainer there, or write variables in place of like", s.doing(), s.spec.Project, list[0].ID)}
	}
	return vars, err
}
