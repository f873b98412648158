package gitlabsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pipeline is one of a project. Where the project has a script (ci.go), pushes and
// merge requests start them and the script says how their jobs end; else nothing
// starts by itself, tests say what ran and how it ended, and one that an API call
// starts waits.
type pipeline struct {
	id        int64
	ref, sha  string
	source    string
	name      string // what workflow:name makes
	status    string
	told      string // its status as somebody said it; "": its jobs tell
	user      *user
	created   time.Time
	updated   time.Time
	finished  time.Time
	seen      time.Time // nobody sees it before
	jobs      []*job
	inputs    map[string]any
	variables []variable
}

type variable struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Type  string `json:"variable_type"`
}

var finals = []string{"success", "failed", "canceled", "skipped"}

func pipelineRoutes() []*route {
	const all = "/projects/:id/pipelines"
	const one = all + "/:pipeline_id"
	const mr = "/projects/:id/merge_requests/:iid/"
	return []*route{
		{method: "GET", pattern: all, handle: shows(listPipelines), query: paging + windows +
			"scope status source ref sha yaml_errors name username order_by sort"},
		{method: "POST", pattern: "/projects/:id/pipeline", handle: shows(postPipeline), body: "ref variables inputs"},
		{method: "GET", pattern: one, handle: shows(pipelineCall(getPipeline))},
		{method: "GET", pattern: one + "/variables", handle: builds(pipelineCall(getVariables))},
		{method: "GET", pattern: one + "/jobs", query: paging + "scope[] include_retried", handle: builds(pipelineCall(jobsOf(false)))},
		{method: "GET", pattern: one + "/bridges", query: paging + "scope[]", handle: builds(pipelineCall(jobsOf(true)))},
		{method: "POST", pattern: "/projects/:id/jobs/:job_id/retry", handle: builds(retryJob)},
		{method: "GET", pattern: "/projects/:id/deployments", query: paging + "environment status order_by sort updated_after updated_before", handle: builds(listDeployments)},
		{method: "POST", pattern: "/projects/:id/statuses/:sha", body: "state ref name context target_url description coverage pipeline_id", handle: shows(postStatus)},
		{method: "GET", pattern: "/projects/:id/repository/commits/:sha/statuses", query: paging + "ref stage name pipeline_id all order_by sort", handle: shows(listStatuses)},
		{method: "GET", pattern: mr + "pipelines", query: paging, handle: shows(mrCall(mrPipelines))},
		{method: "POST", pattern: mr + "pipelines", body: "async", handle: builds(mrCall(postMRPipeline))},
		{method: "GET", pattern: mr + "approvals", handle: mrCall(getApprovals)},
	}
}

// shows guards pipelines and commit statuses: they are there where CI/CD is switched
// off, too, for systems beside GitLab that tell their results (app/policies/project_policy.rb
// of GitLab, internal_builds_disabled).
func shows(next func(*call) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if !c.p.public && c.p.level(c.user) < Reporter {
			return nil, refuse(403, "403 Forbidden")
		}
		return next(c)
	}
}

// builds guards jobs and deployments, which are there only where CI/CD is on.
func builds(next func(*call) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if c.p.ciDisabled || !c.p.public && c.p.level(c.user) < Reporter {
			return nil, refuse(403, "403 Forbidden")
		}
		return next(c)
	}
}

// pipelineCall finds the pipeline of a call.
func pipelineCall(next func(*call, *pipeline) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		for _, l := range c.p.ran() {
			if l.id == int64(c.number("pipeline_id")) {
				return next(c, l)
			}
		}
		return nil, refuse(404, "404 Not found")
	}
}

// ran is every pipeline that can be seen by now, oldest first, as far as it has
// come.
func (p *Project) ran() []*pipeline {
	var out []*pipeline
	for _, l := range p.pipelines {
		if !p.s.now().Before(l.seen) {
			p.advance(l)
			out = append(out, l)
		}
	}
	return out
}

func listPipelines(c *call) (*reply, error) {
	w, err := c.window()
	if err != nil {
		return nil, err
	}
	direction, err := c.oneOf("sort", "desc", "asc")
	if err != nil {
		return nil, err
	}
	order, err := c.oneOf("order_by", "id", "updated_at")
	if err != nil {
		return nil, err
	}
	is := func(key, value string) bool { return !c.query.Has(key) || c.query.Get(key) == value }
	found := slices.DeleteFunc(c.p.ran(), func(l *pipeline) bool {
		return !w.holds(l.created, l.updated) || !is("ref", l.ref) || !is("sha", l.sha) || !is("source", l.source) || !is("status", l.status) ||
			!is("username", l.user.username) || !is("name", l.name)
	})
	if order == "updated_at" {
		slices.SortStableFunc(found, func(a, b *pipeline) int { return a.updated.Compare(b.updated) })
	}
	if direction == "desc" {
		slices.Reverse(found)
	}
	return listed(c, found, true, func(l *pipeline) object { return c.p.pipelineWire(l, false) })
}

func getPipeline(c *call, l *pipeline) (*reply, error) { return ok(c.p.pipelineWire(l, true)) }

