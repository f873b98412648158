package gitlab_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func (w *world) runs() int { return len(w.p.Pipelines()) }

// A pipeline is found by its name after an answer that did not arrive, and is
// started once.
func TestAPipelineIsStartedOnce(t *testing.T) {
	for _, fault := range []string{"", "POST */pipeline 502 after", "POST */pipeline reset after", "POST */pipeline truncated"} {
		inWorld(t, func(w *world) {
			w.ok(w.p.Script("inputs op\nname gate {op}\njob test"))
			w.p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
			start := gitlab.Start{Ref: "main", Inputs: []gitlab.Input{{Name: "op", Value: "one"}}, Find: func(ctx context.Context) (gitlab.Run, bool, error) {
				list, err := w.c.Pipelines(ctx, w.project.ID, api.ListProjectPipelinesOptions{Source: new("api")})
				at := slices.IndexFunc(list, func(p *api.PipelineInfo) bool { return p.Name == "gate one" })
				if at < 0 || err != nil {
					return gitlab.Run{}, false, err
				}
				return gitlab.RunOf(list[at]), true, nil
			}}
			if fault != "" {
				w.fault(fault)
			}
			one, started, err := w.c.StartPipeline(w.ctx, w.project.ID, start)
			w.ok(err)
			w.same(started, true)
			two, started, err := w.c.StartPipeline(w.ctx, w.project.ID, start)
			w.ok(err)
			w.same(started, false)
			w.same(one.ID == two.ID && one.ID != 0, true)
			w.same(w.runs(), 1)
			time.Sleep(time.Hour)
			run, err := w.c.Pipeline(w.ctx, w.project.ID, one.ID)
			w.ok(err)
			w.same(run.Name+" "+run.Status, "gate one success")
			w.same(run.Finished.IsZero(), false)
		})
	}
}

func TestAPipelineThatIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.ok(w.p.Script("job test"))
		w.p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
		refused := func(s gitlab.Start, kind error) {
			t.Helper()
			_, _, err := w.c.StartPipeline(w.ctx, w.project.ID, s)
			w.same(errors.Is(err, kind) && errors.Is(err, gitlab.ErrRefused), true)
		}
		refused(gitlab.Start{Ref: "main", Variables: []gitlab.Variable{{Key: "A", Value: "b"}}}, gitlab.ErrVariables)
		refused(gitlab.Start{Ref: "main", Inputs: []gitlab.Input{{Name: "x", Value: 1}}}, gitlab.ErrInput)
		refused(gitlab.Start{Ref: "absent"}, gitlab.ErrRefused)
		w.same(w.runs(), 0)
		w.ok(w.p.Script("variables developer\njob test"))
		run, _, err := w.c.StartPipeline(w.ctx, w.project.ID, gitlab.Start{Ref: "main", Variables: []gitlab.Variable{{Key: "A", Value: "b", File: true}}})
		w.ok(err)
		got, err := w.c.PipelineVariables(w.ctx, w.project.ID, run.ID)
		w.ok(err)
		w.same(len(got) == 1 && got[0] == gitlab.Variable{Key: "A", Value: "b", File: true}, true)
	})
}

// A job is retried once, also where the answer did not arrive or somebody was first.
func TestAJobIsRetriedOnce(t *testing.T) {
	for _, fault := range []string{"", "POST */retry 500 after", "POST */retry reset after"} {
		inWorld(t, func(w *world) {
			w.ok(w.p.Script("job test fails-first\njob deploy manual environment prod\njob down trigger"))
			w.p.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
			run, _, err := w.c.StartPipeline(w.ctx, w.project.ID, gitlab.Start{Ref: "main"})
			w.ok(err)
			time.Sleep(time.Hour)
			jobs, err := w.c.Jobs(w.ctx, w.project.ID, run.ID)
			w.ok(err)
			names := ""
			for _, j := range jobs {
				names += j.Name + "=" + j.Status + " "
			}
			w.same(names, "deploy=manual test=failed down=success ")
			deploys, err := w.c.Deploys(w.ctx, w.project.ID, run.Created)
			w.ok(err)
			w.same(deploys[jobs[0].ID] && !deploys[jobs[1].ID], true)
			if fault != "" {
				w.fault(fault)
			}
			one, err := w.c.RetryJob(w.ctx, w.project.ID, run.ID, jobs[1])
			w.ok(err)
			two, err := w.c.RetryJob(w.ctx, w.project.ID, run.ID, jobs[1])
			w.ok(err)
			w.same(one.ID == two.ID && one.ID > jobs[1].ID, true)
			w.same(strings.Count(strings.Join(w.p.Jobs(), "\n"), " test "), 2)
			time.Sleep(time.Hour)
			all, err := w.c.Attempts(w.ctx, w.project.ID, run.ID)
			w.ok(err)
			w.same(all[0].Status+" "+all[2].Status, "success failed")
		})
	}
}

// A status hangs on the head's pipeline and is set once; what GitLab takes for a
// step backwards is none.
func TestAStatusIsSet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.ok(w.p.Script("on push\njob test"))
		w.ok(w.write(w.c, api.FileUpdate))
		time.Sleep(time.Hour)
		list, err := w.c.Pipelines(w.ctx, w.project.ID, api.ListProjectPipelinesOptions{Ref: new(work)})
		w.ok(err)
		status := gitlab.Status{SHA: list[0].SHA, Pipeline: list[0].ID, Name: "integration", State: "pending", URL: "https://x/1"}
		w.fault("POST */statuses/* 502 after")
		for _, state := range []string{"pending", "running", "success"} {
			for _, want := range []bool{true, false} {
				status.State = state
				wrote, err := w.c.SetStatus(w.ctx, w.project.ID, status)
				w.ok(err)
				w.same(wrote, want)
			}
		}
		status.State = "pending"
		_, err = w.c.SetStatus(w.ctx, w.project.ID, status)
		w.ok(err)
		status.Markdown = "other words"
		wrote, err := w.c.SetStatus(w.ctx, w.project.ID, status)
		w.ok(err)
		w.same(wrote, false)
		w.same(w.runs(), 1)
	})
}
