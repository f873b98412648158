package plan

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file keeps what an update's texts say of requirements as data. So a sentence that
// the update's own moves prove false is left out.

// Claim is one sentence that something requires something. The zero Claim is
// none.
type Claim struct {
	Text string // the sentence, without its end
	File string // the constraints file it is about
	// From requires, in normal form. What is installed has no FromVersion.
	From, FromVersion string
	Requirement       string // as PEP 508 writes it, without a marker
	To                string // whom it is about, in normal form
	ToVersion         string // where the sentence says that it is pinned, or empty
	GoesTo            string // or where it says that it goes, and does not meet the requirement there
}

// True reports whether a claim agrees with the update's own moves and lines. A release that
// moves has to be at one end of its step. The update has to meet what a new release
// requires, or one that stays. A pin that the claim names has to be there before the update,
// and a target that it names has to be that of the update and not meet the requirement. A
// claim about something that does not move is true.
func (u Update) True(c Claim) bool {
	if c.Text == "" {
		return false
	}
	from, about := u.ends(c.File, c.From), u.ends(c.File, c.To)
	old := false
	if c.FromVersion != "" && len(from) > 0 {
		isNew := slices.ContainsFunc(from, func(e [2]string) bool { return e[1] == c.FromVersion })
		old = !isNew
		if old && !slices.ContainsFunc(from, func(e [2]string) bool { return e[0] == c.FromVersion }) {
			return false
		}
	}
	if len(about) == 0 {
		return true
	}
	if c.ToVersion != "" && !slices.ContainsFunc(about, func(e [2]string) bool { return e[0] == c.ToVersion }) {
		return false
	}
	if c.GoesTo != "" {
		return slices.ContainsFunc(about, func(e [2]string) bool { return e[1] == c.GoesTo }) && !meets(c.Requirement, c.GoesTo)
	}
	return old || slices.ContainsFunc(about, func(e [2]string) bool { return meets(c.Requirement, e[1]) })
}

// ends are, for each move or line of a name, where it was and where it goes;
// a line that comes or goes has one of them.
func (u Update) ends(file, key string) (out [][2]string) {
	for _, m := range u.Moves {
		if m.Key == key && (file == "" || m.File == file) {
			out = append(out, [2]string{m.From, m.To})
		}
	}
	for _, list := range [2][]LineChange{u.Lines, u.Along} {
		for _, l := range list {
			if l.Key == key && !l.Removed && (file == "" || l.File == file) {
				out = append(out, [2]string{"", l.Version})
			}
		}
	}
	return out
}

// meets reports whether a version is one that a requirement asks for; what
// cannot be read is not met.
func meets(requirement, version string) bool {
	r, err := pep508.Parse(requirement)
	if err != nil {
		return false
	}
	v, err := pep440.Parse(version)
	return err == nil && (r.URL != "" || r.Specifiers.Contains(v))
}

// Claims are the sentences of those claims that agree with the update.
func (u Update) Claims(all []Claim) []string {
	var out []string
	for _, c := range all {
		if u.True(c) && !slices.Contains(out, c.Text) {
			out = append(out, c.Text)
		}
	}
	return out
}
