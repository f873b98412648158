package hostile_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// hand answers HTTP requests without a network.
type hand struct{ http.Handler }

func (h hand) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// index is an index whose pages hold any bytes.
type index struct {
	pages  map[string][]byte
	beside map[string]string // metadata by file name
}

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	name := parts[len(parts)-1]
	if page, ok := x.pages[name]; ok && parts[0] == "simple" {
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		_, _ = w.Write(page)
		return
	}
	if text, ok := x.beside[strings.TrimSuffix(name, ".metadata")]; ok && strings.HasSuffix(name, ".metadata") {
		_, _ = io.WriteString(w, text)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// quoted is a JSON string of any bytes, those that are not UTF-8 included.
func quoted(s string) string {
	var b bytes.Buffer
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// file is one entry of a page; empty fields are ordinary.
type file struct{ name, url, python, yanked, uploaded, sha256 string }

func (f file) json() string {
	if f.url == "" {
		f.url = "https://index.example/files/" + f.name
	}
	if f.uploaded == "" {
		f.uploaded = "2025-06-01T00:00:00Z"
	}
	out := fmt.Sprintf(`{"filename":%s,"url":%s,"hashes":{"sha256":%s},"core-metadata":true,"upload-time":%s`,
		quoted(f.name), quoted(f.url), quoted(f.sha256), quoted(f.uploaded))
	if f.python != "" {
		out += `,"requires-python":` + quoted(f.python)
	}
	if f.yanked != "" {
		out += `,"yanked":` + quoted(f.yanked)
	}
	return out + "}"
}

// page is a project's page; extra is put in front, as more keys.
func page(name, extra string, files ...file) []byte {
	var all []string
	for _, f := range files {
		all = append(all, f.json())
	}
	return []byte(`{"meta":{"api-version":"1.4"},"name":` + quoted(name) + `,` + extra + `"files":[` + strings.Join(all, ",") + `]}`)
}

func wheel(name, version string) file {
	return file{name: fmt.Sprintf("%s-%s-py3-none-any.whl", name, version)}
}

// world is a GitLab and an index with one hostile text in each field.
type world struct {
	now     time.Time
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	index   *index
	policy  config.Project
	store   *store.Store
}

const settings = `
gitlab: {url: https://gitlab.example}
index: {url: https://index.example/simple/}
projects:
  - path: cki/pipe
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    window: "* * * * *"
    timezone: Europe/Prague
    minimum_release_age: 0
    max_open_merge_requests: 50
    python: ["3.12"]
    roots: [{project: cki/root}, "plain"]
`

// must stops a test that is broken itself.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld fills the index and the files with texts. lines says whether the
// constraints file holds hostile lines from the start.
func newWorld(t *testing.T, next func() string, lines bool) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)}
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: func() time.Time { return w.now }})
	w.gitlab.AddBot("pinwheel", "pinwheel")
	w.gitlab.AddUser("alice", next(), false)
	w.gitlab.AddUser("guest", next(), false)
	w.stock(next)
	pins := "# " + strings.ReplaceAll(next(), "\n", " ") + "\n"
	for _, name := range slices.Sorted(maps.Keys(w.index.pages)) {
		pins += name + "==1.0\n"
	}
	if lines {
		pins += next() + "\n-c " + next() + "\nplain2==1.0 ; python_version < \"" + next() + "\"\n" + next() + "==1.0\nrange>=" + next() + "\n--" + next() + "\n"
	}
	pins += "unknown==1.0 # " + next() + "\n-r https://u:p@x.example/" + strings.ReplaceAll(next(), "\n", "") + "\n"
	w.project = w.gitlab.AddProject("cki/pipe", "main", map[string]string{"constraints.txt": pins})
	root := w.gitlab.AddProject("cki/root", "main", map[string]string{
		"pyproject.toml": "[project]\nname = \"root\"\ndependencies = [\"plain\", " + quoted(next()) + "]\n"})
	for _, p := range []*gitlabsim.Project{w.project, root} {
		w.gitlab.AddMember(p, "pinwheel", gitlabsim.Developer)
		w.gitlab.AddMember(p, "alice", gitlabsim.Maintainer)
	}
	w.gitlab.AddMember(w.project, "guest", gitlabsim.Planner)
	_, err := w.project.CreateIssue("alice", "an issue that must stay open", "")
	must(t, err)
	c, err := config.Parse("pinwheel.yaml", []byte(settings))
	must(t, err)
	w.policy = c.Projects[0]
	w.policy.Policy.IgnoreEdges = []plan.IgnoreEdge{{From: "edge", To: "plain", Reason: next()}}
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "pinwheel.db"))
	must(t, err)
	w.store.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: "i"}})
	t.Cleanup(func() { w.store.Close() })
	return w
}

