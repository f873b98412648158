package pypi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/python/dist"
)

var pageURL = &url.URL{Scheme: "https", Host: "index.example", Path: "/simple/acme/"}

// detailed checks that an answer has details of each of its files.
func detailed(t interface {
	Helper()
	Fatalf(string, ...any)
}, a Answer) {
	t.Helper()
	all, err := DecodeDetails(a.Details)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range a.Package.Releases {
		for _, f := range r.Files {
			d, ok := all.File(f.Name)
			if !ok || d.Name != f.Name {
				t.Fatalf("no details of %q: %+v", f.Name, d)
			}
		}
	}
}

// TestRecordedDetails compares the details of real pages with the pages read
// another way.
func TestRecordedDetails(t *testing.T) {
	names, docs := recorded(t, true)
	wheels, size := 0, 0
	for i, name := range names {
		a, err := newPages().decode(bytes.NewReader(docs[i]), false, 64<<20, wanted{name: name, details: pageURL})
		if err != nil {
			t.Fatal(err)
		}
		size += len(a.Details)
		all, err := DecodeDetails(a.Details)
		if err != nil {
			t.Fatal(err)
		}
		var w struct {
			Files []struct {
				Filename, URL string
				Size          int64
				Hashes        map[string]string
				Metadata      any `json:"core-metadata"`
			}
		}
		if err := json.Unmarshal(docs[i], &w); err != nil {
			t.Fatal(err)
		}
		for _, f := range w.Files {
			if _, err := dist.ParseFor(name, f.Filename); err != nil {
				continue
			}
			want := FileDetails{Name: f.Filename, URL: f.URL, SHA256: f.Hashes["sha256"], Size: f.Size}
			if m, ok := f.Metadata.(map[string]any); ok {
				want.HasMetadata, want.MetadataSHA256 = true, m["sha256"].(string)
				wheels++
			}
			if got, ok := all.File(f.Filename); !ok || got != want {
				t.Fatalf("have %+v\nwant %+v", got, want)
			}
		}
		if _, ok := all.File("acme-0.tar.gz"); ok {
			t.Error("details of a file that is not there")
		}
	}
	if wheels < 1500 {
		t.Errorf("only %d wheels with metadata", wheels)
	}
	if size > 400_000 {
		t.Errorf("the details of the recorded pages take %d bytes", size)
	}
}

// TestDetailEdges reads pages that lie, or write the same in other ways.
func TestDetailEdges(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	const name = "acme-1.0-py3-none-any.whl"
	for fields, want := range map[string]FileDetails{
		``:                              {},
		`"url": "x.whl"`:                {URL: "https://index.example/simple/acme/x.whl"},
		`"url": "../../f/` + name + `"`: {URL: "https://index.example/f/" + name},
		`"url": "/f/` + name + `#sha256=` + sum + `"`:           {URL: "https://index.example/f/" + name},
		`"url": "//other.example/` + name + `"`:                 {URL: "https://other.example/" + name},
		`"url": "?file=1"`:                                      {URL: "https://index.example/simple/acme/?file=1"},
		`"url": "ftp://x/y"`:                                    {URL: "ftp://x/y"},
		`"url": "https:\/\/x\/p\/` + name + `?a=/` + name + `"`: {URL: "https://x/p/" + name + "?a=/" + name},
		`"url": "http://%zz/"`:                                  {URL: "http://%zz/"},
		`"url": ":"`:                                            {},
		`"url": ""`:                                             {},
		`"url": 7, "size": "big", "hashes": [], "core-metadata": "yes"`:                {},
		`"url": "https://x/` + strings.Repeat("y", maxURL) + `"`:                       {},
		`"url": "https://f/packages/ab/ab/` + sum[:60] + `/` + name + `"`:              {URL: "https://f/packages/ab/ab/" + sum[:60] + "/" + name},
		`"url": "https://f/packages/AB/ab/` + sum[:60] + `/` + name + `"`:              {URL: "https://f/packages/AB/ab/" + sum[:60] + "/" + name},
		`"url": "https://f/packages/ab/ab/` + sum[:60] + `/other"`:                     {URL: "https://f/packages/ab/ab/" + sum[:60] + "/other"},
		`"size": 12, "hashes": {"md5": "1", "sha256": "` + strings.ToUpper(sum) + `"}`: {Size: 12, SHA256: sum},
		`"size": -1, "hashes": {"sha256": {"a": 1}}`:                                   {},
		`"size": 1.5, "hashes": {"sha256": "` + sum[1:] + `g"}`:                        {},
		`"core-metadata": true`:                              {HasMetadata: true},
		`"core-metadata": {}`:                                {HasMetadata: true},
		`"core-metadata": {"sha256": "` + sum + `"}`:         {HasMetadata: true, MetadataSHA256: sum},
		`"core-metadata": {"sha256": 7}`:                     {HasMetadata: true},
		`"dist-info-metadata": {"sha256": "` + sum + `"}`:    {HasMetadata: true, MetadataSHA256: sum},
		`"data-dist-info-metadata": true`:                    {HasMetadata: true},
		`"core-metadata": false, "dist-info-metadata": true`: {},
		`"dist-info-metadata": true, "core-metadata": false`: {},
		`"dist-info-metadata": true, "core-metadata": null`:  {HasMetadata: true},
		`"core-metadata": {"sha256": "` + sum + `"}, "data-dist-info-metadata": {"sha256": "` + strings.Repeat("00", 32) + `"}`: {HasMetadata: true, MetadataSHA256: sum},
	} {
		text := `{"meta":{"api-version":"1.1"},"files":[{"filename":"` + name + `"`
		if fields != "" {
			text += "," + fields
		}
		a, err := newPages().decode(strings.NewReader(text+`}]}`), false, 64<<20, wanted{name: "acme", details: pageURL})
		if err != nil {
			t.Errorf("%.100s: %v", fields, err)
			continue
		}
		want.Name = name
		all, err := DecodeDetails(a.Details)
		if got, ok := all.File(name); err != nil || !ok || got != want {
			t.Errorf("%.100s: %v\nhave %+v\nwant %+v", fields, err, got, want)
		}
		if n := len(a.Package.Releases); n != 1 {
			t.Errorf("%.100s: %d releases", fields, n)
		}
	}
}

