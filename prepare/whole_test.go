package prepare

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// TestOneSetForEveryJob goes the whole way on real git, venv and pip: the lock holds
// what production was, however often it moves; the build installs just that; a job
// without pinwheel takes it into use.
func TestOneSetForEveryJob(t *testing.T) {
	testenv.InStep(t, 0, "prepare")
	w := newWorld(t)
	l := w.mustLock()
	lib, tools, data := w.sha("cki/cki-lib", "production"), w.sha("cki/cki-tools", "production"), w.sha("cki/kpet-db", "production")
	w.push("cki/cki-lib", "production", pythonProject("cki-lib", "9.9"))
	w.push("cki/kpet-db", "production", map[string]string{"trees/rhel.yaml": "rhel: 9\n"})
	if len(l.Packages) != 2 || l.Packages[0].SHA != lib || l.Packages[1].SHA != tools || len(l.Data) != 1 || l.Data[0].SHA != data {
		t.Fatalf("the lock is\n%s", l.Encode())
	}
	ours, theirs := used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
	b := w.mustBuild("python")
	ours, theirs = used(syscall.RUSAGE_SELF)-ours, used(syscall.RUSAGE_CHILDREN)-theirs
	t.Logf("pip %s, all %s; processor time: ours, with the index and the git server of this test, %s, of venv, pip and git %s", b.Pip, b.All, ours, theirs)
	if !testenv.Raced && ours > max(theirs/10, 2*time.Second) {
		t.Errorf("our own part of a build takes %s of processor time, and pip's %s: want a tenth of that or 2 s", ours, theirs)
	}
	if len(b.Findings) > 0 {
		t.Errorf("findings: %v", b.Findings)
	}
	versions := map[string]string{}
	for _, i := range b.Record.Installed {
		versions[i.Name] = i.Version
	}
	for name, want := range map[string]string{"cki-lib": "1.0", "cki-tools": "2.0", "six": "1.16.0", "urllib3": "2.1.0", "requests": "2.31.0"} {
		if versions[name] != want {
			t.Errorf("%s %q is installed, want %s", name, versions[name], want)
		}
	}
	// Each of five jobs is another container: nothing of the build is there but its
	// artifacts. production moves before each.
	for n := range 5 {
		w.push("cki/cki-lib", "production", pythonProject("cki-lib", fmt.Sprintf("9.%d", n)))
		if err := os.RemoveAll(filepath.Dir(w.root())); err != nil {
			t.Fatal(err)
		}
		if out := w.job(`. software/use.sh && cki-lib && cki-tools`); out != "cki-lib 1.0\ncki-tools 2.0\n" {
			t.Errorf("job %d prints\n%s", n, out)
		}
	}
	out := w.job(`. software/use.sh && cki-lib && cki-tools && cat "$kpet_db_data_dir/trees/rhel.yaml" && . software/use.sh && python -c 'import six'`)
	if out != "cki-lib 1.0\ncki-tools 2.0\nrhel: 1\n" {
		t.Errorf("the job prints\n%s", out)
	}
	// Where pinwheel is there, it does the same.
	u := Unpacking{Interpreter: b.Record.Interpreter, SHA256: b.Record.Tarball.SHA256}
	if _, err := Unpack(t.Context(), filepath.Join(w.lockDir(), "python.tar.gz"), u); err != nil {
		t.Fatal(err)
	}
	if out := w.job(`. software/use.sh && cki-tools`); out != "cki-tools 2.0\n" {
		t.Errorf("after unpack the job prints\n%s", out)
	}
	findings, err := CheckUnion(l, []Record{b.Record})
	if err != nil || len(findings) > 0 {
		t.Errorf("check: %v, %v", findings, err)
	}
}

