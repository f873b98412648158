package kill

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

var (
	fleetFor  = flag.Duration("fleet.for", 90*time.Second, "how long processes of a fleet are killed")
	fleetStop = flag.Bool("fleet.stop", false, "stop and start PostgreSQL in the middle, too")
	fleetCut  = flag.Bool("fleet.cut", false, "cut one process off from PostgreSQL every 90 seconds for 75 seconds, too")
)

// fleet is a GitLab with projects, and processes of pinwheel serve on one database.
type fleet struct {
	t        *testing.T
	gitlab   *gitlabsim.Server
	projects []*gitlabsim.Project
	server   *postgres.Cluster
	database string // its address
	config   string
	place    string // of the database in the configuration
	text     string // of the configuration
	env      []string
	workers  []*exec.Cmd
	said     bytes.Buffer
	mu       sync.Mutex
}

// Write collects what the processes say.
func (f *fleet) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.said.Write(b)
}

// fleetOf is a fleet to be made.
type fleetOf struct {
	projects, workers int
	gitlab, index     string                          // further keys, each with a comma before it
	keys              string                          // top-level ones, each with a line end
	window            string                          // empty: one that is shut
	around            func(http.Handler) http.Handler // the index; nil: nothing
	aroundGitLab      func(http.Handler) http.Handler
	latency           time.Duration // of the index
	first             string        // the program of the first process; empty: the one that is built
}

func newFleet(t *testing.T, projects, workers int) *fleet {
	t.Helper()
	return fleetOf{projects: projects, workers: workers}.start(t)
}

func (o fleetOf) start(t *testing.T) *fleet {
	t.Helper()
	testenv.Command(t, "go")
	server, database := postgres.Own(t)
	if err := build(); err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, gitlab: gitlabsim.New(gitlabsim.Options{Now: time.Now}), server: server, database: database}
	f.gitlab.AddBot(bot, "pinwheel")
	f.gitlab.AddUser("bob", "Bob", false)
	index := pypisim.New(pypisim.Options{Now: time.Now, Latency: o.latency})
	if err := index.Load(releases); err != nil {
		t.Fatal(err)
	}
	same := func(h http.Handler) http.Handler { return h }
	if o.around == nil {
		o.around = same
	}
	if o.aroundGitLab == nil {
		o.aroundGitLab = same
	}
	at, pypi := httptest.NewServer(o.aroundGitLab(f.gitlab)), httptest.NewServer(o.around(index))
	t.Cleanup(at.Close)
	t.Cleanup(pypi.Close)
	f.gitlab.SetBaseURL(at.URL)
	before, rest, _ := strings.Cut(database, "@")
	cut := strings.LastIndex(before, ":")
	f.env = append(os.Environ(), "PINWHEEL_GITLAB_TOKEN="+f.gitlab.Token(bot), "PINWHEEL_STORE_PASSWORD="+before[cut+1:])
	text := fmt.Sprintf("gitlab: {url: %q%s}\nindex: {url: %q%s}\nstore: %q\n%sdefaults: {timezone: UTC, window: %q}\nprojects:\n",
		at.URL, o.gitlab, pypi.URL+"/simple/", o.index, before[:cut]+"@"+rest, o.keys, cmp.Or(o.window, "0 0 29 2 *"))
	for n := range o.projects {
		path := fmt.Sprint("group/project-", n)
		p := f.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": pins})
		p.SetCI(false)
		f.gitlab.AddMember(p, bot, gitlabsim.Developer)
		f.gitlab.AddMember(p, "bob", gitlabsim.Maintainer)
		f.projects = append(f.projects, p)
		text += "  - {path: " + path + "}\n"
	}
	f.config = t.TempDir() + "/pinwheel.yaml"
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.place, f.text = before[:cut]+"@"+rest, text
	for n := range o.workers {
		if n == 0 && o.first != "" {
			f.run(o.first, true)
			continue
		}
		f.start(n == 0)
	}
	t.Cleanup(func() {
		for _, w := range f.workers {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
		if t.Failed() {
			t.Logf("the processes said:\n%s", f.said.String())
		}
	})
	return f
}

// start starts a process, which looks at every project at once if it is the first.
func (f *fleet) start(first bool) {
	f.t.Helper()
	f.run(program, first)
}

// run starts a process of a program.
func (f *fleet) run(program string, first bool) {
	f.t.Helper()
	f.workers = append(f.workers, f.begin(program, f.config, first))
}

