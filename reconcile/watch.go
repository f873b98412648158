package reconcile

import (
	"context"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
)

// Watcher tells whether somebody changed a dashboard since a run looked at it.
// It is for several goroutines.
type Watcher struct {
	dashboard *dashboard.Publisher
	mu        sync.Mutex
	marks     map[string]mark
}

// mark is a dashboard as the last run left it, or as it was seen since.
type mark struct {
	project, iid int64
	at           time.Time
	again        bool
}

// NewWatcher returns one that knows of no run yet.
func NewWatcher(p *dashboard.Publisher) *Watcher {
	return &Watcher{dashboard: p, marks: map[string]mark{}}
}

// Ran notes what a run of a project left.
func (w *Watcher) Ran(project string, r Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.left.iid != 0 {
		w.marks[project] = r.left
	}
}

// Changed asks GitLab, in one request, and says yes once for each change: our own
// is none. Before a run, and while GitLab does not answer, nothing changed.
func (w *Watcher) Changed(ctx context.Context, project string) bool {
	w.mu.Lock()
	was, known := w.marks[project]
	w.mu.Unlock()
	if !known {
		return false
	}
	at, err := w.dashboard.UpdatedAt(ctx, was.project, was.iid)
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.marks[project] != was { // a run ended meanwhile
		return false
	}
	w.marks[project] = mark{was.project, was.iid, at, false}
	return was.again || !at.Equal(was.at)
}
