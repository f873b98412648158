package scheduler

import (
	"context"
	"slices"
	"sync"
	"time"
)

// courtesy is how long a run that nobody waits for stands at one point at most, whatever the others do.
const courtesy = 30 * time.Second

// ways let runs that somebody waits for go first. While there is one, wanted or at work, or memory is
// short, only one of the other runs goes on, to its end; then the one goes on that stands for longest. So
// runs by the schedule are made, however often somebody asks for others.
type ways struct {
	short    func() bool // memory is short
	mu       sync.Mutex
	urgent   int    // runs that somebody waits for, wanted or at work
	standing []*way // runs that give way, the first for longest
	going    *way   // the other run that goes on meanwhile; nil while all may
}

// free reports whether all may go on, with the lock held.
func (ws *ways) free() bool { return ws.urgent == 0 && !ws.short() }

// way is that of one run.
type way struct {
	of     *ways
	urgent bool          // somebody waits for the run
	clear  chan struct{} // closed when the run may go on; nil while it does not stand
}

// wayKey is that of the way in the context of a run.
type wayKey struct{}

// GiveWay stands still while there are runs that somebody waits for, or memory is short. A run calls it with its context
// where it holds nothing that others wait for, and before each part that takes long. For a run that
// somebody waits for it returns at once; in any case when ctx ends, and after half a minute.
func GiveWay(ctx context.Context) {
	w, ok := ctx.Value(wayKey{}).(*way)
	if !ok {
		return
	}
	free := w.stand()
	if free == nil {
		return
	}
	timer := time.NewTimer(courtesy)
	defer timer.Stop()
	select {
	case <-free:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.leave()
}

// enter begins the way of a run, which is not at work yet.
func (ws *ways) enter(urgent bool) *way {
	w := &way{of: ws}
	if urgent {
		w.hurry()
	}
	return w
}

// hurry says that somebody waits for the run.
func (w *way) hurry() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.urgent {
		return
	}
	w.urgent = true
	w.of.urgent++
	w.leave()
	if w.of.going == w {
		w.of.going = nil
		w.of.next()
	}
}

// end ends the way of a run, which has ended or does not begin.
func (w *way) end() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.urgent {
		w.of.urgent--
	}
	if w.of.going == w {
		w.of.going = nil
	}
	w.of.next()
}

// stand returns what is closed when the run may go on, nil if it need not stand.
func (w *way) stand() <-chan struct{} {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.urgent || w.of.going == w || w.of.free() {
		return nil
	}
	w.clear = make(chan struct{})
	w.of.standing = append(w.of.standing, w)
	w.of.next()
	return w.clear
}

// leave lets the run go on, with the lock held.
func (w *way) leave() {
	if i := slices.Index(w.of.standing, w); i >= 0 {
		w.of.standing = slices.Delete(w.of.standing, i, i+1)
		close(w.clear)
	}
}

// next lets those go on that may, with the lock held.
func (ws *ways) next() {
	if ws.free() {
		ws.going = nil
		for len(ws.standing) > 0 {
			ws.standing[0].leave()
		}
	}
	if ws.going == nil && len(ws.standing) > 0 {
		ws.going = ws.standing[0]
		ws.going.leave()
	}
}