// TestDetailsAnswer asks a server: URLs are relative to the page that answered
// in the end, and whoever does not ask gets none.
func TestDetailsAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/simple/acme/" {
			http.Redirect(w, r, "/moved/acme/", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"meta":{"api-version":"1.1"},"files":[{"filename":"acme-1.0.tar.gz","url":"a.tar.gz"}]}`)
	}))
	defer server.Close()
	c := New(Options{})
	for _, details := range []bool{true, false} {
		a, err := c.Do(t.Context(), Request{Source: source(server.URL + "/simple/"), Name: "acme", Details: details})
		if err != nil || (a.Details != nil) != details {
			t.Fatalf("%+v, %v", a, err)
		}
		all, err := DecodeDetails(a.Details)
		if f, _ := all.File("acme-1.0.tar.gz"); err != nil || details && f.URL != server.URL+"/moved/acme/a.tar.gz" {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

func TestDetailsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := detailsWriter{base: pageURL}
		var want []FileDetails
		hash := rapid.StringMatching(`[0-9a-f]{64}`)
		for i := range rapid.IntRange(0, 20).Draw(t, "files") {
			f := FileDetails{Name: fmt.Sprint(i, rapid.StringMatching(`[a-z]{0,9}`).Draw(t, "name"))}
			f.URL = "https://x/" + rapid.SampledFrom([]string{"", "a/b/", "aa/bb/" + strings.Repeat("0", 60) + "/", "aa/bb/" + strings.Repeat("f", 60) + "/", "c/"}).Draw(t, "folder")
			f.URL += rapid.SampledFrom([]string{f.Name, "other", ""}).Draw(t, "last")
			f.Size = rapid.Int64Range(0, 1<<40).Draw(t, "size")
			var sum, metadata []byte
			if rapid.Bool().Draw(t, "hashed") {
				f.SHA256 = hash.Draw(t, "sha256")
				sum, _ = hex.DecodeString(f.SHA256)
			}
			f.HasMetadata = rapid.Bool().Draw(t, "metadata")
			if f.HasMetadata && rapid.Bool().Draw(t, "checked") {
				f.MetadataSHA256 = hash.Draw(t, "metadata sha256")
				metadata, _ = hex.DecodeString(f.MetadataSHA256)
			}
			w.add(f.Name, located{[]byte(f.URL), sum, metadata, f.HasMetadata, f.Size})
			want = append(want, f)
		}
		all, err := DecodeDetails(w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range want {
			if got, ok := all.File(f.Name); !ok || got != f {
				t.Fatalf("have %+v\nwant %+v", got, f)
			}
		}
	})
}

func TestDamagedDetails(t *testing.T) {
	w := detailsWriter{base: pageURL}
	sum := make([]byte, sha256Size)
	w.add("a", located{[]byte("https://x/y/z"), sum, sum, true, 300})
	good := w.bytes()
	for i := 1; i < len(good); i++ {
		all, err := DecodeDetails(good[:i])
		if err == nil && len(all.files) > 0 {
			t.Errorf("the first %d of %d bytes decode", i, len(good))
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(good), 0), append([]byte{9}, good[1:]...)} {
		if _, err := DecodeDetails(bad); err == nil {
			t.Errorf("% x decodes", bad)
		}
	}
	if all, err := DecodeDetails(nil); err != nil || len(all.files) > 0 {
		t.Errorf("nothing: %v", err)
	}
}

func FuzzDecodeDetails(f *testing.F) {
	w := detailsWriter{base: pageURL}
	sum := make([]byte, sha256Size)
	w.add("a", located{[]byte("https://x/aa/bb/" + strings.Repeat("0", 60) + "/a"), sum, sum, true, 300})
	w.add("b", located{address: []byte("c")})
	f.Add(w.bytes(), "a")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		all, err := DecodeDetails(data)
		if err != nil {
			return
		}
		if d, ok := all.File(name); ok && d.Name != name {
			t.Fatalf("%q has the details of %q", name, d.Name)
		}
	})
}

// What is quick for most URLs gives what RFC 3986 gives for all.
func TestAbsolute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, err := url.Parse(rapid.SampledFrom([]string{"https://index.example/simple/acme/", "http://h:8080/", "https://h/a/b/c/d/e/acme/?format=x"}).Draw(t, "base"))
		if err != nil {
			t.Fatal(err)
		}
		w := &detailsWriter{base: base}
		part := rapid.SampledFrom([]string{"../", "/", "./", "..", ".", "a", "acme-1.0+x.whl", "files/", "%20", "%2F", " ", ":", "?q", "é", "//", "A_b", "~", "'"})
		for range 3 {
			address := strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "parts"), "")
			want, err := base.Parse(address)
			got, ok := w.absolute([]byte(address))
			if ok != (err == nil) || ok && string(got) != want.String() {
				t.Fatalf("absolute(%q) = %q, %t, want %v, %v", address, got, ok, want, err)
			}
		}
	})
}
