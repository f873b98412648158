package prepare

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// shelves are the two ways of keeping builds.
type shelves struct {
	gitlab  *gitlabsim.Server
	project *gitlabsim.Project
	now     time.Time
	all     map[string]Shelf
}

func newShelves(t *testing.T, job bool) *shelves {
	t.Helper()
	s := &shelves{now: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)}
	var storage *httptest.Server
	server := httptest.NewUnstartedServer(nil)
	storage = httptest.NewUnstartedServer(nil)
	storage.Start()
	t.Cleanup(storage.Close)
	s.gitlab = gitlabsim.New(gitlabsim.Options{Now: func() time.Time { return s.now }, PackagesAt: storage.URL})
	storage.Config.Handler, server.Config.Handler = s.gitlab.Storage(), s.gitlab
	server.Start()
	t.Cleanup(server.Close)
	s.gitlab.SetBaseURL(server.URL)
	s.gitlab.AddUser("owner", "An Owner", false)
	s.project = s.gitlab.AddProject("group/project", "main", map[string]string{"a": "b"})
	s.gitlab.AddMember(s.project, "owner", gitlabsim.Maintainer)
	token := s.gitlab.Token("owner")
	if job {
		token = s.gitlab.JobToken("owner")
	}
	client, err := gitlab.Connect(gitlab.Options{URL: server.URL, Token: token, Job: job})
	if err != nil {
		t.Fatal(err)
	}
	s.all = map[string]Shelf{"gitlab": OnGitLab(client, s.project.ID()), "folder": InFolder(filepath.Join(t.TempDir(), "kept"))}
	t.Cleanup(func() {
		for _, f := range s.gitlab.Failures() {
			t.Errorf("the GitLab saw: %s", f)
		}
	})
	return s
}

// keyOf is the key of a build of a lock, which a letter names, for the image python.
func keyOf(lock byte) string {
	return target{strings.Repeat(string(lock), 64), ourPython, Image{Name: "python"}, "/opt/pinwheel", Gzip, nil}.key()
}

// build leaves a build of a lock in a folder of its own, without pip.
func build(t *testing.T, lock byte, tarball string) (dir string, r Record) {
	t.Helper()
	dir = t.TempDir()
	r = Record{Format: 1, Key: keyOf(lock), Lock: strings.Repeat(string(lock), 64), Image: Image{Name: "python"}, Interpreter: ourPython, Root: "/opt/pinwheel",
		Tarball: Tarball{"python.tar.gz", digestOf([]byte(tarball)), int64(len(tarball))}, Installed: []Installed{}, Data: []string{}, Overridden: []string{}}
	for name, data := range map[string][]byte{"python.tar.gz": []byte(tarball), "python.json": r.encode()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, r
}

// replaceRecord writes another record beside the tarball of a build.
func replaceRecord(t *testing.T, dir string, r Record) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "python.json"), r.encode(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func push(t *testing.T, s Shelf, dir string) bool {
	t.Helper()
	_, pushed, err := Push(t.Context(), s, Pushing{Dir: dir, Image: "python"})
	if err != nil {
		t.Fatal(err)
	}
	return pushed
}

// What was pushed is fetched, also from a store of objects that takes no token, and by
// the token of a job.
func TestWhatIsKeptIsFetched(t *testing.T) {
	for _, job := range []bool{false, true} {
		for name, s := range newShelves(t, job).all {
			dir, r := build(t, 'a', "bytes of a tarball")
			if _, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: r.Key}); err != nil || found {
				t.Errorf("%s: before: %v, %v", name, found, err)
			}
			if !push(t, s, dir) || push(t, s, dir) {
				t.Errorf("%s: a build is to be pushed once", name)
			}
			to := t.TempDir()
			got, found, err := Fetch(t.Context(), s, to, Kept{Image: "python", Key: r.Key})
			if err != nil || !found || !bytes.Equal(got.encode(), r.encode()) {
				t.Fatalf("%s: %v, %v, %v", name, got, found, err)
			}
			if data, err := os.ReadFile(filepath.Join(to, "python.tar.gz")); err != nil || string(data) != "bytes of a tarball" {
				t.Errorf("%s: fetched %q, %v", name, data, err)
			}
		}
	}
}

