package gitlab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// Options say how to reach one GitLab. Only URL and a token are needed.
type Options struct {
	URL   string // of the instance, with or without /api/v4
	Token string // sent as Private-Token
	// ReadToken, if set, is asked before every request instead of Token, so
	// that a rotated token file is seen without a restart.
	ReadToken func() (string, error)
	// ReadMergeToken, if set, gives the token that makes the call which merges, and no
	// other one; see [Client.Merge] and [AsMerger].
	ReadMergeToken func() (string, error)
	// Job says that the token is that of a CI job. GitLab accepts it for a few calls
	// only, among them those about packages.
	Job bool
	// Transport carries the requests; nil is one of NewTransport.
	Transport http.RoundTripper
	UserAgent string        // "" is "pinwheel"
	Timeout   time.Duration // of one attempt; 0 is one minute. A read without any answer for 15 seconds ends before
	Retries   int           // after the first attempt; 0 is 4, negative none
	Rate      int           // requests of the API a minute, after a burst of ten seconds' worth; 0 is no bound
	// Outage is what is known of a GitLab that does not answer; nil is a record
	// of the client's own.
	Outage *outage.Record
}

// Client speaks to one GitLab. It keeps no answers, and may be used by several
// goroutines. The zero value does not work; see [Connect].
type Client struct {
	// API makes the calls for which this package has no functions, with the structs
	// of client-go. Their errors go through [Fail] at once.
	API *api.Client

	transport guard        // carries the requests of API
	pace      *pace        // within transport
	files     *http.Client // carries files of packages
	pushes    *http.Client // carries git's protocol
	auth      tokenSource
	userAgent string
	options   Options // without its tokens
	selves    *selves
}

// Connect returns a client that can be trusted with a token: it follows no
// redirect but a GET to the same origin, repeats a write only after 429, keeps
// to Retry-After between one second and one minute, and holds no answer larger
// than 32 MiB. It makes no request itself.
//
// https://docs.gitlab.com/api/rest/ and https://docs.gitlab.com/security/rate_limits/
func Connect(o Options) (*Client, error) {
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	if o.Token == "" && o.ReadToken == nil {
		return nil, fmt.Errorf("connect to %s: %w: no token given", o.URL, ErrUnauthorized)
	}
	if o.Transport == nil {
		o.Transport = NewTransport()
	}
	if o.UserAgent == "" {
		o.UserAgent = "pinwheel"
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	switch {
	case o.Retries == 0:
		o.Retries = 4
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Outage == nil {
		o.Outage = outage.NewRecord()
	}
	watched := &outage.Transport{Next: o.Transport, Record: o.Outage, Wait: min(outage.DefaultWait, o.Timeout), Write: o.Timeout, Total: o.Timeout}
	// A push follows no redirect, so that the token stays here.
	pushes := &http.Client{Transport: watched, Timeout: o.Timeout + time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	paced := newPace(watched, o.Rate)
	c := &Client{transport: guard{paced}, pace: paced, files: bulk(o.Transport, o.Outage), pushes: pushes, userAgent: o.UserAgent, options: o, selves: &selves{turn: make(chan struct{}, 1), by: map[[sha256.Size]byte]self{}}}
	c.options.Token, c.options.ReadToken, c.options.ReadMergeToken = "", nil, nil
	return c.with(tokenSource{token: o.Token, read: o.ReadToken, merge: o.ReadMergeToken, job: o.Job})
}

// As is a client of the same GitLab with another token, which also merges. Both keep one
// pace and know of one outage.
func (c *Client) As(readToken func() (string, error)) (*Client, error) {
	other := *c
	return other.with(tokenSource{read: readToken})
}

// with gives a client its token.
func (c *Client) with(auth tokenSource) (*Client, error) {
	o := c.options
	waits := mostPace
	if o.Rate > 0 {
		waits += mostQueue
	}
	hc := &http.Client{Transport: c.transport, Timeout: o.Timeout + time.Second + waits, CheckRedirect: sameOriginGet}
	speaks, err := api.NewAuthSourceClient(auth,
		api.WithBaseURL(o.URL),
		api.WithHTTPClient(hc),
		api.WithUserAgent(o.UserAgent),
		api.WithOnlyIdempotentRetries(),
		api.WithCustomRetry(retry),
		api.WithCustomRetryMax(o.Retries),
		api.WithCustomRetryWaitMinMax(minWait, maxWait),
		api.WithCustomBackoff(backoff),
		api.WithCustomLimiter(unlimited{}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.URL, err)
	}
	c.API, c.auth = speaks, auth
	return c, nil
}

// URL is where the instance's API is.
func (c *Client) URL() string { return c.API.BaseURL().String() }

// kept is how many connections stay open between requests: as many as a run asks at
// the same time.
const kept = 16

// NewTransport is the transport that Connect makes for itself: HTTP/2 if GitLab
// speaks it, otherwise enough connections for one wave of reads.
func NewTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ForceAttemptHTTP2 = true // a TLS configuration of our own turns it off
	t.MaxIdleConnsPerHost = kept
	return t
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("the GitLab URL cannot be read: it wants the form https://gitlab.example.com")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return fmt.Errorf("the GitLab URL %q wants the form https://gitlab.example.com", u.Redacted())
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("the GitLab URL of %s holds more than scheme, host and path; a token belongs into PINWHEEL_GITLAB_TOKEN", u.Host)
	}
	return nil
}

// tokenSource is client-go's AuthSource. It never shows what it holds.
type tokenSource struct {
	token string
	read  func() (string, error)
	merge func() (string, error) // nil if the first token merges
	job   bool
}

// asMerger is the key of a context whose calls the token that merges makes.
type asMerger struct{}

// AsMerger is a context whose calls are made with the token that merges, where there is
// one. It is for asking what that token may do.
func AsMerger(ctx context.Context) context.Context { return context.WithValue(ctx, asMerger{}, true) }

// MergesApart reports whether a token of its own merges.
func (c *Client) MergesApart() bool { return c.auth.merge != nil }

func (tokenSource) Init(context.Context, *api.Client) error { return nil }

func (s tokenSource) Header(ctx context.Context) (key, value string, err error) {
	token, read := s.token, s.read
	if s.merge != nil && ctx.Value(asMerger{}) != nil {
		read = s.merge
	}
	if read != nil {
		if token, err = read(); err != nil {
			return "", "", fmt.Errorf("read the token: %w", err)
		}
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", "", fmt.Errorf("read the token: %w: it is empty", ErrUnauthorized)
	}
	if s.job {
		return "Job-Token", token, nil
	}
	return "Private-Token", token, nil
}

func (tokenSource) String() string   { return "token hidden" }
func (tokenSource) GoString() string { return "token hidden" }

// unlimited leaves rate limits to pace: client-go's own limiter would
// be set by whichever answer comes first.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }
