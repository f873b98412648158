package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// production is a group of projects with a production branch each, and jobs in them.
type production struct {
	*world
	n int // changes so far
}

const deployPath, otherPath, setsPath = "cki/cki-lib", "cki/cki-tools", "cki/deployments"

func newProduction(t *testing.T) *production {
	t.Helper()
	w := newWorld(t)
	p := &production{world: w}
	w.gitlab.AddBot("deploy-bot", "deployments")
	for _, path := range []string{deployPath, otherPath, setsPath} {
		project := w.gitlab.AddProject(path, "main", map[string]string{"README.md": path})
		w.gitlab.AddMember(project, "deploy-bot", gitlabsim.Maintainer)
		w.gitlab.AddMember(project, "maintainer", gitlabsim.Maintainer)
		must(t, project.CreateBranch("maintainer", "production", "main"))
		project.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer)
		project.AllowForcePush("production")
	}
	w.env = map[string]string{"PINWHEEL_DEPLOY_TOKEN": w.gitlab.Token("deploy-bot", "api", "write_repository")}
	w.write("pinwheel.yaml", fmt.Sprintf(`gitlab: {url: %q}
store: %q
software:
  namespace: cki
  packages: [cki-lib, cki-tools]
  deploy:
    sets: {project: cki/deployments}
`, w.gitlab.BaseURL(), w.path("pinwheel.db")))
	return p
}

// merge puts a commit on the default branch of cki-lib, and makes its pipeline.
func (p *production) merge() string {
	p.t.Helper()
	p.n++
	project := p.gitlab.Project(deployPath)
	sha, err := project.Push("maintainer", "main", fmt.Sprintf("Change %d", p.n), map[string]string{"change": fmt.Sprint(p.n)})
	must(p.t, err)
	must(p.t, project.Pipeline("maintainer", "main", "running", "test=success", "lint=failed?"))
	return sha
}

// job runs pinwheel deploy in cki-lib as the job of the newest pipeline of a ref.
func (p *production) job(ref string, env map[string]string) (code int, out, complaints string) {
	p.t.Helper()
	return p.jobOf(ref, env)
}

// jobWith is job with flags.
func (p *production) jobWith(flags ...string) (code int, out, complaints string) {
	p.t.Helper()
	return p.jobOf("main", nil, flags...)
}

func (p *production) jobOf(ref string, env map[string]string, flags ...string) (code int, out, complaints string) {
	p.t.Helper()
	project := p.gitlab.Project(deployPath)
	pipeline, job, err := project.StartJob("maintainer", ref, "deploy-production")
	must(p.t, err)
	p.inJob(map[string]string{"CI_PROJECT_PATH": deployPath, "CI_COMMIT_SHA": project.PipelineSHA(pipeline), "CI_PIPELINE_ID": fmt.Sprint(pipeline), "CI_JOB_ID": fmt.Sprint(job),
		"CI_ENVIRONMENT_NAME": "production"}, env)
	code, out, complaints = p.configured(append([]string{"deploy"}, flags...)...)
	status := "success"
	if code != exitDone {
		status = "failed"
	}
	project.EndJob(job, status)
	p.inJob(nil, nil)
	return code, out, complaints
}

// inJob gives the environment the variables of a job, in place of those that it had.
func (p *production) inJob(all ...map[string]string) {
	for name := range p.env {
		if strings.HasPrefix(name, "CI_") {
			delete(p.env, name)
		}
	}
	for _, some := range all {
		maps.Copy(p.env, some)
	}
}

func (p *production) head() string { return p.gitlab.Project(deployPath).Head("production") }

