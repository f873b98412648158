package sim

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// terms are a policy of a seed, with what the judge holds pinwheel to on its
// account, in words of its own.
type terms struct {
	config   string
	frozen   [2]time.Time // from, to: days on which nothing opens by itself
	approval bool         // majors open after a tick alone
	most     int          // new ones that nobody asked for in one weekend; 0: any number
	ci       bool

	script string // as those of a setting
	gates  []string
	merges []string
	stale  bool
	place  string // the address of the database; empty for a file
	takes  bool   // it begins with what another bot left, and gets a new user: see takeover_test.go
}

// setting is the world of a policy.
func (t terms) setting() setting {
	return setting{config: t.config, terms: t, ci: t.ci, script: t.script, gates: t.gates, merges: t.merges, stale: t.stale, place: t.place}
}

func date(text string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, text, prague)
	if err != nil {
		panic(err)
	}
	return at
}

var policies = []terms{
	{},
	{approval: true, config: `    rules:
      - {kinds: [minor, patch, calendar], group: all non-major}
      - {kinds: [major], approval: true}
`},
	{ci: true, most: 2, frozen: [2]time.Time{date("2026-01-09"), date("2026-01-14")}, config: `    freeze: [{from: "2026-01-09", to: "2026-01-13", reason: a release}]
    max_new_per_window: 2
    closed: line
`},
	{ci: true, config: tested + `    refresh: always
    rules:
      - {group: the pins}
      - {packages: [lxml], priority: 3, labels: [slow]}
`},
}

// gatedPolicies are those under which pinwheel merges.
var gatedPolicies = []terms{
	{merges: []string{""}, frozen: [2]time.Time{date("2026-01-14"), date("2026-01-17")}, config: oneGate + mergesAll + `    freeze: [{from: "2026-01-14", to: "2026-01-16", reason: a release}]
`, script: "on push merge-request\ntakes 30m\njob lint\njob test flaky 3%\n", gates: []string{shown + "job unit\njob test flaky 3%\n"}},
	{merges: []string{""}, config: mergesAll + "    batch: weekend\n", script: "on merge-request\ntakes 30m\njob lint\njob test fails when new:lxml\n"},
	{merges: []string{""}, stale: true, config: oneGate + anotherGate + "    merge: {kinds: [patch, minor, major, calendar], stale: accept}\n",
		script: "on merged-result push\ntakes 40m\njob test fails when requests==2.32*\n", gates: []string{shown + "job unit fails when lxml==5*\n", shown + "job smoke flaky 10%\n"}},
	{merges: []string{""}, config: mergesAll + oneGate + "    batch: weekend\n", script: "on merge-request push\ntakes 30m\njob test fails when new:requests new:certifi\n", gates: []string{shown + "job unit"}},
}

// The seeds of every run: as many without merging, and after these as many of which every
// second one has it.
const (
	plainSeeds   = 40
	mergingSeeds = 6
)

// termsOf is the policy of a seed. Those that were wrong once keep the plain one
// that they were drawn for.
func termsOf(seed uint64) terms {
	switch {
	case slices.Contains(found, seed):
		return policies[0]
	case seed > plainSeeds && seed%2 == 1:
		return gatedPolicies[seed/2%uint64(len(gatedPolicies))]
	}
	return policies[seed%uint64(len(policies))]
}

var majorTitle = regexp.MustCompile(`: (?:Draft: )?Update dependency \S+ to v\d+$`)

// mayOpen is the rule of windows in other words: weekend in Prague, outside a
// freeze and within its number, a repair of a derived file, or somebody's tick.
func (j *judge) mayOpen(branch string, e gitlabsim.Event) bool {
	if of, probe := strings.CutPrefix(branch, prefix+"probe-weekend-"); probe && (j.begun[prefix+"weekend"] || j.forHeads[of[:min(8, len(of))]]) {
		return true // somebody asked for the batch of which it tests a part, or for that head of it
	}
	if m, _ := j.w.project.MR(number(e.Target[1:])); slices.Contains(m.Labels, plan.BreaksLabel) {
		return true // it leaves a batch that is open, with a proof: see blame
	}
	if j.asked[branch] || j.asked[everyMember] || branch == prefix+"constraints-yml" {
		return true
	}
	at := e.At.In(prague)
	if day := at.Weekday(); day != time.Saturday && day != time.Sunday {
		return false
	}
	t := j.w.setting.terms
	if !at.Before(t.frozen[0]) && at.Before(t.frozen[1]) {
		return false
	}
	// In the other bot's words a calendar version has the title of a major.
	if t.approval && majorTitle.MatchString(e.Detail) && !(t.takes && strings.HasPrefix(branch, prefix+"certifi-")) {
		return false
	}
	week := at.Format("2006") + " " + at.AddDate(0, 0, -int(at.Weekday()+1)%7).Format(time.DateOnly)
	j.opened[week]++
	return t.most == 0 || j.opened[week] <= t.most
}

// everyMember stands for all that a group holds, once somebody took it apart.
const everyMember = "*"

// isSplit reports whether a part of a box's line is that of a split box.
func isSplit(part string) bool { return strings.Contains(part, "split-branch") }
