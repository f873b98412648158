package plan

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan/solve"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Rule is what a policy says of some packages and releases. Each of its
// conditions that is set must hold; a rule without any is for everything.
type Rule struct {
	At       string // where it is written, "pinwheel.yaml:31"
	Shared   bool   // it is written for several projects, in the defaults
	Packages []PackagePattern
	Kinds    []Kind
	From, To pep440.Specifiers // of the pinned and of the new version
	Files    []string          // globs on the paths of constraints files

	Enabled    Choice            // No: nothing is taken; the last rule that says counts
	Ignore     *Ignore           // the release is not taken
	Allowed    pep440.Specifiers // what the new version has to be in
	MinimumAge time.Duration     // takes the place of the policy's, where HasAge; the last rule wins
	HasAge     bool
	Labels     []string // for merge requests that make such a step

	Reviewers, Assignees []string // beside the policy's

	Group    string  // the name of the group that such updates join; the last rule counts
	Window   *Window // takes the place of the policy's; the last rule counts
	Approval Choice  // Yes: opens after a tick alone; the last rule that says counts
	Priority int     // of those that wait the greater goes first; the last rule counts
	// HasPriority tells a priority of 0 from none.
	HasPriority bool
}

// Choice is yes, no, or not said.
type Choice string

// The choices. The zero value says nothing.
const (
	NotSaid Choice = ""
	Yes     Choice = "yes"
	No      Choice = "no"
)

// Ignore is why, and until when, something is not taken.
type Ignore struct {
	Reason string
	Link   string    // absolute http or https address, or empty
	Until  time.Time // from this instant on it is taken; zero for never
}

// PackagePattern matches names in normal form.
type PackagePattern struct {
	text string // in normal form
	glob string
	re   *regexp.Regexp
}

// MaxPattern is the longest pattern, in bytes: to match one costs its length
// times that of each name.
const MaxPattern = 255

// ParsePackagePattern reads a glob, in which * stands for any characters, or a
// regular expression between slashes, which must match somewhere in the name.
func ParsePackagePattern(text string) (PackagePattern, error) {
	if len(text) > MaxPattern {
		return PackagePattern{}, fmt.Errorf("a pattern of %d bytes is longer than %d: write several", len(text), MaxPattern)
	}
	if inner, ok := strings.CutPrefix(text, "/"); ok {
		inner, closed := strings.CutSuffix(inner, "/")
		if !closed || inner == "" {
			return PackagePattern{}, fmt.Errorf("%q begins as a regular expression and does not end as one: write /text/", text)
		}
		re, err := regexp.Compile(inner)
		if err != nil {
			return PackagePattern{}, fmt.Errorf("%q is not a regular expression: %v", text, err)
		}
		return PackagePattern{text: text, re: re}, nil
	}
	glob := nameRuns.ReplaceAllString(strings.ToLower(text), "-")
	if _, err := path.Match(glob, ""); err != nil || strings.ContainsAny(text, " /,") || text == "" {
		return PackagePattern{}, fmt.Errorf("%q is not a package's name or a pattern of one: write boto3, types-* or /^types-/", text)
	}
	return PackagePattern{text: glob, glob: glob}, nil
}

var nameRuns = regexp.MustCompile(`[-_.]+`)

func (p PackagePattern) match(key string) bool {
	if p.re != nil {
		return p.re.MatchString(key)
	}
	ok, _ := path.Match(p.glob, key)
	return ok
}

// rulesFor are the rules that may be for a step of a pin, in their order.
func (j *judge) rulesFor(sl slot) []*Rule {
	var out []*Rule
	for i := range j.policy.Rules {
		if r := &j.policy.Rules[i]; r.pins(sl) {
			out = append(out, r)
		}
	}
	return out
}

// names reports whether the rule is for a package.
func (r *Rule) names(key string) bool {
	return len(r.Packages) == 0 || slices.ContainsFunc(r.Packages, func(p PackagePattern) bool { return p.match(key) })
}

// inFile reports whether the rule is for the pins of a file.
func (r *Rule) inFile(name string) bool {
	return len(r.Files) == 0 || slices.ContainsFunc(r.Files, func(glob string) bool { ok, _ := path.Match(glob, name); return ok })
}

// pins reports whether the rule may be for a step of a pin.
func (r *Rule) pins(sl slot) bool {
	return r.names(sl.p.Key) && (r.From.IsEmpty() || r.From.Contains(sl.p.Version)) &&
		r.inFile(sl.path)
}

// steps reports whether a rule that is for a pin is for its step, too.
func (r *Rule) steps(kind Kind, to pep440.Version) bool {
	return (len(r.Kinds) == 0 || slices.Contains(r.Kinds, kind)) && (r.To.IsEmpty() || r.To.Contains(to))
}

