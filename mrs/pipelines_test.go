package mrs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestThePipelineOfTheHead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		_, m := w.opened()
		look := func() plan.Pipeline {
			p, err := w.c.HeadPipeline(w.ctx, w.project.ID, m.IID, time.Time{})
			w.ok(err)
			return p
		}
		w.same(fmt.Sprint(look()), fmt.Sprint(plan.Pipeline{Head: m.HeadSHA}))
		w.ok(w.p.Pipeline("dave", work, "running"))
		p := look()
		w.same(fmt.Sprint(p.Head == m.HeadSHA, p.Started, p.Result), "true true")
		for status, want := range map[string]plan.Result{"success": plan.Passed, "canceled": plan.Canceled, "skipped": plan.Skipped, "manual": plan.Unsettled} {
			w.ok(w.p.Pipeline("dave", work, status))
			w.same(look().Result, want)
		}
		time.Sleep(time.Hour)
		// Its own pipeline goes before that of the branch; what may fail and what
		// passed is not named, the trigger of another project's is.
		w.ok(w.p.Pipeline("dave", "!1", "failed", "b=failed", "a=failed>", "c=failed?", "d=success"))
		p = look()
		w.same(p.Result, plan.Failed)
		w.same(fmt.Sprint(p.Jobs), "[{a } {b }]")
		w.same(p.At, time.Now().UTC().Truncate(time.Millisecond))
		w.same(p.Red, p.At)                                                                          // that of the branch was skipped or waits, but did not fail
		for after, want := range map[time.Duration]bool{time.Minute: false, 3 * time.Minute: true} { // GitLab's clock may be 2 minutes late
			later, err := w.c.HeadPipeline(w.ctx, w.project.ID, m.IID, time.Now().Add(after))
			w.ok(err)
			w.same(later.Red.IsZero(), want)
		}

		// After a push GitLab shows the old one for a while: it is none of the new head.
		_, err := w.p.Push("dave", work, "more", map[string]string{"x": "y"})
		w.ok(err)
		time.Sleep(time.Minute)
		p = look()
		w.same(p.Red.IsZero(), false)
		w.same(fmt.Sprint(p.Head == m.HeadSHA, p.Started, p.Result), "false false")
		w.ok(w.p.Pipeline("dave", "!1/merge", "success"))
		w.same(look().Result, plan.Passed)
		_, err = w.p.Push("dave", work, "more", map[string]string{"x": "z"})
		w.ok(err)
		time.Sleep(time.Minute)
		w.same(look().Started, false)
	})
}

func TestWhatChangedIsListed(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		w.opened()
		w.ok(w.p.Pipeline("dave", "main", "failed"))
		time.Sleep(time.Hour)
		for range 120 {
			_, err := w.p.Push("dave", "main", "more", map[string]string{"x": time.Now().String()})
			w.ok(err)
			w.ok(w.p.Pipeline("dave", "main", "success", "test=success", "docs=failed?", "slow=manual"))
			time.Sleep(time.Second)
		}
		list, err := w.c.UpdatedPipelines(w.ctx, w.project.ID, time.Now().Add(-time.Hour))
		w.ok(err)
		w.same(len(list), 120)
		w.same(list[0].Ref+" "+string(list[0].Result), "main passed")
		jobs, at, err := w.c.BranchJobs(w.ctx, w.project.ID, "main")
		w.ok(err)
		w.same(fmt.Sprint(jobs), "map[docs:failed test:passed]")
		w.same(at, list[0].At)
		jobs, at, err = w.c.BranchJobs(w.ctx, w.project.ID, work)
		w.ok(err)
		w.same(len(jobs) == 0 && at.IsZero(), true)

		w.p.SetCI(false)
		list, err = w.c.UpdatedPipelines(w.ctx, w.project.ID, time.Now().Add(-time.Hour))
		w.ok(err) // GitLab shows those that ran before
		w.same(len(list), 120)
		p, err := w.gl.Project(w.ctx, "", w.project.ID)
		w.ok(err)
		w.same(p.PipelinesOff, true)
	})
}

func TestApprovals(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		_, m := w.opened()
		for _, want := range []bool{false, true, false} {
			approved, err := w.c.Approved(w.ctx, w.project.ID, m.IID)
			w.ok(err)
			w.same(approved, want)
			if approved {
				w.ok(w.p.Unapprove("dave", int(m.IID)))
			} else {
				w.ok(w.p.Approve("dave", int(m.IID)))
			}
		}
	})
}

func TestTestsAreAskedForOnceForEachHead(t *testing.T) {
	inWorld(t, gitlabsim.Options{}, func(w *world) {
		_, m := w.opened()
		w.p.SetCI(true, "suite", "fast", "shards")
		a := plan.AskForTests{IID: m.IID, Branch: work, Head: m.HeadSHA, OnOpen: plan.OnOpen{Comment: "@dave test", Pipeline: true,
			Inputs: []plan.Input{{Name: "suite", Value: "canary"}, {Name: "fast", Value: true}, {Name: "shards", Value: 2}}}}
		w.same(w.apply(a).Wrote, true)
		w.same(w.apply(a).Wrote, false)
		w.same(fmt.Sprint(w.p.Pipelines()), "[pinwheel/boto3-1.x created by pinwheel-bot (api)]")

		_, err := w.p.Push("dave", work, "more", map[string]string{"x": "y"})
		w.ok(err)
		time.Sleep(time.Minute)
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
		a.Branch = "main"
		_, err = w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
		w.same(errors.Is(err, mrs.ErrMoved), true)
		a.Branch = work
		w.ok(w.p.CloseMR("dave", int(m.IID)))
		w.same(w.apply(a).Wrote, false)
		w.same(len(w.p.Pipelines()), 1)
	})
}

// A GitLab that does not know inputs would start a pipeline without them and say
// nothing: none is started, and the sentence says what to do.
func TestInputsAreNotDropped(t *testing.T) {
	for version, starts := range map[string]bool{"17.9.2-ee": false, "16.11.4": false, "17.10.0-ee": true, "18.1.0-pre": true, "19.5.0": true} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, gitlabsim.Options{Version: version}, func(w *world) {
				w.p.SetCI(true, "suite")
				_, m := w.opened()
				a := plan.AskForTests{IID: m.IID, Branch: work, Head: m.HeadSHA, OnOpen: plan.OnOpen{Pipeline: true, Inputs: []plan.Input{{Name: "suite", Value: "canary"}}}}
				_, err := w.c.Apply(w.ctx, w.project, w.bot, mrs.Render(a, view))
				w.same(err == nil, starts)
				w.same(len(w.p.Pipelines()) == 1, starts)
				if starts {
					w.same(fmt.Sprint(w.p.PipelineInputs()), "map[suite:canary]")
					return
				}
				w.same(strings.Contains(gitlab.Explain(err), "update GitLab to 17.10 or newer, or take on_open.pipeline.inputs out"), true)
				a.OnOpen.Inputs = nil // which it knows without
				w.same(w.apply(a).Wrote, true)
				w.same(len(w.p.Pipelines()), 1)
			})
		})
	}
}
