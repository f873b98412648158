package renovate

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// rule is a rule of pinwheel's.
type rule struct {
	line    int    // of the rule that it comes from
	comment string // the description of that rule
	when    fields
	does    fields
}

// do adds an effect, unless pinwheel would refuse it.
func (r *reader) do(to *rule, at place, key string, v any) bool {
	if fault := r.fault(fields{{"rules", []fields{{{key, v}}}}}); fault != "" {
		r.say(at, Refused, "pinwheel's %s cannot be that: %s", key, fault)
		return false
	}
	to.does = slices.DeleteFunc(to.does, func(f field) bool { return f.key == key })
	to.does = append(to.does, field{key, v})
	return true
}

// ruleKeyOf reads one effect of a rule.
type ruleKeyOf func(r *reader, v value, at place, to *rule)

func effects() map[string]ruleKeyOf {
	return map[string]ruleKeyOf{
		"enabled":                     ruled((*reader).yesNo, "enabled"),
		"allowedVersions":             (*reader).allowed,
		"minimumReleaseAge":           ruled((*reader).age, "minimum_release_age"),
		"schedule":                    ruled((*reader).specs, "window"),
		"groupName":                   func(r *reader, v value, at place, to *rule) { r.group(v, at, to) },
		"dependencyDashboardApproval": ruled((*reader).yesNo, "approval"),
		"prPriority":                  ruled((*reader).whole, "priority"),
		"assignees":                   ruled((*reader).users, "assignees"),
		"reviewers":                   ruled((*reader).users, "reviewers"),
		"additionalReviewers":         ruled((*reader).users, "reviewers"),
		"addLabels":                   ruled((*reader).tags, "labels"),
		"labels": func(r *reader, v value, at place, to *rule) {
			if tags, ok := r.tags(v, at); ok && r.do(to, at, "labels", tags) {
				r.say(at, Differs, "labels: %s, beside those of the project and not in place of them", flow(tags))
			}
		},
		"automerge": func(r *reader, v value, at place, to *rule) {
			if yes, ok := r.yesNo(v, at); ok && r.do(to, at, "merge", yes) && yes {
				r.say(at, Differs, "merge: true; %s", mergesTested)
			} else if ok {
				r.say(at, Kept, "merge: false")
			}
		},
		"automergeType": func(r *reader, v value, at place, _ *rule) { r.automergeType(v, at) },
		"registryUrls":  func(r *reader, v value, at place, _ *rule) { r.registries(v, at) },
		"rangeStrategy": func(r *reader, _ value, at place, _ *rule) { r.say(at, NoEffect, "pins are exact and are replaced") },
		"versioning":    func(r *reader, v value, at place, _ *rule) { r.versioning(v, at) },
		"rebaseWhen":    func(r *reader, v value, at place, _ *rule) { r.rebaseWhen(v, at) },
		"separateMajorMinor": func(r *reader, v value, at place, _ *rule) {
			r.separateMajors(v, at)
		},
		"postUpgradeTasks": func(r *reader, v value, at place, _ *rule) { r.postUpgrade(v, at) },
	}
}

// perProject are effects that only a project as a whole has here.
var perProject = map[string]string{
	"semanticCommits": "title", "semanticCommitType": "title", "semanticCommitScope": "title", "commitMessagePrefix": "title", "commitMessageSuffix": "title",
	"commitMessage": "title", "commitMessageAction": "title", "commitMessageTopic": "title", "commitMessageExtra": "title", "prTitle": "title",
	"branchPrefix": "branch_prefix", "draftPR": "draft", "prConcurrentLimit": "max_open_merge_requests", "branchConcurrentLimit": "max_open_merge_requests",
	"timezone": "timezone", "dependencyDashboardTitle": "dashboard", "constraints": "python", "automergeSchedule": "merge", "updateNotScheduled": "refresh", "reviewersFromCodeOwners": "code_owners",
}

// ruled reads a value into an effect of a rule.
func ruled[T any](read func(*reader, value, place) (T, bool), key string) ruleKeyOf {
	return func(r *reader, v value, at place, to *rule) {
		if got, ok := read(r, v, at); ok && r.do(to, at, key, got) {
			r.say(at, Kept, "%s: %s", key, flow(got))
		}
	}
}

// ruleKey reads one key of a rule that is no condition.
func (r *reader) ruleKey(m member, at place, to *rule) {
	m = r.renamed(m, at)
	if does, ok := r.ruleKeys[m.name]; ok {
		does(r, m.value, at, to)
		return
	}
	if key, ok := perProject[m.name]; ok {
		r.say(at, Refused, "a project has one %s for all packages: set that, or take the key out", key)
		return
	}
	if kinds, ok := stepKeys[m.name]; ok && m.kind == anObject {
		r.innerSteps(m, at, to, kinds)
		return
	}
	r.other(m.name, at)
}

var stepKeys = map[string][]string{"major": {"major", "calendar"}, "minor": {"minor"}, "patch": {"patch"}}

