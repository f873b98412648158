package gitlabsim

import (
	"slices"
	"time"
)

// job is a job of a pipeline, a pipeline that it started elsewhere, or a commit
// status.
type job struct {
	id          int64
	name        string
	status      string
	outcome     string    // what it comes to at ends; "" where nobody knows yet
	ends        time.Time // zero: it stays as it is
	allowed     bool      // to fail
	bridge      bool      // starts a pipeline of another project
	manual      bool
	environment string // it deploys
	retried     bool   // another one of its name came after it
	created     time.Time
	finished    time.Time

	external    bool // a commit status
	user        *user
	description string
	target      string
}

// advance lets a pipeline come as far as it is by now.
func (p *Project) advance(l *pipeline) {
	now := p.s.now()
	for _, j := range l.jobs {
		if j.ends.IsZero() || now.Before(j.ends) {
			continue
		}
		j.status, j.finished, j.ends = j.outcome, j.ends, time.Time{}
		p.compose(l, j.finished)
	}
}

// compose gives a pipeline the status that follows from its jobs' at an instant.
func (p *Project) compose(l *pipeline, at time.Time) {
	var all []string
	if l.told != "" {
		all = append(all, l.told)
	}
	for _, j := range l.jobs {
		switch {
		case j.retried, l.told != "" && !j.external:
		case j.allowed && slices.Contains([]string{"failed", "canceled", "manual"}, j.status):
			all = append(all, "success")
		default:
			all = append(all, j.status)
		}
	}
	status := composite(all)
	if at.After(l.updated) {
		l.updated = at
	}
	l.status, l.finished = status, time.Time{}
	if slices.Contains(finals, status) {
		l.finished = l.updated
	}
}

// composite is the order in which GitLab reads the statuses of jobs.
func composite(all []string) string {
	has := func(status string) bool { return slices.Contains(all, status) }
	only := func(statuses ...string) bool {
		return !slices.ContainsFunc(all, func(s string) bool { return !slices.Contains(statuses, s) })
	}
	switch {
	case len(all) == 0, only("created"):
		return "created"
	case only("skipped"):
		return "skipped"
	case only("success", "skipped"):
		return "success"
	case only("created", "pending", "skipped"):
		return "pending"
	case has("running"), has("pending"), has("created"):
		return "running"
	case has("manual"):
		return "manual"
	case has("scheduled"):
		return "scheduled"
	case has("failed"):
		return "failed"
	case has("canceled"):
		return "canceled"
	}
	return all[0]
}

func jobsOf(bridges bool) func(*call, *pipeline) (*reply, error) {
	return func(c *call, l *pipeline) (*reply, error) {
		scope, retried := c.query["scope[]"], c.query.Get("include_retried") == "true"
		var found []*job
		for _, j := range l.jobs {
			if !j.external && j.bridge == bridges && (retried || !j.retried) && (len(scope) == 0 || slices.Contains(scope, j.status)) {
				found = append(found, j)
			}
		}
		slices.Reverse(found) // newest first
		return listed(c, found, true, func(j *job) object { return c.p.jobWire(l, j) })
	}
}

// jobWire does not tell whether a job deploys or waits for a person by its
// configuration: GitLab's does not either.
func (p *Project) jobWire(l *pipeline, j *job) object {
	out := object{"id": j.id, "name": j.name, "status": j.status, "stage": "test", "allow_failure": j.allowed, "ref": l.ref,
		"created_at": stamp(j.created), "finished_at": stamp(j.finished), "pipeline": p.pipelineWire(l, false), "user": p.s.userWire(l.user)}
	if j.bridge {
		out["downstream_pipeline"] = nil
	}
	if j.status == "failed" {
		out["failure_reason"] = "script_failure"
	}
	return out
}

// retryJob starts a job again: a new one of its name, beside which the old one is
// no longer told. https://docs.gitlab.com/api/jobs/#retry-a-job
func retryJob(c *call) (*reply, error) {
	for _, l := range c.p.ran() {
		for _, j := range l.jobs {
			if j.id != int64(c.number("job_id")) || j.external {
				continue
			}
			if !c.p.mayRun(c.user, l.ref) {
				return nil, refuse(403, "403 Forbidden")
			}
			if j.retried || !slices.Contains([]string{"success", "failed", "canceled"}, j.status) || j.bridge && !c.s.since(16, 8) {
				return nil, refuse(403, "403 Forbidden - Job is not retryable")
			}
			c.onDefault(l.ref, "job "+j.name+" was run again")
			again := c.p.retry(l, j)
			c.s.event(c.p, c.user, "job-retry", j.name, l.ref)
			return created(c.p.jobWire(l, again))
		}
	}
	return nil, refuse(404, "404 Not found")
}

// retry starts a job again.
func (p *Project) retry(l *pipeline, j *job) *job {
	j.retried = true
	again := p.script.jobs.named(j.name).start(p, l)
	if again.ends.IsZero() { // nobody scripted it: it waits
		again.name, again.allowed, again.bridge, again.status = j.name, j.allowed, j.bridge, "pending"
		l.told = ""
	}
	l.jobs = append(l.jobs, again)
	p.compose(l, p.s.now())
	return again
}

// onDefault notes that a bot that opens merge requests in a project started something on
// its default branch, which may deploy.
func (c *call) onDefault(ref, what string) {
	if ref == c.p.defaultBranch && slices.ContainsFunc(c.p.mrs, func(m *mergeRequest) bool { return m.author == c.user }) {
		c.s.failures = append(c.s.failures, what+" on the default branch, which may deploy")
	}
}

// mayRun reports whether a user may start or change what runs for a ref.
func (p *Project) mayRun(u *user, ref string) bool {
	if p.level(u) < Developer {
		return false
	}
	if p.repo.branches[ref] == nil {
		return true // of a merge request
	}
	return p.canPush(u, ref) || p.canMerge(u, ref)
}

// listDeployments tells which jobs deploy, by the environments that they name.
// https://docs.gitlab.com/api/deployments/#list-project-deployments
func listDeployments(c *call) (*reply, error) {
	direction, err := c.oneOf("sort", "asc", "desc")
	if err != nil {
		return nil, err
	}
	var found []object
	for _, l := range c.p.ran() {
		for _, j := range l.jobs {
			if j.environment == "" || c.query.Has("environment") && c.query.Get("environment") != j.environment {
				continue
			}
			status := j.status
			if status == "manual" || status == "pending" {
				status = "blocked"
			}
			if c.query.Has("status") && c.query.Get("status") != status {
				continue
			}
			found = append(found, object{"id": j.id, "iid": j.id, "ref": l.ref, "sha": l.sha, "status": status, "created_at": stamp(j.created), "updated_at": stamp(l.updated),
				"user": c.s.userWire(l.user), "environment": object{"id": 1, "name": j.environment}, "deployable": c.p.jobWire(l, j)})
		}
	}
	found = append(found, c.recorded()...)
	slices.SortStableFunc(found, func(a, b object) int { return int(a["id"].(int64) - b["id"].(int64)) })
	if direction == "desc" {
		slices.Reverse(found)
	}
	return listed(c, found, true, func(o object) object { return o })
}
