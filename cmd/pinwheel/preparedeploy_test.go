package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const pinsPath = "cki/pipeline-definition"

// delivery is a pipeline whose projects are deployed, on real git, venv and pip: pushes
// are taken by git's own http-backend.
type delivery struct {
	*pipeline
	n int // changes so far
}

func newDelivery(t *testing.T) *delivery {
	t.Helper()
	d := &delivery{pipeline: newPipeline(t)}
	d.gitlab.AddBot("deploy-bot", "deployments")
	d.add(pinsPath, map[string]string{"constraints.txt": "# What is installed.\nsix==1.16.0\n"})
	d.add(setsPath, map[string]string{"README.md": "sets\n"})
	for _, path := range []string{deployPath, otherPath, "cki/kpet-db", pinsPath, setsPath} {
		project := d.gitlab.Project(path)
		d.gitlab.AddMember(project, "deploy-bot", gitlabsim.Maintainer)
		project.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer)
		project.AllowForcePush("production")
	}
	d.env["PINWHEEL_DEPLOY_TOKEN"] = d.gitlab.Token("deploy-bot", "api", "write_repository")
	before, images, found := strings.Cut(d.read("pinwheel.yaml"), "  images: [")
	if !found {
		t.Fatal("the configuration has no images")
	}
	first, _, _ := strings.Cut(images, "}, {")
	d.write("pinwheel.yaml", fmt.Sprintf("%s  images: [%s}]\n  registry: {folder: %q}\n  deploy:\n    sets: {project: %s}\n    constraints: %s\n", before, first, d.path("kept"), setsPath, pinsPath))
	return d
}

// merge merges a merge request of cki-lib, and makes the pipeline of what was merged. It
// returns what git calls that commit.
func (d *delivery) merge(version string, requires ...string) string {
	d.t.Helper()
	d.n++
	project, name := d.gitlab.Project(deployPath), fmt.Sprintf("change-%d", d.n)
	_, err := project.Push("maintainer", name, "Release "+version, sourceOf("cki-lib", version, append(requires, "cki-tools @ git+"+d.url+"/cki/cki-tools.git@production")...))
	must(d.t, err)
	iid, err := project.CreateMR("maintainer", name, "main", "Release "+version, "")
	must(d.t, err)
	must(d.t, project.MergeMR("maintainer", iid))
	must(d.t, project.Pipeline("maintainer", "main", "running", "test=success"))
	return d.git.Name(project.Head("main"))
}

// locks makes the lock with a candidate, as the component does.
func (d *delivery) locks(sha string) {
	d.t.Helper()
	d.must("lock", "--candidate", deployPath+"@"+sha)
}

// deploy is the job deploy-production of the newest pipeline.
func (d *delivery) deploy() (code int, out, complaints string) {
	d.t.Helper()
	project := d.gitlab.Project(deployPath)
	number, job, err := project.StartJob("maintainer", "main", "deploy-production")
	must(d.t, err)
	for name, value := range map[string]string{"PROJECT_PATH": deployPath, "COMMIT_SHA": d.git.Name(project.PipelineSHA(number)), "PIPELINE_ID": fmt.Sprint(number), "JOB_ID": fmt.Sprint(job), "ENVIRONMENT_NAME": "production"} {
		d.env["CI_"+name] = value
		defer delete(d.env, "CI_"+name)
	}
	code, out, complaints = d.configured("deploy", "--dir", d.path("software"))
	status := "success"
	if code != exitDone {
		status = "failed"
	}
	project.EndJob(job, status)
	return code, out, complaints
}

// stays wants a deployment to be refused, and production to stay.
func (d *delivery) stays(at, says string) {
	d.t.Helper()
	code, _, complaints := d.deploy()
	d.want(code, exitUsage, complaints)
	has(d.t, complaints, says)
	if got := d.sha(deployPath); got != at {
		d.t.Fatalf("production is at %s, want %s", got, at)
	}
}

// TestPrepareAndDeploy goes the whole way of a change: the set with it is locked and
// built, merged and deployed; later pipelines find that build. A set that does not install
// is never promoted. A rollback holds, and a release lets the next change through.
func TestPrepareAndDeploy(t *testing.T) {
	testenv.InStep(t, 8, "prepare")
	d := newDelivery(t)
	start, tools := d.sha(deployPath), d.sha(otherPath)

	first := d.merge("1.1", "six")
	d.stays(start, "there is no software.lock.json")
	d.locks(first)
	d.must("build")
	d.stays(start, "of image python is not kept")
	d.must("push")
	d.other("six==1.17.0\n", func() {
		d.stays(start, "the lock was made under other constraints than "+pinsPath+" has in production")
	})
	code, out, complaints := d.deploy()
	d.want(code, exitDone, complaints)
	has(t, out, "done (forward), set 1", start[:12]+" -> "+first[:12])
	if got := d.sha(deployPath); got != first {
		t.Fatalf("production is at %s, want %s", got, first)
	}
	// Every later pipeline is a hit, one with the constraints in a variable, too.
	d.must("lock")
	has(t, d.must("build"), "python: fetched")

	// A set that does not install, without and with an older build in its place.
	second := d.merge("1.2", "six>=1.17")
	d.locks(second)
	code, _, complaints = d.software("build", "--strict")
	d.want(code, exitFailed, complaints)
	has(t, complaints, "cki-lib 1.2 requires six>=1.17, and ", "pins six==1.16.0")
	d.stays(first, "there is no "+d.path("software/python.json"))
	has(t, d.must("build"), "python: last good")
	d.stays(first, "python.json was built of another lock: it may be the last good set")

	// Back, which holds; a change waits, until somebody releases it.
	code, _, complaints = d.configured("rollback", deployPath)
	d.want(code, exitUsage, complaints) // nothing is recorded before the first set
	has(t, complaints, "no set has another commit")
	code, out, complaints = d.configured("rollback", deployPath, "--to", start[:10])
	d.want(code, exitDone, complaints)
	has(t, out, "done (rollback), set 2", first[:12]+" -> "+start[:12])
	third := d.merge("1.3", "six")
	d.locks(third)
	d.must("build")
	d.must("push")
	code, out, complaints = d.deploy()
	d.want(code, exitHeld, complaints)
	has(t, out, "not deployed, held ")
	if got := d.sha(deployPath); got != start {
		t.Fatalf("production is at %s, want %s", got, start)
	}
	code, _, complaints = d.configured("release", deployPath)
	d.want(code, exitDone, complaints)
	code, out, complaints = d.deploy()
	d.want(code, exitDone, complaints)
	has(t, out, "done (forward), set 3", start[:12]+" -> "+third[:12])
	must(t, os.RemoveAll(d.opt))
	d.must("lock")
	has(t, d.must("build"), "python: fetched")
	if d.sha(otherPath) != tools {
		t.Error("production of a project was moved that nobody deployed")
	}
	if out := d.pipeline.job(". software/use.sh && python -c 'import cki_lib; print(cki_lib.VERSION)'"); out != "1.3\n" {
		t.Errorf("a job has cki-lib %s", out)
	}
}

// other gives the constraints' production another text meanwhile.
func (d *delivery) other(text string, meanwhile func()) {
	d.t.Helper()
	project := d.gitlab.Project(pinsPath)
	was := project.Head("production")
	_, err := project.Push("maintainer", "production", "Other pins", map[string]string{"constraints.txt": text})
	must(d.t, err)
	meanwhile()
	must(d.t, project.PushRef("maintainer", "production", was))
}
