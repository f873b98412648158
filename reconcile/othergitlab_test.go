package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// TestADatabaseOfAnotherGitLab: what a database holds of another GitLab is nothing that a run believes, although
// paths are the same there. A tick is carried out, and no other project is touched that has the number which the
// project had there.
func TestADatabaseOfAnotherGitLab(t *testing.T) {
	for name, elsewhere := range map[string]bool{"the same number": false, "the number of another project": true} {
		t.Run(name, func(t *testing.T) {
			old := newWorld(t)
			old.run()
			for range 30 {
				if err := old.project.Comment("bob", 1, "a word"); err != nil {
					t.Fatal(err)
				}
			}
			if err := old.project.Tick("bob", 1, "boto3"); err != nil {
				t.Fatal(err)
			}
			old.now = old.now.Add(time.Hour)
			old.run()
			if len(old.project.MRs()) != 1 {
				t.Fatal("the tick opened nothing")
			}
			w := newWorld(t)
			w.path, w.url = old.path, "https://other.example"
			w.gitlab.SetBaseURL(w.url)
			other := w.gitlab.AddProject("cki/else", "main", map[string]string{"constraints.txt": "six==1.17.0\n"})
			w.gitlab.AddMember(other, "pinwheel", 30)
			if elsewhere {
				old.renumber(other.ID())
			}
			w.run()
			if len(other.Issues()) > 0 || len(w.project.Issues()) != 1 {
				t.Fatalf("%d dashboards in the project, %d in another one", len(w.project.Issues()), len(other.Issues()))
			}
			if err := w.project.Tick("bob", 1, "boto3"); err != nil {
				t.Fatal(err)
			}
			w.now = w.now.Add(time.Hour)
			w.run()
			if open := w.project.MRs(); len(open) != 1 || open[0].SourceBranch != "pinwheel/boto3-1.x" || !strings.Contains(w.project.Issues()[0].Description, "boto3") {
				t.Errorf("the tick opened %v; the dashboard is\n%s", open, w.project.Issues()[0].Description)
			}
		})
	}
}

// renumber changes the number of the project in the database.
func (w *world) renumber(number int64) {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	m, err := db.ProjectMemory(w.t.Context(), "cki/pipe")
	if err == nil {
		m.ID = number
		err = db.SaveMemory(w.t.Context(), m)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
