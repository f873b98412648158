package reconcile

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file brings what is known of the pipelines of gates up to date, and keeps what
// effects did to them.

// gatesOf returns the gates of the policy and of all its rules.
func gatesOf(p plan.Policy) []plan.Gate {
	out := slices.Clone(p.Gates)
	for _, r := range p.Rules {
		out = append(out, r.Gates...)
	}
	return out
}

// gated are the commits that gates test for one open merge request of ours: its head, and
// the commit on which that stands.
type gated struct {
	mr         plan.MergeRequest
	head, base string
	at         time.Time // when the head was committed
}

func (r *observer) gated() []gated {
	us := plan.UsOf(r.snap.Bot, r.formers())
	var out []gated
	for _, m := range r.snap.MergeRequests {
		if m.State != plan.Opened {
			continue
		}
		for _, b := range r.snap.Branches {
			if b.Name != m.Branch {
				continue
			}
			if t, ours := b.Ours(us); ours {
				out = append(out, gated{m, b.Head.SHA, t.Base, b.Head.At})
			}
		}
	}
	return out
}

// gateRef is where pipelines of gates run.
type gateRef struct{ project, ref string }

// observeGates reads what became of the pipelines of gates: one list for each ref of
// a project in which they run, and the jobs of those that ended. What cannot be read
// leaves what was known, and is tried again in the next run.
func (r *observer) observeGates(ctx context.Context) {
	known := r.memory.Gates
	r.memory.Gates = plan.GateMemory{}
	if _, judged := r.project.Policy.OwnGate(); !judged {
		return
	}
	gates, tests := gatesOf(r.project.Policy), r.gated()
	wanted, refs := gateWants(r.snap.Project.ID, gates, tests)
	m := &r.memory.Gates
	*m = keptGates(known, wanted, tests, r.now)
	r.keepOwn(known, tests)
	r.observeOwn(ctx, tests)
	ok := true
	if len(tests) > 0 && len(gates) > 0 && r.project.Policy.Mode == plan.Full {
		for _, ref := range refs {
			ok = r.gateNews(ctx, ref, wanted) && ok
		}
		for _, t := range tests {
			ok = r.gateShown(ctx, t) && ok
		}
	}
	plan.SortGateRuns(m.Runs)
	if ok && len(gates) > 0 {
		m.Seen = r.memory.MergeRequestsSeen // as for pipelines: the list is read once more from there
	}
	r.snap.GateRuns, r.snap.GateStatuses = m.Runs, m.Statuses
}

// gateWants are the pipelines that gates may have for commits, by operation, and
// where they run.
func gateWants(project int64, gates []plan.Gate, tests []gated) (wanted map[string]plan.GateRun, refs []gateRef) {
	wanted = map[string]plan.GateRun{}
	for _, g := range gates {
		if at := (gateRef{g.Pipeline.Project, g.Pipeline.Ref}); !slices.Contains(refs, at) {
			refs = append(refs, at)
		}
		for _, t := range tests {
			for _, commit := range []string{t.head, t.base} {
				op := g.Operation(project, commit)
				wanted[op] = plan.GateRun{Operation: op, Gate: g.Name, Commit: commit}
			}
		}
	}
	return wanted, refs
}

// keptGates returns the part of a memory that is still of use.
func keptGates(known plan.GateMemory, wanted map[string]plan.GateRun, tests []gated, now *plan.Instant) plan.GateMemory {
	out := plan.GateMemory{Seen: known.Seen, Projects: known.Projects}
	for _, run := range known.Runs {
		// What was started a short while ago counts towards what may be started now.
		if _, ok := wanted[run.Operation]; run.OfGate() && (ok || now.Within(run.Started, time.Hour)) {
			out.Runs = append(out.Runs, run)
		}
	}
	for _, s := range known.Statuses {
		if slices.ContainsFunc(tests, func(t gated) bool { return t.head == s.Head }) {
			out.Statuses = append(out.Statuses, s)
		}
	}
	return out
}

// gateNews reads what changed on one ref. It returns false if that failed.
func (r *observer) gateNews(ctx context.Context, at gateRef, wanted map[string]plan.GateRun) bool {
	id, err := r.gateProject(ctx, at.project)
	if err != nil {
		return r.gateMissed(err)
	}
	since := r.memory.Gates.Seen.Add(-seenAgain)
	if r.memory.Gates.Seen.IsZero() {
		since = r.now.Asking().Add(-lookBack)
	}
	list, err := r.gitlab.GateNews(ctx, mrs.GateRef{Project: id, Ref: at.ref, Bot: r.snap.Bot}, since)
	if err != nil {
		return r.gateMissed(err)
	}
	ok := true
	for _, fresh := range list {
		old, of := r.gateKnown(fresh), wanted[fresh.Operation]
		switch {
		case old != nil && fresh.ID > old.ID: // another start of the same: the first one counts
			continue
		case old != nil && fresh.ID < old.ID: // and it does if another process made it
			old.Started, old.Jobs = fresh.Started, nil
		case old == nil && of.Operation == "":
			continue
		case old == nil:
			r.memory.Gates.Runs = append(r.memory.Gates.Runs, of)
			old = &r.memory.Gates.Runs[len(r.memory.Gates.Runs)-1]
			old.Started = fresh.Started
		case old.Updated.Equal(fresh.Updated) && old.Result == fresh.Result:
			continue
		}
		next := *old
		next.Project, next.ID, next.URL, next.Result, next.Updated, next.Named = fresh.Project, fresh.ID, fresh.URL, fresh.Result, fresh.Updated, fresh.Named
		if next.Result == plan.Passed || next.Result == plan.Failed {
			if next.Jobs, err = r.gitlab.GateJobs(ctx, next); err != nil {
				next.Result, next.Updated = plan.Unsettled, time.Time{} // it is read again
				ok = r.gateMissed(err)
			}
			next.Jobs = keptOnce(next.Jobs, old.Jobs)
		}
		*old = next
	}
	return ok
}

