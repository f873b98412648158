package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// View is what a page needs beyond its plan. The zero value works.
type View struct {
	ProjectID   int64
	MaxBytes    int             // 0 is 64 KiB
	Ticked      map[string]bool // branches, and bulk markers, whose box waits ticked
	Zone        *time.Location  // of the window's instants; nil is UTC
	MinimumRole plan.Role       // who may tick
	StatusURL   string          // shows whether pinwheel runs; empty for none
	HelpURL     string          // explains the page; empty for none
	Home        string          // the project's address; a rule links into the same GitLab below it alone
	Waiting     []WaitingTick   // of a project that is stopped
}

// defaultMax bounds a page, since rendering, mails and diffs all cost.
const defaultMax = 64 << 10

// The longest pieces of foreign text, in characters.
const (
	maxTitle  = 255
	maxReason = 1000
)

// Render writes the dashboard of p, ending in one newline. The same plan and
// view give the same text, and the text names no instants but those of the plan. A
// page beyond MaxBytes loses what matters least, and says so. Boxes go last, and only
// if they alone are too many.
func Render(p plan.Plan, v View) string {
	limit := v.MaxBytes
	if limit <= 0 {
		limit = defaultMax
	}
	head := fmt.Sprintf("<!-- pinwheel:dashboard v=1 project=%d -->\n", v.ProjectID)
	if p.Stopped() {
		head += "**Stopped: branches and merge requests stay as they are until the problem below is fixed.** What was ticked before is carried out then.\n"
		return fit(head, []section{problems(p, v), waiting(v)}, limit)
	}
	head += samplesMark(p.Samples) + summary(p) + drift(p) + "\n" + windowLine(p, v) + "\n" + missed(p, v)
	sections := append([]section{problems(p, v)}, states(p, v)...)
	return fit(head, append(sections, holds(p, v), requests(p, v), remarks(p), whyNot(p), unmanaged(p), detected(p), chart(p.Samples)), limit)
}

// states renders the updates by the headings of the state table. States that
// share a heading share a section.
func states(p plan.Plan, v View) []section {
	var out []section
	if len(p.Updates) == 0 && len(p.Problems) == 0 && answered(p) {
		s := section{end: "\n"}
		s.add(rankBox, "There is nothing to move: no pin has a newer release that may be taken.\n")
		out = append(out, s)
	}
	table := plan.Table()
	for from := 0; from < len(table); {
		to := from + 1
		for to < len(table) && table[to].Heading == table[from].Heading {
			to++
		}
		out = append(out, stateSection(p, table[from:to], v))
		from = to
	}
	return out
}

// stateSection is the section of the states that share one heading.
func stateSection(p plan.Plan, rows []plan.Row, v View) section {
	var here []plan.Update
	for _, row := range rows {
		for _, u := range p.Updates {
			if u.State == row.State {
				here = append(here, u)
			}
		}
	}
	byTurn(here)
	common := share(here, v.Zone)
	row := rows[0] // those that share a heading have the same box
	s := section{head: "## " + row.Heading + "\n" + common.text(), end: "\n"}
	rank := rankBox
	if row.Box == plan.NoBox {
		rank = rankHeld
	}
	boxes := 0
	for _, u := range here {
		line, boxed := updateLine(u, row, v)
		if boxed {
			boxes++
		}
		s.addUpdate(rank, line, reasonLine(u, common, v)+splitLine(u, row, v))
	}
	if boxes > 1 && row.Bulk != "" {
		s.add(rankBox, fmt.Sprintf(" - %s <!-- %s -->%s\n", box(v.Ticked[row.Bulk]), row.Bulk, bulkText(row)))
		s.bulk = true
	}
	s.foldLong()
	return s
}

// updateLine is the line of one update. It holds nothing that changes with
// time: GitLab guards a click by the line's number and text.
func updateLine(u plan.Update, row plan.Row, v View) (line string, boxed bool) {
	title := text.Inline(u.Title, maxTitle)
	if u.MR != 0 {
		title = fmt.Sprintf("[%s](!%d)", title, u.MR)
	}
	title += members(u)
	branch := markable(u.Branch)
	if row.Box == plan.NoBox || branch == "" {
		return " - " + title + "\n", false
	}
	return fmt.Sprintf(" - %s <!-- %s-branch=%s -->%s\n", box(v.Ticked[branch]), row.Box, branch, title), true
}

// splitLine is the box that takes an open group apart, empty if there is nothing to
// take apart.
func splitLine(u plan.Update, row plan.Row, v View) string {
	branch := markable(u.Branch)
	if u.Group == "" || u.Parts < 2 || branch == "" || !row.State.IsOpen() {
		return ""
	}
	return fmt.Sprintf("   - %s <!-- split-branch=%s -->%s\n", box(v.Ticked[plan.SplitKey(branch)]), branch,
		"Take *"+text.Inline(u.Title, maxTitle)+"* apart: a merge request for each of its updates")
}

// markable is the name of a branch as a marker holds it, empty if it cannot be in one.
// All names of ours can be. A branch that people made under our prefix gets no box if
// its name would end the comment, or would do something in a reader that takes "--" for
// the end of it.
func markable(branch string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._/+", r)
	}
	odd := strings.ContainsFunc(branch, func(r rune) bool { return !plain(r) })
	if text.Plain(branch, 0) != branch || strings.ContainsAny(branch, " <>") || odd && strings.Contains(branch, "--") {
		return ""
	}
	return branch
}

func box(ticked bool) string {
	if ticked {
		return "[x]"
	}
	return "[ ]"
}

// bulkText has the words that Renovate's users know, with MR for PR.
func bulkText(row plan.Row) string {
	if row.Box == plan.BoxRebase {
		return "**Click on this checkbox to rebase all open MRs at once**"
	}
	return "🔐 **Create all " + strings.ToLower(row.Heading) + " MRs at once** 🔐"
}

// members names the packages of an update of two or more, in its own order.
func members(u plan.Update) string {
	var names, keys []string
	for _, m := range u.Moves {
		key := m.Key
		if key == "" {
			key = m.Name
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
			names = append(names, text.Code(m.Name))
		}
	}
	if len(names) < 2 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func requests(p plan.Plan, v View) section {
	s := section{head: "## Requests Not Carried Out\n", end: "\n"}
	for _, r := range p.Requests {
		if r.Verdict != plan.Refused {
			continue
		}
		by, what, at := "Somebody", text.Code(cmp.Or(r.Tick.Branch, r.Tick.Bulk)), ""
		if r.Tick.By.Username != "" {
			by = text.Code(r.Tick.By.Username)
		}
		if r.Title != "" {
			what = "*" + text.Inline(r.Title, maxTitle) + "*"
		}
		if !r.Tick.At.IsZero() {
			at = " on " + plan.Minute(r.Tick.At.In(location(v.Zone)))
		}
		s.add(rankRequest, " - "+by+" ticked "+what+at+": "+refused(r)+"\n")
	}
	return s
}

// refused says why a tick was refused. A run that did not judge it knows the words alone.
func refused(r plan.Request) string {
	if r.Why == nil {
		return sentences(r.Reason)
	}
	return linked(plan.Linked(r.Why))
}
