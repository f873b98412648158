package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

// writes are every method that writes, with rows large enough to need room.
var writes = map[string]func(ctx context.Context, s *Store) error{
	"memory": func(ctx context.Context, s *Store) error {
		return s.SaveMemory(ctx, Memory{Path: "g/p", DashboardBody: strings.Repeat("x", 9000)})
	},
	"branch": func(ctx context.Context, s *Store) error {
		return s.SaveBranch(ctx, "g/p", Branch{Name: "b", Message: strings.Repeat("x", 9000)})
	},
	"merge requests": func(ctx context.Context, s *Store) error {
		return s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 5, State: plan.Opened}, {IID: 6, State: plan.Opened, Title: strings.Repeat("x", 9000)}})
	},
	"selection": func(ctx context.Context, s *Store) error {
		return s.SaveSelection(ctx, "g/p", Selection{Tick: plan.Tick{ID: "n", Text: strings.Repeat("x", 9000)}, State: Pending, At: t0})
	},
	"facts": func(ctx context.Context, s *Store) error {
		return s.SaveFacts(ctx, "pypi", []Facts{{Name: "a"}, {Name: "b", Blob: make([]byte, 9000), Details: make([]byte, 9000)}})
	},
	"metadata": func(ctx context.Context, s *Store) error {
		return s.SaveMetadata(ctx, "pypi", []MetadataRow{{Name: "a", Version: "1", Status: "known", Blob: make([]byte, 9000)}})
	},
	"run": func(ctx context.Context, s *Store) error {
		_, err := runAs(s, Owner{Host: strings.Repeat("x", 9000)}, nil).BeginRun(ctx, "g/p", t0, time.Hour)
		return err
	},
	"action": func(ctx context.Context, s *Store) error {
		run, err := runAs(s, Owner{Host: "h"}, nil).BeginRun(ctx, "g/q", t0, time.Hour)
		if err != nil {
			return err
		}
		_, err = s.BeginAction(ctx, Action{run, "kind", "target", strings.Repeat("x", 9000)}, AuditEntry{At: t0, Project: "g/q", Run: run, Event: Began})
		return err
	},
}

// TestFullDisk lets the file grow no further at every write: the sentence says
// so, what was there stays, and with room the same write goes through.
func TestFullDisk(t *testing.T) {
	for name, write := range writes {
		ctx, s := t.Context(), opened(t, file(t))
		must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "before", Head: "aaa"}))
		var pages int
		must(t, s.db().QueryRow(`PRAGMA page_count`).Scan(&pages))
		_, err := s.db().Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
		must(t, err)
		err = write(ctx, s)
		if err == nil || !strings.Contains(err.Error(), "the disk of the database is full: make room") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s on a full disk: %v", name, err)
		}
		if errors.Is(err, ErrDamaged) {
			t.Errorf("%s: a full disk counts as damage", name)
		}
		branches := got[map[string]Branch](t)(s.Branches(ctx, "g/p"))
		same(t, name+" left behind", len(branches), 1)
		same(t, "what was there", branches["before"].Head, "aaa")
		_, err = s.db().Exec(`PRAGMA max_page_count = 100000`)
		must(t, err)
		if name == "action" {
			continue // its run is live already
		}
		if err := write(ctx, s); err != nil {
			t.Errorf("%s with room: %v", name, err)
		}
	}
}

// filled is a closed database with something in every table.
func filled(t *testing.T) string {
	t.Helper()
	path := file(t)
	s := opened(t, path)
	for name, write := range writes {
		if err := write(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	must(t, s.Close())
	return path
}

// asides are the files set aside beside path.
func asides(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + ".damaged-*")
	must(t, err)
	return names
}

func overwrite(t *testing.T, path string, at int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(data, at)
	must(t, errors.Join(err, f.Close()))
}

func TestDamagedAtOpenIsSetAside(t *testing.T) {
	junk := []byte(strings.Repeat("\xde\xad", 50))
	for name, spoil := range map[string]func(path string){
		"header":     func(path string) { overwrite(t, path, 0, junk) },
		"schema":     func(path string) { overwrite(t, path, 100, []byte(strings.Repeat("\xff", 3000))) },
		"first page": func(path string) { overwrite(t, path, 0, []byte(strings.Repeat("\x5a", 4096))) },
		"zeros":      func(path string) { must(t, os.WriteFile(path, make([]byte, 40960), 0o600)) },
		"cut short":  func(path string) { must(t, os.Truncate(path, 5000)) },
	} {
		path := filled(t)
		spoil(path)
		spoilt, err := os.ReadFile(path)
		must(t, err)
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		note := s.Notice()
		if name == "cut short" && len(asides(t, path)) == 0 {
			_, err := s.Branches(t.Context(), "g/p") // found when it is read
			note = recovered(t, s, err)
		}
		kept := asides(t, path)
		if len(kept) != 1 {
			t.Errorf("%s: set aside %v", name, kept)
			continue
		}
		data, err := os.ReadFile(kept[0])
		must(t, err)
		same(t, name+": the damaged file is kept as it was", string(data) == string(spoilt), true)
		if !strings.Contains(note, "was damaged and is kept as "+kept[0]) || s.Notice() != "" {
			t.Errorf("%s: the notice is %q", name, note)
		}
		must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "new"}))
		must(t, s.Close())
		same(t, "next time", opened(t, path).Notice(), "")
	}
}

