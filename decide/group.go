package decide

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file joins sets that the policy's rules put into one group.

// findSplits finds the open groups that somebody asks to take apart, and may.
func (d *scene) findSplits() {
	for i := range d.s.Ticks {
		t := &d.s.Ticks[i]
		branch, ok := strings.CutPrefix(t.Branch, plan.SplitMark)
		if !ok || d.split[branch] != nil {
			continue
		}
		if verdict, _ := d.splittable(*t, branch); verdict == "" {
			d.split[branch] = t
		}
	}
}

// splittable judges a tick on the split box of a group: a verdict with its reason, or neither if
// the group is to be taken apart.
func (d *scene) splittable(t plan.Tick, branch string) (plan.Verdict, plan.Reason) {
	verdict, reason := d.allowed(t, d.s.Policy.MinimumRole)
	mr, open := d.world.open[branch]
	_, there := d.world.branches[branch]
	switch {
	case verdict != "":
		return verdict, reason
	case !open:
		return plan.Done, nil
	case d.s.Policy.Mode != plan.Full:
		return plan.Refused, plan.TickNoBranches{}
	case !there:
		return plan.Accepted, nil // it closes just now, or a person took the branch over: the next run decides
	case !d.isOurs(mr.Branch):
		return plan.Refused, plan.GroupWithCommits{}
	}
	return "", nil
}

// groupAt is the name of the group that a branch belongs to, empty for none.
func (d *scene) groupAt(branch string) string {
	for i := range d.s.Policy.Rules {
		if name := d.s.Policy.Rules[i].Group; name != "" && plan.GroupBranch(d.s.Policy.BranchPrefix, name) == branch {
			return name
		}
	}
	if name := d.s.Policy.Batch; name != "" && plan.GroupBranch(d.s.Policy.BranchPrefix, name) == branch {
		return name
	}
	return ""
}

// groupOf is the rule that puts a set into a group: that of the package that names the set; nil if
// it joins none.
func (d *joiner) groupOf(s *set) *plan.Rule {
	key := d.leader(s)
	for _, m := range s.result.Moves {
		if d.slots[m.Pin].p.Key != key {
			continue
		}
		for _, l := range d.outcomes[m.Pin].lines {
			if st := l.step(d.slots[m.Pin], m.To); st != nil {
				return rulesDeciding(d.judge.rulesFor(d.slots[m.Pin]), st.kind, m.To).group
			}
		}
	}
	return nil
}

// nameOfGroup is the group that a set joins, empty for none. A set that adds or removes lines does
// not join a batch, since nobody would know afterwards which part a line belongs to.
func (d *joiner) nameOfGroup(s *set) string {
	name := ""
	if rule := d.groupOf(s); rule != nil {
		name = rule.Group
	} else if d.joinsBatch(s) {
		name = d.s.Policy.Batch
	}
	if d.s.Policy.Bisects(name) && len(d.s.Roots) > 0 && len(s.result.Along)+len(s.result.Unneeded) > 0 {
		return ""
	}
	return name
}

