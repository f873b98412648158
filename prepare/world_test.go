package prepare

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/githttp"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// world is a GitLab that git can read, an index with files, and a folder.
type world struct {
	t      testing.TB
	gitlab *gitlabsim.Server
	git    *githttp.Server
	index  *pypisim.Server
	url    string // of GitLab
	pypi   string
	host   string
	dir    string
	token  string
	python string
}

const releases = `
six 1.16.0 2021-05-05
six 1.17.0 2024-12-04
urllib3 1.26.18 2023-10-17
urllib3 2.1.0 2023-11-13
requests 2.31.0 2023-05-22 requires="urllib3<3"
crontab 1.0.1 2024-01-05 files=sdist metadata=sdist-builds requires="six"
`

const pinned = "six==1.16.0\nurllib3==2.1.0\nrequests==2.31.0\n"

// inTree is a build backend that stands in a project's own source: it needs nothing.
const inTree = `
import base64, hashlib, os, zipfile
NAME, VERSION, REQUIRES, SCRIPTS = @name@, @version@, @requires@, @scripts@
STEM = NAME.replace("-", "_")
def _metadata():
    return "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (NAME, VERSION) + "".join("Requires-Dist: %s\n" % r for r in REQUIRES)
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = "%s-%s.dist-info" % (STEM, VERSION)
    os.mkdir(os.path.join(directory, info))
    with open(os.path.join(directory, info, "METADATA"), "w") as f:
        f.write(_metadata())
    return info
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "%s-%s-py3-none-any.whl" % (STEM, VERSION)
    info = "%s-%s.dist-info/" % (STEM, VERSION)
    files = {STEM + ".py": open(STEM + ".py").read(), info + "METADATA": _metadata(),
             info + "WHEEL": "Wheel-Version: 1.0\nGenerator: in-tree\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    if SCRIPTS:
        files[info + "entry_points.txt"] = "[console_scripts]\n" + "".join("%s = %s:main\n" % (s, STEM) for s in SCRIPTS)
    record = ""
    for path, text in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text.encode()))
    files[info + "RECORD"] = record + info + "RECORD,,\n"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        for path, text in sorted(files.items()):
            z.writestr(path, text)
    return name
`

// pythonProject are the files of a package with a command that prints its version.
func pythonProject(name, version string, requires ...string) map[string]string {
	list := func(words []string) string {
		out := "["
		for _, w := range words {
			out += fmt.Sprintf("%q, ", w)
		}
		return out + "]"
	}
	module := strings.ReplaceAll(name, "-", "_")
	return map[string]string{
		"pyproject.toml": fmt.Sprintf("[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\n[project]\nname = %q\nversion = %q\ndependencies = %s\n", name, version, list(requires)),
		"backend.py": strings.NewReplacer("@name@", fmt.Sprintf("%q", name), "@version@", fmt.Sprintf("%q", version), "@requires@", list(requires),
			"@scripts@", list([]string{name})).Replace(inTree),
		module + ".py": fmt.Sprintf("VERSION = %q\n\n\ndef main():\n    print(%q, VERSION)\n", version, name),
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC) }
	w := &world{t: t, python: testenv.Venv(t), dir: t.TempDir()}
	testenv.Command(t, "git")
	w.gitlab = gitlabsim.New(gitlabsim.Options{Now: now})
	w.index = pypisim.New(pypisim.Options{Now: now, Files: true})
	if err := w.index.Load(releases); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.git, err = githttp.New(w.gitlab, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	gitlab, index := httptest.NewServer(w.git), httptest.NewServer(w.index)
	t.Cleanup(gitlab.Close)
	t.Cleanup(index.Close)
	w.url, w.pypi, w.host = gitlab.URL, index.URL+"/simple/", strings.TrimPrefix(gitlab.URL, "http://")
	w.gitlab.SetBaseURL(gitlab.URL)
	w.gitlab.AddBot("bot", "bot")
	w.gitlab.AddUser("dev", "A Developer", false)
	w.token = w.gitlab.Token("bot")
	w.project("cki/cki-lib", pythonProject("cki-lib", "1.0", "six", "cki-tools @ "+w.at("cki/cki-tools", "production")))
	w.project("cki/cki-tools", pythonProject("cki-tools", "2.0", "requests", "cki-lib @ "+w.at("cki/cki-lib", "production")))
	w.project("cki/kpet-db", map[string]string{"trees/rhel.yaml": "rhel: 1\n", "README.md": "data\n"})
	t.Cleanup(func() {
		for _, f := range w.gitlab.Failures() {
			t.Errorf("the GitLab saw: %s", f)
		}
	})
	return w
}

// at is the URL of a requirement.
func (w *world) at(project, ref string) string {
	return "git+" + w.url + "/" + project + ".git@" + ref
}

// project makes a project whose branches main and production hold files.
func (w *world) project(path string, files map[string]string) {
	w.t.Helper()
	p := w.gitlab.AddProject(path, "main", files)
	w.gitlab.AddMember(p, "bot", gitlabsim.Reporter)
	w.gitlab.AddMember(p, "dev", gitlabsim.Maintainer)
	if err := p.CreateBranch("dev", "production", "main"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) push(path, branch string, files map[string]string) {
	w.t.Helper()
	if _, err := w.gitlab.Project(path).Push("dev", branch, "Change", files); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sha(path, ref string) string {
	w.t.Helper()
	sha, err := w.git.SHA(path, ref)
	if err != nil {
		w.t.Fatal(err)
	}
	return sha
}

// want is the set of the example: two packages that require each other, and data.
func (w *world) want(environ ...string) Wanted {
	w.t.Helper()
	d := Defaults{Namespace: "cki", Ref: "production"}
	packages, err := ParseEntries("cki-lib cki-tools", d)
	if err != nil {
		w.t.Fatal(err)
	}
	data, err := ParseEntries("kpet-db", d)
	if err != nil {
		w.t.Fatal(err)
	}
	overrides, err := ParseOverrides(environ, []string{w.host + "/cki", w.host + "/fork"}, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return Wanted{Packages: packages, Data: data, Overrides: overrides, Constraints: NewConstraints("constraints.txt", []byte(pinned)), GitLab: w.url, Plain: true}
}

func (w *world) lockDir() string { return filepath.Join(w.dir, "software") }
func (w *world) root() string    { return filepath.Join(w.dir, "opt", "pinwheel") }

func (w *world) lock(wanted Wanted) (Lock, error) {
	return MakeLock(w.t.Context(), wanted, Locking{Dir: w.lockDir(), Credential: Credential{Address: w.url, User: "oauth2", Secret: w.token}})
}

func (w *world) mustLock(environ ...string) Lock {
	w.t.Helper()
	l, err := w.lock(w.want(environ...))
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) prepared(image string) *Prepared {
	w.t.Helper()
	p, err := Prepare(w.t.Context(), Building{Dir: w.lockDir(), Image: Image{image, "registry.example.com/" + image + ":production"}, Root: w.root(), Python: w.python, Indexes: []Index{{URL: w.pypi, Plain: true}}, Clock: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Close)
	return p
}

func (w *world) mustBuild(image string) Built {
	w.t.Helper()
	b, err := w.prepared(image).Build(w.t.Context())
	if err != nil {
		var refused *RefusedError
		if e, ok := err.(*RefusedError); ok { //nolint:errorlint // of this very function
			refused = e
			w.t.Fatalf("%v\n%s", err, refused.Output)
		}
		w.t.Fatal(err)
	}
	return b
}

func (w *world) read(path string) string {
	w.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}
