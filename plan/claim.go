package plan

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file keeps what an update's texts say of requirements as data, so that
// no sentence leaves which the update's own moves belie.

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

// True reports whether the update's own moves and lines bear a claim out: a
// release that moves is at one end of its step, what a new release or one that
// stays requires is met where the update takes it, what is said to be pinned
// somewhere is so before the update, and what is said to go somewhere goes there. A claim on what does not move is not judged.
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

// Claims are the sentences of some claims that the update bears out.
func (u Update) Claims(all []Claim) []string {
	var out []string
	for _, c := range all {
		if u.True(c) && !slices.Contains(out, c.Text) {
			out = append(out, c.Text)
		}
	}
	return out
}
