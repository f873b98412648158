package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/githttp"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// This file is the world of docs/cki.md: four projects, the project for the sets, an index
// and a folder with the one configuration.

// ckiConfiguration is that of docs/cki.md, which a test holds to it.
const ckiConfiguration = `gitlab: {url: https://gitlab.example.com}
index: {url: https://pypi.org/simple/}
projects:
  - path: cki-project/pipeline-definition
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    window: "* * * * SAT,SUN"
    timezone: Europe/Prague
    gates:
      - {name: canary, project: cki-project/pipeline-definition, ref: c9s, variables: {CONSTRAINTS: "{clone_url}@{sha}"}, required: true}
software:
  namespace: cki-project
  packages: [cki-lib, cki-tools]
  data: [kpet-db]
  constraints: constraints.txt
  path: /opt/pinwheel
  images: [{name: python}]
  registry: {folder: /srv/software}
  deploy:
    sets: {project: cki-project/deployments}
    constraints: cki-project/pipeline-definition
  bot:
    welcome: This change can be tested in the pipelines that use it.
    marks: {CKI_DEPLOYMENT_ENVIRONMENT: retrigger}
    allow: [kpet_tree]
    pipelines:
      - {name: baseline, description: builds and boots a kernel, project: cki-project/pipeline-definition, ref: c9s, like: {ref: c9s}}
    default: [baseline]
    projects: [{name: cki-lib}, {name: cki-tools}, {name: kpet-db}]
`

// ckiPipeline is what the pipelines do, and with ckiRed, while a change is tested that
// breaks one of their jobs.
const (
	ckiPipeline = "variables developer\nname test {PINWHEEL_OPERATION}\ntakes 20m\njob build\njob boot"
	ckiRed      = ckiPipeline + " fails"
)

// Command runs one command line of pinwheel in a process of its own making, as of an
// instant, and returns its exit code and all that it printed.
type Command func(ctx context.Context, now time.Time, env map[string]string, args ...string) (code int, out string)

// cki is the world at one moment.
type cki struct {
	terminal
	command  Command
	dir      string
	gitlab   *gitlabsim.Server
	indexURL string
	git      *githttp.Server
	mu       sync.Mutex
	at       time.Time
	python   bool   // software is built and installed
	not      string // why not
	failed   error
	ending   []func()
}

