package outage_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/outage"
)

// patient answers 429 with a Retry-After, or 200 without.
type patient struct{ after string }

func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	out := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}
	if p.after != "" {
		out.StatusCode = http.StatusTooManyRequests
		out.Header.Set("Retry-After", p.after)
	}
	return out, nil
}

// A server that asks to be left alone for long is known to ask until an instant, which is told once and
// stays the same as long as the server means about the same one.
func TestUntilWhenAServerAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble begins at 2000-01-01 00:00 UTC
		server := &patient{}
		told := []string{}
		record := outage.NewRecord()
		record.Asked = func(host string, until time.Time) { told = append(told, host+outage.Patience(until)) }
		transport := &outage.Transport{Next: server, Record: record}
		for _, step := range []struct {
			pass        time.Duration
			after, want string
		}{
			{0, "", ""},
			{0, "60", ""}, // clients wait for so long themselves
			{0, "soon", ""},
			{time.Second, "3600", " and wants no requests before 2000-01-01 01:01 UTC"},
			{2 * time.Minute, "3480", " and wants no requests before 2000-01-01 01:01 UTC"},
			{time.Minute, "3600", " and wants no requests before 2000-01-01 01:04 UTC"},
			{0, "", " and wants no requests before 2000-01-01 01:04 UTC"},
			{2 * time.Hour, "", ""},
		} {
			time.Sleep(step.pass)
			server.after = step.after
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://Index.example:8443/a", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := outage.Patience(record.Until("https", "index.example:8443")); got != step.want {
				t.Errorf("after %q at %s: %q, want %q", step.after, time.Now().UTC(), got, step.want)
			}
		}
		if want := []string{"Index.example and wants no requests before 2000-01-01 01:01 UTC", "Index.example and wants no requests before 2000-01-01 01:04 UTC"}; len(told) != 2 || told[0] != want[0] || told[1] != want[1] {
			t.Errorf("told %q, want %q", told, want)
		}
		if got := record.Until("https", "other.example"); !got.IsZero() {
			t.Errorf("another host asks until %s", got)
		}
	})
}
