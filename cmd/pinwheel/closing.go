package main

import (
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// closing knows until when the windows are open in which a project's run may
// fall, so that spreading the starts makes none of them miss a short window. It
// is for several goroutines.
type closing struct {
	mu      sync.Mutex
	windows map[string][]plan.Window // by project, those of its rules included
}

// newClosing knows what the configuration says.
func newClosing(projects []config.Project) *closing {
	c := &closing{windows: map[string][]plan.Window{}}
	c.add(projects)
	return c
}

// add takes over what the configuration says of projects.
func (c *closing) add(projects []config.Project) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range projects {
		c.windows[p.Path] = reconcile.Windows(p.Policy)
	}
}

// ran takes over what a project's own file made of its windows.
func (c *closing) ran(project string, r reconcile.Report) {
	if len(r.Windows) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.windows[project] = r.Windows
}

// at is the first end of a window of the project that is open at an instant,
// zero if none is or none ends.
func (c *closing) at(project string, due time.Time) time.Time {
	c.mu.Lock()
	windows := c.windows[project]
	c.mu.Unlock()
	var first time.Time
	for _, w := range windows {
		v := w.View(due)
		if v.Inside && !v.Always && !v.Closes.IsZero() && (first.IsZero() || v.Closes.Before(first)) {
			first = v.Closes
		}
	}
	return first
}
