package dashboard

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// summary counts the pins by their standing, and the updates by whom they wait for.
func summary(p plan.Plan) string {
	pins, beside := p.Tally()
	if p.Pins > 0 && p.Count(plan.StandsCurrent) == p.Pins && len(p.Updates) == 0 {
		pins = []string{"all current"}
	}
	line := "**" + count(p.Pins, "pin") + ": " + text.Inline(strings.Join(pins, ", "), maxTitle)
	if len(beside) > 0 {
		line += "; " + text.Inline(strings.Join(beside, ", "), maxTitle)
	}
	line += ".**"
	if len(p.Updates) == 0 {
		return line
	}
	var groups [4]int
	for _, u := range p.Updates {
		switch u.State {
		case plan.Open, plan.Testing, plan.Bisecting, plan.AboutToMerge:
			groups[0]++
		case plan.PendingApproval, plan.Edited, plan.Errored:
			groups[1]++
		case plan.AwaitingSchedule, plan.Maturing, plan.RateLimited:
			groups[2]++
		case plan.Incompatible, plan.NotChecked, plan.Ignored, plan.ClosedByPerson:
			groups[3]++
		}
	}
	var parts []string
	for i, words := range [4][2]string{{"open", "open"}, {"needs you", "need you"}, {"opens by itself", "open by themselves"}, {"held back", "held back"}} {
		if n := groups[i]; n == 1 {
			parts = append(parts, "1 "+words[0])
		} else if n > 1 {
			parts = append(parts, fmt.Sprint(n, " ", words[1]))
		}
	}
	return fmt.Sprintf("%s %s: %s.", line, count(len(p.Updates), "update"), strings.Join(parts, ", "))
}

// answered reports whether every pin could be compared with what its index has.
func answered(p plan.Plan) bool {
	return p.Count(plan.StandsUnknown)+p.Count(plan.StandsUnread)+p.Count(plan.StandsTakenBack) == 0
}

// drift says how far behind the pins are, and how long updates take.
func drift(p plan.Plan) string {
	var parts []string
	if text := fmt.Sprintf("%.1f", p.Libyears); text != "0.0" {
		parts = append(parts, text+" libyears behind.")
	}
	if p.Merged > 0 {
		which, whose := "The last one was merged", "its"
		if p.Merged > 1 {
			which, whose = fmt.Sprintf("Half of the last %d were merged", p.Merged), "their"
		}
		parts = append(parts, fmt.Sprintf("%s within %s of %s release.", which, count(int(p.Lag.Hours()/24)+1, "day"), whose))
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + strings.Join(parts, " ")
}

func windowLine(p plan.Plan, v View) string {
	line := frozen(p.Window, v) + "**" + window(p.Window, v) + ";** "
	if p.MaxOpen > 0 {
		line += fmt.Sprintf("%d of %s open. ", p.OpenCount, count(p.MaxOpen, "merge request"))
	} else {
		line += "nothing opens by itself (max_open_merge_requests: 0). "
	}
	line += "A ticked box is carried out by the next run, window or not; " + who(v.MinimumRole) + " may tick."
	var links []string
	if v.StatusURL != "" {
		links = append(links, text.Link("Is it running?", v.StatusURL))
	}
	if v.HelpURL != "" {
		links = append(links, text.Link("Help", v.HelpURL))
	}
	return strings.TrimRight(line+" "+strings.Join(links, " · "), " ")
}

// frozen says until when nothing opens by itself, and why.
func frozen(w plan.WindowView, v View) string {
	if w.Frozen == nil {
		return ""
	}
	until := "Frozen"
	if !w.Frozen.Until.IsZero() {
		until += " until " + w.Frozen.Until.In(location(v.Zone)).Format("Mon 2 Jan 15:04")
	}
	return "**" + until + "** (" + text.Code(w.Frozen.At) + "): " + sentences(w.Frozen.Reason) + " "
}

func window(w plan.WindowView, v View) string {
	zone := w.Zone
	if zone == "" {
		zone = location(v.Zone).String()
	}
	at := func(t time.Time) string { return t.In(location(v.Zone)).Format("Mon 2 Jan 15:04") }
	switch {
	case w.Always:
		return "Window: always open"
	case w.Never:
		return "Window: does not open within five years"
	case w.Closes.IsZero():
		return fmt.Sprintf("Window: open from %s, %s", at(w.Opens), text.Inline(zone, maxTitle))
	case w.Inside:
		return fmt.Sprintf("Window: open until %s, %s", at(w.Closes), text.Inline(zone, maxTitle))
	}
	return fmt.Sprintf("Next window: %s to %s, %s", at(w.Opens), at(w.Closes), text.Inline(zone, maxTitle))
}

// missed says that a window went by without a run.
func missed(p plan.Plan, v View) string {
	if p.Missed == nil {
		return ""
	}
	at := func(t time.Time) string { return t.In(location(v.Zone)).Format("Mon 2 Jan 15:04") }
	return fmt.Sprintf("**Window missed from %s to %s:** no run got through after %s. What waits opens in the next one; `catch_up: true` in the configuration would open it at the next run.\n",
		at(p.Missed.From), at(p.Missed.Until), at(p.Missed.Attended))
}

func location(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

func who(role plan.Role) string {
	for _, r := range []struct {
		role  plan.Role
		words string
	}{{plan.Owner, "Owners"}, {plan.Maintainer, "Maintainers and above"}, {plan.Developer, "Developers and above"},
		{plan.Reporter, "Reporters and above"}, {plan.Planner, "Planners and above"}, {plan.Guest, "Guests and above"}} {
		if role >= r.role {
			return r.words
		}
	}
	return "whoever can edit this issue"
}
