package demo

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file lets a reader of docs/bot.md try it without any GitLab: it has merge requests of
// packages, pipelines that test them, and pages on which people comment.

const (
	dataPath      = "cki/kpet-db"
	pipelinesPath = "cki/pipelines"
	bootsPath     = "cki/boots"
	botUser       = "pinwheel-bot"
)

// pipelineFile is the CI/CD configuration of the pipelines that can be asked for.
const pipelineFile = `spec:
  inputs:
    operation_id: {default: ""}
    cki_lib_pip_url: {default: ""}
    kpet_db_pip_url: {default: ""}
    CKI_DEPLOYMENT_ENVIRONMENT: {default: production}
    kpet_tree: {default: ""}
---
workflow:
  name: "test $[[ inputs.operation_id ]]"
variables:
  cki_lib_pip_url: "$[[ inputs.cki_lib_pip_url ]]"
  kpet_db_pip_url: "$[[ inputs.kpet_db_pip_url ]]"
  CKI_DEPLOYMENT_ENVIRONMENT: "$[[ inputs.CKI_DEPLOYMENT_ENVIRONMENT ]]"
  kpet_tree: "$[[ inputs.kpet_tree ]]"
`

// What the pipelines do. The job build fails as long as the change has its fault.
const (
	pipelineInputs = "inputs operation_id cki_lib_pip_url kpet_db_pip_url CKI_DEPLOYMENT_ENVIRONMENT kpet_tree\nname test {operation_id}\n"
	quickPipeline  = pipelineInputs + "job build takes 5s fails when fault==1\njob unit takes 5s"
	slowPipeline   = pipelineInputs + "job boot takes 10m"
)

// botYAML is the key bot of software.
const botYAML = `  bot:
    welcome: This change can be tested in the pipelines that use it.
    marks: {CKI_DEPLOYMENT_ENVIRONMENT: retrigger}
    allow: [kpet_tree]
    pipelines:
      - {name: baseline, description: builds a kernel in five seconds, project: cki/pipelines, ref: main}
      - {name: boot, description: boots it in ten minutes, project: cki/boots, ref: main}
    default: [baseline]
    projects: [{name: cki-lib}, {name: kpet-db}]
`

// earlierBot is a file of CKI's earlier bot, to try pinwheel import with.
const earlierBot = `projects:
  cki-lib:
    project: cki/cki-lib
    override: {type: variable, name: cki_lib_pip_url}
    default_pipelines: [baseline]
    pipelines:
      baseline: {description: builds a kernel, default_branches: [main]}
  kpet-db:
    project: cki/kpet-db
    override: {type: variable, name: kpet_db_pip_url}
    default_pipelines: [baseline]
    pipelines:
      baseline: {description: builds a kernel, default_branches: [main]}
    tests_only: true
`

// comments is what a reader of docs/bot.md needs.
type comments struct {
	gitlab *gitlabsim.Server
	token  string
	name   func(id string) string // of a commit, as git has it
}

// set makes the merge requests and the pipelines that test them.
func (c *comments) set(gitlab *gitlabsim.Server) error {
	c.gitlab = gitlab
	gitlab.AddUser("reader", "A Reader", false)
	gitlab.AddUser("friend", "A Friend", false)
	gitlab.AddBot(botUser, "pinwheel")
	c.token = gitlab.Token(botUser)
	for path, script := range map[string]string{pipelinesPath: quickPipeline, bootsPath: slowPipeline} {
		p := gitlab.AddProject(path, "main", map[string]string{".gitlab-ci.yml": pipelineFile})
		p.Set(gitlabsim.Settings{Public: true})
		gitlab.AddMember(p, "dev", gitlabsim.Maintainer)
		gitlab.AddMember(p, botUser, gitlabsim.Developer)
		p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
		if err := p.Script(script); err != nil {
			return err
		}
	}
	if err := gitlab.Project(pipelinesPath).Pipeline("dev", "main", "success", "build=success", "unit=success"); err != nil {
		return err
	}
	for _, path := range []string{libPath, dataPath} {
		gitlab.AddMember(gitlab.Project(path), "reader", gitlabsim.Reporter)
		gitlab.AddMember(gitlab.Project(path), botUser, gitlabsim.Developer)
	}
	return c.propose()
}

// propose opens the merge requests: !1 of cki-lib has a fault, !2 comes from a fork, and !1 of
// kpet-db belongs to the first.
func (c *comments) propose() error {
	lib, data := c.gitlab.Project(libPath), c.gitlab.Project(dataPath)
	if err := lib.Script("on merge-request\njob lint takes 1s"); err != nil {
		return err
	}
	for _, one := range []struct {
		p             *gitlabsim.Project
		branch, title string
		files         map[string]string
	}{
		{lib, "field", "Read the new field", map[string]string{"field.txt": "fault==1\n"}},
		{lib, "friend", "Mend a word", map[string]string{"words.txt": "word==1\n"}},
		{data, "rhel10", "Add a tree", map[string]string{"trees/rhel10.yaml": "rhel: 10\n"}},
	} {
		if _, err := one.p.Push("dev", one.branch, one.title, one.files); err != nil {
			return err
		}
		if _, err := one.p.CreateMR("dev", one.branch, "main", one.title, ""); err != nil {
			return err
		}
	}
	return lib.FromFork("friend", 2)
}

