package pypi

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// download is one file of a release, with all that requests for it need.
type download struct {
	query
	client  *Client
	file    FileDetails
	address *url.URL
	origins *breaker               // nil if every origin is asked
	held    func()                 // frees the room for a large file
	proof   string                 // the digest of what was read
	attempt func() context.Context // of the request under way
	given   *url.URL               // who answered last, after redirects; nil before
}

// download refuses addresses that must not be asked. An address without a path is none of a file.
// It drops a fragment.
func (c *Client) download(q *query, file FileDetails, origins *breaker) (*download, *Error) {
	d := &download{query: *q, client: c, file: file, origins: origins}
	u, err := url.Parse(file.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Path == "" {
		problem := q.problem(Unsupported, "gives no usable address of %s{for}", clean(file.Name))
		problem.forGood = true
		return nil, problem
	}
	u.Fragment, u.RawFragment = "", ""
	if problem := d.admit(u); problem != nil {
		return nil, problem
	}
	if !sameOrigin(u, q.base) {
		d.who = fmt.Sprintf("%s (%s)", clean(u.Host), q.Source.Index.Spoken())
	}
	d.address, d.asked = u, u
	return d, nil
}

// admit refuses addresses that are not https, except http if the index has that itself, and private
// addresses that nobody named.
func (d *download) admit(u *url.URL) *Error {
	switch {
	case strings.EqualFold(u.Scheme, "https"), strings.EqualFold(u.Scheme, "http") && strings.EqualFold(d.base.Scheme, "http"):
		return d.literal(u)
	}
	problem := d.problem(Unsupported, "gives an address of %s{for} that is not https: not followed", clean(d.file.Name))
	problem.forGood = true
	return problem
}

// transfer is a request for a file or a part of it, and what to do with the answer.
type transfer struct {
	address  *url.URL
	span     string // the bytes, as the Range header names them; "" is all
	accepted []int  // the statuses with which use gets the answer
	use      func(*http.Response) error
}

// get sends the request, and repeats it after a failure that may pass. It returns the error of
// t.use unless that is about the connection.
func (d *download) get(ctx context.Context, t transfer) error {
	origin := strings.ToLower(t.address.Scheme + "://" + t.address.Host)
	if last := d.origins.open(origin); last != nil {
		err := d.problem(NotAsked, "failed %d times in a row and was not asked{for}", d.origins.limit)
		err.cause = last
		return err
	}
	for attempt := 1; ; attempt++ {
		err := d.try(ctx, t)
		problem, failed := errors.AsType[*Error](err)
		if !failed || !problem.again || attempt > d.client.o.Retries {
			if d.client.vouched(ctx, err) {
				d.origins.record(origin, nil) // an answer, for this name
			} else {
				d.origins.record(origin, err)
			}
			return err
		}
		if !sleep(ctx, backoff(attempt, problem.after)) {
			return d.stopped(ctx)
		}
	}
}

// try sends the request once and follows redirects, also to other hosts: files may be anywhere, and
// the digest identifies them.
func (d *download) try(parent context.Context, t transfer) error {
	address := t.address
	ctx, cancel := context.WithTimeout(parent, d.client.o.Timeout+time.Second)
	defer cancel()
	d.attempt = func() context.Context { return ctx }
	for range maxRedirects + 1 {
		response, err := d.send(ctx, address, t.span)
		if err != nil {
			if problem := d.refused(err); problem != nil {
				return problem
			}
			return d.client.broken(parent, &d.query, err)
		}
		if redirect(response.StatusCode) {
			discard(response)
			to, err := address.Parse(response.Header.Get("Location"))
			if err != nil || to.Host == "" || to.User != nil || response.Header.Get("Location") == "" {
				return d.problem(Redirected, "redirects %s without saying where", d.what).from(address)
			}
			if problem := d.admit(to); problem != nil {
				return problem
			}
			address = to
			continue
		}
		err = d.answer(parent, response, t)
		if problem, failed := errors.AsType[*Error](err); failed {
			_ = problem.from(address)
		} else if err == nil {
			d.given = address
		}
		return err
	}
	return d.problem(Redirected, "redirects %s more than %d times: given up", d.what, maxRedirects).from(address)
}

// send makes one GET. Credentials go only to the origin of the index.
func (d *download) send(ctx context.Context, address *url.URL, span string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	// Files are received as they are stored, since digests and ranges are of that.
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", d.client.o.UserAgent)
	if span != "" {
		request.Header.Set("Range", "bytes="+span)
	}
	if (d.Source.Username != "" || d.Source.Password != "") && sameOrigin(address, d.base) {
		request.SetBasicAuth(d.Source.Username, string(d.Source.Password))
	}
	return d.client.http.Do(d.client.permit(request, d.base))
}

// answer judges a status and a type, and closes the response.
func (d *download) answer(parent context.Context, response *http.Response, t transfer) error {
	if !slices.Contains(t.accepted, response.StatusCode) {
		discard(response)
		return d.refusedWith(response, d.client.o.Outage)
	}
	defer response.Body.Close()
	if media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); media == "text/html" {
		// Most likely it is a page to log in, since no file of a distribution is HTML.
		return d.problem(NotJSON, "answered with a page in HTML{for}: not read")
	}
	err := t.use(response)
	if broken, ok := err.(*readError); ok { //nolint:errorlint // inside an *Error it was judged before
		return d.client.broken(parent, &d.query, broken.err)
	}
	return err
}

