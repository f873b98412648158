package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Run is one pipeline.
type Run struct {
	ID       int64
	Ref, SHA string
	Source   string
	Name     string // what workflow:name makes, empty if the project has none
	Status   string
	URL      string
	Created  time.Time
	Updated  time.Time
	Finished time.Time // zero in a list, and while it is under way
}

// RunOf is a pipeline as a row of a list shows it.
func RunOf(p *api.PipelineInfo) Run {
	return Run{ID: p.ID, Ref: p.Ref, SHA: p.SHA, Source: p.Source, Name: p.Name, Status: p.Status, URL: p.WebURL,
		Created: Instant(p.CreatedAt), Updated: Instant(p.UpdatedAt)}
}

func runOf(p *api.Pipeline) Run {
	return Run{ID: p.ID, Ref: p.Ref, SHA: p.SHA, Source: string(p.Source), Name: p.Name, Status: p.Status, URL: p.WebURL,
		Created: Instant(p.CreatedAt), Updated: Instant(p.UpdatedAt), Finished: Instant(p.FinishedAt)}
}

// Pipeline reads one pipeline.
// https://docs.gitlab.com/api/pipelines/#retrieve-a-pipeline
func (c *Client) Pipeline(ctx context.Context, project, id int64) (Run, error) {
	p, _, err := c.API.Pipelines.GetPipeline(project, id, api.WithContext(ctx))
	if err != nil {
		return Run{}, Fail(err, "read pipeline %d", id)
	}
	return runOf(p), nil
}

// Variable is a variable of a pipeline.
type Variable struct {
	Key, Value string
	File       bool // the job gets a file with the value
}

// PipelineVariables are those that a pipeline was started with, in GitLab's order.
// ErrForbidden: only Maintainers and whoever started it may read them. GitLab shows
// inputs nowhere.
// https://docs.gitlab.com/api/pipelines/#retrieve-pipeline-variables
func (c *Client) PipelineVariables(ctx context.Context, project, id int64) ([]Variable, error) {
	list, _, err := c.API.Pipelines.GetPipelineVariables(project, id, api.WithContext(ctx))
	var out []Variable
	for _, v := range list {
		out = append(out, Variable{v.Key, v.Value, v.VariableType == api.FileVariableType})
	}
	return out, Fail(err, "read the variables of pipeline %d", id)
}

// Input is an input of a pipeline; Value is a string, int, bool, float64 or
// []string.
type Input struct {
	Name  string
	Value any
}

// Start says which pipeline is started. Inputs and variables of one name may both
// be given: they are different things.
type Start struct {
	Ref       string
	Inputs    []Input
	Variables []Variable
	// Find looks for the pipeline, before it is started and after a lost answer. Nil:
	// it cannot be told from others, and is started in any case.
	Find func(context.Context) (Run, bool, error)
}

// StartPipeline starts a pipeline of a branch or tag unless Find finds it.
// ErrVariables: the project takes no variables from this user. ErrInput: the CI/CD
// configuration has no such input, or refuses its value. A GitLab before [Inputs]
// drops inputs without an error; the caller has to check that. started is false if
// the pipeline was found.
// https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline
func (c *Client) StartPipeline(ctx context.Context, project int64, s Start) (run Run, started bool, err error) {
	find := func() (found bool, err error) {
		if s.Find == nil {
			return false, nil
		}
		run, found, err = s.Find(ctx)
		return found, err
	}
	if found, err := find(); found || err != nil {
		return run, false, err
	}
	opt := &api.CreatePipelineOptions{Ref: &s.Ref}
	if opt.Inputs, err = inputsOf(s.Inputs); err != nil {
		return Run{}, false, fmt.Errorf("start a pipeline of %s: %w", s.Ref, err)
	}
	if variables := variablesOf(s.Variables); len(variables) > 0 {
		opt.Variables = &variables
	}
	p, _, err := c.API.Pipelines.CreatePipeline(project, opt, api.WithContext(ctx))
	if err == nil && p.ID != 0 {
		return runOf(p), true, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: a pipeline without a number", ErrNotGitLab)
	}
	err = Fail(err, "start a pipeline of %s", s.Ref)
	switch said := err.Error(); {
	case errors.Is(err, ErrRefused) && strings.Contains(said, "to set pipeline variables"):
		err = also(err, ErrVariables)
	case errors.Is(err, ErrRefused) && strings.Contains(strings.ToLower(said), "input"):
		err = also(err, ErrInput)
	}
	if err = Settle(ctx, err, find); err != nil {
		return Run{}, false, err
	}
	return run, true, nil
}

