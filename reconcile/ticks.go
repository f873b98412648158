package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// observeTicks joins the boxes ticked now with the accepted ticks of earlier
// runs, and finds the role of whoever ticked.
func (r *run) observeTicks(ctx context.Context, notes []dashboard.Note, readable bool) error {
	selections, err := r.Store.Selections(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the requests of %s from the store: %w", r.project.Path, err)
	}
	in := dashboard.AttributeInput{
		Bot: r.snap.Bot, LastBody: r.memory.DashboardBody, LastAt: r.memory.DashboardAt,
		LastNoteID: r.memory.LastNoteID, Waiting: map[string]string{},
	}
	byID := map[string]store.Selection{}
	for _, sel := range selections {
		byID[sel.Tick.ID], r.states[sel.Tick.ID] = sel, sel.State
		if sel.State == store.Pending {
			in.Waiting[sel.Tick.Branch] = sel.Tick.ID
		}
	}
	r.lastNote = r.memory.LastNoteID
	var lastEdit time.Time
	for _, n := range notes {
		r.lastNote = max(r.lastNote, n.ID)
		if n.Author.ID != r.snap.Bot.ID && n.System && n.At.After(lastEdit) {
			lastEdit = n.At
		}
	}
	r.earlier(selections, lastEdit, dashboard.Withdrawals(r.page, notes, in))
	switch {
	case r.untold:
		return nil
	case !readable:
		notes = nil
	}
	ticks := dashboard.Attribute(r.page, notes, in)
	if readable && r.notesLate(notes, ticks, byID) {
		r.untold = true
		r.fail("the notes of the dashboard do not tell yet who ticked a box: the next run asks again")
		return nil
	}
	return r.newTicks(ctx, ticks, byID)
}

// patience is how long notes may be behind the issue that they are of.
const patience = 2 * time.Hour

// notesLate reports whether somebody ticked whom no note names, on an issue
// that was changed a short while ago and after the newest note: then the list of
// notes is an old one.
func (r *run) notesLate(notes []dashboard.Note, ticks []dashboard.AttributedTick, byID map[string]store.Selection) bool {
	changed := r.issue.UpdatedAt
	if r.memory.DashboardBody == "" || r.now.Sub(changed) > patience || slices.ContainsFunc(notes, func(n dashboard.Note) bool { return !n.At.Before(changed.Add(-time.Second)) }) {
		return false
	}
	return slices.ContainsFunc(ticks, func(t dashboard.AttributedTick) bool {
		_, old := byID[t.Tick.ID]
		return len(t.Candidates) == 0 && !old
	})
}

// earlier carries over what the store remembers: pending ticks nobody took
// back, and refusals nobody has edited the issue since.
func (r *run) earlier(selections []store.Selection, lastEdit time.Time, withdrawn []string) {
	for _, sel := range selections {
		switch {
		case sel.State == store.Pending && !slices.Contains(withdrawn, sel.Tick.Branch):
			t := sel.Tick
			t.Remembered = true
			r.snap.Ticks = append(r.snap.Ticks, t)
		case sel.State == store.Refused && !lastEdit.After(sel.At):
			r.refused = append(r.refused, plan.Request{Tick: sel.Tick, Verdict: plan.Refused, Reason: sel.Reason, Title: sel.Title})
		}
	}
	r.withdrawn = withdrawn
}

// newTicks adds the ticks of this page. While a role cannot be read none is
// judged: they stay ticked for the next run, and the rest of this one goes on.
func (r *run) newTicks(ctx context.Context, ticks []dashboard.AttributedTick, byID map[string]store.Selection) error {
	roles := map[int64]plan.Role{}
	var fresh []plan.Tick
	for _, at := range ticks {
		t, err := r.withRole(ctx, at, roles)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			r.untold = true
			r.fail("the role of whoever ticked could not be read: " + explain(err))
			return nil
		}
		for _, t := range r.expand(t) {
			if old, ok := byID[t.ID]; ok && old.State != store.Refused {
				continue // pending ones are carried over, the others are over
			}
			fresh = append(fresh, t)
		}
	}
	r.snap.Ticks = append(r.snap.Ticks, fresh...)
	return nil
}

// withRole sets the least role among those who may have ticked.
func (r *run) withRole(ctx context.Context, at dashboard.AttributedTick, roles map[int64]plan.Role) (plan.Tick, error) {
	t := at.Tick
	t.Role = plan.RoleUnknown
	for i, user := range at.Candidates {
		role, ok := roles[user.ID]
		if !ok {
			var err error
			if role, err = r.gitlab.Role(ctx, r.snap.Project.ID, user.ID); err != nil {
				return t, err
			}
			roles[user.ID] = role
		}
		if i == 0 || role < t.Role {
			t.Role, t.By = role, user
		}
	}
	return t, nil
}

// expand turns a bulk tick into one for each line of its section, as the page
// showed them.
func (r *run) expand(t plan.Tick) []plan.Tick {
	if t.Bulk == "" {
		return []plan.Tick{t}
	}
	var out []plan.Tick
	for _, row := range plan.Table() {
		if row.Bulk != t.Bulk {
			continue
		}
		for _, box := range r.page.Boxes {
			if box.Branch == "" || box.Type != row.Box {
				continue
			}
			one := t
			one.Box, one.Branch, one.Text = box.Type, box.Branch, box.Text
			one.ID = t.ID + "/" + box.Branch
			out = append(out, one)
		}
	}
	return out
}

// journal writes every tick down before anything is done about it.
func (r *run) journal(ctx context.Context, requests []plan.Request) error {
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
