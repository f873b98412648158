package reconcile

import (
	"context"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// observeTicks joins the boxes ticked now with the accepted ticks of earlier
// runs, and finds the role of whoever ticked.
func (r *run) observeTicks(ctx context.Context, activity dashboard.Activity) error {
	selections, err := r.Store.Selections(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the requests of %s from the store: %w", r.project.Path, err)
	}
	byID, waiting := map[string]store.Selection{}, map[string]plan.Tick{}
	for _, sel := range selections {
		byID[sel.Tick.ID], r.states[sel.Tick.ID] = sel, sel.State
		if sel.State == store.Pending {
			waiting[sel.Tick.Branch] = sel.Tick
		}
	}
	if r.untold {
		r.earlier(selections)
		return nil
	}
	history := dashboard.History{
		Bot: r.snap.Bot, LastBody: r.memory.DashboardBody, Notes: activity.Notes, Missing: missing(activity), Waiting: waiting,
	}
	if history.Refused, err = r.Store.RefusedBefore(ctx, r.project.Path); err != nil {
		return fmt.Errorf("read the requests of %s from the store: %w", r.project.Path, err)
	}
	if r.memory.DashboardBody == "" && activity.Readable {
		history.Missing = "" // what follows the last tick is enough
	}
	account := dashboard.Attribute(r.page, history)
	if judged, err := r.newTicks(ctx, account.Ticks, byID); err != nil || !judged {
		r.earlier(selections)
		return err
	}
	for _, n := range activity.Notes {
		r.lastNote = max(r.lastNote, n.ID)
		r.edited = r.edited || n.Author.ID != r.snap.Bot.ID
	}
	r.withdrawn, r.undone = account.Withdrawn, account.Undone
	r.earlier(selections)
	return nil
}

// forgo remembers the ticks that were taken back before they were judged.
func (r *run) forgo(ctx context.Context) error {
	for _, t := range r.undone {
		if _, judged := r.states[t.ID]; judged {
			continue
		}
		sel := store.Selection{Tick: t, State: store.Withdrawn, At: r.now}
		if err := r.Store.SaveSelection(ctx, r.project.Path, sel); err != nil {
			return fmt.Errorf("record what was taken back on the dashboard of %s: %w", r.project.Path, err)
		}
	}
	return nil
}

// missing says what was not read of who ticked, empty where nothing is.
func missing(a dashboard.Activity) string {
	switch {
	case !a.Readable:
		return "GitLab does not let pinwheel read who ticked it"
	case !a.Whole:
		return fmt.Sprintf("more than %d changes of this issue came since the last run, so that not all of them were read", dashboard.MaxActivity)
	}
	return ""
}

// earlier carries over what the store remembers: pending ticks nobody took
// back, and refusals nobody has edited the issue since.
func (r *run) earlier(selections []store.Selection) {
	for _, sel := range selections {
		switch {
		case sel.State == store.Pending && !slices.Contains(r.withdrawn, sel.Tick.Branch):
			t := sel.Tick
			t.Remembered = true
			r.snap.Ticks = append(r.snap.Ticks, t)
		case sel.State == store.Refused && !r.edited:
			r.refused = append(r.refused, plan.Request{Tick: sel.Tick, Verdict: plan.Refused, Reason: sel.Reason, Title: sel.Title})
		}
	}
}

// newTicks adds the ticks of this page. While a role cannot be read none is
// judged, which it reports: they stay ticked for the next run, and the rest of this
// one goes on.
func (r *run) newTicks(ctx context.Context, ticks []plan.Tick, byID map[string]store.Selection) (judged bool, err error) {
	roles := map[int64]plan.Role{}
	var fresh []plan.Tick
	for _, t := range ticks {
		if t.Doubt != "" {
			// It was judged before, and only what followed speaks against it: an
			// earlier run died before it had remembered that.
			for _, one := range r.expand(t) {
				if old, ok := byID[one.ID]; ok && old.State == store.Refused {
					t.By, t.Doubt = old.Tick.By, old.Tick.Doubt
				}
			}
		}
		if t.By.ID != 0 {
			role, ok := roles[t.By.ID]
			if !ok {
				role, err = r.gitlab.Role(ctx, r.snap.Project.ID, t.By.ID, r.now)
			}
			if ctx.Err() != nil {
				return false, err
			}
			if err != nil {
				r.untold = true
				r.fail("the role of whoever ticked could not be read: " + explain(err))
				return false, nil
			}
			roles[t.By.ID], t.Role = role, role
		}
		for _, t := range r.expand(t) {
			if old, ok := byID[t.ID]; ok && old.State != store.Refused {
				continue // pending ones are carried over, the others are over
			}
			fresh = append(fresh, t)
		}
	}
	r.snap.Ticks = append(r.snap.Ticks, fresh...)
	return true, nil
}

// expand turns a bulk tick into one for each line of its section, as our last
// body showed them. Of a lost memory a tick that anybody is credited with has
// found the page as we left it.
func (r *run) expand(t plan.Tick) []plan.Tick {
	if t.Bulk == "" {
		return []plan.Tick{t}
	}
	body := r.memory.DashboardBody
	if body == "" {
		body = r.issue.Description
	}
	var out []plan.Tick
	for _, box := range dashboard.Listed(body, t.Bulk) {
		one := t
		one.Box, one.Branch, one.Text = box.Type, box.Branch, box.Text
		one.ID = t.ID + "/" + box.Branch
		out = append(out, one)
	}
	return out
}

// recordTicks writes every tick down before anything is done about it.
func (r *run) recordTicks(ctx context.Context, requests []plan.Request) error {
	judged := map[string]plan.Request{}
	for _, q := range requests {
		judged[q.Tick.ID] = q
	}
	for _, t := range r.snap.Ticks {
		sel := store.Selection{Tick: t, State: store.Pending, At: r.now}
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
		if err := r.Store.SaveSelection(ctx, r.project.Path, sel); err != nil {
			return fmt.Errorf("write the request of %s down: %w", t.Branch, err)
		}
		if err := r.asked(ctx, sel); err != nil {
			return err
		}
	}
	return nil
}
