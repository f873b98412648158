package pypi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// At a cap a page or a file is read. One byte or one entry beyond it is not, and the
// sentence names the cap.
func TestCapsOfPages(t *testing.T) {
	page := func(files, versions int) string {
		var b strings.Builder
		b.WriteString(`{"meta":{"api-version":"1.1"},"name":"acme","files":[`)
		for i := range files {
			fmt.Fprintf(&b, `{"filename":"acme-1.%d.tar.gz","url":"x","hashes":{}},`, i)
		}
		text := strings.TrimSuffix(b.String(), ",") + `],"versions":[`
		for i := range versions {
			text += fmt.Sprintf(`"1.%d",`, i)
		}
		return strings.TrimSuffix(text, ",") + "]}"
	}
	const mib = 1 << 20
	sized := page(1, 1)
	sized += strings.Repeat(" ", mib-len(sized))
	for what, c := range map[string]struct {
		text string
		kind string
		o    Options
		want string // "" where it is read
	}{
		"so many bytes":      {sized, "json", Options{MaxBody: mib}, ""},
		"a byte more":        {sized + " ", "json", Options{MaxBody: mib}, "more than 1 MiB"},
		"so many files":      {page(5, 3), "json", Options{MaxEntries: 5}, ""},
		"a file more":        {page(6, 3), "json", Options{MaxEntries: 5}, "with more than 5 files: not read"},
		"so many versions":   {page(3, 5), "json", Options{MaxEntries: 5}, ""},
		"a version more":     {page(3, 6), "json", Options{MaxEntries: 5}, "with more than 5 versions: not read"},
		"so many links":      {strings.Repeat(`<a href="acme-1.0.tar.gz">x</a>`, 5), "html", Options{MaxEntries: 5}, ""},
		"a link more":        {strings.Repeat(`<a href="acme-1.0.tar.gz">x</a>`, 6), "html", Options{MaxEntries: 5}, "with more than 5 files: not read"},
		"what fits memory":   {page(1500, 0), "json", Options{MaxPage: mib}, ""},
		"what does not":      {page(20000, 0), "json", Options{MaxPage: mib}, "with more than 1 MiB of files and versions: not read"},
		"what waits is read": {page(20000, 0), "json", Options{MaxPages: mib, Concurrency: 8}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			s := serving(t, "application/vnd.pypi.simple.v1+"+c.kind, c.text)
			c.o.Retries = -1
			_, err := New(c.o).Fetch(t.Context(), source(s.URL), "acme", "", 0)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("it is not read: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// A file that has to be read whole is read up to its cap.
func TestCapOfFiles(t *testing.T) {
	whole := wheelOf(t, 1<<20, acmeMetadata)
	for _, c := range []struct {
		most int
		want string
	}{
		{len(whole), "known "},
		{len(whole) - 1, "unknown is larger than 1 MiB, and nothing less of it could be had"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) }))
		defer server.Close()
		a, err := New(Options{MaxFile: int64(c.most), Retries: -1}).Metadata(t.Context(), MetadataRequest{
			Source: source(server.URL + "/simple/"), Name: "acme", Version: "1.0",
			Files: []FileDetails{{Name: wheelName, URL: server.URL + "/" + wheelName, SHA256: digestHex(whole)}},
		})
		if got := string(a.Status) + " " + strings.TrimPrefix(a.Reason, wheelName+" "); err != nil || got != c.want {
			t.Errorf("with %d of %d bytes: %q, %v; want %q", c.most, len(whole), got, err, c.want)
		}
	}
}