// routes are the pages: what a merge request and a pipeline show, as text, and a comment that
// somebody writes.
func (c *comments) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /cki/{project}/-/merge_requests/{iid}", c.show)
	mux.HandleFunc("POST /cki/{project}/-/merge_requests/{iid}", c.say)
	mux.HandleFunc("GET /cki/{project}/-/pipelines/{id}", c.pipeline)
	mux.HandleFunc("POST /mend", c.mend)
}

// unshown is what GitLab does not show of a comment.
var unshown = regexp.MustCompile(`(?s)<!--.*?-->\n?`)

// commits are full names of commits.
var commits = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// mergeRequest is the one that a request names; without one it answers that there is none.
func (c *comments) mergeRequest(w http.ResponseWriter, r *http.Request) (*gitlabsim.Project, gitlabsim.MergeRequest, bool) {
	iid, _ := strconv.Atoi(r.PathValue("iid"))
	project := c.gitlab.Project("cki/" + r.PathValue("project"))
	if project != nil {
		if m, found := project.MR(iid); found {
			return project, m, true
		}
	}
	http.Error(w, "there is no such merge request: see cki-lib 1 and 2, and kpet-db 1", http.StatusNotFound)
	return nil, gitlabsim.MergeRequest{}, false
}

// show prints a merge request with its comments and the statuses of its head.
func (c *comments) show(w http.ResponseWriter, r *http.Request) {
	project, m, found := c.mergeRequest(w, r)
	if !found {
		return
	}
	fmt.Fprintf(w, "%s!%d %s (%s, of %s)\nhead %s\n", project.Path(), m.IID, m.Title, m.State, m.Author, c.name(m.Head))
	for _, run := range project.Runs() {
		for _, j := range run.Jobs {
			if run.SHA == m.Head && !j.Retried {
				fmt.Fprintf(w, "  %s: %s\n", j.Name, j.Status)
			}
		}
	}
	for _, n := range m.Notes {
		if !n.System {
			fmt.Fprintf(w, "\n-- %s wrote:\n%s\n", n.Author, strings.TrimSpace(unshown.ReplaceAllString(n.Body, "")))
		}
	}
}

// say writes a comment. Its author is the user of the request, or dev.
func (c *comments) say(w http.ResponseWriter, r *http.Request) {
	project, m, found := c.mergeRequest(w, r)
	if !found {
		return
	}
	who, _, named := r.BasicAuth()
	if !named {
		who = "dev"
	}
	if people := []string{"dev", "reader", "friend"}; !slices.Contains(people, who) {
		http.Error(w, "there is no such person: name one of "+strings.Join(people, ", "), http.StatusForbidden)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err == nil {
		err = project.CommentMR(who, m.IID, string(text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s wrote this on %s!%d\n", who, project.Path(), m.IID)
}

// pipeline prints a pipeline with what it was started with and its jobs.
func (c *comments) pipeline(w http.ResponseWriter, r *http.Request) {
	project := c.gitlab.Project("cki/" + r.PathValue("project"))
	if project != nil {
		for _, run := range project.Runs() {
			if strconv.FormatInt(run.ID, 10) == r.PathValue("id") {
				c.run(w, run)
				return
			}
		}
	}
	http.Error(w, "there is no such pipeline: the bot's comment has links to those that it started", http.StatusNotFound)
}

func (c *comments) run(w io.Writer, run gitlabsim.Run) {
	fmt.Fprintf(w, "pipeline %d %q on %s, started by %s: %s\n", run.ID, run.Name, run.Ref, run.User, run.Status)
	var given []string
	for name, value := range run.Inputs {
		given = append(given, fmt.Sprintf("  %s=%s\n", name, commits.ReplaceAllStringFunc(fmt.Sprint(value), c.name)))
	}
	slices.Sort(given)
	fmt.Fprint(w, strings.Join(given, ""))
	for _, j := range run.Jobs {
		fmt.Fprintf(w, "  job %s: %s\n", j.Name, j.Status)
	}
}

// mend pushes a commit without the fault to the branch of the first merge request.
func (c *comments) mend(w http.ResponseWriter, _ *http.Request) {
	sha, err := c.gitlab.Project(libPath).Push("dev", "field", "Mend the fault", map[string]string{"field.txt": "field==2\n"})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "the head of %s!1 is %s now\n", libPath, c.name(sha))
}

// words say how the bot is tried.
func (*comments) words(url string) string {
	return fmt.Sprintf(`This asks for a test in a comment on a merge request of cki-lib. The bot answers it,
and the last command shows the answer:

  pinwheel bot --config bot.yaml
  curl --data-raw '@%[2]s test' %[1]s/%[3]s/-/merge_requests/1
  pinwheel bot --config bot.yaml
  curl %[1]s/%[3]s/-/merge_requests/1

`, url, botUser, libPath)
}

// configure writes what the bot needs into a folder: the configuration of a set is text.
func (c *comments) configure(dir, text string) error {
	text = strings.Replace(text, "gitlab: {", fmt.Sprintf("gitlab: {token_file: %q, ", filepath.Join(dir, "bot-token")), 1)
	for name, text := range map[string]string{
		"bot.yaml": text + botYAML, "bot-token": c.token + "\n", "earlier-bot.yaml": earlierBot,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
