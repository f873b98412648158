package gitlab_test

import (
	"net/http"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// A wait that is too long for a number is as long as one may be, not as short.
func TestAVeryLongRetryAfter(t *testing.T) {
	for _, value := range []string{"86400", "99999999999", "99999999999999999999999", " 86400 "} {
		inWorld(t, func(w *world) {
			refused := false
			c := w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), func(*http.Request) *http.Response {
				if refused {
					return nil
				}
				refused = true
				return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {value}}, Body: http.NoBody}
			}})
			start := time.Now()
			_, err := c.Head(w.ctx, w.project.ID, "main")
			w.ok(err)
			if took := time.Since(start); took != time.Minute {
				t.Errorf("%q: waited %s, want a minute", value, took)
			}
		})
	}
}

// A GitLab that is left alone since it failed a moment ago reads as that failure.
func TestWhatIsLeftAloneReadsAsItFailed(t *testing.T) {
	for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		inWorld(t, func(w *world) {
			asked := 0
			c := w.client(w.sim.Token("pinwheel-bot"), overlay{w.sim.Transport(), func(*http.Request) *http.Response {
				asked++
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}
			}})
			said := map[string]int{}
			for range 10 {
				before := asked
				_, err := c.Head(w.ctx, w.project.ID, "main")
				said[err.Error()+" / "+gitlab.Explain(err)]++
				if asked == before {
					said["left alone"]++
				}
				time.Sleep(4 * time.Second)
			}
			if said["left alone"] == 0 || len(said) != 2 {
				t.Errorf("%d: %v", status, said)
			}
		})
	}
}
