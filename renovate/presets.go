package renovate

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/text"
)

// presetName separates a preset's name from the text in brackets after it.
var presetName = regexp.MustCompile(`^([^()]*)(?:\((.*)\))?$`)

// own are presets of Renovate's that concern pins, in its own form. $1 stands for the text in
// brackets after the name, $@ for all of it as a list.
var own = map[string]string{
	":dependencyDashboard":              `{dependencyDashboard: true}`,
	":disableDependencyDashboard":       `{dependencyDashboard: false}`,
	":dependencyDashboardApproval":      `{dependencyDashboardApproval: true}`,
	":approveMajorUpdates":              `{packageRules: [{matchUpdateTypes: ["major"], dependencyDashboardApproval: true}]}`,
	":automergeAll":                     `{automerge: true}`,
	":automergeDisabled":                `{automerge: false}`,
	":automergeMinor":                   `{minor: {automerge: true}, patch: {automerge: true}}`,
	":automergePatch":                   `{patch: {automerge: true}}`,
	":automergePr":                      `{automergeType: "pr"}`,
	":automergeBranch":                  `{automergeType: "branch"}`,
	":skipStatusChecks":                 `{ignoreTests: true}`,
	":label":                            `{labels: ["$1"]}`,
	":labels":                           `{labels: [$@]}`,
	":assignee":                         `{assignees: ["$1"]}`,
	":reviewer":                         `{reviewers: ["$1"]}`,
	":assignAndReview":                  `{assignees: ["$1"], reviewers: ["$1"]}`,
	":timezone":                         `{timezone: "$1"}`,
	":disableRateLimiting":              `{prConcurrentLimit: 0, prHourlyLimit: 0}`,
	":prConcurrentLimitNone":            `{prConcurrentLimit: 0}`,
	":prConcurrentLimit10":              `{prConcurrentLimit: 10}`,
	":prConcurrentLimit20":              `{prConcurrentLimit: 20}`,
	":prHourlyLimitNone":                `{prHourlyLimit: 0}`,
	":prHourlyLimit1":                   `{prHourlyLimit: 1}`,
	":prHourlyLimit2":                   `{prHourlyLimit: 2}`,
	":prHourlyLimit4":                   `{prHourlyLimit: 4}`,
	":prImmediately":                    `{prCreation: "immediate"}`,
	":prNotPending":                     `{prCreation: "not-pending"}`,
	":rebaseStalePrs":                   `{rebaseWhen: "behind-base-branch"}`,
	":updateNotScheduled":               `{updateNotScheduled: true}`,
	":noUnscheduledUpdates":             `{updateNotScheduled: false}`,
	":separateMajorReleases":            `{separateMajorMinor: true}`,
	":combinePatchMinorReleases":        `{separateMinorPatch: false}`,
	":separatePatchReleases":            `{separateMajorMinor: true, separateMinorPatch: true}`,
	":separateMultipleMajorReleases":    `{separateMajorMinor: true, separateMultipleMajor: true}`,
	":disableMajorUpdates":              `{major: {enabled: false}}`,
	":disableRenovate":                  `{enabled: false}`,
	":enableRenovate":                   `{enabled: true}`,
	":semanticCommits":                  `{semanticCommits: "enabled"}`,
	":semanticCommitsDisabled":          `{semanticCommits: "disabled"}`,
	":semanticCommitType":               `{semanticCommitType: "$1"}`,
	":semanticCommitTypeAll":            `{semanticCommitType: "$1"}`,
	":semanticCommitScope":              `{semanticCommitScope: "$1"}`,
	":semanticCommitScopeDisabled":      `{semanticCommitScope: null}`,
	":semanticPrefixChore":              `{semanticCommitType: "chore"}`,
	":semanticPrefixFix":                `{semanticCommitType: "fix"}`,
	":semanticPrefixFixDepsChoreOthers": `{semanticCommitType: "chore"}`,
	"schedule:weekends":                 `{schedule: ["* * * * 0,6"]}`,
	"schedule:weekdays":                 `{schedule: ["* * * * 1-5"]}`,
	"schedule:daily":                    `{schedule: ["* 0-3 * * *"]}`,
	"schedule:weekly":                   `{schedule: ["* 0-3 * * 1"]}`,
	"schedule:earlyMondays":             `{schedule: ["* 0-3 * * 1"]}`,
	"schedule:monthly":                  `{schedule: ["* 0-3 1 * *"]}`,
	"schedule:nonOfficeHours":           `{schedule: ["* 0-4,22-23 * * 1-5", "* * * * 0,6"]}`,
	"schedule:automergeWeekends":        `{automergeSchedule: ["* * * * 0,6"]}`,
	"schedule:automergeWeekdays":        `{automergeSchedule: ["* * * * 1-5"]}`,
	"schedule:automergeDaily":           `{automergeSchedule: ["* 0-3 * * *"]}`,
	"schedule:automergeWeekly":          `{automergeSchedule: ["* 0-3 * * 1"]}`,
	"schedule:automergeEarlyMondays":    `{automergeSchedule: ["* 0-3 * * 1"]}`,
	"schedule:automergeMonthly":         `{automergeSchedule: ["* 0-3 1 * *"]}`,
	"schedule:automergeNonOfficeHours":  `{automergeSchedule: ["* 0-4,22-23 * * 1-5", "* * * * 0,6"]}`,
	"group:all":                         `{separateMajorMinor: false, packageRules: [{groupName: "all dependencies", matchPackageNames: ["*"]}]}`,
	"group:allNonMajor":                 `{packageRules: [{groupName: "all non-major dependencies", matchPackageNames: ["*"], matchUpdateTypes: ["minor", "patch"]}]}`,
	"security:minimumReleaseAgePypi":    `{packageRules: [{matchDatasources: ["pypi"], minimumReleaseAge: "3 days"}]}`,
	"config:recommended": `{extends: [":dependencyDashboard", ":semanticPrefixFixDepsChoreOthers", ":ignoreModulesAndTests", "group:monorepos",
		"group:recommended", "mergeConfidence:age-confidence-badges", "replacements:all", "workarounds:all"]}`,
	"config:base":           `{extends: ["config:recommended"]}`,
	"config:best-practices": `{extends: ["config:recommended", "docker:pinDigests", ":configMigration", ":pinDevDependencies", "abandonments:recommended"]}`,
}

