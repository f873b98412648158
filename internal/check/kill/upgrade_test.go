package kill

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// firstFleet builds the first version that shares its work between processes, from the history of
// this repository.
func firstFleet(t *testing.T) string {
	t.Helper()
	testenv.Deep(t)
	root, dir := testenv.Root(t), t.TempDir()
	git := testenv.Command(t, "git")
	added, err := exec.CommandContext(t.Context(), git, "-C", root, "log", "--diff-filter=A", "--format=%H", "--", "fleet/fleet.go").Output()
	commits := strings.Fields(string(added))
	testenv.Need(t, err == nil && len(commits) > 0 && exec.CommandContext(t.Context(), git, "-C", root, "cat-file", "-e", commits[len(commits)-1]+"^").Run() == nil,
		"the history of the repository back to its first fleet")
	old := filepath.Join(dir, "pinwheel")
	script := `"$1" -C "$2" archive "$3" | tar -x -C "$4" && cd "$4" && go build -o "$5" ./cmd/pinwheel`
	source := filepath.Join(dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", script, "sh", git, root, commits[len(commits)-1], source, old).CombinedOutput()
	if err != nil {
		t.Fatalf("build the first fleet: %v\n%s", err, out)
	}
	return old
}

// end ends a process as a stop does.
func (f *fleet) end(n int) {
	f.t.Helper()
	_ = f.workers[n].Process.Signal(syscall.SIGTERM)
	if err := f.workers[n].Wait(); err != nil {
		f.t.Errorf("a process that was stopped: %v", err)
	}
	f.workers = slices.Delete(f.workers, n, n+1)
}

// Processes of the first version that has a fleet and of this one share a database, in both
// directions: while a fleet is upgraded no tick is lost, and nothing happens twice.
func TestAFleetIsUpgraded(t *testing.T) {
	testenv.InStep(t, 1, "kill")
	old := firstFleet(t)
	f := fleetOf{projects: 6, workers: 1, first: old}.start(t)
	f.until("every project has a dashboard", 2*time.Minute, func() bool {
		return !slices.ContainsFunc(f.projects, func(p *gitlabsim.Project) bool { return len(p.Issues()) == 0 })
	})
	ticks := map[*gitlabsim.Project]int{}
	round := func(who, update string, most time.Duration) {
		t.Helper()
		began := time.Now()
		for _, p := range f.projects {
			f.tick(p, update)
			ticks[p]++
		}
		for n, p := range f.projects {
			f.until(fmt.Sprint(who, ": the tick in project ", n), most, func() bool { return len(p.MRs()) >= ticks[p] })
		}
		t.Logf("%s: %d ticks after %s", who, len(f.projects), time.Since(began).Round(time.Second))
	}
	f.start(false)
	f.start(false)
	db, err := pgx.Connect(t.Context(), f.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	f.until("three processes are at work", time.Minute, func() bool {
		var n int
		return db.QueryRow(t.Context(), `SELECT count(*) FROM workers`).Scan(&n) == nil && n == 3
	})
	round("the previous version and this one", "certifi", 3*time.Minute)
	f.end(1)
	f.end(1)
	// It makes nothing of a batch that this version left, and takes its job for lost after ten minutes.
	round("the previous version alone, on tables of this one", "six", 13*time.Minute)
	f.start(false)
	f.end(0)
	round("this version alone", "requests", 3*time.Minute)
	f.once(ticks)
}
