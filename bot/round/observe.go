package round

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// The most that a round reads.
const (
	mostRequests = 300 // open merge requests, the newest
	notePages    = 30  // of a hundred comments each, of one merge request
)

// editedAfter is by how much the time of a change must be later than that of writing for a comment
// to count as changed.
const editedAfter = time.Second

// observe reads the project, its open merge requests and their comments.
func (l *look) observe(ctx context.Context) error {
	me, err := l.GitLab.Whoami(ctx)
	if err != nil {
		return err
	}
	if l.home, err = l.readProject(ctx, l.project.Member.Path); err != nil {
		return err
	}
	l.shas = map[int64]string{}
	l.snap = bot.Snapshot{
		Now: l.now, Bot: bot.Person{ID: me.ID, Username: me.Username}, Former: l.FormerUsers, Policy: l.project.Policy,
		Project: bot.Project{ID: l.home.ID, Member: l.project.Member, WebURL: l.home.WebURL, DefaultBranch: l.home.DefaultBranch},
		Heads:   map[int64][]bot.Head{}, Withs: map[bot.Number]bot.With{}, Roles: map[bot.Membership]plan.Role{}, Runs: map[string]bot.Run{},
		Shown: map[int64]bot.Shown{}, Set: map[int64][]bot.HeadStatus{}, Canceled: map[string]string{}, Fresh: map[string]bool{}, Failed: map[int64]bool{},
	}
	if l.home.Archived || l.home.MergeRequestsOff {
		return nil
	}
	list, err := l.GitLab.OpenMergeRequests(ctx, l.home.ID, time.Time{})
	if err != nil {
		return err
	}
	l.report.Open, l.report.project, l.report.updated = len(list), l.home.ID, map[int64]time.Time{}
	for _, m := range list {
		l.report.updated[m.IID] = m.Updated
	}
	for _, m := range list[:min(len(list), mostRequests)] {
		if m.Author.ID == me.ID {
			continue // pinwheel's own
		}
		t := bot.Thread{MR: bot.MergeRequest{IID: m.IID, Fork: m.Source != l.home.ID, Branch: m.Branch, Author: m.Author.ID}}
		if t.Notes, t.Flooded, err = l.readNotes(ctx, m.IID); err != nil {
			l.fail(m.IID, err)
			continue
		}
		l.snap.Threads = append(l.snap.Threads, t)
	}
	return nil
}

// readNotes reads the comments of a merge request, the oldest first, and whether there are more than are
// read.
func (l *look) readNotes(ctx context.Context, iid int64) (out []bot.Note, flooded bool, err error) {
	whole, err := l.GitLab.Notes(ctx, gitlab.OnMerge(l.home.ID, iid), gitlab.NoteQuery{Oldest: true, Pages: notePages}, func(n gitlab.Note) bool {
		out = append(out, noteOf(n))
		return true
	})
	slices.SortFunc(out, func(a, b bot.Note) int { return int(a.ID - b.ID) })
	return out, !whole, err
}

func noteOf(n gitlab.Note) bot.Note {
	out := bot.Note{ID: n.ID, By: bot.Person{ID: n.Author.ID, Username: n.Author.Username}, At: n.At, System: n.System, Body: n.Body}
	if out.Edited = n.Edited.Sub(n.At) > editedAfter; out.Edited {
		out.Changed = n.Edited
	}
	return out
}

// readProject returns a project by its path. A round reads each once.
func (l *look) readProject(ctx context.Context, path string) (gitlab.Project, error) {
	if p, ok := l.projects[path]; ok {
		return p, nil
	}
	p, err := l.GitLab.Project(ctx, path, 0)
	if err == nil {
		l.projects[path] = p
	}
	return p, err
}

// mostReads is how often facts are read for one decision at most.
const mostReads = 10

// decide decides, reads the facts that are missing, and decides again until none is.
func (l *look) decide(ctx context.Context) bot.Plan {
	for i := 0; ; i++ {
		p := bot.Decide(l.snap)
		if len(p.Needs) == 0 || i == mostReads {
			return p
		}
		for _, n := range p.Needs {
			if l.snap.Failed[n.Of] {
				continue
			}
			if err := l.read(ctx, n); err != nil {
				l.fail(n.Of, err)
			}
		}
	}
}

