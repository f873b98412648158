package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// passes bounds how often one run decides again after its own effects: a
// branch is closed in one and opened anew in the next.
const passes = 4

// all is the whole run.
func (r *run) all(ctx context.Context) (Report, error) {
	if err := r.observe(ctx); err != nil {
		status := Failed
		if gitlab.NeedsPerson(err) {
			status = Stopped
		}
		return Report{Status: status, Failures: []string{explain(err)}}, err
	}
	if err := r.remember(ctx); err != nil {
		return Report{Status: Failed}, err
	}
	if r.found == dashboard.FoundPaused {
		return r.paused(ctx)
	}
	final, err := r.apply(ctx)
	if r.Budget != nil {
		r.Budget.give(r.reserved)
	}
	if err != nil {
		return Report{Status: Failed, Plan: final, Wrote: r.wrote}, err
	}
	finish, done := finishing(ctx)
	defer done()
	body := r.publish(finish, &final)
	if err := r.journal.Err(); err != nil {
		return Report{Status: Failed, Plan: final, Wrote: r.wrote}, err
	}
	status := r.status(final)
	if decide.Attends(r.snap) && (status == Done || !r.snap.Policy.CatchUp) {
		r.memory.Attended = r.now
	}
	r.memory.Standings = final.Counts()
	if err := r.Store.SaveMemory(finish, r.memory); errors.Is(err, store.ErrDamaged) {
		return Report{Status: Failed, Plan: final, Wrote: r.wrote}, err
	} else if err != nil {
		r.fail("what this run did could not be recorded: " + err.Error())
		if status == Done {
			status = Failed
		}
	}
	return Report{Status: status, Plan: final, Body: body, Failures: r.failures, Wrote: r.wrote, Windows: Windows(r.project.Policy), left: r.left}, nil
}

// status is the exit code in words.
func (r *run) status(p plan.Plan) Status {
	for _, problem := range p.Problems {
		if problem.Stopping {
			return Stopped
		}
	}
	for _, problem := range p.Problems {
		r.fail(problem.Text)
	}
	for _, u := range p.Updates {
		if u.State == plan.Errored && r.snap.Failures[u.Branch] == "" && len(r.failures) == 0 {
			r.fail(u.Title + ": " + u.Reason)
		}
	}
	if len(r.failures) > 0 {
		return Failed
	}
	return Done
}

// apply decides and carries out until nothing is left to do, or only what
// failed in this run. It returns the last plan.
func (r *run) apply(ctx context.Context) (plan.Plan, error) {
	var p plan.Plan
	for pass := range passes + 1 {
		var err error
		if p, err = r.decideWithin(ctx); err != nil {
			return p, err
		}
		if err := r.recordTicks(ctx, p.Requests); err != nil {
			return p, err
		}
		if len(p.Actions) == 0 || pass == passes {
			return p, nil
		}
		orders, view := make([]mrs.Order, len(p.Actions)), r.view()
		for i, a := range p.Actions {
			orders[i] = mrs.Render(a, view)
		}
		for i, a := range p.Actions {
			if r.snap.Failures[a.On()] != "" {
				continue
			}
			if err := r.effect(ctx, a, orders[i]); err != nil {
				return p, err
			}
		}
		r.verify(ctx)
	}
	return p, nil
}

// effect carries out one action, whose texts are finished, through the journal. Only the store's and the
// context's failures are errors: GitLab's refusals belong to the branch and the
// run goes on.
func (r *run) effect(stop context.Context, a plan.Action, o mrs.Order) error {
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
		r.snap.Failures[a.On()] = sentence(failure)
		r.fail(fmt.Sprintf("%s of %s: %s", a.Kind(), a.On(), explain(failure)))
		r.log.Error("effect failed", "action", a.Kind(), "branch", a.On(), "err", explain(failure))
	} else {
		if unasked(a) && r.reserved > 0 {
			r.reserved-- // it is spent
		}
		r.log.Info("effect done", "action", a.Kind(), "branch", a.On())
	}
	// What was done is remembered, whatever ends meanwhile.
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

// finishing is a context for what has begun and is better brought to its end: it
// outlives its parent by the grace.
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

// replaced is a rebuild of which GitLab could not tell yet what it replaced.
type replaced struct {
	iid                  int64
	branch, expect, head string
}

// verify asks once more, at the end of the run, whether a rebuild replaced a
// head that somebody pushed in that instant, and keeps it.
func (r *run) verify(ctx context.Context) {
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
	r.unverified = nil
}

