package pypi

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file distinguishes answers that are definite from failures that may pass. That a file does
// not exist (404, 410) is definite, and so is a page that moved to another host for good (301,
// 308). Another refusal may be for everybody, for example because a token expired. It is definite
// for one name only if the same host answered another name with success in the same run. If the run
// has no other name to ask that host for, it asks again for one that an earlier run got.

// answersSeen remembers for one run which names each origin answered with success. It remembers two
// names of each, so that one of them is not the name in question.
type answersSeen struct {
	mu    sync.Mutex
	names map[string][2]string

	asking sync.Mutex              // held while witnesses are asked; guards doubts
	doubts map[string]*originDoubt // by the index and the origin that was asked first
}

// originDoubt is what is known of the witnesses of an origin.
type originDoubt struct {
	tried  []string // names for which witnesses were searched
	failed int      // witnesses that the origin did not answer
}

// maxWitnesses bounds how many witnesses of an origin one run asks for in vain.
const maxWitnesses = 8

// Witness is something that an earlier run got: the page of Request's name, or the file if File has
// a name. A run asks for it again to find out whether the server still answers.
type Witness struct {
	Request Request
	File    FileDetails
}

// Doubt is a refusal that may be for one name or for everybody.
type Doubt struct {
	Index string // the index's name
	Name  string // normalised
	start string // the origin that was asked first
}

// About reports whether a file is on the origin whose refusal is in doubt.
func (d Doubt) About(f FileDetails) bool {
	u, err := url.Parse(f.URL)
	return err == nil && u.Host != "" && originOf(u) == d.start
}

// Witnesses finds what earlier runs got of other names of a doubt's index. It is called
// while requests are under way, but never twice at the same time. The caller stops it as
// soon as one witness is enough.
type Witnesses func(ctx context.Context, d Doubt) iter.Seq[Witness]

// ForRun returns the client for one run: it shares connections with c, and remembers until the run
// is over which hosts answered. witnesses may be nil.
func (c *Client) ForRun(witnesses Witnesses) *Client {
	run := *c
	run.seen = &answersSeen{names: map[string][2]string{}, doubts: map[string]*originDoubt{}}
	run.witnesses = witnesses
	return &run
}

// WithWitnesses returns the client of the same run with other witnesses.
func (c *Client) WithWitnesses(witnesses Witnesses) *Client {
	run := *c
	run.witnesses = witnesses
	return &run
}

// vouched reports whether a refusal is definite. If the host has given no other answer in this run
// yet, it asks for witnesses first.
func (c *Client) vouched(ctx context.Context, err error) bool {
	var problem *Error
	if !errors.As(err, &problem) {
		return false
	}
	if c.definite(problem) || c.seen == nil || c.witnesses == nil || !problem.mayBeMeant() {
		return c.definite(problem)
	}
	c.seen.asking.Lock()
	defer c.seen.asking.Unlock()
	key := problem.Index + "\n" + problem.start
	doubt := c.seen.doubts[key]
	if doubt == nil {
		doubt = &originDoubt{}
		c.seen.doubts[key] = doubt
	}
	// If two names have no witness, a third has none either.
	if c.definite(problem) || len(doubt.tried) == 2 || doubt.failed >= maxWitnesses || slices.Contains(doubt.tried, problem.Package) {
		return c.definite(problem)
	}
	about := Doubt{Index: problem.Index, Name: problem.Package, start: problem.start}
	asker := *c
	asker.witnesses = nil                // a witness needs no witness,
	asker.large = make(chan struct{}, 1) // whoever waits for it may hold the room,
	asker.o.MaxFile = small              // and so it reads nothing large
	for w := range c.witnesses(ctx, about) {
		if w.Request.Name == about.Name || w.File.Name == "" && !w.Request.on(about.start) || w.File.Name != "" && !about.About(w.File) {
			continue
		}
		failure := asker.askAgain(ctx, w)
		if c.definite(problem) {
			return true
		}
		doubt.failed++
		var down *Error
		if errors.As(failure, &down) && !down.forGood && !down.mayBeMeant() || doubt.failed >= maxWitnesses {
			doubt.failed = maxWitnesses // it fails for another reason than names
			return false
		}
	}
	doubt.tried = append(doubt.tried, problem.Package)
	return false
}

// on reports whether a page is on an origin.
func (r Request) on(origin string) bool {
	u, err := url.Parse(r.Source.Index.URL)
	return err == nil && originOf(u) == origin
}

// askAgain asks for a witness. If that is a file, it reads the metadata as FetchMetadata does. The
// host counts as one that answers if the content has the digest that the index gives, or is the
// metadata of that release. The content is used for nothing else.
func (c *Client) askAgain(ctx context.Context, w Witness) error {
	if w.File.Name == "" {
		_, err := c.Do(ctx, w.Request)
		return err
	}
	q := query{Request: w.Request, name: pep508.NormalizeName(w.Request.Name)}
	if err := q.prepare(); err != nil {
		return err
	}
	q.what = clean(w.File.Name)
	name, err := dist.ParseFor(q.name, w.File.Name)
	if err != nil {
		return refusal("is no file of it")
	}
	_, _, err = inquiry{client: c, query: &q, version: name.Version}.file(ctx, w.File)
	return err
}

// vouches records that the host of a file answers, because the content is what the index says.
func (d *download) vouches() {
	if d.given != nil {
		d.client.seen.add(d.given, d.name)
	}
}

func (h *answersSeen) add(u *url.URL, name string) {
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
func (h *answersSeen) other(origin, name string) bool {
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

// definite reports whether a failure is an answer for its name, by all answers that this run got so
// far.
func (c *Client) definite(err *Error) bool {
	return c.seen != nil && err.forGood || err.mayBeMeant() && c.seen.other(err.origin, err.Package)
}

// mayBeMeant reports whether a failure may be an answer for its name alone: a refusal by status, a
// redirect that is not followed, or something beyond the bounds. A status that asks to try again
// later is none.
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
		return clean(problem.file) + ": " + problem.Error(), true
	}
	return problem.Error(), true
}