// quiet are beginnings of names of presets that do not concern pins, and why.
var quiet = []struct{ begins, why string }{
	{"group:monorepos", "it groups packages of one repository; here what requires each other moves together, and rules with group group more"},
	{"group:recommended", "it groups packages of other ecosystems; rules with group group more"},
	{"docker:", "it is about images"}, {"npm:", "it is about npm"}, {"helpers:", "it is about GitHub Actions and images"},
	{"customManagers:", "it finds versions in other files"}, {"regexManagers:", "it finds versions in other files"},
	{"workarounds:", "it works around other ecosystems"}, {"replacements:", "it has no package of PyPI"},
	{"mergeConfidence:", "it shows badges of a service"}, {"abandonments:", "it only reports; pinwheel lists how far a pin is behind"},
	{"security:openssf-scorecard", "it shows a badge of a service"}, {"global:", "it is about Renovate's own installation"},
	{":ignoreModulesAndTests", "pinwheel reads the files that the key files names, and no others"}, {":includeNodeModules", "it is about npm"},
	{":configMigration", "it is about Renovate's own configuration"}, {":gitSignOff", "a commit has no trailers of people"},
	{":maintainLockFiles", "pins have no lock file"}, {":pin", "pins are exact"}, {":preserveSemverRanges", "pins are exact"},
	{":widenPeerDependencies", "it is about npm"}, {":disablePeerDependencies", "it is about npm"}, {":enablePreCommit", "it is about pre-commit's file"},
	{":ignoreUnstable", "pinwheel offers no pre-releases"}, {":respectLatest", "it is about npm"}, {":enableVulnerabilityAlerts", "on GitLab Renovate has no such alerts"},
	{":disableVulnerabilityAlerts", "on GitLab Renovate has no such alerts"}, {":disablePrControls", "a merge request has its box for another try"},
	{":automergeDigest", "pins have no digests"}, {":automergeLinters", "it is about npm"}, {":automergeTesters", "it is about npm"}, {":automergeTypes", "it is about npm"},
	{":automergeRequireAllStatusChecks", "pinwheel merges nothing without a pipeline that passed"}, {":disableDigestUpdates", "pins have no digests"},
	{":disableLockFiles", "pins have no lock file"}, {":disableDevDependencies", "pins have no kinds of dependencies"}, {":docker", "it is about images"},
	{"packages:", "its packages are of other ecosystems"}, {"monorepo:", "its packages are known by their repository, which is not read here"},
}

// extends reads presets, which the configuration itself overrides. A preset of Renovate's own gives
// one line; any other gives one for each key.
func (r *reader) extends(v value, at place, read func(value, string)) {
	names, ok := r.texts(v, at)
	if ok && len(names) == 0 {
		r.say(at, Kept, "it is empty")
	}
	for i, name := range names {
		in := at
		if v.kind == aList {
			in = at.at(i, v.list[i])
		}
		r.preset(strings.TrimSpace(name), in, read)
	}
}

