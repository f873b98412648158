package gitlabsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file is what people and programs do around merge requests of packages: forks,
// comments that are changed or deleted, pipelines that are canceled.

func reviewRoutes() []*route {
	return []*route{{method: "POST", pattern: "/projects/:id/pipelines/:pipeline_id/cancel", handle: builds(pipelineCall(cancelPipeline))}}
}

// cancelPipeline cancels the jobs that are under way. A pipeline that is over stays as
// it is and is answered as any other.
// https://docs.gitlab.com/api/pipelines/#cancel-all-jobs-for-a-pipeline
func cancelPipeline(c *call, l *pipeline) (*reply, error) {
	if !c.p.mayRun(c.user, l.ref) {
		return nil, refuse(403, "403 Forbidden")
	}
	if !slices.Contains(finals, l.status) {
		for _, j := range l.jobs {
			if !slices.Contains(finals, j.status) && !j.external {
				j.status, j.finished, j.ends = "canceled", c.s.now(), time.Time{}
			}
		}
		if len(l.jobs) == 0 || l.told != "" {
			l.told = "canceled"
		}
		c.p.compose(l, c.s.now())
		l.updated = c.s.now()
		c.s.event(c.p, c.user, "pipeline-cancel", l.ref, fmt.Sprint(l.id))
	}
	return ok(c.p.pipelineWire(l, true))
}

// FromFork makes a merge request one of a fork: its branch is in a project of its author
// that is not simulated.
func (p *Project) FromFork(username string, iid int) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		m.fork, m.author = true, u
		return nil
	})
}

// sourceProject is the number of the project that has the branch.
func (m *mergeRequest) sourceProject() int64 {
	if m.fork {
		return m.p.id + 5000
	}
	return m.p.id
}

// RewordMR changes the newest comment of a merge request that holds a text.
func (p *Project) RewordMR(username string, iid int, old, next string) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		for _, n := range slices.Backward(m.notes) {
			if strings.Contains(n.body, old) && !n.system {
				return p.editNote(u, n, strings.Replace(n.body, old, next, 1))
			}
		}
		return fmt.Errorf("no comment holds %q", old)
	})
}

// ReactMR puts an emoji on the newest comment of a merge request that holds a text. For GitLab that
// changes the comment: its updated_at moves, and that of the merge request stays.
func (p *Project) ReactMR(username string, iid int, part string) error {
	return p.onMR(username, iid, func(_ *user, m *mergeRequest) error {
		for _, n := range slices.Backward(m.notes) {
			if strings.Contains(n.body, part) && !n.system {
				n.updated = p.s.now()
				return nil
			}
		}
		return fmt.Errorf("no comment holds %q", part)
	})
}

// DeleteCommentMR deletes the newest comment of a merge request that holds a text; only
// its author or a Maintainer may.
func (p *Project) DeleteCommentMR(username string, iid int, part string) error {
	return p.onMR(username, iid, func(u *user, m *mergeRequest) error {
		for _, n := range slices.Backward(m.notes) {
			if strings.Contains(n.body, part) && !n.system {
				if n.author != u && p.level(u) < Maintainer {
					return refuse(403, "403 Forbidden")
				}
				m.notes = deleteItem(m.notes, n)
				m.touch()
				return nil
			}
		}
		return fmt.Errorf("no comment holds %q", part)
	})
}

// Given lists what pipelines were started with over the API, one each, oldest first:
// inputs and variables as NAME=VALUE, by name.
func (p *Project) Given() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []string
	for _, l := range p.pipelines {
		if l.source != "api" {
			continue
		}
		var parts []string
		for key, value := range l.inputs {
			parts = append(parts, fmt.Sprintf("%s=%v", key, value))
		}
		for _, v := range l.variables {
			parts = append(parts, v.Key+"="+v.Value)
		}
		slices.Sort(parts)
		out = append(out, l.ref+" by "+l.user.username+": "+strings.Join(parts, " "))
	}
	return out
}
