package store

import (
	"context"
	"database/sql"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

var (
	t0  = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	cet = time.FixedZone("CET", 3600)
)

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "pinwheel.db") }

func opened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T { t.Helper(); must(t, err); return v }
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// raw opens the file without the store's settings.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestMemory(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	same(t, "unknown", got[Memory](t)(s.ProjectMemory(ctx, "g/p")), Memory{Path: "g/p"})
	m := Memory{ID: 7, Path: "g/p", DashboardIID: 1, DashboardBody: "one\ntwo\x00", DashboardAt: t0, PausedNoteFor: 1, LastNoteID: 1 << 40, MergeRequestsSeen: t0.Add(time.Hour), Attended: t0.Add(time.Minute),
		RightsAt: t0, Gaps: []plan.Problem{{Text: "t", Next: "n", Page: "p", Stopping: true}},
		PipelinesSeen: t0, Pipelines: map[int64]plan.Pipeline{3: {Head: "a", ID: 4, Updated: t0, Started: true, Result: plan.Failed, At: t0, Jobs: []plan.Job{{Name: "j", Main: plan.Passed}}, MainAt: t0, Since: t0, Red: t0}}}
	must(t, s.SaveMemory(ctx, Memory{Path: "g/q", ID: 8}))
	must(t, s.SaveMemory(ctx, Memory{Path: "g/p"}))
	local := m
	local.DashboardAt = m.DashboardAt.In(cet)
	must(t, s.SaveMemory(ctx, local))
	must(t, s.Close())
	s = opened(t, path)
	same(t, "saved", got[Memory](t)(s.ProjectMemory(ctx, "g/p")), m)
	same(t, "other", got[Memory](t)(s.ProjectMemory(ctx, "g/q")), Memory{Path: "g/q", ID: 8})
}

func TestBranches(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	b := Branch{Name: "pinwheel/boto3-1.x", Head: "a", Digest: "d", Base: "b", Message: "m", WrittenAt: t0}
	same(t, "none", got[map[string]Branch](t)(s.Branches(ctx, "g/p")), map[string]Branch{})
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: b.Name}))
	must(t, s.SaveBranch(ctx, "g/p", b))
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "other"}))
	must(t, s.SaveBranch(ctx, "g/q", Branch{Name: "theirs"}))
	must(t, s.DeleteBranch(ctx, "g/p", "other"))
	must(t, s.DeleteBranch(ctx, "g/p", "other"))
	must(t, s.DeleteBranch(ctx, "g/p", "theirs"))
	same(t, "saved", got[map[string]Branch](t)(s.Branches(ctx, "g/p")), map[string]Branch{b.Name: b})
	same(t, "other project", len(got[map[string]Branch](t)(s.Branches(ctx, "g/q"))), 1)
}

func TestMergeRequests(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	read := func() []plan.MergeRequest {
		t.Helper()
		return got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p"))
	}
	a := plan.MergeRequest{
		IID: 5, Branch: "b", Title: "Update boto3 \u2028", State: plan.Opened, Labels: []string{"x"}, Author: plan.User{ID: 1, Username: "u"},
		CreatedAt: t0, UpdatedAt: t0, Note: plan.MergeRequestNote{Present: true, Moves: []plan.Move{{Key: "boto3", From: "1", To: "2"}}, At: t0},
	}
	must(t, s.SaveMergeRequests(ctx, "g/p", nil))
	same(t, "none", read(), []plan.MergeRequest(nil))
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 10, State: plan.Merged}, {IID: 5, State: plan.Locked}}))
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{a}))
	same(t, "saved", read(), []plan.MergeRequest{a, {IID: 10, State: plan.Merged}})
	// All or none: the state of the second is none.
	if err := s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 6, State: plan.Opened}, {IID: 7, State: "lost"}}); err == nil ||
		!strings.Contains(err.Error(), "save the merge requests of g/p: !7:") {
		t.Errorf("an unknown state: %v", err)
	}
	same(t, "after a failure", len(read()), 2)
}

