package gitlab

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a transport that answers with a status and headers, and notes when.
type answers struct {
	sent []time.Duration
	from time.Time
	with func(n int) (int, http.Header)
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	a.sent = append(a.sent, time.Since(a.from))
	status, header := a.with(len(a.sent))
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
}

func request(ctx context.Context, t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://gitlab.example/api/v4/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPaceKeepsToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{from: time.Now(), with: func(int) (int, http.Header) { return 200, http.Header{} }}
		p := newPace(a, 60)
		for range 75 {
			if _, err := p.RoundTrip(request(t.Context(), t)); err != nil {
				t.Fatal(err)
			}
		}
		// Ten seconds' worth at once and one more, then one a second.
		if a.sent[10] != 0 || a.sent[11] != time.Second || a.sent[74] != 64*time.Second {
			t.Errorf("sent at %v", a.sent)
		}
	})
}

func TestPaceWaitsForAllWhenGitLabAsksOne(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header func() http.Header
		want   time.Duration
	}{
		"429 with Retry-After": {429, func() http.Header { return http.Header{"Retry-After": {"7"}} }, 7 * time.Second},
		"429 without":          {429, func() http.Header { return http.Header{} }, 0},
		"the last of this minute": {200, func() http.Header {
			return http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {strconv.FormatInt(time.Now().Add(20*time.Second).Unix(), 10)}}
		}, 20 * time.Second},
		"not the last": {200, func() http.Header {
			return http.Header{"Ratelimit-Remaining": {"1"}, "Ratelimit-Reset": {strconv.FormatInt(time.Now().Add(20*time.Second).Unix(), 10)}}
		}, 0},
		"an hour, of which a minute": {429, func() http.Header { return http.Header{"Retry-After": {"3600"}} }, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{from: time.Now(), with: func(n int) (int, http.Header) {
					if n == 1 {
						return c.status, c.header()
					}
					return 200, http.Header{}
				}}
				p := newPace(a, 0)
				for range 2 {
					if _, err := p.RoundTrip(request(t.Context(), t)); err != nil {
						t.Fatal(err)
					}
				}
				if a.sent[1] != c.want {
					t.Errorf("the second was sent after %v, want %v", a.sent[1], c.want)
				}
			})
		})
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{from: time.Now(), with: func(int) (int, http.Header) { return 429, http.Header{"Retry-After": {"30"}} }}
		p := newPace(a, 0)
		if _, err := p.RoundTrip(request(t.Context(), t)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.RoundTrip(request(ctx, t)); err == nil || len(a.sent) != 1 {
			t.Errorf("%v, %d sent", err, len(a.sent))
		}
	})
}

// However many requests wait, no minute has more than the rate and ten seconds' worth.
func TestPaceKeepsToTheRateForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Time
		p := newPace(roundTrips(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		}), 60)
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if _, err := p.RoundTrip(request(t.Context(), t)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most := mostInAMinute(sent); most > 71 {
			t.Errorf("%d requests in a minute, want 60 and ten seconds' worth", most)
		}
	})
}

// roundTrips is a transport that is a function.
type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// mostInAMinute is how many of instants, in their order, lie within one minute.
func mostInAMinute(at []time.Time) (most int) {
	for i := range at {
		n := 0
		for _, t := range at[i:] {
			if t.Sub(at[i]) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
