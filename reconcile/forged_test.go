package reconcile_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// forge changes the body of answers whose path holds a text.
func forge(path, pattern, with string) func(*http.Response) {
	re := regexp.MustCompile(pattern)
	return func(r *http.Response) {
		if !strings.Contains(r.Request.URL.Path, path) || r.StatusCode != http.StatusOK {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		body = re.ReplaceAll(body, []byte(with))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
}

// Nothing that the network says once is believed for ever: neither the number
// of a page, nor the ETag that a forged page came with, nor requirements that no
// digest proved.
func TestNothingIsBelievedForEver(t *testing.T) {
	testenv.Unraced(t, "its runs are as those of TestDamagedFactsHeal")
	for name, c := range map[string]struct {
		world  string // beside the small one
		forged func(*http.Response)
		after  time.Duration
		want   string
	}{
		"the serial of one page": {"six 1.18.0 2026-01-02T10:00:00Z", forge("/simple/six/", `"_last-serial":[0-9]+`, `"_last-serial":9223372036854775807`), 4 * 24 * time.Hour, "dependency six to v1.18.0"},
		"a negative serial":      {"six 1.18.0 2026-01-02T10:00:00Z", forge("/simple/six/", `"_last-serial":[0-9]+`, `"_last-serial":-5`), 4 * 24 * time.Hour, "dependency six to v1.18.0"},
		"the ETag of a forged page": {"", func(r *http.Response) {
			forge("/simple/boto3/", `boto3-1\.34\.41`, "boto3-1.34.38")(r)
			forge("/simple/boto3/", `"1\.34\.41"`, `"1.34.38"`)(r)
		}, 10 * 24 * time.Hour, "dependency boto3 to v1.34.41"},
		"requirements without a digest": {"", func(r *http.Response) {
			forge("/simple/boto3/", `"core-metadata":\{[^}]*\}`, `"core-metadata":true`)(r)
			forge("boto3-1.34.41-py3-none-any.whl.metadata", `(?s)Version: 1.34.41\n`, "Version: 1.34.41\nRequires-Dist: six<1\n")(r)
		}, 10 * 24 * time.Hour, "dependency boto3 to v1.34.41"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			start := w.now
			w.spoils = c.forged
			w.run()
			w.now = w.now.Add(time.Hour)
			if page := w.project.Issues()[0].Description; strings.Contains(page, " "+c.want+"\n   ") && !strings.Contains(page, "Held Back") {
				t.Fatalf("the forged answer was not taken at first:\n%s", page)
			}
			w.spoils = nil
			if name == "requirements without a digest" {
				w.spoils = forge("/simple/boto3/", `"core-metadata":\{[^}]*\}`, `"core-metadata":true`)
			}
			if c.world != "" {
				if err := w.index.Load(c.world); err != nil {
					t.Fatal(err)
				}
			}
			for w.now.Before(start.Add(c.after)) {
				w.run()
				w.now = w.now.Add(7 * time.Hour)
			}
			page := w.project.Issues()[0].Description
			line := regexp.MustCompile(`- \[.\] .*` + regexp.QuoteMeta(c.want))
			if !line.MatchString(page) {
				t.Errorf("%s later the dashboard offers no %q:\n%s", c.after, c.want, page)
			}
		})
	}
}
