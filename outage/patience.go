package outage

import (
	"net/http"
	"strings"
	"time"
)

// brief is how long a server may ask to be left alone without that being said: clients wait for so
// long themselves.
const brief = time.Minute

// Until is when a server wants the next request, by an answer of 429 that it gave at now: rounded up to
// the minute, so that texts with it rarely change. It is zero if the answer is another one or asks for
// a minute at most.
func Until(status int, h http.Header, now time.Time) time.Time {
	if status != http.StatusTooManyRequests {
		return time.Time{}
	}
	wait, ok := RetryAfter(h)
	if !ok || wait <= brief {
		return time.Time{}
	}
	return now.Add(wait + time.Minute - 1).Truncate(time.Minute).UTC()
}

// Patience is Until as a clause that may follow what a server answered; empty for the zero instant.
func Patience(until time.Time) string {
	if until.IsZero() {
		return ""
	}
	return " and wants no requests before " + until.UTC().Format("2006-01-02 15:04 UTC")
}

// Until is when a server wants the next request, as Until says of its answers; zero if it asked for
// nothing, or that is over. As long as it goes on to mean about the same instant, the answer is the
// same.
func (r *Record) Until(scheme, host string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.servers[keyOf(scheme, host)]
	if s == nil || !time.Now().Before(s.asks) {
		return time.Time{}
	}
	return s.asks
}

// asked records what an answer says of the next request, and calls Asked if that is new.
func (r *Record) asked(key string, req *http.Request, resp *http.Response) {
	now := time.Now()
	until := Until(resp.StatusCode, resp.Header, now)
	if until.IsZero() {
		return
	}
	r.mu.Lock()
	s := r.server(key)
	same := now.Before(s.asks) && until.Sub(s.asks).Abs() <= 2*time.Minute
	if !same {
		s.asks = until
	}
	r.mu.Unlock()
	if !same && r.Asked != nil {
		r.Asked(req.URL.Hostname(), until)
	}
}

func keyOf(scheme, host string) string { return strings.ToLower(scheme + "://" + host) }
