package gitlabsim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// other is a second project with a script, in which the bot may run pipelines.
func (w *world) other(script string) *gitlabsim.Project {
	p := w.s.AddProject("cki/integration", main, map[string]string{"README.md": "tests\n"})
	p.SetRole("bot", gitlabsim.Developer)
	p.Protect(main, gitlabsim.Maintainer, gitlabsim.Developer)
	w.ok(p.Script(script))
	return p
}

func (w *world) jobs(project, pipeline int64, retried bool) string {
	list, _, err := w.c.Jobs.ListPipelineJobs(project, pipeline, &gitlab.ListJobsOptions{IncludeRetried: &retried})
	w.ok(err)
	var out []string
	for _, j := range list {
		out = append(out, j.Name+"="+j.Status)
	}
	return strings.Join(out, " ")
}

func (w *world) pipeline(project, id int64) *gitlab.Pipeline {
	l, _, err := w.c.Pipelines.GetPipeline(project, id)
	w.ok(err)
	return l
}

// gitlab.md 2.8: a pipeline of another project tests the commit that an input
// names, its name shows an input, and it is found by that name.
func TestAPipelineOfAnotherProject(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	p := w.other("inputs sha operation\nname integration {operation}\njob lint\njob test fails when boto3==1.35.0")
	head := w.commit(work, w.newer("1.35.0")).ID
	start := func(sha, operation string) *gitlab.Pipeline {
		l, _, err := w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main),
			Inputs: gitlab.PipelineInputsOption{"sha": gitlab.NewPipelineInputValue(sha), "operation": gitlab.NewPipelineInputValue(operation)}})
		w.ok(err)
		return l
	}
	one, two := start(head, "one"), start(w.p.Head(main), "two")
	w.same(w.pipeline(p.ID(), one.ID).Status, "running")
	w.now = w.now.Add(10 * time.Minute)
	w.same(w.pipeline(p.ID(), one.ID).Status, "failed")
	w.same(w.pipeline(p.ID(), one.ID).FinishedAt.Equal(w.now), true)
	w.same(w.pipeline(p.ID(), two.ID).Status, "success")
	w.same(w.jobs(p.ID(), one.ID, false), "test=failed lint=success")
	found, _, err := w.c.Pipelines.ListProjectPipelines(p.ID(), &gitlab.ListProjectPipelinesOptions{Name: new("integration one"), Ref: new(main), SHA: new(p.Head(main)), Source: new("api")})
	w.ok(err)
	w.same(len(found), 1)
	w.same(found[0].ID, one.ID)
	_, _, err = w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main), Inputs: gitlab.PipelineInputsOption{"x": gitlab.NewPipelineInputValue("y")}})
	w.refused(err, 400, "Given inputs not defined")
}

// gitlab.md 7.6: an older GitLab runs without the inputs, and the name without them.
func TestAnOlderGitLabNamesNoInput(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{Version: "17.9.0"})
	p := w.other("inputs sha operation\nname integration {operation}\njob test fails when boto3==1.35.0")
	l, _, err := w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main),
		Inputs: gitlab.PipelineInputsOption{"sha": gitlab.NewPipelineInputValue(w.commit(work, w.newer("1.35.0")).ID)}})
	w.ok(err)
	w.now = w.now.Add(time.Hour)
	w.same(w.pipeline(p.ID(), l.ID).Status, "success")
	w.same(w.pipeline(p.ID(), l.ID).Name, "integration")
}

// gitlab.md 2.8: variables are refused but to a role, and told to few.
func TestVariablesOfPipelines(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	p := w.other("job test fails when boto3==1.35.0")
	variables := []*gitlab.PipelineVariableOptions{{Key: new("url"), Value: new("https://x/y@" + w.commit(work, w.newer("1.35.0")).ID)}}
	create := func() (*gitlab.Pipeline, error) {
		l, _, err := w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main), Variables: &variables})
		return l, err
	}
	_, err := create()
	w.refused(err, 400, "Insufficient permissions to set pipeline variables")
	w.ok(p.Script("variables maintainer\njob test"))
	_, err = create()
	w.refused(err, 400, "Insufficient permissions to set pipeline variables")
	w.ok(p.Script("variables developer\njob test fails when boto3==1.35.0"))
	l, err := create()
	w.ok(err)
	got, _, err := w.c.Pipelines.GetPipelineVariables(p.ID(), l.ID)
	w.ok(err)
	w.same(got[0].Key, "url")
	p.SetRole("rita", gitlabsim.Developer)
	_, _, err = w.client(w.s.Token("rita")).Pipelines.GetPipelineVariables(p.ID(), l.ID)
	w.refused(err, 403, "403 Forbidden")
	w.now = w.now.Add(time.Hour)
	w.same(w.pipeline(p.ID(), l.ID).Status, "failed")
	p.Protect(main, gitlabsim.Maintainer, gitlabsim.Maintainer)
	_, err = create()
	w.refused(err, 400, "You do not have sufficient permission to run a pipeline on 'main'")
	p.SetRole("bot", gitlabsim.Reporter)
	_, err = create()
	w.refused(err, 403, "403 Forbidden")
}

