package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// ticks are the requests of people as a run found them.
type ticks struct {
	states    map[string]store.SelectionState // by the tick's ID, as the store and the audit know them
	refused   []plan.Request                  // of earlier runs, still to be shown
	withdrawn []string                        // branches whose request a person took back
	undone    []plan.Tick                     // taken back before anybody judged them
}

// observeTicks joins the boxes ticked now with the accepted ticks of earlier
// runs, and finds the role of whoever ticked.
func (r *observer) observeTicks(ctx context.Context, activity dashboard.Activity) error {
	selections, err := r.Store.Selections(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the requests of %s from the store: %w", r.project.Path, err)
	}
	byID, waiting := map[string]store.Selection{}, map[string]plan.Tick{}
	for _, sel := range selections {
		byID[sel.Tick.ID], r.ticks.states[sel.Tick.ID] = sel, sel.State
		if sel.State == store.Pending {
			waiting[sel.Tick.Branch] = sel.Tick
		}
	}
	if r.board.untold {
		r.earlier(selections)
		return nil
	}
	history := dashboard.History{
		Bot: r.snap.Bot, Others: r.inherits(), LastBody: r.memory.DashboardBody, Notes: activity.Notes, Missing: missing(activity), Waiting: waiting,
	}
	if history.Refused, err = r.Store.RefusedBefore(ctx, r.project.Path); err != nil {
		return fmt.Errorf("read the requests of %s from the store: %w", r.project.Path, err)
	}
	if r.memory.DashboardBody == "" && activity.Readable {
		history.Missing = "" // what follows the last tick is enough
	}
	account := dashboard.Attribute(r.board.page, history)
	if judged, err := r.newTicks(ctx, account.Ticks, byID); err != nil || !judged {
		r.earlier(selections)
		return err
	}
	for _, n := range activity.Notes {
		r.board.lastNote = max(r.board.lastNote, n.ID)
		r.board.edited = r.board.edited || !r.isBot(n.Author)
	}
	r.ticks.withdrawn, r.ticks.undone = account.Withdrawn, account.Undone
	r.earlier(selections)
	return nil
}

// missing says what was not read of who ticked, empty if nothing is.
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
func (r *observer) earlier(selections []store.Selection) {
	for _, sel := range selections {
		switch {
		case sel.State == store.Pending && !slices.Contains(r.ticks.withdrawn, sel.Tick.Branch):
			t := sel.Tick
			t.Remembered = true
			r.addTick(t)
		case sel.State == store.Refused && !r.board.edited:
			r.ticks.refused = append(r.ticks.refused, plan.Request{Tick: sel.Tick, Verdict: plan.Refused, Reason: sel.Reason, Title: sel.Title})
		}
	}
}

// newTicks adds the ticks of this page. While a role cannot be read none is
// judged, which it reports: they stay ticked for the next run, and the rest of this
// one goes on.
func (r *observer) newTicks(ctx context.Context, marked []plan.Tick, byID map[string]store.Selection) (judged bool, err error) {
	roles := map[int64]plan.Role{plan.User{}.ID: plan.RoleUnknown} // nobody is known to have ticked
	var fresh []plan.Tick
	for _, t := range marked {
		if t.Box == plan.BoxInherit {
			continue // it was for the run that read whose dashboard this is
		}
		t = r.judgedBefore(t, byID)
		role, known := roles[t.By.ID]
		if !known {
			role, err = r.gitlab.Role(ctx, r.snap.Project.ID, t.By.ID, r.now.Stamp())
		}
		if ctx.Err() != nil {
			return false, cmp.Or(err, ctx.Err())
		}
		if err != nil {
			r.board.untold = true
			r.fail("the role of whoever ticked could not be read: " + explain(err))
			return false, nil
		}
		if t.By.ID != 0 {
			roles[t.By.ID], t.Role = role, role
		}
		for _, one := range r.expand(t) {
			if old, ok := byID[one.ID]; ok && old.State != store.Refused {
				continue // pending ones are carried over, the others are over
			}
			fresh = append(fresh, one)
		}
	}
	for _, t := range fresh {
		r.addTick(t)
	}
	return true, nil
}

// addTick adds a tick to the snapshot, with the title that its item named.
func (r *observer) addTick(t plan.Tick) {
	if r.snap.Asked == nil {
		r.snap.Asked = map[string]string{}
	}
	r.snap.Ticks, r.snap.Asked[t.ID] = append(r.snap.Ticks, t), dashboard.TitleOf(t.Text)
}

// judgedBefore takes what was said of a tick when it was judged before, where only
// what followed speaks against it: an earlier run died before it had remembered
// that.
func (r *observer) judgedBefore(t plan.Tick, byID map[string]store.Selection) plan.Tick {
	if t.Doubt == "" {
		return t
	}
	for _, one := range r.expand(t) {
		if old, ok := byID[one.ID]; ok && old.State == store.Refused {
			t.By, t.Doubt = old.Tick.By, old.Tick.Doubt
		}
	}
	return t
}

// expand turns a bulk tick into one for each line of its section, as our last
// body showed them. Of a lost memory a tick that anybody is credited with has
// found the page as we left it.
func (r *observer) expand(t plan.Tick) []plan.Tick {
	if t.Bulk == "" {
		return []plan.Tick{t}
	}
	body := r.memory.DashboardBody
	if body == "" {
		body = r.board.issue.Description
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
