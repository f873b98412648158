package decide

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// settings lists the keys and rules that decide about the pin of a slot, each with its place. A key
// that nobody wrote is left out if its default does nothing.
func (d *facts) settings(sl slot) []plan.Setting {
	p := d.s.Policy
	window := strings.Join(p.Window.Text(), " or ")
	if p.Window.Always() {
		window = "always"
	}
	var out []plan.Setting
	add := func(key, value string) { out = append(out, p.Sources[key].Set(key, value)) }
	written := func(key, value string) {
		if _, ok := p.Sources[key]; ok {
			add(key, value)
		}
	}
	add("window", window+", "+p.Window.Zone().String())
	written("timezone", p.Window.Zone().String())
	written("catch_up", fmt.Sprint(p.CatchUp))
	out = append(out, d.freezes()...)
	add("minimum_release_age", duration(p.MinimumAge))
	add("max_open_merge_requests", fmt.Sprint(p.MaxOpen))
	written("max_new_per_window", fmt.Sprint(p.MaxNew))
	add("refresh", string(p.Refresh))
	written("closed", string(p.Closing))
	written("mode", string(p.Mode))
	python := strings.Join(p.Pythons, ", ")
	if python == "" {
		python = "any"
	}
	add("python", python)
	add("platforms", strings.Join(p.Platforms, ", "))
	if index, owned := p.IndexOf(sl.p.Key); owned {
		out = append(out, index.Source.Set("indexes", index.Name+", "+index.URL))
	}
	for _, r := range d.judge.rulesFor(sl) {
		file, line := plan.Located(r.At)
		out = append(out, plan.Source{File: file, Line: line, Layer: r.Layer}.Set("rule", describeRule(r, d.zone)))
	}
	written("roots", rootNames(p.Roots))
	if extras := sl.p.Extras; len(extras) > 0 {
		out = append(out, plan.Source{File: sl.path, Line: sl.p.Line}.Set("extras", sl.p.Key+"["+strings.Join(extras, ",")+"]"))
	}
	if extras := p.Extras[sl.p.Key]; len(extras) > 0 {
		add("extras", sl.p.Key+"["+strings.Join(extras, ",")+"]")
	}
	for _, e := range p.IgnoreEdges {
		if e.From == sl.p.Key || e.To == sl.p.Key {
			at := p.Sources["ignore_edges"]
			at.Line = e.Line
			out = append(out, at.Set("ignore_edges", e.From+e.Versions+" to "+e.To+": "+e.Reason))
		}
	}
	written("unverified", string(p.Unverified))
	return out
}

// freezes lists the freezes that are not over.
func (d *scene) freezes() []plan.Setting {
	var out []plan.Setting
	for _, f := range d.s.Policy.Window.Freezes() {
		if d.now.Passed(f.To.AddDate(0, 0, 2)) { // over in every zone
			continue
		}
		file, line := plan.Located(f.At)
		value := f.From.Format(time.DateOnly) + " to " + f.To.Format(time.DateOnly) + ": " + f.Reason
		out = append(out, plan.Source{File: file, Line: line, Layer: f.Layer}.Set("freeze", value))
	}
	return out
}

// rootNames is what the project installs, as the configuration writes it.
func rootNames(roots []plan.RootPolicy) string {
	var names []string
	for _, r := range roots {
		names = append(names, r.Requirement+r.Project)
	}
	return strings.Join(names, ", ")
}

// describeRule says what a rule does, in the words of the configuration.
func describeRule(r *plan.Rule, zone *time.Location) string {
	var parts []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Enabled != plan.NotSaid, "enabled: %t", r.Enabled == plan.Yes)
	if r.Ignore != nil {
		until := ""
		if !r.Ignore.Until.IsZero() {
			until = "until " + r.Ignore.Until.In(zone).Format(time.DateOnly) + ", "
		}
		add(true, "ignore: %s%s", until, r.Ignore.Reason)
	}
	add(!r.Allowed.IsEmpty(), "allowed: %s", r.Allowed)
	add(r.HasAge, "minimum_release_age: %s", duration(r.MinimumAge))
	add(r.Window != nil, "window")
	if r.Window != nil {
		parts[len(parts)-1] += ": " + strings.Join(r.Window.Text(), " or ")
	}
	add(r.Group != "", "group: %s", r.Group)
	add(r.Approval != plan.NotSaid, "approval: %t", r.Approval == plan.Yes)
	add(r.Merge != plan.NotSaid, "merge: %t", r.Merge == plan.Yes)
	add(r.HasPriority, "priority: %d", r.Priority)
	add(len(r.Labels) > 0, "labels: %s", strings.Join(r.Labels, ", "))
	add(len(r.Reviewers) > 0, "reviewers: %s", strings.Join(r.Reviewers, ", "))
	add(len(r.Assignees) > 0, "assignees: %s", strings.Join(r.Assignees, ", "))
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

// duration writes an age as the configuration does.
func duration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}
