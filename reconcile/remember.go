package reconcile

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// remember stores what was read of GitLab, before any effect, and notes in the observation
// up to which instant it was read.
func (r *run) remember(ctx context.Context, o *observation) error {
	if err := r.Store.SaveMergeRequests(ctx, o.project.Path, o.snap.MergeRequests); err != nil {
		return fmt.Errorf("record the merge requests of %s: %w", o.project.Path, err)
	}
	for _, b := range o.proven { // so that it is read once
		if err := r.Store.SaveBranch(ctx, o.project.Path, b); err != nil {
			return fmt.Errorf("record branch %s of %s: %w", b.Name, o.project.Path, err)
		}
	}
	if err := r.keepFiles(ctx, *o); err != nil {
		return err
	}
	if err := r.forgo(ctx, *o); err != nil {
		return err
	}
	if !o.blocked {
		o.memory.MergeRequestsSeen, o.memory.Prefix = r.now.Asking(), o.project.Policy.BranchPrefix
	}
	if o.board.found == dashboard.FoundPaused {
		o.memory.Attended = r.now.Stamp() // a person wanted nothing, so nothing was missed
	}
	if err := r.Store.SaveMemory(ctx, o.memory); err != nil {
		return fmt.Errorf("record what was read of %s: %w", o.project.Path, err)
	}
	if o.board.edited {
		if err := r.Store.EndRefusals(ctx, o.project.Path); err != nil {
			return fmt.Errorf("end the refusals of %s: %w", o.project.Path, err)
		}
	}
	for _, branch := range o.ticks.withdrawn {
		if err := r.withdraw(ctx, *o, branch); err != nil {
			return err
		}
	}
	return nil
}

// keepReleased stores when the releases came out that merge requests moved to: their
// indexes may forget, and a run knows of pinned packages alone.
func (r *run) keepReleased(ctx context.Context, o observation) error {
	var changed []plan.MergeRequest
	for i, m := range o.snap.MergeRequests {
		if at := decide.Released(&o.snap, m).UTC(); !at.Equal(m.Released) {
			o.snap.MergeRequests[i].Released = at
			changed = append(changed, o.snap.MergeRequests[i])
		}
	}
	return r.Store.SaveMergeRequests(ctx, o.project.Path, changed)
}

// withdraw takes the pending requests of a branch back.
func (r *run) withdraw(ctx context.Context, o observation, branch string) error {
	selections, err := r.Store.Selections(ctx, o.project.Path)
	if err != nil {
		return fmt.Errorf("read the requests of %s: %w", o.project.Path, err)
	}
	for _, sel := range selections {
		if sel.Tick.Branch == branch && sel.State == store.Pending {
			sel.State, sel.At = store.Withdrawn, r.now.Stamp()
			if err := r.Store.SaveSelection(ctx, o.project.Path, sel); err != nil {
				return fmt.Errorf("take the request of %s back: %w", branch, err)
			}
			if err := r.audit(ctx, o.ticks, sel); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgo stores the ticks that were taken back before they were judged.
func (r *run) forgo(ctx context.Context, o observation) error {
	for _, t := range o.ticks.undone {
		if _, judged := o.ticks.states[t.ID]; judged {
			continue
		}
		sel := store.Selection{Tick: t, State: store.Withdrawn, At: r.now.Stamp()}
		if err := r.Store.SaveSelection(ctx, o.project.Path, sel); err != nil {
			return fmt.Errorf("record what was taken back on the dashboard of %s: %w", o.project.Path, err)
		}
	}
	return nil
}

// recordTicks writes every tick down before anything is done about it.
func (r *run) recordTicks(ctx context.Context, o observation, requests []plan.Request) error {
	judged := map[string]plan.Request{}
	for _, q := range requests {
		judged[q.Tick.ID] = q
	}
	for _, t := range o.snap.Ticks {
		sel := store.Selection{Tick: t, State: store.Pending, At: r.now.Stamp()}
		if q, ok := judged[t.ID]; ok {
			sel.Reason, sel.Title = q.Reason, q.Title
			switch q.Verdict {
			case plan.Refused:
				sel.State = store.Refused
			case plan.Done:
				sel.State = store.Done
			case plan.Accepted:
			}
		}
		if err := r.Store.SaveSelection(ctx, o.project.Path, sel); err != nil {
			return fmt.Errorf("write the request of %s down: %w", t.Branch, err)
		}
		if err := r.audit(ctx, o.ticks, sel); err != nil {
			return err
		}
	}
	return nil
}

// audit records that the state of a tick is another than the store's.
func (r *run) audit(ctx context.Context, ticks ticks, sel store.Selection) error {
	old := ticks.states[sel.Tick.ID]
	if old == sel.State {
		return nil
	}
	t := sel.Tick
	e := store.AuditEntry{
		Action: "tick", Target: t.Branch, Who: t.By.Username, Role: roleOf(t.Role),
		Why: strings.TrimSpace(string(t.Box) + " " + t.Text), After: []string{string(sel.State)}, Result: sel.Reason,
	}
	if old != "" {
		e.Before = []string{string(old)}
	}
	if err := r.journal.Asked(ctx, e); err != nil {
		return err
	}
	ticks.states[t.ID] = sel.State
	return nil
}
