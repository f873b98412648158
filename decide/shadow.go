package decide

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file compares what another bot would do with what a plan does, as far as its page, its
// branches and its merge requests record it.

// shadow is the comparison while it is made.
type shadow struct {
	s      *plan.Snapshot
	p      plan.Plan
	page   plan.OtherPage
	ours   map[string]plan.Update       // by branch
	opened map[string]plan.MergeRequest // the other bot's open ones, by branch
	left   map[string]plan.Branch
}

// Compare says what a plan does differently from the bot that the policy takes over from:
// another bot's branches are those that its page lists and those of its open merge requests.
// Branches about files that the policy does not name count for neither.
func Compare(s *plan.Snapshot, p plan.Plan, page plan.OtherPage) plan.Comparison {
	sh := shadow{s: s, p: p, page: page, ours: map[string]plan.Update{}, opened: map[string]plan.MergeRequest{}, left: map[string]plan.Branch{}}
	for _, u := range p.Updates {
		sh.ours[u.Branch] = u
	}
	for _, m := range s.MergeRequests {
		if m.State == plan.Opened && m.SameProject {
			sh.opened[m.Branch] = m
		}
	}
	for _, b := range s.Branches {
		sh.left[b.Name] = b
	}
	theirs := sh.theirs()
	var names []string
	for name := range theirs {
		names = append(names, name)
	}
	for _, u := range p.Updates {
		// What is held back has no branch of its own, and the other bot may well not offer it.
		if _, listed := theirs[u.Branch]; !listed && onOffer(u.State) {
			names = append(names, u.Branch)
		}
	}
	slices.Sort(names) // 1. by branch
	out := plan.Comparison{Page: page.Number, Written: page.At}
	for _, name := range slices.Compact(names) {
		o, listed := theirs[name]
		d := sh.disagreement(name, o, listed)
		if d.Why == "" {
			out.Alike++
			continue
		}
		out.Disagreements = append(out.Disagreements, d)
	}
	return out
}

// onOffer reports whether an update in that state is one that people can have.
func onOffer(s plan.State) bool {
	return s != plan.Incompatible && s != plan.NotChecked && s != plan.Ignored
}

// theirs are the offers of the other bot that concern our files, by branch.
func (sh shadow) theirs() map[string]plan.OtherOffer {
	out := map[string]plan.OtherOffer{}
	for _, o := range sh.page.Offers {
		if sh.concerns(o) {
			out[o.Branch] = o
		}
	}
	for name, m := range sh.opened {
		if _, listed := out[name]; listed || !sh.s.Policy.Adopt.Is(m.Author) || sh.left[name].Left.Why == plan.LeftOthers {
			continue
		}
		out[name] = plan.OtherOffer{Branch: name, Heading: "Open", State: plan.Open, Title: m.Title, MR: m.IID}
	}
	return out
}

// concerns reports whether an offer is about one of our pins. Its branch tells, or else the
// packages that its title names. One that names none may be a group of ours.
func (sh shadow) concerns(o plan.OtherOffer) bool {
	if b, there := sh.left[o.Branch]; there {
		return b.Left.Why != plan.LeftOthers
	}
	if _, is := sh.ours[o.Branch]; is {
		return true
	}
	if names := named(o); len(names) > 0 {
		return slices.ContainsFunc(names, sh.pinned)
	}
	m := ofLine.FindStringSubmatch(strings.TrimPrefix(o.Branch, sh.s.Policy.BranchPrefix))
	return m == nil || slices.ContainsFunc(sh.p.Standings, func(pin plan.PinStanding) bool { return plan.Slug(pin.Name) == m[1] })
}

// ofLine is the branch of one package's line of majors, behind the prefix.
var ofLine = regexp.MustCompile(`^(.+)-\d+\.x$`)

// named are the packages that an offer names, as written.
func named(o plan.OtherOffer) []string {
	if m := generatedTitle.FindStringSubmatch(plan.PlainTitle(o.Title)); m != nil {
		return []string{m[1]}
	}
	return o.Names
}

