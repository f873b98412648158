package outage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The longest a server may take by default.
const (
	DefaultWait  = 15 * time.Second
	DefaultWrite = time.Minute
	DefaultTotal = time.Minute
)

// Transport keeps a Record of the servers to which it sends requests, and ends requests
// that hang. A request hangs if nothing comes for Wait, or for Write if it changes
// something, or if the whole answer takes longer than Total. Zero values are the defaults.
type Transport struct {
	Next               http.RoundTripper
	Record             *Record // nil: nothing is shared
	Wait, Write, Total time.Duration
}

// hung is the error of a request that hung.
type hung struct {
	wait  time.Duration
	whole bool // an answer began and was not complete in time
}

func (e *hung) Error() string {
	if e.whole {
		return "it came to no end within " + span(e.wait)
	}
	return "it said nothing for " + span(e.wait)
}

// Timeout makes it a time-out like those of package net, as Temporary does.
func (e *hung) Timeout() bool   { return true }
func (e *hung) Temporary() bool { return true }

func span(d time.Duration) string {
	switch {
	case d%time.Minute == 0:
		return plural(int(d/time.Minute), "minute")
	case d%time.Second == 0:
		return plural(int(d/time.Second), "second")
	}
	return d.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// RoundTrip sends a request. If the server is left alone, it sends nothing and returns a
// *Down.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a := &asking{record: t.Record, key: keyOf(req.URL.Scheme, req.URL.Host), path: req.URL.Path, parent: req.Context(), wait: t.Wait}
	if a.record == nil {
		a.record = NewRecord()
	}
	if a.wait <= 0 {
		a.wait = DefaultWait
	}
	total := t.Total
	if total <= 0 {
		total = DefaultTotal
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		a.path, a.wait = req.Method+" "+a.path, t.Write
		if a.wait <= 0 {
			a.wait = DefaultWrite
		}
		total = max(total, a.wait)
	}
	probe, err := a.record.ask(a.parent, a.key, a.path)
	if err != nil {
		return nil, err
	}
	a.probe, a.began = probe, time.Now()
	a.last = a.began
	ctx, cancel := context.WithCancelCause(a.parent)
	a.cancel = cancel
	a.silence = time.AfterFunc(a.wait, func() { cancel(&hung{wait: a.wait}) })
	a.whole = time.AfterFunc(total, func() { cancel(&hung{wait: total, whole: true}) })
	resp, err := t.Next.RoundTrip(req.WithContext(ctx))
	a.record.observed(req, resp)
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	a.record.asked(a.key, req, resp)
	absent := unavailable(req, resp)
	if absent != nil {
		a.record.failed(a, absent)
	} else {
		a.last = a.record.answered(a.key)
	}
	a.silence.Reset(a.wait)
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	resp.Body = &body{ReadCloser: resp.Body, ctx: ctx, asking: a, refused: absent != nil}
	return resp, nil
}

// asking is one request under way.
type asking struct {
	record         *Record
	key, path      string
	parent         context.Context //nolint:containedctx // of one request, as http.Request holds it
	wait           time.Duration
	began, last    time.Time // of the request, and of the last piece of its answer
	probe          bool
	silence, whole *time.Timer
	cancel         context.CancelCauseFunc
}

// end stops the timers.
func (a *asking) end() {
	a.silence.Stop()
	a.whole.Stop()
	a.cancel(nil)
}

// failed records a failure and returns its error. If the request was cancelled because it hung, it
// returns that error instead.
func (a *asking) failed(ctx context.Context, err error) error {
	var silent *hung
	if errors.As(context.Cause(ctx), &silent) {
		err = silent
	}
	a.end()
	if a.parent.Err() != nil && !errors.As(err, &silent) {
		a.record.cancelled(a.key, a.probe)
		return err
	}
	a.record.failed(a, err)
	return err
}

// refused is an answer of a gateway: the server behind it is not there.
type refused struct{ status int }

func (e *refused) Error() string {
	return fmt.Sprintf("it answered %d %s", e.status, http.StatusText(e.status))
}

// Status is the status of the answer because of which a server is left alone, or 0 if
// err is no such *Down. A client words the error like an answer with that status.
func Status(err error) int {
	var down *Down
	var absent *refused
	if !errors.As(err, &down) || !errors.As(down.cause, &absent) {
		return 0
	}
	return absent.status
}

// unavailable returns an error if a read was answered with 502, 503 or 504, which a
// gateway answers in place of its server, or a server that cannot answer now.
func unavailable(req *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			return &refused{resp.StatusCode}
		}
	}
	return nil
}

// body is the body of an answer. Each piece of it has to come in time.
type body struct {
	io.ReadCloser
	ctx     context.Context //nolint:containedctx // of one request
	asking  *asking
	over    bool
	refused bool // the status says that the server is not there
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.over {
		return n, err
	}
	a := b.asking
	switch {
	case err == nil:
		a.silence.Reset(a.wait)
		if n > 0 && !b.refused {
			a.last = a.record.answered(a.key)
		}
	case errors.Is(err, io.EOF):
		b.over = true
		a.end()
		if !b.refused {
			a.record.whole(a.key, a.path)
		}
	default:
		b.over = true
		err = a.failed(b.ctx, err)
	}
	return n, err
}

func (b *body) Close() error {
	if !b.over {
		b.over = true
		b.asking.end()
	}
	return b.ReadCloser.Close()
}
