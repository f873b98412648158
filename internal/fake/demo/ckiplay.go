package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// PlayCKI takes the configuration of docs/cki.md through lock, build, deployment, test, a
// red change and rollback, and prints it. The commands are the real ones, over a GitLab
// and an index on this machine. Without venv and pip nothing is installed, which it says.
func PlayCKI(ctx context.Context, out io.Writer, color bool, command Command) error {
	return playCKI(ctx, terminal{out: out, color: color}, command, "")
}

// playCKI plays it on a terminal. With a reason nothing is installed, which it says.
func playCKI(ctx context.Context, on terminal, command Command, not string) error {
	c, err := newCKI(ctx, on)
	defer c.close()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	c.command = command
	if not == "" && exec.CommandContext(ctx, "python3", "-c", "import venv, ensurepip").Run() != nil {
		not = "python3 has no venv or no pip here, so nothing is built and installed"
	}
	c.not, c.python = not, not == ""
	c.must(c.configure(c.gitlab.BaseURL(), c.indexURL))
	c.play(ctx)
	if err := errors.Join(c.failed, c.terminal.err); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f := c.gitlab.Failures(); len(f) > 0 {
		return fmt.Errorf("demo: the simulated GitLab did not understand: %s", strings.Join(f, "; "))
	}
	return nil
}

// moment begins a new scene.
func (c *cki) moment(headline, text string) {
	c.blank()
	c.put(bold, "", "━━ "+c.now().Format("Mon 2 Jan 15:04")+"  "+headline)
	if text != "" {
		c.put(plain, "   ", text)
	}
}

// pinwheel runs a command and prints it with its output. It has to end with a code.
func (c *cki) pinwheel(ctx context.Context, code int, env map[string]string, args ...string) {
	if c.failed != nil {
		return
	}
	all := map[string]string{"PINWHEEL_GITLAB_TOKEN": c.gitlab.Token("pinwheel-bot"), "PINWHEEL_DEPLOY_TOKEN": c.gitlab.Token("deploy-bot", "api", "write_repository")}
	maps.Copy(all, env)
	line := append([]string(nil), args...)
	args = append(args, "--config", filepath.Join(c.dir, "pinwheel.yaml"))
	if args[0] == "prepare" && args[1] != "prune" || args[0] == "deploy" {
		args = append(args, "--dir", filepath.Join(c.dir, "software"))
	}
	got, out := c.command(ctx, c.now(), all, args...)
	c.blank()
	c.put(cyan, "   ", "$ pinwheel "+strings.Join(line, " "))
	c.printed(out)
	if got != code {
		c.must(fmt.Errorf("pinwheel %s ended with exit code %d, not %d: %s", strings.Join(line, " "), got, code, out))
	}
}

// printed is what a command printed, line by line as it is.
func (c *cki) printed(out string) {
	for l := range strings.Lines(c.hide.Replace(out)) {
		if _, err := fmt.Fprintln(c.out, strings.TrimRight("   "+l, " \n")); err != nil {
			c.must(err)
		}
	}
}

// play is the script.
func (c *cki) play(ctx context.Context) {
	c.put(bold, "", "CKI's way of installing Python software, as docs/cki.md has it")
	c.put(plain, "", "Four projects and one configuration. GitLab and the index are simulated on this machine; the commands, git, venv and pip are real.")
	if !c.python {
		c.put(bold, "", "NOT DONE: "+c.not+", and build_first is off.")
	}
	c.software(ctx)
	c.versions(ctx)
	first := c.release(ctx, "2.0", "Read the new field", "A change is merged, and its pipeline deploys it", "In the pipeline of cki-lib's main the set is locked as it will be, built for each image and kept. Then production moves to the commit that was tested.")
	c.tests(ctx)
	c.back(ctx, first)
	c.blank()
	c.put(plain, "   ", "docs/cki.md has the same, point by point, for your projects.")
}