// read reads one fact.
func (l *look) read(ctx context.Context, n bot.Need) error {
	switch {
	case n.Heads:
		heads, err := l.readHeads(ctx, l.home.ID, n.Of)
		l.snap.Heads[n.Of] = heads
		return err
	case n.Shown:
		return l.readShown(ctx, n.Of)
	case n.With != bot.Number{}:
		return l.readWith(ctx, n.With)
	case n.Run != nil:
		run, err := l.readRun(ctx, *n.Run)
		if err == nil {
			l.snap.Runs[n.Run.Operation] = run
		}
		return err
	}
	level, err := l.GitLab.Role(ctx, n.Role.Project, n.Role.User, l.now)
	if err == nil {
		l.snap.Roles[n.Role] = plan.Role(level)
	}
	return err
}

func (l *look) readHeads(ctx context.Context, project, iid int64) ([]bot.Head, error) {
	list, err := l.GitLab.Versions(ctx, project, iid)
	out := []bot.Head{}
	for _, v := range list {
		out = append(out, bot.Head{SHA: v.SHA, At: v.At})
	}
	return out, err
}

// readWith reads a merge request of another member. One that does not exist, or that pinwheel may not read, counts as not open.
func (l *look) readWith(ctx context.Context, at bot.Number) error {
	p, err := l.readProject(ctx, at.Project)
	if err != nil && !errors.Is(err, gitlab.ErrNotFound) {
		return err
	}
	out := bot.With{Project: p.ID, WebURL: p.WebURL}
	if err == nil {
		m, err := l.GitLab.MergeRequest(ctx, p.ID, at.IID)
		switch {
		case gitlab.Unreadable(err):
		case err != nil:
			return err
		case m.Open:
			out.Open, out.Fork = true, m.Source != p.ID
			if out.Heads, err = l.readHeads(ctx, p.ID, at.IID); err != nil {
				return err
			}
		}
	}
	l.snap.Withs[at] = out
	return nil
}

// readShown reads the pipeline of a head. A pipeline on another commit than the head, or than its
// merged result, counts as none.
func (l *look) readShown(ctx context.Context, iid int64) error {
	m, err := l.GitLab.MergeRequest(ctx, l.home.ID, iid)
	if err != nil {
		return err
	}
	out := bot.Shown{Pipeline: m.Pipeline}
	if heads := l.snap.Heads[iid]; m.Pipeline != 0 && len(heads) > 0 && m.PipelineSHA != heads[0].SHA {
		c, err := l.GitLab.Commit(ctx, l.home.ID, m.PipelineSHA)
		if err != nil && !gitlab.Missing(err) {
			return err
		}
		if !slices.Contains(c.Parents, heads[0].SHA) {
			out.Pipeline = 0
		}
	}
	l.snap.Shown[iid], l.shas[iid] = out, m.PipelineSHA
	return nil
}

// readRun reads the state of a pipeline, and the jobs of one that failed.
func (l *look) readRun(ctx context.Context, w bot.Watch) (bot.Run, error) {
	p, err := l.GitLab.Pipeline(ctx, w.Project, w.ID)
	if gitlab.Missing(err) {
		return bot.Run{Project: w.Project, ID: w.ID, Result: plan.Canceled}, nil // somebody deleted it
	}
	if err != nil {
		return bot.Run{}, err
	}
	out := bot.Run{Project: w.Project, ID: p.ID, URL: p.URL, Result: operation.ResultOf(p.Status)}
	if out.Result == plan.Failed && w.Jobs {
		out.Jobs, err = l.failedJobs(ctx, w, p)
	}
	return out, err
}

// failedJobs reads the jobs that made a pipeline fail, and how each ended in the newest pipeline of the
// same kind that we did not start.
func (l *look) failedJobs(ctx context.Context, w bot.Watch, p gitlab.Run) ([]bot.Job, error) {
	all, err := l.operations.Jobs(ctx, plan.GateRun{Project: w.Project, ID: p.ID, Started: p.Created})
	if err != nil {
		return nil, err
	}
	var out []bot.Job
	for _, j := range all {
		if j.Result == plan.Failed && !j.MayFail {
			out = append(out, bot.Job{Name: j.Name})
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	without, err := l.resultsWithout(ctx, w, p)
	for i := range out {
		out[i].Without = without[out[i].Name]
	}
	return out, err
}
