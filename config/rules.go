package config

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// rules reads what is said of some packages, and the windows in it. An empty list is
// nil.
func (r *reader) rules(n *yaml.Node, at string, l *Layer) (out []plan.Rule, windows []ruleWindow) {
	r.list(n, at, 0, func(n *yaml.Node, at string) { out = append(out, r.rule(n, at, l, &windows)) })
	return out, windows
}

func (r *reader) rule(n *yaml.Node, at string, l *Layer, windows *[]ruleWindow) plan.Rule {
	rule := plan.Rule{At: fmt.Sprintf("%s:%d", r.short, n.Line), Shared: strings.HasPrefix(at, "defaults.")}
	does := false
	effect := func(read func(n *yaml.Node, at string)) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { does = true; read(n, at) }
	}
	r.mapping(n, at, []field{
		{key: "packages", read: func(n *yaml.Node, at string) {
			r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
				pattern, err := plan.ParsePackagePattern(text)
				if err != nil {
					r.fail(n, at, "%v", err)
				}
				rule.Packages = append(rule.Packages, pattern)
			})
		}},
		{key: "kinds", read: func(n *yaml.Node, at string) {
			r.list(n, at, 1, func(n *yaml.Node, at string) {
				kind := plan.Kind(r.choice(n, at, "major", "minor", "patch", "calendar"))
				if kind == "calendar" {
					kind = plan.Calendar
				}
				rule.Kinds = append(rule.Kinds, kind)
			})
		}},
		{key: "from", read: func(n *yaml.Node, at string) { rule.From = r.versions(n, at) }},
		{key: "to", read: func(n *yaml.Node, at string) { rule.To = r.versions(n, at) }},
		{key: "files", read: func(n *yaml.Node, at string) {
			rule.Files = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
				if len(text) > plan.MaxPattern {
					r.fail(n, at, "a pattern of %d bytes is longer than %d: write several", len(text), plan.MaxPattern)
				} else if _, err := path.Match(text, ""); err != nil {
					r.fail(n, at, "%q is not a pattern of paths: write constraints.txt or images/*.txt", text)
				}
			})
		}},
		{key: "enabled", read: effect(func(n *yaml.Node, at string) { rule.Enabled = r.yesNo(n, at) })},
		{key: "ignore", read: effect(func(n *yaml.Node, at string) { rule.Ignore = r.ignore(n, at) })},
		{key: "allowed", read: effect(func(n *yaml.Node, at string) { rule.Allowed = r.versions(n, at) })},
		{key: "minimum_release_age", read: effect(func(n *yaml.Node, at string) {
			rule.MinimumAge, rule.HasAge = r.age(n, at), true
			l.ages = append(l.ages, givenAge{n, at, rule.MinimumAge})
		})},
		{key: "window", read: effect(func(n *yaml.Node, at string) {
			specs := r.window(n, at)
			*windows = append(*windows, ruleWindow{n, specs})
			w := windowOf(specs, time.UTC, nil) // finish gives it the project's zone
			rule.Window = &w
		})},
		{key: "reviewers", read: effect(func(n *yaml.Node, at string) { rule.Reviewers = r.texts(n, at, 1, r.username) })},
		{key: "assignees", read: effect(func(n *yaml.Node, at string) { rule.Assignees = r.texts(n, at, 1, r.username) })},
		{key: "group", read: effect(func(n *yaml.Node, at string) { rule.Group = r.group(n, at) })},
		{key: "approval", read: effect(func(n *yaml.Node, at string) { rule.Approval = r.yesNo(n, at) })},
		{key: "priority", read: effect(func(n *yaml.Node, at string) {
			rule.Priority, rule.HasPriority = r.number(n, at, -1000, 1000), true
		})},
		{key: "labels", read: effect(func(n *yaml.Node, at string) { rule.Labels = r.texts(n, at, 1, r.label) })},
	})
	if !does {
		r.fail(n, at, "the rule does nothing: add ignore, allowed, window, group or another key that says what holds")
	}
	return rule
}

// ruleWindow is where a rule gives a window, to name it when it lacks a zone.
type ruleWindow struct {
	node  *yaml.Node
	specs []string
}

func (r *reader) yesNo(n *yaml.Node, at string) plan.Choice {
	if r.boolean(n, at) {
		return plan.Yes
	}
	return plan.No
}

// group reads the name of a group, which names a branch and a title.
func (r *reader) group(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	if err := plan.CheckGroup(text); err != nil {
		r.fail(n, at, "%v", err)
	}
	return text
}

// versions reads specifiers of which there is at least one.
func (r *reader) versions(n *yaml.Node, at string) pep440.Specifiers {
	text := r.text(n, at)
	set, err := pep440.ParseSpecifiers(text)
	if text != "" && (err != nil || set.IsEmpty()) {
		r.fail(n, at, "%q does not say which versions: write specifiers such as \"<2\" or \"==1.34.*\"", text)
	}
	return set
}

// ignore reads a reason alone, or with a link and a day.
func (r *reader) ignore(n *yaml.Node, at string) *plan.Ignore {
	if n.Kind == yaml.ScalarNode {
		return &plan.Ignore{Reason: r.text(n, at)}
	}
	var out plan.Ignore
	r.mapping(n, at, []field{
		{key: "reason", required: true, read: func(n *yaml.Node, at string) { out.Reason = r.text(n, at) }},
		{key: "link", read: func(n *yaml.Node, at string) {
			out.Link = r.text(n, at)
			u, err := url.Parse(out.Link)
			if out.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
				r.fail(n, at, "this is not an address that people can open: write one that starts with https://, without a user")
			}
		}},
		{key: "until", read: func(n *yaml.Node, at string) { out.Until = r.date(n, at) }},
	})
	return &out
}

// date reads a day, which begins at midnight in UTC until finish gives it the
// project's zone. YAML has a tag of its own for days.
func (r *reader) date(n *yaml.Node, at string) time.Time {
	day, err := time.Parse(time.DateOnly, n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		r.fail(n, at, "%s: write it as 2027-01-31", not(n, "a day"))
	}
	return day
}

// cloneRules gives a policy its own rules, with days and windows in the project's
// zone.
func cloneRules(p *plan.Policy, zone *time.Location, freezes []plan.Freeze) {
	p.Rules = slices.Clone(p.Rules)
	for i := range p.Rules {
		r := &p.Rules[i]
		r.Packages, r.Kinds = slices.Clone(r.Packages), slices.Clone(r.Kinds)
		r.Files, r.Labels = slices.Clone(r.Files), slices.Clone(r.Labels)
		if r.Window != nil {
			w := windowOf(r.Window.Text(), zone, freezes)
			r.Window = &w
		}
		if r.Ignore == nil {
			continue
		}
		ignore := *r.Ignore
		if !ignore.Until.IsZero() {
			ignore.Until = time.Date(ignore.Until.Year(), ignore.Until.Month(), ignore.Until.Day(), 0, 0, 0, 0, zone)
		}
		r.Ignore = &ignore
	}
}
