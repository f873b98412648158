package store

import (
	"strings"
	"testing"
)

func TestAuditIsOnlyAddedTo(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	entries := []AuditEntry{
		{At: t0, Project: "g/p", Run: 1, Event: Asked, Action: "tick", Target: "b", Who: "bob", Role: "developer", After: []string{"pending"}},
		{At: t0, Project: "g/q", Run: 2, Event: Began, Action: "CommitBranch", Target: "b", Why: "forced", Before: []string{"a==1"}, After: []string{"a==2"}},
		{At: t0, Project: "g/p", Run: 1, Event: Ended, Action: "CommitBranch", Target: "b", Result: "done"},
	}
	for _, e := range entries {
		must(t, s.Record(ctx, e))
	}
	read := func(project string) (out []AuditEntry) {
		must(t, s.Audit(ctx, project, func(e AuditEntry) error { out = append(out, e); return nil }))
		return out
	}
	same(t, "all", read(""), entries)
	same(t, "one project", read("G/P"), []AuditEntry{entries[0], entries[2]})
	same(t, "another", len(read("g/r")), 0)
	for _, statement := range []string{`DELETE FROM audit`, `UPDATE audit SET entry = '{}'`, `DELETE FROM audit WHERE id = 1`} {
		if _, err := raw(t, path).Exec(statement); err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	// What it is about may go.
	must(t, s.SaveBranch(ctx, "g/p", Branch{Name: "b"}))
	_, err := s.db().Exec(`DELETE FROM projects`)
	must(t, err)
	same(t, "afterwards", read(""), entries)
}

// More entries go than one transaction removes, and what is left can only be added to.
func TestAuditForgetsManyEntries(t *testing.T) {
	ctx, path := t.Context(), file(t)
	s := opened(t, path)
	const old = 2*forgetAtOnce + 3
	_, err := s.db().Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO audit (project, entry) SELECT 'g/p', '{"at":"2020-01-01T00:00:00Z"}' FROM n`, old)
	must(t, err)
	must(t, s.Record(ctx, AuditEntry{At: t0, Project: "g/p"}))
	same(t, "removed", got[int](t)(s.ForgetAudit(ctx, t0)), old)
	same(t, "known", got[Removed](t)(s.RemovedFromAudit(ctx)), Removed{Entries: old, Before: t0})
	for _, statement := range []string{`DELETE FROM audit`, `UPDATE audit SET entry = '{}'`} {
		if _, err := raw(t, path).Exec(statement); err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	same(t, "left", len(got[[]AuditEntry](t)(s.AuditTail(ctx, "g/p", 9))), 1)
}
