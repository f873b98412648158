package store

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/plan"
)

// PostgreSQL understands every statement.
func TestEveryStatementOnAServer(t *testing.T) {
	s := opened(t, postgres.Database(t))
	prepareAll(t, s, func(name, text string) bool {
		return strings.HasPrefix(text, "PRAGMA") || strings.Contains(text, "sqlite_sequence") || name == "migrate.go" || name == "dialect.go"
	})
	// Each entry of the table is used.
	sources, err := os.ReadDir(".")
	must(t, err)
	var all strings.Builder
	for _, e := range sources {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") && e.Name() != "dialect.go" {
			text, err := os.ReadFile(e.Name())
			must(t, err)
			all.Write(text)
		}
	}
	for _, part := range []string{`SELECT value FROM json_each(?)`, `julianday(at)`, `instr(`, `json_set(gates, '$.Seen', merge_requests_seen)`} {
		if translated(part) == part || !strings.Contains(all.String(), part) {
			t.Errorf("%s is translated and no statement has it, or the other way round", part)
		}
	}
}

// Several processes that open an empty database together make its tables once.
func TestManyOpenAnEmptyDatabase(t *testing.T) {
	place := postgres.Database(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(context.Background(), place)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// What every released schema of PostgreSQL left behind is brought up to date.
func TestEveryServerSchemaComesToHead(t *testing.T) {
	steps := serverMigrations()
	for i, step := range steps {
		same(t, "place", step.version, i+1)
		place := postgres.Database(t)
		s := opened(t, place)
		fixture, err := os.ReadFile("testdata/server-" + string(rune('0'+step.version)) + ".sql")
		if err != nil {
			t.Errorf("schema %d has no fixture: %v", step.version, err)
			continue
		}
		reset(t, s, steps[:i+1])
		_, err = s.db().Exec(string(fixture))
		must(t, err)
		must(t, s.Close())
		s = opened(t, place)
		ctx := t.Context()
		var version int
		must(t, s.db().QueryRow(`SELECT version FROM pinwheel_schema`).Scan(&version))
		same(t, "version", version, len(steps))
		same(t, "project", got[Memory](t)(s.ProjectMemory(ctx, "g/p")).LastNoteID, int64(99))
		same(t, "branches", got[map[string]Branch](t)(s.Branches(ctx, "g/p"))["pinwheel/boto3-1.x"].Head, "aaa")
		same(t, "merge requests", got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p"))[0].IID, int64(5))
		same(t, "facts", got[map[string]Facts](t)(s.Facts(ctx, "pypi", []string{"boto3"}))["boto3"].Blob, []byte{0, 0xff})
		same(t, "unfinished", got[[]string](t)(s.Unfinished(ctx)), []string{"g/p"})
		same(t, "audit", len(got[[]AuditEntry](t)(s.AuditTail(ctx, "g/p", 5))), 1)
	}
}

// reset empties the database and takes it to the schema that steps come to.
func reset(t *testing.T, s *Store, steps []migration) {
	t.Helper()
	_, err := s.db().Exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	must(t, err)
	must(t, migrateServer(t.Context(), s.db(), steps))
}

// An older program goes on with a database that a newer one brought up to date, until that says
// that it is too old.
func TestAnOlderProgramOnANewerServer(t *testing.T) {
	place := postgres.Database(t)
	s, steps := opened(t, place), serverMigrations()
	next := append(slices.Clip(steps), migration{len(steps) + 1, `ALTER TABLE branches ADD COLUMN note text NOT NULL DEFAULT 'n'`})
	must(t, migrateServer(t.Context(), s.db(), next))
	old := opened(t, place)
	must(t, old.SaveBranch(t.Context(), "g/p", Branch{Name: "b"}))
	_, err := s.db().Exec(`UPDATE pinwheel_schema SET oldest = 99`)
	must(t, err)
	if _, err := Open(t.Context(), place); err == nil || !strings.Contains(err.Error(), "it needs one that knows schema 99") {
		t.Errorf("%v", err)
	}
}

// Errors of opening are one sentence with the next step, and never show the password.
func TestServerErrors(t *testing.T) {
	place := postgres.Database(t)
	password := passwordOf(t, place)
	other := opened(t, postgres.Database(t))
	_, err := other.db().Exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE theirs (x int)`)
	must(t, err)
	for address, want := range map[string]string{
		strings.Replace(place, password, "wrong-word", 1):                   "the database refuses the password or the user: look at the user in store, and at PINWHEEL_STORE_PASSWORD or store_password_file",
		strings.Replace(place, "/test_", "/none_", 1):                       "there is no such database: create it",
		strings.Replace(place, "127.0.0.1:", "127.0.0.1:1", 1):              "this is not an address of a database",
		"postgres://u:wrong-word@127.0.0.1:1/d?connect_timeout=2":           "the database does not answer: start it, or correct store",
		"postgres://u:wrong-word@nowhere.invalid/d":                         "the name nowhere.invalid is not known to DNS: correct store",
		strings.Replace(place, "sslmode=disable", "sslmode=verify-full", 1): "the database speaks no TLS, which sslmode=verify-full wants: switch ssl on there",
		"postgres://u:wrong-word@127.0.0.1:x/d":                             "this is not an address of a database",
		place + "&search_path=nowhere":                                      "there is no such schema: create it",
		other.server.pool.Config().ConnString():                             "this database belongs to another program",
		"postgres://u@127.0.0.1:1/d?password=wrong-word&sslmode=no":         "sslmode=no is not known: write one of disable, allow, prefer, require, verify-ca, verify-full",
	} {
		s, err := Open(t.Context(), address)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant it to mention %q", address, err, want)
		} else if strings.Contains(err.Error(), "wrong-word") || strings.Contains(err.Error(), password) {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func passwordOf(t *testing.T, place string) string {
	t.Helper()
	u, err := url.Parse(place)
	must(t, err)
	password, _ := u.User.Password()
	return password
}

// The password is asked for each new connection, and one that changed is used.
func TestThePasswordIsAskedEachTime(t *testing.T) {
	place := postgres.Database(t)
	password := passwordOf(t, place)
	asked := 0
	s, err := OpenAt(t.Context(), Place{strings.Replace(place, ":"+password, "", 1), func() (string, error) { asked++; return password, nil }})
	must(t, err)
	must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "b"}))
	must(t, s.Close())
	if asked == 0 {
		t.Error("nobody asked for the password")
	}
	if _, err := OpenAt(t.Context(), Place{place, func() (string, error) { return "", errors.New("no file") }}); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("%v", err)
	}
}

// A run that was taken over writes nothing any more, whatever it writes.
func TestWritesCarryTheirRun(t *testing.T) {
	ctx, place := t.Context(), postgres.Database(t)
	first, second := opened(t, place), opened(t, place)
	run := got[int64](t)(first.BeginRun(ctx, "g/p", t0, time.Minute))
	mine := Carry(ctx, run)
	must(t, first.SaveMemory(mine, Memory{Path: "g/p", LastNoteID: 1}))
	got[int64](t)(second.BeginRun(ctx, "g/p", t0.Add(time.Minute), time.Minute))
	for what, err := range map[string]error{
		"memory":         first.SaveMemory(mine, Memory{Path: "g/p", LastNoteID: 2}),
		"branch":         first.SaveBranch(mine, "g/p", Branch{Name: "b"}),
		"no branch":      first.DeleteBranch(mine, "g/p", "b"),
		"merge requests": first.SaveMergeRequests(mine, "g/p", []plan.MergeRequest{{IID: 1, State: plan.Opened}}),
		"selection":      first.SaveSelection(mine, "g/p", Selection{Tick: plan.Tick{ID: "x"}, State: Pending}),
		"files":          first.SaveFiles(mine, "g/p", Files{}),
		"view":           first.KeepView(mine, View{Project: "g/p"}),
		"quiet":          first.KeepQuiet(mine, "g/p", run, Quiet{}),
		"end":            first.FinishQuiet(mine, QuietRun{"g/p", run, t0}, Quiet{}),
		"tick":           first.Record(mine, AuditEntry{Project: "g/p"}),
	} {
		if !errors.Is(err, ErrNotLive) {
			t.Errorf("%s: %v, want %v", what, err, ErrNotLive)
		}
	}
	same(t, "memory", got[Memory](t)(second.ProjectMemory(ctx, "g/p")).LastNoteID, int64(1))
}

// A host's name and a process's number say nothing on a server: only the lease does.
func TestOnAServerTheLeaseAloneTells(t *testing.T) {
	ctx, s := t.Context(), opened(t, postgres.Database(t))
	got[int64](t)(runAs(s, Owner{"h", 1, "a"}, nil).BeginRun(ctx, "g/p", t0, time.Minute))
	if _, err := runAs(s, Owner{"h", 1, "b"}, func(int) bool { return false }).BeginRun(ctx, "g/p", t0.Add(time.Minute-1), time.Minute); !errors.Is(err, ErrBusy) {
		t.Errorf("%v, want busy", err)
	}
}

// The audit is only added to.
func TestAuditOnAServerIsOnlyAddedTo(t *testing.T) {
	s := opened(t, postgres.Database(t))
	must(t, s.Record(t.Context(), AuditEntry{Project: "g/p"}))
	must(t, s.Record(t.Context(), AuditEntry{At: t0, Project: "g/p"}))
	same(t, "the old one goes", got[int](t)(s.ForgetAudit(t.Context(), t0)), 1)
	for _, statement := range []string{`DELETE FROM audit`, `UPDATE audit SET entry = '{}'`, `TRUNCATE audit`} {
		if _, err := s.db().Exec(statement); err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// A server that stops is an error of one sentence, and the same store goes on once it starts again.
func TestAServerStopsAndStarts(t *testing.T) {
	c, place := postgres.Own(t)
	s := opened(t, place)
	must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "b"}))
	must(t, c.Pause())
	for range 3 {
		err := s.SaveBranch(t.Context(), "g/p", Branch{Name: "c"})
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("while it is stopped: %v", err)
		}
		if Recoverable(err) {
			t.Errorf("an outage is no damage: %v", err)
		}
	}
	must(t, c.Resume())
	must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "d"}))
	same(t, "kept", len(got[map[string]Branch](t)(s.Branches(t.Context(), "g/p"))), 2)
}
