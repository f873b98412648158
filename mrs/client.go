package mrs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// ConnectOptions say how to reach one GitLab. Only URL and a token are needed.
type ConnectOptions struct {
	URL   string // of the instance, with or without /api/v4
	Token string // sent as Private-Token
	// ReadToken, if set, is asked before every request instead of Token, so
	// that a rotated token file is seen without a restart.
	ReadToken func() (string, error)
	// Transport carries the requests; nil is a clone of the default one.
	Transport http.RoundTripper
	UserAgent string        // "" is "pinwheel"
	Timeout   time.Duration // of one attempt; 0 is one minute. A read that nothing comes of for 15 seconds is given up before
	Retries   int           // after the first attempt; 0 is 4, negative none
	// Outage is what is known of a GitLab that does not answer; nil is a record
	// of the client's own.
	Outage *outage.Record
}

// NewGitLab returns a client that can be trusted with a token: it follows no
// redirect but a GET to the same origin, repeats a write only after 429, keeps
// to Retry-After between one second and one minute, and holds no answer larger
// than 32 MiB. It makes no request itself.
//
// https://docs.gitlab.com/api/rest/ and https://docs.gitlab.com/security/rate_limits/
func NewGitLab(o ConnectOptions) (*gitlab.Client, error) {
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	if o.Token == "" && o.ReadToken == nil {
		return nil, fmt.Errorf("connect to %s: %w: no token given", o.URL, ErrUnauthorized)
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
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
	hc := &http.Client{Transport: guard{watched}, Timeout: o.Timeout + time.Second, CheckRedirect: sameOriginGet}
	return gitlab.NewAuthSourceClient(tokenSource{o.Token, o.ReadToken},
		gitlab.WithBaseURL(o.URL),
		gitlab.WithHTTPClient(hc),
		gitlab.WithUserAgent(o.UserAgent),
		gitlab.WithOnlyIdempotentRetries(),
		gitlab.WithCustomRetry(retry),
		gitlab.WithCustomRetryMax(o.Retries),
		gitlab.WithCustomRetryWaitMinMax(minWait, maxWait),
		gitlab.WithCustomBackoff(backoff),
		gitlab.WithCustomLimiter(unlimited{}),
	)
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
}

func (tokenSource) Init(context.Context, *gitlab.Client) error { return nil }

func (s tokenSource) Header(context.Context) (key, value string, err error) {
	token := s.token
	if s.read != nil {
		if token, err = s.read(); err != nil {
			return "", "", fmt.Errorf("read the token: %w", err)
		}
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", "", fmt.Errorf("read the token: %w: it is empty", ErrUnauthorized)
	}
	return "Private-Token", token, nil
}

func (tokenSource) String() string   { return "token hidden" }
func (tokenSource) GoString() string { return "token hidden" }

// unlimited leaves rate limits to GitLab's 429: client-go's own limiter would
// be set by whichever answer comes first.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

const (
	minWait = time.Second
	maxWait = time.Minute
)

// sameOriginGet refuses every redirect that could carry the token elsewhere or
// turn a write into a read.
func sameOriginGet(req *http.Request, via []*http.Request) error {
	first := via[0]
	reads := func(m string) bool { return m == http.MethodGet || m == http.MethodHead }
	if reads(first.Method) && reads(req.Method) && len(via) < 5 && req.URL.Scheme == first.URL.Scheme && req.URL.Host == first.URL.Host {
		return nil
	}
	return &redirectError{from: first.URL.Host, to: req.URL.Scheme + "://" + req.URL.Host, method: first.Method}
}

// retry is the policy for one attempt's outcome: reads are repeated after 429,
// 5xx and a broken connection; writes after 429 alone, which says that nothing
// was done.
func retry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		var failed *url.Error
		read := errors.As(err, &failed) && (failed.Op == "Get" || failed.Op == "Head")
		return read && !final(err), nil
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return true, nil
	}
	read := resp.Request != nil && (resp.Request.Method == http.MethodGet || resp.Request.Method == http.MethodHead)
	return read && resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented, nil
}

// final tells failures that another attempt would only repeat.
func final(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var down *outage.Down
	return errors.As(err, &untrusted) || errors.As(err, &down) || errors.Is(err, ErrRedirect) || errors.Is(err, ErrNotGitLab) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrProjectNotFound)
}

// backoff waits as long as Retry-After asks, a number of seconds or a date
// measured against the server's own clock, and doubles from one second
// otherwise; never less than low, never more than high.
func backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := low << min(attempt, 16)
	if resp != nil {
		if asked, ok := retryAfter(resp.Header); ok {
			wait = asked
		}
	}
	return min(max(wait, low), high)
}

func retryAfter(h http.Header) (time.Duration, bool) {
	value := h.Get("Retry-After")
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return at.Sub(now), true
}