// TestDeploy goes the whole way with the commands: deploy, releases, rollback, hold,
// release, and what the audit says of it.
func TestDeploy(t *testing.T) {
	p := newProduction(t)
	first := p.merge()
	code, out, complaints := p.job("main", nil)
	p.want(code, exitDone, complaints)
	has(t, out, deployPath+" "+first[:12]+": done (forward), set 1", " -> "+first[:12])
	if p.head() != first {
		t.Errorf("production is at %s", p.head())
	}
	// GitLab records what a job with an environment deploys itself.
	if n := len(p.gitlab.Project(deployPath).Deployments()); n != 0 {
		t.Errorf("%d records were made beside GitLab's", n)
	}
	second := p.merge()
	code, _, complaints = p.job("main", nil)
	p.want(code, exitDone, complaints)
	code, out, complaints = p.configured("releases")
	p.want(code, exitDone, complaints)
	has(t, out, "PROJECT", deployPath, second[:12], "maintainer", "forward", "Change 2")
	code, out, complaints = p.configured("rollback", deployPath)
	p.want(code, exitDone, complaints)
	has(t, out, "done (rollback), set 3", second[:12]+" -> "+first[:12])
	third := p.merge()
	code, out, complaints = p.job("main", nil)
	p.want(code, exitHeld, complaints)
	has(t, out, "not deployed, held ", "rolled back from "+second[:12], "pinwheel release "+deployPath)
	code, out, complaints = p.configured("release", deployPath)
	p.want(code, exitDone, complaints)
	has(t, out, "released")
	code, _, complaints = p.job("main", nil)
	p.want(code, exitDone, complaints)
	if p.head() != third {
		t.Errorf("production is at %s, want %s", p.head(), third)
	}
	code, out, complaints = p.configured("hold", otherPath, "--until", "2026-01-31", "--reason", "the lab is down")
	p.want(code, exitDone, complaints)
	has(t, out, otherPath+": held until the end of 2026-01-31")
	code, out, complaints = p.configured("releases", "--json")
	p.want(code, exitDone, complaints)
	var r releaseOut
	for line := range strings.Lines(out) {
		must(t, json.Unmarshal([]byte(line), &r))
	}
	if r.Project != otherPath || r.Hold == nil || r.Hold.Reason != "the lab is down" || r.Hold.By != "deploy-bot" {
		t.Errorf("releases --json says %+v", r)
	}
	code, out, complaints = p.configured("releases", "--sets")
	p.want(code, exitDone, complaints)
	has(t, out, "4 2026-01-02T09:00:00Z forward of "+deployPath+" by maintainer", "1 2026")
	code, _, complaints = p.configured("releases", "--metrics", p.path("metrics"))
	p.want(code, exitDone, complaints)
	has(t, p.read("metrics"), `pinwheel_production_read_timestamp_seconds`, `pinwheel_production_behind_commits{project="cki/cki-lib"} 0`, `pinwheel_production_held{project="cki/cki-tools"} 1`, "pinwheel_production_set 4")
	code, out, complaints = p.configured("audit")
	p.want(code, exitDone, complaints)
	has(t, out, deployPath+" began MoveProduction production by maintainer", deployPath+" ended MoveProduction production by maintainer", setsPath+" ended WriteSet set 4", ": done")
}

// TestDeployAgain: the environment page runs the old job again, which is a rollback; a
// job that GitLab retries after a failure is not.
func TestDeployAgain(t *testing.T) {
	p := newProduction(t)
	first := p.merge()
	code, _, complaints := p.job("main", nil)
	p.want(code, exitDone, complaints)
	old := p.gitlab.Project(deployPath).NewestPipeline()
	second := p.merge()
	code, _, complaints = p.job("main", nil)
	p.want(code, exitDone, complaints)
	again := func(env map[string]string) (int, string, string) {
		project := p.gitlab.Project(deployPath)
		job, err := project.StartJobOf("maintainer", old, "deploy-production")
		must(t, err)
		p.inJob(map[string]string{"CI_PROJECT_PATH": deployPath, "CI_COMMIT_SHA": first, "CI_PIPELINE_ID": fmt.Sprint(old), "CI_JOB_ID": fmt.Sprint(job)}, env)
		defer p.inJob()
		return p.configured("deploy", "--json")
	}
	code, out, complaints := again(nil)
	p.want(code, exitDone, complaints)
	has(t, out, `"did":"deploy"`, `"kind":"rollback"`, `"from":"`+second+`"`)
	if p.head() != first {
		t.Errorf("production is at %s", p.head())
	}
}

// TestServeTellsOfProduction: the metrics of serve have what is in production, and what
// cannot be read any more stays as it was.
func TestServeTellsOfProduction(t *testing.T) {
	p := newProduction(t)
	p.merge()
	code, _, complaints := p.job("main", nil)
	p.want(code, exitDone, complaints)
	p.merge()
	var said bytes.Buffer
	s := &service{path: p.path("pinwheel.yaml"), metrics: newMetrics(p.path("pinwheel.prom"), "1.2.3"), program: &program{
		out: &said, err: &said, env: func(k string) string { return p.env[k] }, now: func() time.Time { return instant(t, friday) }, version: "1.2.3", instance: newInstance(),
	}}
	m := newProductionMetrics(s.metrics.own)
	must(t, s.readProduction(t.Context(), m))
	want := []string{`pinwheel_production_behind_commits{project="cki/cki-lib"} 1`, `pinwheel_production_held{project="cki/cki-tools"} 0`, "pinwheel_production_set 1", "pinwheel_build_info{"}
	has(t, p.read("pinwheel.prom"), want...)
	writes := len(p.gitlab.Writes(time.Time{}))
	p.gitlab.Revoke(p.env["PINWHEEL_DEPLOY_TOKEN"])
	if err := s.readProduction(t.Context(), m); err == nil {
		t.Error("production was read with a token that was revoked")
	}
	has(t, p.read("pinwheel.prom"), want...)
	if said.Len() > 0 || len(p.gitlab.Writes(time.Time{})) != writes {
		t.Errorf("it says %q, or wrote to GitLab", &said)
	}
}