// A retried job is another one of its name; that which was there before is told
// when it is asked for.
func TestAJobIsRetried(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	p := w.other("job test fails-first\njob deploy manual environment prod\njob down trigger")
	l, _, err := w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main)})
	w.ok(err)
	jobs, _, err := w.c.Jobs.ListPipelineJobs(p.ID(), l.ID, nil)
	w.ok(err)
	w.same(w.jobs(p.ID(), l.ID, false), "deploy=manual test=running")
	_, _, err = w.c.Jobs.RetryJob(p.ID(), jobs[1].ID, nil)
	w.refused(err, 403, "not retryable")
	bridges, _, err := w.c.Jobs.ListPipelineBridges(p.ID(), l.ID, nil)
	w.ok(err)
	w.same(bridges[0].Name, "down")
	deployed, _, err := w.c.Deployments.ListProjectDeployments(p.ID(), nil)
	w.ok(err)
	w.same(deployed[0].Deployable.Name, "deploy")
	w.now = w.now.Add(10 * time.Minute)
	w.same(w.pipeline(p.ID(), l.ID).Status, "failed")
	_, _, err = w.client(w.s.Token("rita")).Jobs.RetryJob(p.ID(), jobs[1].ID, nil)
	w.refused(err, 404, "")
	_, _, err = w.c.Jobs.RetryJob(p.ID(), jobs[1].ID, nil)
	w.ok(err)
	w.same(w.pipeline(p.ID(), l.ID).Status, "running")
	w.now = w.now.Add(10 * time.Minute)
	w.same(w.pipeline(p.ID(), l.ID).Status, "success")
	w.same(w.jobs(p.ID(), l.ID, false), "test=success deploy=manual")
	w.same(w.jobs(p.ID(), l.ID, true), "test=success deploy=manual test=failed")
}

// gitlab.md 7.3: a push and a merge request begin pipelines, seen a while after;
// that of a merge request is before that of its branch, whichever is newer. A
// merged result runs on a merge of the target's head and the head, and on the
// head where these conflict.
func TestPipelinesBeginByThemselves(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.ok(w.p.Script("on push merge-request\njob test"))
	m := w.branches()
	w.same(w.get(m.IID).HeadPipeline == nil, true)
	w.now = w.now.Add(time.Second)
	w.same(string(w.get(m.IID).HeadPipeline.Source), "merge_request_event")
	w.same(w.get(m.IID).HeadPipeline.SHA, m.SHA)
	w.same(w.get(m.IID).HeadPipeline.Ref, "refs/merge-requests/1/head")
	all, _, err := w.c.MergeRequests.ListMergeRequestPipelines(w.p.ID(), m.IID)
	w.ok(err)
	w.same(len(all), 2)
	w.ok(w.p.Script("on merged-result\njob test fails when boto3==1.36.0"))
	_, err = w.p.EditFile("maria", "README.md", "new\n")
	w.ok(err)
	head := w.commit(work, w.newer("1.36.0")).ID
	w.now = w.now.Add(time.Hour)
	got := w.get(m.IID)
	w.same(got.HeadPipeline.Ref, "refs/merge-requests/1/merge")
	w.same(got.HeadPipeline.Status, "failed")
	k, _, err := w.c.Commits.GetCommit(w.p.ID(), got.HeadPipeline.SHA, nil)
	w.ok(err)
	w.same(fmt.Sprint(k.ParentIDs), fmt.Sprint([]string{w.p.Head(main), head}))
	_, err = w.p.EditFile("maria", "constraints.txt", w.newer("1.34.9"))
	w.ok(err)
	l, _, err := w.c.MergeRequests.CreateMergeRequestPipeline(w.p.ID(), m.IID)
	w.ok(err)
	w.same(l.Ref, "refs/merge-requests/1/head")
	w.ok(w.p.Script("on push\njob test"))
	_, _, err = w.c.MergeRequests.CreateMergeRequestPipeline(w.p.ID(), m.IID)
	w.refused(err, 405, "405 Method Not Allowed")
}

