package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/githttp"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// pipeline is a project whose pipeline uses one set of software: two packages that
// require each other by git URL, and one project of data.
type pipeline struct {
	*world
	index *pypisim.Server
	git   *githttp.Server
	url   string
	opt   string
}

// backend is the in-tree build backend of a package; it needs nothing.
const backend = `import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "%[1]s-%[2]s-py3-none-any.whl"
    info = "%[1]s-%[2]s.dist-info/"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("%[1]s.py", "VERSION = '%[2]s'\n")
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %[1]s\nVersion: %[2]s\n%[3]s")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: in-tree\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "RECORD", "%[1]s.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n")
    return name
`

func sourceOf(name, version string, requires ...string) map[string]string {
	lines, list := "", ""
	for _, r := range requires {
		lines += `Requires-Dist: ` + r + `\n`
		list += fmt.Sprintf("%q, ", r)
	}
	return map[string]string{
		"pyproject.toml": fmt.Sprintf("[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n[project]\nname = %q\nversion = %q\ndependencies = [%s]\n", name, version, list),
		"backend.py":     fmt.Sprintf(backend, strings.ReplaceAll(name, "-", "_"), version, lines),
	}
}

func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	python := testenv.Venv(t)
	w := newWorld(t)
	p := &pipeline{world: w, opt: filepath.Join(w.dir, "opt", "pinwheel"), index: pypisim.New(pypisim.Options{Files: true})}
	must(t, p.index.Load("six 1.16.0 2021-05-05\nsix 1.17.0 2024-12-04\n"))
	git, err := githttp.New(w.gitlab, t.TempDir())
	must(t, err)
	gitlab, index := httptest.NewServer(git), httptest.NewServer(p.index)
	t.Cleanup(gitlab.Close)
	t.Cleanup(index.Close)
	w.gitlab.SetBaseURL(gitlab.URL)
	p.url, p.git = gitlab.URL, git
	p.add("cki/cki-lib", sourceOf("cki-lib", "1.0", "six", "cki-tools @ git+"+p.url+"/cki/cki-tools.git@production"))
	p.add("cki/cki-tools", sourceOf("cki-tools", "2.0", "cki-lib @ git+"+p.url+"/cki/cki-lib.git@production"))
	p.add("cki/kpet-db", map[string]string{"trees.yaml": "rhel: 1\n"})
	w.write("pins.txt", "six==1.16.0\n")
	w.write("pinwheel.yaml", fmt.Sprintf(`gitlab: {url: %q}
index: {url: %q}
store: %q
audit_file: %q
projects: [{path: group/project}]
software:
  packages: [cki-lib, cki-tools]
  data: [kpet-db]
  namespace: cki
  constraints: %q
  path: %q
  images: [{name: python, python: %q}, {name: builder, python: %q}]
  registry: {project: group/project}
`, p.url, index.URL+"/simple/", w.path("pinwheel.db"), w.path("audit.jsonl"), w.path("pins.txt"), p.opt, python, python))
	return p
}

// keyOf is the key of the build of an image in the folder of the lock.
func (p *pipeline) keyOf(image string) string {
	p.t.Helper()
	var r struct {
		Key string `json:"key"`
	}
	must(p.t, json.Unmarshal([]byte(p.read("software/"+image+".json")), &r))
	return r.Key
}

// add makes a project with a branch production.
func (p *pipeline) add(path string, files map[string]string) {
	p.t.Helper()
	project := p.gitlab.AddProject(path, "main", files)
	p.gitlab.AddMember(project, "pinwheel-bot", gitlabsim.Reporter)
	p.gitlab.AddMember(project, "maintainer", gitlabsim.Maintainer)
	must(p.t, project.CreateBranch("maintainer", "production", "main"))
}

// software runs a command of prepare in the folder of the pipeline.
func (p *pipeline) software(command string, args ...string) (code int, out, complaints string) {
	p.t.Helper()
	args = append([]string{"prepare", command, "--config", p.path("pinwheel.yaml")}, args...)
	if command != "prune" {
		args = append(args, "--dir", p.path("software"))
	}
	return p.pinwheel(args...)
}

func (p *pipeline) must(command string, args ...string) string {
	p.t.Helper()
	code, out, complaints := p.software(command, args...)
	p.want(code, exitDone, complaints)
	return out
}

