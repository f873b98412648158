package discover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/discover"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// world is a GitLab with a user of pinwheel's and a Finder of a configuration.
type world struct {
	t      *testing.T
	sim    *gitlabsim.Server
	client *gitlab.Client
	entry  config.Discover
	finder *discover.Finder
}

const pins = "idna==3.4\n"

func inWorld(t *testing.T, keys string, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, sim: gitlabsim.New(gitlabsim.Options{Now: time.Now})}
		w.sim.AddBot("bot", "Bot")
		w.sim.AddUser("dave", "Dave", false)
		c, err := config.Parse("pinwheel.yaml", []byte("discover: "+keys))
		if err != nil {
			t.Fatal(err)
		}
		w.entry = c.Discover[0]
		w.client, err = gitlab.Connect(gitlab.Options{URL: w.sim.BaseURL(), Token: w.sim.Token("bot"), Transport: w.sim.Transport(), Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		w.finder = discover.New(w.entry, w.client, func(path string) bool { return path != "g/listed" })
		test(w)
		for _, f := range w.sim.Failures() {
			t.Errorf("the simulated GitLab was asked what it does not know: %s", f)
		}
	})
}

// project adds one of which the bot is a member.
func (w *world) project(path string, files ...string) *gitlabsim.Project {
	w.t.Helper()
	all := map[string]string{"constraints.txt": pins}
	for _, name := range files {
		all[name] = "labels: []\n"
	}
	p := w.sim.AddProject(path, "main", all)
	w.sim.AddMember(p, "bot", gitlabsim.Developer)
	w.sim.AddMember(p, "dave", gitlabsim.Maintainer)
	return p
}

// finds looks once and says what came of it.
func (w *world) finds(want string) {
	w.t.Helper()
	found := w.finder.Look(w.t.Context(), time.Now())
	var paths, lacking []string
	for _, p := range found.Projects {
		paths = append(paths, p.Path)
	}
	for _, p := range found.Lacking {
		lacking = append(lacking, p.Path)
	}
	got := fmt.Sprintf("%s; new %s; lost %s; lacking %s; %d failures", strings.Join(paths, " "), strings.Join(found.New, " "), strings.Join(found.Lost, " "), strings.Join(lacking, " "), len(found.Failures))
	if got != want {
		w.t.Errorf("it found\n%s\n%q\nwant\n%s", got, found.Failures, want)
	}
}

// push is a commit of dave's on main.
func (w *world) push(p *gitlabsim.Project, name, text string) {
	w.t.Helper()
	if _, err := p.Push("dave", "main", "change", map[string]string{name: text}); err != nil {
		w.t.Fatal(err)
	}
}

func TestProjectsAreFoundAndLost(t *testing.T) {
	inWorld(t, "{groups: [g], topics: [pinwheel], exclude: [g/old-*], onboard: true}", func(w *world) {
		own, topic := w.project("g/own", config.OwnFile), w.project("g/sub/topic")
		topic.SetTopics("other", "Pinwheel")
		bare := w.project("g/bare")
		w.project("g/old-1", config.OwnFile)
		w.project("g/listed", config.OwnFile)
		w.project("elsewhere/own", config.OwnFile)
		w.project("g/empty").Empty()
		stranger := w.sim.AddProject("g/stranger", "main", map[string]string{config.OwnFile: "labels: []\n"})
		w.finds("g/own g/sub/topic; new g/own g/sub/topic; lost ; lacking g/bare; 0 failures")
		w.finds("g/own g/sub/topic; new ; lost ; lacking g/bare; 0 failures")

		time.Sleep(time.Hour)
		w.sim.AddMember(stranger, "bot", gitlabsim.Developer)
		w.push(bare, config.OwnFile, "labels: []\n")
		topic.SetTopics()
		own.Set(gitlabsim.Settings{Archived: true})
		w.finds("g/bare g/stranger; new g/bare g/stranger; lost g/own g/sub/topic; lacking g/sub/topic; 0 failures")
		own.Set(gitlabsim.Settings{})
		w.finds("g/bare g/own g/stranger; new g/own; lost ; lacking g/sub/topic; 0 failures")
	})
}

// A GitLab that fails for an hour, as a whole or for one project, loses none.
func TestNothingIsLostToAFailure(t *testing.T) {
	inWorld(t, "{groups: [g]}", func(w *world) {
		w.project("g/a", config.OwnFile)
		w.project("g/b", config.OwnFile)
		w.finds("g/a g/b; new g/a g/b; lost ; lacking ; 0 failures")
		for _, what := range []string{"GET /projects 502 always", "GET /projects/*/repository/files/* 500 always"} {
			time.Sleep(25 * time.Hour)
			if err := w.sim.Inject(what); err != nil {
				w.t.Fatal(err)
			}
			found := w.finder.Look(w.t.Context(), time.Now())
			if len(found.Projects) != 2 || len(found.Lost) != 0 || len(found.Failures) == 0 {
				w.t.Errorf("%s: %+v", what, found)
			}
			w.sim.ClearFaults()
			time.Sleep(time.Hour)
			w.finds("g/a g/b; new ; lost ; lacking ; 0 failures")
		}
	})
}

// What GitLab does not know is lost when an hour later it still does not, and one that was
// renamed at once.
func TestADeletedProjectIsLostInTheSecondHour(t *testing.T) {
	inWorld(t, "{groups: [g]}", func(w *world) {
		w.project("g/a", config.OwnFile)
		b := w.project("g/b", config.OwnFile)
		w.finder.Remember(map[string]time.Time{"g/c": time.Now().Add(-10 * time.Minute), "other/d": time.Now()})
		w.finds("g/a g/b g/c; new g/a g/b; lost ; lacking ; 1 failures")
		time.Sleep(time.Hour)
		b.SetRole("bot", gitlabsim.NoAccess)
		w.finds("g/a g/b g/c; new ; lost ; lacking ; 2 failures")
		time.Sleep(time.Hour)
		w.finds("g/a; new ; lost g/b g/c; lacking ; 0 failures")
	})
}

// A quiet hour costs the list alone, and a project with a push soon after another is looked
// at again.
func TestALookCostsFewRequests(t *testing.T) {
	inWorld(t, "{groups: [g], onboard: true}", func(w *world) {
		for i := range 250 {
			w.project(fmt.Sprintf("g/p%03d", i))
		}
		reads := func() int {
			w.sim.ForgetRequests()
			w.finder.Look(w.t.Context(), time.Now())
			return len(w.sim.Requests())
		}
		if n := reads(); n != 4+2*250 {
			w.t.Errorf("the first look takes %d requests", n)
		}
		time.Sleep(3 * time.Hour)
		reads() // the projects were new at the first
		time.Sleep(time.Hour)
		if n := reads(); n != 4 {
			w.t.Errorf("a quiet look takes %d requests", n)
		}
		p := w.project("g/late")
		for i := range 3 {
			time.Sleep(time.Hour + time.Minute)
			w.push(p, "a", fmt.Sprint(i))
			w.finder.Look(w.t.Context(), time.Now())
		}
		time.Sleep(10 * time.Minute)
		w.push(p, config.OwnFile, "labels: []\n")
		time.Sleep(50 * time.Minute)
		if found := w.finder.Look(w.t.Context(), time.Now()); !slices.Equal(found.New, []string{"g/late"}) {
			w.t.Errorf("found %v", found.New)
		}
	})
}
