package plan

import "slices"

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
