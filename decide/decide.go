package decide

import (
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Decide decides how every pin stands and what to do now. It is total: if the snapshot lacks
// something, that becomes a state with a reason.
func Decide(s plan.Snapshot) plan.Plan { return new(Memory).Decide(s) }

func decide(s *plan.Snapshot, m *Memory) plan.Plan {
	d := newDecider(s, m.instant(s))
	d.memory = m
	d.plan.Window = d.now.View(s.Policy.Window)
	d.plan.MaxOpen = s.Policy.MaxOpen
	m.parse(s)
	d.files, d.plan.Problems = m.files, append(slices.Clone(s.Own.Problems), m.problems...)
	for _, g := range s.Gaps {
		if g.Stopping {
			d.plan.Problems = append(d.plan.Problems, g)
		} else {
			d.plan.Hints = append(d.plan.Hints, g)
		}
	}
	if s.Project.Archived {
		d.plan.Problems = append(d.plan.Problems, plan.Problem{Text: "the project is archived", Next: "remove it from the configuration", Stopping: true})
	}
	d.plan.Inherit = s.Predecessor.Username
	d.plan.Problems = append(d.plan.Problems, slices.Concat(otherUsers(s, d.zone), atWorkBeside(s))...)
	for _, p := range d.plan.Problems {
		if p.Stopping {
			return d.plan
		}
	}
	d.plan.Hints = append(d.plan.Hints, d.idleSettings()...)
	d.slots, d.plan.Unmanaged = m.slots, slices.Clone(m.unmanaged)
	d.findSplits()
	d.makeOffers(m)
	if m.seeking && len(d.plan.Missing) > 0 {
		return d.plan
	}
	d.tally()
	d.twins()
	d.orphans()
	d.states()
	d.plan.Missing = append(d.plan.Missing, d.approvals...)
	d.findReverts()
	d.requests()
	d.queue()
	d.gates()
	d.merges()
	d.afterMerges()
	d.missed()
	d.leftovers()
	d.showHolds()
	if s.Policy.Mode == plan.Full {
		d.plan.Actions = append(d.plan.Actions, d.words.replies(s.Failures)...)
		d.probesLeft()
		d.revertAsked()
		d.revertsLeft()
	}
	d.finish()
	d.standings()
	d.addNotes()
	return d.plan
}

func newDecider(s *plan.Snapshot, now *plan.Instant) *decider {
	d := new(decider)
	d.now = now
	d.words = heard(s, now)
	d.s, d.zone, d.world, d.envs = s, s.Policy.Window.Zone(), arrange(s, d.words), environments(s.Policy)
	d.split, d.views = map[string]*plan.Tick{}, map[string]plan.WindowView{}
	d.loose = newLoose()
	d.caughtUp = s.Policy.CatchUp && d.late()
	return d
}

// makeOffers judges every slot, finds which pins can move together, and makes a draft of every set
// and of every wish that is held back.
func (d *offering) makeOffers(m *Memory) {
	d.judge, d.spelled = m.judgeOf(d.s), map[string]string{}
	stale := map[string][]string{}
	kept := make([]slot, 0, len(d.slots))
	d.outcomes = make([]outcome, 0, len(d.slots))
	for _, sl := range d.slots {
		if _, ok := d.spelled[sl.p.Key]; !ok {
			d.spelled[sl.p.Key] = sl.p.Name
		}
		pkg, known := d.s.Packages[sl.p.Key]
		o := m.outcomeOf(sl, pkg, known)
		if o.blocks {
			d.plan.Unmanaged = append(d.plan.Unmanaged, plan.Unmanaged{File: sl.path, Line: sl.p.Line, Text: pinText(sl.p), Why: plan.OnPurpose{}, Reason: onPurpose})
		} else if o.stale || o.unknown {
			index, _ := d.s.Policy.IndexOf(sl.p.Key)
			stale[index.Name] = append(stale[index.Name], sl.p.Key)
		}
		kept, d.outcomes = append(kept, sl), append(d.outcomes, o)
	}
	d.slots = kept
	d.staleProblems(stale)
	d.solver = m.search(&d.searcher)
	d.findRepairs()
	goals := d.goals()
	d.reach(goals)
	goals = d.olderGoals(goals)
	d.repair(goals)
	d.rememberCostly(goals)
	d.wishes = append(slices.Clone(goals), d.left...)
	sets, waiting := d.join(goals)
	d.collectReasons(append(slices.Clone(goals), d.left...), waiting)
	for _, s := range sets {
		d.add(d.draftOf(s))
	}
	for _, g := range goals {
		if g.result.Status != solve.Solved || waiting[g] != nil {
			d.add(d.heldDraft(g, waiting[g]))
		}
	}
	d.ignored()
	d.withoutRoots()
	d.plan.Missing = d.needs()
}

// withoutRoots holds every wish back if a root could not be read, since nobody knows then what else
// is installed, and what the file must hold.
func (d *offering) withoutRoots() {
	for _, r := range d.s.Roots {
		if r.Failure == "" {
			continue
		}
		for _, dr := range d.drafts {
			if dr.held == "" {
				dr.held = plan.NotChecked
				dr.heldFor = plan.RootUnreadable{Root: r.Name}
			}
		}
		return
	}
}

// add makes a draft of an offer, unless there is one for its branch already.
func (d *offering) add(o *offer) {
	if !slices.ContainsFunc(d.drafts, func(dr *draft) bool { return dr.Branch == o.Branch }) {
		d.drafts = append(d.drafts, &draft{standing: standing{offer: *o}})
	}
}

// draftOf makes the update of a set.
func (d *offering) draftOf(s *set) *offer {
	leader := ""
	dr := &offer{form: d.s.Policy.Title, Update: plan.Update{Branch: plan.GroupBranch(d.s.Policy.BranchPrefix, s.name), Name: s.name, Group: s.name, Parts: len(s.united), Without: s.without}, of: s.of, joins: s.joins}
	if d.s.Policy.Bisects(s.name) {
		dr.parts = d.partsOf(s.united)
	}
	if s.name == "" {
		leader = d.leader(s)
		dr.Update = plan.Update{Branch: d.setBranch(s, leader), Name: d.spelled[leader]}
	}
	dr.young, dr.Breaks = s.class.young, s.breaks
	moves := slices.Clone(s.result.Moves)
	sort.SliceStable(moves, func(i, j int) bool {
		a, b := d.slots[moves[i].Pin].p.Key, d.slots[moves[j].Pin].p.Key
		if (a == leader) != (b == leader) {
			return a == leader
		}
		if a != b {
			return a < b
		}
		return moves[i].Pin < moves[j].Pin
	})
	for _, m := range moves {
		dr.step(d, m)
	}
	d.describe(dr, s, leader)
	dr.finishWish()
	return dr
}

// heldDraft makes the update of a wish that is held back. It shows the newest version that was
// wanted, and the reason.
func (d *offering) heldDraft(g *goal, behind *set) *offer {
	dr := &offer{form: d.s.Policy.Title, Update: plan.Update{Name: d.spelled[g.key]}, young: g.young}
	for k, i := range g.slots {
		to := g.lines[k].newest()
		dr.step(d, solve.Move{Pin: i, To: to})
		dr.Branch = plan.BranchName(d.s.Policy.BranchPrefix, dr.Name, to.Major())
	}
	dr.held, dr.heldFor = d.whyHeld(g, behind)
	d.leaves(dr)
	dr.finishWish()
	return dr
}

// stand gives an update its state and the reasons for it.
func (dr *offer) stand(s plan.State, why ...plan.Reason) {
	dr.State, dr.Why, dr.Reason = s, nil, ""
	dr.also(why...)
}

// also adds reasons after those that are there; it skips nil.
func (dr *offer) also(why ...plan.Reason) {
	for _, r := range why {
		if r != nil {
			dr.Why = append(slices.Clip(dr.Why), r)
		}
	}
	dr.Reason, dr.Waits = dr.Why.Markdown(), dr.Why.Line()
}

func (dr *offer) finishWish() {
	dr.Title = dr.heading()
	dr.want, dr.wantLines, dr.wantAlong = dr.Moves, dr.Lines, dr.Along
}

// step adds one slot's move. A set is as new as its newest member, old enough when its last member
// is, has waited since its first member does, and is of its highest kind.
func (dr *offer) step(d *offering, m solve.Move) {
	var st *step
	for _, l := range d.outcomes[m.Pin].lines {
		if st = l.step(d.slots[m.Pin], m.To); st != nil {
			break
		}
	}
	if st == nil {
		return
	}
	dr.stale = dr.stale || d.outcomes[m.Pin].stale
	dr.Moves = append(dr.Moves, d.move(d.slots[m.Pin], *st))
	dr.slots, dr.versions = append(dr.slots, m.Pin), append(dr.versions, m.To)
	dr.Released = maxTime(dr.Released, st.released)
	dr.Eligible = maxTime(dr.Eligible, st.eligible)
	if dr.Since.IsZero() || st.since.Before(dr.Since) {
		dr.Since = st.since
	}
	if dr.Kind == "" || rank(st.kind) > rank(dr.Kind) {
		dr.Kind = st.kind
	}
}

func (d *facts) move(sl slot, st step) plan.Move {
	index, _ := d.s.Policy.IndexOf(sl.p.Key)
	m := plan.Move{
		File: sl.path, Line: sl.p.Line, Pin: sl.pin, Name: sl.p.Name, Key: sl.p.Key, Marker: sl.p.MarkerText,
		From: sl.p.Version.String(), To: st.to.Version.String(), Kind: st.kind, Released: st.released,
		Index: index.Name, URL: projectPage(index.URL, sl.p.Key, st.to.Version.String()),
	}
	m.Links = stepLinks(m, d.metadataOf(sl.p.Key, sl.p.Version).Links, d.metadataOf(sl.p.Key, st.to.Version).Links)
	if sl.p.HasHashes {
		m.SHA256 = hashes(st.to)
	}
	return m
}

// hashes lists the sha256 of a release's files that are not yanked, sorted.
func hashes(r *plan.Release) []string {
	var out []string
	for _, f := range r.Files {
		if !f.Yanked && f.SHA256 != "" {
			out = append(out, f.SHA256)
		}
	}
	sort.Strings(out)
	return out
}

// projectPage is the page of a release for people: its own page on the public index, and the
// project's page of the Simple API on any other index. It is empty if the address is none for a
// browser.
func projectPage(base, key, version string) string {
	for _, public := range []string{"https://pypi.org/", "https://test.pypi.org/"} {
		if strings.HasPrefix(base, public) {
			return public + "project/" + key + "/" + version + "/"
		}
	}
	if strings.HasPrefix(base, "https://") || strings.HasPrefix(base, "http://") {
		return base + key + "/"
	}
	return ""
}

// passed joins neighbours with one reason: "8.0.0 to 7.0.1: requires Python >=3.10". It lists at
// most three of these runs, and leaves out releases that are not above the version that is taken.
// It is nil if no run is left.
func passed(why []plan.Considered, taken string) plan.Reason {
	low, _ := pep440.Parse(taken)
	var out plan.ReleasesPassed
	said := ""
	for _, c := range why {
		if v, err := pep440.Parse(c.Version); err == nil && v.Compare(low) <= 0 {
			continue
		}
		switch n := len(out.Runs); {
		case n > 0 && said == c.Reason:
			out.Runs[n-1].Oldest = c.Version
		case n == 3:
			out.More = true
			return out
		default:
			said = c.Reason
			if c.Why == nil {
				c.Why = plan.NotTaken{}
			}
			out.Runs = append(out.Runs, plan.PassedRun{Newest: c.Version, Oldest: c.Version, Why: plan.Inner[plan.Reason]{R: c.Why}})
		}
	}
	if len(out.Runs) == 0 {
		return nil
	}
	return out
}

// staleProblems makes one problem for each index that could not be read for some names.
func (d *facts) staleProblems(stale map[string][]string) {
	var names []string
	for name := range stale {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		keys := slices.Compact(sorted(stale[name]))
		index, _ := d.s.Policy.IndexOf(keys[0])
		why := d.failures(keys)
		if why == "" {
			continue // no index owns it, which the table says
		}
		text := index.Spoken() + " could not be read"
		if !d.allOf(index.Name, keys) {
			text += " for " + some(keys)
		}
		next := "nothing is closed or opened for it; the last good answers are shown and the next run tries again"
		if d.s.Local {
			next = plan.NextOfLocal
		}
		d.plan.Problems = append(d.plan.Problems, plan.Problem{Text: text + ": " + why, Next: next})
	}
}

// failures says why names could not be read, each reason once, at most three.
func (d *scene) failures(keys []string) string {
	var out []string
	for _, key := range keys {
		if why := d.s.Packages[key].Failure; why != "" && !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	slices.Sort(out)
	if len(out) > 3 {
		out = append(out[:3], "and more")
	}
	return strings.Join(out, "; ")
}

// allOf reports whether keys are all the pinned names that an index owns.
func (d *pins) allOf(index string, keys []string) bool {
	for _, sl := range d.slots {
		if owner, ok := d.s.Policy.IndexOf(sl.p.Key); ok && owner.Name == index && !slices.Contains(keys, sl.p.Key) {
			return false
		}
	}
	return true
}

func sorted(s []string) []string { sort.Strings(s); return s }

func majorOf(version string) string {
	v, err := pep440.Parse(version)
	if err != nil {
		return version
	}
	return v.Epoch() + "!" + v.Major()
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