func (c *cki) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *cki) set(at string) {
	t, err := time.Parse("2006-01-02 15:04", at)
	c.must(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

func (c *cki) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// must keeps the first error; the script goes on, but it fails.
func (c *cki) must(err error) {
	if err != nil && c.failed == nil {
		c.failed = fmt.Errorf("%s: %w", c.now().Format("Mon 15:04"), err)
	}
}

// sha is the commit of a branch as git has it.
func (c *cki) sha(name, branch string) string {
	out, err := c.git.SHA("cki-project/"+name, branch)
	c.must(err)
	return out
}

func (c *cki) project(name string) *gitlabsim.Project { return c.gitlab.Project("cki-project/" + name) }

// newCKI builds the world. What it returns has to be closed, error or not.
func newCKI(ctx context.Context, on terminal) (*cki, error) {
	c := &cki{terminal: on}
	c.set("2026-11-28 08:00")
	var err error
	if c.dir, err = os.MkdirTemp("", "pinwheel-cki-"); err != nil {
		return c, err
	}
	c.ending = append(c.ending, func() { os.RemoveAll(c.dir) })
	c.gitlab = gitlabsim.New(gitlabsim.Options{Now: c.now})
	repositories, err := os.MkdirTemp(c.dir, "git-")
	if err != nil {
		return c, err
	}
	git, err := githttp.New(c.gitlab, repositories)
	if err != nil {
		return c, fmt.Errorf("git is needed: %w", err)
	}
	c.git = git
	index := pypisim.New(pypisim.Options{Files: true, NoLog: true})
	if err := index.Load("six 1.16.0 2021-05-05\nsix 1.17.0 2024-12-04\n"); err != nil {
		return c, err
	}
	servers := &stage{}
	c.ending = append(c.ending, servers.close)
	gitlabURL, err := servers.serve(ctx, git)
	if err != nil {
		return c, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", index)
	indexURL, err := servers.serve(ctx, mux)
	if err != nil {
		return c, err
	}
	c.indexURL = indexURL
	c.gitlab.SetBaseURL(gitlabURL)
	c.hide = strings.NewReplacer(gitlabURL, "https://gitlab.example.com", indexURL+"/simple/", "https://pypi.org/simple/", indexURL, "https://pypi.org", c.dir+"/opt", "/opt/pinwheel", c.dir+"/kept", "/srv/software", c.dir+"/", "")
	c.populate(gitlabURL)
	return c, errors.Join(c.failed, c.configure(gitlabURL, indexURL))
}

// populate makes the projects and their people.
func (c *cki) populate(url string) {
	c.gitlab.AddBot("pinwheel-bot", "pinwheel")
	c.gitlab.AddBot("deploy-bot", "deployments")
	for _, name := range []string{"alice", "bob"} {
		c.gitlab.AddUser(name, name, false)
	}
	at := func(name string) string { return name + " @ git+" + url + "/cki-project/" + name + ".git@production" }
	for _, p := range []struct {
		name  string
		files map[string]string
	}{
		{"cki-lib", sourceOf("cki-lib", "1.0", "six")},
		{"cki-tools", sourceOf("cki-tools", "2.0", at("cki-lib"))},
		{"kpet-db", map[string]string{"trees/rhel.yaml": "rhel: 1\n"}},
		{"pipeline-definition", map[string]string{"constraints.txt": "six==1.16.0\n", "pipeline/constraints.yml": "---\nvariables:\n  PYTHON_CONSTRAINTS: |\n    six==1.16.0\n"}},
		{"deployments", map[string]string{"README.md": "What was deployed.\n"}},
	} {
		project := c.gitlab.AddProject("cki-project/"+p.name, "main", p.files)
		project.Set(gitlabsim.Settings{Public: true})
		project.SetRole("alice", gitlabsim.Maintainer)
		project.SetRole("bob", gitlabsim.Developer)
		project.SetRole("pinwheel-bot", gitlabsim.Developer)
		project.SetRole("deploy-bot", gitlabsim.Maintainer)
		if p.name == "deployments" {
			continue
		}
		c.must(project.CreateBranch("alice", "production", "main"))
		project.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer)
		project.AllowForcePush("production")
	}
	pipelines := c.project("pipeline-definition")
	pipelines.SetRole("pinwheel-bot", gitlabsim.Maintainer) // reads the variables of pipelines that others started
	c.must(pipelines.CreateBranch("alice", "c9s", "main"))
	c.must(pipelines.Script(ckiPipeline))
	c.must(pipelines.RunByHand("alice", "c9s", "kernel=c9s"))
	c.pass(time.Hour)
	c.must(c.project("cki-lib").Script("on merge-request\njob unit"))
}

// configure writes the folder of the one configuration.
func (c *cki) configure(gitlabURL, indexURL string) error {
	text := strings.NewReplacer("https://gitlab.example.com", gitlabURL, "https://pypi.org/simple/", indexURL+"/simple/",
		"constraints: constraints.txt", fmt.Sprintf("constraints: %q", filepath.Join(c.dir, "constraints.txt")),
		"path: /opt/pinwheel", fmt.Sprintf("path: %q", filepath.Join(c.dir, "opt")), "/srv/software", filepath.Join(c.dir, "kept")).Replace(ckiConfiguration)
	text = fmt.Sprintf("store: %q\n", filepath.Join(c.dir, "pinwheel.db")) + text
	if !c.python {
		text = strings.Replace(text, "  deploy:\n", "  deploy:\n    build_first: false\n", 1)
	}
	pins, _ := c.project("pipeline-definition").File("main", "constraints.txt")
	if err := os.WriteFile(filepath.Join(c.dir, "constraints.txt"), []byte(pins), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, "pinwheel.yaml"), []byte(text), 0o600)
}

func (c *cki) close() {
	for _, end := range slices.Backward(c.ending) {
		end()
	}
}
