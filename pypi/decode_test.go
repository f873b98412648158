package pypi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func decodeText(name, text string) (plan.Package, int64, error) {
	a, err := newPages().decode(strings.NewReader(text), false, 64<<20, wanted{name: name, hashes: true})
	return a.Package, a.Serial, err
}

// wire is a page as encoding/json reads it, for a second opinion.
type wire struct {
	Meta struct {
		Serial int64 `json:"_last-serial"`
	} `json:"meta"`
	Versions []string `json:"versions"`
	Files    []struct {
		Filename string            `json:"filename"`
		Hashes   map[string]string `json:"hashes"`
		Python   string            `json:"requires-python"`
		Uploaded time.Time         `json:"upload-time"`
		Yanked   any               `json:"yanked"`
	} `json:"files"`
}

// check compares a decoded package with the page read another way.
func check(t *testing.T, name string, page []byte, pkg plan.Package, serial int64) {
	t.Helper()
	var w wire
	if err := json.Unmarshal(page, &w); err != nil {
		t.Fatal(err)
	}
	if serial != w.Meta.Serial {
		t.Errorf("serial %d, want %d", serial, w.Meta.Serial)
	}
	want := map[string][]plan.DistFile{}
	for _, v := range w.Versions {
		if v, err := pep440.Parse(v); err == nil {
			want[v.Canonical()] = nil
		}
	}
	for _, f := range w.Files {
		parsed, err := dist.ParseFor(name, f.Filename)
		if err != nil {
			continue
		}
		reason, _ := f.Yanked.(string)
		yes, _ := f.Yanked.(bool)
		key := parsed.Version.Canonical()
		want[key] = append(want[key], plan.DistFile{
			Name: f.Filename, RequiresPython: f.Python, Uploaded: f.Uploaded,
			Yanked: yes || reason != "", YankedReason: reason, SHA256: f.Hashes["sha256"],
		})
	}
	if len(pkg.Releases) != len(want) {
		t.Errorf("%d releases, want %d", len(pkg.Releases), len(want))
	}
	for i, r := range pkg.Releases {
		if i > 0 && pkg.Releases[i-1].Version.Compare(r.Version) >= 0 {
			t.Errorf("%s does not come after %s", r.Version, pkg.Releases[i-1].Version)
		}
		if !slices.Equal(r.Files, want[r.Version.Canonical()]) {
			t.Errorf("%s has files %v, want %v", r.Version, r.Files, want[r.Version.Canonical()])
		}
	}
}

func TestRecordedPages(t *testing.T) {
	for _, compact := range []bool{false, true} {
		names, docs := recorded(t, compact)
		if len(names) != 13 {
			t.Errorf("%d recorded pages, want 13", len(names))
		}
		d := newPages() // shared, so that nothing of one page shows in the next
		for i, name := range names {
			t.Run(fmt.Sprintf("%s/%v", name, compact), func(t *testing.T) {
				a, err := d.decode(bytes.NewReader(docs[i]), false, 64<<20, wanted{name: name, hashes: true})
				if err != nil {
					t.Fatal(err)
				}
				pkg, serial := a.Package, a.Serial
				if pkg.Name != name || !pkg.Known || !pkg.HasFacts || pkg.Status != "active" {
					t.Errorf("package %s: known %v, status %q", pkg.Name, pkg.Known, pkg.Status)
				}
				check(t, name, docs[i], pkg, serial)
				zipped, err := d.decode(bytes.NewReader(zip(t, docs[i])), true, 64<<20, wanted{name: name})
				if err != nil || len(zipped.Package.Releases) != len(pkg.Releases) {
					t.Errorf("compressed: %d releases, %v", len(zipped.Package.Releases), err)
				}
			})
		}
	}
}

func TestTrimmedPages(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testenv.Shared(t), "data/pypi/simple-json-trimmed/*.json"))
	for _, file := range files {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		pkg, serial, err := decodeText(name, string(page))
		if err != nil {
			t.Fatal(err)
		}
		check(t, name, page, pkg, serial)
	}
}

