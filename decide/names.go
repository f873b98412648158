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

// This file makes titles. They follow Renovate's rules, so that what it left
// behind is continued.

// title is the merge request's title for a set of which the first move names
// it. A major names the major alone, as its closing refuses all of it.
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

// plainHeading is the same without the form that the policy gives titles.
func (dr *offer) plainHeading() string {
	if dr.Group != "" {
		return plan.GroupTitle(dr.Group)
	}
	return title(dr.Name, dr.Kind, dr.Moves)
}

var generatedTitle = regexp.MustCompile(`(?i)^Update dependency (\S+)(?: to v(\S+))?$`)

// titleIsOurs reports whether t could have been generated for name, in the form
// of today or without one; an empty name means a twin's repair.
func (dr *offer) titleIsOurs(t, name, want string) bool {
	t = plan.PlainTitle(t)
	if strings.EqualFold(t, want) {
		return true
	}
	m := generatedTitle.FindStringSubmatch(dr.form.Strip(t))
	return m != nil && pep508.NormalizeName(m[1]) == pep508.NormalizeName(name)
}

// opID is the findable identity of a note: the same cause gives the same id.
func opID(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:8])
}
