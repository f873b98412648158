package decide

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// settings are the keys that decide about the pin of a slot, and the rules that
// may be for its steps.
func (d *facts) settings(sl slot) []plan.Setting {
	p := d.s.Policy
	window := strings.Join(p.Window.Text(), " or ")
	if p.Window.Always() {
		window = "always"
	}
	out := []plan.Setting{
		{Key: "window", Value: window + ", " + p.Window.Zone().String(), Source: p.Sources["window"].String()},
		{Key: "minimum_release_age", Value: duration(p.MinimumAge), Source: p.Sources["minimum_release_age"].String()},
		{Key: "refresh", Value: string(p.Refresh), Source: p.Sources["refresh"].String()},
	}
	for _, r := range d.judge.rulesFor(sl) {
		out = append(out, plan.Setting{Key: "rule", Value: says(r), Source: r.At})
	}
	return out
}

// says is what a rule does, in the words of the configuration.
func says(r *plan.Rule) string {
	var parts []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Enabled != plan.NotSaid, "enabled: %t", r.Enabled == plan.Yes)
	add(r.Ignore != nil, "ignore")
	add(!r.Allowed.IsEmpty(), "allowed: %s", r.Allowed)
	add(r.HasAge, "minimum_release_age: %s", duration(r.MinimumAge))
	add(r.Window != nil, "window")
	if r.Window != nil {
		parts[len(parts)-1] += ": " + strings.Join(r.Window.Text(), " or ")
	}
	add(r.Group != "", "group: %s", r.Group)
	add(r.Approval != plan.NotSaid, "approval: %t", r.Approval == plan.Yes)
	add(r.HasPriority, "priority: %d", r.Priority)
	add(len(r.Labels) > 0, "labels: %s", strings.Join(r.Labels, ", "))
	text := strings.Join(parts, "; ")
	var kinds []string
	for _, k := range r.Kinds {
		kinds = append(kinds, string(k))
	}
	if len(kinds) > 0 {
		text = "for " + strings.Join(kinds, ", ") + ": " + text
	}
	return text
}

// duration is an age as the configuration writes it.
func duration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}
