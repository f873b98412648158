package pypi

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// TestWitnesses: what a refusal means where nobody else has to be asked for. The
// world has p00 to p39, and each row says which pages are refused, which of them
// are asked for, and which others an earlier run was given.
func TestWitnesses(t *testing.T) {
	var all strings.Builder
	for i := range 40 {
		fmt.Fprintf(&all, "p%02d 1.0 1999-01-01\n", i)
	}
	names := func(from, to int) (out []string) {
		for i := from; i < to; i++ {
			out = append(out, fmt.Sprintf("p%02d", i))
		}
		return out
	}
	for what, c := range map[string]struct {
		fault           string
		asked, given    []string
		definite, heard int // answers, and how many witnesses were asked for
	}{
		"one that is given tells":                      {"GET */p00/ 403 always", names(0, 1), names(1, 9), 1, 1},
		"also of many refusals in a row":               {"GET */p0* 403 always", names(0, 10), names(10, 20), 10, 1},
		"nobody was given anything":                    {"GET */p00/ 403 always", names(0, 1), nil, 0, 0},
		"the name itself is no witness":                {"GET */p00/ 403 always", names(0, 1), names(0, 1), 0, 0},
		"a token that expired":                         {"GET * 403 always", names(0, 1), names(1, 40), 0, maxWitnesses},
		"and is asked about once":                      {"GET * 403 always", names(0, 5), names(5, 40), 0, maxWitnesses},
		"some witnesses are refused as well":           {"GET */p0* 403 always", names(0, 1), names(5, 15), 1, 6},
		"what is not there tells nothing":              {"GET */p00/ 403 always", names(0, 1), []string{"nobody", "p01"}, 1, 2},
		"a failure is no refusal and needs no witness": {"GET */p00/ 407 always", names(0, 1), names(1, 9), 0, 0},
		"what is definite by itself needs no witness":  {"GET */p00/ 404 always", names(0, 1), names(1, 9), 1, 0},
	} {
		t.Run(what, func(t *testing.T) {
			s := world(t, all.String(), pypisim.Options{})
			if err := s.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
			src := source("https://index.example/simple/")
			run := New(Options{Transport: s.Transport(), Retries: -1, Concurrency: 1}).ForRun(func(context.Context, Doubt) iter.Seq[Witness] {
				return func(yield func(Witness) bool) {
					for _, name := range c.given {
						if !yield(Witness{Request: Request{Source: src, Name: name}}) {
							return
						}
					}
				}
			})
			var requests []Request
			for _, name := range c.asked {
				requests = append(requests, Request{Source: src, Name: name})
			}
			definite := 0
			for _, r := range run.FetchAll(t.Context(), requests, nil) {
				if r.Err == nil {
					definite++
				}
			}
			heard := 0
			for _, r := range s.Requests() {
				if name := strings.Trim(strings.TrimPrefix(r.Path, "/simple/"), "/"); !slices.Contains(c.asked, name) {
					heard++
				}
			}
			if definite != c.definite || heard != c.heard {
				t.Errorf("%d of %d are answers, after %d witnesses; want %d after %d", definite, len(c.asked), heard, c.definite, c.heard)
			}
		})
	}
}

// TestRefusalsInARow: names that are refused and stand together do not keep the
// index from being asked for the others, and an index that refuses everything is
// not asked for every name.
func TestRefusalsInARow(t *testing.T) {
	for what, c := range map[string]struct {
		refused int // the first so many names
		most    int // requests
		fails   bool
	}{
		"half of the names": {20, 48, false},
		"all but the last":  {39, 48, false},
		"all":               {40, 16, true},
	} {
		t.Run(what, func(t *testing.T) {
			var all strings.Builder
			var requests []Request
			src := source("https://index.example/simple/")
			for i := range 40 {
				fmt.Fprintf(&all, "p%02d 1.0 1999-01-01\n", i)
				requests = append(requests, Request{Source: src, Name: fmt.Sprintf("p%02d", i)})
			}
			s := world(t, all.String(), pypisim.Options{})
			for i := range c.refused {
				if err := s.Inject(fmt.Sprintf("GET */p%02d/ 403 always", i)); err != nil {
					t.Fatal(err)
				}
			}
			known := 0
			for _, r := range New(Options{Transport: s.Transport(), Retries: -1, Concurrency: 1}).ForRun(nil).FetchAll(t.Context(), requests, nil) {
				if r.Answer.Known {
					known++
				}
				if (r.Err != nil) != c.fails {
					t.Errorf("%s: %v", r.Request.Name, r.Err)
				}
			}
			if n := len(s.Requests()); known != 40-c.refused || n > c.most {
				t.Errorf("%d pages after %d requests, want %d after at most %d", known, n, 40-c.refused, c.most)
			}
		})
	}
}