func (sh shadow) pinned(name string) bool {
	key := pep508.NormalizeName(name)
	return slices.ContainsFunc(sh.p.Standings, func(pin plan.PinStanding) bool { return pin.Key == key })
}

// disagreement compares one branch. Its Why is empty if both do the same.
func (sh shadow) disagreement(name string, o plan.OtherOffer, listed bool) plan.Disagreement {
	d := plan.Disagreement{Branch: name, Title: o.Title}
	if listed {
		d.Other = &plan.Side{State: o.Heading, MR: o.MR, Steps: sh.steps(o)}
	}
	u, ok := sh.ours[name]
	if ok {
		d.Title = u.Title
		d.Ours = &plan.Side{State: string(u.State), MR: u.MR, Steps: stepsOf(u.Moves), Does: sh.does(name)}
	} else if does := sh.does(name); len(does) > 0 {
		d.Ours = &plan.Side{MR: o.MR, Does: does}
	}
	switch {
	case !listed:
		d.Why = "Renovate records no such update; " + reasonOf(u)
	case !ok:
		d.Why = sh.missing(o, d.Other.Steps)
	case len(d.Other.Steps) > 0 && !slices.Equal(d.Other.Steps, d.Ours.Steps):
		d.Why = sh.others(d, u)
	case !alike(o.State, u.State):
		d.Why = reasonOf(u)
	case slices.ContainsFunc(u.Why, replaces):
		d.Why = reasonOf(u)
	case u.MR > 0 && slices.Contains(d.Ours.Does, string(plan.KindCommitBranch)):
		d.Why = sh.anew(name)
	}
	return d
}

// replaces reports whether a reason says that an open version goes, or that another one waits to take its
// place. Another bot puts a newer one there at once, and would show it.
func replaces(r plan.Reason) bool {
	switch r.(type) {
	case plan.Gone, plan.VersionReady:
		return true
	default:
		return false
	}
}

// alike reports whether two states are the same to people: an open merge request is one
// whatever it waits for.
func alike(a, b plan.State) bool {
	open := func(s plan.State) bool {
		return s == plan.Open || s == plan.Testing || s == plan.Bisecting || s == plan.AboutToMerge
	}
	return a == b || open(a) && open(b)
}

