package sim

import (
	"fmt"
	"slices"
	"testing"
)

// scenario leads a world to the instant before the run that is disturbed.
type scenario struct {
	name string
	setting
	lead func(t *testing.T, p *process)
}

// thin is of how many cases of the scenarios with gates, merges and pairs one runs, since
// their worlds take long. The whole of them runs in .ci/soak.
const thin = 11 // it has no divisor in common with steps and shards, so that some case of each runs

// has reports whether case k of a scenario is one that runs.
func (s scenario) has(k int) bool {
	gates := slices.ContainsFunc(gateScenarios, func(o scenario) bool { return o.name == s.name })
	return everything() || k%thin == 25%thin || !gates && len(s.merges) == 0
}

// grouped puts everything below a major into one merge request.
const grouped = `    rules:
      - {kinds: [minor, patch, calendar], group: all the rest}
`

// tested asks for tests on each head, in both ways.
const tested = `    on_open: {comment: "@tester test", pipeline: {inputs: {suite: canary}}}
`

// merging lets pinwheel merge requests and certifi, and pipelines pass unless lxml 5
// is in them. No job is run again: a fault would shift that to after the two runs in
// which the world has to become that of the twin. Batches and gates run jobs again.
const merging = `    retries: 0
    rules:
      - {packages: [requests, certifi], merge: true}
`

var mergedOnes = []string{"requests", "certifi"}

const greenUnlessLxml = "on push merge-request\ntakes 20m\njob test fails when lxml==5*\n"

// batched puts everything into one merge request, which lxml breaks.
var batched = setting{
	config: "    batch: weekend\n",
	script: "on merge-request\ntakes 10m\njob lint\njob test fails when new:lxml\n",
	guilty: []string{"lxml"},
	more:   6,
}

// hourly lets hours go by from the opening of the window on, with a run in each.
func hourly(t *testing.T, p *process, hours int) {
	saturday(t, p)
	for hour := range hours - 1 {
		p.w.until(fmt.Sprintf("2026-01-03T%02d:05Z", hour))
		p.run()
	}
	p.w.until(fmt.Sprintf("2026-01-03T%02d:05Z", hours-1))
}

// saturday, in the window, everything is open.
func saturday(_ *testing.T, p *process) {
	p.run()
	p.w.until("2026-01-02T23:05Z")
	p.run()
}

// scenarios are what crashes and faults are put into. Each ends where the run
// under test begins.
var scenarios = append(everydays, gateScenarios...)

