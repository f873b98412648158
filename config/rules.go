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
	rule := plan.Rule{At: fmt.Sprintf("%s:%d", r.short, n.Line), Layer: r.layerAt(at)}
	does := false
	var bisects *yaml.Node
	effect := func(read func(n *yaml.Node, at string)) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { does = true; read(n, at) }
	}
	r.mapping(n, at, []field{
		{
			key: "packages",
			says: says{"list of names, globs or `/regex/`", "", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","maxLength":255,"pattern":"^!?([^ /,!]+|/.+/)$"}}`,
				"Packages; without it, all. A `!` before one leaves it out: `[\"types-*\", \"!types-six\"]`, `[\"!django\"]`"},
			read: func(n *yaml.Node, at string) {
				r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					pattern, err := plan.ParsePackagePattern(text)
					if err != nil {
						r.fail(n, at, "%v", err)
					}
					rule.Packages = append(rule.Packages, pattern)
				})
			},
		},
		{
			key: "kinds",
			says: says{"list of `major`, `minor`, `patch`, `calendar`", "", `{"type":"array","minItems":1,"items":{"enum":["major","minor","patch","calendar"]}}`,
				"Kinds of steps; without it, all"},
			read: func(n *yaml.Node, at string) {
				if r.lone("%s", n, at) {
					return
				}
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					kind := plan.Kind(r.choice(n, at, "major", "minor", "patch", "calendar"))
					if kind == "calendar" {
						kind = plan.Calendar
					}
					rule.Kinds = append(rule.Kinds, kind)
				})
			},
		},
		{
			key:  "from",
			says: says{"specifiers", "", schemaSpecifiers, "Pinned versions, `\"<2\"`; without it, all"},
			read: func(n *yaml.Node, at string) { rule.From = r.versions(n, at) },
		},
		{
			key:  "to",
			says: says{"specifiers", "", schemaSpecifiers, "New versions, `\">=3\"`; without it, all"},
			read: func(n *yaml.Node, at string) { rule.To = r.versions(n, at) },
		},
		{
			key:  "files",
			says: says{"list of globs", "", schemaTexts, "Constraints files; without it, all"},
			read: func(n *yaml.Node, at string) {
				rule.Files = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if len(text) > plan.MaxPattern {
						r.fail(n, at, "a pattern of %d bytes is longer than %d: write several", len(text), plan.MaxPattern)
					} else if _, err := path.Match(text, ""); err != nil {
						r.fail(n, at, "%q is not a pattern of paths: write constraints.txt or images/*.txt", text)
					}
				})
			},
		},
		{
			key: "enabled",
			says: says{"boolean", "", schemaBoolean,
				"`false`: such updates are turned off and not listed; `true` turns them on again. The last rule counts"},
			read: effect(func(n *yaml.Node, at string) { rule.Enabled = r.yesNo(n, at) }),
		},
		{
			key: "ignore",
			says: says{"text, or a mapping", "", `{"oneOf":[{"type":"string","minLength":1,"pattern":"^\\S(.*\\S)?$"},{"@":""}]}`,
				"Such releases are not taken; the value says why"},
			read: effect(func(n *yaml.Node, at string) { rule.Ignore = r.ignore(n, at) }),
		},
		{
			key:  "allowed",
			says: says{"specifiers", "", schemaSpecifiers, "The versions that such updates may move to"},
			read: effect(func(n *yaml.Node, at string) { rule.Allowed = r.versions(n, at) }),
		},
		{
			key:  "minimum_release_age",
			says: says{"`14d`, `12h` or `0`", "", schemaAge, "In place of the project's; of several rules the last counts"},
			read: effect(func(n *yaml.Node, at string) {
				rule.MinimumAge, rule.HasAge = r.age(n, at), true
				l.ages = append(l.ages, givenAge{n, at, rule.MinimumAge})
			}),
		},
		{
			key: "window",
			says: says{"cron spec or list of them", "", schemaWindow,
				"When such updates open and move, in place of the project's window. The last rule counts"},
			read: effect(func(n *yaml.Node, at string) {
				specs := r.window(n, at)
				*windows = append(*windows, ruleWindow{n, specs})
				w := windowOf(specs, time.UTC, nil) // finish gives it the project's zone
				rule.Window = &w
			}),
		},
		{
			key:  "reviewers",
			says: says{"list of usernames", "", schemaSomeUsernames, "More reviewers of merge requests that make such a step"},
			read: effect(func(n *yaml.Node, at string) { rule.Reviewers = r.texts(n, at, 1, r.username) }),
		},
		{
			key:  "assignees",
			says: says{"list of usernames", "", schemaSomeUsernames, "More assignees of them"},
			read: effect(func(n *yaml.Node, at string) { rule.Assignees = r.texts(n, at, 1, r.username) }),
		},
		{
			key: "group",
			says: says{"text", "", `{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9 ._+-]{0,58}[A-Za-z0-9+])?$"}`,
				"The name of the group that such updates join: one branch and one merge request; see [groups](#groups). The " +
					"last rule counts"},
			read: effect(func(n *yaml.Node, at string) { rule.Group = r.group(n, at) }),
		},
		{
			key: "bisect",
			says: says{"boolean", "", schemaBoolean,
				"`true`, beside `group`: if the group's pipeline is red, pinwheel takes it apart; see [batches](#batches)"},
			read: func(n *yaml.Node, at string) { rule.Bisect, bisects = r.yesNo(n, at), n },
		},
		{
			key:  "approval",
			says: says{"boolean", "", schemaBoolean, "`true`: such updates open only after a tick. The last rule counts"},
			read: effect(func(n *yaml.Node, at string) { rule.Approval = r.yesNo(n, at) }),
		},
		{
			key:  "merge",
			says: says{"boolean", "", schemaBoolean, "Whether pinwheel merges such updates, whatever `merge.kinds` says; see [merging](#merging). The last rule counts"},
			read: effect(func(n *yaml.Node, at string) {
				rule.Merge = r.yesNo(n, at)
				if rule.Merge == plan.Yes {
					l.merges = append(l.merges, givenMerge{n, at})
				}
			}),
		},
		{
			key: "priority",
			says: says{"number, -1000 to 1000", "", `{"type":"integer","minimum":-1000,"maximum":1000}`,
				"Updates with a greater priority go first; without it, 0. The last rule counts"},
			read: effect(func(n *yaml.Node, at string) {
				rule.Priority, rule.HasPriority = r.number(n, at, -1000, 1000), true
			}),
		},
		{
			key:  "gates",
			says: says{"list of mappings", "", `{"type":"array","minItems":1,"items":{"type":"object","required":["name","project","ref"]}}`, "More gates for such updates, each with the keys of `projects[].gates[]`; one of the same name takes the place of the project's, and of several rules the last counts"},
			read: effect(func(n *yaml.Node, at string) { rule.Gates = r.gates(n, at, l) }),
		},
		{
			key:  "labels",
			says: says{"list of texts", "", schemaTexts, "More labels for merge requests that make such a step"},
			read: effect(func(n *yaml.Node, at string) { rule.Labels = r.texts(n, at, 1, r.label) }),
		},
	})
	if bisects != nil && rule.Group == "" {
		r.fail(bisects, at+".bisect", "bisect says what becomes of a group: add group beside it")
	}
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

