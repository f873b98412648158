package pypi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

// accept asks for JSON (PEP 691), and for HTML if an index has only that.
const accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

const (
	maxRedirects  = 5
	maxRetryAfter = time.Minute
	drainBytes    = 64 << 10
)

// try sends the request once, following redirects on the index's own origin.
func (c *Client) try(parent context.Context, q *query) (Answer, *Error) {
	ctx, cancel := context.WithTimeout(parent, c.o.Timeout+time.Second) // package outage gives up earlier
	defer cancel()
	address := q.page
	for range maxRedirects + 1 {
		response, err := c.send(ctx, q, address)
		if err != nil {
			return Answer{}, c.broken(parent, q, err)
		}
		if !redirect(response.StatusCode) {
			answer, problem := c.read(q, address, response)
			switch {
			case problem == nil && answer.Known:
				c.seen.add(address, q.name)
			case problem != nil && problem.Kind == Unreachable:
				problem = c.broken(parent, q, problem.cause)
			case problem != nil:
				problem = problem.from(address)
			}
			return answer, problem
		}
		discard(response)
		var problem *Error
		if address, problem = q.follow(address, response); problem != nil {
			return Answer{}, problem
		}
	}
	return Answer{}, q.problem(Redirected, "redirects %s more than %d times: given up", q.what, maxRedirects).from(address)
}

// send makes one GET. Credentials go only to the origin of the index; follow refuses other
// addresses before.
func (c *Client) send(ctx context.Context, q *query, address *url.URL) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", "gzip")
	request.Header.Set("User-Agent", c.o.UserAgent)
	if q.ETag != "" {
		request.Header.Set("If-None-Match", q.ETag)
	}
	if (q.Source.Username != "" || q.Source.Password != "") && sameOrigin(address, q.base) {
		request.SetBasicAuth(q.Source.Username, string(q.Source.Password))
	}
	return c.http.Do(c.permit(request, q.base))
}

func redirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns the address of a redirect, or says why it is not followed.
func (q *query) follow(from *url.URL, response *http.Response) (*url.URL, *Error) {
	location := response.Header.Get("Location")
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return nil, q.problem(Redirected, "redirects %s without saying where", q.what).from(from)
	}
	switch {
	case sameOrigin(to, q.base) && to.User == nil:
		return to, nil
	case sameHost(to.Hostname(), q.base.Hostname()):
		return nil, q.problem(Redirected, "redirects %s to another origin, %s: not followed", q.what, clean(to.Scheme+"://"+to.Host)).from(from)
	}
	problem := q.problem(Redirected, "redirects to another host, %s: not followed", clean(to.Host)).from(from)
	problem.forGood = response.StatusCode == http.StatusMovedPermanently || response.StatusCode == http.StatusPermanentRedirect
	return nil, problem
}

// from records who gave an answer that is an error.
func (e *Error) from(u *url.URL) *Error {
	e.origin = originOf(u)
	return e
}

// read judges the response of an address and closes it.
func (c *Client) read(q *query, address *url.URL, response *http.Response) (Answer, *Error) {
	status := response.StatusCode
	if status == http.StatusOK {
		defer response.Body.Close()
		answer, problem := c.readPage(q, address, response)
		if problem == nil && !answer.Stale {
			answer.Fresh = fresh(response.Header)
		}
		return answer, problem
	}
	discard(response)
	switch {
	case status == http.StatusNotModified && q.ETag != "":
		return Answer{NotModified: true, Known: true, ETag: q.ETag, Serial: q.Serial, Fresh: fresh(response.Header)}, nil
	case gone(status):
		answer := Answer{}
		answer.Package.Name, answer.Package.Index, answer.Package.HasFacts = q.name, q.Source.Index.Name, true
		return answer, nil
	}
	return Answer{}, q.refusedWith(response, c.o.Outage)
}

// MostFresh bounds how long an index can keep pinwheel from reading a page again.
const MostFresh = time.Hour

// fresh reads how long an answer may be used, less the time that it spent in caches on its way (RFC
// 9111, 4.2).
func fresh(h http.Header) time.Duration {
	age := -1
	for part := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "no-cache", "no-store":
			return 0
		case "max-age":
			if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && age < 0 {
				age = n
			}
		}
	}
	spent, _ := strconv.Atoi(strings.TrimSpace(h.Get("Age"))) // absent: none
	return min(time.Duration(max(min(age, int(MostFresh/time.Second))-max(spent, 0), 0))*time.Second, MostFresh)
}

func gone(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// refusedWith is the sentence for a status that is no answer. It says until when the index wants to be
// left alone.
func (q *query) refusedWith(response *http.Response, record *outage.Record) *Error {
	var err *Error
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		err = q.problem(Unauthorized, "answered %d{for}: %s", status, q.credentials())
	case status == http.StatusProxyAuthRequired:
		err = q.problem(Unauthorized, "answered 407{for}: check its credentials")
		err.who, err.proxy = "the proxy before "+q.who, true
	case status == http.StatusTooManyRequests:
		asked := response.Request.URL
		err = q.problem(Unavailable, "answered %s{for}%s", statusText(status), outage.Patience(record.Until(asked.Scheme, asked.Host)))
		err.again, err.after = true, retryAfter(response.Header)
	case status >= 500:
		err = q.unavailable(status)
		err.again, err.after = true, retryAfter(response.Header)
	default:
		err = q.problem(Unsupported, "answered %s{for}", statusText(status))
	}
	err.status, err.forGood = response.StatusCode, gone(response.StatusCode)
	return err
}

