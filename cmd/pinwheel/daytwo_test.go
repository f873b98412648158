package main

import (
	"os"
	"testing"

	"gitlab.com/cki-project/pinwheel/store"
)

func TestPlanAgainstAnEarlierOne(t *testing.T) {
	w := newWorld(t)
	code, old, complaints := w.configured("plan", "--json")
	w.want(code, exitDone, complaints)
	path := w.write("old.json", old)
	code, out, complaints := w.configured("plan", "--against", path)
	w.want(code, exitDone, complaints)
	if out != "nothing is decided differently\n" {
		t.Errorf("the same plan differs:\n%s", out)
	}
	code, out, complaints = w.configured("plan", "--against", path, "--at", saturday)
	w.want(code, exitDone, complaints)
	has(t, out, "group/project: action CommitBranch pinwheel/boto3-1.x\n  + would be done\n", "group/project: update pinwheel/boto3-1.x\n  - awaiting-schedule: boto3 1.34.0 -> 1.35.0; Opens ")
	code, out, complaints = w.configured("plan", "--against", path, "--at", saturday, "--json")
	w.want(code, exitDone, complaints)
	has(t, out, `{"project":"group/project","what":"action","of":"CommitBranch pinwheel/boto3-1.x","now":"would be done"}`)
	code, out, complaints = w.configured("plan", "--against", w.write("other.json", `[{"project":"g/gone"}]`))
	w.want(code, exitDone, complaints)
	has(t, out, "g/gone: project g/gone\n  - is not looked at now\n", "group/project: project group/project\n  + was not looked at before\n")
	for _, args := range [][]string{{w.write("x.json", "{}")}, {w.path("absent.json")}, {path, "--diff"}} {
		code, _, complaints := w.configured(append([]string{"plan", "--against"}, args...)...)
		w.want(code, exitUsage, complaints)
		has(t, complaints, "--against")
	}
}

// A copy that is made while the database is open has all that the database had.
func TestStoreBackup(t *testing.T) {
	w := newWorld(t)
	to := w.path("copy.db")
	code, _, complaints := w.configured("store", "backup", to)
	w.want(code, exitUsage, complaints)
	has(t, complaints, "there is nothing to copy")
	code, _, complaints = w.configured("run", "--at", saturday)
	w.want(code, exitDone, complaints)
	open, err := store.Open(t.Context(), w.path("pinwheel.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	code, out, complaints := w.configured("store", "backup", to)
	w.want(code, exitDone, complaints)
	has(t, out, "is a copy of")
	code, _, complaints = w.configured("store", "backup", to)
	w.want(code, exitFailed, complaints)
	has(t, complaints, "there is a file already: name another, or remove it")
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v %v", info, err)
	}
	code, before, _ := w.configured("audit", "--json")
	w.want(code, exitDone, "")
	if err := os.Rename(to, w.path("pinwheel.db.new")); err != nil {
		t.Fatal(err)
	}
	w.write("restored.yaml", "store: "+w.path("pinwheel.db.new")+"\nprojects: [{path: group/project}]\n")
	code, after, complaints := w.pinwheel("audit", "--json", "--config", w.path("restored.yaml"))
	w.want(code, exitDone, complaints)
	if before == "" || before != after {
		t.Errorf("the copy's audit:\n%s\nwant\n%s", after, before)
	}
	for _, args := range [][]string{{"store"}, {"store", "restore", "x"}} {
		code, _, complaints := w.configured(args...)
		w.want(code, exitUsage, complaints)
		has(t, complaints, "pinwheel store backup FILE")
	}
}
