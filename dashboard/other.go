package dashboard

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file knows the dashboard of another bot.

// otherTitles are what another bot calls its dashboard unless it is told otherwise.
var otherTitles = []string{"Dependency Dashboard", legacyTitle}

// otherHeadings are the headings of its pages in all their wordings, beside those that ours
// have, too. Releases differ in capitals and in what stands for a merge request.
var otherHeadings = regexp.MustCompile(`(?mi)^## (?:Config Migration Needed|Repository problems|Deprecations / Replacements|Abandoned Dependencies|Pending Approval|Group Size Not Met|Awaiting Schedule|` +
	`Rate[- ]Limited|Errored|[PM]R Creation Approval Required|(?:[PM]R )?Edited(?:/Blocked| \(Blocked\))|Pending Status Checks|Pending Branch Automerge|Other Branches|Open|` +
	`(?:[PM]R Closed \(Blocked\)|Ignored or Blocked)|Vulnerabilities|Detected dependencies)\b`)

// otherWords is the sentence of a page without branches.
var otherWords = regexp.MustCompile(`(?m)^This repository currently has no open or pending branches\.`)

// IsOther reports whether a text is a dashboard of another bot's: it has its boxes, or its
// headings, and not our marker.
func IsOther(body string) bool {
	p := Parse(body)
	return !p.Marker.Present && (len(p.Boxes) > 0 || otherHeadings.MatchString(body) || otherWords.MatchString(body))
}

// isOtherBoard reports whether an issue is the dashboard of another bot's, by its title and
// what stands in it.
func (s Sought) isOtherBoard(i Issue) bool {
	return (i.Title == s.Title || slices.Contains(otherTitles, i.Title)) && IsOther(i.Description)
}

// others reports whether a user is one of those whose dashboards become ours.
func (s Sought) others(u plan.User) bool {
	return slices.ContainsFunc(slices.Concat(s.Former, s.Others), func(name string) bool { return u.Username != "" && strings.EqualFold(name, u.Username) })
}

// renovateTypes are the words for boxes that we offer under another one.
var renovateTypes = map[plan.BoxType]plan.BoxType{"approveGroup": plan.BoxApprove, "other": plan.BoxUnschedule}

// boxType is the type of our box for one that another bot offers.
func boxType(t plan.BoxType) plan.BoxType {
	if ours, ok := renovateTypes[t]; ok {
		return ours
	}
	return t
}

// asOurs is a page whose boxes have our types.
func (p Page) asOurs() Page {
	p.Boxes = slices.Clone(p.Boxes)
	for i := range p.Boxes {
		p.Boxes[i].Type = boxType(p.Boxes[i].Type)
	}
	return p
}
