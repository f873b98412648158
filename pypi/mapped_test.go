package pypi

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/dist"
)

// loopbacks are spellings of this machine that a resolver, a browser or Go's
// own transport maps to its address.
var loopbacks = []string{
	"127.0.0.1.", "localhost.", "LOCALHOST.", "x.localhost.", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1",
	"127.0.0.0x1", "１２７.０.０.１", "127。0。0。1", "１２７｡０｡０｡１", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "①②⑦.0.0.1", "𝟏𝟐𝟕.0.0.1", "２１３０７０６４３３", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]",
	"169.254.169.254.", "１６９.２５４.１６９.２５４", "2852039166", "0xa9fea9fe",
}

// A host is mapped once, and then judged: no spelling of a private address is
// asked, by address or by redirect.
func TestEverySpellingOfAPrivateAddressIsRefused(t *testing.T) {
	for _, host := range loopbacks {
		var wire unanswered
		f := FileDetails{Name: wheelName, URL: "https://" + host + "/" + wheelName}
		_, err := New(Options{Transport: &wire, Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: source("https://index.example/simple/"), Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		says(t, err, Unsupported, "inside a private network")
		if n := wire.n.Load(); n != 0 {
			t.Errorf("%s was asked %d times", host, n)
		}
		f.URL = "https://files.example/" + wheelName
		_, err = New(Options{Transport: redirecting("https://" + host + "/x"), Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: source("https://index.example/simple/"), Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		says(t, err, Unsupported, "inside a private network")
	}
}

// What nobody can say the address of is not asked.
func TestHostsThatMeanNothingAreRefused(t *testing.T) {
	for _, host := range []string{"1.2.3.4.5", "256.1.1.1", "1.2.3.0x", "09.1.1.1", "4294967296", "xn--\u00ff.example", "a..1"} {
		var wire unanswered
		f := FileDetails{Name: wheelName, URL: "https://" + host + "/" + wheelName}
		_, err := New(Options{Transport: &wire, Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: source("https://index.example/simple/"), Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		says(t, err, Unsupported, "")
		if n := wire.n.Load(); n != 0 {
			t.Errorf("%s was asked %d times", host, n)
		}
	}
}

// The dialer judges the address that it is about to reach, whatever the URL
// said and whoever made the request.
func TestEveryDialIsJudged(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	transport := NewTransport(1)
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	for _, host := range []string{"127.0.0.1", "１２７.０.０.１", "localhost"} {
		request := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: host + ":" + port, Path: "/"}, Header: http.Header{}}
		response, err := transport.RoundTrip(request.WithContext(t.Context()))
		if err == nil {
			response.Body.Close()
			t.Errorf("%s was reached by a request that names no host of the operator's", host)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
}

// A proxy is known by its own address: that it is inside says nothing against
// asking it, and it lets nothing else inside be reached.
func TestTheProxyIsKnownByItsAddress(t *testing.T) {
	var hits atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	direct := false
	transport := NewTransport(1)
	transport.Proxy = func(*http.Request) (*url.URL, error) {
		if direct {
			return nil, nil
		}
		return at, nil
	}
	defer transport.CloseIdleConnections()
	ask := func(address string) error {
		f := FileDetails{Name: wheelName, URL: address}
		_, err := New(Options{Transport: transport, Retries: -1}).Metadata(t.Context(),
			MetadataRequest{Source: Source{Index: source("http://index.example/simple/").Index, AllowHTTP: true}, Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		return err
	}
	if err := ask("http://files.example/" + wheelName); err != nil && strings.Contains(err.Error(), "private") || hits.Load() == 0 {
		t.Errorf("by way of the proxy: %v, %d requests", err, hits.Load())
	}
	before := hits.Load()
	says(t, ask("http://１２７.０.０.１:"+at.Port()+"/"+wheelName), Unsupported, "inside a private network")
	direct = true
	says(t, ask(proxy.URL+"/"+wheelName), Unsupported, "inside a private network")
	if n := hits.Load() - before; n != 0 {
		t.Errorf("the proxy's machine was reached %d times by the address of a page", n)
	}
}

// Credentials go to the index alone: what merely looks like it gets none, what
// is another spelling of it does.
func TestOriginsAreComparedMapped(t *testing.T) {
	parse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	base := parse("https://index.example/simple/")
	for address, want := range map[string]bool{
		"https://INDEX.example:443/x": true, "https://index.example./x": true, "https://ｉｎｄｅｘ.example/x": true, "https://index.example:0443/x": true,
		"https://index.example:8443/x": false, "http://index.example/x": false, "https://index.example.evil/x": false, "https://1ndex.example/x": false, "https://іndex.example/x": false, "https://index.example:65979/x": false,
	} {
		if got := sameOrigin(parse(address), base); got != want {
			t.Errorf("sameOrigin(%s) = %t", address, got)
		}
	}
}

// File names beyond what a file system takes are refused where pages are read,
// and so are wheels whose tags multiply to more than anybody builds.
func TestFileNamesAreCapped(t *testing.T) {
	long := "acme-1.0-" + strings.Repeat("py2.", 200) + "py3-none-any.whl"
	many := "acme-1.0-" + strings.Repeat("p.", 40) + "py3-" + strings.Repeat("n.", 40) + "none-" + strings.Repeat("x.", 20) + "any.whl"
	if len(many) > 255 {
		t.Fatal(len(many))
	}
	for _, name := range []string{long, many} {
		if _, err := dist.Parse(name); err == nil {
			t.Errorf("%.40s... of %d bytes is a name", name, len(name))
		}
		for media, text := range map[string]string{
			pageType:    `{"meta":{"api-version":"1.0"},"name":"acme","files":[{"filename":"` + name + `","url":"x","hashes":{}},{"filename":"acme-1.1.tar.gz","url":"x","hashes":{}}]}`,
			"text/html": `<a href="/` + name + `">x</a> <a href="/acme-1.1.tar.gz">x</a>`,
		} {
			s := serving(t, media, text)
			a, err := New(Options{Retries: -1}).Fetch(t.Context(), source(s.URL), "acme", "", 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Package.Releases) != 1 || a.Package.Releases[0].Version.String() != "1.1" {
				t.Errorf("%s: %.40s...: %d releases", media, name, len(a.Package.Releases))
			}
		}
	}
}

const pageType = "application/vnd.pypi.simple.v1+json"

// A digest is found in a fragment in whatever order its parts stand, as pip
// finds it.
func TestTheHashIsFoundInEitherOrderOfFragments(t *testing.T) {
	for fragment, want := range map[string]string{
		"sha256=" + sumA: sumA, "sha256=" + sumA + "&egg=acme": sumA, "egg=acme&sha256=" + sumA: sumA, "egg=acme-1.0&sha256=" + sumA + "&subdirectory=x": sumA,
		"egg=acme": "", "md5=d41d8cd98f00b204e9800998ecf8427e": "", "xsha256=" + sumA: "", "sha256=" + sumA[:10]: "", "sha256=" + strings.ToUpper(sumA): sumA,
		"md5=d41d8cd98f00b204e9800998ecf8427e&sha256=" + sumB: sumB,
	} {
		s := serving(t, "text/html", `<a href="/acme-1.0.tar.gz#`+strings.ReplaceAll(fragment, "&", "&amp;")+`">x</a>`)
		a, err := New(Options{Retries: -1}).Fetch(t.Context(), source(s.URL), "acme", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Package.Releases[0].Files[0].SHA256; got != want {
			t.Errorf("#%s: have %q, want %q", fragment, got, want)
		}
	}
}

// The names of projects are compared as they are written: what becomes one by
// mapping letters is none.
func TestNamesAreNotMappedIntoBeing(t *testing.T) {
	var wire unanswered
	_, err := New(Options{Transport: &wire, Retries: -1}).Fetch(t.Context(), public, "\u212Aeras", "", 0)
	says(t, err, Unsupported, "no project's name")
	if wire.n.Load() != 0 {
		t.Error("it was asked for")
	}
}

// What is beside a file is on the file's own host: an address without a path is
// that of no file, and a fragment is no part of it.
func TestWhatIsBesideAFileIsOnItsHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://files.example":                             "",
		"https://files.example#/" + wheelName:               "",
		"https://files.example?x=/" + wheelName:             "",
		"https://files.example/a/" + wheelName:              "https://files.example/a/" + wheelName + ".metadata",
		"https://files.example/a/" + wheelName + "#x":       "https://files.example/a/" + wheelName + ".metadata",
		"https://files.example/a/" + wheelName + "#sha256=": "https://files.example/a/" + wheelName + ".metadata",
	} {
		var wire firstAsked
		f := FileDetails{Name: wheelName, URL: address, HasMetadata: true}
		if _, err := New(Options{Transport: &wire, Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: source("https://index.example/simple/"), Name: "acme", Version: "1.0", Files: []FileDetails{f}}); err == nil {
			t.Errorf("%s: no error", address)
		}
		if string(wire) != want {
			t.Errorf("%s: asked %q, want %q", address, wire, want)
		}
	}
}

// firstAsked answers 503 and is the first address that was asked.
type firstAsked string

func (f *firstAsked) RoundTrip(r *http.Request) (*http.Response, error) {
	if *f == "" {
		*f = firstAsked(r.URL.String())
	}
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}
