package pypi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Options are the settings of a Client. The zero value works.
type Options struct {
	// Transport sends the requests. Nil is a transport of the client's own, with as many kept
	// connections for each host as Concurrency. The client itself handles redirects, retries,
	// compression and bounds in any case.
	Transport http.RoundTripper
	// UserAgent is sent with every request; empty is "pinwheel".
	UserAgent string
	// Concurrency bounds the requests of FetchAll that run at once; 0 is 8.
	Concurrency int
	// MaxBody caps a page in bytes, before and after decompression; 0 is
	// 64 MiB.
	MaxBody int64
	// MaxEntries caps the files, and the versions, of a page; 0 is 100,000.
	MaxEntries int
	// MaxPage caps what these take in memory, in bytes; 0 is 24 MiB. MaxPages is
	// what all pages in flight take without waiting, see room.go; 0 is 32 MiB.
	MaxPage, MaxPages int
	// MaxFile caps a distribution file that has to be read from its beginning; 0
	// is 32 MiB.
	MaxFile int64
	// Retries is how often a request is sent again after 429, 5xx and broken
	// connections; 0 is twice, negative never.
	Retries int
	// Hosts are hosts that the operator named, besides those of the indexes. Files may be fetched
	// from them although their addresses are private.
	Hosts []string
	// Timeout bounds one attempt with its body; 0 is one minute. An attempt on an index that sends
	// nothing for 15 seconds ends earlier.
	Timeout time.Duration
	// Outage remembers which servers do not answer. nil is a record of the client's
	// own.
	Outage *outage.Record
	// Hourly asks for a page once in an hour of the clock: FetchEach and FetchAll repeat that
	// answer until the hour is over.
	Hourly bool
}

// Client asks indexes. It is safe for concurrent use. Its state is its connections, the
// record of servers that do not answer, and, if ForRun made it, which hosts answered.
type Client struct {
	http   *http.Client
	o      Options
	pages  *pages
	recent *recent      // nil: every page is asked for each time
	seen   *answersSeen // nil: no run
	// witnesses are asked for if a host refuses one name and has answered no other one; nil for
	// none.
	witnesses Witnesses
	large     chan struct{} // the room for what is large, see enter
	shared    *Shared       // nil: this process is alone
}

// Concurrency is how many packages a run asks for at once.
func (c *Client) Concurrency() int { return c.o.Concurrency }

// Shared are several processes that ask the same indexes.
type Shared struct {
	// Enter waits until one more package may be asked for, and returns what is called when that is
	// over. If ctx ends before, it returns at once.
	Enter func(ctx context.Context) (leave func())
}

// Share makes a client ask together with other processes. Together they ask for as many packages at
// once as Enter lets them, and an answer counts until the hour of the clock is over, see
// Answer.Fresh. It is called before the first request, and holds for all clients that ForRun makes.
func (c *Client) Share(s Shared) { c.shared = &s }

// New makes a Client.
func New(o Options) *Client {
	if o.UserAgent == "" {
		o.UserAgent = "pinwheel"
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 64 << 20
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = maxEntries
	}
	if o.MaxPage <= 0 {
		o.MaxPage = largeAnswer
	}
	if o.MaxPages <= 0 {
		o.MaxPages = smallAnswers
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 32 << 20
	}
	if o.Retries == 0 {
		o.Retries = 2
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Transport == nil {
		o.Transport = NewTransport(o.Concurrency)
	}
	if o.Outage == nil {
		o.Outage = outage.NewRecord()
	}
	var hour *recent
	if o.Hourly {
		hour = newRecent()
	}
	return &Client{
		recent: hour,
		http: &http.Client{
			Transport:     &outage.Transport{Next: o.Transport, Record: o.Outage, Wait: min(outage.DefaultWait, o.Timeout), Total: o.Timeout},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		o:     o,
		pages: newPages(),
		large: make(chan struct{}, 1),
	}
}

// NewTransport is the transport that New makes for itself. It also judges
// the addresses to which the hosts of files resolve.
func NewTransport(concurrency int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer(nil),
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // the client decompresses under its own bound
		MaxIdleConns:           4 * concurrency,
		MaxIdleConnsPerHost:    concurrency,
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  time.Minute, // package outage gives up earlier,
		MaxResponseHeaderBytes: 256 << 10,
		ReadBufferSize:         32 << 10,
	}
}

// Secret is a password that does not show when it is printed or logged.
type Secret string

// String hides the secret; an empty one stays empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Source is an index and how to speak to it.
type Source struct {
	Index    plan.Index // Name and URL
	Username string
	Password Secret
	// AllowHTTP accepts plain http beyond loopback.
	AllowHTTP bool
}

// Answer is what an index has of one project.
type Answer struct {
	// NotModified says that the stored facts are valid: the index answered 304, or with a page
	// older than the stored one. Package is zero then; ETag and Serial are those of the request.
	NotModified bool
	// Stale says that it is the second case.
	Stale bool
	// Known is false if the index has no such project (404, 410). That is an answer, and Package
	// says so, too.
	Known bool
	// Withheld is the sentence of an answer that is definite for this name and run and gives no
	// page, such as a 403; all else is zero then. What is stored stays. Only FetchEach and FetchAll
	// of a Client of ForRun distinguish such answers from failures.
	Withheld string
	ETag     string
	// Fresh is how long the answer may be used without asking again, an hour at most; 0 if the
	// index does not say, and no other process asks for it (Client.Share).
	Fresh   time.Duration
	Serial  int64 // PEP 700's _last-serial of the public index, 0 if none
	Package plan.Package
	// Details say how to fetch the files; DecodeDetails reads them. They are nil if the request
	// does not want them, or if the index does not know the project.
	Details []byte
}

// Request asks an index for the page of a name. ETag and Serial are those of the stored answer,
// zero if there is none.
type Request struct {
	Source Source
	Name   string
	ETag   string
	Serial int64
	// Hashes keeps the files' sha256, which most readers do not need.
	Hashes bool
	// Details keeps the addresses of files and their metadata, which only Metadata needs.
	Details bool
}

// Do asks an index for the page of a name. Without the stored answer's ETag and
// Serial the whole page is read. Every error is an *Error and one sentence.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	answer, done, err := c.do(ctx, r)
	done()
	return answer, err
}