func sentence(err error) string {
	if errors.Is(err, mrs.ErrMoved) {
		return "Somebody changed the branch in the instant of the run."
	}
	s := strings.TrimRight(explain(err), ".")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// overlay brings the snapshot up to date with what an effect left behind, so
// that the next decision sees the world as the next run will.
func (r *run) overlay(ctx context.Context, a plan.Action, out mrs.Outcome, failure error) error {
	if out.Kept.Branch != "" {
		r.snap.Branches = append(r.snap.Branches, plan.Branch{Name: out.Kept.Branch, Head: plan.Commit{SHA: out.Kept.SHA}})
	}
	if out.MR != nil {
		r.setMergeRequest(*out.MR)
		if err := r.Store.SaveMergeRequests(ctx, r.project.Path, []plan.MergeRequest{*out.MR}); err != nil {
			return fmt.Errorf("record merge request !%d: %w", out.MR.IID, err)
		}
	}
	if failure != nil {
		return nil //nolint:nilerr // whoever made the effect says what failed
	}
	switch a := a.(type) {
	case plan.CommitBranch:
		if out.Head == "" {
			return nil
		}
		return r.setBranch(ctx, a, out)
	case plan.AskForTests:
		return r.setAsked(ctx, a)
	case plan.DeleteBranch:
		r.snap.Branches = slices.DeleteFunc(r.snap.Branches, func(b plan.Branch) bool { return b.Name == a.Branch })
		return r.Store.DeleteBranch(ctx, r.project.Path, a.Branch)
	case plan.OpenMergeRequest, plan.EditMergeRequest, plan.CloseMergeRequest, plan.KeepCommits:
		return nil // what they changed is in the outcome
	default:
		return fmt.Errorf("remember %s of %s: no such action", a.Kind(), a.On())
	}
}

func (r *run) setMergeRequest(mr plan.MergeRequest) {
	for i := range r.snap.MergeRequests {
		if r.snap.MergeRequests[i].IID == mr.IID {
			r.snap.MergeRequests[i] = mr
			return
		}
	}
	r.snap.MergeRequests = append(r.snap.MergeRequests, mr)
}

func (r *run) setBranch(ctx context.Context, a plan.CommitBranch, out mrs.Outcome) error {
	b := plan.Branch{Name: a.Branch, Head: out.Commit, Digest: a.Digest, Known: true}
	b.Head.SHA, b.Head.Message = out.Head, a.Message
	r.snap.Branches = slices.DeleteFunc(r.snap.Branches, func(o plan.Branch) bool { return o.Name == a.Branch })
	r.snap.Branches = append(r.snap.Branches, b)
	for i := range r.snap.MergeRequests {
		mr := &r.snap.MergeRequests[i]
		if mr.Branch == a.Branch && mr.State == plan.Opened {
			mr.HeadSHA, mr.HasConflicts = out.Head, false
		}
	}
	return r.Store.SaveBranch(ctx, r.project.Path, store.Branch{
		Name: a.Branch, Head: out.Head, Digest: a.Digest, Base: a.Base, Message: a.Message, WrittenAt: r.now,
	})
}

// setAsked notes that tests were asked for on a head.
func (r *run) setAsked(ctx context.Context, a plan.AskForTests) error {
	if p, ok := r.snap.Pipelines[a.IID]; ok && a.OnOpen.Pipeline && p.Head == a.Head {
		p = p.Next(plan.Pipeline{Head: p.Head, ID: p.ID, Updated: p.Updated, Started: true, Since: p.Since, Red: p.Red}, 0)
		r.snap.Pipelines[a.IID], r.memory.Pipelines[a.IID] = p, p
	}
	for i := range r.snap.Branches {
		b := &r.snap.Branches[i]
		if b.Name != a.Branch {
			continue
		}
		b.Asked = true
		t, _ := plan.ParseTrailers(b.Head.Message)
		return r.Store.SaveBranch(ctx, r.project.Path, store.Branch{
			Name: b.Name, Head: b.Head.SHA, Digest: b.Digest, Base: t.Base, Message: b.Head.Message, WrittenAt: t.At, Asked: b.Head.SHA,
		})
	}
	return nil
}

// remember stores what was read of GitLab, before any effect.
func (r *run) remember(ctx context.Context) error {
	if err := r.Store.SaveMergeRequests(ctx, r.project.Path, r.snap.MergeRequests); err != nil {
		return fmt.Errorf("record the merge requests of %s: %w", r.project.Path, err)
	}
	for _, b := range r.proven { // so that it is read once
		if err := r.Store.SaveBranch(ctx, r.project.Path, b); err != nil {
			return fmt.Errorf("record branch %s of %s: %w", b.Name, r.project.Path, err)
		}
	}
	if err := r.forgo(ctx); err != nil {
		return err
	}
	if !r.blocked {
		r.memory.MergeRequestsSeen = r.now
	}
	if r.found == dashboard.FoundPaused {
		r.memory.Attended = r.now // a person wanted nothing, so nothing was missed
	}
	if err := r.Store.SaveMemory(ctx, r.memory); err != nil {
		return fmt.Errorf("record what was read of %s: %w", r.project.Path, err)
	}
	if r.edited {
		if err := r.Store.EndRefusals(ctx, r.project.Path); err != nil {
			return fmt.Errorf("end the refusals of %s: %w", r.project.Path, err)
		}
	}
	for _, branch := range r.withdrawn {
		if err := r.withdraw(ctx, branch); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) withdraw(ctx context.Context, branch string) error {
	selections, err := r.Store.Selections(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the requests of %s: %w", r.project.Path, err)
	}
	for _, sel := range selections {
		if sel.Tick.Branch == branch && sel.State == store.Pending {
			sel.State, sel.At = store.Withdrawn, r.now
			if err := r.Store.SaveSelection(ctx, r.project.Path, sel); err != nil {
				return fmt.Errorf("take the request of %s back: %w", branch, err)
			}
			if err := r.asked(ctx, sel); err != nil {
				return err
			}
		}
	}
	return nil
}
