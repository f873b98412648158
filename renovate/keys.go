package renovate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// projectKey reads one key of a project.
type projectKey func(r *reader, v value, at place)

// projectKeys are the keys that have a meaning for pins on GitLab.
func projectKeys() map[string]projectKey {
	return map[string]projectKey{
		"enabled":                 (*reader).enabled,
		"schedule":                as((*reader).specs, "window"),
		"timezone":                as((*reader).str, "timezone"),
		"packageRules":            (*reader).packageRules,
		"ignoreDeps":              (*reader).ignoreDeps,
		"minimumReleaseAge":       as((*reader).age, "minimum_release_age"),
		"prConcurrentLimit":       func(r *reader, v value, at place) { r.limit(v, at, &r.policy.open) },
		"branchConcurrentLimit":   func(r *reader, v value, at place) { r.limit(v, at, &r.policy.branches) },
		"prHourlyLimit":           (*reader).hourly,
		"commitHourlyLimit":       (*reader).hourly,
		"updateNotScheduled":      (*reader).unscheduled,
		"labels":                  as((*reader).tags, "labels"),
		"addLabels":               added((*reader).tags, "labels"),
		"assignees":               as((*reader).users, "assignees"),
		"reviewers":               as((*reader).users, "reviewers"),
		"additionalReviewers":     added((*reader).users, "reviewers"),
		"reviewersFromCodeOwners": as((*reader).yesNo, "code_owners"),
		"draftPR":                 as((*reader).yesNo, "draft"),
		"automerge":               (*reader).automerge,
		"automergeSchedule":       (*reader).automergeSchedule,
		"automergeType":           (*reader).automergeType,
		"branchPrefix":            (*reader).branchPrefix,
		"dependencyDashboard":     (*reader).dashboard,
		"dependencyDashboardTitle": func(r *reader, v value, at place) {
			if s, ok := r.str(v, at); ok && r.set(at, "dashboard", fields{{"title", s}}) {
				r.say(at, Kept, "dashboard.title: %s", s)
			}
		},
		"dependencyDashboardApproval": func(r *reader, v value, at place) { r.forAll(v, at, "dependencyDashboardApproval") },
		"groupName":                   func(r *reader, v value, at place) { r.forAll(v, at, "groupName") },
		"allowedVersions":             func(r *reader, v value, at place) { r.forAll(v, at, "allowedVersions") },
		"prPriority":                  func(r *reader, v value, at place) { r.forAll(v, at, "prPriority") },
		"semanticCommits":             (*reader).semantic,
		"semanticCommitType":          func(r *reader, v value, at place) { r.worded(v, at, &r.policy.titles.kind) },
		"semanticCommitScope":         (*reader).scope,
		"registryUrls":                (*reader).registries,
		"rebaseLabel":                 label("rebase"),
		"stopUpdatingLabel":           label("stop-updating"),
		"commitMessagePrefix":         func(r *reader, v value, at place) { r.worded(v, at, &r.policy.titles.prefix) },
		"commitMessageSuffix":         func(r *reader, v value, at place) { r.worded(v, at, &r.policy.titles.suffix) },
		"constraints":                 (*reader).constraints,
		"rangeStrategy":               func(r *reader, _ value, at place) { r.say(at, NoEffect, "pins are exact and are replaced") },
		"versioning":                  (*reader).versioning,
		"rebaseWhen":                  (*reader).rebaseWhen,
		"postUpgradeTasks":            (*reader).postUpgrade,
		"enabledManagers":             (*reader).enabledManagers,
		"ignorePaths":                 func(r *reader, v value, at place) { r.paths(v, at, true) },
		"includePaths":                func(r *reader, v value, at place) { r.paths(v, at, false) },
		"customManagers":              (*reader).customManagers,
		"separateMajorMinor":          (*reader).separateMajors,
		"major":                       func(r *reader, v value, at place) { r.steps(v, at, "major", "calendar") },
		"minor":                       func(r *reader, v value, at place) { r.steps(v, at, "minor") },
		"patch":                       func(r *reader, v value, at place) { r.steps(v, at, "patch") },
	}
}

