package gitlabsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// deployment is a record of an environment that an API call made; those of jobs are
// made of the jobs.
type deployment struct {
	id                    int64
	environment, ref, sha string
	user                  *user
	created               time.Time
}

func deploymentRoutes() []*route {
	return []*route{
		{method: "POST", pattern: "/projects/:id/deployments", body: "environment sha ref tag status", handle: builds(postDeployment)},
		{method: "GET", pattern: "/projects/:id/jobs/:job_id", handle: builds(getJob)},
		{method: "GET", pattern: "/projects/:id/events", query: paging + "action target_type before after sort", handle: listEvents},
	}
}

// postDeployment makes a record. https://docs.gitlab.com/api/deployments/#create-a-deployment
func postDeployment(c *call) (*reply, error) {
	if err := c.require("environment", "sha", "ref", "tag", "status"); err != nil {
		return nil, err
	}
	ref := c.p.repo.branches[c.str("ref")]
	switch {
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case c.str("status") != "success" || c.boolean("tag"):
		return nil, refuse(400, "gitlabsim knows successful deployments of branches alone")
	case c.p.repo.commits[c.str("sha")] == nil:
		return nil, refuse(400, object{"sha": []string{"The commit does not exist"}})
	case ref == nil:
		return nil, refuse(400, object{"ref": []string{"The branch or tag does not exist"}})
	}
	d := &deployment{c.s.nextID("job"), c.str("environment"), ref.name, c.str("sha"), c.user, c.s.now()}
	c.p.deployments = append(c.p.deployments, d)
	c.s.event(c.p, c.user, "deployment", d.environment, d.sha)
	return created(c.p.deploymentWire(d))
}

func (p *Project) deploymentWire(d *deployment) object {
	return object{"id": d.id, "iid": d.id, "ref": d.ref, "sha": d.sha, "status": "success", "created_at": stamp(d.created), "updated_at": stamp(d.created),
		"user": p.s.userWire(d.user), "environment": object{"id": 1, "name": d.environment}, "deployable": nil}
}

// recorded are the records of API calls that a list asks for.
func (c *call) recorded() []object {
	var out []object
	for _, d := range c.p.deployments {
		if (!c.query.Has("environment") || c.query.Get("environment") == d.environment) && (!c.query.Has("status") || c.query.Get("status") == "success") {
			out = append(out, c.p.deploymentWire(d))
		}
	}
	return out
}

// Deployments lists the records that API calls made, as ENVIRONMENT SHA, oldest first.
func (p *Project) Deployments() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []string
	for _, d := range p.deployments {
		out = append(out, d.environment+" "+d.sha)
	}
	return out
}

func getJob(c *call) (*reply, error) {
	for _, l := range c.p.ran() {
		for _, j := range l.jobs {
			if j.id == int64(c.number("job_id")) && !j.external && !j.bridge {
				out := c.p.jobWire(l, j)
				out["web_url"] = fmt.Sprintf("%s/-/jobs/%d", c.p.webURL(), j.id)
				if j.user != nil {
					out["user"] = c.s.userWire(j.user)
				}
				return ok(out)
			}
		}
	}
	return nil, refuse(404, "404 Not found")
}

// listEvents tells the pushes to branches, the newest first. What else happens to a
// project is left out. https://docs.gitlab.com/api/events/
func listEvents(c *call) (*reply, error) {
	direction, err := c.oneOf("sort", "desc", "asc")
	if err != nil {
		return nil, err
	}
	var found []Event
	for _, e := range c.s.events {
		if e.Project == c.p.path && slices.Contains([]string{"push", "force-push", "branch-create"}, e.Kind) && cmp.Or(c.query.Get("action"), "pushed") == "pushed" {
			found = append(found, e)
		}
	}
	if direction == "desc" {
		slices.Reverse(found)
	}
	return listed(c, found, false, func(e Event) object {
		from, to, moved := strings.Cut(e.Detail, "..")
		action, before := "pushed", any(from)
		if !moved {
			action, before, to = "created", nil, from
		}
		return object{"id": e.Seq, "action_name": "pushed to", "author_username": e.Actor, "author": c.s.userWire(c.s.user(e.Actor)), "created_at": e.At.Format(time.RFC3339),
			"push_data": object{"commit_count": 1, "action": action, "ref_type": "branch", "commit_from": before, "commit_to": to, "ref": e.Target, "commit_title": ""}}
	})
}

// StartJob makes the job of a name of the newest pipeline of a ref run, as a person's.
// An earlier one of its name is retried. It returns the numbers of both.
func (p *Project) StartJob(username, ref, name string) (pipeline, id int64, err error) {
	p.s.mu.Lock()
	for _, l := range slices.Backward(p.pipelines) {
		if l.ref == ref && pipeline == 0 {
			pipeline = l.id
		}
	}
	p.s.mu.Unlock()
	id, err = p.StartJobOf(username, pipeline, name)
	return pipeline, id, err
}

// StartJobOf is StartJob of a pipeline by its number.
func (p *Project) StartJobOf(username string, pipeline int64, name string) (id int64, err error) {
	err = p.acting(username, func(u *user) error {
		for _, l := range p.pipelines {
			if l.id != pipeline {
				continue
			}
			for _, j := range l.jobs {
				if j.name == name {
					j.retried = true
				}
			}
			id = p.s.nextID("job")
			l.jobs = append(l.jobs, &job{id: id, name: name, status: "running", user: u, created: p.s.now(), environment: "production"})
			return nil
		}
		return fmt.Errorf("no pipeline %d", pipeline)
	})
	return id, err
}

// EndJob gives a job its status.
func (p *Project) EndJob(id int64, status string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, l := range p.pipelines {
		for _, j := range l.jobs {
			if j.id == id {
				j.status, j.finished = status, p.s.now()
			}
		}
	}
}

// PipelineSHA is the commit of a pipeline.
func (p *Project) PipelineSHA(id int64) string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, l := range p.pipelines {
		if l.id == id {
			return l.sha
		}
	}
	return ""
}

// PipelineOf is the number of the newest pipeline of a commit, 0 where there is none.
func (p *Project) PipelineOf(sha string) int64 {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, l := range slices.Backward(p.pipelines) {
		if l.sha == sha {
			return l.id
		}
	}
	return 0
}

// NewestPipeline is the number of the newest pipeline, 0 where there is none.
func (p *Project) NewestPipeline() int64 {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if n := len(p.pipelines); n > 0 {
		return p.pipelines[n-1].id
	}
	return 0
}
