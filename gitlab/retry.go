package gitlab

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

// This file is the one policy for which requests are repeated, and when.

const (
	minWait = time.Second
	maxWait = time.Minute
)

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

// final reports whether another attempt would only fail in the same way.
func final(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var down *outage.Down
	return errors.As(err, &untrusted) || errors.As(err, &down) || errors.Is(err, ErrRedirect) || errors.Is(err, ErrNotGitLab) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrProjectNotFound)
}

// backoff waits as long as Retry-After asks, and doubles from one second
// otherwise; never less than low, never more than high.
func backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := low << min(attempt, 16)
	if resp != nil {
		if asked, ok := outage.RetryAfter(resp.Header); ok {
			wait = asked
		}
	}
	return min(max(wait, low), high)
}
