package gitlabsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// pipeline is one of a project. Nothing starts by itself here: tests say what
// ran and how it ended, and an API call starts one that then waits.
type pipeline struct {
	id       int64
	ref, sha string
	source   string
	status   string
	user     *user
	created  time.Time
	updated  time.Time
	finished time.Time
	jobs     []job
	inputs   map[string]any
}

type job struct {
	name, status string
	allowed      bool // to fail
	bridge       bool // starts a pipeline of another project
}

var finals = []string{"success", "failed", "canceled", "skipped"}

func pipelineRoutes() []*route {
	const one = "/projects/:id/pipelines"
	return []*route{
		{method: "GET", pattern: one, handle: builds(listPipelines), query: paging + windows +
			"scope status source ref sha yaml_errors name username order_by sort"},
		{method: "POST", pattern: "/projects/:id/pipeline", handle: builds(postPipeline), body: "ref variables inputs"},
		{method: "GET", pattern: one + "/:pipeline_id/jobs", query: paging + "scope[] include_retried", handle: builds(jobsOf(false))},
		{method: "GET", pattern: one + "/:pipeline_id/bridges", query: paging + "scope[]", handle: builds(jobsOf(true))},
		{method: "GET", pattern: "/projects/:id/merge_requests/:iid/pipelines", query: paging, handle: builds(mrCall(mrPipelines))},
		{method: "GET", pattern: "/projects/:id/merge_requests/:iid/approvals", handle: mrCall(getApprovals)},
	}
}

// builds guards what is there only where CI/CD is on.
func builds(next func(*call) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if c.p.ciDisabled || !c.p.public && c.p.level(c.user) < Reporter {
			return nil, refuse(403, "403 Forbidden")
		}
		return next(c)
	}
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
	if _, err := c.oneOf("order_by", "id"); err != nil {
		return nil, err
	}
	q := c.query
	found := slices.DeleteFunc(slices.Clone(c.p.pipelines), func(l *pipeline) bool {
		return !w.holds(l.created, l.updated) || q.Has("ref") && l.ref != q.Get("ref") || q.Has("sha") && l.sha != q.Get("sha") ||
			q.Has("source") && l.source != q.Get("source") || q.Has("status") && l.status != q.Get("status") ||
			q.Has("username") && l.user.username != q.Get("username")
	})
	if direction == "desc" {
		slices.Reverse(found)
	}
	return listed(c, found, true, func(l *pipeline) object { return c.p.pipelineWire(l, false) })
}

func postPipeline(c *call) (*reply, error) {
	if err := c.require("ref"); err != nil {
		return nil, err
	}
	b := c.p.repo.branches[c.str("ref")]
	switch {
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case b == nil:
		return nil, refuse(400, object{"base": []string{"Reference not found"}})
	case c.p.repo.tags[b.name] != nil:
		return nil, refuse(400, object{"base": []string{"Ref is ambiguous"}})
	case c.has("variables"):
		return nil, refuse(400, object{"base": []string{"Insufficient permissions to set pipeline variables"}})
	}
	inputs := map[string]any{}
	c.read("inputs", &inputs)
	if !c.s.since(17, 10) {
		clear(inputs) // Grape drops what it does not declare. gitlab.md 7.6
	}
	for _, name := range sortedKeys(inputs) {
		if !slices.Contains(c.p.inputs, name) {
			return nil, refuse(400, object{"base": []string{"Given inputs not defined in the `spec` section of the included configuration file: " + name}})
		}
	}
	l := c.p.newPipeline(c.user, b.name, b.head.id, "api")
	l.inputs = inputs
	return created(c.p.pipelineWire(l, true))
}

func jobsOf(bridges bool) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		at := slices.IndexFunc(c.p.pipelines, func(l *pipeline) bool { return l.id == int64(c.number("pipeline_id")) })
		if at < 0 {
			return nil, refuse(404, "404 Not found")
		}
		scope := c.query["scope[]"]
		var found []job
		for _, j := range c.p.pipelines[at].jobs {
			if j.bridge == bridges && (len(scope) == 0 || slices.Contains(scope, j.status)) {
				found = append(found, j)
			}
		}
		return listed(c, found, true, func(j job) object {
			return object{"id": 1, "name": j.name, "status": j.status, "stage": "test", "allow_failure": j.allowed}
		})
	}
}

