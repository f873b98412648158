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

// otherSections are the headings of its pages in all their wordings, with the state of ours that
// says the same, if there is one. Releases differ in capitals, in what stands for a merge
// request, and in what follows.
var otherSections = []struct {
	words string
	state plan.State
}{
	{`Config Migration Needed`, ""},
	{`Repository problems`, ""},
	{`Deprecations / Replacements`, ""},
	{`Abandoned Dependencies`, ""},
	{`Pending Approval`, plan.PendingApproval},
	{`Group Size Not Met`, ""},
	{`Awaiting Schedule`, plan.AwaitingSchedule},
	{`Rate[- ]Limited`, plan.RateLimited},
	{`Errored`, plan.Errored},
	{`[PM]R Creation Approval Required`, plan.PendingApproval},
	{`(?:[PM]R )?Edited(?:/Blocked| \(Blocked\))`, plan.Edited},
	{`Pending Status Checks`, plan.Maturing},
	{`Pending Branch Automerge`, ""},
	{`Other Branches`, ""},
	{`Open`, plan.Open},
	{`[PM]R Closed \(Blocked\)`, plan.ClosedByPerson},
	{`Ignored or Blocked`, plan.ClosedByPerson},
	{`Vulnerabilities`, ""},
	{`Detected dependencies`, ""},
}

// otherHeading is a heading of such a page; each group of it is one of otherSections.
var otherHeading = func() *regexp.Regexp {
	var all []string
	for _, s := range otherSections {
		all = append(all, "("+s.words+")")
	}
	return regexp.MustCompile(`(?mi)^## (?:` + strings.Join(all, "|") + `)(?:[^\pL\pN\n]|$)`)
}()

// otherWords is the sentence of a page without branches.
var otherWords = regexp.MustCompile(`(?m)^This repository currently has no open or pending branches\.`)

// IsOther reports whether a text is a dashboard of another bot's: it has its boxes, or its
// headings, and not our marker.
func IsOther(body string) bool {
	p := Parse(body)
	return !p.Marker.Present && (len(p.Boxes) > 0 || otherHeading.MatchString(body) || otherWords.MatchString(body))
}

// isOtherBoard reports whether an issue is the dashboard of another bot's, by its title and
// what stands in it. Somebody may have emptied it: a bot makes no empty issues.
func (s Sought) isOtherBoard(i Issue) bool {
	return (i.Title == s.Title || slices.Contains(otherTitles, i.Title)) && (IsOther(i.Description) || strings.TrimSpace(i.Description) == "")
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
