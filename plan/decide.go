package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// Decide answers what is true of every pin and what to do now. It is total:
// whatever the snapshot lacks becomes a state with a reason.
func Decide(s Snapshot) Plan {
	d := &decider{s: &s, zone: s.Policy.Window.Zone(), inside: s.Policy.Window.Inside(s.Now), world: arrange(&s)}
	d.plan.Window = s.Policy.Window.View(s.Now)
	d.plan.MaxOpen = s.Policy.MaxOpen
	files, problems := parseFiles(&s)
	d.files, d.plan.Problems = files, problems
	if s.Project.Archived {
		d.plan.Problems = append(d.plan.Problems, Problem{Text: "the project is archived", Next: "remove it from the configuration", Stopping: true})
	}
	for _, p := range d.plan.Problems {
		if p.Stopping {
			return d.plan
		}
	}
	d.slots, d.plan.Unmanaged = findSlots(&s, files)
	d.look()
	d.twins()
	d.orphans()
	d.states()
	d.requests()
	d.queue()
	d.leftovers()
	d.finish()
	return d.plan
}

// decider is one decision in the making.
type decider struct {
	s      *Snapshot
	zone   *time.Location
	inside bool
	world  world
	files  []parsedFile
	slots  []slot
	drafts []*draft
	plan   Plan
}

// draft is an update while its state is worked out.
type draft struct {
	Update
	slots   []int  // into decider.slots, one for each move
	want    []Move // the moves it would make, whatever its branch holds now
	stale   bool   // its index did not answer
	young   bool
	orphan  string // an open merge request without an update: why it closes
	branch  *Branch
	trailer Trailers
	ours    bool
	mr      *MergeRequest
	refused *refusal
	forced  *Tick
	opens   bool // wants a new merge request
	moves   bool // an open one moves to Moves
	repair  bool // an open one is rebuilt at the versions it holds
}

// look asks the index facts for every slot and joins the steps by branch.
func (d *decider) look() {
	j := newJudge(d.s)
	byBranch := map[string]*draft{}
	spelled := map[string]string{}
	stale := map[string][]string{}
	for i, sl := range d.slots {
		if _, ok := spelled[sl.p.Key]; !ok {
			spelled[sl.p.Key] = sl.p.Name
		}
		pkg, known := d.s.Packages[sl.p.Key]
		o := j.look(sl, pkg, known)
		if o.blocks {
			d.plan.Unmanaged = append(d.plan.Unmanaged, Unmanaged{sl.path, sl.p.Line, pinText(sl.p), "larger than every release: it blocks the package on purpose"})
			continue
		}
		if o.stale || o.unknown {
			index, _ := d.s.Policy.indexOf(sl.p.Key)
			stale[index.Name] = append(stale[index.Name], sl.p.Key)
		}
		d.plan.Pins++
		d.why(sl, o)
		if len(o.steps) == 0 {
			d.plan.Current = append(d.plan.Current, Pin{sl.path, sl.p.Line, sl.p.Name, sl.p.Version.String()})
			continue
		}
		d.plan.Behind++
		for _, st := range o.steps {
			name := BranchName(d.s.Policy.BranchPrefix, spelled[sl.p.Key], st.to.Version.Major())
			dr := byBranch[name]
			if dr == nil {
				dr = &draft{Update: Update{Branch: name, Name: spelled[sl.p.Key]}, young: true}
				byBranch[name] = dr
				d.drafts = append(d.drafts, dr)
			}
			dr.add(d.move(i, sl, st), i, st, o.stale)
		}
	}
	for _, dr := range d.drafts {
		dr.Title = title(dr.Name, dr.Kind, dr.Moves)
		dr.want = dr.Moves
		// What another slot of the package takes is not "not taken".
		dr.NotTaken = slices.DeleteFunc(slices.Clone(dr.NotTaken), func(c Considered) bool {
			return slices.ContainsFunc(dr.Moves, func(m Move) bool { return m.To == c.Version })
		})
	}
	d.staleProblems(stale)
}

func (d *decider) move(i int, sl slot, st step) Move {
	index, _ := d.s.Policy.indexOf(sl.p.Key)
	m := Move{
		File: sl.path, Line: sl.p.Line, Pin: sl.pin, Name: sl.p.Name, Key: sl.p.Key, Marker: sl.p.MarkerText,
		From: sl.p.Version.String(), To: st.to.Version.String(), Kind: st.kind, Released: st.released,
		Index: index.Name, URL: projectPage(index.URL, sl.p.Key, st.to.Version.String()),
	}
	if sl.p.HasHashes {
		for _, f := range st.to.Files {
			if !f.Yanked && f.SHA256 != "" {
				m.SHA256 = append(m.SHA256, f.SHA256)
			}
		}
		sort.Strings(m.SHA256)
	}
	return m
}

