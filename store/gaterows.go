package store

import (
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file has the rows of gates that are stored as JSON; see jsonrows.go.

type (
	gatesRow struct {
		Runs     []gateRunRow     `json:"Runs"`
		Statuses []gateStatusRow  `json:"Statuses"`
		Projects map[string]int64 `json:"Projects"`
		Seen     time.Time        `json:"Seen"`
	}
	gateRunRow struct {
		Operation string       `json:"Operation"`
		Gate      string       `json:"Gate"`
		Commit    string       `json:"Commit"`
		Project   int64        `json:"Project"`
		ID        int64        `json:"ID"`
		URL       string       `json:"URL"`
		Result    string       `json:"Result"`
		Started   time.Time    `json:"Started"`
		Updated   time.Time    `json:"Updated"`
		Named     bool         `json:"Named"`
		Kind      string       `json:"Kind"`
		Onto      string       `json:"Onto"`
		Jobs      []gateJobRow `json:"Jobs"`
	}
	gateJobRow struct {
		Name     string `json:"Name"`
		ID       int64  `json:"ID"`
		Result   string `json:"Result"`
		Attempts int    `json:"Attempts"`
		Failures int    `json:"Failures"`
		MayFail  bool   `json:"MayFail"`
		Active   bool   `json:"Active"`
		Once     bool   `json:"Once"`
	}
	gateStatusRow struct {
		Head     string `json:"Head"`
		Gate     string `json:"Gate"`
		State    string `json:"State"`
		Pipeline int64  `json:"Pipeline"`
	}
)

func rowOfGates(m plan.GateMemory) gatesRow {
	return gatesRow{
		Runs: each(m.Runs, func(r plan.GateRun) gateRunRow {
			return gateRunRow{Operation: r.Operation, Gate: r.Gate, Commit: r.Commit, Project: r.Project, ID: r.ID, URL: r.URL, Result: string(r.Result),
				Started: r.Started, Updated: r.Updated, Named: r.Named, Kind: string(r.Kind), Onto: r.Onto, Jobs: each(r.Jobs, func(j plan.GateJob) gateJobRow {
					return gateJobRow{j.Name, j.ID, string(j.Result), j.Attempts, j.Failures, j.MayFail, j.Active, j.Once}
				})}
		}),
		Statuses: each(m.Statuses, func(s plan.GateStatus) gateStatusRow {
			return gateStatusRow{s.Head, s.Gate, string(s.State), s.Pipeline}
		}),
		Projects: m.Projects, Seen: m.Seen,
	}
}

func (r gatesRow) gates() plan.GateMemory {
	return plan.GateMemory{
		Runs: each(r.Runs, func(r gateRunRow) plan.GateRun {
			return plan.GateRun{Operation: r.Operation, Gate: r.Gate, Commit: r.Commit, Project: r.Project, ID: r.ID, URL: r.URL, Result: plan.Result(r.Result),
				Started: r.Started, Updated: r.Updated, Named: r.Named, Kind: plan.PipelineKind(r.Kind), Onto: r.Onto, Jobs: each(r.Jobs, func(j gateJobRow) plan.GateJob {
					return plan.GateJob{Name: j.Name, ID: j.ID, Result: plan.Result(j.Result), Attempts: j.Attempts, Failures: j.Failures, MayFail: j.MayFail, Active: j.Active, Once: j.Once}
				})}
		}),
		Statuses: each(r.Statuses, func(s gateStatusRow) plan.GateStatus {
			return plan.GateStatus{Head: s.Head, Gate: s.Gate, State: plan.StatusState(s.State), Pipeline: s.Pipeline}
		}),
		Projects: r.Projects, Seen: r.Seen,
	}
}
