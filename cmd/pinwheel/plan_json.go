package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// The JSON of pinwheel plan: a list with one object for each project. Keys
// may be added, none changes its meaning.
type (
	planOut struct {
		Project   string         `json:"project"`
		At        time.Time      `json:"at"`
		Pins      int            `json:"pins"`
		Behind    int            `json:"behind"`
		Problems  []problemOut   `json:"problems"`
		Updates   []updateOut    `json:"updates"`
		Actions   []actionOut    `json:"actions"`
		Holds     []holdOut      `json:"holds,omitempty"` // what people hold back in words
		Merges    []mergeOut     `json:"merges"`          // what a run at that instant would merge: one at a time
		Unmanaged []unmanagedOut `json:"not_managed"`
		Stopped   bool           `json:"stopped"`   // nothing below was judged
		Standings map[string]int `json:"standings"` // how many pins stand how; every one is there
		All       []pinOut       `json:"all_pins"`  // by file and line
	}
	pinOut struct {
		File     string `json:"file"`
		Line     int    `json:"line"`
		Package  string `json:"package"` // as written; all of a line that is not managed
		Version  string `json:"version,omitempty"`
		Index    string `json:"index,omitempty"`
		Standing string `json:"standing"`
		Why      string `json:"why,omitempty"`
		// Because is Why as data; lines that are not managed have the text alone, which is
		// without the secrets that a line may hold.
		Because *whyOut `json:"because,omitempty"`
	}
	problemOut struct {
		Page     string `json:"page,omitempty"`
		File     string `json:"file,omitempty"`
		Line     int    `json:"line,omitempty"`
		Text     string `json:"text"`
		Next     string `json:"next,omitempty"`
		Stopping bool   `json:"stopping"`
		Reverts  int64  `json:"reverts,omitempty"` // the merge request that a box beside it takes back
	}
	updateOut struct {
		Branch       string     `json:"branch"`
		Title        string     `json:"title"`
		Kind         string     `json:"kind"`
		State        string     `json:"state"`
		Reason       string     `json:"reason"` // in Markdown, as the dashboard has it
		Why          *whyOut    `json:"why,omitempty"`
		MergeRequest int64      `json:"merge_request,omitempty"`
		Eligible     *time.Time `json:"eligible,omitempty"`
		// Since when a release newer than the pin has been old enough, by which
		// the line goes; the number in line; when it opens if nothing happens.
		Since *time.Time `json:"old_enough_since,omitempty"`
		Place int        `json:"place_in_line,omitempty"`
		Opens *time.Time `json:"opens,omitempty"`
		Moves []moveOut  `json:"moves"`
		Gates []gateOut  `json:"gates,omitempty"` // of an open one
	}
	// whyOut is the reason as data: what the update waits for, and what the text
	// says beside that. docs/reasons.md lists the kinds.
	whyOut struct {
		plan.ReasonData
		Also []plan.ReasonData `json:"also,omitempty"`
	}
	moveOut struct {
		File     string     `json:"file"`
		Line     int        `json:"line"`
		Package  string     `json:"package"`
		Marker   string     `json:"marker,omitempty"`
		From     string     `json:"from"`
		To       string     `json:"to"`
		Kind     string     `json:"kind"`
		Released *time.Time `json:"released,omitempty"`
		Index    string     `json:"index"`
	}
	actionOut struct {
		Action string `json:"action"`
		On     string `json:"on"`
	}
	holdOut struct {
		MergeRequest int64      `json:"merge_request"` // on which the comment stands
		By           string     `json:"by"`
		At           time.Time  `json:"at"`
		Until        *time.Time `json:"until,omitempty"`
		Versions     string     `json:"versions,omitempty"` // that are never taken
		Packages     []string   `json:"packages"`
		Says         string     `json:"says"`
		Keeps        []string   `json:"keeps_back,omitempty"` // the newest releases that it keeps away now
	}
	mergeOut struct {
		MergeRequest int64  `json:"merge_request"`
		Branch       string `json:"branch"`
		Target       string `json:"target"`
		Head         string `json:"head"` // that was tested
		Base         string `json:"base"` // of the target, with which it was tested
		Why          string `json:"why"`  // what permits it, and by what it was tested
	}
	unmanagedOut struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Text   string `json:"text"`
		Reason string `json:"reason"`
	}
)

