package main

import (
	"bytes"
	"database/sql"
	"os"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// A program that is older than its database says so in one sentence, whichever the command, writes
// nothing to GitLab, and leaves the file as it is; with another file it goes on.
func TestAnOlderProgramMeetsANewerDatabase(t *testing.T) {
	w := newWorld(t)
	code, _, said := w.configured("run")
	w.want(code, exitDone, said)
	db, err := sql.Open("sqlite", w.path("pinwheel.db"))
	if err == nil {
		_, err = db.Exec(`CREATE TABLE of_a_later_version (x TEXT) STRICT; PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(w.path("pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	w.gitlab.ForgetRequests()
	for _, args := range [][]string{
		{"run"}, {"run", "--at", saturday}, {"serve"}, {"audit"}, {"history"}, {"health"}, {"pause", "--all", "--reason", "r"}, {"resume", "--all"},
		{"store", "backup", w.path("copy.db")},
	} {
		code, _, said := w.configured(args...)
		want := exitUsage
		if args[0] == "health" {
			want = exitFailed // it is not well
		}
		if code != want {
			t.Errorf("%v: exit code %d, want %d", args, code, want)
		}
		has(t, said, "a newer pinwheel made this database (schema 999, this one knows ", "): use that one, restore a copy of before, or name another file: only history is lost")
		if n := strings.Count(said, "\n"); n != 1 {
			t.Errorf("%v says %d lines:\n%s", args, n, said)
		}
	}
	if n := w.gitlab.Requests(); len(n) > 0 {
		t.Errorf("GitLab was asked: %v", n)
	}
	after, err := os.ReadFile(w.path("pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the file changed")
	}
	w.edit("pinwheel.db", "other.db")
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
}
