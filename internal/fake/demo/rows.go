package demo

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/web/markdown"
)

// This file shows the dashboard as a list: one line for each update. What an update is
// stands in the plan of the last run; the text of the issue has the boxes, and the order.

// section is a heading of the dashboard with its updates.
type section struct {
	Heading, State string
	Note           template.HTML // what is said of all its lines
	Rows           []row
	Bulk           *row // the box for all of them
	Of             int  // rows before the filter
}

// row is one update.
type row struct {
	ID, Line, Form string // of its box; Line is empty where there is none
	Ticked         bool
	Title, Lead    string // Lead is what all titles begin with
	Step, Kind     string
	State, Label   string // the colour and the word of its state
	IID            string // of its merge request, empty for none
	Body           template.HTML
	Major, Danger  bool
}

// listed is the dashboard as a list, with what is no update above and below it.
type listed struct {
	Head, Tail template.HTML
	Sections   []section
}

// states are the words that a line's state is shown by.
var states = map[plan.State]string{
	plan.PendingApproval: "approve", plan.Edited: "edited", plan.Errored: "failed", plan.Open: "open", plan.Testing: "testing", plan.Bisecting: "bisecting", plan.AboutToMerge: "merging", plan.AwaitingSchedule: "waits",
	plan.Maturing: "too young", plan.RateLimited: "in line", plan.Incompatible: "held back", plan.ClosedByPerson: "closed",
}

// filters are the ways to look at the list, in their order.
var filters = []string{"all", "majors", "merge requests", "waiting", "held back", "text"}

// shows reports whether a filter shows a row.
func shows(filter string, r row) bool {
	switch filter {
	case "majors":
		return r.Major
	case "merge requests":
		return r.IID != ""
	case "waiting":
		return r.State == string(plan.AwaitingSchedule) || r.State == string(plan.RateLimited) || r.State == string(plan.Maturing)
	case "held back":
		return r.State == string(plan.Incompatible)
	}
	return true
}

var (
	itemLine = regexp.MustCompile(`^ ?- (?:\[([ x])\] )?(.*)$`)
	branchIn = regexp.MustCompile(`-branch=(\S+) -->`)
)

// lead is what the title of an update begins with.
const lead = "Update dependency "

// list reads the text of the dashboard. What it does not know stays as it is,
// below the list.
func (s *site) list(text, item string) (listed, error) {
	var out listed
	var head, tail strings.Builder
	lines := strings.Split(s.stage.hide.Replace(text), "\n")
	at := &head
	var now *section
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		if heading, is := strings.CutPrefix(l, "## "); is {
			if now, at = out.open(heading), &tail; now != nil {
				continue
			}
		} else if strings.HasPrefix(l, "<details>") && (now == nil || now.Of >= s.under(now.Heading)) {
			now, at = nil, &tail // it has no further updates of the section
		}
		m := itemLine.FindStringSubmatch(l)
		switch {
		case now == nil:
			at.WriteString(l + "\n")
		case m != nil:
			reason, n := below(lines[i+1:])
			i += n
			r, err := s.row(item, *now, m, reason)
			if err != nil {
				return out, err
			}
			now.add(r, s.filter)
		case strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "<"):
			var err error
			if now.Note, err = s.render(l, item, true); err != nil {
				return out, err
			}
		}
	}
	var err error
	if out.Head, err = s.render(head.String(), item, true); err == nil {
		out.Tail, err = s.render(tail.String(), item, true)
	}
	return out, err
}

// below is what stands on the lines below an item, and how many these are.
func below(lines []string) (reason string, n int) {
	for n < len(lines) && strings.HasPrefix(lines[n], "   ") {
		reason += " " + strings.TrimPrefix(strings.TrimSpace(lines[n]), "— ")
		n++
	}
	return strings.TrimSpace(reason), n
}

// open begins the section of a state. It is nil for another heading.
func (l *listed) open(heading string) *section {
	for _, r := range plan.Table() {
		if r.Heading == heading {
			l.Sections = append(l.Sections, section{Heading: heading, State: string(r.State)})
			return &l.Sections[len(l.Sections)-1]
		}
	}
	return nil
}

func (s *section) add(r row, filter string) {
	if m := hidden.FindStringSubmatch(r.Line); m != nil && bulkMarker(m[1]) {
		s.Bulk = &r
		return
	}
	s.Of++
	if shows(filter, r) {
		s.Rows = append(s.Rows, r)
	}
}

// branchOf is the branch in the marker of an item, empty for none.
func branchOf(line string) string {
	if m := branchIn.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// updateOf is the update on a branch, in the plan of the last run.
func (s *site) updateOf(branch string) (plan.Update, bool) {
	at := slices.IndexFunc(s.plan.Updates, func(u plan.Update) bool { return branch != "" && u.Branch == branch })
	if at < 0 {
		return plan.Update{}, false
	}
	return s.plan.Updates[at], true
}

// under counts the updates under a heading, in the plan of the last run.
func (s *site) under(heading string) (n int) {
	for _, u := range s.plan.Updates {
		if headed(u.State, heading) {
			n++
		}
	}
	return n
}

// headed reports whether updates in a state are under a heading.
func headed(state plan.State, heading string) bool {
	return slices.ContainsFunc(plan.Table(), func(r plan.Row) bool { return r.State == state && r.Heading == heading })
}

// fill fills in what the plan says about the update of a row. An open one has no step,
// since its title says where it goes; that of a group names no version, so it is no major.
// A batch that is taken apart says already that it failed.
func (r *row) fill(u plan.Update) {
	r.Major = u.Kind == plan.Major && (u.Group == "" || !u.State.IsOpen())
	if u.MR != 0 {
		r.IID = fmt.Sprint(u.MR)
	}
	if !u.State.IsOpen() {
		r.Step, r.Kind = dashboard.Steps(u), string(u.Kind)
	}
	if failed(u) {
		if r.Danger = true; u.State != plan.Bisecting {
			r.Label = "pipeline failed"
		}
	}
}

// row reads an item: what itemLine found, its box and the line after it, and the
// reason below it. An item without a box is found by its title.
func (s *site) row(item string, in section, found []string, reason string) (row, error) {
	box, line := found[1], found[2]
	r := row{State: in.State, Label: states[plan.State(in.State)], Title: markdown.Spoken(line), Ticked: box == "x"}
	if box != "" {
		r.Line, r.ID, r.Form = line, markdown.BoxID(item, line), "boxes-"+item
	}
	u, is := s.updateOf(branchOf(line))
	if !is {
		at := slices.IndexFunc(s.plan.Updates, func(u plan.Update) bool {
			return headed(u.State, in.Heading) && (r.Title == u.Title || strings.HasPrefix(r.Title, u.Title+" ("))
		})
		if is = at >= 0; is {
			u = s.plan.Updates[at]
		}
	}
	if is {
		r.fill(u)
	}
	if rest, is := strings.CutPrefix(r.Title, lead); is {
		r.Lead, r.Title = lead, rest
	}
	if r.IID != "" {
		reason += fmt.Sprintf(" [Its merge request](!%s).", r.IID)
	}
	var err error
	r.Body, err = s.render(reason, item, false)
	return r, err
}
