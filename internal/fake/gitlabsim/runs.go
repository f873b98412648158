package gitlabsim

import (
	"maps"
	"slices"
	"time"
)

// Run is a pipeline as it stands.
type Run struct {
	ID       int64
	Ref, SHA string
	Source   string
	Name     string
	Status   string
	User     string
	Inputs   map[string]any
	Tested   string // the commit that it is about, in whichever project that is
	Created  time.Time
	Jobs     []RunJob
}

// RunJob is a job or a commit status of one, a retried one as well.
type RunJob struct {
	Name, Status               string
	External, Allowed, Retried bool
}

// Runs lists the pipelines that can be seen, oldest first.
func (p *Project) Runs() []Run {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []Run
	for _, l := range p.ran() {
		r := Run{ID: l.id, Ref: l.ref, SHA: l.sha, Source: l.source, Name: l.name, Status: l.status, User: nameOf(l.user), Inputs: maps.Clone(l.inputs), Created: l.created}
		if c := p.s.tested(p, l); c != nil {
			r.Tested = c.id
		}
		for _, j := range l.jobs {
			r.Jobs = append(r.Jobs, RunJob{j.name, j.status, j.external, j.allowed, j.retried})
		}
		out = append(out, r)
	}
	return out
}

// Passed reports whether a pipeline passed on a commit.
func (p *Project) Passed(sha string) bool {
	return slices.ContainsFunc(p.Runs(), func(r Run) bool { return r.SHA == sha && r.Status == "success" })
}