// versions is the constraints' part: an update, its gate, its merge.
func (c *cki) versions(ctx context.Context) {
	c.pass(time.Hour)
	pipelines := c.project("pipeline-definition")
	c.moment("Consistent versions", "All jobs install under one constraints file. It is Saturday, so the update of six opens, and its gate starts the canary. Once it is merged, the constraints are deployed like any project.")
	c.pinwheel(ctx, 0, nil, "run")
	c.pass(time.Hour)
	c.pinwheel(ctx, 0, nil, "run")
	c.pinwheel(ctx, 0, nil, "gates", "cki-project/pipeline-definition")
	for _, m := range pipelines.MRs() {
		if m.State == "opened" && strings.Contains(m.SourceBranch, "six") {
			c.blank()
			c.put(cyan, "   ", fmt.Sprintf("!%d %s", m.IID, m.Title))
			c.diff(pipelines.Diff("main", m.SourceBranch), false)
			c.must(pipelines.MergeMR("alice", m.IID))
			c.put(plain, "   ", fmt.Sprintf("alice merges !%d", m.IID))
		}
	}
	pins, _ := pipelines.File("main", "constraints.txt")
	if !strings.Contains(pins, "six==1.17.0") {
		c.must(fmt.Errorf("the pins are %q", pins))
	}
	c.must(os.WriteFile(filepath.Join(c.dir, "constraints.txt"), []byte(pins), 0o600))
	c.pass(time.Hour)
	c.deploy(ctx, "pipeline-definition", 0)
}

// software is the part of the jobs: one lock, one build for each image.
func (c *cki) software(ctx context.Context) {
	c.moment("One set of software for every job", "The first job of a pipeline resolves the projects to commits once. The second installs them in each image, under the constraints. All others unpack that.")
	c.pinwheel(ctx, 0, nil, "prepare", "lock")
	c.build(ctx)
	if !c.python || c.failed != nil {
		return
	}
	job := exec.CommandContext(ctx, "sh", "-c", ". software/use.sh && cki-lib && ls \"$kpet_db_data_dir\"")
	job.Dir = c.dir
	out, err := job.CombinedOutput()
	c.blank()
	c.put(cyan, "   ", "$ . software/use.sh && cki-lib && ls $kpet_db_data_dir")
	c.printed(string(out))
	c.must(err)
}

// build installs the locked set and keeps it, where that can be done.
func (c *cki) build(ctx context.Context) {
	if !c.python {
		c.put(dim, "   ", "not done: pinwheel prepare build, prepare push")
		return
	}
	c.pinwheel(ctx, 0, nil, "prepare", "build")
	c.pinwheel(ctx, 0, nil, "prepare", "push")
}

// release merges a version of cki-lib and deploys it. It returns the commit.
func (c *cki) release(ctx context.Context, version, title, headline, text string) string { //nolint:revive // words of one scene
	c.pass(time.Hour)
	c.moment(headline, text)
	lib := c.project("cki-lib")
	files := sourceOf("cki-lib", version, "six")
	_, err := lib.Push("alice", "main", title, files)
	c.must(err)
	c.put(plain, "   ", "alice merges “"+title+"” into cki-lib")
	c.deploy(ctx, "cki-lib", 0)
	return c.sha("cki-lib", "production")
}

// deploy is the pipeline of a project's default branch up to the job that deploys.
func (c *cki) deploy(ctx context.Context, name string, code int) {
	if c.failed != nil {
		return
	}
	p := c.project(name)
	c.must(p.Pipeline("alice", "main", "running", "unit=success"))
	sha := c.sha(name, "main")
	c.pinwheel(ctx, 0, nil, "prepare", "lock", "--candidate", "cki-project/"+name+"@"+sha)
	c.build(ctx)
	pipeline, job, err := p.StartJob("alice", "main", "deploy-production")
	c.must(err)
	c.pinwheel(ctx, code, map[string]string{"CI_PROJECT_PATH": "cki-project/" + name, "CI_COMMIT_SHA": sha, "CI_PIPELINE_ID": fmt.Sprint(pipeline),
		"CI_JOB_ID": fmt.Sprint(job), "CI_ENVIRONMENT_NAME": "production"}, "deploy")
	status := map[bool]string{true: "success", false: "failed"}[code == 0]
	p.EndJob(job, status)
}