func TestSelections(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	save := func(project, id string, state SelectionState, at time.Time) Selection {
		t.Helper()
		sel := Selection{
			Tick:  plan.Tick{ID: id, Box: plan.BoxUnschedule, Branch: "b", By: plan.User{ID: 3}, Role: plan.RoleUnknown, At: t0, Remembered: true},
			State: state, Reason: "why", Title: "what", At: at,
		}
		must(t, s.SaveSelection(ctx, project, sel))
		return sel
	}
	read := func() []Selection { t.Helper(); return got[[]Selection](t)(s.Selections(ctx, "g/p")) }
	same(t, "none", read(), []Selection(nil))
	whole := t0.Truncate(time.Second)
	late := save("g/p", "note-1", Refused, whole.Add(time.Second))
	early := save("g/p", "note-2", Pending, whole)
	between := save("g/p", "note-3", Pending, whole.Add(500*time.Millisecond))
	save("g/p", "note-4", Done, whole)
	save("g/p", "note-5", Withdrawn, whole)
	save("g/q", "note-6", Pending, whole)
	same(t, "live", read(), []Selection{early, between, late})
	save("g/p", "note-2", Done, whole)
	same(t, "after one is done", read(), []Selection{between, late})
	if err := s.SaveSelection(ctx, "g/p", Selection{Tick: plan.Tick{ID: "x"}}); err == nil {
		t.Error("a selection without a state was saved")
	}
}

func TestFacts(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	var facts []Facts
	var names []string
	for i := range 650 {
		f := Facts{Name: fmt.Sprint("package-", i), ETag: `"e"`, Serial: int64(i), CheckedAt: t0, WithHashes: i%2 == 0, Blob: []byte{0, byte(i)}}
		facts, names = append(facts, f), append(names, f.Name)
	}
	facts[1].Blob, facts[1].Problem, facts[1].CheckedAt = nil, "502", time.Time{}
	must(t, s.SaveFacts(ctx, "pypi", nil))
	must(t, s.SaveFacts(ctx, "pypi", facts))
	must(t, s.SaveFacts(ctx, "other", []Facts{{Name: "package-0"}}))
	known := got[map[string]Facts](t)(s.Facts(ctx, "pypi", append(names, "unknown", `quo"te`)))
	same(t, "count", len(known), 650)
	for _, f := range facts {
		same(t, f.Name, known[f.Name], f)
	}
	same(t, "no names", got[map[string]Facts](t)(s.Facts(ctx, "pypi", nil)), map[string]Facts{})
	facts[0].ETag = "new"
	must(t, s.SaveFacts(ctx, "pypi", facts[:1]))
	same(t, "replaced", got[map[string]Facts](t)(s.Facts(ctx, "pypi", names[:1])), map[string]Facts{"package-0": facts[0]})
}

func TestMetadata(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	rows := []MetadataRow{
		{Name: "acme", Version: "1.0", File: "acme-1.0.whl", SHA256: "a", Status: "known", Blob: []byte{1, 0}},
		{Name: "acme", Version: "1.1", File: "acme-1.1.tar.gz", Status: "unknown", Reason: "old metadata"},
		{Name: "bcme", Version: "2", File: "bcme-2.whl", SHA256: "b", Status: "refused", Reason: "broken"},
	}
	read := func(index string, names ...string) []MetadataRow {
		t.Helper()
		return got[[]MetadataRow](t)(s.Metadata(ctx, index, names))
	}
	must(t, s.SaveMetadata(ctx, "pypi", nil))
	must(t, s.SaveMetadata(ctx, "pypi", rows))
	must(t, s.SaveMetadata(ctx, "other", rows[:1]))
	same(t, "all", read("pypi", "bcme", "acme", "nobody", `quo"te`), rows)
	same(t, "one name", read("pypi", "bcme"), rows[2:])
	same(t, "no names", read("pypi"), []MetadataRow(nil))
	same(t, "other index", read("other", "acme", "bcme"), rows[:1])
	rows[2].SHA256, rows[2].Status, rows[2].Reason, rows[2].Blob = "c", "known", "", []byte{2}
	must(t, s.SaveMetadata(ctx, "pypi", rows[2:]))
	same(t, "replaced", read("pypi", "acme", "bcme"), rows)
	// Files of one release that say different things stand beside each other.
	parts := []MetadataRow{
		{Name: "zcme", Version: "1", File: "zcme-1-arm.whl", SHA256: "d", Status: "known", Blob: []byte{3}, Part: true},
		{Name: "zcme", Version: "1", File: "zcme-1-x86.whl", SHA256: "e", Status: "refused", Reason: "broken", Part: true},
	}
	must(t, s.SaveMetadata(ctx, "pypi", parts))
	must(t, s.SaveMetadata(ctx, "pypi", parts[:1]))
	same(t, "parts", read("pypi", "zcme"), parts)
	// All or none: the second has no such status.
	err := s.SaveMetadata(ctx, "pypi", []MetadataRow{{Name: "d", Status: "known"}, {Name: "e", Version: "3", Status: "failed"}})
	if err == nil || !strings.Contains(err.Error(), "save the metadata of index pypi: e 3: ") {
		t.Errorf("an outage was kept: %v", err)
	}
	same(t, "after a failure", read("pypi", "d", "e"), []MetadataRow(nil))
}