// Two builders of one key whose tarballs differ leave a whole build, whatever the order.
func TestTwoBuildersOfOneKey(t *testing.T) {
	for name, s := range newShelves(t, false).all {
		_, a := build(t, 'a', "one")
		_, b := build(t, 'a', "two")
		put := func(r Record, text string) {
			if err := s.put(t.Context(), shelved{"python", r.Key, tarballOn(r.Tarball)}, strings.NewReader(text), r.Tarball); err != nil {
				t.Fatal(err)
			}
		}
		record := func(r Record) {
			data := r.encode()
			if err := s.put(t.Context(), shelved{"python", r.Key, shelvedRecord}, bytes.NewReader(data), Tarball{SHA256: digestOf(data), Size: int64(len(data))}); err != nil {
				t.Fatal(err)
			}
		}
		put(a, "one")
		put(b, "two")
		record(b)
		record(a)
		got, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: a.Key})
		if err != nil || !found || got.Tarball != a.Tarball {
			t.Errorf("%s: %v, %v, %v", name, got.Tarball, found, err)
		}
	}
}

// A build is there once its record is: an upload that ended before leaves none, and
// the next one completes it, also where the registry takes no file twice.
func TestAPushThatEnded(t *testing.T) {
	w := newShelves(t, false)
	w.project.Set(gitlabsim.Settings{NoDuplicates: true})
	for name, s := range w.all {
		dir, r := build(t, 'a', "bytes")
		if err := s.put(t.Context(), shelved{"python", r.Key, tarballOn(r.Tarball)}, strings.NewReader("bytes"), r.Tarball); err != nil {
			t.Fatal(err)
		}
		if _, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: r.Key}); err != nil || found {
			t.Errorf("%s: half a build is found: %v", name, err)
		}
		if !push(t, s, dir) {
			t.Errorf("%s: what was begun is not completed", name)
		}
		if _, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: r.Key}); err != nil || !found {
			t.Errorf("%s: it is not found: %v", name, err)
		}
	}
}

// A tarball that is not what its record says is as none, and leaves nothing.
func TestADamagedBuildIsNone(t *testing.T) {
	for name, s := range newShelves(t, false).all {
		dir, r := build(t, 'a', "bytes")
		push(t, s, dir)
		other := r.Tarball
		other.SHA256 = digestOf([]byte("bytez"))
		_ = s.put(t.Context(), shelved{"python", r.Key, tarballOn(r.Tarball)}, strings.NewReader("bytez"), other)
		to := t.TempDir()
		if _, found, err := Fetch(t.Context(), s, to, Kept{Image: "python", Key: r.Key}); err != nil || found {
			t.Errorf("%s: %v, %v", name, found, err)
		}
		if list, err := os.ReadDir(to); err != nil || len(list) > 0 {
			t.Errorf("%s: %v is left, %v", name, list, err)
		}
	}
}

// Prune removes what is old, but for the newest and what is named.
func TestPrune(t *testing.T) {
	w := newShelves(t, false)
	s := w.all["gitlab"]
	letters := map[string]string{}
	for _, lock := range []byte("abcd") {
		dir, r := build(t, lock, string(lock))
		letters[r.Key] = string(lock)
		push(t, s, dir)
		w.now = w.now.AddDate(0, 0, 10)
	}
	keys := func() (out string) {
		all, err := s.list(t.Context(), "python")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			out += letters[k.Key]
		}
		return out
	}
	which := Pruning{Image: "python", Before: w.now.AddDate(0, 0, -15), Used: InUse{Keys: []string{keyOf('b')}}, Dry: true}
	if gone, err := Prune(t.Context(), s, which); err != nil || len(gone) != 2 || keys() != "dcba" {
		t.Errorf("a dry run: %v, %v, left %s", gone, err, keys())
	}
	which.Dry = false
	if _, err := Prune(t.Context(), s, which); err != nil || keys() != "db" {
		t.Errorf("%v, left %s", err, keys())
	}
	which.Before, which.Used = w.now.AddDate(1, 0, 0), InUse{}
	if _, err := Prune(t.Context(), s, which); err != nil || keys() != "d" {
		t.Errorf("the newest stays: %v, left %s", err, keys())
	}
}
