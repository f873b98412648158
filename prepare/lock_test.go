package prepare

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refuses wants a lock to be refused in one sentence, as a mistake of its user.
func (w *world) refuses(wanted Wanted, says string) {
	w.t.Helper()
	_, err := w.lock(wanted)
	var m *Mistake
	if !errors.As(err, &m) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		w.t.Errorf("the lock says %v, want a mistake with %q", err, says)
	}
	if _, err := os.Stat(w.lockDir()); err == nil {
		w.t.Error("half a lock was left")
	}
}

// A ref is resolved once, whoever names it, and what members require is followed.
func TestALockFollowsWhatItsMembersRequire(t *testing.T) {
	w := newWorld(t)
	w.project("mirror/kcidb-io", pythonProject("kcidb-io", "1.0"))
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.1", "kcidb-io @ "+w.at("mirror/kcidb-io", "main"), "cki-lib @ "+w.at("cki/cki-lib", "production")))
	l := w.mustLock()
	if len(l.Packages) != 3 || l.Packages[2].Name != "kcidb-io" || l.Packages[2].Requirement != "" || l.Packages[2].SHA != w.sha("mirror/kcidb-io", "main") {
		t.Errorf("the lock is\n%s", l.Encode())
	}
	again := w.mustLock()
	if l.Digest() != again.Digest() {
		t.Error("a second lock of an unchanged world differs")
	}
	read, err := LoadLock(w.lockDir())
	if err != nil || read.Digest() != l.Digest() {
		t.Errorf("the lock reads as %v, %v", read, err)
	}
	list, err := os.ReadDir(filepath.Join(w.lockDir(), MirrorName))
	if err != nil || len(list) != 4 {
		t.Errorf("mirrors: %v, %v", list, err)
	}
	// One exchange for the refs and one for the objects.
	if n := w.git.Asked("mirror/kcidb-io"); n > 2*3 {
		t.Errorf("a repository was asked %d times for two locks", n)
	}
}

func TestAnOverrideTakesTheMembersPlace(t *testing.T) {
	w := newWorld(t)
	w.project("fork/cki-lib", pythonProject("cki-lib", "7.0"))
	l := w.mustLock("cki_lib_pip_url=" + w.at("fork/cki-lib", "main"))
	if p := l.Packages[0]; p.SHA != w.sha("fork/cki-lib", "main") || p.OverriddenBy != "cki_lib_pip_url" || !strings.HasSuffix(p.Requirement, "/cki/cki-lib.git@production") {
		t.Errorf("the lock is\n%s", l.Encode())
	}
	if got := l.Overridden(); len(got) != 1 {
		t.Errorf("overridden: %v", got)
	}
	if l.Digest() == w.mustLock().Digest() {
		t.Error("a lock with an override is the one without")
	}
}

func TestWhatALockRefuses(t *testing.T) {
	w := newWorld(t)
	w.project("fork/cki-lib", pythonProject("cki-lib", "7.0"))
	w.refuses(w.want("nothing_pip_url="+w.at("fork/cki-lib", "main")), "nothing_pip_url overrides no member of the set: the set has cki_lib_pip_url, cki_tools_pip_url, kpet_db_pip_url")
	w.refuses(w.want("cki_lib_pip_url="+w.at("fork/cki-lib", "gone")), "cki_lib_pip_url: "+w.url+"/fork/cki-lib.git has no branch, tag or commit gone")
	w.refuses(w.want("kpet_db_pip_url="+w.at("fork/cki-lib", "main")+"#subdirectory=db"), "kpet_db_pip_url names the subdirectory db, and kpet-db is data, of which the whole tree is unpacked: leave #subdirectory out")
	sha := w.sha("cki/cki-lib", "production")
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "cki-lib @ "+w.at("cki/cki-lib", sha)))
	w.refuses(w.want("cki_lib_pip_url="+w.at("fork/cki-lib", "main")), "cki-tools requires cki-lib at commit "+sha[:12]+", and cki_lib_pip_url is at ")
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "cki-lib @ "+w.at("other/cki-lib", "production")))
	w.refuses(w.want(), "cki-tools requires cki-lib from ")
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "x @ https://example.com/x-1.0-py3-none-any.whl"))
	w.refuses(w.want(), "which a lock cannot hold")
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "x @ "+w.at("cki/gone", "main")))
	w.refuses(w.want(), "which cki-tools requires")
	w.project("cki/third", pythonProject("third", "1.0", "cki-lib @ "+w.at("cki/cki-lib", "main")))
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "cki-lib @ "+w.at("cki/cki-lib", "production"), "third @ "+w.at("cki/third", "main")))
	w.refuses(w.want(), "pip takes one URL for a name")
}

