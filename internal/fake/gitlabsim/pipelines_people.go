package gitlabsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file is what tests and people do to pipelines.

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
			l = &pipeline{ref: ref, sha: sha, source: source, user: u}
			p.begin(l)
			if strings.HasSuffix(ref, "/merge") {
				head := p.repo.commits[sha]
				l.sha = p.repo.newCommit(commit{parents: []*commit{p.repo.branches[p.defaultBranch].head, head}, tree: head.tree, message: "Merge", at: p.s.now()}).id
			}
		}
		l.told, l.seen = status, time.Time{}
		l.jobs = slices.DeleteFunc(l.jobs, func(j *job) bool { return !j.external })
		for _, text := range jobs {
			name, status, _ := strings.Cut(text, "=")
			l.jobs = append(l.jobs, &job{id: p.s.nextID("job"), created: p.s.now(), name: name, status: strings.TrimRight(status, "?>"),
				allowed: strings.Contains(status, "?"), bridge: strings.Contains(status, ">")})
		}
		p.compose(l, p.s.now())
		return nil
	})
}

// Status is a commit status that a system beside GitLab sets on the head of a merge
// request: on the pipeline that GitLab shows there, or where own is false, or there is
// none, on one of its own.
func (p *Project) Status(username string, iid int, name, state string, own bool) error { //nolint:revive // what the call is given
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		l := m.headPipeline()
		if !own || l == nil || !m.onHead(l) {
			at := slices.IndexFunc(p.pipelines, func(l *pipeline) bool { return l.source == "external" && l.sha == m.newestHead().id })
			if at >= 0 {
				l = p.pipelines[at]
			} else {
				l = p.external(u, m.source, m.newestHead().id)
			}
		}
		_, err := p.setStatus(u, l, name, state)
		p.compose(l, p.s.now())
		p.s.event(p, u, "status", name, state)
		return err
	})
}

// RunAgain is the button that starts another pipeline of a merge request.
func (p *Project) RunAgain(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		kind := p.script.mrKind()
		if m.state != "opened" || kind == "" || p.level(u) < Developer {
			return refuse(405, "405 Method Not Allowed")
		}
		p.beginMR(u, m, kind)
		return nil
	})
}

// StartPipeline starts a pipeline on a branch over the API.
func (p *Project) StartPipeline(username, branchName string, inputs map[string]any) error {
	return p.acting(username, func(u *user) error {
		b := p.repo.branches[branchName]
		if b == nil || p.ciDisabled || !p.mayRun(u, branchName) {
			return refuse(403, "403 Forbidden")
		}
		p.begin(&pipeline{ref: b.name, sha: b.head.id, source: "api", user: u, inputs: inputs})
		return nil
	})
}

// RunByHand is the page that starts a pipeline of a branch with variables, KEY=VALUE.
func (p *Project) RunByHand(username, branchName string, variables ...string) error {
	return p.acting(username, func(u *user) error {
		b := p.repo.branches[branchName]
		if b == nil || p.ciDisabled || !p.mayRun(u, branchName) || len(variables) > 0 && p.level(u) < p.script.variables {
			return refuse(403, "403 Forbidden")
		}
		l := &pipeline{ref: b.name, sha: b.head.id, source: "web", user: u}
		for _, text := range variables {
			key, value, _ := strings.Cut(text, "=")
			l.variables = append(l.variables, variable{Key: key, Value: value, Type: "env_var"})
		}
		p.begin(l)
		return nil
	})
}

// EndJobs ends a pipeline by its number with other jobs, each with a status.
func (p *Project) EndJobs(id int64, status string, names ...string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, l := range p.pipelines {
		if l.id != id {
			continue
		}
		l.jobs, l.told = nil, status
		for _, name := range names {
			l.jobs = append(l.jobs, &job{id: p.s.nextID("job"), created: p.s.now(), finished: p.s.now(), name: name, status: status})
		}
		p.compose(l, p.s.now())
		return nil
	}
	return fmt.Errorf("no pipeline %d", id)
}

// RetryJobs is the button that runs the failed jobs of a pipeline again, of the newest
// one on a ref.
func (p *Project) RetryJobs(username, ref string) error {
	return p.acting(username, func(u *user) error {
		all := p.ran()
		for _, l := range slices.Backward(all) {
			if l.ref != ref {
				continue
			}
			for _, j := range slices.Clone(l.jobs) {
				if j.status == "failed" && !j.external && !j.retried {
					p.retry(l, j)
					p.s.event(p, u, "job-retry", j.name, l.ref)
				}
			}
			return nil
		}
		return fmt.Errorf("no pipeline of %s", ref)
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
	for _, l := range p.ran() {
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

// Jobs lists the jobs and statuses of every pipeline, oldest first, those that
// were retried as well, and what can not be seen yet.
func (p *Project) Jobs() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []string
	for _, l := range p.pipelines {
		p.advance(l)
		for _, j := range l.jobs {
			kind := "job"
			switch {
			case j.external:
				kind = "status"
			case j.bridge:
				kind = "trigger"
			}
			line := fmt.Sprintf("%s %s %s %s %s", l.ref, l.sha[:8], kind, j.name, j.status)
			if j.retried {
				line += " retried"
			}
			out = append(out, line)
		}
	}
	return out
}

// Settles is the instant at which the last of the pipelines that are under way has
// ended and can be seen, the zero time where none is. Jobs that hang do not count.
func (s *Server) Settles() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var last time.Time
	later := func(at time.Time) {
		if at.After(s.now()) && at.After(last) && at.Before(s.now().AddDate(10, 0, 0)) {
			last = at
		}
	}
	for _, p := range s.projects {
		for _, l := range p.pipelines {
			later(l.seen)
			for _, j := range l.jobs {
				later(j.ends)
			}
		}
	}
	return last
}
