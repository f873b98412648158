package decide

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// rulesFor lists the rules that may be for a step of a pin, in their order.
func (j *judge) rulesFor(sl slot) []*plan.Rule {
	var out []*plan.Rule
	for i := range j.policy.Rules {
		if r := &j.policy.Rules[i]; sl.meets(r) {
			out = append(out, r)
		}
	}
	return out
}

// disabled reports whether rules turn off every step of a pin.
func (j *judge) disabled(sl slot) bool { return j.off(sl) != nil }

// forbidden is the rule that forbids a release to a pin, and the reason; nil if none does.
func (j *judge) forbidden(rules []*plan.Rule, kind plan.Kind, to pep440.Version) (*plan.Rule, plan.ReleaseReason) {
	var enabled *plan.Rule
	for _, r := range rules {
		if r.Enabled != plan.NotSaid && r.Steps(kind, to) {
			enabled = r
		}
	}
	if enabled != nil && enabled.Enabled == plan.No {
		return enabled, plan.TurnedOff{Rule: enabled.At}
	}
	for _, r := range rules {
		if !r.Steps(kind, to) {
			continue
		}
		if g := r.Ignore; g != nil && (g.Until.IsZero() || !j.now.Passed(g.Until)) {
			return r, j.ignored(r)
		}
		if !r.Allowed.IsEmpty() && !r.Allowed.Contains(to) {
			return r, plan.NotAllowed{Rule: r.At, Allowed: r.Allowed.String()}
		}
	}
	return nil, nil
}

// off is the rule that turns a package off whatever the step; nil if none does, or if a later rule
// turns some step on again.
func (j *judge) off(sl slot) *plan.Rule {
	var off *plan.Rule
	for _, r := range j.rulesFor(sl) {
		switch {
		case r.Enabled == plan.Yes:
			off = nil
		case r.Enabled == plan.No && len(r.Kinds) == 0 && r.To.IsEmpty():
			off = r
		}
	}
	return off
}

// ignored is the reason of a rule that ignores. It quotes the configuration.
func (j *judge) ignored(r *plan.Rule) plan.IgnoredByRule {
	out := plan.IgnoredByRule{Rule: r.At, Says: r.Ignore.Reason}
	if !r.Ignore.Until.IsZero() {
		out.Until = r.Ignore.Until.In(j.zone)
	}
	return out
}

// minimumAge is how old a release must be before a pin moves to it.
func (j *judge) minimumAge(rules []*plan.Rule, kind plan.Kind, to pep440.Version) time.Duration {
	age := j.policy.MinimumAge
	for _, r := range rules {
		if r.HasAge && r.Steps(kind, to) {
			age = r.MinimumAge
		}
	}
	return age
}

// ruledOut says which rule, person or line of the file forbids a release to the pins of a package; nil if none does.
func (d *facts) ruledOut(key string, to pep440.Version) plan.ReleaseReason {
	for i, sl := range d.slots {
		if sl.p.Key != key {
			continue
		}
		for _, l := range d.outcomes[i].lines {
			for k := range l.judged {
				if v := &l.judged[k]; (v.rule != nil || v.hold != nil || v.unasked) && v.release.Version.Equal(to) {
					return v.reason
				}
			}
		}
	}
	return nil
}

// ruleLabels are the labels that rules give to a draft for its moves.
func (d *pins) ruleLabels(moves []plan.Move) []string {
	var out []string
	for i := range d.s.Policy.Rules {
		r := &d.s.Policy.Rules[i]
		if len(r.Labels) == 0 {
			continue
		}
		if d.anyCovered(r, moves) {
			out = append(out, r.Labels...)
		}
	}
	return out
}

// ignored adds a draft for every line of which rules or people forbid each release, since the dashboard shows
// what people decided not to take.
func (d *offering) ignored() {
	byBranch := map[string]*offer{}
	for i, sl := range d.slots {
		for _, l := range d.outcomes[i].lines {
			at := slices.IndexFunc(l.judged, verdict.kept)
			if at < 0 || l.down || l.offers() {
				continue
			}
			v := &l.judged[at]
			branch := plan.BranchName(d.s.Policy.BranchPrefix, d.spelled[sl.p.Key], v.release.Version.Major())
			if _, open := d.world.open[branch]; open {
				continue // it closes, and says why
			}
			dr := byBranch[branch]
			if dr == nil {
				dr = &offer{form: d.s.Policy.Title, Update: plan.Update{Branch: branch, Name: d.spelled[sl.p.Key]}, held: plan.Ignored}
				dr.heldFor = plan.RuledOut{By: plan.Inner[plan.ReleaseReason]{R: v.reason}}
				if v.rule != nil && v.rule.Ignore != nil {
					dr.Link = v.rule.Ignore.Link
				}
				byBranch[branch] = dr
			}
			dr.step(d, solve.Move{Pin: i, To: v.release.Version})
		}
	}
	for _, branch := range slices.Sorted(maps.Keys(byBranch)) {
		dr := byBranch[branch]
		dr.finishWish()
		d.add(dr)
	}
}

// expired notes the rules that ignored a pinned package for a time that is over.
func (d *decider) expired() {
	for i := range d.s.Policy.Rules {
		r := &d.s.Policy.Rules[i]
		if r.Ignore == nil || r.Ignore.Until.IsZero() || !d.now.Passed(r.Ignore.Until) {
			continue
		}
		if at := slices.IndexFunc(d.slots, func(sl slot) bool { return r.Names(sl.p.Key) }); at >= 0 {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("The rule at `%s` no longer ignores anything: its time was over on %s. Remove it or give it a later day.", r.At, day(r.Ignore.Until, d.zone)))
		}
	}
}
