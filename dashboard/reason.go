package dashboard

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file writes the second line of an item: what moves, and why it waits.

// maxSteps is how many different steps a reason spells out.
const maxSteps = 6

// reasonLine is the second source line of an item, without what its section says for
// all. The title of an open one says already which version it moves to.
func reasonLine(u plan.Update, common shared, v View) string {
	move := steps(u)
	if u.State.IsOpen() {
		move = ""
	}
	since, reasons := common.rest(u)
	if since != "" {
		move = strings.TrimPrefix(move+", "+since, ", ")
	}
	if line := joined(sentences(move), linked(reasons...), sentences(ties(u)...)); line != "" {
		if u.Link != "" {
			line += " " + text.Within("More about it", u.Link, v.Home)
		}
		return "   — " + line + "\n"
	}
	return ""
}

// ties says what else an update is about: why its members move together, which lines it
// brings, which conflicts it ends. For an open one the merge request says that.
func ties(u plan.Update) []string {
	if u.State.IsOpen() {
		return nil
	}
	var out []string
	add := func(head string, all []string) {
		if n := len(all); n > 2 {
			all = append(all[:2:2], fmt.Sprintf("and %d more", n-2))
		}
		if len(all) > 0 {
			out = append(out, head+strings.Join(all, "; "))
		}
	}
	add("Together, because ", u.Claims(u.Together))
	if len(u.Without) > 0 {
		out = append(out, "Not ready with the others: "+strings.Join(u.Without, ", "))
	}
	add("", u.Yanked)
	add("Ends a conflict: ", u.Claims(u.Cures))
	add("Leaves conflicts that no newer pins end: ", u.Claims(u.Leaves))
	add("Adds ", lines(u.Lines, false))
	add("Removes ", lines(u.Lines, true))
	add("Comes along without a pin: ", lines(u.Along, false))
	add("Requirements not known: ", u.Unverified)
	return out
}

func lines(all []plan.LineChange, removed bool) []string {
	var out []string
	for _, l := range all {
		if l.Removed == removed {
			out = append(out, l.Name+" "+l.Version)
		}
	}
	return out
}

// steps is [Steps] with the kind of the update.
func steps(u plan.Update) string {
	step := Steps(u)
	if step == "" || u.Kind == "" {
		return step
	}
	return step + ", " + string(u.Kind)
}

// Steps says from which version to which an update moves its pins, once if all of them
// agree. It does not repeat a version that the title has. It is empty without moves.
func Steps(u plan.Update) string {
	type step struct{ name, from, to string }
	var all []step
	agree := true
	for _, m := range u.Moves {
		s := step{m.Name, m.From, m.To}
		if slices.Contains(all, s) {
			continue
		}
		all = append(all, s)
		agree = agree && s.from == all[0].from && s.to == all[0].to
	}
	var parts []string
	for i, s := range all {
		arrow := s.from + " → " + s.to
		switch {
		case agree && slices.Contains(strings.Fields(u.Title), "v"+s.to):
			return "from " + s.from
		case agree:
			return arrow
		case i == maxSteps:
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(all)-i)
		}
		parts = append(parts, s.name+" "+arrow)
	}
	return strings.Join(parts, ", ")
}