// projectPage is where people find a release: its page on the public index,
// the project's page of the Simple API on any other that is reached by https.
func projectPage(base, key, version string) string {
	switch {
	case strings.HasPrefix(base, "https://pypi.org/"):
		return "https://pypi.org/project/" + key + "/" + version + "/"
	case strings.HasPrefix(base, "https://"):
		return base + key + "/"
	}
	return ""
}

// add joins one slot's step. A set is young while any member is, released
// with its newest, and of its highest kind.
func (dr *draft) add(m Move, i int, st step, stale bool) {
	if dr.young && !st.young && len(dr.Moves) > 0 {
		// Slots that are ready do not wait for one that is not.
		dr.Moves, dr.slots, dr.Eligible, dr.Released, dr.Kind, dr.NotTaken = nil, nil, time.Time{}, time.Time{}, "", nil
	}
	if len(dr.Moves) > 0 && !dr.young && st.young {
		return
	}
	dr.young = st.young
	dr.Moves = append(dr.Moves, m)
	dr.slots = append(dr.slots, i)
	dr.stale = dr.stale || stale
	dr.Released = maxTime(dr.Released, st.released)
	dr.Eligible = maxTime(dr.Eligible, st.eligible)
	if dr.Since.IsZero() || st.since.Before(dr.Since) {
		dr.Since = st.since
	}
	if dr.Kind == "" || st.kind.rank() > dr.Kind.rank() {
		dr.Kind = st.kind
	}
	if dr.NotTaken == nil {
		dr.NotTaken = st.notTaken
	}
}

// why adds a row for a pin that does not reach the newest release.
func (d *decider) why(sl slot, o outcome) {
	row := WhyNot{File: sl.path, Name: sl.p.Name, From: sl.p.Version.String(), Newest: o.newest, To: sl.p.Version.String()}
	for _, st := range o.steps {
		if !st.young {
			row.To = st.to.Version.String()
		}
	}
	switch {
	case o.note != "":
		row.Because = o.note
	case row.To != o.newest && o.newest != "":
		row.Because = reasons(o.why, row.To)
	case o.archived != "":
		row.Because = o.archived
	}
	if row.Because != "" {
		d.plan.Why = append(d.plan.Why, row)
	}
}

// reasons joins runs of one reason: "8.0.0 to 7.0.1: requires Python >=3.10".
// At most three runs; those below the version that is taken do not matter.
func reasons(why []Considered, taken string) string {
	low, _ := pep440.Parse(taken)
	type run struct{ first, last, reason string }
	var runs []run
	for _, c := range why {
		if v, err := pep440.Parse(c.Version); err == nil && v.Compare(low) <= 0 {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].reason == c.Reason {
			runs[n-1].last = c.Version
			continue
		}
		runs = append(runs, run{c.Version, c.Version, c.Reason})
	}
	var parts []string
	for i, r := range runs {
		if i == 3 {
			parts = append(parts, "and more, see explain")
			break
		}
		span := r.first
		if r.last != r.first {
			span += " to " + r.last
		}
		parts = append(parts, span+": "+r.reason)
	}
	return strings.Join(parts, "; ")
}

// staleProblems says once for each index what could not be read.
func (d *decider) staleProblems(stale map[string][]string) {
	var names []string
	for name := range stale {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, index := range names {
		keys := slices.Compact(sorted(stale[index]))
		failure := d.s.Packages[keys[0]].Failure
		if failure == "" {
			continue // no index owns it: said in the table
		}
		what := strings.Join(keys[:min(5, len(keys))], ", ")
		if len(keys) > 5 {
			what += fmt.Sprintf(" and %d more", len(keys)-5)
		}
		d.plan.Problems = append(d.plan.Problems, Problem{
			Text: fmt.Sprintf("index %s could not be read for %s: %s", index, what, failure),
			Next: "nothing is closed; the last good answers are shown and the next run tries again",
		})
	}
}

func sorted(s []string) []string { sort.Strings(s); return s }

func majorOf(version string) string {
	v, err := pep440.Parse(version)
	if err != nil {
		return version
	}
	return v.Epoch() + "!" + v.Major()
}
