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

// This file shows, on the page of a project that is stopped, the ticks that wait
// until it goes on. Each is the box that it was, so that whoever asked can take it
// back and that it is found again.

// WaitingTick is a tick that cannot be carried out while a project is stopped.
type WaitingTick struct {
	Box  Box
	Text string    // beside the box in our last body; without one no box is shown
	By   plan.User // the zero User where nobody knows yet
	At   time.Time // zero if nobody knows
}

// WaitingTicks finds the ticks that wait: first those that are accepted or written
// down, then the boxes that are ticked on page and not judged. Only a box that last,
// our last body, offered with the same text is shown as a box, so that text of other
// people is never written as ours. A box that is unticked on page is left out.
func WaitingTicks(ticks []plan.Tick, page Page, last string) []WaitingTick {
	offered := Parse(last).Boxes
	var out []WaitingTick
	seen := map[string]bool{}
	add := func(t WaitingTick) {
		seen[t.Box.key()] = true
		t.Text = asWritten(offered, t.Box)
		out = append(out, t)
	}
	ticks = slices.Clone(ticks) // 1. by time; 2. by ID; then the page
	slices.SortStableFunc(ticks, func(a, b plan.Tick) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	for _, t := range ticks {
		shown := boxOf(offered, Box{Type: t.Box, Branch: t.Branch})
		now := boxOf(page.Boxes, shown)
		if takenBack := shown.Checked && now.Line >= 0 && !now.Checked; !takenBack && !seen[shown.key()] {
			add(WaitingTick{Box: shown, By: t.By, At: t.At})
		}
	}
	for _, b := range page.Boxes {
		if b.Checked && b.Type != plan.BoxInherit && !seen[b.key()] && b.Text != "" && asWritten(offered, b) == b.Text {
			add(WaitingTick{Box: b})
		}
	}
	return out
}

// boxOf is the box that asks for the same as want, or want itself with a Line below 0.
func boxOf(boxes []Box, want Box) Box {
	if i := slices.IndexFunc(boxes, func(b Box) bool { return b.key() == want.key() }); i >= 0 {
		return boxes[i]
	}
	want.Line = -1
	return want
}

// asWritten is the text that a body of ours has beside a box, empty if it has no such
// box. The text is written again as it is, so offered must be the boxes of a body of
// ours alone.
func asWritten(offered []Box, box Box) string {
	if b := boxOf(offered, box); b.Line >= 0 && b.Type == box.Type {
		return b.Text
	}
	return ""
}

// waiting is the section of the ticks that wait.
func waiting(v View) section {
	s := section{head: "## Ticks That Wait\n", end: "\n"}
	for _, t := range v.Waiting {
		var line, at string
		if !t.At.IsZero() {
			at = " on " + plan.Minute(t.At.In(location(v.Zone)))
		}
		who := "Who ticked it is looked up when the project goes on."
		if t.By.Username != "" {
			who = "Ticked by " + text.Code(t.By.Username) + at + "."
		}
		switch branch := markable(strings.TrimPrefix(t.Box.Branch, plan.SplitMark)); {
		case t.Box.Bulk != "":
			i := slices.IndexFunc(plan.Table(), func(r plan.Row) bool { return r.Bulk == t.Box.Bulk })
			if i < 0 {
				continue
			}
			row := plan.Table()[i]
			line = fmt.Sprintf(" - [x] <!-- %s -->%s\n", row.Bulk, bulkText(row))
		case t.Text == "" || branch == "":
			line = " - " + text.Code(t.Box.Branch) + "\n"
		default:
			line = fmt.Sprintf(" - [x] <!-- %s-branch=%s -->%s\n", t.Box.Type, branch, t.Text)
		}
		s.addUpdate(rankBox, line, "   — "+who+"\n")
	}
	return s
}
