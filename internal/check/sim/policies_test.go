package sim

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// terms are a policy of a seed, with what the judge holds pinwheel to on its
// account, in words of its own.
type terms struct {
	config   string
	frozen   [2]time.Time // from, to: days on which nothing opens by itself
	approval bool         // majors open after a tick alone
	most     int          // new ones that nobody asked for in one weekend; 0: any number
	ci       bool
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

// termsOf is the policy of a seed. Those that were wrong once keep the plain one
// that they were drawn for.
func termsOf(seed uint64) terms {
	if slices.Contains(found, seed) {
		return policies[0]
	}
	return policies[seed%uint64(len(policies))]
}

var majorTitle = regexp.MustCompile(`: (?:Draft: )?Update dependency \S+ to v\d+$`)

// mayOpen is the rule of windows in other words: weekend in Prague, outside a
// freeze and within its number, a repair of a derived file, or somebody's tick.
func (j *judge) mayOpen(branch string, e gitlabsim.Event) bool {
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
	if t.approval && majorTitle.MatchString(e.Detail) {
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
