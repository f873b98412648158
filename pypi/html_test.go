package pypi

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// registry is a page as GitLab's package registry and devpi write one.
const registry = `<!DOCTYPE html>
<html><head><meta name="pypi:repository-version" content="1.1"><title>Links for Acme.Tool</title></head>
<body><h1>Links for acme.tool</h1>
<a href="../../files/acme_tool-1.0-py3-none-any.whl#sha256=` + sumA + `" data-requires-python="&gt;=3.8" data-dist-info-metadata="sha256=` + sumB + `">acme_tool-1.0-py3-none-any.whl</a><br/>
<a href="https://files.example/acme_tool-1.0.tar.gz#sha256=` + sumB + `" data-requires-python="&gt;=3.8">acme_tool-1.0.tar.gz</a><br>
<a data-yanked="broken &amp; late" href="/files/acme_tool-1.1-py3-none-any.whl">acme_tool-1.1-py3-none-any.whl</a>
<A HREF="/files/acme_tool-1.2-py3-none-any.whl" data-yanked data-core-metadata="true" data-dist-info-metadata="sha256=` + sumA + `">x</A>
<a href="/">home</a> <a href="acme-tool-docs.html">docs</a> <a>nothing</a> <a href="%zz">bad</a>
</body></html>`

const (
	sumA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sumB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func serving(t *testing.T, media, text string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("ETag", `"7"`)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestHTML(t *testing.T) {
	s := serving(t, "text/html; charset=utf-8", registry)
	answer, err := New(Options{Retries: -1}).Fetch(t.Context(), source(s.URL), "acme-tool", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range answer.Package.Releases {
		for _, f := range r.Files {
			line := r.Version.String() + " " + f.Name + " " + f.RequiresPython
			if f.Yanked {
				line += " yanked " + f.YankedReason
			}
			got = append(got, line)
		}
	}
	want := []string{"1.0 acme_tool-1.0-py3-none-any.whl >=3.8", "1.0 acme_tool-1.0.tar.gz >=3.8", "1.1 acme_tool-1.1-py3-none-any.whl  yanked broken & late", "1.2 acme_tool-1.2-py3-none-any.whl  yanked "}
	if slices.Sort(got); !slices.Equal(got, want) || answer.ETag != `"7"` || !answer.Known {
		t.Errorf("have %q, %q", got, answer.ETag)
	}
	detailed, err := New(Options{Retries: -1}).Do(t.Context(), Request{Source: source(s.URL), Name: "acme-tool", Details: true})
	if err != nil {
		t.Fatal(err)
	}
	all, err := DecodeDetails(detailed.Details)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]FileDetails{
		"acme_tool-1.0-py3-none-any.whl": {URL: s.URL + "/files/acme_tool-1.0-py3-none-any.whl", SHA256: sumA, HasMetadata: true, MetadataSHA256: sumB},
		"acme_tool-1.0.tar.gz":           {URL: "https://files.example/acme_tool-1.0.tar.gz", SHA256: sumB},
		"acme_tool-1.2-py3-none-any.whl": {URL: s.URL + "/files/acme_tool-1.2-py3-none-any.whl", HasMetadata: true},
	} {
		if want.Name = name; true {
			if got, _ := all.File(name); got != want {
				t.Errorf("have %+v\nwant %+v", got, want)
			}
		}
	}
}

// A page that asks to sign in, a later version, and a page beyond the cap are no
// pages without releases.
func TestHTMLThatIsNoPage(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`<html><body><form action="/users/sign_in"><a href="/users/sign_in">Sign in</a></form></body></html>`, "links no file"},
		{strings.Replace(registry, `content="1.1"`, `content="2.0"`, 1), "api-version 2.0; pinwheel understands 1.x"},
		{strings.Repeat("<a href=x>y</a>", 1<<17), "more than"},
		{"<a href=\"" + strings.Repeat("x", 1<<20) + "\">", "more than"},
	} {
		s := serving(t, "application/vnd.pypi.simple.v1+html", c.text)
		_, err := New(Options{Retries: -1, MaxBody: 1 << 20}).Fetch(t.Context(), source(s.URL), "acme-tool", "", 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v", c.text, err)
		}
	}
}

// GitLab's registry forwards what it does not have to the public index. That is
// said, and never followed with the credentials of the registry.
func TestForwardingIsReported(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://pypi.org/simple/acme-tool/", http.StatusFound)
	}))
	t.Cleanup(s.Close)
	src := source(s.URL)
	src.Username, src.Password = "reader", "secret-of-the-registry"
	_, err := New(Options{Retries: -1}).Fetch(t.Context(), src, "acme-tool", "", 0)
	if err == nil || !strings.Contains(err.Error(), "redirects to another host, pypi.org: not followed") || strings.Contains(err.Error(), "secret") {
		t.Errorf("have %v", err)
	}
}