// grouped joins the sets of each group. A set stays on its own if it is too young or was refused,
// if it has a merge request or a branch already, if somebody ticked it by itself, if its group is
// taken apart, and if another bot moves one of its members.
func (d *joiner) grouped(sets []*set, waiting map[*goal]*set) []*set {
	members, out := map[string][]*set{}, sets[:0:0]
	young := map[string][]string{}
	for _, s := range sets {
		group := d.nameOfGroup(s)
		if s.breaks = d.breakOf(s); group == "" || s.breaks != nil || s.goals[0].closed {
			out = append(out, s)
			continue
		}
		s.of, s.joins = plan.GroupBranch(d.s.Policy.BranchPrefix, group), group
		branch := d.setBranch(s, d.leader(s))
		_, there := d.world.branches[branch]
		_, open := d.world.open[branch]
		ticked := slices.ContainsFunc(d.s.Ticks, func(t plan.Tick) bool { return t.Branch == branch })
		switch {
		case s.class.young:
			young[group] = append(young[group], d.spelled[d.leader(s)])
			fallthrough
		case there, open, ticked, d.split[s.of] != nil, offeredBy(d.s, s.keys...) != nil:
			out = append(out, s)
		default:
			members[group] = append(members[group], s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		g := d.group(name, members[name], waiting)
		g.without = append(g.without, young[name]...)
		sort.Strings(g.without)
		out = append(out, g)
	}
	return out
}

// group unites the sets of one group: all, or as many as go together, majors first. The others
// wait, by name.
func (d *joiner) group(name string, parts []*set, waiting map[*goal]*set) *set {
	sort.SliceStable(parts, func(i, j int) bool {
		if parts[i].class.major != parts[j].class.major {
			return parts[i].class.major
		}
		return parts[i].keys[0] < parts[j].keys[0]
	})
	var chosen, rest []*set
	taken := map[string]bool{}
	for _, p := range parts {
		switch shared := slices.ContainsFunc(p.keys, func(k string) bool { return taken[k] }); {
		case !shared:
			chosen = append(chosen, p)
			for _, k := range p.keys {
				taken[k] = true
			}
		case slices.ContainsFunc(p.keys, func(k string) bool { return !taken[k] }):
			rest = append(rest, p)
		}
	}
	g := d.together(chosen)
	if g == nil {
		g, chosen = chosen[0], chosen[1:]
		for _, p := range chosen {
			if more := d.together(append(slices.Clip(g.parts()), p)); more != nil {
				g = more
			} else {
				rest = append(rest, p)
			}
		}
	}
	g.name, g.of, g.joins = name, "", ""
	for _, p := range rest {
		g.without = append(g.without, d.spelled[d.leader(p)])
		for _, goal := range p.goals {
			waiting[goal] = g
		}
	}
	return g
}

// parts are the sets that were united, or the set itself.
func (s *set) parts() []*set {
	if len(s.united) == 0 {
		return []*set{s}
	}
	return s.united
}

// together makes one set of several; nil if they do not fit together. Sets without a common package
// that add no conflict need no search, unless lines are added or removed.
func (d *joiner) together(parts []*set) *set {
	if len(parts) == 1 {
		p := *parts[0]
		p.united = parts
		return &p
	}
	var goals []*goal
	r := solve.Result{Status: solve.Solved}
	plain := true
	for _, p := range parts {
		goals = append(goals, p.goals...)
		r.Moves = append(r.Moves, p.result.Moves...)
		r.Unverified = append(r.Unverified, p.result.Unverified...)
		plain = plain && len(p.result.Along)+len(p.result.Unneeded) == 0
	}
	sort.Slice(r.Moves, func(i, j int) bool { return r.Moves[i].Pin < r.Moves[j].Pin })
	if !plain || len(d.solver.Added(r.Moves)) > 0 || d.solver.Spent() {
		left := 2 * share(1)
		if r = d.joint(goals, false, &left); r.Status != solve.Solved {
			return nil
		}
	}
	s := d.newSet(goals, r)
	s.united = parts
	return s
}

// splitting reports whether a group is taken apart and one of its updates still has to open, be it
// one that its merge request does not hold yet.
func (d *judging) splitting(dr *draft) bool {
	return d.split[dr.Branch] != nil && slices.ContainsFunc(d.drafts, func(o *draft) bool {
		return o.of == dr.Branch && o.mr == nil && !o.young && (o.held == "" || o.stale) &&
			!slices.ContainsFunc(d.world.refusals(o.Update, d.wentBack), func(r refusal) bool { return r.covers(o.Update) })
	})
}

// dispersed handles the open merge request of a group that does not exist any more, or that is
// taken apart. It closes when the updates that it holds are open elsewhere.
func (d *judging) dispersed(dr *draft, held []plan.Move) bool {
	if plan.IsPackageBranch(dr.Branch) {
		return false
	}
	found, waits := false, d.splitting(dr)
	for _, h := range held {
		to, err := pep440.Parse(h.To)
		if err != nil || d.reached(h) {
			continue
		}
		for _, other := range d.drafts {
			if other == dr || other.unwanted() || other.held != "" || !slices.ContainsFunc(other.Moves, func(m plan.Move) bool {
				v, err := pep440.Parse(m.To)
				return err == nil && m.Key == h.Key && v.Compare(to) >= 0
			}) {
				continue
			}
			found = true
			waits = waits || other.mr == nil
			break
		}
	}
	switch {
	case found && waits:
		dr.also(plan.ClosesWhenApart{})
	case found:
		why := plan.GroupApart{}
		if t := d.split[dr.Branch]; t != nil {
			why.By = t.By.Username
		}
		dr.end(why)
	}
	return found
}
