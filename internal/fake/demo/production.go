package demo

import (
	"fmt"
	"net/http"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// production is what a reader of docs/deploy.md needs: branches that are protected, a
// project of the sets, a token of deployments, and jobs.
type production struct {
	token     string
	pipelines []int64 // of what was merged to cki-lib, oldest first
	job       int64   // that was started last; 0: none
	name      func(id string) string
}

const libPath, setsPath = "cki/cki-lib", "cki/deployments"

// set makes the project of the sets and the rights of the token.
func (p *production) set(gitlab *gitlabsim.Server) error {
	gitlab.AddBot("deploy-bot", "deployments")
	p.token = gitlab.Token("deploy-bot", "api", "write_repository")
	gitlab.AddProject(setsPath, "main", map[string]string{"README.md": "What was deployed.\n"})
	for _, path := range []string{libPath, "cki/cki-tools", "cki/kpet-db", setsPath} {
		project := gitlab.Project(path)
		if project == nil {
			return fmt.Errorf("there is no project %s", path)
		}
		gitlab.AddMember(project, "deploy-bot", gitlabsim.Maintainer)
		project.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer)
		project.AllowForcePush("production")
	}
	return nil
}

// words say how a deployment is tried.
func (*production) words(url string) string {
	return fmt.Sprintf(`This merges a change of cki-lib, and makes the shell a job of its pipeline, which
locks and builds the set with it, and deploys it:

  eval "$(curl -s -X POST %[1]s/merge)"
  pinwheel prepare lock --config production.yaml --candidate $CI_PROJECT_PATH@$CI_COMMIT_SHA
  pinwheel prepare build --config production.yaml && pinwheel prepare push --config production.yaml
  pinwheel deploy --config production.yaml
  pinwheel releases --config production.yaml

This is the button of the environment page, which starts the job before again:

  eval "$(curl -s -X POST %[1]s/again)" && pinwheel deploy --config production.yaml
`, url)
}

// merge puts a version on the default branch of cki-lib, and starts the job of its pipeline.
func (s *software) merge(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	project := s.gitlab.Project(libPath)
	_, err := s.release("main")
	if err == nil {
		err = project.Pipeline("dev", "main", "running", "test=success")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	number := project.NewestPipeline()
	s.production.pipelines = append(s.production.pipelines, number)
	s.start(w, number)
}

// again starts the job of what was merged before the newest, as somebody who presses the
// button of GitLab's environment page.
func (s *software) again(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.production.pipelines)
	if n < 2 {
		http.Error(w, "echo 'there is no earlier deployment: merge and deploy twice before'", http.StatusConflict)
		return
	}
	s.start(w, s.production.pipelines[n-2])
}

// start starts a job, and prints its variables for a shell. The job before has ended by
// then. The lock is held.
func (s *software) start(w http.ResponseWriter, number int64) {
	project := s.gitlab.Project(libPath)
	if s.production.job != 0 {
		project.EndJob(s.production.job, "success")
	}
	job, err := project.StartJobOf("dev", number, "deploy-production")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.production.job = job
	fmt.Fprintf(w, "export CI_PROJECT_PATH=%s CI_COMMIT_SHA=%s CI_PIPELINE_ID=%d CI_JOB_ID=%d CI_ENVIRONMENT_NAME=production\n",
		libPath, s.production.name(project.PipelineSHA(number)), number, job)
}