// A host that answers with bytes that are not what the index means has answered
// nobody: what it refuses others is no answer for their names.
func TestWrongBytesVouchForNobody(t *testing.T) {
	for what, c := range map[string]struct {
		of       string // what stands beside the file of p0
		definite bool
	}{
		"the bytes that the index means": {acmeMetadata, true},
		"other bytes":                    {"Please sign in", false},
	} {
		t.Run(what, func(t *testing.T) {
			right := strings.ReplaceAll(acmeMetadata, "acme", "p0")
			c.of = strings.ReplaceAll(c.of, "acme", "p0")
			server := roundTripper(func(r *http.Request) *http.Response {
				code, text := 403, ""
				if strings.HasPrefix(r.URL.Path, "/p0/") {
					code, text = 200, c.of
				}
				return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}
			})
			requests := manyReleases(2, "https://files.example")
			for i := range requests {
				requests[i].Files[0].MetadataSHA256 = digestHex([]byte(right))
			}
			run := New(Options{Transport: server, Retries: -1, Concurrency: 1}).ForRun(nil)
			results := run.FetchMetadata(t.Context(), requests, plenty, nil)
			if definite := results[1].Err == nil && results[1].Answer.Status == Withheld; definite != c.definite {
				t.Errorf("the refusal of p1 is an answer: %v, want %v (%+v, %v)", definite, c.definite, results[1].Answer, results[1].Err)
			}
		})
	}
}

type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// A witness file speaks for its host by what it gives: bytes that are not the
// release's metadata, or no file of the index's digest, speak for nobody, however it
// is asked for. An identity page answers every address that it does not refuse.
func TestAWitnessSpeaksByWhatItGives(t *testing.T) {
	wheel := wheelOf(t, 1<<10, acmeMetadata)
	big := wheelOf(t, 2<<20, acmeMetadata)
	sdist := tarOf(t, member{"acme-1.0/PKG-INFO", acmeMetadata, 0})
	const signIn = "Please sign in"
	for what, c := range map[string]struct {
		file     FileDetails // of the witness
		gives    map[string]string
		noRanges bool
		definite bool
	}{
		"a wheel":                            {FileDetails{Name: wheelName}, map[string]string{"whl": string(wheel)}, false, true},
		"a wheel, whole, with its digest":    {FileDetails{Name: wheelName, SHA256: digestHex(wheel)}, map[string]string{"whl": string(wheel)}, true, true},
		"another page than the wheel":        {FileDetails{Name: wheelName}, map[string]string{"whl": signIn}, false, false},
		"another page, without ranges":       {FileDetails{Name: wheelName}, map[string]string{"whl": signIn}, true, false},
		"one byte that starts as a wheel":    {FileDetails{Name: wheelName, SHA256: digestHex(wheel)}, map[string]string{"whl": "P"}, false, false},
		"a wheel with another digest":        {FileDetails{Name: wheelName, SHA256: digestHex(sdist)}, map[string]string{"whl": string(wheel)}, true, false},
		"a wheel of another project":         {FileDetails{Name: wheelName}, map[string]string{"whl": strings.ReplaceAll(string(wheel), "acme", "evil")}, false, false},
		"a large wheel by ranges":            {FileDetails{Name: wheelName}, map[string]string{"whl": string(big)}, false, true},
		"a large wheel whole is not read":    {FileDetails{Name: wheelName}, map[string]string{"whl": string(big)}, true, false},
		"metadata without a digest":          {FileDetails{Name: wheelName, HasMetadata: true}, map[string]string{"metadata": acmeMetadata}, false, true},
		"another page than metadata":         {FileDetails{Name: wheelName, HasMetadata: true}, map[string]string{"metadata": signIn}, false, false},
		"metadata of another release":        {FileDetails{Name: wheelName, HasMetadata: true}, map[string]string{"metadata": strings.Replace(acmeMetadata, "1.0", "2.0", 1)}, false, false},
		"a source distribution":              {FileDetails{Name: sdistName}, map[string]string{"gz": string(sdist)}, false, true},
		"another page than the source":       {FileDetails{Name: sdistName}, map[string]string{"gz": signIn}, false, false},
		"a source with the index's digest":   {FileDetails{Name: sdistName, SHA256: digestHex(sdist)}, map[string]string{"gz": string(sdist)}, false, true},
		"a source without the index's":       {FileDetails{Name: sdistName, SHA256: digestHex(wheel)}, map[string]string{"gz": string(sdist)}, false, false},
		"a file that is no file of acme 1.0": {FileDetails{Name: "evil-1.0-py3-none-any.whl"}, map[string]string{"whl": string(wheel)}, false, false},
	} {
		t.Run(what, func(t *testing.T) {
			server := roundTripper(func(r *http.Request) *http.Response {
				w := httptest.NewRecorder()
				given, ok := c.gives[r.URL.Path[strings.LastIndexByte(r.URL.Path, '.')+1:]]
				switch {
				case !strings.HasPrefix(r.URL.Path, "/acme/") || !ok:
					w.WriteHeader(http.StatusForbidden)
				case c.noRanges:
					_, _ = w.WriteString(given)
				default:
					http.ServeContent(w, r, "", time.Time{}, strings.NewReader(given))
				}
				response := w.Result()
				response.Request = r
				return response
			})
			c.file.URL = "https://files.example/acme/" + c.file.Name
			run := New(Options{Transport: server, Retries: -1, Concurrency: 1}).ForRun(func(context.Context, Doubt) iter.Seq[Witness] {
				return func(yield func(Witness) bool) {
					yield(Witness{Request: Request{Source: public, Name: "acme"}, File: c.file})
				}
			})
			results := run.FetchMetadata(t.Context(), manyReleases(1, "https://files.example"), plenty, nil)
			if definite := results[0].Err == nil && results[0].Answer.Status == Withheld; definite != c.definite {
				t.Errorf("the refusal of p0 is an answer: %v, want %v (%+v, %v)", definite, c.definite, results[0].Answer, results[0].Err)
			}
		})
	}
}