// label reads the name of a label that cannot be chosen here.
func label(name string) projectKey {
	return func(r *reader, v value, at place) {
		if s, ok := r.str(v, at); ok && s == name {
			r.say(at, Kept, "the label is %s", name)
		} else if ok {
			r.say(at, Refused, "the label is %s here: use that one, and take the key out", name)
		}
	}
}

// registries reads indexes, which are the operator's except for PyPI, the default.
func (r *reader) registries(v value, at place) {
	list, ok := r.texts(v, at)
	if !ok {
		return
	}
	for _, one := range list {
		if !strings.HasPrefix(one, "https://pypi.org/") {
			r.say(at, Refused, "indexes are the operator's: name them under indexes of pinwheel.yaml, and take the key out")
			return
		}
	}
	r.say(at, Kept, "PyPI is the index, unless pinwheel's operator names others")
}

// as reads a value into a key of pinwheel's.
func as[T any](read func(*reader, value, place) (T, bool), key string) projectKey {
	return func(r *reader, v value, at place) {
		if got, ok := read(r, v, at); ok && r.set(at, key, got) {
			r.say(at, Kept, "%s: %s", key, flow(got))
		}
	}
}

// added adds to a list, which may exist already.
func added(read func(*reader, value, place) ([]string, bool), key string) projectKey {
	return func(r *reader, v value, at place) {
		before, _ := r.policy.values[key].([]string)
		if got, ok := read(r, v, at); ok && r.set(at, key, append(slices.Clone(before), got...)) {
			r.say(at, Kept, "%s: %s", key, flow(r.policy.values[key]))
		}
	}
}

// set sets a key of pinwheel's, unless pinwheel would refuse the value.
func (r *reader) set(at place, key string, v any) bool {
	if fault := r.fault(fields{{key, v}}); fault != "" {
		r.say(at, Refused, "pinwheel's %s cannot be that: %s", key, fault)
		return false
	}
	r.policy.values[key], r.policy.at[key] = v, r.lineOf(at)
	return true
}

func (r *reader) enabled(v value, at place) {
	if yes, ok := r.yesNo(v, at); ok && !yes {
		r.turnedOff(at)
	} else if ok {
		r.say(at, Kept, "it is on")
	}
}

func (r *reader) turnedOff(at place) {
	r.policy.values["mode"], r.policy.at["mode"] = "dashboard", r.lineOf(at)
	r.say(at, Kept, "mode: dashboard, with which nothing opens; off is for pinwheel's operator to say")
}

// limit reads how much may be open at a time; 0 and null are no bound.
func (r *reader) limit(v value, at place, to *int) {
	n, ok := r.count(v, at)
	if !ok {
		return
	}
	*to = n
	if n == 0 || n > 1000 {
		*to = 1000
	}
	r.policy.at["max_open_merge_requests"] = r.lineOf(at)
	r.policy.values["max_open_merge_requests"] = min(cmp.Or(r.policy.open, 1000), cmp.Or(r.policy.branches, 1000))
	r.say(at, Kept, "max_open_merge_requests: %d", r.policy.values["max_open_merge_requests"])
}

func (r *reader) hourly(v value, at place) {
	if n, ok := r.count(v, at); ok && n == 0 {
		r.say(at, Kept, "there is no bound for an hour")
	} else if ok {
		r.say(at, Differs, "there is no bound for an hour: max_open_merge_requests bounds what is open, and max_new_per_window what one opening of the window brings")
	}
}

func (r *reader) unscheduled(v value, at place) {
	yes, ok := r.yesNo(v, at)
	refresh := "window"
	if yes {
		refresh = "always"
	}
	if ok && r.set(at, "refresh", refresh) {
		r.say(at, Kept, "refresh: %s; a branch in conflict is made anew at any time", refresh)
	}
}

const mergesTested = "pinwheel merges only what a pipeline passed on the newest commit of the default branch, one at a time"