// tests is the bot's part: a change that is red in the pipelines that use it, and mended.
func (c *cki) tests(ctx context.Context) {
	c.pass(time.Hour)
	lib, data := c.project("cki-lib"), c.project("kpet-db")
	_, err := lib.Push("bob", "wire", "Speak wire 2", map[string]string{"wire.py": "VERSION = 2\n"})
	c.must(err)
	_, err = lib.CreateMR("bob", "wire", "main", "Speak wire 2", "")
	c.must(err)
	_, err = data.Push("bob", "trees", "Add a tree", map[string]string{"trees/c10s.yaml": "c10s: 1\n"})
	c.must(err)
	_, err = data.CreateMR("bob", "trees", "main", "Add a tree", "")
	c.must(err)
	c.pass(time.Minute)
	c.moment("A comment tests a change before it is merged", "bob proposes a change of cki-lib, and one of kpet-db that belongs to it. Each merge request gets a comment that says what can be asked for.")
	c.pinwheel(ctx, 0, nil, "bot")
	c.pass(10 * time.Minute)
	c.must(c.project("pipeline-definition").Script(ckiRed))
	c.say("@pinwheel-bot test with kpet-db!1")
	c.pinwheel(ctx, 0, nil, "bot", "cki-project/cki-lib")
	c.must(c.project("pipeline-definition").Script(ckiPipeline))
	c.pass(time.Hour)
	c.moment("The change is red", "The canary is a copy of the pipeline that passed last on c9s, with bob's commits in place of the packages. It passes without them.")
	c.pinwheel(ctx, 0, nil, "bot", "cki-project/cki-lib")
	c.comment("| failed, ", "`boot` (passes without this change)")
	c.pass(10 * time.Minute)
	_, err = lib.Push("bob", "wire", "Speak wire 1, too", map[string]string{"wire.py": "VERSIONS = 1, 2\n"})
	c.must(err)
	c.pass(time.Minute)
	c.put(plain, "   ", "bob pushes a commit that mends it")
	c.say("@pinwheel-bot test with kpet-db!1")
	c.pinwheel(ctx, 0, nil, "bot", "cki-project/cki-lib")
	c.pass(time.Hour)
	c.pinwheel(ctx, 0, nil, "bot", "cki-project/cki-lib")
	c.comment("| passed, ")
}

func (c *cki) say(text string) {
	c.must(c.project("cki-lib").CommentMR("bob", 1, text))
	c.put(plain, "   ", "bob writes: "+text)
}

var botTable = regexp.MustCompile(`(?m)^\| .*\[pipeline\].*$`)

// comment prints the tests in the bot's comment, which has to hold texts.
func (c *cki) comment(want ...string) {
	m, _ := c.project("cki-lib").MR(1)
	for _, n := range m.Notes {
		if n.Author != "pinwheel-bot" || !strings.Contains(n.Body, "pinwheel:bot") {
			continue
		}
		c.blank()
		c.put(dim, "   ", "the bot's comment on !1:")
		for _, row := range botTable.FindAllString(n.Body, -1) {
			cells := strings.Split(row, "|") // who, pipeline, commits, state, jobs, link
			line := fmt.Sprintf("%s asked for%sof%s:%s", strings.TrimSpace(cells[1]), cells[2], strings.TrimRight(cells[3], " "), strings.TrimRight(cells[4], " "))
			if jobs := strings.TrimSpace(cells[5]); jobs != "" {
				line += ": " + jobs
			}
			c.printed(bar + strings.ReplaceAll(line, "`", ""))
		}
		for _, part := range want {
			if !strings.Contains(n.Body, part) {
				c.must(fmt.Errorf("the comment lacks %q: %s", part, n.Body))
			}
		}
	}
}

// back is a fault that was deployed, and the way back for all projects at once.
func (c *cki) back(ctx context.Context, good string) {
	c.release(ctx, "3.0", "Drop the old field", "A fault reaches production", "Its tests passed, and the pipelines that use it fail.")
	c.pass(10 * time.Minute)
	c.moment("Rollback", "One command takes every project back to the set before. The project is held, so that the next merge does not deploy the fault again.")
	c.pinwheel(ctx, 0, nil, "releases", "--sets")
	c.pinwheel(ctx, 0, nil, "rollback", "--set", "previous")
	if head := c.sha("cki-lib", "production"); head != good {
		c.must(fmt.Errorf("production is at %s, not at %s", head, good))
	}
	c.pinwheel(ctx, 0, nil, "releases")
	c.pass(time.Hour)
	c.moment("The fault is mended", "The hold keeps production where it is, until somebody releases it.")
	_, err := c.project("cki-lib").Push("alice", "main", "Read both fields", sourceOf("cki-lib", "3.1", "six"))
	c.must(err)
	c.deploy(ctx, "cki-lib", 4)
	c.pinwheel(ctx, 0, nil, "release", "cki-project/cki-lib")
	c.deploy(ctx, "cki-lib", 0)
	c.pinwheel(ctx, 0, nil, "releases")
}