// begin starts a process of a program with a configuration.
func (f *fleet) begin(program, config string, first bool) *exec.Cmd {
	f.t.Helper()
	args := []string{"serve", "--config", config, "--watch", "1s"}
	if first {
		args = append(args, "--now")
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stderr = f.env, f
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	return cmd
}

// behindProxy starts one more process, which reaches the database through a proxy that drops while
// it is cut. Nobody kills it.
func (f *fleet) behindProxy() (cut *atomic.Bool, end func()) {
	f.t.Helper()
	through, cut, end := postgres.Dropping(f.t, f.place)
	config := f.t.TempDir() + "/pinwheel.yaml"
	if err := os.WriteFile(config, []byte(strings.Replace(f.text, f.place, through, 1)), 0o600); err != nil {
		f.t.Fatal(err)
	}
	apart := f.begin(program, config, false)
	f.t.Cleanup(func() {
		_ = apart.Process.Kill()
		_ = apart.Wait()
	})
	return cut, end
}

// kill ends a process without a word, and starts another.
func (f *fleet) kill(n int) {
	_ = f.workers[n].Process.Signal(syscall.SIGKILL)
	_ = f.workers[n].Wait()
	f.workers = slices.Delete(f.workers, n, n+1)
	f.start(false)
}

// until waits until something holds.
func (f *fleet) until(what string, most time.Duration, holds func() bool) {
	f.t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > most {
			f.t.Fatalf("%s: not within %s", what, most)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tick ticks the box of an update in a project.
func (f *fleet) tick(p *gitlabsim.Project, update string) {
	f.t.Helper()
	if err := p.Tick("bob", 1, update); err != nil {
		f.t.Fatal(err)
	}
}

// once checks that each project has one dashboard, and one merge request for each branch.
func (f *fleet) once(ticks map[*gitlabsim.Project]int) {
	f.t.Helper()
	for n, p := range f.projects {
		seen := map[string]int{}
		for _, m := range p.MRs() {
			if seen[m.SourceBranch]++; seen[m.SourceBranch] > 1 {
				f.t.Errorf("project %d: two merge requests of %s", n, m.SourceBranch)
			}
		}
		if len(seen) != ticks[p] {
			f.t.Errorf("project %d: %d merge requests for %d ticks", n, len(seen), ticks[p])
		}
		if issues := p.Issues(); len(issues) != 1 {
			f.t.Errorf("project %d: %d dashboards", n, len(issues))
		}
	}
	for _, text := range f.gitlab.Failures() {
		f.t.Errorf("the GitLab saw: %s", text)
	}
}

// updates are those of pins that stand alone, by their boxes.
var updates = []string{"certifi", "six", "requests", "boto3"}

// Processes of a fleet share projects: each is looked at, and each tick opens one merge request.
func TestAFleetSharesTheWork(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	f := newFleet(t, 6, 2)
	f.until("every project has a dashboard", time.Minute, func() bool {
		return !slices.ContainsFunc(f.projects, func(p *gitlabsim.Project) bool { return len(p.Issues()) == 0 })
	})
	ticks := map[*gitlabsim.Project]int{}
	for _, p := range f.projects {
		f.tick(p, "six")
		ticks[p]++
	}
	for n, p := range f.projects {
		f.until(fmt.Sprint("the tick in project ", n), time.Minute, func() bool { return len(p.MRs()) == 1 })
	}
	f.once(ticks)
}

// While processes are killed every ten seconds, no tick is lost and nothing happens twice.
func TestAFleetIsKilled(t *testing.T) {
	testenv.InStep(t, 1, "kill")
	f := newFleet(t, 12, 3)
	f.until("every project has a dashboard", 2*time.Minute, func() bool {
		return !slices.ContainsFunc(f.projects, func(p *gitlabsim.Project) bool { return len(p.Issues()) == 0 })
	})
	ticks := map[*gitlabsim.Project]int{}
	pending := map[*gitlabsim.Project]time.Time{}
	var took []time.Duration
	random := rand.New(rand.NewPCG(1, 2))
	began, kills, stopped := time.Now(), 0, false
	cuts, cut, heal := 0, &atomic.Bool{}, func() {}
	if *fleetCut {
		cut, heal = f.behindProxy()
	}
	rare := max(1, int(*fleetFor/(100*time.Millisecond))/(len(f.projects)*len(updates))) // ticks come until the end
	for next := began.Add(10 * time.Second); time.Since(began) < *fleetFor; time.Sleep(100 * time.Millisecond) {
		for _, p := range f.projects {
			if at, waits := pending[p]; waits && len(p.MRs()) >= ticks[p] {
				took = append(took, time.Since(at))
				delete(pending, p)
			}
		}
		if p := f.projects[random.IntN(len(f.projects))]; random.IntN(rare) == 0 && pending[p].IsZero() && ticks[p] < len(updates) {
			f.tick(p, updates[ticks[p]])
			ticks[p]++
			pending[p] = time.Now()
		}
		if time.Now().After(next) {
			next = next.Add(10 * time.Second)
			f.kill(random.IntN(len(f.workers)))
			kills++
		}
		if phase := time.Since(began) % (90 * time.Second); *fleetCut && cut.Load() != (phase > 15*time.Second) {
			if cut.Store(phase > 15*time.Second); cut.Load() {
				cuts++
			} else {
				heal() // what was sent meanwhile is lost
			}
		}
		if *fleetStop && !stopped && time.Since(began) > *fleetFor/2 {
			stopped = true
			if err := f.server.Pause(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Second)
			if err := f.server.Resume(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut.Store(false)
	heal()
	quiet := time.Now()
	for n, p := range f.projects {
		f.until(fmt.Sprint("the ticks in project ", n), 3*time.Minute, func() bool { return len(p.MRs()) >= ticks[p] })
		if at, waits := pending[p]; waits {
			took = append(took, time.Since(at))
		}
	}
	t.Logf("%d processes killed in %s, one cut off %d times; the last tick was carried out %s after that", kills, *fleetFor, cuts, time.Since(quiet).Round(time.Second))
	slices.Sort(took)
	t.Logf("%d ticks, carried out within %s (median) and %s (longest)", len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	f.once(ticks)
}
