package store

import (
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
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)

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

// TestEveryStatement prepares every SQL text of the package's source, so that
// a misspelt column fails here and not in the one run that needs it.
func TestEveryStatement(t *testing.T) {
	prepareAll(t, opened(t, file(t)), func(name, text string) bool {
		return strings.HasPrefix(name, "server") || strings.Contains(text, "pg_get_serial_sequence") || name == "dialect.go" || name == "looks.go" || name == "bounds.go" || name == "pageclaims.go" || name == "batches.go" || name == "quiets.go"
	})
}

// prepareAll prepares the statements of the source but for those that skip leaves out.
func prepareAll(t *testing.T, s *Store, skip func(name, text string) bool) {
	t.Helper()
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
			if !sqlText.MatchString(text) || strings.HasSuffix(text, " ") || strings.Contains(text, "%") || skip(name, text) {
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