func TestDetails(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	read := func(index string) map[string][]byte {
		t.Helper()
		return got[map[string][]byte](t)(s.Details(ctx, index, []string{"a", "b", "c"}))
	}
	must(t, s.SaveFacts(ctx, "pypi", []Facts{{Name: "a", Details: []byte{1}}, {Name: "b"}, {Name: "c", Details: []byte{3}}}))
	must(t, s.SaveFacts(ctx, "other", []Facts{{Name: "b", Details: []byte{9}}}))
	same(t, "saved", read("pypi"), map[string][]byte{"a": {1}, "c": {3}})
	must(t, s.SaveFacts(ctx, "pypi", []Facts{{Name: "a", ETag: "e"}, {Name: "c", Details: []byte{4}}}))
	same(t, "kept and replaced", read("pypi"), map[string][]byte{"a": {1}, "c": {4}})
	same(t, "other index", read("other"), map[string][]byte{"b": {9}})
	same(t, "no names", got[map[string][]byte](t)(s.Details(ctx, "pypi", nil)), map[string][]byte{})
	facts := got[map[string]Facts](t)(s.Facts(ctx, "pypi", []string{"a", "b"}))
	same(t, "with details", facts["a"], Facts{Name: "a", ETag: "e", HasDetails: true})
	same(t, "without", facts["b"], Facts{Name: "b"})
}

