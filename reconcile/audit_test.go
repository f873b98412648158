package reconcile_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// audited are the entries of the audit, from an earlier number of them on.
func (w *world) audited(from int) []store.AuditEntry {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var out []store.AuditEntry
	if err := db.Audit(w.t.Context(), "", func(e store.AuditEntry) error { out = append(out, e); return nil }); err != nil {
		w.t.Fatal(err)
	}
	return out[min(from, len(out)):]
}

// A rebuild after a conflict is nobody's wish: the audit says why it was made,
// whoever asked for the merge request at first.
func TestARepairHasAReasonOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.project.Tick("bob", w.project.Issues()[0].IID, "boto3"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.run()
	if n := len(w.project.MRs()); n != 1 {
		t.Fatalf("%d merge requests", n)
	}
	n := len(w.audited(0))
	file := "boto3==1.34.39\ncertifi==2026.1.1\nlxml==4.9.4\nsix==1.17.0\n"
	if _, err := w.project.EditFile("alice", "constraints.txt", file); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.now = w.now.Add(time.Hour)
		w.run()
	}
	commits := 0
	for _, e := range w.audited(n) {
		if e.Action != "CommitBranch" && e.Action != "EditMergeRequest" {
			continue
		}
		if strings.HasPrefix(e.Target, "pinwheel/boto3") && e.Action == "CommitBranch" {
			commits++
		}
		if e.Who != "" || e.Why == "forced" {
			t.Errorf("a repair with the reason of the opening: %+v", e)
		}
	}
	if commits == 0 {
		t.Errorf("the conflict was not repaired: %+v", w.audited(n))
	}
}

// Every effect that the audit tells of has its row in the journal, with the same
// kind and result: the dashboard's as well as a branch's.
func TestTheJournalHasWhatTheAuditHas(t *testing.T) {
	w := newWorld(t)
	w.run()
	issue := w.project.Issues()[0].IID
	if err := w.project.Tick("bob", issue, "boto3"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.run()
	if err := w.project.CloseIssue("alice", issue); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.run()
	var audit, journal []string
	for _, e := range w.audited(0) {
		if e.Event == store.Ended {
			audit = append(audit, e.Action+" "+e.Result)
		}
	}
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT kind, result FROM actions ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, result string
		if err := rows.Scan(&kind, &result); err != nil {
			t.Fatal(err)
		}
		journal = append(journal, kind+" "+result)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(journal, audit) {
		t.Errorf("the journal has %q\nthe audit has   %q", journal, audit)
	}
	for _, kind := range []string{"CreateDashboard", "CommitBranch", "OpenMergeRequest", "EditDashboard", "CommentDashboard"} {
		if !slices.Contains(audit, kind+" done") {
			t.Errorf("nothing of the kind %s happened: %q", kind, audit)
		}
	}
}