// covers reports whether the rule is for a step of a pin.
func (r *Rule) covers(sl slot, kind Kind, to pep440.Version) bool {
	return r.pins(sl) && r.steps(kind, to)
}

// disabled reports whether rules turn off every step of a pin.
func (j *judge) disabled(sl slot) bool { return j.off(sl) != nil }

// forbidden says which of a pin's rules keeps it from a release, and how that
// reads after its name and version; nil where none does.
func (j *judge) forbidden(rules []*Rule, kind Kind, to pep440.Version) (*Rule, string) {
	var enabled *Rule
	for _, r := range rules {
		if r.Enabled != NotSaid && r.steps(kind, to) {
			enabled = r
		}
	}
	if enabled != nil && enabled.Enabled == No {
		return enabled, fmt.Sprintf("is turned off by `%s`", enabled.At)
	}
	for _, r := range rules {
		if !r.steps(kind, to) {
			continue
		}
		if g := r.Ignore; g != nil && (g.Until.IsZero() || j.now.Before(g.Until)) {
			return r, "is " + j.ignored(r)
		}
		if !r.Allowed.IsEmpty() && !r.Allowed.Contains(to) {
			return r, fmt.Sprintf("is not allowed by `%s`, which asks for %s", r.At, r.Allowed)
		}
	}
	return nil, ""
}

// off is the rule that turns a package off altogether, whatever the step; nil
// where none does, or where a later rule turns some step on again.
func (j *judge) off(sl slot) *Rule {
	var off *Rule
	for _, r := range j.rulesFor(sl) {
		switch {
		case r.Enabled == Yes:
			off = nil
		case r.Enabled == No && len(r.Kinds) == 0 && r.To.IsEmpty():
			off = r
		}
	}
	return off
}

// ignored is what a rule that ignores says, without a capital.
func (j *judge) ignored(r *Rule) string {
	until := ""
	if !r.Ignore.Until.IsZero() {
		until = " until " + day(r.Ignore.Until, j.zone)
	}
	return fmt.Sprintf("ignored%s by `%s`: \"%s\"", until, r.At, strings.TrimSuffix(r.Ignore.Reason, "."))
}

// minimumAge is what a release must be for a pin to go there.
func (j *judge) minimumAge(rules []*Rule, kind Kind, to pep440.Version) time.Duration {
	age := j.policy.MinimumAge
	for _, r := range rules {
		if r.HasAge && r.steps(kind, to) {
			age = r.MinimumAge
		}
	}
	return age
}

// ruledOut says which rule keeps the pins of a package from a release, as it
// reads after name and version; empty where none does.
func (d *decider) ruledOut(key string, to pep440.Version) string {
	for i, sl := range d.slots {
		if sl.p.Key != key {
			continue
		}
		for _, l := range d.outcomes[i].lines {
			for k := range l.judged {
				if v := &l.judged[k]; v.rule != nil && v.release.Version.Equal(to) {
					return v.reason
				}
			}
		}
	}
	return ""
}

// ruleLabels are those that rules ask for on account of a draft's moves.
func (d *decider) ruleLabels(moves []Move) []string {
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

// ignored adds a draft for every line of which a rule keeps all there is: the
// dashboard shows what people decided not to take.
func (d *decider) ignored() {
	byBranch := map[string]*draft{}
	for i, sl := range d.slots {
		for _, l := range d.outcomes[i].lines {
			at := slices.IndexFunc(l.judged, verdict.kept)
			if at < 0 || l.down || l.offers() {
				continue
			}
			v := &l.judged[at]
			branch := BranchName(d.s.Policy.BranchPrefix, d.spelled[sl.p.Key], v.release.Version.Major())
			if _, open := d.world.open[branch]; open {
				continue // it closes, and says why
			}
			dr := byBranch[branch]
			if dr == nil {
				dr = &draft{form: d.s.Policy.Title, Update: Update{Branch: branch, Name: d.spelled[sl.p.Key]}, held: Ignored}
				dr.heldFor = "Not taken: it " + v.reason + "."
				if v.rule.Ignore != nil {
					dr.heldFor = strings.ToUpper(v.reason[3:4]) + v.reason[4:] + "."
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

// expired names the rules whose time to ignore is over and that were for a
// package which is pinned.
func (d *decider) expired() {
	for i := range d.s.Policy.Rules {
		r := &d.s.Policy.Rules[i]
		if r.Ignore == nil || r.Ignore.Until.IsZero() || d.s.Now.Before(r.Ignore.Until) {
			continue
		}
		if at := slices.IndexFunc(d.slots, func(sl slot) bool { return r.names(sl.p.Key) }); at >= 0 {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("The rule at `%s` no longer ignores anything: its time was over on %s. Remove it or give it a later day.", r.At, day(r.Ignore.Until, d.zone)))
		}
	}
}
