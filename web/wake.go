package web

import (
	"strings"
	"sync"
	"time"
)

// Schedule makes looks: a scheduler.Scheduler, or many processes together.
type Schedule interface {
	Trigger(project string) bool // somebody waits for the look
	Start(project string) bool
}

// Wakes turns events of webhooks into looks at projects. A forged event costs a look that
// changes nothing. A lost one costs a minute, since serve also asks GitLab every minute.
type Wakes struct {
	schedule Schedule
	known    map[string]Woken // by path in small letters
	calm     *calm
	mu       sync.Mutex
	self     string // the name of pinwheel's user, empty while it is not known
}

// Woken is what an event of a project wakes.
type Woken struct {
	Path   string
	Keys   []string // by which the scheduler knows it
	Prefix string   // of the branches that pinwheel writes, empty for none
}

// The least time between the beginnings of looks that events of one project ask for. It is
// shorter where a person waits.
const (
	personGap = 2 * time.Second
	otherGap  = 30 * time.Second
)

// NewWakes returns the Wakes of some projects.
func NewWakes(schedule Schedule, projects []Woken) *Wakes {
	w := &Wakes{schedule: schedule, known: map[string]Woken{}, calm: newCalm()}
	for _, p := range projects {
		w.known[strings.ToLower(p.Path)] = p
	}
	return w
}

// Self sets the name of pinwheel's user, whose own changes cause no look. Before it is called,
// each of these causes a look that finds nothing new.
func (w *Wakes) Self(username string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.self = username
}

// Wake starts a look at the project of an event, unless nothing can be new to pinwheel. It
// waits for nothing.
func (w *Wakes) Wake(e Event) {
	of, ok := w.known[strings.ToLower(e.Project)]
	if !ok || w.idle(e, of) {
		return
	}
	person := e.Kind == IssueEvent || e.Kind == NoteEvent || e.Kind == MergeRequestEvent
	for _, key := range of.Keys {
		if person {
			w.calm.do("person "+key, personGap, func() { w.schedule.Trigger(key) })
		} else {
			w.calm.do("other "+key, otherGap, func() { w.schedule.Start(key) })
		}
	}
}

// idle reports whether an event is about what pinwheel did itself, about a branch that is
// none of its, or about a pipeline that has not ended.
func (w *Wakes) idle(e Event, of Woken) bool {
	switch e.Kind {
	case PipelineEvent:
		switch e.Status {
		case "success", "failed", "canceled", "skipped", "manual":
			return false
		}
		return true
	case PushEvent:
		branch, ok := strings.CutPrefix(e.Ref, "refs/heads/")
		if !ok || branch != e.Default && (of.Prefix == "" || !strings.HasPrefix(branch, of.Prefix)) {
			return true
		}
	case IssueEvent, NoteEvent, MergeRequestEvent:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.self != "" && e.User == w.self
}

// calm runs functions by name, of one name at most once in a gap. The last of several calls
// always has its effect. It is safe for concurrent use.
type calm struct {
	mu      sync.Mutex
	next    map[string]time.Time
	pending map[string]bool
}

func newCalm() *calm { return &calm{next: map[string]time.Time{}, pending: map[string]bool{}} }

// do runs what now, or after the gap since the last time. If it is called again meanwhile,
// that is one run then.
func (c *calm) do(name string, gap time.Duration, what func()) {
	c.mu.Lock()
	now := time.Now()
	wait := c.next[name].Sub(now)
	if wait <= 0 {
		c.next[name] = now.Add(gap)
	}
	late := c.pending[name]
	c.pending[name] = late || wait > 0
	c.mu.Unlock()
	switch {
	case wait <= 0:
		what()
	case !late:
		time.AfterFunc(wait, func() {
			c.mu.Lock()
			c.pending[name] = false
			c.next[name] = time.Now().Add(gap)
			c.mu.Unlock()
			what()
		})
	}
}