// What happens by chance happens again from the same seed, about as often as said.
func TestChanceComesFromASeed(t *testing.T) {
	draw := func(seed int) (line string, failed int) {
		w := newWorld(t, gitlabsim.Options{})
		p := w.other(fmt.Sprintf("seed %d\njob test flaky 20%%", seed))
		for range 200 {
			_, _, err := w.c.Pipelines.CreatePipeline(p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main)})
			w.ok(err)
		}
		w.now = w.now.Add(time.Hour)
		line = strings.Join(p.Jobs(), "\n")
		return line, strings.Count(line, "failed")
	}
	one, n := draw(1)
	again, _ := draw(1)
	two, _ := draw(2)
	if one != again || one == two || n < 20 || n > 60 {
		t.Fatalf("%d of 200 failed; the same seed gives the same: %v", n, one == again)
	}
}

// Pins that only fail together, and what never ends.
func TestWaysInWhichJobsEnd(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.ok(w.p.Script("on push\njob pair fails when new:boto3 new:requests\njob slow hangs when requests!=2.31.0\njob lint allowed fails\njob gone cancels when boto3==1.36*"))
	run := func(text string) string {
		w.commit(work, text)
		w.now = w.now.Add(time.Hour)
		list, _, err := w.c.Pipelines.ListProjectPipelines(w.p.ID(), &gitlab.ListProjectPipelinesOptions{Ref: new(work)})
		w.ok(err)
		return list[0].Status + ": " + w.jobs(w.p.ID(), list[0].ID, false)
	}
	w.same(run(w.newer("1.35.0")), "success: gone=success lint=failed slow=success pair=success")
	w.same(run(w.newer("1.36.1")), "canceled: gone=canceled lint=failed slow=success pair=success")
	w.same(run(bump(w.newer("1.35.0"), "requests==2.31.0", "requests==2.32.0")), "running: gone=success lint=failed slow=running pair=failed")
}

// gitlab.md 2.4: a status hung on the head's pipeline counts there; one without
// pipeline_id makes a second pipeline.
func TestStatusesOfCommits(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.ok(w.p.Script("on merge-request\njob test"))
	m := w.branches()
	w.now = w.now.Add(time.Hour)
	w.p.Set(gitlabsim.Settings{PipelinesRequired: true})
	l := w.get(m.IID).HeadPipeline
	w.same(l.Status, "success")
	set := func(state gitlab.BuildStateValue, pipeline *int64) error {
		_, _, err := w.c.Commits.SetCommitStatus(w.p.ID(), m.SHA, &gitlab.SetCommitStatusOptions{State: state, Name: new("integration"), PipelineID: pipeline, TargetURL: new("https://x/1")})
		return err
	}
	w.ok(set(gitlab.Pending, &l.ID))
	w.same(w.get(m.IID).HeadPipeline.Status, "running")
	w.now = w.now.Add(time.Second)
	w.get(m.IID)
	w.same(w.get(m.IID).DetailedMergeStatus, "ci_still_running")
	w.refused(set(gitlab.Pending, &l.ID), 400, "Cannot transition status via :enqueue from :pending")
	w.ok(set(gitlab.Failed, &l.ID))
	w.same(w.get(m.IID).DetailedMergeStatus, "ci_must_pass")
	w.ok(set(gitlab.Success, &l.ID))
	w.same(w.get(m.IID).DetailedMergeStatus, "mergeable")
	list, _, err := w.c.Commits.GetCommitStatuses(w.p.ID(), m.SHA, &gitlab.GetCommitStatusesOptions{Name: new("integration"), All: new(true)})
	w.ok(err)
	w.same(len(list), 2)
	w.refused(set(gitlab.Pending, new(int64(7))), 404, "")
	w.ok(set(gitlab.Failed, nil))
	all, _, err := w.c.MergeRequests.ListMergeRequestPipelines(w.p.ID(), m.IID)
	w.ok(err)
	w.same(len(all), 2)
	w.same(all[1].Source, "external")
	w.same(w.get(m.IID).HeadPipeline.ID, l.ID)
}
