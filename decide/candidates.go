package decide

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// judge decides for single releases whether a slot may take them. It keeps what it parsed,
// since thousands of files have the same few texts for Requires-Python.
type judge struct {
	now      *plan.Instant
	policy   plan.Policy
	zone     *time.Location
	holds    []*hold
	requires map[string]pep440.Specifiers
	bad      map[string]bool // Requires-Python texts that are no specifiers
	minors   map[string]pep440.Version
}

func newJudge(s *plan.Snapshot, now *plan.Instant) *judge {
	return &judge{
		now: now, policy: s.Policy, zone: s.Policy.Window.Zone(), holds: heard(s, now).holds,
		requires: map[string]pep440.Specifiers{}, bad: map[string]bool{}, minors: map[string]pep440.Version{},
	}
}

// verdict is the judgement on one release for one slot.
type verdict struct {
	release  *plan.Release
	released time.Time          // earliest upload, zero when unknown
	eligible time.Time          // when it is old enough; zero when that is not known
	reason   plan.ReleaseReason // why it is not taken now; nil if it is taken
	rule     *plan.Rule         // the rule that gave the reason, if one did
	hold     *hold              // the answer in words that gave it
	unasked  bool               // another line of its name does not admit it
	young    bool               // its age is the only reason, and eligible says when that ends
}

// kept reports whether a rule or a person forbids the release for a reason that the dashboard shows. It does
// not show what is turned off.
func (v verdict) kept() bool { return v.hold != nil || v.rule != nil && v.rule.Enabled != plan.No }

// question is the slot for which releases are judged, with its rules and its index.
type question struct {
	sl    slot
	rules []*plan.Rule
	index plan.Index
	// calendar says that the years of the package are no majors.
	calendar bool
}

// release judges r for a slot, for which it is a step of a kind. The first reason counts, in this
// order: kind of version, other lines of its name, rules, people's words, files, yanked, Python, age.
func (j *judge) release(q question, kind plan.Kind, r *plan.Release) verdict {
	v := verdict{release: r, released: earliest(r.Files)}
	v.reason = unfitKind(q.sl.p, r.Version)
	if v.reason == nil && len(r.Files) == 0 {
		v.reason = plan.NoFiles{}
	}
	if v.reason != nil {
		return v
	}
	if v.reason = q.sl.unasked(r.Version); v.reason != nil {
		v.unasked = true
		return v
	}
	if v.rule, v.reason = j.forbidden(q.rules, kind, r.Version); v.reason != nil {
		return v
	}
	if v.hold = j.holding(q, r.Version); v.hold != nil {
		v.reason = v.hold.reason(j.zone)
		return v
	}
	usable, reason := j.usable(q.sl, r)
	if reason != nil {
		v.reason = reason
		return v
	}
	if q.sl.p.HasHashes {
		if v.reason = missingHash(r.Files, q.index); v.reason != nil {
			return v
		}
	}
	j.age(&v, usable, q.index, j.minimumAge(q.rules, kind, r.Version))
	return v
}

// age sets when the release is old enough. It counts from the earliest upload, or from the
// upload of the latest file that the targets could install, since pip would take that file.
func (j *judge) age(v *verdict, usable []*plan.DistFile, index plan.Index, least time.Duration) {
	newest := v.released
	for _, f := range usable {
		if f.Uploaded.IsZero() {
			if index.IgnoreUploadTimes {
				continue
			}
			v.reason = plan.NoUploadTime{Index: index.Spoken()}
			return
		}
		newest = maxTime(newest, f.Uploaded)
	}
	v.eligible = newest.Add(least)
	if newest.IsZero() {
		v.eligible = time.Time{}
	}
	if !j.now.Passed(v.eligible) {
		v.young = true
		v.reason = plan.TooYoung{Eligible: v.eligible.In(j.zone)}
	}
}

// usable returns the files that one of the slot's targets could install, and
// a reason when one of the targets has none. Without targets any file will do.
func (j *judge) usable(sl slot, r *plan.Release) ([]*plan.DistFile, plan.ReleaseReason) {
	good, reason := unyanked(r)
	if reason != nil || len(sl.targets) == 0 {
		return good, reason
	}
	out, mask := j.fitting(good, sl.targets)
	for i, t := range sl.targets {
		if mask>>i&1 == 0 {
			return nil, j.lacks(good, t)
		}
	}
	return out, nil
}

