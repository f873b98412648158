package operation

import (
	"context"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Client starts and finds pipelines by one connection to GitLab. It keeps nothing but
// GitLab's version. Only one goroutine may use it.
type Client struct {
	gl      *gitlab.Client
	version gitlab.Version // zero until it is read
}

// New returns a Client that uses gl.
func New(gl *gitlab.Client) *Client { return &Client{gl: gl} }

// Place is a ref of a project on which pipelines run, and the username of our user there. Only that
// user's pipelines count.
type Place struct {
	Project  int64
	Ref      string
	Username string
}

// List lists the pipelines that our user started over the API on a ref and that
// changed at or after since, oldest first.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) List(ctx context.Context, at Place, since time.Time) ([]gitlab.Run, error) {
	return c.gl.StartedBy(ctx, at.Project, gitlab.Starter{Ref: at.Ref, Username: at.Username, Since: since})
}

// Of returns a pipeline as a run of the operation that its name shows, if it shows one.
func Of(project int64, p gitlab.Run) plan.GateRun {
	op, named := In(p.Name)
	return plan.GateRun{Operation: op, Project: project, ID: p.ID, URL: p.URL, Result: ResultOf(p.Status), Started: p.Created, Updated: p.Updated, Named: named}
}

// In returns the operation in the name of a pipeline, and false if there is none.
func In(name string) (string, bool) {
	at := strings.Index(name, Prefix)
	if at < 0 || len(name) < at+len(Prefix)+hexLength {
		return "", false
	}
	return name[at : at+len(Prefix)+hexLength], true
}

// Prefix begins every operation; as many hexadecimal digits follow as hexLength says.
const (
	Prefix    = "pinwheel-"
	hexLength = 16
)

// ResultOf translates the status of a pipeline or a job. A manual pipeline may have ended or wait for
// a person, so it counts as under way, as every unknown status does.
func ResultOf(status string) plan.Result {
	switch status {
	case "success":
		return plan.Passed
	case "failed":
		return plan.Failed
	case "canceled":
		return plan.Canceled
	case "skipped":
		return plan.Skipped
	}
	return plan.Unsettled
}

// mostUnnamed bounds how many pipelines without an operation in their names are asked for their
// variables.
const mostUnnamed = 20

// find searches for the pipeline of the operation by the names of pipelines. If they show no
// operation and the pipeline has variables, it searches these.
func (s starting) find(ctx context.Context) (gitlab.Run, bool, error) {
	list, err := s.c.List(ctx, s.at(), s.Since)
	if err != nil {
		return gitlab.Run{}, false, err
	}
	for _, p := range list {
		if op, _ := In(p.Name); op == s.Operation {
			return p, true, nil
		}
	}
	if len(s.Spec.Variables) == 0 && s.Spec.Like.Ref == "" {
		return gitlab.Run{}, false, nil
	}
	asked := 0
	for _, p := range slices.Backward(list) {
		if _, named := In(p.Name); named || asked == mostUnnamed {
			continue
		}
		asked++
		vars, err := s.c.gl.PipelineVariables(ctx, s.Project, p.ID)
		if gitlab.Unreadable(err) {
			return gitlab.Run{}, false, nil // we may not read them, so it cannot be found
		}
		if err != nil {
			return gitlab.Run{}, false, err
		}
		if slices.ContainsFunc(vars, func(v gitlab.Variable) bool {
			return v.Key == plan.OperationVariable && v.Value == s.Operation
		}) {
			return p, true, nil
		}
	}
	return gitlab.Run{}, false, nil
}

// Doubtful reports whether there is a pipeline that may be the one of an operation, although nothing
// shows whether it is. Call it if an earlier start may have got no answer and [Client.Find] found
// nothing.
func (c *Client) Doubtful(ctx context.Context, s Start) (bool, error) {
	list, err := c.List(ctx, s.at(), s.Since)
	if err != nil {
		return false, err
	}
	unnamed := 0
	for _, p := range list {
		if _, named := In(p.Name); named || p.Created.Before(s.Since) {
			continue
		}
		unnamed++
		if len(s.Spec.Variables) == 0 && s.Spec.Like.Ref == "" || unnamed > mostUnnamed {
			return true, nil
		}
		if _, err := c.gl.PipelineVariables(ctx, s.Project, p.ID); gitlab.Unreadable(err) {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
	return false, nil
}
