package plan

import (
	"fmt"
	"strings"
	"time"
)

// Source is where a key of a policy was set.
type Source struct {
	File string // "" for the built-in default
	Line int
}

func (s Source) String() string {
	if s.File == "" {
		return "built in"
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Setting is one key that decides about a pin, for people.
type Setting struct {
	Key, Value string
	Source     string // file and line, or "built in"
}

// settings are the keys that decide about the pin of a slot, and the rules that
// may be for its steps.
func (d *decider) settings(sl slot) []Setting {
	p := d.s.Policy
	window := strings.Join(p.Window.Text(), " or ")
	if p.Window.always() {
		window = "always"
	}
	out := []Setting{
		{"window", window + ", " + p.Window.Zone().String(), p.Sources["window"].String()},
		{"minimum_release_age", duration(p.MinimumAge), p.Sources["minimum_release_age"].String()},
		{"refresh", string(p.Refresh), p.Sources["refresh"].String()},
	}
	for _, r := range d.judge.rulesFor(sl) {
		out = append(out, Setting{"rule", r.says(), r.At})
	}
	return out
}

// says is what a rule does, in the words of the configuration.
func (r *Rule) says() string {
	var parts []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Enabled != NotSaid, "enabled: %t", r.Enabled == Yes)
	add(r.Ignore != nil, "ignore")
	add(!r.Allowed.IsEmpty(), "allowed: %s", r.Allowed)
	add(r.HasAge, "minimum_release_age: %s", duration(r.MinimumAge))
	add(r.Window != nil, "window")
	if r.Window != nil {
		parts[len(parts)-1] += ": " + strings.Join(r.Window.Text(), " or ")
	}
	add(r.Group != "", "group: %s", r.Group)
	add(r.Approval != NotSaid, "approval: %t", r.Approval == Yes)
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