// innerSteps is what a rule says of one kind of steps, as a rule of its own.
func (r *reader) innerSteps(m member, at place, to *rule, kinds []string) {
	if _, there := to.when.get("kinds"); there {
		r.say(at, Refused, "the rule has matchUpdateTypes, too: write a rule of its own for %s", m.name)
		return
	}
	one := rule{line: m.line, when: append(slices.Clone(to.when), field{"kinds", kinds})}
	for _, inner := range m.members {
		r.ruleKey(inner, at.in(inner.name, value{line: inner.line}), &one)
	}
	if len(one.does) > 0 {
		r.policy.rules = append(r.policy.rules, one)
	}
}

// packageRules reads rules, of which later ones count more, as here.
func (r *reader) packageRules(v value, at place) {
	if v.kind != aList {
		r.wrong(v, at, "a list of objects")
		return
	}
	for i, one := range v.list {
		if in := at.at(i, one); one.kind == anObject {
			r.packageRule(one, in)
		} else {
			r.wrong(one, in, "an object")
		}
	}
}

func (r *reader) packageRule(v value, at place) {
	c := conditions{r: r}
	// A preset in a rule may bring conditions and effects.
	members, ok := r.withPresets(v, at)
	if !ok {
		return
	}
	var others []member
	for _, m := range members {
		m = r.renamed(m, place{at.key + "." + m.name, m.line})
		switch {
		case m.name == "description":
			c.to.comment = text.Plain(strings.Join(loose(m.value), " "), 200)
		case strings.HasPrefix(m.name, "match") && m.name != "matchStrings" || strings.HasPrefix(m.name, "exclude"):
			c.read(m)
		default:
			others = append(others, m)
		}
	}
	switch {
	case c.refused != "":
		r.say(at, Refused, "the rule as a whole: %s", c.refused)
		return
	case c.never != "":
		r.say(at, NoEffect, "the rule as a whole: %s", c.never)
		return
	}
	if fault := r.fault(fields{{"rules", []fields{append(c.finish(), field{"labels", []string{"a"}})}}}); fault != "" {
		r.say(at, Refused, "the rule as a whole: pinwheel cannot have its conditions: %s", fault)
		return
	}
	c.to.line, c.to.when = at.line, c.finish()
	r.say(at, c.verdict(), "%s", c.says())
	for _, m := range others {
		r.ruleKey(m, place{at.key + "." + m.name, m.line}, &c.to)
	}
	if len(c.to.does) > 0 {
		r.policy.rules = append(r.policy.rules, c.to)
	}
}

func (r *reader) ignoreDeps(v value, at place) {
	all, ok := r.texts(v, at)
	if !ok {
		return
	}
	list := slices.DeleteFunc(slices.Clone(all), notPython)
	if len(list) == 0 {
		r.say(at, NoEffect, "no Python package is among these")
		return
	}
	one := rule{line: at.line, when: fields{{"packages", list}}, does: fields{{"enabled", false}}}
	if fault := r.fault(fields{{"rules", []fields{append(slices.Clone(one.when), one.does...)}}}); fault != "" {
		r.say(at, Refused, "pinwheel's packages cannot be that: %s", fault)
		return
	}
	r.policy.ignored = append(r.policy.ignored, one)
	r.say(at, Kept, "a rule with enabled: false")
}

// group reads the name of a group. It drops characters that a group's name cannot have here.
func (r *reader) group(v value, at place, to *rule) {
	if v.kind == isNothing {
		r.say(at, Refused, "a rule cannot take packages out of a group: leave them out with ! in the rule that groups them")
		return
	}
	s, ok := r.str(v, at)
	switch {
	case !ok:
		return
	case strings.Contains(s, "{{"):
		r.say(at, Refused, "it is a template: write group yourself, once for each name that it stands for")
		return
	}
	name := strings.Join(strings.FieldsFunc(s, notInGroups), " ")
	name = strings.Trim(name[:min(len(name), 56)], " ._-")
	if plan.CheckGroup(name) != nil && plan.CheckGroup("all "+name) == nil {
		name = "all " + name
	}
	if !r.do(to, at, "group", name) {
		return
	}
	if name != s {
		r.say(at, Differs, "group: %s", name)
		return
	}
	r.say(at, Kept, "group: %s", name)
}

func notInGroups(c rune) bool {
	return c > 126 || !strings.ContainsRune("._+-", c) && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

// allowed reads versions that an update may move to: specifiers of PEP 440, or an
// expression of which a few forms are specifiers.
func (r *reader) allowed(v value, at place, to *rule) {
	s, ok := r.str(v, at)
	if !ok {
		return
	}
	set, ok := specifiers(s)
	if !ok {
		r.say(at, Refused, "%q are no versions that pinwheel reads: write allowed yourself, such as \">=1,<2\"", text.Plain(s, 80))
		return
	}
	if r.do(to, at, "allowed", set) {
		r.say(at, Kept, "allowed: %q", set)
	}
}
