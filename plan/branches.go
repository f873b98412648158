package plan

import (
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// world is the GitLab side of a snapshot, arranged by branch.
type world struct {
	bot      User
	us       Us
	head     string
	branches map[string]Branch
	open     map[string]MergeRequest
	astray   map[string]MergeRequest   // open ones into another branch than the default one
	history  map[string][]MergeRequest // closed and merged, newest first
	// byPackage is history by the package that names a merge request.
	byPackage map[string][]MergeRequest
	closing   Closing
}

func arrange(s *Snapshot) world {
	w := world{
		bot: s.Bot, us: UsOf(s.Bot, s.Former), head: s.Project.Head,
		branches: map[string]Branch{}, open: map[string]MergeRequest{}, astray: map[string]MergeRequest{}, history: map[string][]MergeRequest{},
		byPackage: map[string][]MergeRequest{}, closing: s.Policy.Closing,
	}
	for _, b := range s.Branches {
		w.branches[b.Name] = b
	}
	for _, mr := range s.MergeRequests {
		if !mr.SameProject || !strings.HasPrefix(mr.Branch, s.Policy.BranchPrefix) {
			continue
		}
		elsewhere := mr.Target != s.Project.DefaultBranch
		if mr.State == Opened || mr.State == Locked {
			if elsewhere && !mr.TargetGone && !mr.Switched() {
				w.astray[mr.Branch] = mr
				continue
			}
			// The lowest number is the one that was there first.
			if other, ok := w.open[mr.Branch]; !ok || mr.IID < other.IID {
				w.open[mr.Branch] = mr
			}
			continue
		}
		if elsewhere && mr.State == Merged && !mr.Landed {
			continue // it changed nothing here
		}
		w.history[mr.Branch] = append(w.history[mr.Branch], mr)
		if len(mr.Note.Moves) > 0 {
			key := mr.Note.Moves[0].Key
			w.byPackage[key] = append(w.byPackage[key], mr)
		}
	}
	for _, lists := range []map[string][]MergeRequest{w.history, w.byPackage} {
		for _, list := range lists {
			sort.Slice(list, func(i, j int) bool { return list[i].IID > list[j].IID })
		}
	}
	return w
}

// Us are the names under which commits show pinwheel's user, and those of
// users it had before.
type Us []string

// UsOf are the names of a user and of former ones.
func UsOf(bot User, former []string) Us { return append(Us{bot.Name, bot.Username}, former...) }

// Wrote reports whether a commit has one of them as its author. The committer
// is whoever rebased it, or the instance that signed it.
func (u Us) Wrote(c Commit) bool { return c.AuthorName != "" && slices.Contains(u, c.AuthorName) }

// Ours says whether a branch is ours, and what its commit says of itself. It is
// where the head is a commit of ours, with one parent that is on the history of
// the branch it goes into, which changes no path beyond those of its trailer, and
// those as its digest says. Anything else holds what a person did. The database
// only saves the reading: Known means that we recorded this very SHA.
func (b Branch) Ours(us Us) (t Trailers, ours bool) {
	t, ok := ParseTrailers(b.Head.Message)
	switch {
	case !ok:
		return t, false
	case b.Known:
		return t, true
	case len(b.Head.Parents) != 1 || !b.Based || !us.Wrote(b.Head):
		return t, false
	case b.Digest == "" || b.Digest != t.Digest:
		return t, false
	}
	return t, !slices.ContainsFunc(b.Paths, func(path string) bool { return !slices.Contains(t.Paths, path) })
}

// refusal is a person's no to a version, read from a merge request.
type refusal struct {
	mr      MergeRequest
	moves   []Move
	title   string
	merged  bool
	closing Closing // what closing it means here
}

// refusals lists what people refused on a branch: merge requests they closed,
// and merged ones whose versions main no longer holds. pinned tells what main
// pins for a name, as the least of its slots.
func (w world) refusals(u Update, wentBack func(Move) bool) []refusal {
	var out []refusal
	list := w.history[u.Branch]
	if w.closing == RefusesPackage && u.Group == "" && u.Name != "" {
		list = w.byPackage[pep508.NormalizeName(u.Name)]
	}
	for _, mr := range list {
		r := refusal{mr: mr, moves: mr.Note.Moves, title: plainTitle(mr.Title), merged: mr.State == Merged, closing: w.closing}
		switch {
		case mr.State == Merged && u.Group != "":
			if r.moves = slices.DeleteFunc(slices.Clone(r.moves), func(m Move) bool { return !wentBack(m) }); len(r.moves) == 0 {
				continue
			}
		case mr.State == Merged:
			if len(r.moves) == 0 || !wentBack(r.moves[0]) {
				continue
			}
		case mr.Note.ClosedByUs || (mr.ClosedBy.ID != 0 && mr.ClosedBy.ID == w.bot.ID):
			continue
		case strings.HasSuffix(mr.Title, " - autoclosed"):
			continue
		}
		out = append(out, r)
	}
	return out
}

// covers reports whether the refusal says no to u: a major refuses its whole
// major, anything else the exact version of the package that names it. What
// else is in the set does not matter: it moves for that package's sake. A group
// is refused as long as all it would move was refused.
func (r refusal) covers(u Update) bool {
	if len(r.moves) == 0 {
		return strings.EqualFold(r.title, plainTitle(u.Title))
	}
	if u.Group != "" {
		return len(u.Moves) > 0 && !slices.ContainsFunc(u.Moves, func(m Move) bool {
			return !slices.ContainsFunc(r.moves, func(no Move) bool { return no.Key == m.Key && no.To == m.To })
		})
	}
	lead := u.Moves0()
	if (r.closing == RefusesLine || r.closing == RefusesPackage) && !r.merged && r.moves[0].Key == lead.Key {
		return r.closing == RefusesPackage || majorOf(r.moves[0].To) == majorOf(lead.To)
	}
	for _, m := range u.Moves {
		if m.Key == lead.Key && !slices.ContainsFunc(r.moves, func(no Move) bool {
			return no.Key == m.Key && (no.To == m.To || (u.Kind == Major && majorOf(no.To) == majorOf(m.To)))
		}) {
			return false
		}
	}
	return len(u.Moves) > 0
}
