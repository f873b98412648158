package store

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestSettings(t *testing.T) {
	path := file(t)
	s := opened(t, path)
	// Immediate: a transaction holds the write lock before it writes.
	tx, err := s.db().BeginTx(t.Context(), nil)
	must(t, err)
	if _, err := raw(t, path).Exec(`INSERT INTO projects (path) VALUES ('x')`); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("another connection could write beside a transaction: %v", err)
	}
	must(t, tx.Rollback())
	if _, err := s.db().Exec(`INSERT INTO branches VALUES ('nowhere', 'b', '', '', '', '', NULL, '')`); err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
		t.Errorf("a branch of no project: %v", err)
	}
	if _, err := s.db().Exec(`INSERT INTO projects (path, dashboard_at) VALUES ('x', '2026-01-02 03:04:05')`); err == nil || !strings.Contains(err.Error(), "CHECK") {
		t.Errorf("a time in another form: %v", err)
	}
	if _, err := s.db().Exec(`SELECT "nothing"`); err == nil {
		t.Error("a name in double quotes became a text")
	}
	// Every setting that is misspelt is noticed.
	for _, key := range []string{"_busy_timeout", "_foreign_keys", "journal_mode", "_synchronous"} {
		if key == "_synchronous" {
			continue // FULL is also the default
		}
		_, err := open(t.Context(), file(t), strings.Replace(settings, key, key+"x", 1))
		if err == nil || !strings.Contains(err.Error(), "SQLite runs with "+strings.TrimPrefix(key, "_")) {
			t.Errorf("without %s: %v", key, err)
		}
	}
}