// unyanked returns the files of a release that are not yanked; a reason if all are.
func unyanked(r *plan.Release) ([]*plan.DistFile, plan.ReleaseReason) {
	good := make([]*plan.DistFile, 0, len(r.Files))
	var yanked string
	for i := range r.Files {
		f := &r.Files[i]
		if f.Yanked {
			yanked = f.YankedReason
			continue
		}
		good = append(good, f)
	}
	if len(good) == 0 {
		return nil, plan.Yanked{Says: shortened(yanked)}
	}
	return good, nil
}

// fitting returns the files that some target can install, and a bit for each target that has one.
// Each target may have a file of its own: one wheel for each machine is as good as one for all.
func (j *judge) fitting(files []*plan.DistFile, targets []target) (out []*plan.DistFile, mask uint64) {
	out = make([]*plan.DistFile, 0, len(files))
	for _, f := range files {
		file, err := dist.Parse(f.Name)
		if err != nil {
			continue
		}
		var fits uint64
		for i, t := range targets {
			if file.Installable(t.python, t.platform) {
				if ok, _ := j.admits(f, t.python); ok {
					fits |= 1 << i
				}
			}
		}
		if fits != 0 {
			mask |= fits
			out = append(out, f)
		}
	}
	return out, mask
}

// lacks says why no file is for a target.
func (j *judge) lacks(files []*plan.DistFile, t target) plan.ReleaseReason {
	admitted, elsewhere, requires := false, false, ""
	for _, f := range files {
		ok, text := j.admits(f, t.python)
		file, err := dist.Parse(f.Name)
		switch {
		case err != nil:
		case !ok && (requires == "" || file.Installable(t.python, t.platform)):
			requires = text
		case ok:
			admitted = true
			elsewhere = elsewhere || slices.ContainsFunc(platforms(j.policy), func(p string) bool { return file.Installable(t.python, p) })
		}
	}
	switch {
	case requires != "" && !admitted:
		return plan.RequiresPython{Specifier: requires}
	case elsewhere:
		return plan.NoFileFor{Python: t.python, Platform: strings.TrimPrefix(t.platform, "linux/")}
	}
	return plan.NoFileFor{Python: t.python}
}

// maxBecause is up to how many characters of a stranger's reason are shown.
const maxBecause = 300

// shortened is a reason of an index, cut if it is long.
func shortened(reason string) string {
	if len(reason) > maxBecause {
		if r := []rune(reason); len(r) > maxBecause {
			return strings.TrimRight(string(r[:maxBecause-1]), " ") + "…"
		}
	}
	return reason
}

// admits reports whether the file's Requires-Python accepts the minor; a text
// that is no specifier set refuses nothing, as pip reads it.
func (j *judge) admits(f *plan.DistFile, minor string) (bool, string) {
	text := f.RequiresPython
	if text == "" || j.bad[text] {
		return true, ""
	}
	set, ok := j.requires[text]
	if !ok {
		var err error
		if set, err = pep440.ParseSpecifiers(text); err != nil {
			j.bad[text] = true
			return true, ""
		}
		j.requires[text] = set
	}
	v, ok := j.minors[minor]
	if !ok {
		// A minor stands for its newest patch release.
		v, _ = pep440.Parse(minor + ".99")
		j.minors[minor] = v
	}
	return set.Contains(v), text
}

func missingHash(files []plan.DistFile, index plan.Index) plan.ReleaseReason {
	for _, f := range files {
		if f.SHA256 == "" && !f.Yanked {
			return plan.NoHash{Index: index.Spoken(), File: f.Name}
		}
	}
	return nil
}

func earliest(files []plan.DistFile) time.Time {
	var t time.Time
	for _, f := range files {
		if !f.Uploaded.IsZero() && (t.IsZero() || f.Uploaded.Before(t)) {
			t = f.Uploaded
		}
	}
	return t
}

func day(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02") }
