package gitlabsim

import (
	"fmt"
	"slices"
	"time"
)

// Event is one change of the state, made through the API or by a person.
type Event struct {
	Seq     int
	At      time.Time
	Actor   string // username
	Project string
	Kind    string // push, force-push, branch-create, mr-open, issue-edit, note, quick-action, mention, ...
	Target  string // a branch, !iid or #iid
	Detail  string
}

// String is the event in one line.
func (e Event) String() string {
	return fmt.Sprintf("%s %s %s %s %s %s", e.At.Format(time.RFC3339), e.Actor, e.Project, e.Kind, e.Target, e.Detail)
}

// Request is one request as it was answered.
type Request struct {
	Seq    int
	At     time.Time
	User   string
	Method string
	Path   string // without the root and /api/v4
	Route  string // "/projects/:id/issues"; "" if unknown
	Status int    // 0 if the connection was reset
	Write  bool   // POST, PUT, PATCH or DELETE
	Fault  string // the fault that struck, in its text form
}

// String is the request in one line.
func (r Request) String() string {
	line := fmt.Sprintf("%s %s %s %d", r.At.Format(time.RFC3339), r.Method, r.Path, r.Status)
	if r.Fault != "" {
		line += " (fault: " + r.Fault + ")"
	}
	return line
}

func (s *Server) event(p *Project, actor *user, kind, target, detail string) { //nolint:revive // the columns of an event
	name, path := "", ""
	if actor != nil {
		name = actor.username
	}
	if p != nil {
		path = p.path
	}
	s.events = append(s.events, Event{len(s.events) + 1, s.now(), name, path, kind, target, detail})
	if p != nil && len(s.webhooks) > 0 {
		s.deliver(p, name, kind, target)
	}
}

// Events returns every change so far, oldest first.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Requests returns every request so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Writes returns the writing requests at or after an instant, refused and
// failed ones included.
func (s *Server) Writes(since time.Time) []Request { return s.requestsSince(since, true) }

// Reads returns the reading requests at or after an instant.
func (s *Server) Reads(since time.Time) []Request { return s.requestsSince(since, false) }

func (s *Server) requestsSince(since time.Time, write bool) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if r.Write == write && !r.At.Before(since) {
			out = append(out, r)
		}
	}
	return out
}

// ForgetRequests empties the log of requests, so that a test counts from here.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Aside lets f ask for what nobody is to notice: reads are not logged and call no
// hooks, and faults that strike a few times do not strike nor count. What f writes is
// logged as ever.
func (s *Server) Aside(f func()) {
	set := func(on bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.aside = on
	}
	set(true)
	defer set(false)
	f()
}

// Failures returns what no test may leave behind: requests to routes, with
// parameters or with body keys that the simulator does not know.
func (s *Server) Failures() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// Call is what a hook learns about a request.
type Call struct {
	Method string
	Route  string // "/projects/:id/merge_requests"
	Path   string
	User   string
	N      int // how many times this method and route have been called, 1 for the first
	Status int // 0 before the request is handled
}

// OnRequest calls f before each request is handled and before faults strike.
// f may act as a person: the instant between two requests is its own. Calls of
// f overlap where requests do, as the reads of a run.
func (s *Server) OnRequest(f func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = append(s.before, f)
}

// AfterRequest calls f after each request took effect, before its answer is
// given.
func (s *Server) AfterRequest(f func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}
