package prepare

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostileMachine gives the process the configuration and the variables of somebody who
// wants another set: of pip, of git, of Python.
func hostileMachine(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for path, text := range map[string]string{
		".gitconfig":             "[url \"file:///nowhere/\"]\n\tinsteadOf = http\n[http]\n\tproxy = http://127.0.0.1:1\n[core]\n\thooksPath = " + home + "\n",
		".config/git/config":     "[url \"file:///nowhere/\"]\n\tinsteadOf = http\n",
		".config/pip/pip.conf":   "[global]\nindex-url = http://127.0.0.1:1/\nno-deps = true\n[install]\nuser = true\n",
		".pip/pip.conf":          "[global]\nindex-url = http://127.0.0.1:1/\n",
		".pydistutils.cfg":       "[install]\nprefix = /nowhere\n",
		".netrc":                 "machine 127.0.0.1 login evil password evil\n",
		"lib/sitecustomize.py":   "raise SystemExit('evil')\n",
		"lib/usercustomize.py":   "raise SystemExit('evil')\n",
		"constraints.txt":        "six==1.17.0\n",
		"templates/hooks/update": "#!/bin/sh\nexit 1\n",
	} {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": home + "/.config", "NETRC": home + "/.netrc",
		"PIP_CONFIG_FILE": home + "/.config/pip/pip.conf", "PIP_INDEX_URL": "http://127.0.0.1:1/", "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:1/", "PIP_NO_DEPS": "1", "PIP_USER": "1",
		"PIP_TARGET": home + "/target", "PIP_PREFIX": home, "PIP_CONSTRAINT": home + "/constraints.txt", "PIP_PRE": "1", "PIP_NO_INDEX": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_FIND_LINKS": home,
		"PYTHONPATH": home + "/lib", "PYTHONHOME": home, "PYTHONSTARTUP": home + "/lib/sitecustomize.py", "PYTHONUSERBASE": home, "PYTHONPYCACHEPREFIX": home, "PYTHONOPTIMIZE": "2", "VIRTUAL_ENV": home,
		"GIT_CONFIG_GLOBAL": home + "/.gitconfig", "GIT_CONFIG_SYSTEM": home + "/.gitconfig", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url.file:///nowhere/.insteadOf", "GIT_CONFIG_VALUE_0": "http",
		"GIT_DIR": home, "GIT_WORK_TREE": home, "GIT_INDEX_FILE": home + "/index", "GIT_OBJECT_DIRECTORY": home, "GIT_ALTERNATE_OBJECT_DIRECTORIES": home, "GIT_TEMPLATE_DIR": home + "/templates",
		"GIT_PROXY_COMMAND": "/bin/false", "GIT_SSH_COMMAND": "/bin/false", "GIT_EXEC_PATH": home, "GIT_NAMESPACE": "evil", "GIT_CEILING_DIRECTORIES": "/", "GIT_TRACE": home + "/trace",
	} {
		t.Setenv(name, value)
	}
}

// TestNoConfigurationOfTheMachineChangesALock: neither git's variables nor its files do.
func TestNoConfigurationOfTheMachineChangesALock(t *testing.T) {
	w := newWorld(t)
	want := w.mustLock().Digest()
	hostileMachine(t)
	if got := w.mustLock().Digest(); got != want {
		t.Error("the lock is another one")
	}
}

// What `check` finds is judged over all images: a package without a pin in any of them,
// another version than its pin's, a pin that no image installs.
func TestCheckJudgesTheUnionOfImages(t *testing.T) {
	t.Parallel()
	l := Lock{Format: 1, Constraints: NewConstraints("pins.txt", []byte("six==1.16.0\nonly-in-builder==1.0\nnowhere==2.0\nrequests<3\n"))}
	record := func(image string, installed ...Installed) Record {
		return Record{Image: Image{Name: image}, Lock: l.Digest(), Installed: installed}
	}
	sha := strings.Repeat("a", 40)
	python := record("python", Installed{Name: "six", Version: "1.16.0"}, Installed{Name: "cki-lib", Version: "1.0", Commit: sha}, Installed{Name: "pip", Version: "24.0"}, Installed{Name: "requests", Version: "2.0"})
	builder := record("builder", Installed{Name: "six", Version: "1.17.0"}, Installed{Name: "only-in-builder", Version: "1.0"}, Installed{Name: "more", Version: "3.1"})
	findings, err := CheckUnion(l, []Record{python, builder})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%s: %s", f.Kind, f.Text))
	}
	want := []string{
		"unpinned: builder: more 3.1 is installed, and has no pin: add more==3.1",
		"unused: line 3 pins nowhere, which no image installs: remove it",
		"otherwise: builder: six 1.17.0 is installed, and line 1 pins ==1.16.0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A pin of one image alone is used.
	if _, err := CheckUnion(l, []Record{python, {Image: Image{Name: "old"}, Lock: strings.Repeat("0", 64)}}); err == nil || !strings.Contains(err.Error(), "old was built from another lock") {
		t.Errorf("a record of another lock: %v", err)
	}
}

// Data projects that are packages, too, are installed where the configuration says so.
func TestDataThatIsInstalled(t *testing.T) {
	w := newWorld(t)
	w.push("cki/kpet-db", "production", pythonProject("kpet-db", "4.0", "six"))
	wanted := w.want()
	l, err := w.lock(wanted)
	if err != nil || len(l.Packages) != 2 {
		t.Fatalf("the lock is\n%s, %v", l.Encode(), err)
	}
	wanted.Install = []string{"kpet-db"}
	if l, err = w.lock(wanted); err != nil {
		t.Fatal(err)
	}
	if p := l.Packages[len(l.Packages)-1]; p.Name != "kpet-db" || p.SHA != l.Data[0].SHA || p.Requirement != "kpet-db @ "+w.at("cki/kpet-db", "production") {
		t.Errorf("the lock is\n%s", l.Encode())
	}
	wanted.Install = []string{"other"}
	if err := os.RemoveAll(w.lockDir()); err != nil {
		t.Fatal(err)
	}
	w.refuses(wanted, "software.install names other, which is none of the data projects")
}
