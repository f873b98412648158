package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// passes bounds how often one run decides again after its own effects. A branch may be
// closed in one pass and opened again in the next.
const passes = 4

// applied is the result of a run's actions: the observation as they left it.
type applied struct {
	observation
	plan   plan.Plan // the last one
	wrote  int       // effects that changed something
	opened int       // of them, merge requests that nobody asked for and that count
	merged bool      // one of them merged into the default branch
}

// carryOut decides and applies until nothing is left to do, or only what failed in
// this run.
func (r *run) carryOut(ctx context.Context, o observation) (applied, error) {
	done := applied{observation: o}
	places := r.Budget.places(r.now.Asking())
	defer places.giveBack(ctx)
	for pass := 0; ; pass++ {
		var err error
		if done.plan, err = r.decideWithin(ctx, done.observation, places); err != nil {
			return done, err
		}
		if err := r.recordTicks(ctx, done.observation, done.plan.Requests); err != nil {
			return done, err
		}
		if len(done.plan.Actions) == 0 || pass == passes {
			return done, nil
		}
		step, err := r.apply(ctx, done.observation, done.plan)
		places.spend(step.opened)
		done.observation, done.wrote, done.merged = step.observation, done.wrote+step.wrote, step.merged
		if err != nil || done.merged {
			return done, err
		}
	}
}

// apply carries out the actions of a plan, whose texts are finished before the first
// of them. What failed before in this run is not tried again.
func (r *run) apply(ctx context.Context, o observation, p plan.Plan) (applied, error) {
	r.heard.gitlab.Close()
	e := effects{run: r, applied: applied{observation: o.changeable(), plan: p}}
	orders, view := make([]mrs.Order, len(p.Actions)), o.view()
	view.Notes = r.readNotes(ctx, o, p.Actions)
	for i, a := range p.Actions {
		orders[i] = mrs.Render(a, view)
	}
	for i, a := range p.Actions {
		if e.snap.Failures[a.On()] != "" {
			continue
		}
		if err := r.stillPaused(ctx, o.project.Path); err != nil {
			return e.applied, err
		}
		if err := e.effect(ctx, a, orders[i]); err != nil {
			return e.applied, err
		}
	}
	e.verify(ctx)
	return e.applied, nil
}

// changeable is a copy in which effects can be entered.
func (o observation) changeable() observation {
	o.snap.Branches, o.snap.MergeRequests = slices.Clone(o.snap.Branches), slices.Clone(o.snap.MergeRequests)
	o.snap.Failures, o.snap.Pipelines = maps.Clone(o.snap.Failures), maps.Clone(o.snap.Pipelines)
	o.snap.Mergeable = maps.Clone(o.snap.Mergeable)
	o.snap.GateFailures = maps.Clone(o.snap.GateFailures)
	o.memory.Pipelines = maps.Clone(o.memory.Pipelines)
	return o
}

// view is what descriptions show beyond their updates.
func (o observation) view() mrs.BodyView {
	policy := o.project.Policy
	return mrs.BodyView{
		Closing: policy.Closing, Refresh: policy.Refresh, RuledAges: slices.ContainsFunc(policy.Rules, func(rule plan.Rule) bool { return rule.HasAge }),
		Files: policy.Files, Zone: policy.Window.Zone(), MinimumAge: policy.MinimumAge,
		Pythons: policy.Pythons, Platforms: policy.Platforms, Roots: rootNames(policy.Roots), Dashboard: o.memory.DashboardIID, ProjectID: o.memory.ID,
		Home: o.snap.Project.WebURL,
	}
}

// effects are those of one plan, with what came of them so far.
type effects struct {
	*run
	applied
	unverified []replaced
}

// effect carries out one action, whose texts are finished, through the journal. It returns
// only errors of the store and the context. If GitLab refuses the action, that is a
// failure of its branch, and the run goes on.
func (r *effects) effect(stop context.Context, a plan.Action, o mrs.Order) error {
	ctx, done := finishing(stop)
	defer done()
	var out mrs.Outcome
	var failure error
	fact := a.Fact()
	err := r.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
		out, failure = r.gitlab.Apply(ctx, r.snap.Project, r.snap.Bot, o)
		if out.Wrote {
			r.wrote++
		}
		return outcomeOf(fact, out, failure)
	})
	if err != nil {
		return err
	}
	if failure != nil {
		if errors.Is(failure, gitlab.ErrForbidden) {
			r.memory.RightsAt = time.Time{} // the next run looks why
		}
		if !r.gateFailed(a, clause(failure)) {
			r.snap.Failures[a.On()] = clause(failure)
		}
		r.fail(fmt.Sprintf("%s of %s: %s", a.Kind(), a.On(), explain(failure)))
		r.log.Error("effect failed", "action", a.Kind(), "branch", a.On(), "err", explain(failure))
	} else {
		if unasked(a) {
			r.opened++
		}
		r.log.Info("effect done", "action", a.Kind(), "branch", a.On())
	}
	// What was done is remembered even if the run is being stopped.
	if err := r.overlay(context.WithoutCancel(ctx), a, out, failure); err != nil {
		return err
	}
	if c, ok := a.(plan.CommitBranch); ok && out.Unverified {
		r.unverified = append(r.unverified, replaced{c.MR, c.Branch, c.Expect, out.Head})
	}
	return stop.Err()
}

// grace is how much longer than its run an effect that has begun may take.
const grace = 1500 * time.Millisecond

// finishing returns a context for an effect that has begun and should be completed. It
// ends one grace after its parent.
func finishing(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	unwatch := context.AfterFunc(parent, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(parent))
		case <-ctx.Done():
		}
	})
	return ctx, func() { unwatch(); cancel(nil) }
}

// replaced is a rebuild for which GitLab could not yet say what it replaced.
type replaced struct {
	iid                  int64
	branch, expect, head string
}

// verify asks again, at the end of a plan, whether a rebuild replaced a head that somebody
// pushed in that instant. If so, it keeps that head.
func (r *effects) verify(ctx context.Context) {
	for _, u := range r.unverified {
		var kept mrs.Kept
		var err error
		fact := plan.Fact{
			Kind: plan.KindKeepReplaced, On: u.branch, Why: "a rebuild may have replaced what somebody pushed in that instant",
			Before: []string{"head " + u.expect}, Detail: u.head,
		}
		failed := r.journal.Do(ctx, fact, func(ctx context.Context) journal.Outcome {
			kept, _, err = r.gitlab.KeepReplaced(ctx, r.snap.Project, r.snap.Bot, mrs.Rebuilt{IID: u.iid, Branch: u.branch, Expect: u.expect, Head: u.head})
			switch {
			case err != nil:
				return journal.Outcome{Result: explain(err)}
			case kept.Branch == "":
				return journal.Outcome{Result: "nothing was replaced"}
			}
			return journal.Outcome{Result: journal.Done, After: []string{keptAs(kept)}}
		})
		if failed != nil {
			return // the journal keeps why
		}
		if err != nil {
			r.fail(fmt.Sprintf("what the rebuild of %s replaced could not be read: %s", u.branch, explain(err)))
			continue
		}
		if kept.Branch != "" {
			r.wrote++
			r.snap.Branches = append(r.snap.Branches, plan.Branch{Name: kept.Branch, Head: plan.Commit{SHA: kept.SHA}})
		}
	}
}

// clause is why an effect failed, as a reason has it.
func clause(err error) string {
	if errors.Is(err, mrs.ErrMoved) {
		return "somebody changed the branch in the instant of the run"
	}
	return explain(err)
}
