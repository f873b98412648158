package decide

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// twins adds one update that repairs every derived file which disagrees with
// its constraints file on the default branch.
func (d *decider) twins() {
	var paths []string
	for _, f := range d.files {
		if f.Behind {
			paths = append(paths, f.Derived.Path)
		}
	}
	if len(paths) == 0 {
		return
	}
	t := "Regenerate " + paths[0]
	if len(paths) > 1 {
		t = fmt.Sprintf("Regenerate %d derived files", len(paths))
	}
	form := d.s.Policy.Title
	d.drafts = append(d.drafts, &draft{form: form, Update: plan.Update{Branch: plan.TwinBranch(d.s.Policy.BranchPrefix, paths[0]), Title: form.Apply(t), Kind: plan.Twin}, repairs: t})
}

// orphans adds a draft for every open merge request that no update explains.
func (d *decider) orphans() {
	known := map[string]bool{}
	for _, dr := range d.drafts {
		known[dr.Branch] = true
	}
	var names []string
	for name := range d.world.open {
		if !known[name] && !strings.HasPrefix(name, plan.KeptPrefix(d.s.Policy.BranchPrefix)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		mr := d.world.open[name]
		dr := &draft{form: d.s.Policy.Title, Update: plan.Update{Branch: name, Title: mr.Title}, orphan: "-"}
		if d.split[name] != nil {
			dr.Group, dr.Parts = d.groupAt(name), 2 // its box stays until it is apart
		}
		if m := generatedTitle.FindStringSubmatch(dr.form.Strip(plan.PlainTitle(mr.Title))); m != nil && pep508.ValidName(m[1]) {
			dr.Name = m[1]
		}
		d.drafts = append(d.drafts, dr)
	}
}

// states attaches what GitLab holds to each draft and gives it the state it
// has when nobody ticks anything and the window is shut.
func (d *decider) states() {
	for _, dr := range d.drafts {
		if b, ok := d.world.branches[dr.Branch]; ok {
			dr.branch = &b
			dr.trailer, dr.ours = b.Ours(d.world.us)
		}
		if mr, ok := d.world.open[dr.Branch]; ok {
			dr.mr = &mr
			dr.MR = mr.IID
		}
		dr.handling = d.handlingOf(dr.Moves)
	}
	for _, dr := range d.drafts {
		d.state(dr)
		d.asShown(dr)
	}
	for _, dr := range d.drafts {
		d.yield(dr)
	}
}

// unread reports whether what the draft is about could not be read in this run.
func (dr *draft) unread() bool { return dr.stale || dr.held == plan.NotChecked }

// asShown keeps the state that the page showed of what could not be read in this
// run, and has no merge request: that an index does not answer is no news of an
// update, and nobody is needed for it.
func (d *decider) asShown(dr *draft) {
	waits := func(s plan.State) bool {
		return s == plan.AwaitingSchedule || s == plan.Maturing || s == plan.PendingApproval || s == plan.RateLimited
	}
	if dr.mr != nil || !dr.unread() || !waits(dr.State) && dr.State != plan.NotChecked {
		return
	}
	if shown := d.s.Shown[dr.Branch]; waits(shown) {
		dr.State, dr.Reason = shown, "Stays as it was while its index does not answer."
		return
	}
	if dr.State != plan.NotChecked {
		dr.State, dr.Reason = plan.NotChecked, "Not checked yet: its index does not answer. Tried again every run."
	}
}

// yield holds a set back while a merge request that a person took over moves
// one of its members: half a set is never offered.
func (d *decider) yield(dr *draft) {
	if dr.State != plan.PendingApproval && dr.State != plan.AwaitingSchedule && dr.State != plan.Maturing && dr.State != plan.Open {
		return
	}
	for _, other := range d.drafts {
		if other == dr || other.mr == nil || other.State != plan.Edited {
			continue
		}
		for _, m := range dr.Moves {
			if m.Key != dr.Moves0().Key && other.concerns(m.Key) {
				reason := fmt.Sprintf("`%s` also moves %s, and holds a person's commits.", other.Branch, m.Name)
				if dr.mr == nil {
					dr.State, dr.Reason = plan.Incompatible, reason+" Moves when that merge request is merged or closed."
				} else if dr.moves {
					dr.moves = false
					dr.Reason += " " + reason
				}
				return
			}
		}
	}
}

// concerns reports whether a draft's merge request moves a package, as far as
// its marker and its branch's name tell.
func (dr *draft) concerns(key string) bool {
	return strings.EqualFold(dr.Name, key) || slices.ContainsFunc(dr.mr.Note.Moves, func(m plan.Move) bool { return m.Key == key })
}

func (d *decider) state(dr *draft) {
	if dr.mr != nil {
		d.openState(dr)
		return
	}
	if mr, ok := d.world.astray[dr.Branch]; ok {
		dr.MR, dr.State = mr.IID, plan.Edited
		dr.Reason = fmt.Sprintf("It goes into `%s`, and the default branch is `%s`, so only people touch it. Give it that target, or close it and delete its branch.", mr.Target, d.s.Project.DefaultBranch)
		return
	}
	for _, r := range d.world.refusals(dr.Update, d.wentBack) {
		if r.covers(dr.Update) {
			dr.refused = &r
			dr.MR = r.mr.IID
			dr.State, dr.Reason = plan.ClosedByPerson, d.refusedReason(r, dr)
			return
		}
	}
	switch {
	case d.s.Policy.Mode == plan.DashboardOnly:
		dr.State, dr.Reason = plan.Ignored, "No branches are made here: mode is dashboard."
	case dr.branch != nil && !dr.ours:
		dr.State = plan.Edited
		dr.Reason = fmt.Sprintf("Branch `%s` holds commits that are not pinwheel's and has no merge request, so only people touch it. Delete it, or open a merge request.", dr.Branch)
	case dr.held != "":
		dr.State, dr.Reason = dr.held, dr.heldFor
	case dr.young:
		then := "waits for the window and its turn" + dr.handling.by()
		if dr.joins != "" {
			then = "joins " + dr.joins
		} else if r := dr.handling.approval; r != nil {
			then = fmt.Sprintf("needs approval (`%s`)", r.At)
		}
		dr.State = plan.Maturing
		dr.Reason = d.maturing(dr, then)
	case dr.handling.approval != nil:
		dr.State = plan.PendingApproval
		dr.Reason = fmt.Sprintf("Needs approval (`%s`): a tick approves it, and the next run opens it.", dr.handling.approval.At)
	default:
		dr.State, dr.Reason = plan.AwaitingSchedule, d.opensReason(dr.handling)
	}
}

// maturing says when an update is old enough, and what then.
func (d *decider) maturing(dr *draft, then string) string {
	return fmt.Sprintf("Released %s, old enough on %s%s. Then it %s.", day(dr.Released, d.zone), instant(dr.Eligible, d.zone), dr.handling.agedBy(), then)
}

// opensReason is what an update waits for before the queue is known.
func (d *decider) opensReason(h handling) string {
	w := d.view(h)
	switch {
	case w.Always || w.Inside:
		return "Opens in this run."
	case w.Never:
		return "The window of the configuration never opens" + h.by() + "."
	}
	return "Opens " + w.Opens.In(d.zone).Format("Mon 2 Jan 15:04") + h.by() + "."
}

// view is an update's window as texts show it. A rule's is worked out once.
func (d *decider) view(h handling) plan.WindowView {
	if len(h.of) == 0 {
		return d.plan.Window
	}
	key := h.by() + strings.Join(h.window.Text(), ",")
	if _, ok := d.views[key]; !ok {
		d.views[key] = h.window.View(d.s.Now)
	}
	return d.views[key]
}

func (d *decider) refusedReason(r refusal, dr *draft) string {
	what := "v" + dr.Moves0().To
	if dr.Kind == plan.Major {
		what = "v" + majorNumber(dr.Moves0().To)
	}
	next := "the next release is a new question"
	if dr.Kind == plan.Major {
		next = "the next major is a new question"
	}
	switch {
	case r.merged:
	case r.closing == plan.RefusesLine:
		what, next = "v"+majorNumber(dr.Moves0().To), "the configuration says that closing refuses the line (`closed: line`)"
	case r.closing == plan.RefusesPackage:
		what, next = dr.Moves0().Name, "the configuration says that closing refuses the package (`closed: package`)"
	}
	if dr.Group != "" {
		what, next = "this set of versions", "a newer release of any of them is a new question"
	}
	if dr.Kind == plan.Twin {
		what, next = "this repair", "a tick opens a new one"
	}
	if r.merged {
		return fmt.Sprintf("Merged on %s and taken back on %s since: a no to %s; %s.", day(r.mr.MergedAt, d.zone), d.s.Project.DefaultBranch, what, next)
	}
	who := "a person"
	if r.mr.ClosedBy.Username != "" {
		who = "`" + r.mr.ClosedBy.Username + "`"
	}
	when := ""
	if !r.mr.ClosedAt.IsZero() {
		when = " on " + day(r.mr.ClosedAt, d.zone)
	}
	return fmt.Sprintf("Closed by %s%s, so %s is not offered again; %s.", who, when, what, next)
}

func majorNumber(version string) string {
	if v, err := pep440.Parse(version); err == nil {
		return v.Major()
	}
	return version
}

// orphanState says why an open merge request of ours has no update any more,
// and closes it only on positive evidence.
func (d *decider) orphanState(dr *draft, held []plan.Move) {
	dr.orphan = ""
	dr.Reason = d.openReason(dr)
	dr.Update.Moves = held
	if now := d.heldMoves(dr); len(now) > 0 {
		dr.Update.Moves = now // as steps of what is pinned now, so that it can be made anew
	}
	if len(held) == 0 {
		if dr.Branch == d.anyTwinBranch() {
			dr.orphan = "the derived file on " + d.s.Project.DefaultBranch + " agrees again"
		}
		return
	}
	dr.Kind = plan.Patch
	switch {
	case d.clashes(dr):
		dr.orphan = "it should not have been opened: " + dr.Clash
	case !slices.ContainsFunc(held, func(m plan.Move) bool { return !d.reached(m) }):
		dr.orphan = d.s.Project.DefaultBranch + " already pins " + heldText(held)
	case !slices.ContainsFunc(held, func(m plan.Move) bool { return d.pinned(m.Key) }):
		dr.orphan = held[0].Key + " is no longer pinned"
	case d.fresh(held):
		if !d.dispersed(dr, held) {
			d.supersede(dr, held)
		}
	default:
		dr.Reason += " Its index could not be read, so nothing changes here."
	}
}

// supersede handles an open one whose version is not offered any more: it
// stays until what replaces it is open, or closes when nothing does.
func (d *decider) supersede(dr *draft, held []plan.Move) {
	for _, other := range d.drafts {
		if other == dr || other.orphan != "" || other.held != "" || !d.succeeds(other, held) {
			continue
		}
		to := other.Moves0().Name + " v" + other.Moves0().To
		if other.mr != nil && other.State == plan.Open {
			dr.orphan, dr.by = "superseded by the merge request that goes to "+to, other.mr.IID
			return
		}
		dr.Reason += fmt.Sprintf(" Closes when %s opens.", to)
		return
	}
	if gone := d.gone(held); gone != "" {
		dr.orphan = gone
		return
	}
	dr.Reason += " No longer the release that would be offered."
}

// succeeds reports whether a draft makes every step that is left of what a
// branch holds, or goes beyond it.
func (d *decider) succeeds(other *draft, held []plan.Move) bool {
	left := false
	for _, h := range held {
		if d.reached(h) {
			continue
		}
		left = true
		to, err := pep440.Parse(h.To)
		if err != nil || !slices.ContainsFunc(other.Moves, func(m plan.Move) bool {
			v, err := pep440.Parse(m.To)
			return err == nil && m.Key == h.Key && v.Compare(to) >= 0
		}) {
			return h.Key == held[0].Key && other.takes(h.Key) && ahead(other.Moves, held)
		}
	}
	return left
}

func (d *decider) anyTwinBranch() string {
	for _, f := range d.files {
		if f.Derived != nil {
			return plan.TwinBranch(d.s.Policy.BranchPrefix, f.Derived.Path)
		}
	}
	return ""
}
