package reconcile

import (
	"context"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/text"
)

// pause is what the dashboard says of a pause: a stopping problem, so that nothing is judged
// and no tick is lost. It is no failure, since a person wanted it.
func pause(p store.Pause) plan.Problem {
	said := "pinwheel is paused here since " + p.At.UTC().Format(time.RFC3339)
	resume := "pinwheel resume " + p.Project
	if p.Project == "" {
		said, resume = "pinwheel is paused in all projects since "+p.At.UTC().Format(time.RFC3339), "pinwheel resume --all"
	}
	if p.Who != "" {
		said += ", by " + text.Code(p.Who)
	}
	return plan.Problem{Text: said + ": " + text.Inline(p.Reason, 200), Next: "an operator ends that with " + text.Code(resume), Stopping: true}
}

// readPause finds out whether the project is paused.
func (r *run) readPause(ctx context.Context, project string) error {
	p, ok, err := r.Store.Paused(ctx, project)
	if err != nil || !ok {
		return err
	}
	problem := pause(p)
	r.pause = &problem
	return nil
}

// stillPaused reports whether the project was paused since the run began. Then no other
// effect begins.
func (r *run) stillPaused(ctx context.Context, project string) error {
	if _, ok, err := r.Store.Paused(ctx, project); err != nil || !ok {
		return err
	}
	return store.ErrPaused
}