// everydays are those of one project, in which people merge, but for the green ones.
var everydays = []scenario{
	{"a first run", setting{}, func(*testing.T, *process) {}},
	{"a first run in the window", setting{}, func(_ *testing.T, p *process) { p.w.until("2026-01-03T09:00Z") }},
	{"the window opens", setting{}, func(_ *testing.T, p *process) {
		p.run()
		p.w.until("2026-01-02T23:05Z")
	}},
	{"a tick", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "tick bob requests")
	}},
	{"a tick on a set in lock-step", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "tick bob botocore")
	}},
	{"a tick in vain", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "tick rita requests")
	}},
	{"the bulk box", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "tick bob create-all-awaiting")
	}},
	{"a tick on what is too young", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "index six 1.18.0 2026-01-02T08:10Z")
		p.runs(1)
		p.w.people(t, "tick bob six")
	}},
	{"a tick is taken back", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "index six 1.18.0 2026-01-02T08:10Z")
		p.runs(1)
		p.w.people(t, "tick bob six")
		p.runs(1)
		p.w.people(t, "untick bob six")
	}},
	{"a group is taken apart", setting{config: grouped}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-06T09:00Z")
		p.run()
		p.w.people(t, "tick bob split-branch=")
	}},
	{"tests are asked for", setting{ci: true, config: tested}, func(_ *testing.T, p *process) {
		p.run()
		p.w.until("2026-01-02T23:05Z")
	}},
	{"a red batch is parted", batched, func(t *testing.T, p *process) { hourly(t, p, 1) }},
	{"a part of a batch ended", batched, func(t *testing.T, p *process) { hourly(t, p, 2) }},
	{"a red batch is proven", batched, func(t *testing.T, p *process) { hourly(t, p, 3) }},
	{"a red batch ends", batched, func(t *testing.T, p *process) { hourly(t, p, 4) }},
	{"pipelines end", setting{ci: true, config: tested}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.runs(1)
		p.w.people(t, "pipeline bob main success a=success b=failed", "pipeline bob requests-2.x failed a=failed b=failed", "pipeline bob lxml-5.x success",
			"pipeline bob boto3-1.x failed kernel=failed>", "tick bob rebase-branch=pinwheel/boto3-1.x")
		p.w.until("2026-01-06T09:00Z")
	}},
	{"a green one is merged", setting{config: merging, script: greenUnlessLxml, merges: mergedOnes}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-03T09:00Z")
	}},
	{"the second of two is tested on what the first left", setting{config: merging, script: greenUnlessLxml, merges: mergedOnes}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.runs(1)
		p.w.until("2026-01-03T12:00Z")
	}},
	{"an approved one has a newer release", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "approve alice requests-2.x", "index requests 2.33.0 2026-01-04T10:00Z", "index lxml 5.3.3 2026-01-04T10:00Z")
		p.w.until("2026-01-09T23:05Z")
	}},
	{"an edited one is started over", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "push bob requests-2.x")
		p.w.until("2026-01-06T09:00Z")
		p.run()
		p.w.people(t, "tick alice rebase-branch=pinwheel/requests-2.x")
	}},
	{"a newer release in the window", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "index requests 2.33.0 2026-01-04T10:00Z")
		p.w.until("2026-01-10T09:00Z")
	}},
	{"a rebase box", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "index requests 2.33.0 2026-01-04T10:00Z")
		p.w.until("2026-01-08T09:00Z")
		p.w.people(t, "rebase bob requests-2.x")
	}},
	{"a tick on an open one", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "index requests 2.33.0 2026-01-04T10:00Z")
		p.w.until("2026-01-08T08:00Z")
		p.run()
		p.w.people(t, "tick bob requests")
	}},
	{"main conflicts with an open one", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-06T09:00Z")
		p.w.people(t, "pin alice requests 2.31.1")
	}},
	{"main moved by itself", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-06T09:00Z")
		p.w.people(t, "pin alice requests 2.32.5")
	}},
	{"a pin leaves main", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-06T09:00Z")
		p.w.people(t, "unpin alice lxml")
	}},
	{"a merge", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "merge alice requests-2.x")
	}},
	{"a merge is reverted", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "merge alice requests-2.x")
		p.runs(1)
		p.w.people(t, "revert alice requests-2.x")
	}},
	{"the default branch is renamed", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "default alice trunk")
	}},
	{"the dashboard is moved", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "issue alice move")
	}},
	{"closed by a person", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "close bob requests-2.x")
	}},
	{"closed and asked for again", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "close bob requests-2.x")
		p.w.until("2026-01-06T09:00Z")
		p.run()
		p.w.people(t, "tick bob requests")
	}},
	{"a newer major takes over", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "index lxml 6.0.0 2026-01-04T10:00Z")
		p.w.until("2026-01-10T09:00Z")
	}},
	{"a set takes over a member's", setting{
		index: `
yarl 1.22.0 2024-02-09T20:00Z requires="propcache>=0.2"
yarl 1.22.1 2025-12-20T21:00Z requires="propcache>=0.2"
propcache 0.2.0 2024-02-09T20:00Z
propcache 0.3.0 2025-12-20T20:00Z
`, pins: "yarl==1.22.0\npropcache==0.2.0\n",
	}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, `index yarl 1.23.0 2026-01-05T08:10Z requires="propcache>=0.4.0"`, "index propcache 0.4.0 2026-01-05T08:10Z")
		p.w.until("2026-01-10T09:00Z")
	}},
	{"a merge makes another clash", setting{
		index: `
attrs 1.0 2024-02-09T20:00Z
attrs 1.5 2025-12-20T20:00Z requires="cattrs<1.2"
cattrs 1.0 2024-02-09T20:00Z
cattrs 1.1 2025-10-20T20:00Z
cattrs 1.2 2025-12-20T20:00Z requires="attrs<1.6"
`, pins: "attrs==1.0\ncattrs==1.0\n",
	}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.until("2026-01-05T08:10Z")
		p.w.people(t, "merge alice attrs-1.x")
	}},
	{"a pin is yanked", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "index six 1.16.0 2021-05-05T14:18Z", "index yank six 1.17.0 2026-01-02T20:00Z broken")
		p.w.until("2026-01-03T09:00Z")
	}},
	{"yanked after the merge request", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "index yank requests 2.32.5 2026-01-05T08:00Z broken")
		p.w.until("2026-01-05T09:00Z")
	}},
	{"the derived file disagrees", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "twin alice")
	}},
	{"the file is malformed", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "pin alice requests 2.3x.??")
	}},
	{"a person pushes to a branch", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "push bob requests-2.x")
	}},
	{"the dashboard is closed", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "issue alice close")
	}},
	{"the dashboard is deleted", setting{}, func(t *testing.T, p *process) {
		p.run()
		p.w.people(t, "issue alice delete")
	}},
	{"the dashboard is emptied", setting{}, func(t *testing.T, p *process) {
		saturday(t, p)
		p.w.people(t, "issue alice empty")
	}},
	{"roots add a line and remove one", setting{
		config: "    roots: [kpet]\n",
		index: `
kpet 1.0 2024-02-09T20:00Z requires="old"
kpet 1.1 2025-12-20T20:00Z requires="fresh>=3"
old 1.0 2024-02-09T20:00Z
fresh 3.0 2024-02-09T20:00Z
`, pins: "kpet==1.0\nold==1.0\n",
	}, func(_ *testing.T, p *process) {
		p.run()
		p.w.until("2026-01-03T09:00Z")
	}},
	{"two files", setting{config: "      - {path: images/constraints.txt}\n"}, func(_ *testing.T, p *process) {
		p.run()
		p.w.until("2026-01-03T09:00Z")
	}},
}