// mrPipelines are those of its own, and after them those of its branch on heads
// that it had. gitlab.md 7.8.
func mrPipelines(c *call, m *mergeRequest) (*reply, error) {
	m.observe()
	had := func(sha string) bool {
		return sha == m.head.id || slices.ContainsFunc(m.versions, func(v *version) bool { return v.head.id == sha })
	}
	found := slices.DeleteFunc(slices.Clone(c.p.pipelines), func(l *pipeline) bool { return !m.owns(l) && (l.ref != m.source || !had(l.sha)) })
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

func (m *mergeRequest) owns(l *pipeline) bool {
	return strings.HasPrefix(l.ref, fmt.Sprintf("refs/merge-requests/%d/", m.iid))
}

func getApprovals(c *call, m *mergeRequest) (*reply, error) {
	by := []object{}
	for _, u := range m.approvedBy {
		by = append(by, object{"user": c.s.userWire(u)})
	}
	return ok(object{"id": m.id, "iid": m.iid, "project_id": c.p.id, "approved": len(by) > 0, "approvals_required": 0, "approvals_left": 0, "approved_by": by})
}

func (p *Project) pipelineWire(l *pipeline, full bool) object {
	out := object{"id": l.id, "iid": l.id, "project_id": p.id, "sha": l.sha, "ref": l.ref, "status": l.status, "source": l.source, "name": nil,
		"created_at": stamp(l.created), "updated_at": stamp(l.updated), "web_url": fmt.Sprintf("%s/-/pipelines/%d", p.webURL(), l.id)}
	if full {
		out["user"], out["finished_at"], out["tag"] = p.s.userWire(l.user), stamp(l.finished), false
	}
	return out
}

func (p *Project) newPipeline(u *user, ref, sha, source string) *pipeline {
	l := &pipeline{id: p.s.nextID("pipeline"), ref: ref, sha: sha, source: source, status: "created", user: u, created: p.s.now(), updated: p.s.now()}
	p.pipelines = append(p.pipelines, l)
	p.s.event(p, u, "pipeline", ref, sha)
	return l
}

// headPipeline is what GitLab shows as the pipeline of a merge request: the
// newest on its head, one of its own before one of its branch. After a push that
// of an older head stays until there is another. gitlab.md 2.4.
func (m *mergeRequest) headPipeline() any {
	var newest [2][2]*pipeline // on the head or not, its own or its branch's
	at := func(no bool) int {
		if no {
			return 1
		}
		return 0
	}
	for _, l := range m.p.pipelines {
		own := m.owns(l)
		if own || l.ref == m.source {
			newest[at(l.sha != m.head.id && !m.p.mergeOf(l.sha, m.head.id))][at(!own)] = l
		}
	}
	for _, l := range slices.Concat(newest[0][:], newest[1][:]) {
		if l != nil {
			return m.p.pipelineWire(l, true)
		}
	}
	return nil
}

// SetCI switches CI/CD on or off and says which inputs its configuration has.
func (p *Project) SetCI(on bool, inputs ...string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.ciDisabled, p.inputs = !on, inputs
}

// Pipeline says how far the pipeline of a branch is, or of a merge request that
// is named !IID, on its present head; !IID/merge is one of the merged result.
// Where that head has none yet it starts; jobs are NAME=STATUS, a trailing ?
// allows to fail and a trailing > makes it a trigger of another project.
func (p *Project) Pipeline(username, of, status string, jobs ...string) error {
	return p.acting(username, func(u *user) error {
		ref, sha, source, err := p.pipelineOf(of)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(p.pipelines, func(l *pipeline) bool { return l.ref == ref && (l.sha == sha || p.mergeOf(l.sha, sha)) })
		var l *pipeline
		if at >= 0 {
			l = p.pipelines[at]
		} else {
			l = p.newPipeline(u, ref, sha, source)
			if strings.HasSuffix(ref, "/merge") {
				head := p.repo.commits[sha]
				l.sha = p.repo.newCommit(commit{parents: []*commit{p.repo.branches[p.defaultBranch].head, head}, tree: head.tree, message: "Merge", at: p.s.now()}).id
			}
		}
		l.status, l.updated, l.finished, l.jobs = status, p.s.now(), time.Time{}, nil
		if slices.Contains(finals, status) {
			l.finished = l.updated
		}
		for _, text := range jobs {
			name, status, _ := strings.Cut(text, "=")
			j := job{name: name, status: strings.TrimRight(status, "?>"), allowed: strings.Contains(status, "?"), bridge: strings.Contains(status, ">")}
			l.jobs = append(l.jobs, j)
		}
		return nil
	})
}

func (p *Project) mergeOf(sha, head string) bool {
	c := p.repo.commits[sha]
	return c != nil && len(c.parents) == 2 && c.parents[1].id == head
}

func (p *Project) pipelineOf(of string) (ref, sha, source string, err error) {
	number, isMR := strings.CutPrefix(of, "!")
	if !isMR {
		b := p.repo.branches[of]
		if b == nil {
			return "", "", "", fmt.Errorf("no branch %s", of)
		}
		return of, b.head.id, "push", nil
	}
	number, kind, merged := strings.Cut(number, "/")
	if !merged {
		kind = "head"
	}
	iid := 0
	if _, err := fmt.Sscan(number, &iid); err != nil || p.mr(iid) == nil {
		return "", "", "", fmt.Errorf("no merge request %s", of)
	}
	return fmt.Sprintf("refs/merge-requests/%d/%s", iid, kind), p.mr(iid).newestHead().id, "merge_request_event", nil
}

// Pipelines lists what ran: ref, status and who started it, oldest first.
func (p *Project) Pipelines() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []string
	for _, l := range p.pipelines {
		out = append(out, fmt.Sprintf("%s %s by %s (%s)", l.ref, l.status, l.user.username, l.source))
	}
	return out
}

// PipelineInputs are the inputs that the newest pipeline was started with.
func (p *Project) PipelineInputs() map[string]any {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if n := len(p.pipelines); n > 0 {
		return p.pipelines[n-1].inputs
	}
	return nil
}

// Approve approves a merge request.
func (p *Project) Approve(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		if p.level(u) < Developer || m.state != "opened" || slices.Contains(m.approvedBy, u) {
			return refuse(401, "401 Unauthorized")
		}
		m.approvedBy = append(m.approvedBy, u)
		p.systemNote(u, &m.noteable, "approved this merge request")
		return nil
	})
}

// Unapprove takes an approval back.
func (p *Project) Unapprove(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		m.approvedBy = slices.DeleteFunc(m.approvedBy, func(o *user) bool { return o == u })
		p.systemNote(u, &m.noteable, "unapproved this merge request")
		return nil
	})
}
