package decide

import (
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// outcome is what the index has for one slot: the releases that it may take, by line, or why it
// takes none.
type outcome struct {
	lines    []*line // the own line first, then the newer majors
	drift    time.Duration
	newest   string      // newest final release on the index
	note     plan.Reason // why no release was judged
	archived plan.Reason
	down     *line       // older releases, for a pin that was taken back
	yanked   plan.Reason // the index took the pinned release back, for this reason
	gone     bool        // the index does not have the pinned release any more, and has newer ones
	blocks   bool        // the pin is meant to make the package uninstallable
	owned    bool        // some index of the configuration owns the name
	off      *plan.Rule  // the rule that turns the package off, whatever its index says
	stale    bool        // the index did not answer in this run
	absent   bool        // its index says that the package does not exist, perhaps only for a while
	unknown  bool        // nothing is known of this name
}

// line is the releases of one major line that a slot may take, with the verdict on each.
type line struct {
	major    bool      // above the pin's own line
	down     bool      // below the pin, for one that was taken back
	calendar bool      // its versions are dates, so that all of them are one line
	judged   []verdict // newest first
}

// step is one slot's move.
type step struct {
	to       *plan.Release
	kind     plan.Kind
	released time.Time
	eligible time.Time
	since    time.Time
	young    bool
}

// judgeSlot judges every release of the slot's package that is newer than the pin.
func (j *judge) judgeSlot(sl slot, pkg plan.Package, known bool) outcome {
	index, owned := j.policy.IndexOf(sl.p.Key)
	o := outcome{owned: owned, stale: pkg.Failure != "", unknown: !known || !pkg.HasFacts && pkg.Withheld == "", off: j.off(sl)}
	switch {
	case blocks(sl.p.Version, pkg.Releases):
		o.blocks = true
		return o
	case !owned:
		o.note = plan.NoIndex{}
		return o
	case o.unknown:
		o.note = plan.IndexUnread{Index: index.Spoken(), Says: pkg.Failure}
		return o
	case pkg.Withheld != "":
		o.absent, o.note = true, plan.NoPage{Says: pkg.Withheld}
		return o
	case !pkg.Known:
		o.absent, o.note = true, plan.NotOnIndex{Package: sl.p.Name, Index: index.Spoken()}
		return o
	case pkg.Status == "quarantined":
		o.note = plan.Quarantined{Index: index.Spoken(), Says: shortened(pkg.StatusReason)}
		return o
	}
	if pkg.Status == "archived" || pkg.Status == "deprecated" {
		o.archived = plan.Archived{Marked: pkg.Status, Index: index.Spoken(), Says: shortened(pkg.StatusReason)}
	}
	newer, pinned := split(pkg.Releases, sl.p)
	o.newest = newestFinal(pkg.Releases, sl.p.Version)
	switch {
	case pinned != nil:
		o.drift, o.yanked = drift(pkg.Releases, pinned), taken(pinned)
	case len(newer) == 0:
		// A mirror may lag behind, so the pin does not go back for that.
		o.note = plan.PinNotOnIndex{Package: sl.p.Name, Version: sl.p.Version.String(), Index: index.Spoken(), Newest: o.newest}
		return o
	default:
		o.gone, o.yanked = true, plan.NoLonger{Index: index.Spoken()}
	}
	q := question{sl: sl, rules: j.rulesFor(sl), index: index}
	o.lines = j.lines(q, pinned, newer)
	if o.yanked != nil && pinned != nil {
		o.down = j.older(q, pkg)
	}
	return o
}

// lines judges the newer releases. A package with calendar versions has one line, since nobody
// wants to stay on a year. pinned is nil if the index does not have that release any more.
func (j *judge) lines(q question, pinned *plan.Release, newer []*plan.Release) []*line {
	pin := q.sl.p.Version
	var files []plan.DistFile // none if the pinned release is gone
	if pinned != nil {
		files = pinned.Files
	}
	calendar := isCalendar(pin, earliest(files)) &&
		slices.ContainsFunc(newer, func(r *plan.Release) bool { return isCalendar(r.Version, earliest(r.Files)) })
	q.calendar = calendar
	own, major := &line{calendar: calendar, judged: make([]verdict, 0, len(newer))}, &line{major: true}
	for _, r := range newer {
		to := major
		if calendar || (r.Version.Epoch() == pin.Epoch() && r.Version.Major() == pin.Major()) {
			to = own
		}
		to.judged = append(to.judged, j.release(q, to.kind(q.sl, r.Version), r))
	}
	return []*line{own, major}
}

// older judges the releases below a pin that was taken back, for a pin that cannot move up.
func (j *judge) older(q question, pkg plan.Package) *line {
	down := &line{down: true}
	for i := len(pkg.Releases) - 1; i >= 0; i-- {
		if r := &pkg.Releases[i]; r.Version.Compare(q.sl.p.Version) < 0 {
			down.judged = append(down.judged, j.release(q, plan.Downgrade, r))
		}
	}
	return down
}

// TakenBack reports whether every file of a version's release was yanked.
func TakenBack(pkg plan.Package, v pep440.Version) bool {
	r := pkg.Release(v)
	return r != nil && taken(r) != nil
}

// taken says why every file of a pinned release was yanked; nil if it was not.
func taken(r *plan.Release) plan.Reason {
	for _, f := range r.Files {
		if !f.Yanked {
			return nil
		}
	}
	if len(r.Files) == 0 {
		return nil
	}
	return plan.Yanked{Says: shortened(r.Files[0].YankedReason)}
}

// offers reports whether some release of the line may be taken now or later.
func (l *line) offers() bool {
	return slices.ContainsFunc(l.judged, func(v verdict) bool { return v.reason == nil || v.young })
}

// ruled reports whether people decided not to take some release of the line.
func (l *line) ruled() bool { return slices.ContainsFunc(l.judged, verdict.kept) }

// hasEligible reports whether some release of the line may be taken now.
func (l *line) hasEligible() bool {
	return slices.ContainsFunc(l.judged, func(v verdict) bool { return v.reason == nil })
}

// since is when the oldest release of the line that may be taken now became old enough; least if
// that is earlier, or if none may be taken.
func (l *line) since(least time.Time) time.Time {
	for _, v := range slices.Backward(l.judged) {
		if v.reason == nil {
			if v.eligible.Before(least) {
				return v.eligible
			}
			return least
		}
	}
	return least
}

// step is the line's move to one of its versions, nil if the line does not have it.
func (l *line) step(sl slot, to pep440.Version) *step {
	for i := range l.judged {
		v := &l.judged[i]
		if !v.release.Version.Equal(to) {
			continue
		}
		st := &step{to: v.release, released: v.released, eligible: v.eligible, young: v.young, since: v.eligible}
		if !v.young {
			st.since = l.since(v.eligible)
		}
		st.kind = l.kind(sl, to)
		return st
	}
	return nil
}

func (l *line) kind(sl slot, to pep440.Version) plan.Kind {
	switch kind := kindOf(sl.p.Version, to); {
	case l.down:
		return plan.Downgrade
	case l.calendar && kind == plan.Major:
		return plan.Calendar
	default:
		return kind
	}
}
