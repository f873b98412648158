package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file decides what a merge request says first: whether it can be merged.

// readiness says whether an open merge request, or one that a draft opens, can be merged. A new
// head has no tests yet. If its pipeline could not be read, the text about its head stays; if a
// package could not be read, the whole text stays.
func (d *acting) readiness(dr *draft) plan.Readiness {
	fresh := dr.do == DoOpen || dr.do == DoStartOver || dr.do.rebuilds()
	r := plan.Readiness{Base: plan.ShortSHA(d.world.head)}
	switch {
	case d.s.Project.PipelinesOff:
		r.Stuck = plan.StuckUntested
	case d.s.Silent:
		r.Stuck = plan.StuckBlind
	}
	if fresh {
		if guards(d.gatesOf(dr.Update.Moves)) {
			r.Gates = plan.GatesWait
		}
		return r
	}
	before := plan.ParseReadiness(dr.mr.Note.Ready)
	if slices.ContainsFunc(dr.trailer.Moves, func(m plan.Move) bool { return d.unreadNow(m.Key) }) {
		return before // a text written now would lack what the index has
	}
	r.Base = plan.ShortSHA(dr.trailer.Base)
	p := d.pipelineOf(&dr.standing)
	switch {
	case p.Head == "" && before.Base == r.Base && dr.mr.Note.At.Equal(dr.trailer.At):
		r.Tests = before.Tests
	case p.Result != plan.None:
		r.Tests = p.Result
	}
	r.Gates = dr.gatesAre()
	r.Wants = before.Wants
	if is, known := d.s.Mergeable[dr.mr.IID]; known && is.Failure == "" && is.Head == dr.branch.Head.SHA {
		r.Wants = plan.Lasting(is.Wants(), before.Wants)
	}
	switch {
	case dr.Clash != "":
		r.Stuck = plan.StuckClash
	case dr.bisecting:
		r.Stuck = plan.StuckApart
	}
	return r
}

// gatesAre says how the required gates of a draft stand together.
func (dr *draft) gatesAre() plan.GatesAre {
	out := plan.GatesNone
	for _, g := range dr.gates {
		if !g.Required {
			continue
		}
		at := slices.IndexFunc(dr.Gates, func(v plan.GateVerdict) bool { return v.Gate == g.Name })
		switch {
		case at < 0 || dr.Gates[at].Waits():
			if out != plan.GatesFailed {
				out = plan.GatesWait
			}
		case !dr.Gates[at].PassedFor(dr.branch.Head.SHA, dr.trailer.Base):
			out = plan.GatesFailed
		case out == plan.GatesNone:
			out = plan.GatesPassed
		}
	}
	return out
}