// TestEdges reads pages that differ from the ordinary in one thing.
func TestEdges(t *testing.T) {
	const sum = "AB00000000000000000000000000000000000000000000000000000000000000"
	pkg, serial, err := decodeText("zope-interface", `{
		"unknown": {"nested": [1, {"deep": null}]},
		"files": [
			{"filename": "zope.interface-1.0.tar.gz", "yanked": true, "upload-time": "2024-02-29T23:59:59Z", "hashes": {"md5": "x", "sha256": "`+sum+`"}},
			{"filename": "zope.interface-1.0.0-beta2.zip", "yanked": "b\u0061d\n", "upload-time": "2024-02-09T20:23:00.5+01:00", "requires-python": null, "hashes": null},
			{"filename": "zope_interface-01.0-py3-none-any.whl", "yanked": "", "upload-time": "2023-02-29T00:00:00Z", "hashes": {"sha256": "short"}},
			{"filename": "other-1.0.tar.gz"}, {"filename": "zope.interface-1.0.egg"}, {"filename": 7}, 8, null, {}
		],
		"versions": ["1.0.0", "1.0b2", "0.2", "2004d", null, "1.0"],
		"project-status": {"status": "quarantined", "reason": "mal\u0077are"},
		"name": "Zope.Interface",
		"meta": {"api-version": "1.9", "_last-serial": 42, "x": []}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	if serial != 42 || pkg.Name != "zope-interface" || pkg.Status != "quarantined" || pkg.StatusReason != "malware" {
		t.Errorf("serial %d, %+v", serial, pkg)
	}
	var got []string
	for _, r := range pkg.Releases {
		got = append(got, r.Version.Raw())
		for _, f := range r.Files {
			got = append(got, fmt.Sprintf("  %s|%v|%q|%s|%.4s", f.Name, f.Yanked, f.YankedReason, f.Uploaded.Format(time.RFC3339Nano), f.SHA256))
		}
	}
	want := []string{
		"0.2",
		"1.0b2",
		`  zope.interface-1.0.0-beta2.zip|true|"bad\n"|2024-02-09T19:23:00.5Z|`,
		"1.0.0",
		`  zope.interface-1.0.tar.gz|true|""|2024-02-29T23:59:59Z|ab00`,
		`  zope_interface-01.0-py3-none-any.whl|false|""|0001-01-01T00:00:00Z|`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNoPage(t *testing.T) {
	const meta = `"meta":{"api-version":"1.0"}`
	for text, want := range map[string]string{
		`{}`:                          "names no api-version",
		`[]`:                          "names no api-version",
		`null`:                        "names no api-version",
		`{"message":"404 Not Found"}`: "names no api-version",
		`{"meta":{"api-version":"2.0"},"files":{}}`:             "api-version 2.0; pinwheel understands 1.x",
		`{"meta":{"api-version":"one"},"files":[]}`:             "api-version one, which is none",
		`{"meta":{"api-version":7},"files":[]}`:                 "names no api-version",
		`{"meta":[],"files":[]}`:                                "names no api-version",
		`{` + meta + `}`:                                        "has no files",
		`{` + meta + `,"files":{}}`:                             "files has the wrong form",
		`{` + meta + `,"files":[],"versions":"1.0"}`:            "versions has the wrong form",
		`{` + meta + `,"files":[],"name":"other"}`:              "another project, other",
		`{` + meta + `,"files":[]} {}`:                          "more text after its end",
		`{` + meta + `,"files":[`:                               "unexpected EOF",
		`{` + meta + `,"files":[{"filename":"acme-1.0.tar.gz"}`: "unexpected EOF",
		`{` + meta + `,"files":[}`:                              "invalid character",
		`{` + meta + ",\"files\":[{\"filename\":\"\xff\"}]}":    "invalid UTF-8",
		``:       "unexpected EOF",
		`<html>`: "invalid character",
		`{` + meta + `,"files":[],"x":` + strings.Repeat("[", 20000): "depth",
	} {
		_, _, err := decodeText("acme", text)
		if err == nil {
			t.Errorf("%.80s: no error, want %q", text, want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
	}
}

func TestUploadTime(t *testing.T) {
	for text, want := range map[string]string{
		"2024-02-09T20:23:00Z":           "2024-02-09T20:23:00Z",
		"2024-02-09T20:23:00.1Z":         "2024-02-09T20:23:00.1Z",
		"2024-02-09T20:23:00.123456Z":    "2024-02-09T20:23:00.123456Z",
		"2024-02-09T20:23:00.123456789Z": "2024-02-09T20:23:00.123456Z",
		"2024-02-09T20:23:00+02:00":      "2024-02-09T18:23:00Z",
		"2024-02-31T20:23:00Z":           "",
		"2024-02-09T20:23:00.Z":          "",
		"2024-02-09 20:23:00Z":           "",
		"1600-02-09T20:23:00Z":           "",
		"":                               "",
		"yesterday":                      "",
	} {
		got := uploadTime([]byte(text))
		if s := got.Format(time.RFC3339Nano); got.IsZero() && want != "" || !got.IsZero() && s != want {
			t.Errorf("%q is %s, want %s", text, s, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"meta":{"api-version":"1.4","_last-serial":1},"name":"acme","versions":["1.0","x"],"files":[{"filename":"acme-1.0-py3-none-any.whl","hashes":{"sha256":"0"},"requires-python":">=3","upload-time":"2024-02-09T20:23:00.5Z","yanked":"x"}]}`))
	f.Add([]byte(`{"meta":{"api-version":"1.0"},"files":[{"filename":"acme-1.0.tar.gz","yanked":false}]}`))
	f.Add(zip(f, []byte(`{"meta":{"api-version":"1.0"},"files":[]}`)))
	f.Fuzz(func(t *testing.T, page []byte) {
		d := newPages()
		for _, zipped := range []bool{false, true} {
			want := wanted{name: "acme", hashes: true, details: pageURL}
			a, err := d.decode(bytes.NewReader(page), zipped, 1<<20, want)
			if err != nil {
				continue
			}
			pkg := a.Package
			detailed(t, a)
			// What one page taught must survive the store, and reading the
			// page again must teach the same.
			data := EncodePackage(pkg, true)
			back, err := DecodePackage(data)
			if err != nil {
				t.Fatal(err)
			}
			same(t, back, pkg)
			again, err := d.decode(bytes.NewReader(page), zipped, 1<<20, want)
			if err != nil || again.Serial != a.Serial || !bytes.Equal(EncodePackage(again.Package, true), data) || !bytes.Equal(again.Details, a.Details) {
				t.Fatalf("reading twice differs: %v", err)
			}
		}
	})
}

// TestFilesThatSayDifferentThings are told apart by the digests of their metadata,
// release by release; where all say the same, or nothing is given, they are not.
func TestFilesThatSayDifferentThings(t *testing.T) {
	sum := func(c string) string { return `{"sha256":"` + strings.Repeat(c, 64) + `"}` }
	file := func(name, metadata string) string {
		return `{"filename":"` + name + `","url":"x","hashes":{},"core-metadata":` + metadata + `}`
	}
	body := `{"meta":{"api-version":"1.1"},"name":"a","files":[` + strings.Join([]string{
		file("a-1-py2-none-any.whl", sum("1")), file("a-1-py3-none-any.whl", sum("1")), file("a-1.tar.gz", "false"),
		file("a-2-py2-none-any.whl", sum("2")), file("a-2-py3-none-any.whl", sum("3")), file("a-2-cp3-none-any.whl", sum("2")), file("a-2.tar.gz", "false"), file("a-2-cp4-none-any.whl", "true"),
		file("a-3-py3-none-any.whl", "true"),
	}, ",") + `]}`
	for _, details := range []bool{true, false} {
		want := wanted{name: "a"}
		if details {
			want.details = &url.URL{Scheme: "https", Host: "h", Path: "/simple/a/"}
		}
		answer, err := newPages().decode(strings.NewReader(body), false, 1<<20, want)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range answer.Package.Releases {
			line := r.Version.String()
			for _, f := range r.Files {
				line += fmt.Sprint(" ", f.Says)
			}
			got = append(got, line)
		}
		if text := strings.Join(got, ", "); details && text != "1 0 0 0, 2 1 2 1 0 0, 3 0" || !details && text != "1 0 0 0, 2 0 0 0 0 0, 3 0" {
			t.Errorf("details %t: %s", details, text)
		}
	}
}
