package reconcile

import (
	"context"
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// viewed reports whether a run left a view of a project. One that cannot be read is made
// anew by a whole run.
func (r *run) viewed(ctx context.Context, project string) bool {
	ok, err := r.Store.HasView(ctx, project)
	return ok && err == nil
}

// view is what a run found, for the status page.
func (r *run) view(done applied, out Report) store.View {
	p := done.plan
	w := p.Window
	v := store.View{Project: done.project.Path, At: r.now.Stamp(), ViewSummary: store.ViewSummary{
		Status: string(out.Status), URL: done.snap.Project.WebURL, Count: p.Pins, Behind: p.Count(plan.StandsBehind), Open: p.OpenCount, Libyears: p.Libyears,
		Standings: map[string]int{}, States: map[string]int{}, Always: w.Always, Inside: w.Inside, Opens: w.Opens.UTC(), Closes: w.Closes.UTC(),
	}}
	for _, q := range p.Problems {
		v.Problems = append(v.Problems, q.InOneLine())
	}
	if len(v.Problems) == 0 {
		v.Problems = out.Failures
	}
	if p.Stopped() {
		return v
	}
	for s, n := range p.Counts() {
		v.Standings[string(s)] = n
	}
	for _, s := range p.Samples {
		v.Weeks = append(v.Weeks, store.ViewWeek{Day: s.Week, Libyears: s.Libyears})
	}
	v.Updates, v.Pins = []store.ViewUpdate{}, []store.ViewPin{}
	for _, u := range p.Updates {
		red := u.MR != 0 && u.State != plan.ClosedByPerson && fails(u)
		if red {
			v.Red++
		}
		v.States[string(u.State)]++
		v.Updates = append(v.Updates, store.ViewUpdate{Title: u.Title, Branch: u.Branch, State: string(u.State), Reason: u.Why.Plainly(), MR: u.MR, Red: red})
	}
	for _, pin := range p.Standings {
		row := store.ViewPin{File: pin.File, Line: pin.Line, Key: pin.Key, Name: pin.Name, Version: pin.Version, Standing: string(pin.Standing), Why: pin.Reasons.Plainly()}
		if to, why, moves := takenTo(p, pin); moves {
			row.Target, row.Why = to, why
		}
		v.Pins = append(v.Pins, row)
	}
	v.Settings = settingsOf(decide.Settings(done.snap))
	return v
}

// settingsOf are the settings that decide about pins, each list once, in the order of its first pin.
func settingsOf(pins []decide.PinSettings) (out []store.ViewSettings) {
	at := map[string]int{} // by the list as a text
	for _, p := range pins {
		var list []store.ViewSetting
		for _, s := range p.Settings {
			list = append(list, store.ViewSetting{Key: s.Key, Value: s.Value, Place: s.Place()})
		}
		key := fmt.Sprintf("%q", list)
		i, known := at[key]
		if !known {
			i = len(out)
			at[key], out = i, append(out, store.ViewSettings{Settings: list})
		}
		out[i].Pins = append(out[i].Pins, fmt.Sprintf("%s:%d", p.Pin.File, p.Pin.Line))
	}
	return out
}

// fails reports whether a gate of an update failed, or the pipeline of its merge request,
// whatever the same pipeline does on the default branch.
func fails(u plan.Update) bool {
	gate := func(g plan.GateVerdict) bool { return g.State == plan.GateRegressed || g.State == plan.GateTimedOut }
	ended := func(r plan.Reason) bool {
		p, is := r.(plan.PipelineEnded)
		return is && p.Result == plan.Failed
	}
	return slices.ContainsFunc(u.Told(), gate) || slices.ContainsFunc(u.Why, ended)
}

// takenTo is where the first update takes a pin, and what that waits for.
func takenTo(p plan.Plan, pin plan.PinStanding) (to, why string, moves bool) {
	for _, u := range p.Updates {
		for _, m := range u.Moves {
			if m.File == pin.File && m.Line == pin.Line {
				return m.To, u.Why.Plainly(), true
			}
		}
	}
	return "", "", false
}
