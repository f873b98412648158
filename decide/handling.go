package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// handling is what the policy and its rules say about one update. For each member the last rule
// decides. For several members together every window must be open, one that needs approval is
// enough, and the greatest priority counts.
type handling struct {
	window   plan.Window
	of       []string   // where the rules of the window are; none: it is the policy's window
	approval *plan.Rule // asks for approval; nil if none does
	priority int
	age      *plan.Rule // gives the greatest age of a member; nil if the policy does
}

// deciding has the rules that decide about one move, by what they decide; nil if no rule does.
type deciding struct{ window, approval, priority, group, age, merge *plan.Rule }

// handlingOf works out the handling of an update with these moves.
func (d *facts) handlingOf(moves []plan.Move) handling {
	h := handling{window: d.s.Policy.Window}
	own, windows := len(moves) == 0, []*plan.Rule(nil)
	for k, m := range moves {
		says := d.rulesDeciding(m)
		if says.window == nil {
			own = true
		} else if !slices.Contains(windows, says.window) {
			windows = append(windows, says.window)
		}
		if says.approval != nil && says.approval.Approval == plan.Yes {
			h.approval = says.approval
		}
		if says.age != nil && (h.age == nil || says.age.MinimumAge > h.age.MinimumAge) {
			h.age = says.age
		}
		priority := 0
		if says.priority != nil {
			priority = says.priority.Priority
		}
		if k == 0 || priority > h.priority {
			h.priority = priority
		}
	}
	h.narrow(windows, own)
	return h
}

// narrow sets the window: the times when the windows of all rules are open, and with own the window
// that h has, too.
func (h *handling) narrow(windows []*plan.Rule, own bool) {
	for k, r := range windows {
		if k == 0 && !own {
			h.window = *r.Window
		} else {
			h.window = h.window.And(*r.Window)
		}
		h.of = append(h.of, r.At)
	}
}

// rulesDeciding finds the rules that decide about a move: for each key the last one.
func (d *facts) rulesDeciding(m plan.Move) deciding {
	to, err := pep440.Parse(m.To)
	at := -1
	if len(d.s.Policy.Rules) > 0 {
		at = d.slotOf(m)
	}
	if err != nil || at < 0 {
		return deciding{}
	}
	return rulesDeciding(d.judge.rulesFor(d.slots[at]), m.Kind, to)
}

func rulesDeciding(rules []*plan.Rule, kind plan.Kind, to pep440.Version) deciding {
	var out deciding
	for _, r := range rules {
		if !r.Steps(kind, to) {
			continue
		}
		if r.Window != nil {
			out.window = r
		}
		if r.Approval != plan.NotSaid {
			out.approval = r
		}
		if r.Merge != plan.NotSaid {
			out.merge = r
		}
		if r.HasPriority {
			out.priority = r
		}
		if r.Group != "" {
			out.group = r
		}
		if r.HasAge {
			out.age = r
		}
	}
	return out
}

// people lists who is asked to review an update and who is assigned: the people of the policy, and
// those of every rule for one of its moves.
func (d *pins) people(moves []plan.Move) (reviewers, assignees []string) {
	add := func(list *[]string, names []string) {
		for _, n := range names {
			if !slices.Contains(*list, n) {
				*list = append(*list, n)
			}
		}
	}
	add(&reviewers, d.s.Policy.Reviewers)
	add(&assignees, d.s.Policy.Assignees)
	for i := range d.s.Policy.Rules {
		r := &d.s.Policy.Rules[i]
		if len(r.Reviewers)+len(r.Assignees) > 0 && d.anyCovered(r, moves) {
			add(&reviewers, r.Reviewers)
			add(&assignees, r.Assignees)
		}
	}
	return reviewers, assignees
}

// anyCovered reports whether a rule is for one of the moves.
func (d *pins) anyCovered(r *plan.Rule, moves []plan.Move) bool {
	return slices.ContainsFunc(moves, func(m plan.Move) bool {
		to, err := pep440.Parse(m.To)
		at := d.slotOf(m)
		return err == nil && at >= 0 && d.slots[at].meets(r) && r.Steps(m.Kind, to)
	})
}

// may reports whether an update may be opened now without a request: its window is open, or it has
// the policy's window and that is made up for.
func (d *windows) may(h handling) bool {
	return d.now.Inside(h.window) || (len(h.of) == 0 && d.caughtUp)
}

// agedBy is the place of the rule that sets the age of an update; empty if no rule does.
func (h handling) agedBy() string {
	if h.age == nil {
		return ""
	}
	return h.age.At
}