// job runs a script as a job of a pipeline does, in the folder of its project.
func (w *world) job(script string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "sh", "-euc", script)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestTheSameLockGivesTheSameBytes: two builds differ in nothing, whatever the time, and
// whatever the machine has configured of pip, git and Python. The second one begins more
// than a minute after the first ended: this test waits, in its step, beside other work.
func TestTheSameLockGivesTheSameBytes(t *testing.T) {
	testenv.InStep(t, 1, "prepare")
	w := newWorld(t)
	w.push("cki/cki-lib", "production", pythonProject("cki-lib", "1.0", "six", "crontab", "cki-tools @ "+w.at("cki/cki-tools", "production")))
	wanted := w.want()
	wanted.Constraints = NewConstraints("constraints.txt", []byte(pinned+"crontab==1.0.1\n"))
	if _, err := w.lock(wanted); err != nil {
		t.Fatal(err)
	}
	first := w.mustBuild("python").Record
	ended := time.Now()
	tarball := filepath.Join(w.lockDir(), first.Tarball.Name)
	before := w.read(tarball)
	if err := os.RemoveAll(w.root()); err != nil {
		t.Fatal(err)
	}
	hostileMachine(t)
	time.Sleep(time.Until(ended.Add(61 * time.Second)))
	again := w.mustBuild("python").Record
	if first.Key != again.Key || !bytes.Equal(first.encode(), again.encode()) {
		t.Errorf("the records differ:\n%s\n%s", first.encode(), again.encode())
	}
	if before != w.read(tarball) {
		t.Error("the tarballs differ")
	}
	other := w.prepared("builder")
	if other.Key == first.Key {
		t.Error("two images have one key")
	}
	if strings.Contains(before, w.token) || strings.Contains(w.read(filepath.Join(w.lockDir(), LockName)), w.token) {
		t.Error("the token shows")
	}
}

// TestDataThatIsBuilt: pip installs a data project where the configuration says so, beside
// its tree, and no other one, be it a package or not. A release that is a source
// distribution alone is built by its own backend, and what a build
// requires comes from the index under the same constraints.
func TestDataThatIsBuilt(t *testing.T) {
	testenv.InStep(t, 7, "prepare")
	w := newWorld(t)
	files := pythonProject("kpet-db", "4.0", "crontab")
	files["trees/rhel.yaml"] = "rhel: 4\n"
	// What its build requires is of the index, and under the same constraints.
	files["pyproject.toml"] = strings.Replace(files["pyproject.toml"], "requires = []", `requires = ["six"]`, 1)
	files["backend.py"] = "import importlib.metadata\nassert importlib.metadata.version('six') == '1.16.0', importlib.metadata.version('six')\n" + files["backend.py"]
	w.push("cki/kpet-db", "production", files)
	w.project("cki/kernel-config", pythonProject("kernel-config", "1.0"))
	wanted := w.want()
	d := Defaults{Namespace: "cki", Ref: "production"}
	var err error
	if wanted.Data, err = ParseEntries("kpet-db kernel-config", d); err != nil {
		t.Fatal(err)
	}
	wanted.Packages, wanted.Install = nil, []string{"kpet-db"}
	wanted.Constraints = NewConstraints("constraints.txt", []byte("six==1.16.0\ncrontab==1.0.1\n"))
	if _, err := w.lock(wanted); err != nil {
		t.Fatal(err)
	}
	b := w.mustBuild("builder")
	var got []string
	for _, i := range b.Record.Installed {
		if i.Commit != "" && i.Commit != w.sha("cki/kpet-db", "production") {
			t.Errorf("%s is installed at %s", i.Name, i.Commit)
		}
		if !slices.Contains(installers, i.Name) {
			got = append(got, i.Name+" "+i.Version)
		}
	}
	if want := "crontab 1.0.1, kpet-db 4.0, six 1.16.0"; strings.Join(got, ", ") != want {
		t.Errorf("installed are %s, want %s", strings.Join(got, ", "), want)
	}
	if len(b.Findings) > 0 {
		t.Errorf("findings: %v", b.Findings)
	}
	if err := os.RemoveAll(filepath.Dir(w.root())); err != nil {
		t.Fatal(err)
	}
	if out := w.job(`. software/use.sh && kpet-db && cat "$kpet_db_data_dir/trees/rhel.yaml" && ls "$kernel_config_data_dir" && ! command -v kernel-config`); out != "kpet-db 4.0\nrhel: 4\nbackend.py\nkernel_config.py\npyproject.toml\n" {
		t.Errorf("a job prints\n%s", out)
	}
}