// do is Do. The caller calls done as soon as it has taken over the answer.
func (c *Client) do(ctx context.Context, r Request) (answer Answer, done func(), failed error) {
	done = func() {}
	q := query{Request: r, name: pep508.NormalizeName(r.Name)}
	if err := q.prepare(); err != nil {
		return Answer{}, done, err
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.try(ctx, &q)
		if err != nil && errors.Is(err.cause, errNoRoom) && !q.roomy {
			if !c.enter(ctx) {
				return Answer{}, done, q.stopped(ctx)
			}
			q.roomy, done = true, c.leave
			answer, err = c.try(ctx, &q)
		}
		switch {
		case err == nil:
			return answer, done, nil
		case !err.again || attempt > c.o.Retries:
			return Answer{}, done, err
		case !sleep(ctx, backoff(attempt, err.after)):
			return Answer{}, done, q.stopped(ctx)
		}
	}
}

// query is a request with all that sending it needs.
type query struct {
	Request
	name string // normalised
	base *url.URL
	page *url.URL
	// asked is the address of the first request: base, for a page.
	asked *url.URL

	roomy bool // it has the room for what is large

	who, what string // whom sentences are about, and what was asked for
}

// prepare builds the page's address and refuses what must not be asked.
func (q *query) prepare() error {
	index := q.Source.Index
	q.who, q.what = index.Spoken(), q.name
	if !pep508.ValidName(q.Name) {
		return q.problem(Unsupported, "was not asked for %.80q: that is no project's name", q.Name)
	}
	base, err := url.Parse(index.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return q.problem(Unsupported, "has no usable URL: it must be https and end in its simple/ path")
	}
	if base.User != nil {
		return q.problem(Unsupported, "has credentials in its URL; set username and password instead")
	}
	if base.Scheme == "http" && !q.Source.AllowHTTP && !loopback(base.Hostname()) {
		return q.problem(Unsupported, "is plain http on %s: set allow_http to accept that", base.Host)
	}
	q.base, q.asked = base, base
	q.page = base.JoinPath(q.name + "/")
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Kind says what sort of failure an Error is.
type Kind string

// The kinds of failure.
const (
	Unreachable  Kind = "unreachable"  // no answer: connection, timeout
	Unavailable  Kind = "unavailable"  // 429, 5xx
	Unauthorized Kind = "unauthorized" // 401, 403, 407
	Redirected   Kind = "redirected"   // to a place that is not followed
	NotJSON      Kind = "not-json"     // HTML or another type
	Malformed    Kind = "malformed"    // garbage, or cut off
	TooLarge     Kind = "too-large"    // beyond the cap
	Unsupported  Kind = "unsupported"  // API version, status or setting
	Stopped      Kind = "stopped"      // the caller's context ended
	NotAsked     Kind = "not-asked"    // the index failed too often before
)

// Error is one failed question, one sentence.
type Error struct {
	Index   string
	Package string
	Kind    Kind
	who     string // whom the sentence is about
	text    string // what it did, after who
	did     string // the same without what was asked for
	proxy   bool   // who is the proxy before the index
	cause   error
	again   bool          // another attempt may succeed
	after   time.Duration // what the index asked to wait
	status  int           // of the answer, 0 if there was none
	origin  string        // who gave it
	start   string        // who was asked first, before redirects
	beyond  bool          // start is another host than the index's
	forGood bool          // it is definite, whatever else the host answers
	file    string        // of which file it is, "" for a page
}

func (e *Error) Error() string { return e.who + " " + e.text }
func (e *Error) Unwrap() error { return e.cause }

// Clause is the error without its package, as it follows "could not be read: ". Failures with one
// reason have the same clause for every package; that of a request that was not sent is why it was
// not. "It" is the index; another host is named.
func Clause(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return outage.Words(err)
	}
	if cause := e.cause; e.Kind == NotAsked && cause != nil {
		return Clause(cause)
	}
	if e.beyond || e.proxy {
		return e.who + " " + e.did
	}
	return "it " + e.did
}

// problem is an error of a query. format is a clause whose subject is q.who. {for} in it stands for
// what was asked for, which [Clause] leaves out.
func (q *query) problem(kind Kind, format string, args ...any) *Error {
	before, after, _ := strings.Cut(format, "{for}")
	asked := " for " + strings.ReplaceAll(q.what, "%", "%%")
	if before == format {
		asked = ""
	}
	err := &Error{
		Index: q.Source.Index.Name, Package: q.name, Kind: kind, who: q.who,
		text: fmt.Sprintf(before+asked+after, args...), did: fmt.Sprintf(before+after, args...),
	}
	if q.asked != nil {
		err.start, err.beyond = originOf(q.asked), !sameOrigin(q.asked, q.base)
	}
	return err
}

func (q *query) stopped(ctx context.Context) *Error {
	err := q.problem(Stopped, "was not asked to the end{for}: the run was stopped")
	err.cause = context.Cause(ctx)
	return err
}
