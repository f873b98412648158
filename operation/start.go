package operation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Start is a pipeline that is to start once.
type Start struct {
	Operation string
	Project   int64 // in which it runs, that of Spec
	Spec      plan.PipelineSpec
	Username  string    // of our user, who starts it
	Since     time.Time // it was not started before this
	What      string    // in errors, such as "gate integration"
}

func (s Start) at() Place { return Place{s.Project, s.Spec.Ref, s.Username} }

// Find looks for the pipeline of an operation that was started before.
func (c *Client) Find(ctx context.Context, s Start) (run gitlab.Run, found bool, err error) {
	return starting{s, c}.find(ctx)
}

// Start starts a pipeline, or finds it started; started says which. If the project's CI/CD
// configuration has no input for the operation, it starts without that input.
func (c *Client) Start(ctx context.Context, s Start) (run gitlab.Run, started bool, err error) {
	return starting{s, c}.start(ctx)
}

// Elsewhere adds to a failure the project in which it happened, if that is another one.
func Elsewhere(err error, project string) error {
	var f *gitlab.Failure
	if !errors.As(err, &f) || strings.Contains(f.Advice, project) {
		return err
	}
	in := *f
	in.Advice = "in " + project + ": " + gitlab.Explain(err)
	return &in
}

// starting is a pipeline that is about to start, and the client that starts it.
type starting struct {
	Start
	c *Client
}

func (s starting) start(ctx context.Context) (gitlab.Run, bool, error) {
	carries, err := s.knowsInputs(ctx)
	if err != nil {
		return gitlab.Run{}, false, err
	}
	how := gitlab.Start{Ref: s.Spec.Ref, Find: s.find}
	for _, in := range s.Spec.Inputs {
		how.Inputs = append(how.Inputs, gitlab.Input(in))
	}
	if how.Variables, err = s.variables(ctx); err != nil {
		return gitlab.Run{}, false, err
	}
	plain := how
	if carries {
		how.Inputs = append(slices.Clone(how.Inputs), gitlab.Input{Name: plan.OperationInput, Value: s.Operation})
	}
	run, started, err := s.c.gl.StartPipeline(ctx, s.Project, how)
	if carries && errors.Is(err, gitlab.ErrInput) && strings.Contains(err.Error(), plan.OperationInput) {
		run, started, err = s.c.gl.StartPipeline(ctx, s.Project, plain)
	}
	if errors.Is(err, gitlab.ErrVariables) {
		return gitlab.Run{}, false, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrVariables, gitlab.ErrRefused}, Text: "variables are not allowed",
			Advice: "could not " + s.doing() + ": " + s.Spec.Project + " does not let pinwheel's user set variables of pipelines; let Developers do it there, or describe the pipeline with inputs"}
	}
	return run, started, err
}

func (s starting) doing() string { return "start the pipeline of " + s.What }

// Version asks GitLab which version it is, once.
func (c *Client) Version(ctx context.Context) (gitlab.Version, error) {
	if c.version != "" {
		return c.version, nil
	}
	var err error
	c.version, err = c.gl.Version(ctx)
	return c.version, err
}

// knowsInputs reports whether inputs reach the pipeline. If this GitLab drops inputs, and there are
// any besides the operation, it returns an error.
func (s starting) knowsInputs(ctx context.Context) (bool, error) {
	v, err := s.c.Version(ctx)
	switch {
	case errors.Is(err, gitlab.ErrNotFound), errors.Is(err, gitlab.ErrForbidden), errors.Is(err, gitlab.ErrRefused):
		return true, nil
	case err != nil:
		return false, err
	case v.Before(gitlab.Inputs) && len(s.Spec.Inputs) > 0:
		return false, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrRefused}, Text: "GitLab " + string(v) + " does not know inputs",
			Advice: fmt.Sprintf("could not %s: GitLab %s would start it without its inputs and say nothing; update GitLab to %s or newer, or describe the pipeline with variables", s.doing(), v, gitlab.Inputs)}
	}
	return !v.Before(gitlab.Inputs), nil
}

// variables are those of the pipeline that like names, and the given ones, which replace others of
// the same name. If there are any, the operation is added to them.
func (s starting) variables(ctx context.Context) ([]gitlab.Variable, error) {
	var out []gitlab.Variable
	set := func(v gitlab.Variable) {
		out = append(slices.DeleteFunc(out, func(o gitlab.Variable) bool { return o.Key == v.Key }), v)
	}
	if like := s.Spec.Like; like.Ref != "" {
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
	for _, v := range s.Spec.Variables {
		set(gitlab.Variable{Key: v.Name, Value: v.Value})
	}
	if len(out) > 0 {
		set(gitlab.Variable{Key: plan.OperationVariable, Value: s.Operation})
	}
	return out, nil
}

// like reads the variables of the newest pipeline that passed on a ref.
func (s starting) like(ctx context.Context, like plan.Like) ([]gitlab.Variable, error) {
	newest, found, err := s.c.gl.NewestPassed(ctx, s.Project, like.Ref)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &gitlab.Failure{Doing: "look for a pipeline that passed", Kinds: []error{gitlab.ErrRefused}, Text: "there is none",
			Advice: fmt.Sprintf("could not start %s: no pipeline passed on %s of %s, so there is none to be like; start one there first", s.What, like.Ref, s.Spec.Project)}
	}
	vars, err := s.c.gl.PipelineVariables(ctx, s.Project, newest.ID)
	if errors.Is(err, gitlab.ErrForbidden) {
		return nil, &gitlab.Failure{Doing: s.doing(), Kinds: []error{gitlab.ErrRefused}, Text: "its variables may not be read",
			Advice: fmt.Sprintf("could not %s: Maintainers of %s and whoever started pipeline %d alone may read its variables; make pinwheel's user a Maintainer there, or write variables in place of like", s.doing(), s.Spec.Project, newest.ID)}
	}
	return vars, err
}