func TestStrictTables(t *testing.T) {
	s := opened(t, file(t))
	rows, err := s.db().Query(`SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		t.Errorf("table %s is not STRICT", name)
	}
	must(t, rows.Err())
}

func TestOddPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, path := range []string{"plain.db", "./a b.db", filepath.Join(dir, "q?x=1#y%41.db"), "percent%2f.db"} {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "b"}))
		must(t, s.Close())
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s is not where the database went: %v", path, err)
		}
		if info, err := os.Stat(path); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %s", path, info.Mode())
		}
	}
}

// Where no file can be made is known before the first run.
func TestCreatable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for path, want := range map[string]string{
		filepath.Join(file, "p.db"): "the file cannot be opened for writing (not a directory)",
		"/proc/p.db":                "the file cannot be opened for writing",
	} {
		if err := Creatable(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := Creatable(filepath.Join(dir, "p.db")); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("it left %v, %v", list, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(data), 0o600))
		return path
	}
	made := func(name, statements string) string {
		path := filepath.Join(dir, name)
		_, err := raw(t, path).Exec(statements)
		must(t, err)
		return path
	}
	good := filepath.Join(dir, "good.db")
	must(t, opened(t, good).Close())
	for path, want := range map[string]string{
		dir:                                      "this is a folder: name a file",
		filepath.Join(dir, "no", "such", "p.db"): "no/such does not exist: create it or name another",
		filepath.Join(good, "p.db"):              "cannot be opened for writing",
		write("text.db", strings.Repeat("not a database\n", 100)):                                             "this is not a SQLite database",
		made("newer.db", `CREATE TABLE x (y); PRAGMA application_id = 0x70696e77; PRAGMA user_version = 999`): "a newer pinwheel made this database (schema 999, this one knows ",
		made("other.db", `CREATE TABLE x (y)`):                                                                "this database belongs to another program",
		made("other2.db", `CREATE TABLE x (y); PRAGMA application_id = 5; PRAGMA user_version = 1`):           "this database belongs to another program",
	} {
		s, err := Open(t.Context(), path)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "store "+path+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant it to mention %q", filepath.Base(path), err, want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		asNobody(t) // root may write everything
		return
	}
	path := file(t)
	must(t, opened(t, path).Close())
	must(t, os.Chmod(path, 0o400))
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "give this user the right") {
		t.Errorf("a file: %v", err)
	}
	must(t, os.Chmod(path, 0o600))
	must(t, os.Chmod(filepath.Dir(path), 0o500))
	defer func() { must(t, os.Chmod(filepath.Dir(path), 0o700)) }()
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "give this user the right") {
		t.Errorf("its folder: %v", err)
	}
}

// asNobody runs the calling test once more, in a process without rights.
func asNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pinwheel-nobody-")
	must(t, err)
	defer func() { must(t, os.RemoveAll(dir)) }()
	must(t, os.Chmod(dir, 0o755))
	self, err := os.ReadFile(os.Args[0])
	must(t, err)
	program := filepath.Join(dir, "store.test")
	must(t, os.WriteFile(program, self, 0o755))
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as a user without rights: %v\n%s", err, out)
	}
}

func TestTwoStartTogether(t *testing.T) {
	path := file(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(context.Background(), path)
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

// TestEverySchemaComesToHead opens what every released schema left behind.
func TestEverySchemaComesToHead(t *testing.T) {
	steps := migrations()
	for i, step := range steps {
		if step.version != i+1 {
			t.Errorf("migration %d stands at place %d", step.version, i+1)
		}
		data, err := os.ReadFile(fmt.Sprintf("testdata/schema-%d.sql", step.version))
		if err != nil {
			t.Errorf("schema %d has no fixture: %v", step.version, err)
			continue
		}
		ctx, path := t.Context(), file(t)
		_, err = raw(t, path).Exec(string(data))
		must(t, err)
		s := opened(t, path)
		var version int
		must(t, s.db().QueryRow(`PRAGMA user_version`).Scan(&version))
		same(t, "version", version, len(steps))
		same(t, "project", got[Memory](t)(s.ProjectMemory(ctx, "g/p")).LastNoteID, int64(99))
		same(t, "branches", got[map[string]Branch](t)(s.Branches(ctx, "g/p"))["pinwheel/boto3-1.x"].Head, "aaa")
		if files := got[Files](t)(s.Files(ctx, "g/p")); step.version >= 13 {
			same(t, "files", files, Files{"bbb", map[string]File{"constraints.txt": {Data: []byte("boto3")}, ".gitlab/pinwheel.yaml": {Absent: true}}})
		} else {
			same(t, "files before there were any", len(files.ByPath), 0)
		}
		same(t, "merge requests", got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p"))[0].IID, int64(5))
		same(t, "selections", got[[]Selection](t)(s.Selections(ctx, "g/p"))[0].Tick.ID, "note-9")
		same(t, "facts", got[map[string]Facts](t)(s.Facts(ctx, "pypi", []string{"boto3"}))["boto3"].Blob, []byte{0, 0xff})
		if whole := got[[]byte](t)(s.Whole(ctx, "pypi", "boto3")); step.version >= 5 {
			same(t, "whole", whole, []byte{3})
		} else {
			same(t, "whole before there was any", len(whole), 0)
		}
		if standings := got[Memory](t)(s.ProjectMemory(ctx, "g/p")).Standings; step.version >= 9 {
			same(t, "standings", standings, map[plan.Standing]int{plan.StandsCurrent: 2})
		} else {
			same(t, "standings before there were any", len(standings), 0)
		}
		if gates := got[Memory](t)(s.ProjectMemory(ctx, "g/p")).Gates; step.version >= 12 {
			same(t, "gates", gates, plan.GateMemory{Runs: []plan.GateRun{{Operation: "pinwheel-0", Result: plan.Passed}}})
		} else {
			same(t, "gates before there were any", gates, plan.GateMemory{})
		}
		if pipelines := got[Memory](t)(s.ProjectMemory(ctx, "g/p")).Pipelines; step.version >= 6 {
			same(t, "pipelines", pipelines, map[int64]plan.Pipeline{5: {Head: "aaa", Result: plan.Passed}})
			same(t, "asked", got[map[string]Branch](t)(s.Branches(ctx, "g/p"))["pinwheel/boto3-1.x"].Asked, "aaa")
		} else {
			same(t, "pipelines before there were any", len(pipelines), 0)
		}
		if pauses := got[[]Pause](t)(s.Pauses(ctx)); step.version >= 14 {
			same(t, "pauses", pauses, []Pause{{"g/p", "why", "u", t0.Truncate(1e9)}})
		} else {
			same(t, "pauses before there were any", len(pauses), 0)
		}
		view, ok, err := s.ViewOf(ctx, "G/P")
		must(t, err)
		if same(t, "a view", ok, step.version >= 15); ok {
			pin := ViewPin{"g/p", "constraints.txt", 1, "boto3", "boto3", "1.0", "behind", "2.0", "why"}
			settings := []ViewSettings{}
			if step.version >= 19 {
				settings = []ViewSettings{{[]string{"constraints.txt:1"}, []ViewSetting{{"mode", "full", "a.yaml:1"}}}}
			}
			same(t, "view", view, View{"g/p", t0.Truncate(1e9), ViewSummary{Status: "done", Count: 2}, []ViewUpdate{{Title: "Update boto3", State: "open"}}, []ViewPin{pin}, settings})
			same(t, "settings of the pin", len(view.SettingsAt("constraints.txt", 1)), len(settings))
		}
		if bots := got[Memory](t)(s.ProjectMemory(ctx, "g/p")).Bots; step.version >= 16 {
			same(t, "bots", bots, Bots{Former: []string{"old-bot"}})
		} else {
			same(t, "bots before there were any", bots, Bots{})
		}
		if gone := got[Removed](t)(s.RemovedFromAudit(ctx)); step.version >= 17 {
			same(t, "removed", gone, Removed{12, t0.AddDate(-1, 0, 0).Truncate(1e9)})
		} else {
			same(t, "removed before anything was", gone, Removed{})
		}
		notes, _, err := s.ReleaseNotes(ctx, NotesOf{"https://gitlab.example/g/a", plan.Step{Key: "a", From: "1.0", To: "1.2"}})
		must(t, err)
		if step.version >= 18 {
			same(t, "release notes", notes, plan.ReleaseNotes{State: plan.NotesRead, Notes: []plan.ReleaseNote{{Version: "1.2", Text: "n"}}})
		} else {
			same(t, "release notes before there were any", notes, plan.ReleaseNotes{})
		}
		metadata := got[[]MetadataRow](t)(s.Metadata(ctx, "pypi", []string{"boto3"}))
		details := got[map[string][]byte](t)(s.Details(ctx, "pypi", []string{"boto3"}))["boto3"]
		if step.version >= 2 {
			row := MetadataRow{Name: "boto3", Version: "1.0", File: "boto3-1.0.tar.gz", SHA256: "ccc", Status: "unknown", Reason: "why"}
			if step.version >= 8 {
				row.Proof, row.ReadAt = "ccc", t0.Truncate(1e9)
			}
			row.Doubtful = step.version >= 10
			same(t, "metadata", metadata, []MetadataRow{row})
			same(t, "details", details, []byte{1, 2})
		} else {
			same(t, "metadata before there was any", len(metadata)+len(details), 0)
		}
		must(t, s.FinishAction(ctx, 6, AuditEntry{At: t0, Result: "done"}))
		must(t, s.FinishRun(ctx, 4, t0, RunEnd{RunDone, ""}))
		same(t, "schema of a new file", schema(t, s), schema(t, opened(t, file(t))))
	}
}

// A new file begins with head.sql, which is what the migrations come to, step by step.
func TestHeadIsWhatTheMigrationsComeTo(t *testing.T) {
	steps := migrations()
	path := file(t)
	db := raw(t, path)
	must(t, migrate(t.Context(), db, steps[:1])) // not the newest, so not from head.sql
	must(t, migrate(t.Context(), db, steps))
	rows, err := db.Query(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid`)
	must(t, err)
	defer rows.Close()
	text := fmt.Sprintf("%s%d\n", headLine, len(steps))
	for rows.Next() {
		var one string
		must(t, rows.Scan(&one))
		text += one + ";\n"
	}
	must(t, rows.Err())
	if text == head {
		return
	}
	if !*update {
		t.Fatal("head.sql is not what the migrations come to: go test ./store -run TestHeadIsWhatTheMigrationsComeTo -update")
	}
	must(t, os.WriteFile("head.sql", []byte(text), 0o644))
}

