package decide

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file makes titles. They follow Renovate's rules, so that a merge request that Renovate left
// is continued.

// title is the title of a merge request for a set whose first move names it. For a major it names
// only the major, since closing the merge request refuses all of it.
func title(name string, kind plan.Kind, moves []plan.Move) string {
	name = plan.Unlinked(name)
	if len(moves) == 0 {
		return "Update dependency " + name
	}
	to := moves[0].To
	for _, m := range moves[1:] {
		if m.Key == moves[0].Key && m.To != to {
			return "Update dependency " + name
		}
	}
	if kind == plan.Major {
		if v, err := pep440.Parse(to); err == nil {
			to = v.Major()
		}
	}
	return "Update dependency " + name + " to v" + plan.Parted(to)
}

// heading is the title of a draft's merge request.
func (dr *offer) heading() string { return dr.form.Apply(dr.plainHeading()) }

// plainHeading is heading without the form that the policy gives titles.
func (dr *offer) plainHeading() string {
	if dr.Group != "" {
		return plan.GroupTitle(dr.Group)
	}
	kind := dr.Kind
	if m := dr.Moves0(); kind == plan.Calendar && dr.form.OfMajors() && majorOf(m.From) != majorOf(m.To) {
		kind = plan.Major
	}
	return title(dr.Name, kind, dr.Moves)
}

// generatedTitle is a title of ours or of another bot's, which may have what conventional
// commits begin with.
var generatedTitle = regexp.MustCompile(`(?i)^(?:[a-z]+(?:\([^()]*\))?!?: )?Update dependency (\S+)(?: to v(\S+))?$`)

// titleIsOurs reports whether pinwheel may have generated a title for name, in the present form or
// without one. An empty name is that of an update of derived files.
func (dr *offer) titleIsOurs(t, name, want string) bool {
	t = plan.PlainTitle(t)
	if strings.EqualFold(t, want) {
		return true
	}
	m := generatedTitle.FindStringSubmatch(dr.form.Strip(t))
	return m != nil && pep508.NormalizeName(m[1]) == pep508.NormalizeName(name)
}

// opID identifies a note, so that it can be found again: the same cause gives the same id.
func opID(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:8])
}
