package pypi

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
)

// This file tells answers that are definite from failures that another try may
// mend. That a file is not there (404, 410) is definite, and so is a page that
// moved to another host for good (301, 308). A refusal that may be meant for
// everybody, such as that of an expired token, is definite for one name only if
// the same host answered another name with success in the same run.

// heard remembers for one run which names each origin answered with success:
// two of them, since that is enough to find one that is another.
type heard struct {
	mu    sync.Mutex
	names map[string][2]string
}

// ForRun returns the client for one run: it shares connections with c and
// remembers which hosts answered, until the run is over.
func (c *Client) ForRun() *Client {
	run := *c
	run.heard = &heard{names: map[string][2]string{}}
	return &run
}

// Heard notes that an index answered a name with success in another run, so short
// a while ago that it is not asked again.
func (c *Client) Heard(source Source, name string) {
	if u, err := url.Parse(source.Index.URL); err == nil {
		c.heard.note(u, name)
	}
}

func (h *heard) note(u *url.URL, name string) {
	if h == nil || u == nil {
		return
	}
	origin := originOf(u)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch two := h.names[origin]; {
	case two[0] == "" || two[0] == name:
		h.names[origin] = [2]string{name, two[1]}
	case two[1] == "":
		h.names[origin] = [2]string{two[0], name}
	}
}

// other reports whether an origin answered another name.
func (h *heard) other(origin, name string) bool {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	two := h.names[origin]
	return two[0] != "" && two[0] != name || two[1] != "" && two[1] != name
}

// originOf is scheme, host and port in their one spelling.
func originOf(u *url.URL) string {
	h, ok := mapHost(u.Hostname())
	p, okPort := port(u)
	if !ok || !okPort {
		return ""
	}
	return u.Scheme + "://" + h.String() + "\n" + string(rune(p))
}

// definite reports whether a failure is an answer for its name, now that all is
// heard that this run heard so far.
func (c *Client) definite(err *Error) bool {
	return c.heard != nil && err.forGood || err.mayBeMeant() && c.heard.other(err.origin, err.Package)
}

// mayBeMeant reports whether a failure may be an answer for its name alone:
// refusals by status, redirects that are not followed, and what is beyond the
// caps. Statuses that ask to come again are none.
func (e *Error) mayBeMeant() bool {
	switch e.status {
	case http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	switch e.Kind {
	case Unauthorized, Redirected, TooLarge:
		return true
	case Unsupported:
		return e.status >= 400 && e.status < 500
	case Unreachable, Unavailable, NotJSON, Malformed, Stopped, NotAsked:
	}
	return false
}

// withheld makes an answer of a failure that is definite.
func (c *Client) withheld(err error) (reason string, ok bool) {
	var problem *Error
	if !errors.As(err, &problem) || !c.definite(problem) {
		return "", false
	}
	if problem.file != "" {
		return clean(problem.file) + ": " + problem.text, true
	}
	return problem.text, true
}
