package main

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// entries reads JSON lines.
func entries(t *testing.T, text string) (out []store.AuditEntry) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e store.AuditEntry
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, e)
	}
	return out
}

// TestAudit: a tick, its refusal, and every write to GitLab stand in the audit,
// once before the effect and once after it, in the database and in the file.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	w.edit("store:", "audit_file: "+w.path("audit.jsonl")+"\nstore:")
	code, _, said := w.configured("audit")
	w.want(code, exitUsage, said)
	has(t, said, "there is no audit yet")
	w.gitlab.ForgetRequests()
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
	if err := w.project.Tick("maintainer", 1, "boto3 to v1.3"); err != nil {
		t.Fatal(err)
	}
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
	code, out, said := w.configured("audit", "--json")
	w.want(code, exitDone, said)
	if out != w.read("audit.jsonl") {
		t.Errorf("the file differs:\n%s\nfrom\n%s", w.read("audit.jsonl"), out)
	}
	all := entries(t, out)
	find := func(event store.AuditEvent, action string) store.AuditEntry {
		t.Helper()
		i := slices.IndexFunc(all, func(e store.AuditEntry) bool { return e.Event == event && e.Action == action })
		if i < 0 {
			t.Fatalf("no %s of %s in\n%s", event, action, out)
		}
		return all[i]
	}
	if e := find(store.Asked, "tick"); e.Who != "maintainer" || e.Role != "maintainer" || e.Target != "pinwheel/boto3-1.x" || !slices.Equal(e.After, []string{"pending"}) {
		t.Errorf("the tick: %+v", e)
	}
	e := find(store.Ended, "CommitBranch")
	if e.Who != "maintainer" || e.Why != "forced" || e.Before[0] != "boto3==1.34.0" || e.After[0] != "boto3==1.35.0" || e.Result != "done" ||
		e.After[1] != "head "+w.project.Head("pinwheel/boto3-1.x") {
		t.Errorf("the commit: %+v", e)
	}
	find(store.Ended, "CreateDashboard")
	find(store.Ended, "EditDashboard")
	if e := find(store.Ended, "OpenMergeRequest"); e.Target != "pinwheel/boto3-1.x !1" {
		t.Errorf("the merge request: %+v", e)
	}
	// Each external write has its two entries, and each pair its write.
	began, done := 0, 0
	for _, e := range all {
		switch e.Event {
		case store.Began:
			began++
		case store.Ended:
			done++
		case store.Asked:
		}
	}
	if n := len(w.gitlab.Writes(time.Time{})); began != n || done != n {
		t.Errorf("%d writes, of which %d began and %d ended in the audit:\n%s", n, began, done, out)
	}
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
	if code, again, _ := w.configured("audit", "--json", "Group/Project"); code != exitDone || again != out {
		t.Errorf("a run that changed nothing added to the audit:\n%s", again)
	}
	code, out, _ = w.configured("audit", "group/project")
	if code != exitDone || !strings.Contains(out, "CommitBranch pinwheel/boto3-1.x by maintainer from [boto3==1.34.0] to [boto3==1.35.0, head ") {
		t.Errorf("for people:\n%s", out)
	}
	code, _, said = w.configured("audit", "group/projekt")
	w.want(code, exitUsage, said)
}

// TestNothingWithoutAudit: where the audit file cannot be written, nothing is
// done on GitLab.
func TestNothingWithoutAudit(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(w.path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.edit("store:", "audit_file: "+w.path("folder")+"\nstore:")
	code, _, said := w.configured("run", "--at", saturday)
	w.want(code, exitFailed, said)
	has(t, said, "nothing is done that cannot be written down: the audit file cannot be written")
	if n := w.gitlab.Writes(time.Time{}); len(n) > 0 {
		t.Errorf("wrote %v", n)
	}
}

// Entries go that are older than audit_keep, in run and in serve, and audit says how many went.
func TestAuditKeep(t *testing.T) {
	w := newWorld(t)
	kept := func() (all []store.AuditEntry, said string) {
		code, out, said := w.configured("audit", "--json")
		w.want(code, exitDone, said)
		return entries(t, out), said
	}
	old := store.AuditEntry{At: instant(t, friday).AddDate(0, 0, -92), Project: "group/gone", Event: store.Ended, Action: "MergeRequest", Result: "done"}
	s, err := store.Open(t.Context(), w.path("pinwheel.db"))
	if err == nil {
		err = errors.Join(s.Record(t.Context(), old), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	code, _, said := w.configured("run")
	w.want(code, exitDone, said)
	if all, said := kept(); len(all) == 0 || all[0].Project != old.Project || said != "" {
		t.Errorf("without audit_keep it is %+v: %s", all, said)
	}
	w.edit("store:", "audit_keep: 91\nstore:")
	code, _, said = w.configured("run")
	w.want(code, exitDone, said)
	has(t, said, "old entries of the audit removed")
	all, said := kept()
	if len(all) == 0 || all[0].Project == old.Project {
		t.Errorf("with audit_keep it is %+v", all)
	}
	has(t, said, "1 entry from before ", "removed, as audit_keep says")
}