// keptOnce copies to jobs that GitLab refused to run them again.
func keptOnce(jobs, old []plan.GateJob) []plan.GateJob {
	for i := range jobs {
		jobs[i].Once = jobs[i].Once || slices.ContainsFunc(old, func(o plan.GateJob) bool { return o.ID == jobs[i].ID && o.Once })
	}
	return jobs
}

// gateKnown is what is known of a pipeline, by its number or its operation.
func (r *observer) gateKnown(p plan.GateRun) *plan.GateRun {
	runs := r.memory.Gates.Runs
	at := slices.IndexFunc(runs, func(o plan.GateRun) bool {
		return o.Project == p.Project && o.ID == p.ID || p.Operation != "" && o.Operation == p.Operation
	})
	if at < 0 {
		return nil
	}
	return &runs[at]
}

// lookBack is how old a pipeline may be that is found without a database.
const lookBack = 30 * 24 * time.Hour

// gateProject is the number of a project in which pipelines of gates run, asked for
// once.
func (r *observer) gateProject(ctx context.Context, path string) (int64, error) {
	if id := r.memory.Gates.Projects[path]; id != 0 {
		return id, nil
	}
	p, err := r.GitLab.Project(ctx, path, 0)
	if err != nil {
		return 0, err
	}
	projects := map[string]int64{path: p.ID}
	maps.Copy(projects, r.memory.Gates.Projects)
	r.memory.Gates.Projects = projects
	return p.ID, nil
}

// gateShown reads which statuses a head shows, if nothing is known of it because the head
// or the database is new. It returns false if that failed.
func (r *observer) gateShown(ctx context.Context, t gated) bool {
	m := &r.memory.Gates
	if slices.ContainsFunc(m.Statuses, func(s plan.GateStatus) bool { return s.Head == t.head }) {
		return true
	}
	p := r.snap.Pipelines[t.mr.IID]
	if p.Head != t.head {
		p = plan.Pipeline{}
	}
	list, err := r.gitlab.HeadStatuses(ctx, r.snap.Project.ID, t.head, p.ID)
	if err != nil && !gitlab.Unreadable(err) {
		return r.gateMissed(err)
	}
	m.Statuses = append(m.Statuses, list...)
	return true
}

// gateMissed notes that pipelines of gates could not be read.
func (r *observer) gateMissed(err error) bool {
	r.fail("the pipelines of gates could not be read: " + explain(err))
	return false
}

// rememberRun keeps a pipeline that was started or found.
func (r *effects) rememberRun(out mrs.Outcome) {
	if out.Run == nil {
		return
	}
	run := *out.Run
	if out.Wrote {
		run.Started = r.now.Stamp()
	}
	m := &r.memory.Gates
	m.Runs = append(slices.DeleteFunc(slices.Clone(m.Runs), func(o plan.GateRun) bool { return o.Operation == run.Operation }), run)
	plan.SortGateRuns(m.Runs)
	r.snap.GateRuns = m.Runs
}

// rememberRetry keeps that a job was run again, or never is.
func (r *effects) rememberRetry(a plan.RetryJob, out mrs.Outcome) {
	m := &r.memory.Gates
	m.Runs = slices.Clone(m.Runs)
	for i := range m.Runs {
		if m.Runs[i].Operation == a.Operation {
			m.Runs[i] = m.Runs[i].Retried(a.Job, out.Retried)
		}
	}
	r.snap.GateRuns = m.Runs
}

// rememberStatus keeps what a head shows of a gate.
func (r *effects) rememberStatus(out mrs.Outcome) {
	if out.Status == nil {
		return
	}
	m, s := &r.memory.Gates, *out.Status
	m.Statuses = append(slices.DeleteFunc(slices.Clone(m.Statuses), func(o plan.GateStatus) bool { return o.Head == s.Head && o.Gate == s.Gate }), s)
	r.snap.GateStatuses = m.Statuses
}

// gateFailed notes that a pipeline could not be started or a gate not be shown, which is no
// fault of its branch: what else there is to do on that is done.
func (r *effects) gateFailed(a plan.Action, says string) bool {
	if start, ok := a.(plan.StartGate); ok {
		r.snap.GateFailures[start.Run.Operation] = says
		return true
	}
	set, ok := a.(plan.SetStatus)
	if ok {
		r.snap.GateFailures[set.Status.Shown()] = says
	}
	return ok
}
