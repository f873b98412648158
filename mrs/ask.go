package mrs

import (
	"context"
	"errors"
	"fmt"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// askForTests comments and starts a pipeline for one head of a merge request.
// The comment carries the head in its mark, and a pipeline that our user
// started by the API for this head is found in the list, so that a second
// attempt does neither again.
// https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline
func (e effect) askForTests(ctx context.Context, a plan.AskForTests) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil {
		return Outcome{}, err
	}
	if m.State != plan.Opened {
		return Outcome{MR: &m}, nil
	}
	// GitLab shows a push on the branch at once, on the merge request a while later.
	head, err := e.Head(ctx, e.id, a.Branch)
	switch {
	case err != nil:
		return Outcome{}, err
	case head != a.Head:
		return Outcome{MR: &m}, fmt.Errorf("ask for tests of merge request !%d: %w: at %s, not %s", a.IID, ErrMoved, head, a.Head)
	}
	out := Outcome{}
	if a.OnOpen.Comment != "" {
		if out.Wrote, err = e.noteOnce(ctx, a.IID, "on-open-"+a.Head, configured(a.OnOpen.Comment)); err != nil {
			return out, err
		}
	}
	if a.OnOpen.Pipeline {
		started, err := e.startPipeline(ctx, a)
		out.Wrote = out.Wrote || started
		return out, err
	}
	return out, nil
}

// configured is a text of the configuration, which is not made harmless: it may
// mention a bot and give it a command.
func configured(s string) string { return s }

func (e effect) startPipeline(ctx context.Context, a plan.AskForTests) (bool, error) {
	there, err := e.started(ctx, a)
	if err != nil || there {
		return false, err
	}
	if err := e.knowsInputs(ctx, a); err != nil {
		return false, err
	}
	inputs := api.PipelineInputsOption{}
	for _, in := range a.OnOpen.Inputs {
		switch v := in.Value.(type) {
		case string:
			inputs[in.Name] = api.NewPipelineInputValue(v)
		case int:
			inputs[in.Name] = api.NewPipelineInputValue(v)
		case bool:
			inputs[in.Name] = api.NewPipelineInputValue(v)
		default:
			return false, fmt.Errorf("start a pipeline of branch %s: input %s is a %T", a.Branch, in.Name, v)
		}
	}
	_, _, err = e.gl.API.Pipelines.CreatePipeline(e.id, &api.CreatePipelineOptions{Ref: &a.Branch, Inputs: inputs}, api.WithContext(ctx))
	err = gitlab.Settle(ctx, gitlab.Fail(err, "start a pipeline of branch %s", a.Branch), func() (bool, error) { return e.started(ctx, a) })
	return err == nil, err
}

// knowsInputs refuses to start a pipeline whose inputs GitLab would drop without an
// error. A GitLab that does not tell its version is taken to know inputs.
func (e effect) knowsInputs(ctx context.Context, a plan.AskForTests) error {
	if len(a.OnOpen.Inputs) == 0 {
		return nil
	}
	v, err := e.operations.Version(ctx)
	switch {
	case errors.Is(err, gitlab.ErrNotFound), errors.Is(err, gitlab.ErrForbidden), errors.Is(err, gitlab.ErrRefused):
		return nil
	case err != nil:
		return err
	case v.Before(gitlab.Inputs):
		doing := "start a pipeline of branch " + a.Branch
		return &gitlab.Failure{Doing: doing, Kinds: []error{gitlab.ErrRefused}, Text: "GitLab " + string(v) + " does not know inputs",
			Advice: fmt.Sprintf("could not %s: GitLab %s would start it without its inputs and say nothing; update GitLab to %s or newer, or take on_open.pipeline.inputs out", doing, v, gitlab.Inputs)}
	}
	return nil
}

// started reports whether our user started a pipeline for the head by the API.
func (e effect) started(ctx context.Context, a plan.AskForTests) (bool, error) {
	list, err := e.gl.Pipelines(ctx, e.id, api.ListProjectPipelinesOptions{
		Ref: &a.Branch, SHA: &a.Head, Source: new("api"), Username: &e.bot.Username,
	})
	return len(list) > 0, err
}