// does are the actions of a plan on a branch and on its merge request.
func (sh shadow) does(branch string) (out []string) {
	for _, a := range sh.p.Actions {
		if kind := string(a.Kind()); a.On() == branch && !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// steps are what an offer moves: what its branch changes, or else what the page tells of the
// packages that it names. Where neither tells, there are none.
func (sh shadow) steps(o plan.OtherOffer) []string {
	if t, ours := sh.left[o.Branch].Ours(nil); ours && t.Adopted {
		return stepsOf(t.Moves)
	}
	var out []string
	to := ""
	if m := generatedTitle.FindStringSubmatch(plan.PlainTitle(o.Title)); m != nil {
		to = strings.ReplaceAll(m[2], "\u200b", "")
	}
	for _, name := range named(o) {
		key := pep508.NormalizeName(name)
		for _, pin := range sh.page.Pins {
			if !sh.ourFile(pin.File) || pep508.NormalizeName(pin.Name) != key {
				continue
			}
			if v := chosen(pin.To, to); v != "" {
				out = append(out, key+" "+pin.From+" -> "+v)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (sh shadow) ourFile(path string) bool {
	return slices.ContainsFunc(sh.s.Policy.Files, func(f plan.FilePolicy) bool { return f.Path == path })
}

var majorAlone = regexp.MustCompile(`^\d+$`)

// chosen is the version that a title means: the very one, the one of its major, or the only one.
func chosen(found []string, title string) string {
	for _, v := range found {
		if strings.EqualFold(v, title) || majorAlone.MatchString(title) && majorOf(v) == title {
			return v
		}
	}
	if len(found) == 1 && title == "" {
		return found[0]
	}
	return ""
}

// stepsOf are moves in words, sorted; lines of one package that move alike are one.
func stepsOf(moves []plan.Move) (out []string) {
	for _, m := range moves {
		out = append(out, m.Key+" "+m.From+" -> "+m.To)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reasonOf is why an update is in its state.
func reasonOf(u plan.Update) string {
	if why := u.Why.PlainClause(); why != "" {
		return why
	}
	return "pinwheel has it as " + string(u.State)
}

// missing says why a plan has no such branch: another one makes the step, the release is not
// taken, or the pin stands otherwise.
func (sh shadow) missing(o plan.OtherOffer, steps []string) string {
	if left := sh.left[o.Branch].Left; left.Why != "" {
		return plan.Plainly(plan.LeftAlone(left))
	}
	for _, step := range steps {
		key, versions, _ := strings.Cut(step, " ")
		_, to, _ := strings.Cut(versions, " -> ")
		for _, u := range sh.p.Updates {
			if u.Branch != o.Branch && slices.Contains(stepsOf(u.Moves), step) {
				return fmt.Sprintf("on %s %s %s", u.Branch, key, along(u, key))
			}
		}
		if why := sh.against(key, to); why != "" {
			return why
		}
	}
	for _, name := range named(o) {
		key := pep508.NormalizeName(name)
		for _, pin := range sh.p.Standings {
			if pin.Key != key {
				continue
			}
			if why := pin.Reasons.PlainClause(); why != "" {
				return why
			}
			return fmt.Sprintf("%s %s is %s by pinwheel's policy", key, pin.Version, pin.Standing)
		}
	}
	return "pinwheel makes no branch of that name"
}

// against is why a release is not taken; empty where nothing is against it.
func (sh shadow) against(key, version string) string {
	for _, e := range Explain(*sh.s, key) {
		for _, c := range e.Releases {
			if c.Version == version && c.Why != nil {
				return fmt.Sprintf("%s %s is not taken: %s", key, version, plan.Plainly(c.Why))
			}
		}
	}
	return ""
}

// others says why a plan moves other pins, or moves them elsewhere.
func (sh shadow) others(d plan.Disagreement, u plan.Update) string {
	var parts []string
	for _, m := range u.Moves {
		i := slices.IndexFunc(d.Other.Steps, func(step string) bool { return strings.HasPrefix(step, m.Key+" ") })
		if i < 0 {
			parts = append(parts, m.Key+" "+along(u, m.Key))
			continue
		}
		_, theirs, _ := strings.Cut(d.Other.Steps[i], " -> ")
		if theirs != m.To {
			parts = append(parts, sh.other(u, m, theirs))
		}
	}
	if len(parts) == 0 {
		return reasonOf(u)
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), "; ")
}

// along says why an update moves a package that the other bot leaves where it is.
func along(u plan.Update, key string) string {
	if u.Group != "" {
		return "is in the group " + u.Group
	}
	for _, c := range u.Together {
		if u.True(c) && (c.From == key || c.To == key) {
			return "moves along: " + c.Text
		}
	}
	return "moves along, since the packages only install together"
}

// other says why an update takes another version than the other bot does.
func (sh shadow) other(u plan.Update, m plan.Move, theirs string) string {
	if why := sh.against(m.Key, theirs); why != "" {
		return why
	}
	a, errA := pep440.Parse(m.To)
	b, errB := pep440.Parse(theirs)
	if errA == nil && errB == nil && a.Compare(b) > 0 {
		return fmt.Sprintf("%s %s is newer than what Renovate recorded", m.Key, m.To)
	}
	return fmt.Sprintf("pinwheel takes %s %s; %s", m.Key, m.To, reasonOf(u))
}

// anew says why a branch with the same steps is made anew.
func (sh shadow) anew(branch string) string {
	for _, a := range sh.p.Actions {
		if c, is := a.(plan.CommitBranch); is && c.Branch == branch && c.Because != "" {
			return "the branch is not what pinwheel would write: " + c.Because
		}
	}
	return "the branch is not what pinwheel would write"
}
