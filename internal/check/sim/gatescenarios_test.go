package sim

import "testing"

// This file has the scenarios with gates in other projects, merges and red batches.
// Their worlds are as small as shows what is meant.

// two has two pins, which have nothing to do with each other.
var two = setting{
	index: `
lxml 4.9.4 2023-12-19T10:00Z
lxml 5.3.2 2025-11-20T10:00Z
requests 2.31.0 2023-05-22T15:00Z
requests 2.32.5 2025-12-18T18:00Z
`,
	pins: "lxml==4.9.4\nrequests==2.31.0\n",
}

// oneGate has to be passed; its pipeline runs on what the head stands on, too.
const oneGate = `    gates:
      - {name: integration, project: cki-project/gate-1, ref: main, inputs: {sha: "{sha}"}, baseline: true, required: true, timeout: 2h}
`

// anotherGate need not be passed.
const anotherGate = `      - {name: smoke, project: cki-project/gate-2, ref: main, inputs: {sha: "{sha}"}}
`

// mergesAll lets pinwheel merge everything.
const mergesAll = "    merge: {kinds: [patch, minor, major, calendar]}\n"

// shown is a configuration of CI/CD that shows operations.
const shown = "inputs sha operation_id\nname integration {operation_id}\ntakes 20m\n"

const ownTests = "on merge-request\nseen 0s\ntakes 20m\njob lint\n"

// gated is a world of two pins with gates.
func gated(config string, gates ...string) setting {
	s := two
	s.config, s.script, s.gates, s.more = config, ownTests, gates, 2
	return s
}

// merged is one in which pinwheel merges what passed.
func merged(s setting) setting {
	s.config, s.merges, s.more = s.config+mergesAll, []string{""}, 4
	return s
}

// parted is a batch of four pins that is red.
func parted(config, job string) setting {
	return setting{
		index:  everyday.index,
		pins:   "certifi==2025.11.12\nlxml==4.9.4\nrequests==2.31.0\nsix==1.17.0\n",
		config: "    batch: weekend\n" + config, script: "on merge-request\ntakes 10m\njob lint\n" + job + "\n", more: 9,
	}
}

var gateScenarios = []scenario{
	{"a gate begins", gated(oneGate, shown+"job test fails when lxml==5*"), func(_ *testing.T, p *process) {
		p.run()
		p.w.until("2026-01-02T23:05Z")
	}},
	{"one gate has passed and one has a job to run again", gated(oneGate, shown+"job test fails when lxml==5*"), func(t *testing.T, p *process) { hourly(t, p, 1) }},
	{"a gate has regressed", gated(oneGate, shown+"job test fails when lxml==5*"), func(t *testing.T, p *process) { hourly(t, p, 2) }},
	{"a gate fails everywhere", gated(oneGate, shown+"job test fails"), func(t *testing.T, p *process) { hourly(t, p, 2) }},
	{"a gate times out", gated(oneGate, shown+"job test hangs when requests==2.32*"), func(t *testing.T, p *process) { hourly(t, p, 2) }},
	{"two gates have ended", gated(oneGate+anotherGate, shown+"job test", shown+"job test fails when lxml==5*"), func(t *testing.T, p *process) { hourly(t, p, 1) }},
	{"a merge waited for its gate", merged(gated(oneGate, shown+"job test")), func(t *testing.T, p *process) { hourly(t, p, 1) }},
	{"the next one is tested on what a merge left", merged(gated(oneGate, shown+"job test")), func(t *testing.T, p *process) { hourly(t, p, 2) }},
	{"a merge that broke main is to be taken back", merged(two.with("on push merge-request\ntakes 20m\njob test")), func(t *testing.T, p *process) {
		p.w.people(t, "move alice main")
		saturday(t, p)
		p.w.people(t, "script alice on push merge-request; takes 20m; job test fails when lxml==5*")
		p.w.until("2026-01-03T00:05Z")
		p.w.people(t, "pipeline bob lxml-5.x success", "close alice requests-2.x")
		p.run()
		p.w.until("2026-01-03T01:05Z")
		p.run()
		p.w.people(t, "tick alice revert-branch=")
	}},
	{"a pair that fails together is told", parted("", "job test fails when new:lxml new:requests").with(""), func(t *testing.T, p *process) { hourly(t, p, 4) }},
	{"the good part of a batch is merged", merged(parted("", "job test fails when new:lxml")), func(t *testing.T, p *process) { hourly(t, p, 5) }},
}

// with is a setting with another script, but for "".
func (s setting) with(script string) setting {
	if script != "" {
		s.script = script
	}
	return s
}
