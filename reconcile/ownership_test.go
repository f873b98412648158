package reconcile_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

const contested = "pinwheel/boto3-1.x"

// TestWhoseBranchItIs is the whole rule: what makes a branch ours, by what the
// world holds, with the database that wrote it and without one.
func TestWhoseBranchItIs(t *testing.T) {
	amend := func(a gitlabsim.Amended) func(*world) error {
		return func(w *world) error { _, err := w.project.Amend("bob", contested, a); return err }
	}
	bot := "pinwheel"
	pins := func(lines string) map[string]string { return map[string]string{"constraints.txt": lines} }
	for _, test := range []struct {
		name string
		do   func(*world) error
		ours bool
	}{
		{"untouched", func(*world) error { return nil }, true},
		{"main went on", (*world).mainGoesOn, true},
		{"rebased by its button", func(w *world) error { return w.project.RebaseMR("bob", w.mr(contested)) }, true},
		{"rebased by its button after main changed the same file", func(w *world) error {
			if err := w.mainGoesOn(); err != nil {
				return err
			}
			return w.project.RebaseMR("bob", w.mr(contested))
		}, true},
		{"rebased by hand", func(w *world) error {
			if err := w.mainGoesOn(); err != nil {
				return err
			}
			return amend(gitlabsim.Amended{Onto: "main"})(w)
		}, true},
		{"committed anew by a person", amend(gitlabsim.Amended{}), true},
		{"committed anew in the bot's name", amend(gitlabsim.Amended{Committer: bot}), true},

		{"another file in the bot's name", amend(gitlabsim.Amended{Committer: bot, Files: map[string]string{"fix.py": "x\n"}}), false},
		{"a file less in the bot's name", amend(gitlabsim.Amended{Committer: bot, Files: map[string]string{"README.md": gitlabsim.Gone}}), false},
		{"the file gone", amend(gitlabsim.Amended{Committer: bot, Files: pins(gitlabsim.Gone)}), false},
		{"other bytes", amend(gitlabsim.Amended{Committer: bot, Files: pins("boto3==1.34.41\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.16.0\n")}), false},
		{"a line moved", amend(gitlabsim.Amended{Committer: bot, Files: pins("certifi==2025.11.12\nboto3==1.34.41\nlxml==4.9.4\nsix==1.17.0\n")}), false},
		{"no newline at the end", amend(gitlabsim.Amended{Committer: bot, Files: pins("boto3==1.34.41\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0")}), false},
		{"a file of its own taken back", amend(gitlabsim.Amended{Committer: bot, Files: pins("boto3==1.34.39\ncertifi==2025.11.12\nlxml==4.9.4\nsix==1.17.0\n")}), false},
		{"another author", amend(gitlabsim.Amended{Author: "Bob", Committer: bot}), false},
		{"another message", amend(gitlabsim.Amended{Message: "Update it"}), false},
		{"a commit on top", func(w *world) error {
			_, err := w.project.Push("bob", contested, "My fix", map[string]string{"fix.py": "x\n"})
			return err
		}, false},
		{"a commit beneath", func(w *world) error {
			if _, err := w.project.Push("bob", "bob/fix", "My fix", map[string]string{"fix.py": "x\n"}); err != nil {
				return err
			}
			return amend(gitlabsim.Amended{Committer: bot, Onto: "bob/fix"})(w)
		}, false},
		{"the commit of another branch of ours", func(w *world) error { return w.project.PushRef("bob", contested, "pinwheel/lxml-5.x") }, false},
	} {
		for _, database := range []string{"with its database", "without a database"} {
			t.Run(test.name+", "+database, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.offered()
				if err := test.do(w); err != nil {
					t.Fatal(err)
				}
				w.now = w.now.Add(time.Hour)
				if database == "without a database" {
					if err := os.Remove(w.path); err != nil {
						t.Fatal(err)
					}
				}
				if got := w.stateOf(contested); (got == plan.Open) != test.ours || !test.ours && got != plan.Edited {
					t.Errorf("state %s, ours %v", got, test.ours)
				}
			})
		}
	}
}

// offered opens merge requests on a Saturday and moves the clock to Monday.
func (w *world) offered() {
	w.t.Helper()
	if _, err := w.project.Push("alice", "main", "Say what this is", map[string]string{"README.md": "hello\n"}); err != nil {
		w.t.Fatal(err)
	}
	w.now = time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)
	w.run()
	w.now = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
}

// mainGoesOn changes another line of both files on the default branch.
func (w *world) mainGoesOn() error {
	files := map[string]string{}
	for _, path := range []string{"constraints.txt", "pipeline/constraints.yml"} {
		text, _ := w.project.File("main", path)
		files[path] = strings.Replace(text, "six==1.17.0", "six==1.16.0", 1)
	}
	_, err := w.project.Push("alice", "main", "Go back", files)
	return err
}

// mr is the open merge request of a branch.
func (w *world) mr(branch string) int {
	w.t.Helper()
	for _, m := range w.project.MRs() {
		if m.SourceBranch == branch && m.State == "opened" {
			return m.IID
		}
	}
	w.t.Fatalf("no open merge request from %s: %v", branch, w.project.MRs())
	return 0
}

// stateOf is the state in which a look shows a branch.
func (w *world) stateOf(branch string) plan.State {
	w.t.Helper()
	seen, err := w.runner().Preview(context.Background(), w.config.Projects[0], w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	if f := w.gitlab.Failures(); len(f) > 0 {
		w.t.Fatalf("the simulated GitLab did not understand: %v", f)
	}
	for _, u := range seen.Plan.Updates {
		if u.Branch == branch {
			return u.State
		}
	}
	return ""
}

// A head that was proven ours is not read again, whoever made it.
func TestAProvenHeadIsReadOnce(t *testing.T) {
	w := newWorld(t)
	w.offered()
	if err := w.project.RebaseMR("bob", w.mr(contested)); err != nil {
		t.Fatal(err)
	}
	for run, want := range []bool{true, false} {
		w.now = w.now.Add(time.Hour)
		w.gitlab.ForgetRequests()
		w.run()
		read := false
		for _, q := range w.gitlab.Requests() {
			read = read || strings.HasSuffix(q.Path, "/diff")
		}
		if read != want {
			t.Errorf("run %d reads what a commit changes: %v, want %v", run+1, read, want)
		}
	}
	if got := w.stateOf(contested); got != plan.Open {
		t.Errorf("state %s", got)
	}
}
