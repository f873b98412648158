package prepare

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// A lock with a candidate is the lock that there is when the candidate is in
// production, to the byte, so that its builds are found by key then.
func TestACandidateIsLockedAsItWillBe(t *testing.T) {
	testenv.InStep(t, 5, "prepare")
	w := newWorld(t)
	w.push("cki/cki-lib", "main", pythonProject("cki-lib", "3.0"))
	next := w.sha("cki/cki-lib", "main")
	wanted := w.want()
	var err error
	if wanted.Candidate, err = ParseCandidate("cki/cki-lib@"+next, "production"); err != nil {
		t.Fatal(err)
	}
	before, err := w.lock(wanted)
	if err != nil {
		t.Fatal(err)
	}
	if before.Packages[0].SHA != next || len(before.Overridden()) != 0 {
		t.Errorf("the lock is\n%s", before.Encode())
	}
	if w.sha("cki/cki-lib", "production") == next {
		t.Fatal("production is at the candidate already, so this shows nothing")
	}
	if err := w.gitlab.Project("cki/cki-lib").PushRef("dev", "production", "main"); err != nil {
		t.Fatal(err)
	}
	if after := w.mustLock(); after.Digest() != before.Digest() {
		t.Errorf("the lock in production is\n%s\nand was with the candidate\n%s", after.Encode(), before.Encode())
	}
	for _, text := range []string{"cki-lib@" + next, "cki/cki-lib@production", "cki/cki-lib", "cki/cki-lib@" + next[:12], "../x@" + next, "a/b@" + next + "\n"} {
		if _, err := ParseCandidate(text, "production"); err == nil {
			t.Errorf("%q is a candidate", text)
		}
	}
}

// TestProve: a set counts as built if its lock is of just these commits, every image's
// record is of that lock, and the build of its key is kept.
func TestProve(t *testing.T) {
	a, b, other := strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("c", 40)
	lock := Lock{Format: 1, Packages: []Package{{Name: "lib", Project: "cki/lib", SHA: a}}, Data: []Data{{Name: "db", Project: "cki/db", SHA: b}}, Constraints: NewConstraints("c.txt", []byte("six==1\n"))}
	members := map[string]string{"cki/lib": a, "CKI/db": b}
	dir, shelf := t.TempDir(), InFolder(t.TempDir())
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	record := func(image, of string) {
		tarball := []byte("tarball of " + image)
		r := Record{Format: 1, Lock: of, Image: Image{Name: image, Reference: image}, Interpreter: Interpreter{Executable: "/usr/bin/python3", Version: "3.12.1"}, Root: "/opt/pinwheel",
			Tarball: Tarball{Name: tarballName(image, Gzip), SHA256: digestOf(tarball), Size: int64(len(tarball))}, Installed: []Installed{}, Data: []string{}, Overridden: []string{}}
		r.Key = r.target().key()
		write(tarballName(image, Gzip), tarball)
		write(recordName(image), r.encode())
	}
	write(LockName, lock.Encode())
	prove := func(says string, with map[string]string) []Proven {
		t.Helper()
		got, err := Prove(t.Context(), shelf, Proof{dir, []string{"python", "builder"}, with})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%v, want %q", err, says)
		}
		return got
	}
	prove("there is no "+filepath.Join(dir, "python.json"), members)
	record("python", lock.Digest())
	record("builder", lock.Digest())
	prove("of image python is not kept", members)
	for _, image := range []string{"python", "builder"} {
		if _, _, err := Push(t.Context(), shelf, Pushing{Dir: dir, Image: image}); err != nil {
			t.Fatal(err)
		}
	}
	if got := prove("", members); len(got) != 2 || got[0].Image != "python" || got[0].Lock != lock.Digest() {
		t.Errorf("proven: %+v", got)
	}
	prove("the lock has cki/lib at aaaaaaaaaaaa, and production would have it at cccccccccccc", map[string]string{"cki/lib": other, "cki/db": b})
	prove("the lock has not cki/tools", map[string]string{"cki/lib": a, "cki/db": b, "cki/tools": other})
	record("builder", strings.Repeat("9", 64))
	prove("builder.json was built of another lock", members)
	lock.Packages[0].OverriddenBy = "lib_pip_url"
	write(LockName, lock.Encode())
	prove("the lock has overrides (lib_pip_url)", members)
	var m *Mistake
	if _, err := Prove(t.Context(), shelf, Proof{Dir: t.TempDir()}); !errors.As(err, &m) {
		t.Errorf("without a lock: %v", err)
	}
}