// clause reads a sentence without its end, since texts quote it.
func (r *reader) clause(n *yaml.Node, at string) string {
	return strings.TrimSuffix(r.text(n, at), ".")
}

// ignore reads a reason alone, or with a link and a day.
func (r *reader) ignore(n *yaml.Node, at string) *plan.Ignore {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" {
		r.fail(n, at, "%s is no reason: write the reason, such as ignore: breaks cattrs", n.Value)
		return &plan.Ignore{}
	}
	if n.Kind == yaml.ScalarNode {
		return &plan.Ignore{Reason: r.clause(n, at)}
	}
	var out plan.Ignore
	r.mapping(n, at, []field{
		{
			key: "reason", required: true, example: "breaks cattrs",
			says: says{"text", "", schemaText, "Why; it stands in the dashboard"},
			read: func(n *yaml.Node, at string) { out.Reason = r.clause(n, at) },
		},
		{
			key: "link",
			says: says{"address", "", `{"type":"string","pattern":"^https?://[^/@]+(/.*)?$"}`,
				"A page that explains it; the dashboard links it. An address of the same GitLab outside of the project is shown as code, since a link would leave a note there"},
			read: func(n *yaml.Node, at string) {
				out.Link = r.text(n, at)
				u, err := url.Parse(out.Link)
				if out.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
					r.fail(n, at, "this is not an address that people can open: write one that starts with https://, without a user")
				}
			},
		},
		{
			key:  "until",
			says: says{"day, `2027-01-31`", "", schemaDay, "From that day on it is taken again, and the dashboard says that the rule is over"},
			read: func(n *yaml.Node, at string) { out.Until = r.date(n, at) },
		},
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
		r.Gates = cloneGates(r.Gates)
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