// stock makes a page for every field of an index's answer.
func (w *world) stock(next func() string) {
	x := &index{pages: map[string][]byte{}, beside: map[string]string{}}
	w.index = x
	// add makes a package of two releases, of which one field is hostile.
	add := func(name, extra string, change func(f *file), requires ...string) {
		old, young := wheel(name, "1.0"), wheel(name, "1.1")
		x.beside[old.name] = "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n"
		x.beside[young.name] = "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.1\n" + strings.Join(requires, "")
		if change != nil {
			change(&young)
		}
		x.pages[name] = page(name, extra, old, young)
	}
	add("plain", "", nil)
	add("mended", "", nil)
	add("closed", "", nil)
	add("yanked", "", func(f *file) { f.yanked = next() })
	add("python", "", func(f *file) { f.python = next() })
	add("upload", "", func(f *file) { f.uploaded = next() })
	add("digest", "", func(f *file) { f.sha256 = next() })
	add("address", "", func(f *file) { f.url = "https://index.example/files/" + next() })
	add("elsewhere", "", func(f *file) { f.url = next() })
	add("filename", "", func(f *file) { f.name = next() })
	add("version", "", func(f *file) { f.name = "version-" + next() + "-py3-none-any.whl" })
	add("summary", "", nil, "Summary: "+next()+"\n", "Author: "+next()+"\n")
	add("needs", "", nil, "Requires-Dist: "+next()+"\n")
	add("wants", "", nil, "Requires-Dist: plain=="+next()+"\n")
	add("marked", "", nil, "Requires-Dist: plain; python_version < '"+next()+"'\n")
	add("clash", "", nil, "Requires-Dist: plain<1.0; extra == '"+next()+"'\n", "Requires-Dist: mended<1\n")
	add("edge", "", nil, "Requires-Dist: plain<1\n")
	add("said", "", nil, "Requires-Python: "+next()+"\n")
	add("core", "", nil, "Metadata-Version: "+next()+"\n", "Name: "+next()+"\n")
	add("archived", `"project-status":{"status":"archived","reason":`+quoted(next())+`},`, nil)
	add("quarantined", `"project-status":{"status":"quarantined","reason":`+quoted(next())+`},`, nil)
	add("status", `"project-status":{"status":`+quoted(next())+`},`, nil)
	add("versions", `"versions":["1.0","1.1",`+quoted(next())+`],`, nil)
	add("odd", quoted(next())+":"+quoted(next())+",", nil)
	x.pages["taken"] = page("taken", "", file{name: "taken-1.0-py3-none-any.whl", yanked: next()}, wheel("taken", "1.1"))
	x.beside["taken-1.0-py3-none-any.whl"] = "Metadata-Version: 2.1\nName: taken\nVersion: 1.0\n"
	x.beside["taken-1.1-py3-none-any.whl"] = "Metadata-Version: 2.1\nName: taken\nVersion: 1.1\n"
	x.pages["another"] = page(next(), "", wheel("another", "1.1"))
	x.pages["broken"] = []byte(next())
}

// run is one run of the real program over the fakes.
func (w *world) run(t *testing.T) reconcile.Report {
	t.Helper()
	gl, err := gitlab.Connect(gitlab.Options{URL: "https://gitlab.example", Token: w.gitlab.Token("pinwheel"), Transport: w.gitlab.Transport(), Retries: -1})
	must(t, err)
	sources := map[string]pypi.Source{}
	for _, i := range w.policy.Policy.Indexes {
		sources[i.Name] = pypi.Source{Index: i}
	}
	runner := reconcile.New(reconcile.Options{
		GitLab:    gl,
		Dashboard: dashboard.NewPublisher(gl),
		Index:     pypi.New(pypi.Options{Transport: hand{w.index}, Retries: -1}),
		Sources:   sources, Store: w.store,
	})
	report, err := runner.Run(context.Background(), w.policy, w.now)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	if f := w.gitlab.Failures(); len(f) > 0 {
		t.Fatalf("the simulated GitLab did not understand: %v", f)
	}
	w.now = w.now.Add(24 * time.Hour)
	return report
}