// TestPrepare goes the whole way with the commands: lock, build for two images, keep,
// fetch, use in a job without pinwheel and in one with it, and check.
func TestPrepare(t *testing.T) {
	testenv.InStep(t, 1, "prepare")
	p := newPipeline(t)
	has(t, p.must("lock"), "cki-lib ", "cki-tools ", "kpet-db ", "2 packages, 1 data project")
	p.pushLib(sourceOf("cki-lib", "9.9"))
	for _, image := range []string{"python", "builder"} {
		has(t, p.must("build", "--image", image, "--metrics", p.path("software.prom")), image+": built, "+image+".tar.gz")
		has(t, p.read("software.prom"), `pinwheel_software_ok{image="`+image+`"} 1`, `,how="built"} 1`, `pinwheel_software_packages{image="`+image+`"}`)
		has(t, p.must("push", "--image", image), "is kept")
		has(t, p.read("audit.jsonl"), `"event":"began","action":"PushBuild","target":"`+image+`"`, `"event":"ended","action":"PushBuild"`, `"after":["key `+p.keyOf(image)+`"],"result":"done"`)
		has(t, p.must("push", "--image", image), "was kept already")
	}
	has(t, p.must("check"), "the pins are what 2 images installed")
	_, examined, _ := p.pinwheel("doctor", "--config", p.path("pinwheel.yaml"))
	has(t, examined, "ok       software: git ", "ok       image python: on this machine its interpreter is cpython ", "ok       software: the constraints are those of "+p.path("pins.txt"),
		"ok       software: overrides may name projects of the set's own namespace", "ok       cki/cki-lib: can be read: production is at "+p.sha("cki/cki-lib")[:12],
		"ok       cki/kpet-db: can be read", "ok       group/project: builds are kept in its package registry, the newest of python since ", "prepare prune needs the role Maintainer")
	// A folder with nothing in it gets a build by its key alone.
	code, out, complaints := p.pinwheel("prepare", "fetch", "--config", p.path("pinwheel.yaml"), "--image", "python", "--dir", p.path("other"), "--key", p.keyOf("python"))
	p.want(code, exitDone, complaints)
	has(t, out, "python: fetched")
	has(t, p.read("other/use.sh"), p.path("other"))
	if n := len(p.project.Packages()); n != 4 {
		t.Errorf("%d files are kept, want a tarball and a record for each image: %q", n, p.project.Packages())
	}
	// Another machine: the artifacts are gone, the key is not.
	before := p.read("software/builder.tar.gz")
	must(t, os.Remove(p.path("software/builder.tar.gz")))
	has(t, p.must("build", "--image", "builder"), "builder: fetched")
	if p.read("software/builder.tar.gz") != before {
		t.Error("what was fetched is not what was pushed")
	}
	must(t, os.RemoveAll(p.opt))
	const use = `python -c 'import cki_lib, cki_tools, six; print(cki_lib.VERSION, cki_tools.VERSION)' && cat "$kpet_db_data_dir/trees.yaml"`
	const want = "1.0 2.0\nrhel: 1\n"
	if out := p.job(". software/use.sh && " + use); out != want {
		t.Errorf("a job prints %q, want %q", out, want)
	}
	must(t, os.RemoveAll(p.opt))
	if out := p.job(p.must("unpack", "--image", "builder") + use); out != want {
		t.Errorf("a job with pinwheel prints %q, want %q", out, want)
	}
}

// pushLib moves the branch production of cki-lib.
func (p *pipeline) pushLib(files map[string]string) {
	p.t.Helper()
	_, err := p.gitlab.Project("cki/cki-lib").Push("maintainer", "production", "Change", files)
	must(p.t, err)
}

