package reconcile

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/store"
)

// watchWait is how long one look at the dashboards may take.
const watchWait = 5 * time.Second

// late is how far back the list of changed dashboards is read again: what was
// changed in an instant may stand in it a while later.
const late = 2 * time.Minute

// Watcher tells whether somebody changed a dashboard since a run looked at it, and
// whether a pipeline ended for which a batch waits that is taken apart. It is for
// several goroutines.
type Watcher struct {
	gitlab    *mrs.Client
	dashboard *dashboard.Publisher
	mu        sync.Mutex
	marks     map[string]mark
	seen      time.Time // the newest change that was seen, by GitLab's clock

	changes map[int64]time.Time    // by project: when an issue of the token's user changed last, as every look since told
	looked  time.Time              // when the last look began that was answered
	listed  map[dashboard.Key]bool // all open issues of the token's user
	newest  map[int64]time.Time    // by project: when one of these changed last
	at      time.Time              // when they were listed
}

// mark is a dashboard as the last run left it, or as it was seen since.
type mark struct {
	project, iid int64
	at           time.Time
	again        bool
	foreign      bool // another user made the issue, so that our list lacks it
	awaits       *awaited
}

// NewWatcher returns one that knows of no run yet.
func NewWatcher(gl *gitlab.Client, p *dashboard.Publisher) *Watcher {
	return &Watcher{gitlab: mrs.New(gl, mrs.Options{}), dashboard: p, marks: map[string]mark{}, changes: map[int64]time.Time{}}
}

// On is a Watcher of other connections that knows what this one knows.
func (w *Watcher) On(gl *gitlab.Client, p *dashboard.Publisher) *Watcher {
	w.mu.Lock()
	defer w.mu.Unlock()
	other := NewWatcher(gl, p)
	maps.Copy(other.marks, w.marks)
	other.seen, other.changes, other.looked, other.listed, other.at = w.seen, maps.Clone(w.changes), w.looked, w.listed, w.at
	other.newest = w.newest
	return other
}

// Ran notes what a run of a project left.
func (w *Watcher) Ran(project string, r Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.left.iid != 0 {
		w.marks[project] = r.left
	}
}

// Changed asks GitLab which of its own issues the bot's token sees changed, in
// one request for all projects, and for issues of other authors beside it; and for
// the last pipelines of each project that waits for one. It names a project once for
// each change, in order; our own edits are none. What GitLab does not say within
// five seconds did not change.
func (w *Watcher) Changed(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, watchWait)
	defer cancel()
	w.mu.Lock()
	marks, seen := maps.Clone(w.marks), w.seen
	since := seen
	w.mu.Unlock()
	if len(marks) == 0 {
		return nil
	}
	for _, m := range marks {
		if seen.IsZero() && (since.IsZero() || m.at.Before(since)) {
			since = m.at
		}
	}
	var now map[dashboard.Key]time.Time
	var ended map[string]bool
	var both sync.WaitGroup
	both.Go(func() { now = w.look(ctx, marks, since.Add(-late)) })
	both.Go(func() { ended = w.ended(ctx, marks) })
	both.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for project, was := range marks {
		at, seen := now[dashboard.Key{Project: was.project, IID: was.iid}]
		if seen && at.After(w.seen) {
			w.seen = at
		}
		if w.marks[project] != was || !was.again && !at.After(was.at) && !ended[project] { // a run ended meanwhile, or nothing happened
			continue
		}
		if at.After(was.at) {
			was.at = at
		}
		if ended[project] {
			was.awaits = nil // the run that follows says what else there is to wait for
		}
		was.again = false
		w.marks[project] = was
		out = append(out, project)
	}
	slices.Sort(out)
	return out
}

// look asks when dashboards changed last. One of which nothing is known is not
// in the answer.
func (w *Watcher) look(ctx context.Context, marks map[string]mark, since time.Time) map[dashboard.Key]time.Time {
	out := map[dashboard.Key]time.Time{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	own := false
	places := make(chan struct{}, 8)
	for _, m := range marks {
		if !m.foreign {
			own = true
			continue
		}
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			at, err := w.dashboard.UpdatedAt(ctx, m.project, m.iid)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				out[dashboard.Key{Project: m.project, IID: m.iid}] = at
			}
		})
	}
	if own {
		wait.Go(func() {
			began := time.Now()
			changed, err := w.dashboard.Changed(ctx, since) // what failed is asked again in a minute
			w.told(changed, began, err)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(out, changed)
		})
	}
	wait.Wait()
	return out
}

// told notes what a look told.
func (w *Watcher) told(changed map[dashboard.Key]time.Time, began time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, at := range changed {
		if at.After(w.changes[key.Project]) {
			w.changes[key.Project] = at
		}
	}
	if err == nil {
		w.looked = began
	}
}

const (
	// lookedWithin is how old the last look may be that vouches for a dashboard.
	lookedWithin = 150 * time.Second
	// listedWithin is how old the list may be that shows that a dashboard is there: it is made
	// every hour.
	listedWithin = 70 * time.Minute
)

// List lists all open issues of the token's user, so that dashboards that are gone are seen.
// It is to be called once an hour. Without it, and after an error, every run reads its
// dashboard itself.
func (w *Watcher) List(ctx context.Context) error {
	began := time.Now()
	listed, err := w.dashboard.Open(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listed, w.newest, w.at = map[dashboard.Key]bool{}, map[int64]time.Time{}, began
	for key, at := range listed {
		w.listed[key] = true
		if at.After(w.newest[key.Project]) {
			w.newest[key.Project] = at
		}
	}
	return nil
}

// Unchanged reports whether a dashboard is known to be as a run left it, and with it all open
// issues of the token's user in its project: they were there within the hour, and no look of
// the last minutes told of a change.
func (w *Watcher) Unchanged(d store.QuietDashboard) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	return w.listed[dashboard.Key{Project: d.Project, IID: d.IID}] && !w.newest[d.Project].After(d.At) && !w.changes[d.Project].After(d.At) &&
		now.Sub(w.at) <= listedWithin && now.Sub(w.looked) <= lookedWithin
}
