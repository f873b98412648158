package decide

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// world is the GitLab side of a snapshot, arranged by branch.
type world struct {
	bot      plan.User
	us       plan.Us
	head     string
	branches map[string]plan.Branch
	open     map[string]plan.MergeRequest
	astray   map[string]plan.MergeRequest   // open ones into another branch than the default one
	history  map[string][]plan.MergeRequest // closed and merged, newest first
	// byPackage is history by the package that names a merge request.
	byPackage map[string][]plan.MergeRequest
	closing   plan.Closing
	adopt     plan.Adoption
	// probes are the open merge requests of parts of a batch, and probed are the
	// branches of those that are not open any more. They are in no other list.
	probes map[string]plan.MergeRequest
	probed map[string]bool
	// reverts are the open merge requests that take a merge back, and reverted the
	// newest of a branch that is not open. They are in no other list either.
	reverts, reverted map[string]plan.MergeRequest
}

func arrange(s *plan.Snapshot, said answers) world {
	w := world{
		bot: s.Bot, us: plan.UsOf(s.Bot, s.Former), head: s.Project.Head,
		branches: map[string]plan.Branch{}, open: map[string]plan.MergeRequest{}, astray: map[string]plan.MergeRequest{}, history: map[string][]plan.MergeRequest{},
		byPackage: map[string][]plan.MergeRequest{}, closing: s.Policy.Closing, adopt: s.Policy.Adopt,
		probes: map[string]plan.MergeRequest{}, probed: map[string]bool{},
		reverts: map[string]plan.MergeRequest{}, reverted: map[string]plan.MergeRequest{},
	}
	for _, b := range s.Branches {
		w.branches[b.Name] = b
	}
	for _, mr := range s.MergeRequests {
		mr = said.askedToClose(mr)
		if mr.SameProject && w.addOther(mr, s.Policy.BranchPrefix) {
			continue
		}
		if mr.SameProject && strings.HasPrefix(mr.Branch, s.Policy.BranchPrefix) {
			w.add(mr, mr.Target != s.Project.DefaultBranch)
		}
	}
	for _, lists := range []map[string][]plan.MergeRequest{w.history, w.byPackage} {
		for _, list := range lists {
			sort.Slice(list, func(i, j int) bool { return list[i].IID > list[j].IID })
		}
	}
	return w
}

// addOther files a merge request of a probe or of a revert. It reports false for any other.
func (w *world) addOther(mr plan.MergeRequest, prefix string) bool {
	_, reverts := plan.RevertOf(prefix, mr.Branch)
	open := mr.State == plan.Opened
	switch {
	case plan.IsProbe(prefix, mr.Branch) && open:
		w.probes[mr.Branch] = mr
	case plan.IsProbe(prefix, mr.Branch):
		w.probed[mr.Branch] = true
	case reverts && (open || mr.State == plan.Locked):
		w.reverts[mr.Branch] = mr
	case reverts && mr.IID > w.reverted[mr.Branch].IID:
		w.reverted[mr.Branch] = mr
	}
	return reverts || plan.IsProbe(prefix, mr.Branch)
}

// add files a merge request of an update. An open one into another branch than the default one is
// astray, unless we opened it there or that branch is gone.
func (w *world) add(mr plan.MergeRequest, elsewhere bool) {
	switch open := mr.State == plan.Opened || mr.State == plan.Locked; {
	case open && elsewhere && !mr.TargetGone && !mr.Switched():
		w.astray[mr.Branch] = mr
	case open:
		// The lowest number is the one that was there first.
		if other, ok := w.open[mr.Branch]; !ok || mr.IID < other.IID {
			w.open[mr.Branch] = mr
		}
	case elsewhere && mr.State == plan.Merged && !mr.Landed:
		// it changed nothing here
	default:
		w.history[mr.Branch] = append(w.history[mr.Branch], mr)
		if len(mr.Note.Moves) > 0 {
			key := mr.Note.Moves[0].Key
			w.byPackage[key] = append(w.byPackage[key], mr)
		}
	}
}

// refuses reports whether people can have refused anything: some merge request is closed or merged.
func (w world) refuses() bool { return len(w.history)+len(w.byPackage) > 0 }

// refusal is a person's no to a version, read from a merge request.
type refusal struct {
	mr      plan.MergeRequest
	moves   []plan.Move
	title   string
	merged  bool
	closing plan.Closing // what closing it means here
}

// refusals lists what people refused on a branch: merge requests that they closed, and merged ones
// whose versions the default branch no longer holds, as wentBack reports.
func (w world) refusals(u plan.Update, wentBack func(plan.Move) bool) []refusal {
	var out []refusal
	list := w.history[u.Branch]
	if w.closing == plan.RefusesPackage && u.Group == "" && u.Name != "" {
		list = w.byPackage[pep508.NormalizeName(u.Name)]
	}
	for _, mr := range list {
		r := refusal{mr: mr, moves: mr.Note.Moves, title: plan.PlainTitle(mr.Title), merged: mr.State == plan.Merged, closing: w.closing}
		switch {
		case mr.State == plan.Merged && u.Group != "":
			if r.moves = slices.DeleteFunc(slices.Clone(r.moves), func(m plan.Move) bool { return !wentBack(m) }); len(r.moves) == 0 {
				continue
			}
		case mr.State == plan.Merged:
			if len(r.moves) == 0 || !wentBack(r.moves[0]) {
				continue
			}
		case mr.Note.ClosedByUs || (mr.ClosedBy.ID != 0 && mr.ClosedBy.ID == w.bot.ID) || w.adopt.Is(mr.ClosedBy):
			continue
		case strings.HasSuffix(mr.Title, " - autoclosed"):
			continue
		}
		out = append(out, r)
	}
	return out
}

// unprefixed is a title without what conventional commits begin with: whether another bot
// wrote that was its setting, and is none of what was refused.
func unprefixed(title string) string { return conventional.ReplaceAllString(title, "") }

var conventional = regexp.MustCompile(`(?i)^[a-z]+(?:\([^()]*\))?!?: `)

// covers reports whether the refusal is one of u. A refused major refuses its whole major; any
// other refuses the exact version of the package that names the update, whatever else is in the
// set, since the rest moves for the sake of that package. A group is refused if each of its moves
// was refused.
func (r refusal) covers(u plan.Update) bool {
	if len(r.moves) == 0 {
		return strings.EqualFold(unprefixed(r.title), unprefixed(plan.PlainTitle(u.Title)))
	}
	if u.Group != "" {
		return len(u.Moves) > 0 && every(u.Moves, func(m plan.Move) bool { return hasStep(r.moves, m) })
	}
	lead := u.Moves0()
	if (r.closing == plan.RefusesLine || r.closing == plan.RefusesPackage) && !r.merged && r.moves[0].Key == lead.Key {
		return r.closing == plan.RefusesPackage || majorOf(r.moves[0].To) == majorOf(lead.To)
	}
	for _, m := range u.Moves {
		if m.Key == lead.Key && !slices.ContainsFunc(r.moves, func(no plan.Move) bool {
			return no.Key == m.Key && (no.To == m.To || (u.Kind == plan.Major && majorOf(no.To) == majorOf(m.To)))
		}) {
			return false
		}
	}
	return len(u.Moves) > 0
}
