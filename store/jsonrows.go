package store

import (
	"encoding/json"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file has the rows that are stored as JSON, each with keys of its own, so that renaming a
// field in plan changes no database. A key is never renamed. A key that an earlier version did not
// write has the zero value.

type (
	mergeRequestRow struct {
		IID          int64     `json:"IID"`
		Branch       string    `json:"Branch"`
		Target       string    `json:"Target"`
		TargetGone   bool      `json:"TargetGone"`
		Landed       bool      `json:"Landed"`
		Title        string    `json:"Title"`
		State        string    `json:"State"`
		HeadSHA      string    `json:"HeadSHA"`
		WebURL       string    `json:"WebURL"`
		SameProject  bool      `json:"SameProject"`
		HasConflicts bool      `json:"HasConflicts"`
		Unchecked    bool      `json:"Unchecked"`
		Labels       []string  `json:"Labels"`
		Author       userRow   `json:"Author"`
		CreatedAt    time.Time `json:"CreatedAt"`
		UpdatedAt    time.Time `json:"UpdatedAt"`
		ClosedAt     time.Time `json:"ClosedAt"`
		ClosedBy     userRow   `json:"ClosedBy"`
		MergedAt     time.Time `json:"MergedAt"`
		MergedBy     userRow   `json:"MergedBy"`
		Pusher       string    `json:"Pusher"`
		PusherOf     string    `json:"PusherOf"`
		Ran          int       `json:"Ran"`
		RedRuns      int       `json:"RedRuns"`
		Note         noteRow   `json:"Note"`
		Notes        int       `json:"Notes,omitempty"`
		Heard        heardRow  `json:"Heard,omitzero"`
		Released     time.Time `json:"Released,omitzero"`
		MergeCommit  string    `json:"MergeCommit,omitempty"`
		Compared     bool      `json:"Compared,omitempty"`
		Altered      []string  `json:"Altered,omitempty"`
		Stands       string    `json:"Stands,omitempty"`
		StandsSince  time.Time `json:"StandsSince,omitzero"`
	}
	// heardRow is what was read of the comments on a merge request.
	heardRow struct {
		Read    time.Time   `json:"Read"`
		Answers []answerRow `json:"Answers,omitempty"`
		Says    string      `json:"Says,omitempty"`
	}
	answerRow struct {
		ID      string       `json:"ID"`
		By      userRow      `json:"By"`
		Role    int          `json:"Role"`
		At      time.Time    `json:"At"`
		Line    string       `json:"Line"`
		State   string       `json:"State"`
		On      []heldPinRow `json:"On,omitempty"`
		Changed bool         `json:"Changed,omitempty"`
	}
	heldPinRow struct {
		Key string `json:"Key"`
		To  string `json:"To"`
	}
	// noteRow is what a description's marker carries.
	noteRow struct {
		Present     bool      `json:"Present"`
		Digest      string    `json:"Digest"`
		Moves       []moveRow `json:"Moves"`
		Why         string    `json:"Why"`
		By          string    `json:"By"`
		At          time.Time `json:"At"`
		Request     string    `json:"Request"`
		Target      string    `json:"Target"`
		Ready       string    `json:"Ready,omitempty"`
		RebaseBox   bool      `json:"RebaseBox"`
		ClosedByUs  bool      `json:"ClosedByUs"`
		ClosedFor   string    `json:"ClosedFor,omitempty"`
		BodyForeign bool      `json:"BodyForeign"`
		Other       bool      `json:"Other,omitempty"`
		Listed      []string  `json:"Listed,omitempty"`
	}
	// moveRow is what a marker says of a move; it says no more.
	moveRow struct {
		Key  string `json:"Key"`
		From string `json:"From"`
		To   string `json:"To"`
	}
	userRow struct {
		ID       int64  `json:"ID"`
		Username string `json:"Username"`
		Name     string `json:"Name"`
	}
	// tickRow is read by SQL, too: see RefusedBefore.
	tickRow struct {
		ID         string    `json:"ID"`
		Box        string    `json:"Box"`
		Branch     string    `json:"Branch"`
		Bulk       string    `json:"Bulk"`
		Text       string    `json:"Text"`
		Rendered   bool      `json:"Rendered"`
		By         userRow   `json:"By"`
		Role       int       `json:"Role"`
		Doubt      string    `json:"Doubt"`
		At         time.Time `json:"At"`
		Remembered bool      `json:"Remembered"`
	}
	pipelineRow struct {
		Head    string    `json:"Head"`
		ID      int64     `json:"ID"`
		Updated time.Time `json:"Updated"`
		Kind    string    `json:"Kind"`
		Onto    string    `json:"Onto"`
		Began   time.Time `json:"Began"`
		Started bool      `json:"Started"`
		Result  string    `json:"Result"`
		At      time.Time `json:"At"`
		Jobs    []jobRow  `json:"Jobs"`
		MainAt  time.Time `json:"MainAt"`
		Since   time.Time `json:"Since"`
		Red     time.Time `json:"Red"`
		Ran     int       `json:"Ran"`
		RedRuns int       `json:"RedRuns"`
	}
	jobRow struct {
		Name string `json:"Name"`
		Main string `json:"Main"`
	}
	problemRow struct {
		Page     string `json:"Page"`
		File     string `json:"File"`
		Line     int    `json:"Line"`
		Text     string `json:"Text"`
		Next     string `json:"Next"`
		Stopping bool   `json:"Stopping"`
		Lasting  bool   `json:"Lasting,omitempty"`
	}
)

func rowOfMergeRequest(m plan.MergeRequest) mergeRequestRow {
	return mergeRequestRow{
		IID: m.IID, Branch: m.Branch, Target: m.Target, TargetGone: m.TargetGone, Landed: m.Landed, Title: m.Title, State: string(m.State),
		HeadSHA: m.HeadSHA, WebURL: m.WebURL, SameProject: m.SameProject, HasConflicts: m.HasConflicts, Unchecked: m.Unchecked, Labels: m.Labels,
		Author: userRow(m.Author), CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt, ClosedAt: m.ClosedAt, ClosedBy: userRow(m.ClosedBy),
		MergedAt: m.MergedAt, MergedBy: userRow(m.MergedBy), Pusher: m.Pusher, PusherOf: m.PusherOf, Ran: m.Ran, RedRuns: m.RedRuns, Note: rowOfNote(m.Note),
		Notes: m.Notes, Heard: rowOfHeard(m.Heard), Released: m.Released, Stands: m.Stands, StandsSince: m.StandsSince, MergeCommit: m.MergeCommit, Compared: m.Compared, Altered: m.Altered,
	}
}

func (r mergeRequestRow) mergeRequest() plan.MergeRequest {
	return plan.MergeRequest{
		IID: r.IID, Branch: r.Branch, Target: r.Target, TargetGone: r.TargetGone, Landed: r.Landed, Title: r.Title, State: plan.MergeRequestState(r.State),
		HeadSHA: r.HeadSHA, WebURL: r.WebURL, SameProject: r.SameProject, HasConflicts: r.HasConflicts, Unchecked: r.Unchecked, Labels: r.Labels,
		Author: plan.User(r.Author), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ClosedAt: r.ClosedAt, ClosedBy: plan.User(r.ClosedBy),
		MergedAt: r.MergedAt, MergedBy: plan.User(r.MergedBy), Pusher: r.Pusher, PusherOf: r.PusherOf, Ran: r.Ran, RedRuns: r.RedRuns, Note: r.Note.note(),
		Notes: r.Notes, Heard: r.Heard.heard(), Released: r.Released, Stands: r.Stands, StandsSince: r.StandsSince, MergeCommit: r.MergeCommit, Compared: r.Compared, Altered: r.Altered,
	}
}

func rowOfHeard(h plan.Heard) heardRow {
	return heardRow{Read: h.Read, Says: h.Says, Answers: each(h.Answers, func(a plan.Answer) answerRow {
		on := each(a.On, func(p plan.HeldPin) heldPinRow { return heldPinRow(p) })
		return answerRow{a.ID, userRow(a.By), int(a.Role), a.At, a.Line, string(a.State), on, a.Changed}
	})}
}

func (r heardRow) heard() plan.Heard {
	return plan.Heard{Read: r.Read, Says: r.Says, Answers: each(r.Answers, func(a answerRow) plan.Answer {
		on := each(a.On, func(p heldPinRow) plan.HeldPin { return plan.HeldPin(p) })
		return plan.Answer{ID: a.ID, By: plan.User(a.By), Role: plan.Role(a.Role), At: a.At, Line: a.Line, State: plan.AnswerState(a.State), On: on, Changed: a.Changed}
	})}
}

func rowOfNote(n plan.MergeRequestNote) noteRow {
	return noteRow{
		Present: n.Present, Digest: n.Digest, Moves: each(n.Moves, func(m plan.Move) moveRow { return moveRow{m.Key, m.From, m.To} }),
		Why: string(n.Why), By: n.By, At: n.At, Request: n.Request, Target: n.Target, Ready: n.Ready, RebaseBox: n.RebaseBox, ClosedByUs: n.ClosedByUs, ClosedFor: n.ClosedFor, BodyForeign: n.BodyForeign, Other: n.Other, Listed: n.Listed,
	}
}

func (r noteRow) note() plan.MergeRequestNote {
	return plan.MergeRequestNote{
		Present: r.Present, Digest: r.Digest, Moves: each(r.Moves, func(m moveRow) plan.Move { return plan.Move{Key: m.Key, From: m.From, To: m.To} }),
		Why: plan.Cause(r.Why), By: r.By, At: r.At, Request: r.Request, Target: r.Target, Ready: r.Ready, RebaseBox: r.RebaseBox, ClosedByUs: r.ClosedByUs, ClosedFor: r.ClosedFor, BodyForeign: r.BodyForeign, Other: r.Other, Listed: r.Listed,
	}
}

func rowOfTick(t plan.Tick) tickRow {
	return tickRow{
		ID: t.ID, Box: string(t.Box), Branch: t.Branch, Bulk: t.Bulk, Text: t.Text, Rendered: t.Rendered, By: userRow(t.By), Role: int(t.Role),
		Doubt: t.Doubt, At: t.At, Remembered: t.Remembered,
	}
}

func (r tickRow) tick() plan.Tick {
	return plan.Tick{
		ID: r.ID, Box: plan.BoxType(r.Box), Branch: r.Branch, Bulk: r.Bulk, Text: r.Text, Rendered: r.Rendered, By: plan.User(r.By), Role: plan.Role(r.Role),
		Doubt: r.Doubt, At: r.At, Remembered: r.Remembered,
	}
}

func rowOfPipeline(p plan.Pipeline) pipelineRow {
	return pipelineRow{
		Head: p.Head, ID: p.ID, Updated: p.Updated, Kind: string(p.Kind), Onto: p.Onto, Began: p.Began, Started: p.Started, Result: string(p.Result), At: p.At,
		Jobs: each(p.Jobs, func(j plan.Job) jobRow { return jobRow{j.Name, string(j.Main)} }), MainAt: p.MainAt, Since: p.Since, Red: p.Red, Ran: p.Ran, RedRuns: p.RedRuns,
	}
}

func (r pipelineRow) pipeline() plan.Pipeline {
	return plan.Pipeline{
		Head: r.Head, ID: r.ID, Updated: r.Updated, Kind: plan.PipelineKind(r.Kind), Onto: r.Onto, Began: r.Began, Started: r.Started, Result: plan.Result(r.Result), At: r.At,
		Jobs: each(r.Jobs, func(j jobRow) plan.Job { return plan.Job{Name: j.Name, Main: plan.Result(j.Main)} }), MainAt: r.MainAt, Since: r.Since, Red: r.Red, Ran: r.Ran, RedRuns: r.RedRuns,
	}
}

func rowOfProblem(p plan.Problem) problemRow { return problemRow(p) }

func (r problemRow) problem() plan.Problem { return plan.Problem(r) }

// each maps a list; nil stays nil.
func each[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// eachValue maps the values of a map; nil stays nil.
func eachValue[K comparable, A, B any](m map[K]A, f func(A) B) map[K]B {
	if m == nil {
		return nil
	}
	out := make(map[K]B, len(m))
	for k, v := range m {
		out[k] = f(v)
	}
	return out
}

// eachKey gives the keys of a map another type; nil stays nil.
func eachKey[B, A ~string](m map[A]int) map[B]int {
	if m == nil {
		return nil
	}
	out := make(map[B]int, len(m))
	for k, n := range m {
		out[B(k)] = n
	}
	return out
}

// asJSON scans a column into what v points to.
type asJSON struct{ v any }

// Scan implements sql.Scanner.
func (j asJSON) Scan(v any) error {
	var text []byte
	switch v := v.(type) {
	case string:
		text = []byte(v)
	case []byte: // a column of PostgreSQL's type for JSON
		text = v
	default:
		return fmt.Errorf("JSON is text, not %T", v)
	}
	if err := json.Unmarshal(text, j.v); err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	return nil
}