// getVariables tells the variables that a pipeline was started with to
// Maintainers and to who started it. Inputs are told to nobody.
func getVariables(c *call, l *pipeline) (*reply, error) {
	if c.p.level(c.user) < Maintainer && (l.user != c.user || c.p.level(c.user) < Developer) {
		return nil, refuse(403, "403 Forbidden")
	}
	return ok(append([]variable{}, l.variables...))
}

func postPipeline(c *call) (*reply, error) {
	if err := c.require("ref"); err != nil {
		return nil, err
	}
	b := c.p.repo.branches[c.str("ref")]
	base := func(what string) error { return refuse(400, object{"base": []string{what}}) }
	var variables []variable
	c.read("variables", &variables)
	inputs := map[string]any{}
	c.read("inputs", &inputs)
	switch {
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case c.p.ciDisabled:
		return nil, base("Pipelines are disabled!")
	case b == nil:
		return nil, base("Reference not found")
	case c.p.repo.tags[b.name] != nil:
		return nil, base("Ref is ambiguous")
	case !c.p.canPush(c.user, b.name) && !c.p.canMerge(c.user, b.name):
		return nil, base("You do not have sufficient permission to run a pipeline on '" + b.name +
			"'. Please select a different branch or contact your administrator for assistance. ")
	case c.has("variables") && (c.p.script.variables == NoAccess || c.p.level(c.user) < c.p.script.variables):
		return nil, base("Insufficient permissions to set pipeline variables")
	}
	if !c.s.since(17, 10) {
		clear(inputs) // Grape drops what it does not declare. gitlab.md 7.6
	}
	for _, name := range sortedKeys(inputs) {
		if !slices.Contains(c.p.inputs, name) {
			return nil, base("Given inputs not defined in the `spec` section of the included configuration file: " + name)
		}
	}
	for i := range variables {
		variables[i].Type = cmp.Or(variables[i].Type, "env_var")
	}
	c.onDefault(b.name, "a pipeline was started")
	l := &pipeline{ref: b.name, sha: b.head.id, source: "api", user: c.user, inputs: inputs, variables: variables}
	c.p.begin(l)
	return created(c.p.pipelineWire(l, true))
}

// mrPipelines are those of its own, and after them those of its branch on heads
// that it had. gitlab.md 7.8.
func mrPipelines(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	had := func(sha string) bool {
		return sha == m.head.id || slices.ContainsFunc(m.versions, func(v *version) bool { return v.head.id == sha })
	}
	found := slices.DeleteFunc(c.p.ran(), func(l *pipeline) bool { return !m.owns(l) && (l.ref != m.source || !had(l.sha)) })
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b *pipeline) int {
		switch {
		case m.owns(a) == m.owns(b):
			return 0
		case m.owns(a):
			return -1
		}
		return 1
	})
	return listed(c, found, true, func(l *pipeline) object { return c.p.pipelineWire(l, false) })
}

// postMRPipeline starts another pipeline of a merge request. gitlab.md 2.8.
func postMRPipeline(c *call, m *mergeRequest) (*reply, error) {
	kind := c.p.script.mrKind()
	switch {
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case m.state != "opened", kind == "":
		return nil, refuse(405, "405 Method Not Allowed")
	}
	l := c.p.beginMR(c.user, m, kind)
	if c.boolean("async") {
		return &reply{status: 202}, nil
	}
	return created(c.p.pipelineWire(l, true))
}

func (m *mergeRequest) owns(l *pipeline) bool {
	return strings.HasPrefix(l.ref, fmt.Sprintf("refs/merge-requests/%d/", m.iid))
}

func (p *Project) pipelineWire(l *pipeline, full bool) object {
	out := object{"id": l.id, "iid": l.id, "project_id": p.id, "sha": l.sha, "ref": l.ref, "status": l.status, "source": l.source, "name": nil,
		"created_at": stamp(l.created), "updated_at": stamp(l.updated), "web_url": fmt.Sprintf("%s/-/pipelines/%d", p.webURL(), l.id)}
	if l.name != "" {
		out["name"] = l.name
	}
	if full {
		out["user"], out["finished_at"], out["tag"] = p.s.userWire(l.user), stamp(l.finished), false
	}
	return out
}

// headPipeline is what GitLab shows as the pipeline of a merge request: the
// newest on its head, one of its own before one of its branch. After a push that
// of an older head stays until there is another. gitlab.md 2.4.
func (m *mergeRequest) headPipeline() *pipeline {
	var newest [2][2]*pipeline // on the head or not, its own or its branch's
	at := func(no bool) int {
		if no {
			return 1
		}
		return 0
	}
	for _, l := range m.p.ran() {
		own := m.owns(l)
		if own || l.ref == m.source {
			newest[at(!m.onHead(l))][at(!own)] = l
		}
	}
	for _, l := range slices.Concat(newest[0][:], newest[1][:]) {
		if l != nil {
			return l
		}
	}
	return nil
}

// onHead reports whether a pipeline ran on the head of a merge request, or on what
// it gives when it is merged.
func (m *mergeRequest) onHead(l *pipeline) bool {
	return l.sha == m.head.id || m.p.mergeOf(l.sha, m.head.id)
}

func (m *mergeRequest) headPipelineWire() any {
	if l := m.headPipeline(); l != nil {
		return m.p.pipelineWire(l, true)
	}
	return nil
}