// TestEveryStatement prepares every SQL text of the package's source, so that
// a misspelt column fails here and not in the one run that needs it.
func TestEveryStatement(t *testing.T) {
	s := opened(t, file(t))
	sources, err := filepath.Glob("*.go")
	must(t, err)
	sqlText := regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|PRAGMA) `)
	n := 0
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		must(t, err)
		ast.Inspect(f, func(node ast.Node) bool {
			lit, ok := node.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			must(t, err)
			if !sqlText.MatchString(text) || strings.HasSuffix(text, " ") || strings.Contains(text, "%") {
				return true
			}
			n++
			stmt, err := s.db().PrepareContext(t.Context(), text)
			if err != nil {
				t.Errorf("%s: %s: %v", name, text, err)
				return true
			}
			must(t, stmt.Close()) //nolint:sqlclosecheck // at once, since there are many
			return true
		})
	}
	if n < 20 {
		t.Errorf("only %d statements were found", n)
	}
}

// TestInABubble has two projects write at once while time stands still.
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := opened(t, file(t))
		defer s.Close()
		runAs(s, Owner{Host: "h", PID: 1, Instance: "i"}, nil)
		var all sync.WaitGroup
		for _, project := range []string{"g/p", "g/q", "g/r"} {
			all.Go(func() {
				for range 40 {
					run, err := s.BeginRun(ctx, project, time.Now(), time.Hour)
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.SaveBranch(ctx, project, Branch{Name: "b", WrittenAt: time.Now()}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Minute)
					if err := s.FinishRun(ctx, run, time.Now(), RunEnd{RunDone, ""}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Hour)
				}
			})
		}
		all.Wait()
		b := got[map[string]Branch](t)(s.Branches(ctx, "g/q"))["b"]
		same(t, "written", b.WrittenAt, time.Date(2000, 1, 1, 39*61/60, 39*61%60, 0, 0, time.UTC))
	})
}

// TestCrashCopies copies the file and its log at moments of a running program
// and opens the copy: what a method had returned from is there, and nothing
// half.
func TestCrashCopies(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	for i := range 5 {
		batch := []plan.MergeRequest{{IID: int64(2 * i), State: plan.Opened}, {IID: int64(2*i + 1), State: plan.Opened}}
		must(t, s.SaveMergeRequests(ctx, "g/p", batch))
		// One more is under way and is not committed.
		tx, err := s.db().BeginTx(ctx, nil)
		must(t, err)
		_, err = tx.Exec(`DELETE FROM merge_requests`)
		must(t, err)
		crashed := filepath.Join(t.TempDir(), "copy.db")
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(path + suffix)
			must(t, err)
			must(t, os.WriteFile(crashed+suffix, data, 0o600))
		}
		must(t, tx.Rollback())
		c := opened(t, crashed)
		same(t, "survivors", len(got[[]plan.MergeRequest](t)(c.MergeRequests(ctx, "g/p"))), 2*i+2)
		must(t, c.Close())
	}
}

func TestTornLog(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "one"}))
	whole, err := os.ReadFile(path + "-wal")
	must(t, err)
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "two"}))
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	main, err := os.ReadFile(path)
	must(t, err)
	for _, n := range []int{len(whole), len(whole) + 10, len(log) - 1} {
		crashed := filepath.Join(t.TempDir(), "copy.db")
		must(t, os.WriteFile(crashed, main, 0o600))
		must(t, os.WriteFile(crashed+"-wal", log[:n], 0o600))
		c := opened(t, crashed)
		branches := got[map[string]Branch](t)(c.Branches(ctx, "g/p"))
		if _, one := branches["one"]; !one || len(branches) > 2 {
			t.Errorf("a log of %d bytes leaves %v", n, branches)
		}
		must(t, c.Close())
	}
}

func TestCancelledContextLeavesTheStoreUsable(t *testing.T) {
	s := opened(t, file(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SaveBranch(ctx, "g/p", Branch{Name: "b"}); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("%v", err)
	}
	must(t, s.SaveBranch(t.Context(), "g/p", Branch{Name: "b"}))
}

func BenchmarkFacts(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "pinwheel.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var facts []Facts
	var names []string
	for i := range 650 {
		facts = append(facts, Facts{Name: fmt.Sprint("package-", i), ETag: "e", Blob: make([]byte, 20_000), Details: make([]byte, 30_000)})
		names = append(names, facts[i].Name)
	}
	if err := s.SaveFacts(b.Context(), "pypi", facts); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got, err := s.Facts(b.Context(), "pypi", names); err != nil || len(got) != 650 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkMetadata reads what some years of releases left behind.
func BenchmarkMetadata(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "pinwheel.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var rows []MetadataRow
	var names []string
	for i := range 1500 {
		rows = append(rows, MetadataRow{Name: fmt.Sprint("package-", i%650), Version: fmt.Sprint(i), File: "file", SHA256: strings.Repeat("0", 64), Status: "known", Blob: make([]byte, 500)})
		names = append(names, rows[i].Name)
	}
	if err := s.SaveMetadata(b.Context(), "pypi", rows); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got, err := s.Metadata(b.Context(), "pypi", names[:650]); err != nil || len(got) != 1500 {
			b.Fatal(len(got), err)
		}
	}
}

// TestFiles keeps what was read at one commit, and nothing of another.
func TestFiles(t *testing.T) {
	ctx, s := t.Context(), opened(t, file(t))
	same(t, "nothing is known", got[Files](t)(s.Files(ctx, "g/p")), Files{ByPath: map[string]File{}})
	first := Files{"aaa", map[string]File{"a.txt": {Data: []byte("a==1\n")}, "empty.txt": {}, "none.yaml": {Absent: true}}}
	must(t, s.SaveFiles(ctx, "g/p", first))
	must(t, s.SaveFiles(ctx, "g/q", Files{"ccc", map[string]File{"a.txt": {Data: []byte("other")}}}))
	same(t, "as they were read", got[Files](t)(s.Files(ctx, "g/p")), first)
	second := Files{"bbb", map[string]File{"a.txt": {Absent: true}}}
	must(t, s.SaveFiles(ctx, "g/p", second))
	same(t, "at another commit", got[Files](t)(s.Files(ctx, "g/p")), second)
}
