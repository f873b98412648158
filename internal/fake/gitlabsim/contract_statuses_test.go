package gitlabsim_test

import (
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func (w *world) setStatus(sha, state string, pipeline int64) error {
	opt := &gitlab.SetCommitStatusOptions{State: gitlab.BuildStateValue(state), Name: new("gate")}
	if pipeline != 0 {
		opt.PipelineID = &pipeline
	}
	_, _, err := w.c.Commits.SetCommitStatus(w.p.ID(), sha, opt)
	return err
}

// Where CI/CD is switched off pipelines and statuses are there for systems beside GitLab:
// a status makes a pipeline, which a merge request shows. Jobs are not, and no pipeline
// starts. (app/policies/project_policy.rb of GitLab.)
func TestStatusesWithoutCI(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{PipelinesRequired: true})
	w.p.SetCI(false)
	w.same(w.status(m), "ci_must_pass")
	w.ok(w.setStatus(m.SHA, "pending", 0))
	w.same(w.status(m), "ci_still_running")
	w.ok(w.setStatus(m.SHA, "success", 0))
	w.same(w.status(m), "mergeable")
	shown := w.get(m.IID).HeadPipeline
	w.same(string(shown.Source), "external")
	w.same(shown.Ref, work)
	_, _, err := w.c.Jobs.ListPipelineJobs(w.p.ID(), shown.ID, nil)
	w.refused(err, 403, "403 Forbidden")
	_, _, err = w.c.Pipelines.CreatePipeline(w.p.ID(), &gitlab.CreatePipelineOptions{Ref: new(work)})
	w.refused(err, 400, "Pipelines are disabled!")
}

// A status needs the right to change its pipeline, which on a protected branch few have.
func TestAStatusOnAProtectedBranch(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{})
	w.p.Protect(work, gitlabsim.Maintainer, gitlabsim.Maintainer)
	w.refused(w.setStatus(m.SHA, "pending", 0), 403, "403 Forbidden")
	w.ok(w.p.Script("on merge-request\njob test"))
	w.ok(w.p.RunAgain("maria", 1))
	w.now = w.now.Add(time.Hour)
	w.ok(w.setStatus(m.SHA, "pending", w.get(m.IID).HeadPipeline.ID))
}

// A person's status on the head's pipeline counts there, one without makes a second
// pipeline; what failed runs again by a button.
func TestWhatPeopleDoToPipelines(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{PipelinesRequired: true})
	w.ok(w.p.Script("on merge-request\njob test fails-first"))
	w.ok(w.p.RunAgain("maria", 1))
	w.now = w.now.Add(time.Hour)
	w.same(w.status(m), "ci_must_pass")
	w.ok(w.p.RetryJobs("maria", "refs/merge-requests/1/head"))
	w.now = w.now.Add(time.Hour)
	w.same(w.status(m), "mergeable")
	w.ok(w.p.Status("maria", 1, "scan", "failed", false))
	w.same(w.status(m), "mergeable") // the merge request's own pipeline counts
	w.ok(w.p.Status("maria", 1, "scan", "failed", true))
	w.same(w.status(m), "ci_must_pass")
	w.same(len(w.p.Runs()), 2)
}

// A head that the target holds, or that is gone, has nothing to merge.
func TestNothingToMerge(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{})
	w.ok(w.p.BlockMR("maria", 1, "requested_changes"))
	w.same(w.status(m), "requested_changes")
	if err := w.p.BlockMR("maria", 1, "no_such_word"); err == nil {
		t.Error("a word that GitLab does not have")
	}
	w.ok(w.p.DeleteBranch("maria", work))
	now, _ := w.p.MR(1)
	w.same(now.Status, "commits_status")
}
