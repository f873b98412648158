package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// wheelIndex is an index of wheels for two machines, each with metadata of its
// own, that counts what is asked for beside the pages.
type wheelIndex struct {
	files map[string]string // name of a wheel -> its requirements, by line
	// pythons is what the metadata of wheels says of Python; the pages say nothing.
	pythons map[string]string
	mu      sync.Mutex
	asked   []string
}

func (x *wheelIndex) metadata(file string) []byte {
	parts := strings.Split(file, "-")
	text := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", parts[0], parts[1])
	for r := range strings.FieldsSeq(x.files[file]) {
		text += "Requires-Dist: " + r + "\n"
	}
	if python := x.pythons[file]; python != "" {
		text += "Requires-Python: " + python + "\n"
	}
	return []byte(text + "\n")
}

func (x *wheelIndex) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if file, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/files/"), ".metadata"); ok {
		x.mu.Lock()
		x.asked = append(x.asked, file)
		x.mu.Unlock()
		w.Write(x.metadata(file)) //nolint:errcheck // a test's server
		return
	}
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/simple/"), "/")
	files := []map[string]any{}
	for file := range x.files {
		if strings.HasPrefix(file, name+"-") {
			sum := sha256.Sum256(x.metadata(file))
			files = append(files, map[string]any{"filename": file, "url": "../../files/" + file, "hashes": map[string]string{},
				"upload-time": "2024-01-01T00:00:00Z", "core-metadata": map[string]string{"sha256": hex.EncodeToString(sum[:])}})
		}
	}
	w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	w.Header().Set("ETag", `"1"`)
	if r.Header.Get("If-None-Match") == `"1"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"meta": map[string]string{"api-version": "1.1"}, "name": name, "files": files}) //nolint:errcheck // a test's server
}

// TestWheelsThatDiffer: what the wheel of either machine requires counts; wheels
// that say the same are asked once; and a second run asks for nothing.
func TestWheelsThatDiffer(t *testing.T) {
	const x86, arm = "cp312-cp312-manylinux_2_28_x86_64.whl", "cp312-cp312-manylinux_2_28_aarch64.whl"
	index := &wheelIndex{files: map[string]string{
		"torch-2.5-" + x86: "", "torch-2.5-" + arm: "", "torch-2.6-" + x86: "acl>=20", "torch-2.6-" + arm: "acl>=25", "acl-24-py3-none-any.whl": "",
	}}
	server := httptest.NewServer(index)
	t.Cleanup(server.Close)
	w := newWorld(t)
	if _, err := w.project.EditFile("maintainer", "constraints.txt", "torch==2.5\nacl==24\n"); err != nil {
		t.Fatal(err)
	}
	text := w.read("pinwheel.yaml")
	before, rest, _ := strings.Cut(text, "index:")
	_, after, _ := strings.Cut(rest, "store:")
	text = before + fmt.Sprintf("index: {url: %q}\nstore:", server.URL+"/simple/") + after
	w.write("pinwheel.yaml", strings.Replace(text, "timezone: Europe/Prague", "python: [\"3.12\"], platforms: [linux/x86_64, linux/aarch64]", 1))
	code, out, complaints := w.configured("plan")
	w.want(code, exitDone, complaints)
	has(t, out, "torch", "incompatible", "torch 2.6 requires acl>=25")
	if n := len(index.asked); n != 4 {
		t.Errorf("%d files were asked, want one for each thing that is said: %q", n, index.asked)
	}
	index.asked = nil
	code, again, complaints := w.configured("plan")
	w.want(code, exitDone, complaints)
	if again != out || len(index.asked) > 0 {
		t.Errorf("the second run asked for %q and printed\n%s", index.asked, again)
	}
	// A machine that nobody cares for says nothing.
	w.write("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), ", linux/aarch64", "", 1))
	code, out, complaints = w.configured("plan")
	w.want(code, exitDone, complaints)
	has(t, out, "awaiting-schedule")
	if len(index.asked) > 0 {
		t.Errorf("asked for %q", index.asked)
	}
}

// TestWhatMetadataAloneSaysOfPython: pip refuses a release whose metadata does not admit its Python, also if the
// page of the index says nothing of that.
func TestWhatMetadataAloneSaysOfPython(t *testing.T) {
	const whl = "-py3-none-any.whl"
	index := &wheelIndex{
		files:   map[string]string{"acme-1.0" + whl: "", "acme-1.1" + whl: "", "acme-1.2" + whl: "", "acme-1.3" + whl: "", "other-1.0" + whl: "", "other-2.0" + whl: "helper", "helper-1.0" + whl: ""},
		pythons: map[string]string{"acme-1.1" + whl: ">=3.8", "acme-1.2" + whl: ">=3.13", "acme-1.3" + whl: ">=3.13, <4", "helper-1.0" + whl: ">=3.13"},
	}
	server := httptest.NewServer(index)
	t.Cleanup(server.Close)
	w := newWorld(t)
	w.write("pins.txt", "acme==1.0\nother==1.0\n")
	from := []string{"--file", w.path("pins.txt"), "--index", server.URL + "/simple/", "--python", "3.12"}
	code, out, complaints := w.pinwheel(append([]string{"plan"}, from...)...)
	w.want(code, exitDone, complaints)
	has(t, out, "acme", "1.1", "opens", "other 2.0 requires helper")
	for _, no := range []string{"acme   1.0   1.2", "acme   1.0   1.3"} {
		if strings.Contains(out, no) {
			t.Errorf("what metadata does not admit is offered:\n%s", out)
		}
	}
	code, out, complaints = w.pinwheel(append([]string{"explain", "acme"}, from...)...)
	w.want(code, exitDone, complaints)
	has(t, out, "1.2", "requires Python >=3.13", "requires Python >=3.13, <4")
	w.write("pins.txt", "acme==1.3\n")
	code, out, complaints = w.pinwheel(append([]string{"verify"}, from...)...)
	w.want(code, exitDone, complaints)
	has(t, out, "acme 1.3 requires Python >=3.13, <4, and the configuration has 3.12")
}