// TestDamagedPage spoils one page after the other behind the first: each is
// found when it is read, or holds nothing that is asked, and never more than
// one file is set aside.
func TestDamagedPage(t *testing.T) {
	ctx := t.Context()
	read := func(s *Store) error {
		_, a := s.ProjectMemory(ctx, "g/p")
		_, b := s.Branches(ctx, "g/p")
		_, c := s.MergeRequests(ctx, "g/p")
		_, d := s.Selections(ctx, "g/p")
		_, e := s.Facts(ctx, "pypi", []string{"a", "b"})
		_, f := s.Metadata(ctx, "pypi", []string{"a"})
		for _, err := range []error{a, b, c, d, e, f} {
			if err != nil {
				return err
			}
		}
		return nil
	}
	first := filled(t)
	whole, err := os.ReadFile(first)
	must(t, err)
	found := 0
	for at := 4096; at < len(whole); at += 4096 {
		path := file(t)
		data := append([]byte(nil), whole...)
		for i := at; i < at+4096; i++ {
			data[i] ^= 0xa5
		}
		must(t, os.WriteFile(path, data, 0o600))
		s, err := Open(ctx, path)
		if err != nil {
			t.Errorf("page at %d: %v", at, err)
			continue
		}
		if err := read(s); err != nil {
			found++
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("page at %d: %v", at, err)
			}
			recovered(t, s, err)
			same(t, "a second time it is over", recovered(t, s, err), "")
			same(t, "set aside", len(asides(t, path)), 1)
			must(t, read(s))
			must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "new"}))
		}
		must(t, s.Close())
	}
	if found < 5 {
		t.Errorf("only %d damaged pages were found of %d", found, len(whole)/4096)
	}
}

func TestDamagedLogLosesItsEndAlone(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "one"}))
	main, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	part := testenv.Sample(t, 1)
	for at := 0; at < len(log); at += 397 {
		if !part.Has(at / 397) {
			continue
		}
		copied := file(t)
		must(t, os.WriteFile(copied, main, 0o600))
		spoilt := append([]byte(nil), log...)
		spoilt[at] ^= 0x40
		must(t, os.WriteFile(copied+"-wal", spoilt, 0o600))
		c, err := Open(ctx, copied)
		if err != nil {
			t.Fatalf("a log that is wrong at %d: %v", at, err)
		}
		if _, err := c.Branches(ctx, "g/p"); err != nil {
			t.Fatalf("a log that is wrong at %d: %v", at, err)
		}
		must(t, c.SaveBranch(ctx, "g/p", Branch{Name: "two"}))
		must(t, c.Close())
	}
}

// TestWhatIsNoDamageStays: nothing is set aside for a newer schema, another
// program's file, or a text that was named by mistake.
func TestWhatIsNoDamageStays(t *testing.T) {
	newer := file(t)
	_, err := raw(t, newer).Exec(`CREATE TABLE x (y); PRAGMA application_id = 0x70696e77; PRAGMA user_version = 999`)
	must(t, err)
	other := file(t)
	_, err = raw(t, other).Exec(`CREATE TABLE x (y); INSERT INTO x VALUES (randomblob(20000))`)
	must(t, err)
	overwrite(t, other, 100, []byte(strings.Repeat("\xff", 3000)))
	text := file(t)
	must(t, os.WriteFile(text, []byte(strings.Repeat("boto3==1.34\n", 100)), 0o600))
	for _, path := range []string{newer, other, text} {
		if s, err := Open(t.Context(), path); err == nil {
			must(t, s.Close())
			t.Errorf("%s was opened", path)
		}
		same(t, "set aside", len(asides(t, path)), 0)
	}
}

// recovered lets a store recover from damage, and returns what it says of that.
func recovered(t *testing.T, s *Store, err error) string {
	t.Helper()
	did, err := s.Recover(t.Context(), err)
	must(t, err)
	same(t, "it is to be done again", did.Again, true)
	return did.Notice
}

// What is no damage is nothing that the store can do something about.
func TestOtherErrorsAreReturned(t *testing.T) {
	s := opened(t, file(t))
	for _, failure := range []error{nil, ErrNotLive, errors.New("the disk is full")} {
		did, err := s.Recover(t.Context(), failure)
		same(t, "again", did, Recovery{})
		same(t, "the error", err, failure)
		same(t, "recoverable", Recoverable(failure), false)
	}
}

func TestDeletedWhileOpen(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	same(t, "nothing to say", got[string](t)(s.Ready(ctx)), "")
	must(t, os.Remove(path))
	if note := got[string](t)(s.Ready(ctx)); !strings.Contains(note, "was deleted or replaced while pinwheel ran") {
		t.Errorf("the notice is %q", note)
	}
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "new"}))
	same(t, "in the new file", len(got[map[string]Branch](t)(opened(t, path).Branches(ctx, "g/p"))), 1)
}

func TestRowThatMakesNoSense(t *testing.T) {
	s := opened(t, file(t))
	_, err := s.db().Exec(`INSERT INTO projects (path, dashboard_at) VALUES ('g/p', '2026-99-02T08:00:00Z')`)
	must(t, err)
	if _, err := s.ProjectMemory(t.Context(), "g/p"); !errors.Is(err, ErrDamaged) {
		t.Errorf("a time that is none: %v", err)
	}
}
