package gitlabsim

import (
	"slices"
	"strings"
)

// postStatus sets a commit status: one that hangs on the pipeline that pipeline_id
// names counts there. Without it a pipeline of its own appears, with the source
// external, on the branch. GitLab's sources take the newest pipeline of the commit
// instead, of whatever ref; here the worse happens. gitlab.md 2.4. Who sets it has to
// be somebody who may change that pipeline.
// https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
func postStatus(c *call) (*reply, error) {
	if err := c.require("state"); err != nil {
		return nil, err
	}
	on := c.p.repo.commits[c.params["sha"]]
	state := c.str("state")
	name, ref := c.str("name"), c.str("ref")
	if name == "" {
		name = c.str("context")
	}
	if name == "" {
		name = "default"
	}
	var number int64
	c.read("pipeline_id", &number)
	switch {
	case c.invalid != "":
		return nil, nil
	case !slices.Contains([]string{"pending", "running", "success", "failed", "canceled", "skipped"}, state):
		return nil, invalidRequest("state does not have a valid value")
	case on == nil:
		return nil, refuse(404, "404 Commit Not Found")
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case c.has("target_url") && !strings.HasPrefix(c.str("target_url"), "http"):
		return nil, refuse(400, object{"target_url": []string{"is blocked: Only allowed schemes are http, https"}})
	case len(c.str("description")) > 255:
		return nil, refuse(400, object{"description": []string{"is too long (maximum is 255 characters)"}})
	}
	l, err := c.statusPipeline(on, ref, number)
	if err != nil {
		return nil, err
	}
	if !c.p.mayRun(c.user, l.ref) {
		return nil, refuse(403, "403 Forbidden")
	}
	j, err := c.p.setStatus(c.user, l, name, state)
	if err != nil {
		return nil, err
	}
	if c.has("target_url") {
		j.target = c.str("target_url")
	}
	if c.has("description") {
		j.description = c.str("description")
	}
	c.p.compose(l, c.s.now())
	c.s.event(c.p, c.user, "status", name, state)
	return created(c.p.statusWire(l, j))
}

// statusPipeline finds the pipeline that a status hangs on, or makes one.
func (c *call) statusPipeline(on *commit, ref string, number int64) (*pipeline, error) {
	for _, l := range c.p.ran() {
		if number != 0 && l.id == number && l.sha == on.id && (ref == "" || ref == l.ref) {
			return l, nil
		}
		if number == 0 && l.source == "external" && l.sha == on.id && (ref == "" || ref == l.ref) {
			return l, nil
		}
	}
	if number != 0 {
		return nil, refuse(404, "404 Pipeline for pipeline_id, sha and ref Not Found")
	}
	if ref == "" {
		for _, b := range c.p.sortedBranches() {
			if isAncestor(on, b.head) {
				ref = b.name
				break
			}
		}
	}
	if ref == "" {
		return nil, refuse(404, "404 References for commit Not Found")
	}
	return c.p.external(c.user, ref, on.id), nil
}

// external is a pipeline that has statuses alone.
func (p *Project) external(who *user, ref, sha string) *pipeline {
	l := &pipeline{ref: ref, sha: sha, source: "external", user: who}
	p.begin(l)
	l.jobs = nil
	return l
}

// setStatus changes the status of a name that is not over, or makes another one in
// its place.
func (p *Project) setStatus(who *user, l *pipeline, name, state string) (*job, error) {
	for _, j := range l.jobs {
		if !j.external || j.name != name || j.retried || j.user != who {
			continue
		}
		if j.status != "pending" && j.status != "running" {
			j.retried = true // what is over stays as it is
			continue
		}
		if j.status == state || state == "pending" {
			event := map[string]string{"pending": "enqueue", "running": "run"}[state]
			return nil, refuse(400, "Cannot transition status via :"+event+" from :"+j.status+` (Reason(s): Status cannot transition via "`+event+`")`)
		}
		j.status, j.finished = state, p.s.now()
		return j, nil
	}
	j := &job{id: p.s.nextID("job"), name: name, status: state, external: true, user: who, created: p.s.now()}
	l.jobs = append(l.jobs, j)
	return j, nil
}

func listStatuses(c *call) (*reply, error) {
	var number int64
	for _, r := range c.query.Get("pipeline_id") {
		number = number*10 + int64(r-'0')
	}
	var out []object
	for _, l := range c.p.ran() {
		if l.sha != c.params["sha"] || number != 0 && l.id != number || c.query.Has("ref") && c.query.Get("ref") != l.ref {
			continue
		}
		for _, j := range l.jobs {
			if (c.query.Get("all") == "true" || !j.retried) && (!c.query.Has("name") || c.query.Get("name") == j.name) {
				out = append(out, c.p.statusWire(l, j))
			}
		}
	}
	return listed(c, out, true, func(o object) object { return o })
}

func (p *Project) statusWire(l *pipeline, j *job) object {
	out := object{"id": j.id, "sha": l.sha, "ref": l.ref, "status": j.status, "name": j.name, "allow_failure": j.allowed, "pipeline_id": l.id,
		"description": nil, "target_url": nil, "created_at": stamp(j.created), "finished_at": stamp(j.finished), "author": p.s.userWire(j.user), "coverage": nil}
	if j.description != "" {
		out["description"] = j.description
	}
	if j.target != "" {
		out["target_url"] = j.target
	}
	return out
}