func (r *reader) preset(name string, at place, read func(value, string)) {
	shown := text.Plain(name, 100)
	if r.ignored[name] {
		r.say(at, Kept, "%s is ignored, as ignorePresets says", shown)
		return
	}
	if r.presets++; r.presets > maxPresets || slices.Contains(r.open, name) {
		r.say(at, Refused, "%s leads to itself, or to more than %d presets: take it out", shown, maxPresets)
		return
	}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	if v, ok := builtin(name); ok {
		before, within, rules := r.lines, r.within, len(r.policy.rules)
		r.lines, r.within = nil, r.lineOf(at)
		read(v, "")
		lines := r.lines
		r.saidAt(rules, at)
		r.lines, r.within = before, within
		r.together(at, shown, lines)
		return
	}
	for _, one := range quiet {
		if strings.HasPrefix(strings.TrimPrefix(name, "default"), one.begins) {
			r.say(at, NoEffect, "%s: %s", shown, one.why)
			return
		}
	}
	r.elsewhere(name, at, read)
}

// saidAt notes for the rules that a preset added that its line says them.
func (r *reader) saidAt(before int, at place) {
	for i := before; i < len(r.policy.rules); i++ {
		r.policy.rules[i].line = r.lineOf(at)
	}
}

// builtin is a preset of Renovate's own.
func builtin(name string) (value, bool) {
	m := presetName.FindStringSubmatch(strings.TrimPrefix(name, "default"))
	if m == nil {
		return value{}, false
	}
	form, ok := own[strings.TrimSpace(m[1])]
	if !ok {
		return value{}, false
	}
	args := strings.Split(m[2], ",")
	for i, a := range args {
		args[i] = quoted(strings.TrimSpace(a))
	}
	form = strings.NewReplacer(`"$1"`, args[0], "$@", strings.Join(args, ", ")).Replace(form)
	v, err := parse(name, []byte(form))
	return v, err == nil
}

// together makes one line of all lines of a preset.
func (r *reader) together(at place, name string, lines []Line) {
	worst, says := NoEffect, []string(nil)
	for _, l := range lines {
		if slices.Index(verdicts, l.Verdict) > slices.Index(verdicts, worst) {
			worst, says = l.Verdict, nil
		}
		if l.Verdict == worst && l.Says != "" && !slices.Contains(says, l.Says) {
			says = append(says, l.Says)
		}
	}
	r.say(at, worst, "%s: %s", name, strings.Join(says, "; "))
}

// verdicts are in ascending order of weight: a later one outweighs those before.
var verdicts = []Verdict{NoEffect, Kept, Differs, Refused}

// elsewhere reads a preset from a file that somebody else keeps.
func (r *reader) elsewhere(name string, at place, read func(value, string)) {
	shown := text.Plain(name, 100)
	var data []byte
	ok := false
	if r.o.Preset != nil {
		data, ok = r.o.Preset(name)
	}
	if !ok {
		r.say(at, Refused, "%s stands elsewhere and was not read: write what it says into this file, or hand it in with pinwheel import --preset '%s=FILE'", shown, shown)
		return
	}
	v, err := parse(name, data)
	if err != nil || v.kind != anObject {
		r.say(at, Refused, "%s is no configuration: correct the file, or take the line out", shown)
		return
	}
	r.say(at, Kept, "%s, line by line below", shown)
	file, anchor := r.file, r.anchor
	if r.file = name; anchor == 0 {
		r.anchor = at.line
	}
	rules := len(r.policy.rules)
	read(v, "")
	r.saidAt(rules, at)
	r.file, r.anchor = file, anchor
}

// withPresets are the keys of a rule, which override those of the presets that it extends.
func (r *reader) withPresets(v value, at place) ([]member, bool) {
	names, ok := v.get("extends")
	if !ok {
		return v.members, true
	}
	var out []member
	own := map[string]bool{}
	for _, m := range v.members {
		own[m.name] = true
	}
	failed := false
	for i, name := range loose(names) {
		inner, ok := builtin(strings.TrimSpace(name))
		if !ok {
			r.say(at.in("extends", names).at(i, names), Refused, "%s in a rule, which is left out as a whole: write what the preset says", text.Plain(name, 100))
			failed = true
			continue
		}
		out = append(out, slices.DeleteFunc(inner.members, func(m member) bool { return own[m.name] })...)
	}
	for _, m := range v.members {
		if m.name != "extends" {
			out = append(out, m)
		}
	}
	return out, !failed
}