func inputsOf(all []Input) (api.PipelineInputsOption, error) {
	out := api.PipelineInputsOption{}
	for _, in := range all {
		switch v := in.Value.(type) {
		case string:
			out[in.Name] = api.NewPipelineInputValue(v)
		case int:
			out[in.Name] = api.NewPipelineInputValue(v)
		case bool:
			out[in.Name] = api.NewPipelineInputValue(v)
		case float64:
			out[in.Name] = api.NewPipelineInputValue(v)
		case []string:
			out[in.Name] = api.NewPipelineInputValue(v)
		default:
			return nil, fmt.Errorf("input %s is a %T", in.Name, v)
		}
	}
	return out, nil
}

func variablesOf(all []Variable) []*api.PipelineVariableOptions {
	var out []*api.PipelineVariableOptions
	for _, v := range all {
		kind := api.EnvVariableType
		if v.File {
			kind = api.FileVariableType
		}
		out = append(out, &api.PipelineVariableOptions{Key: &v.Key, Value: &v.Value, VariableType: &kind})
	}
	return out
}

// Status is a commit status. Pipeline is the one that it hangs on: without it (0)
// GitLab makes a second pipeline beside the one that reviewers look at. SHA is the
// commit of that pipeline. For a merged-results pipeline that is no head of a branch.
type Status struct {
	SHA      string
	Pipeline int64
	Name     string
	State    string // pending, running, success, failed, canceled
	URL      string
	Markdown string // its description, safe already, at most 255 characters; empty in what was read
}

// SetStatus sets a commit status unless it has that state already; wrote says whether
// it was changed. Its text and its link change only together with its state, since
// GitLab refuses to set the state that a status has.
// https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
func (c *Client) SetStatus(ctx context.Context, project int64, s Status) (wrote bool, err error) {
	there := func() (bool, error) {
		all, err := c.Statuses(ctx, project, s.SHA, s.Pipeline)
		return slices.ContainsFunc(all, func(o Status) bool {
			return o.Name == s.Name && o.State == s.State
		}), err
	}
	if found, err := there(); found || err != nil {
		return false, err
	}
	opt := &api.SetCommitStatusOptions{State: api.BuildStateValue(s.State), Name: &s.Name, TargetURL: &s.URL, Description: &s.Markdown, PipelineID: &s.Pipeline}
	if s.Pipeline == 0 {
		opt.PipelineID = nil
	}
	if s.URL == "" {
		opt.TargetURL = nil
	}
	_, _, err = c.API.Commits.SetCommitStatus(project, s.SHA, opt, api.WithContext(ctx))
	err = Fail(err, "set the status %s of commit %s", s.Name, s.SHA)
	if errors.Is(err, ErrRefused) && strings.Contains(err.Error(), "Cannot transition status") {
		return false, nil // another process set it
	}
	err = Settle(ctx, err, there)
	return err == nil, err
}

// Statuses are the newest status of each name of a commit, of those that hang on a
// pipeline; with 0 on any. GitLab lists the jobs of the pipeline among them.
// https://docs.gitlab.com/api/commits/#list-commit-statuses
func (c *Client) Statuses(ctx context.Context, project int64, sha string, pipeline int64) ([]Status, error) {
	opt := &api.GetCommitStatusesOptions{}
	if pipeline != 0 {
		opt.PipelineID = &pipeline
	}
	list, err := List(func(page api.ListOptions) ([]*api.CommitStatus, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Commits.GetCommitStatuses(project, sha, opt, api.WithContext(ctx))
	})
	var out []Status
	for _, s := range list {
		out = append(out, Status{SHA: s.SHA, Pipeline: s.PipelineID, Name: s.Name, State: s.Status, URL: s.TargetURL})
	}
	return out, Fail(err, "list the statuses of commit %s", sha)
}
