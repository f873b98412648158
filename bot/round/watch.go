package round

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
)

// The bounds of one question of a Watcher.
const (
	watchWait = 5 * time.Second
	late      = 2 * time.Minute  // how far back lists are read again
	unseen    = 10 * time.Minute // how often a project is named that no round could read yet
)

// Watcher finds out whether a merge request changed since a round, and whether a pipeline ended for
// which a test waits. Any goroutine may use it.
type Watcher struct {
	gitlab *gitlab.Client
	mu     sync.Mutex
	left   map[string]left      // by the key of a project
	named  map[string]time.Time // the projects of which no round is known, and when Changed named each last
}

// left is the state in which the last round left a project.
type left struct {
	project int64
	at      time.Time           // of the look, by our clock
	updated map[int64]time.Time // of merge requests; nil if the round wrote something and Changed was not called since
	waits   map[int64][]int64   // pipelines under way, by project
}

// NewWatcher returns a Watcher of some projects, of which it knows no round yet.
func NewWatcher(gl *gitlab.Client, projects []Project) *Watcher {
	w := &Watcher{gitlab: gl, left: map[string]left{}, named: map[string]time.Time{}}
	for _, p := range projects {
		w.named[Key(p.Member.Path)] = time.Time{}
	}
	return w
}

// Ran records a round.
func (w *Watcher) Ran(key string, r Report, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.project == 0 {
		return
	}
	l := left{project: r.project, at: now, waits: map[int64][]int64{}}
	if r.Wrote == 0 {
		l.updated = r.updated
	}
	for _, t := range r.Tests {
		if t.State == bot.Running {
			l.waits[t.Project] = append(l.waits[t.Project], t.ID)
		}
	}
	w.left[key] = l
	delete(w.named, key)
}

// Changed asks GitLab what changed, in one request for each project and one for each project with
// pipelines under way. It names a project once for each change. After a round that wrote something
// the first answer is the state to compare with. A project of which no round is known counts as
// changed, once in ten minutes: nobody knows what was written there before.
func (w *Watcher) Changed(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, watchWait)
	defer cancel()
	var keys, out []string
	w.mu.Lock()
	for key := range w.left {
		keys = append(keys, key)
	}
	for key, at := range w.named {
		if time.Since(at) >= unseen {
			w.named[key] = time.Now()
			out = append(out, key)
		}
	}
	w.mu.Unlock()
	slices.Sort(keys)
	slices.Sort(out)
	for _, key := range keys {
		if w.changed(ctx, key) {
			out = append(out, key)
		}
	}
	return out
}

func (w *Watcher) changed(ctx context.Context, key string) bool {
	w.mu.Lock()
	was := w.left[key]
	w.mu.Unlock()
	list, err := w.gitlab.OpenMergeRequests(ctx, was.project, was.at.Add(-late))
	if err != nil {
		return false // the next call asks again
	}
	updated := map[int64]time.Time{}
	something := false
	for _, m := range list {
		updated[m.IID] = m.Updated
		if at, known := was.updated[m.IID]; was.updated != nil && (!known || m.Updated.After(at)) {
			something = true
		}
	}
	for project, ids := range was.waits {
		something = something || w.ended(ctx, project, ids, was.at)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.left[key]
	if !now.at.Equal(was.at) {
		return false // a round ended meanwhile
	}
	maps.Copy(updated, only(now.updated, updated))
	now.updated = updated
	if something {
		now.waits = nil // the look that follows says what else there is to wait for
	}
	w.left[key] = now
	return something
}

// only returns the entries of a map that another one lacks.
func only(all, but map[int64]time.Time) map[int64]time.Time {
	out := maps.Clone(all)
	maps.DeleteFunc(out, func(iid int64, _ time.Time) bool { _, there := but[iid]; return there })
	return out
}

// ended reports whether one of some pipelines has ended.
func (w *Watcher) ended(ctx context.Context, project int64, ids []int64, since time.Time) bool {
	list, err := w.gitlab.LatestRuns(ctx, project, since.Add(-late))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(p gitlab.Run) bool {
		return slices.Contains(ids, p.ID) && operation.ResultOf(p.Status) != plan.Unsettled
	})
}