func (p *program) planJSON(all []seen) error {
	out := make([]planOut, 0, len(all))
	for _, s := range all {
		out = append(out, outOf(s))
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func outOf(s seen) planOut {
	o := planOut{
		Project: s.path, At: s.Snapshot.Now, Pins: s.Plan.Pins, Behind: s.Plan.Count(plan.StandsBehind),
		Problems: []problemOut{}, Updates: []updateOut{}, Actions: []actionOut{}, Merges: []mergeOut{}, Unmanaged: []unmanagedOut{},
		Stopped: s.Plan.Stopped(), Standings: map[string]int{}, All: []pinOut{},
	}
	for _, standing := range plan.Standings() {
		o.Standings[keyOf(standing)] = s.Plan.Count(standing)
	}
	for _, pin := range s.Plan.Standings {
		out := pinOut{
			File: pin.File, Line: pin.Line, Package: text.Masked(pin.Name), Version: pin.Version, Index: pin.Index,
			Standing: keyOf(pin.Standing), Why: text.Masked(pin.Why),
		}
		if pin.Standing != plan.StandsUnmanaged {
			out.Because = whyOf(pin.Reasons)
		}
		o.All = append(o.All, out)
	}
	for _, q := range s.Plan.Problems {
		q.Text = text.Masked(q.Text)
		r, _ := s.Plan.Revert(q)
		o.Problems = append(o.Problems, problemOut{Page: q.Page, File: q.File, Line: q.Line, Text: q.Text, Next: q.Next, Stopping: q.Stopping, Reverts: r.MR})
	}
	for _, u := range s.Plan.Updates {
		o.Updates = append(o.Updates, updateOf(u))
	}
	for _, a := range s.Plan.Actions {
		o.Actions = append(o.Actions, actionOut{string(a.Kind()), a.On()})
	}
	for _, h := range s.Plan.Holds {
		o.Holds = append(o.Holds, holdOf(h))
	}
	for _, m := range merges(s.Plan) {
		o.Merges = append(o.Merges, mergeOut{m.IID, m.Branch, m.Target, m.Head, m.Base, m.Tested})
	}
	for _, u := range s.Plan.Unmanaged {
		u.Text = text.Masked(u.Text)
		o.Unmanaged = append(o.Unmanaged, unmanagedOut{u.File, u.Line, u.Text, u.Reason})
	}
	return o
}

func holdOf(h plan.Hold) holdOut {
	out := holdOut{
		MergeRequest: h.MR, By: h.Answer.By.Username, At: h.Answer.At, Until: known(h.Asked.Until), Versions: h.Asked.Says(),
		Packages: []string{}, Says: h.Asked.Reason, Keeps: h.Keeps,
	}
	for _, p := range h.On {
		if !slices.Contains(out.Packages, p.Key) {
			out.Packages = append(out.Packages, p.Key)
		}
	}
	return out
}

// keyOf is a standing as a key of JSON.
func keyOf(s plan.Standing) string { return strings.ReplaceAll(string(s), " ", "_") }

func updateOf(u plan.Update) updateOut {
	o := updateOut{
		Branch: u.Branch, Title: u.Title, Kind: string(u.Kind), State: string(u.State), Reason: u.Reason, Why: whyOf(u.Why),
		MergeRequest: u.MR, Eligible: known(u.Eligible),
		Since: since(u), Place: u.Place, Opens: known(u.Opens), Moves: []moveOut{},
	}
	for _, v := range u.Told() {
		o.Gates = append(o.Gates, gateOf(v))
	}
	for _, m := range u.Moves {
		o.Moves = append(o.Moves, moveOut{
			File: m.File, Line: m.Line, Package: m.Name, Marker: m.Marker, From: m.From, To: m.To,
			Kind: string(m.Kind), Released: known(m.Released), Index: m.Index,
		})
	}
	return o
}

// whyOf is nil if there is no reason.
func whyOf(all plan.Reasons) *whyOut {
	if len(all) == 0 {
		return nil
	}
	out := &whyOut{ReasonData: plan.DataOf(all[0])}
	for _, r := range all[1:] {
		out.Also = append(out.Also, plan.DataOf(r))
	}
	return out
}

// since is nil for what no release has been old enough for yet.
func since(u plan.Update) *time.Time {
	if u.State == plan.Maturing {
		return nil
	}
	return known(u.Since)
}

// known is t, nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