func (r *reader) automerge(v value, at place) {
	yes, ok := r.yesNo(v, at)
	if !ok {
		return
	}
	r.policy.merges, r.policy.at["merge"] = yes, r.lineOf(at)
	if yes {
		r.say(at, Differs, "merge of every kind of step: %s", mergesTested)
	} else {
		r.say(at, Kept, "people merge")
	}
}

func (r *reader) automergeSchedule(v value, at place) {
	if specs, ok := r.specs(v, at); ok {
		r.policy.mergeWindow = specs
		r.say(at, Kept, "window below merge, where merge is on: %s", flow(specs))
	}
}

func (r *reader) automergeType(v value, at place) {
	if s, ok := r.str(v, at); ok && s == "pr" {
		r.say(at, Kept, "merge requests are merged")
	} else if ok {
		r.say(at, Differs, "what is merged has a merge request; no branch is merged without one")
	}
}

func (r *reader) branchPrefix(v value, at place) {
	s, ok := r.str(v, at)
	switch {
	case !ok:
	case s == "renovate/":
		r.say(at, Differs, "that is Renovate's default: pinwheel goes on with its branches once adopt.authors names its user, and begins its own with pinwheel/ until then")
	case r.set(at, "branch_prefix", s):
		r.say(at, Kept, "branch_prefix: %s", s)
	}
}

func (r *reader) dashboard(v value, at place) {
	if yes, ok := r.yesNo(v, at); ok && yes {
		r.say(at, Kept, "there is a dashboard")
	} else if ok {
		r.say(at, Differs, "pinwheel always has a dashboard")
	}
}

func (r *reader) versioning(v value, at place) {
	if s, ok := r.str(v, at); ok && s == "pep440" {
		r.say(at, Kept, "versions are those of PEP 440")
	} else if ok {
		r.say(at, Refused, "pinwheel compares versions of Python packages by PEP 440 alone: take the key out")
	}
}

func (r *reader) rebaseWhen(v value, at place) {
	switch s, ok := r.str(v, at); {
	case !ok:
	case s == "conflicted" || s == "auto":
		r.say(at, Kept, "a branch is made anew when it conflicts")
	case s == "never":
		r.say(at, Differs, "a branch in conflict is made anew; the label stop-updating keeps one as it is")
	default:
		r.say(at, Differs, "a branch is made anew when it conflicts, or before pinwheel merges it, and not at each commit of the default branch")
	}
}

func (r *reader) postUpgrade(_ value, at place) {
	r.say(at, Differs, "no command runs: name the file that it writes as derived in files, and pinwheel changes it in the same commit")
}

func (r *reader) separateMajors(v value, at place) {
	if yes, ok := r.yesNo(v, at); ok && yes {
		r.say(at, Kept, "a major and a smaller step of a package have merge requests of their own")
	} else if ok {
		r.say(at, Differs, "a major and a smaller step of a package have merge requests of their own, except in a group, which takes the major")
	}
}

func (r *reader) enabledManagers(v value, at place) {
	list, ok := r.texts(v, at)
	switch {
	case !ok:
	case len(list) == 0 || slices.ContainsFunc(list, func(m string) bool { return pipManagers[m] || custom(m) }):
		r.say(at, Kept, "pip's files are among them")
	default:
		r.turnedOff(at)
	}
}

func custom(manager string) bool { return manager == "regex" || manager == "custom.regex" }

func (r *reader) constraints(v value, at place) {
	if v.kind != anObject {
		r.wrong(v, at, "an object")
		return
	}
	for _, m := range v.members {
		in := at.in(m.name, value{line: m.line})
		if m.name != "python" {
			r.say(in, NoEffect, "it is the version of a tool that pinwheel does not run")
			continue
		}
		s, ok := r.str(m.value, in)
		var python any = s
		if exact := exactPython.FindStringSubmatch(s); exact != nil {
			python = []string{exact[1]}
		}
		if ok && r.set(in, "python", python) {
			r.say(in, Kept, "python: %s", flow(python))
		}
	}
}

var exactPython = regexp.MustCompile(`^=?=?\s*v?(3\.\d{1,2})(?:\.\d+|\.\*)?$`)