// capped reads at most limit bytes of a response's body, and distinguishes a broken connection from
// other errors.
type capped struct {
	r     io.Reader
	left  int64
	limit error // for a longer body
	small int64 // after how many bytes to call large, if that is set
	large func() error
}

func (w *capped) Read(b []byte) (int, error) {
	if w.left <= 0 {
		// One more byte shows whether that was all.
		if n, err := io.ReadFull(w.r, make([]byte, 1)); n == 0 && err == io.EOF {
			return 0, io.EOF
		} else if n == 0 {
			return 0, &readError{err}
		}
		return 0, w.limit
	}
	n, err := w.r.Read(b[:min(int64(len(b)), w.left)])
	w.left -= int64(n)
	if w.large != nil {
		if w.small -= int64(n); w.small < 0 {
			enter := w.large
			w.large = nil
			if err := enter(); err != nil {
				return 0, err // a readError
			}
		}
	}
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

// body reads all of a response, and unpacks it if it says that it is packed.
func (d *download) body(response *http.Response, limit int64, beyond error) ([]byte, error) {
	coding := strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding")))
	raw := &capped{r: response.Body, left: limit, limit: beyond}
	switch coding {
	case "", "identity":
		return io.ReadAll(d.sized(raw))
	case "gzip", "x-gzip":
		return d.gunzip(raw, limit, beyond)
	}
	return nil, d.problem(Unsupported, "answered in the encoding %s{for}, which was not asked for", clean(coding))
}

// gunzip reads a body that was packed on the way.
func (d *download) gunzip(r io.Reader, limit int64, beyond error) ([]byte, error) {
	source := &noting{r: r}
	unzipped, err := gzip.NewReader(source)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(d.sized(&capped{r: unzipped, left: limit + 1, limit: beyond}))
	}
	switch {
	case source.err != nil:
		return nil, source.err
	case errors.Is(err, beyond):
		return nil, beyond
	case err != nil:
		problem := d.problem(Malformed, "answered{for} with gzip that is damaged or cut off")
		problem.again = true
		return nil, problem
	case int64(len(data)) > limit:
		return nil, beyond
	}
	return data, nil
}

// small is how large a file may be without the room for large ones.
const small = 1 << 20

// sized makes a reader wait for that room as soon as it has read more than small bytes.
func (d *download) sized(r *capped) *capped {
	r.small, r.large = small, func() error { return d.room(d.attempt(), -1) }
	return r
}

// room waits until a file of so many bytes may be held in memory; -1 is an unknown number. Of large
// files and pages there is only one at a time.
func (d *download) room(ctx context.Context, size int64) error {
	if d.held != nil || size >= 0 && size <= small {
		return nil
	}
	select {
	case d.client.large <- struct{}{}:
		d.held = d.client.leave
		return nil
	case <-ctx.Done():
		return &readError{ctx.Err()}
	}
}

// done frees what the download holds.
func (d *download) done() {
	if d.held != nil {
		d.held()
		d.held = nil
	}
}