// A branch and a tag of every member answer with the locked commit, in the mirror.
func TestMirrorsAnswerEveryRefWithTheLockedCommit(t *testing.T) {
	w := newWorld(t)
	w.project("fork/cki-lib", pythonProject("cki-lib", "7.0"))
	if err := w.gitlab.Project("fork/cki-lib").Tag("dev", "production", "main"); err != nil {
		t.Fatal(err)
	}
	w.push("fork/cki-lib", "main", pythonProject("cki-lib", "8.0"))
	w.mustLock("cki_lib_pip_url=" + w.at("fork/cki-lib", "main"))
	g := &git{scratch: t.TempDir(), protocols: "file", config: gitSettings(Credential{}, "")}
	to := filepath.Join(t.TempDir(), "clone")
	mirror := "file://" + filepath.Join(w.lockDir(), MirrorName, "cki-lib.git")
	if _, err := g.run(t.Context(), w.dir, "clone", "-q", mirror, to); err != nil {
		t.Fatal(err)
	}
	want := w.sha("fork/cki-lib", "main")
	for _, ref := range []string{"HEAD", "origin/production", "origin/main"} {
		got, err := g.run(t.Context(), to, "rev-parse", ref)
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s is %s (%v), want %s", ref, got, err, want)
		}
	}
	if _, err := g.run(t.Context(), to, "rev-parse", "-q", "--verify", "refs/tags/production"); err == nil {
		t.Error("a tag of that name answers with another commit")
	}
}

// What a build computes is not followed, and the lock says so.
func TestComputedRequirementsAreSaid(t *testing.T) {
	w := newWorld(t)
	files := pythonProject("cki-lib", "1.0")
	files["pyproject.toml"] = "[build-system]\nrequires = []\n[project]\nname = \"cki-lib\"\nversion = \"1\"\ndynamic = [\"dependencies\"]\n"
	w.push("cki/cki-lib", "production", files)
	l := w.mustLock()
	if p := l.Packages[0]; !strings.Contains(p.Unread, "only its build computes them") {
		t.Errorf("the lock is\n%s", l.Encode())
	}
}

// The token is in no file of the lock and in no sentence.
func TestNoTokenShowsInALock(t *testing.T) {
	w := newWorld(t)
	w.mustLock()
	err := filepath.WalkDir(w.lockDir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(w.read(path), w.token) {
			t.Errorf("%s holds the token", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.gitlab.Revoke(w.token)
	if _, err := w.lock(w.want()); err == nil || strings.Contains(err.Error(), w.token) || !strings.Contains(err.Error(), "kpet-db") {
		t.Errorf("with a token that was revoked: %v", err)
	}
}

func TestConstraintsReachNoOtherFile(t *testing.T) {
	for line, says := range map[string]string{"-c other.txt": "reaches beyond this file", "--index-url https://x": "reaches beyond", "six==${V}": "reaches beyond", "six=1": "is not an operator"} {
		if _, err := ReadConstraints("pins.txt", []byte("idna==3.6\n"+line+"\n")); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "pins.txt:2") {
			t.Errorf("%s: %v, want %q", line, err, says)
		}
	}
}

// A lock is what is installed: where the constraints were read changes neither its
// digest, nor the key of its builds, nor a byte of them. A pipeline that has them from a
// variable finds the builds of one that has them in a file.
func TestALockIsTheSameFromAFileAndAVariable(t *testing.T) {
	t.Parallel()
	of := func(source, text string) Lock {
		return Lock{Format: 1, Packages: []Package{}, Data: []Data{}, Constraints: NewConstraints(source, []byte(text))}
	}
	file, variable := of("group/constraints.txt", pinned), of("$PYTHON_CONSTRAINTS", pinned)
	if file.Digest() != variable.Digest() || !bytes.Equal(file.packed(), variable.packed()) {
		t.Errorf("two locks of the same bytes are %s and %s", file.Digest(), variable.Digest())
	}
	if file.Digest() == of("group/constraints.txt", pinned+"idna==3.6\n").Digest() {
		t.Error("other constraints give the same lock")
	}
	if again, err := ReadLock(file.Encode()); err != nil || again.Constraints.Source != "group/constraints.txt" || again.Digest() != file.Digest() {
		t.Errorf("the file of a lock reads as %+v, %v", again.Constraints, err)
	}
	if packed, err := ReadLock(file.packed()); err != nil || packed.Digest() != file.Digest() {
		t.Errorf("the lock in a tarball is another one: %v", err)
	}
}
