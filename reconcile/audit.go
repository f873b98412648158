package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// record adds a line to the audit, in the store and where Options.Audit says.
// What cannot be written down must not be done, so a failure ends the run.
func (r *run) record(ctx context.Context, e store.AuditEntry) error {
	e.At, e.Project, e.Run = r.now, r.project.Path, r.id
	if err := r.Store.Record(ctx, e); err != nil {
		return err
	}
	if r.Audit == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := r.Audit(append(line, '\n')); err != nil {
		return fmt.Errorf("nothing is done that cannot be written down: %w", err)
	}
	return nil
}

// entryOf says of an action who asked for it, why, and what it changes.
func entryOf(a plan.Action) store.AuditEntry {
	e := store.AuditEntry{Event: store.Began, Action: kindOf(a), Target: a.On()}
	switch a := a.(type) {
	case plan.CommitBranch:
		if t, ok := plan.ParseTrailers(a.Message); ok {
			e.Who, e.Why = t.By, t.Why
			e.Before, e.After = pinsOf(t.Moves)
		}
		if a.Because != "" {
			e.Who, e.Why = a.By, a.Because
		}
		if a.Expect != "" {
			e.Before = append(e.Before, "head "+a.Expect)
		}
	case plan.OpenMergeRequest:
		e.Who, e.Why = a.Update.Note.By, a.Update.Note.Why
		e.Before, e.After = pinsOf(a.Update.Moves)
	case plan.EditMergeRequest:
		e.Target = fmt.Sprintf("%s !%d", a.Update.Branch, a.IID)
		e.Why = "its text follows its branch"
		if tick := a.Update.Forced; tick != nil {
			e.Who, e.Why = tick.By.Username, "forced"
		}
		e.Before, e.After = pinsOf(a.Update.Moves)
	case plan.CloseMergeRequest:
		e.Target = fmt.Sprintf("%s !%d", a.Branch, a.IID)
		e.Why, e.Before, e.After = a.Reason, []string{"opened"}, []string{"closed"}
	case plan.KeepCommits:
		e.Target = fmt.Sprintf("%s !%d", a.Branch, a.IID)
		e.Who, e.Why, e.Before = a.By, "its branch is started over", []string{"head " + a.Head}
	case plan.AskForTests:
		e.Target = fmt.Sprintf("%s !%d", a.Branch, a.IID)
		e.Why, e.After = "on_open", []string{"head " + a.Head}
	case plan.DeleteBranch:
		e.Why, e.Before = "its merge request is closed", []string{"head " + a.Head}
	}
	return e
}

func kindOf(a plan.Action) string { return strings.TrimPrefix(fmt.Sprintf("%T", a), "plan.") }

func pinsOf(moves []plan.Move) (before, after []string) {
	for _, m := range moves {
		before, after = append(before, m.Key+"=="+m.From), append(after, m.Key+"=="+m.To)
	}
	return before, after
}

// ended completes an entry with what came of its effect.
func ended(e store.AuditEntry, out mrs.Outcome, result string) store.AuditEntry {
	e.Event, e.Result = store.Ended, result
	if out.Head != "" {
		e.After = append(e.After, "head "+out.Head)
	}
	if out.MR != nil && !strings.Contains(e.Target, "!") {
		e.Target = fmt.Sprintf("%s !%d", e.Target, out.MR.IID)
	}
	if out.Kept.Branch != "" {
		e.After = append(e.After, "kept "+out.Kept.SHA+" as "+out.Kept.Branch)
	}
	if result == "done" && !out.Wrote {
		e.Result = "was done already"
	}
	return e
}

// noted is record where a run cannot end: the failure waits in r.broken, and
// false says that what the entry is about must not be done.
func (r *run) noted(ctx context.Context, e store.AuditEntry) bool {
	if err := r.record(ctx, e); err != nil {
		r.broken = err
		return false
	}
	return true
}

// dashboardEntry tells two texts of an issue apart by their digests.
func dashboardEntry(action string, iid int64, before, after string) store.AuditEntry {
	digest := func(text string) []string {
		if text == "" {
			return nil
		}
		sum := sha256.Sum256([]byte(dashboard.Normalise(text)))
		return []string{fmt.Sprintf("sha256 %x", sum[:8])}
	}
	target := "issue"
	if iid != 0 {
		target = fmt.Sprintf("issue #%d", iid)
	}
	return store.AuditEntry{Event: store.Began, Action: action, Target: target, Why: "a state changed", Before: digest(before), After: digest(after)}
}

// over completes an entry of the dashboard.
func over(e store.AuditEntry, err error) store.AuditEntry {
	e.Event, e.Result = store.Ended, "done"
	if err != nil {
		e.Result = explain(err)
	}
	return e
}

// asked records that the state of a tick is another than the store's.
func (r *run) asked(ctx context.Context, sel store.Selection) error {
	old := r.states[sel.Tick.ID]
	if old == sel.State {
		return nil
	}
	t := sel.Tick
	e := store.AuditEntry{
		Event: store.Asked, Action: "tick", Target: t.Branch, Who: t.By.Username, Role: roleOf(t.Role),
		Why: strings.TrimSpace(string(t.Box) + " " + t.Text), After: []string{string(sel.State)}, Result: sel.Reason,
	}
	if old != "" {
		e.Before = []string{string(old)}
	}
	if err := r.record(ctx, e); err != nil {
		return err
	}
	r.states[t.ID] = sel.State
	return nil
}

func roleOf(role plan.Role) string {
	switch {
	case role == plan.RoleUnknown:
		return "unknown"
	case role >= plan.Owner:
		return "owner"
	case role >= plan.Maintainer:
		return "maintainer"
	case role >= plan.Developer:
		return "developer"
	case role >= plan.Reporter:
		return "reporter"
	case role >= plan.Planner:
		return "planner"
	case role >= plan.Guest:
		return "guest"
	}
	return "none"
}
