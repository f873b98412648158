package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// handling is what the policy and its rules say of one update. Of each member
// the last rule counts; of several members a window has to be open for all, one
// that needs approval is enough, and the greatest priority counts.
type handling struct {
	window   plan.Window
	of       []string   // where the rules are that the window comes from; none: it is the policy's
	approval *plan.Rule // asks for approval; nil where none does
	priority int
	age      *plan.Rule // gives the greatest age of a member; nil where the policy does
}

// sayings are the rules that decide about one move, nil where none says.
type sayings struct{ window, approval, priority, group, age, merge *plan.Rule }

// handlingOf finds what holds for an update with those moves.
func (d *facts) handlingOf(moves []plan.Move) handling {
	h := handling{window: d.s.Policy.Window}
	own, windows := len(moves) == 0, []*plan.Rule(nil)
	for k, m := range moves {
		says := d.said(m)
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

// narrow lets the windows of rules count, all together, and the one that h has
// beside them where own says so.
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

// said finds the rules that decide about a move: of each key the last.
func (d *facts) said(m plan.Move) sayings {
	to, err := pep440.Parse(m.To)
	at := -1
	if len(d.s.Policy.Rules) > 0 {
		at = d.slotOf(m)
	}
	if err != nil || at < 0 {
		return sayings{}
	}
	return said(d.judge.rulesFor(d.slots[at]), m.Kind, to)
}

func said(rules []*plan.Rule, kind plan.Kind, to pep440.Version) sayings {
	var out sayings
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

// people are those who are asked to review an update, and who is assigned: the
// policy's and those of every rule that is for one of its moves.
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

// may reports whether an update may be opened now without anybody asking: its
// window is open, or is the policy's and made up for.
func (d *windows) may(h handling) bool {
	return d.now.Inside(h.window) || (len(h.of) == 0 && d.caughtUp)
}

// agedBy is where the rule stands that an update has its age from, empty for none.
func (h handling) agedBy() string {
	if h.age == nil {
		return ""
	}
	return h.age.At
}