func (p *pipeline) job(script string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "sh", "-euc", script)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestPrepareWhenPipSaysNo: the pin and the requirement are named, and the last good
// set is used, but not where something is overridden, or with --strict.
func TestPrepareWhenPipSaysNo(t *testing.T) {
	testenv.InStep(t, 2, "prepare")
	p := newPipeline(t)
	p.must("lock")
	good := p.must("build", "--image", "python")
	p.must("push", "--image", "python")
	p.pushLib(sourceOf("cki-lib", "3.0", "six>=1.17"))
	p.must("lock")
	code, _, complaints := p.software("build", "--image", "python", "--strict")
	p.want(code, exitFailed, complaints)
	says := "pinwheel: cki-lib 3.0 requires six>=1.17, and " + p.path("pins.txt") + ":1 pins six==1.16.0\n"
	has(t, complaints, says, "ERROR: ")
	// Of the image builder no build is kept.
	code, _, complaints = p.software("build", "--image", "builder")
	p.want(code, exitFailed, complaints)
	has(t, complaints, says)
	code, out, complaints := p.software("build", "--image", "python")
	p.want(code, exitDone, complaints)
	key := good[strings.LastIndex(good, "key "):]
	has(t, complaints, "WARNING: cki-lib 3.0 requires six>=1.17", "WARNING: so this pipeline uses the build ")
	has(t, out, "python: last good", key)
	must(t, os.RemoveAll(p.opt))
	if out := p.job(". software/use.sh && python -c 'import cki_lib; print(cki_lib.VERSION)'"); out != "1.0\n" {
		t.Errorf("the last good set has cki-lib %s", out)
	}
	// The same as an override is the fault of whoever asked for it.
	p.add("cki/fork", sourceOf("cki-lib", "4.0", "six>=1.17"))
	p.environ = []string{"cki_lib_pip_url=git+" + p.url + "/cki/fork.git@main"}
	p.must("lock")
	code, _, complaints = p.software("build", "--image", "python")
	p.want(code, exitFailed, complaints)
	has(t, complaints, "cki-lib 4.0 requires six>=1.17")
	if strings.Contains(complaints, "WARNING: so") {
		t.Errorf("an override was passed over:\n%s", complaints)
	}
	// An override that fits changes what is installed, for those that require it, too.
	p.add("cki/fits", sourceOf("cki-lib", "5.0"))
	p.environ = []string{"cki_lib_pip_url=git+" + p.url + "/cki/fits.git@main"}
	p.must("lock")
	p.must("build", "--image", "python")
	code, _, complaints = p.software("check")
	p.want(code, exitUsage, complaints) // builder was not built from this lock
	must(t, os.RemoveAll(p.opt))
	if out := p.job(". software/use.sh && python -c 'import cki_lib; print(cki_lib.VERSION)'"); out != "5.0\n" {
		t.Errorf("with an override it is cki-lib %s", out)
	}
}

// TestPrepareReadsTheVariablesOfAPipeline: the lists and the constraints may be
// variables, as CKI's are.
func TestPrepareReadsTheVariablesOfAPipeline(t *testing.T) {
	testenv.InStep(t, 6, "prepare")
	p := newPipeline(t)
	text := p.read("pinwheel.yaml")
	p.write("pinwheel.yaml", strings.Replace(text, fmt.Sprintf("  constraints: %q\n", p.path("pins.txt")), "  constraints_variable: PINS\n", 1))
	code, _, complaints := p.software("lock")
	p.want(code, exitUsage, complaints)
	has(t, complaints, "there are no constraints: set software.constraints to their file, or let the pipeline include the derived file that sets PINS")
	p.env["PINS"] = "six==1.17.0\n"
	p.env["GITLAB_COM_PACKAGES"] = "  cki/cki-lib@main\tcki-tools\n"
	p.env["DATA_PROJECTS"] = "cki/kpet-db@main"
	has(t, p.must("lock"), "cki-lib ", "(main of ", "kpet-db ", "(data, main of ")
	has(t, p.read("software/software.lock.json"), `"source": "$PINS"`, `"text": "six==1.17.0\n"`)
}

// TestPrepareHoldsWhatTheLockHolds: what a build computes and the lock does not hold is
// a sentence, and nothing is asked of a server.
func TestPrepareHoldsWhatTheLockHolds(t *testing.T) {
	testenv.InStep(t, 3, "prepare")
	p := newPipeline(t)
	p.add("cki/hidden", sourceOf("hidden", "1.0"))
	files := sourceOf("cki-lib", "1.0", "hidden @ git+"+p.url+"/cki/hidden.git@production")
	files["pyproject.toml"] = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n[project]\nname = \"cki-lib\"\ndynamic = [\"version\", \"dependencies\"]\n"
	p.pushLib(files)
	code, _, complaints := p.software("lock")
	p.want(code, exitDone, complaints)
	has(t, complaints, "cki-lib: what it requires is known to its build alone")
	code, _, complaints = p.software("build", "--image", "python")
	p.want(code, exitFailed, complaints)
	has(t, complaints, "something in the set requires git+"+p.url+"/cki/hidden.git@production, which the lock does not hold")
}
