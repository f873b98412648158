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

// Ours reports whether a branch is ours, and returns the trailers of its commit. It is ours if
// its head is a commit of ours with one parent, that parent is in the history of the
// branch it goes into, and it changes only the paths of its trailer, as its digest says.
// Anything else may hold a person's work. The database only saves reading the files: Known
// means that it has this SHA.
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