// docs/design.md says of each table of both databases what it holds.
func TestEachTableIsDescribed(t *testing.T) {
	design, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "design.md"))
	must(t, err)
	_, section, found := strings.Cut(string(design), "\n## 5. Persistence\n")
	if !found {
		t.Fatal("docs/design.md has no section Persistence")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	names := tablesOf(head)
	for _, step := range serverMigrations() {
		names = append(names, tablesOf(step.text)...)
	}
	if len(names) < 20 {
		t.Fatal("tables are not found:", names)
	}
	for _, name := range names {
		if !strings.Contains(section, "\n| "+name+" | ") && !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/design.md does not say what the table %s holds", name)
		}
	}
}

// tablesOf are the tables that statements make.
func tablesOf(statements string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)`).FindAllStringSubmatch(statements, -1) {
		names = append(names, m[1])
	}
	return names
}

func schema(t *testing.T, s *Store) []string {
	t.Helper()
	rows, err := s.db().Query(`SELECT name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name`)
	must(t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		out = append(out, strings.Join(strings.Fields(text), " "))
	}
	must(t, rows.Err())
	return out
}

func TestMigrationsAreWholeOrNotAtAll(t *testing.T) {
	s := opened(t, file(t))
	ctx := t.Context()
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "b"}))
	head := len(migrations())
	next := append(migrations(), migration{head + 1, `ALTER TABLE branches ADD COLUMN note TEXT NOT NULL DEFAULT 'n'`})
	broken := append(slices.Clip(next), migration{head + 2, `DROP TABLE branches; SELECT * FROM nothing`})
	if err := migrate(ctx, s.db(), broken); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("take the schema to version %d", head+2)) {
		t.Errorf("%v", err)
	}
	if _, err := s.db().Exec(`SELECT note FROM branches`); err == nil {
		t.Error("half a migration is left")
	}
	for range 2 {
		must(t, migrate(ctx, s.db(), next))
	}
	var note string
	must(t, s.db().QueryRow(`SELECT note FROM branches`).Scan(&note))
	same(t, "added column", note, "n")
	if err := migrate(ctx, s.db(), migrations()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("schema %d, this one knows %d", head+1, head)) {
		t.Errorf("an older program on a newer schema: %v", err)
	}
}