// unavailable is the sentence for a status that may pass, of this answer or of the one because of
// which the index is left alone.
func (q *query) unavailable(status int) *Error {
	err := q.problem(Unavailable, "answered %s{for}", statusText(status))
	err.status = status
	return err
}

func (q *query) credentials() string {
	if q.Source.Username == "" && q.Source.Password == "" {
		return "it wants credentials and none are set (username and password)"
	}
	return "check the index's username and password"
}

func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// readPage reads a 200. Besides the content types of PEP 691 it accepts other types of JSON, which
// static mirrors use.
func (c *Client) readPage(q *query, address *url.URL, response *http.Response) (Answer, *Error) {
	written := response.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(written)
	if err != nil {
		media = strings.ToLower(strings.TrimSpace(written))
	}
	inHTML := media == "text/html" || media == "application/vnd.pypi.simple.v1+html"
	if media != "" && !strings.HasSuffix(media, "json") && !inHTML {
		return Answer{}, q.problem(NotJSON, "answered %s{for}; pinwheel needs the Simple API in JSON or HTML (PEP 691, PEP 503)", clean(media))
	}
	coding := strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding")))
	if coding != "" && coding != "identity" && coding != "gzip" {
		return Answer{}, q.problem(Unsupported, "answered in the encoding %s{for}, which was not asked for", clean(coding))
	}
	want := wanted{name: q.name, address: address, hashes: q.Hashes, roomy: q.roomy, caps: caps{small: c.o.MaxPages / c.o.Concurrency, large: c.o.MaxPage, entries: c.o.MaxEntries}}
	if q.Details {
		want.details = address
	}
	var answer Answer
	if inHTML {
		answer, err = c.pages.decodeHTML(response.Body, coding == "gzip", c.o.MaxBody, want)
	} else {
		answer, err = c.pages.decode(response.Body, coding == "gzip", c.o.MaxBody, want)
	}
	if err != nil {
		return Answer{}, q.unread(err, c.o.MaxBody)
	}
	if answer.Serial > 0 && answer.Serial < q.Serial {
		return Answer{NotModified: true, Stale: true, Known: true, ETag: q.ETag, Serial: q.Serial}, nil
	}
	answer.Package.Index, answer.ETag = q.Source.Index.Name, response.Header.Get("ETag")
	return answer, nil
}

// unread turns an error of the decoder into a sentence.
func (q *query) unread(err error, limit int64) *Error {
	var shape *shapeError
	var broken *readError
	switch {
	case errors.Is(err, errNoRoom):
		return &Error{Kind: TooLarge, cause: errNoRoom}
	case errors.Is(err, errTooLarge):
		return q.problem(TooLarge, "answered with more than %s{for}: not read", size(limit))
	case errors.Is(err, errValueTooLarge):
		return q.problem(TooLarge, "answered{for} with one value of more than %s: not read", size(maxValue))
	case errors.As(err, &shape):
		return q.problem(shape.kind, "answered{for} %s", shape.text)
	case errors.As(err, &broken):
		return &Error{Kind: Unreachable, cause: broken.err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem := q.problem(Malformed, "answered{for} with a page that is cut off")
		problem.again = true
		return problem
	}
	return q.problem(Malformed, "answered{for} with a page %s", notJSON(err))
}

// notJSON says what is wrong with a page in words that are the same for each such page: the reader's own have a
// place in it.
func notJSON(err error) string {
	switch says := err.Error(); {
	case strings.Contains(says, "invalid UTF-8"):
		return "that is not UTF-8"
	case strings.Contains(says, "max depth"):
		return "of JSON that nests too deeply"
	}
	return "that is not JSON"
}

// broken is the sentence for a connection that failed. It has no URL, which would say nothing
// beyond the index and the package.
func (c *Client) broken(parent context.Context, q *query, err error) *Error {
	if parent.Err() != nil {
		return q.stopped(parent)
	}
	if status := outage.Status(err); status != 0 {
		problem := q.unavailable(status)
		problem.cause = err
		return problem
	}
	problem := q.problem(Unreachable, "did not answer{for}: %s", clean(outage.Words(err)))
	problem.cause = err
	var down *outage.Down
	problem.again = !errors.As(err, &down)
	return problem
}

// discard reads the few bytes that are left, so that the connection can be kept.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, drainBytes)
	_ = response.Body.Close()
}

// retryAfter is how long an index asks to be left alone, at most a minute; 0 if it does not say.
func retryAfter(h http.Header) time.Duration {
	asked, _ := outage.RetryAfter(h)
	return min(asked, maxRetryAfter)
}

// backoff is half a second, doubled with each attempt, and then between half and one and a half of
// that, by chance. It is no shorter than the index asked for.
func backoff(attempt int, asked time.Duration) time.Duration {
	base := 500 * time.Millisecond << min(attempt-1, 6)
	spread := base/2 + time.Duration(rand.Int64N(int64(base))) //nolint:gosec // it spreads attempts and guards nothing
	if asked > 0 {
		return asked + spread/4
	}
	return spread
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// clean makes a stranger's words safe for a sentence: printable ASCII, short.
func clean(s string) string {
	const most = 120
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), most)])
	return cmp.Or(s, "nothing")
}

func size(bytes int64) string {
	if bytes >= 1<<20 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
