package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// TestDamagedDatabaseWritesNothingTwice spoils one page of the database after
// the other, between two runs: the second is done, finds everything again on
// GitLab and writes nothing there.
func TestDamagedDatabaseWritesNothingTwice(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.now = time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)
	w.run()
	if n := len(w.project.MRs()); n != 2 {
		t.Fatalf("%d merge requests to begin with", n)
	}
	whole := w.database()
	const page = 4096
	spoil := map[string]func(data []byte) []byte{
		"cut short": func(data []byte) []byte { return data[:len(data)/2] },
		"zeros":     func(data []byte) []byte { return make([]byte, len(data)) },
		"no longer": func([]byte) []byte { return nil },
	}
	for at := 0; at < len(whole); at += page {
		spoil[fmt.Sprintf("page at %d", at)] = func(data []byte) []byte {
			for i := at; i < min(at+page, len(data)); i++ {
				data[i] ^= 0xa5
			}
			return data
		}
	}
	aside := 0
	for name, spoil := range spoil {
		dir := t.TempDir()
		w.path = filepath.Join(dir, "pinwheel.db")
		if data := spoil(append([]byte(nil), whole...)); data != nil {
			if err := os.WriteFile(w.path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.gitlab.ForgetRequests()
		if r := w.run(); r.Status != reconcile.Done || r.Wrote != 0 {
			t.Errorf("%s: %s, wrote %d: %v", name, r.Status, r.Wrote, r.Failures)
		}
		for _, q := range w.gitlab.Requests() {
			if q.Write {
				t.Errorf("%s: wrote %v", name, q)
			}
		}
		kept, err := filepath.Glob(w.path + ".damaged-*")
		if err != nil || len(kept) > 1 {
			t.Errorf("%s: set aside %v, %v", name, kept, err)
		}
		aside += len(kept)
	}
	if aside < 5 {
		t.Errorf("only %d of %d damages were noticed", aside, len(spoil))
	}
	t.Logf("%d ways of damage, %d noticed", len(spoil), aside)
}

// TestDatabaseDeletedWhileRunning: a run that finds its file gone goes on with
// a new one, and nothing on GitLab happens twice.
func TestDatabaseDeletedWhileRunning(t *testing.T) {
	w := newWorld(t)
	w.now = time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)
	runner := w.runner()
	step := func() {
		t.Helper()
		r, err := runner.Run(context.Background(), w.config.Projects[0], w.now)
		if err != nil || r.Status != reconcile.Done {
			t.Fatalf("%s %v %v", r.Status, r.Failures, err)
		}
	}
	step()
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	w.gitlab.ForgetRequests()
	step()
	if _, err := os.Stat(w.path); err != nil {
		t.Error(err)
	}
	// And once more in the middle of a run: it may fail, the next is done.
	var gone sync.Once // reads are made several at a time
	w.gitlab.OnRequest(func(c gitlabsim.Call) {
		if c.Method == "GET" {
			gone.Do(func() { _ = os.Remove(w.path) })
		}
	})
	step()
	step()
	for _, q := range w.gitlab.Requests() {
		if q.Write {
			t.Errorf("wrote %v", q)
		}
	}
}

// database is the file as a run left it, without its log.
func (w *world) database() []byte {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(w.path + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	s, err := store.Open(context.Background(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Close(); err != nil { // takes the log in
		w.t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}
