package reconcile

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// outcomeOf is what came of an action, as the journal writes it down.
func outcomeOf(fact plan.Fact, out mrs.Outcome, failure error) journal.Outcome {
	o := outcome(failure)
	if out.Head != "" {
		o.After = append(o.After, "head "+out.Head)
	}
	if out.MR != nil && fact.Target == fact.On { // its number was not known before
		o.Target = plan.Target(fact.On, out.MR.IID)
	}
	if out.Kept.Branch != "" {
		o.After = append(o.After, keptAs(out.Kept))
	}
	if failure == nil && !out.Wrote {
		o.Result = "was done already"
	}
	return o
}

func keptAs(k mrs.Kept) string { return "kept " + k.SHA + " as " + k.Branch }

// outcome is what came of an effect that did what it should, or failed.
func outcome(err error) journal.Outcome {
	if err != nil {
		return journal.Outcome{Result: explain(err)}
	}
	return journal.Outcome{Result: journal.Done}
}

// issueTarget names a dashboard's issue, 0 if there is none yet.
func issueTarget(iid int64) string {
	if iid == 0 {
		return "issue"
	}
	return fmt.Sprintf("issue #%d", iid)
}

// textFact is of a dashboard's text. It tells two texts apart by their digests.
func textFact(kind plan.ActionKind, iid int64, before, after string) plan.Fact {
	digest := func(text string) []string {
		if text == "" {
			return nil
		}
		sum := sha256.Sum256([]byte(dashboard.Normalise(text)))
		return []string{fmt.Sprintf("sha256 %x", sum[:8])}
	}
	return plan.Fact{
		Kind: kind, On: issueTarget(iid), Why: string(plan.CauseChange), Before: digest(before), After: digest(after), Detail: strings.Join(digest(after), ""),
	}
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
