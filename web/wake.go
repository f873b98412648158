package web

import (
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

// Wakes turns events of webhooks into looks at projects. Forged and lost events cost
// nothing: a look reads all of GitLab, and whoever watches finds in a minute what was lost.
type Wakes struct {
	schedule *scheduler.Scheduler
	known    map[string]Woken // by path in small letters
	calm     *calm
	mu       sync.Mutex
	self     string // the bot's username, empty while it is not known
}

// Woken is what an event of a project wakes.
type Woken struct {
	Path   string
	Keys   []string // by which the scheduler knows it
	Prefix string   // of the branches that pinwheel writes, empty for none
}

// How far apart looks begin that events of one project ask for. What a person waits for
// comes sooner.
const (
	personGap = 2 * time.Second
	otherGap  = 30 * time.Second
)

// NewWakes returns those of some projects.
func NewWakes(schedule *scheduler.Scheduler, projects []Woken) *Wakes {
	w := &Wakes{schedule: schedule, known: map[string]Woken{}, calm: newCalm()}
	for _, p := range projects {
		w.known[strings.ToLower(p.Path)] = p
	}
	return w
}

// Self says who the bot is, so that its own writes wake nobody. Until then each of them is
// followed by a look that finds nothing new.
func (w *Wakes) Self(username string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.self = username
}

// Wake looks at the project of an event, unless the event is one of those that change
// nothing for a look. It waits for nothing.
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

// calm does things of a name no more often than once in a gap, the last one always. It is
// for several goroutines.
type calm struct {
	mu      sync.Mutex
	next    map[string]time.Time
	pending map[string]bool
}

func newCalm() *calm { return &calm{next: map[string]time.Time{}, pending: map[string]bool{}} }

// do does it now, or when the gap since the last time is over. What is asked for
// meanwhile is done once then.
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
