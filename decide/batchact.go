package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/bisect"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file decides what is done with a red batch.

// takenApart gives the state of a batch that is taken apart. It does not move until that ends.
func (d *judging) takenApart(dr *draft, h *hunt) {
	dr.unexplained = false
	dr.Group, dr.Parts = h.group, len(h.trailer.Parts)
	dr.stand(plan.Open, d.openReason(&dr.standing), d.pipelineReason(&dr.standing), d.huntReason(dr, h))
	if dr.mr.Paused() {
		dr.placeless = true
		dr.also(plan.StopUpdating{})
	}
	if names := d.unreadOf(h); h.answer.Done && len(names) > 0 {
		dr.also(plan.BatchUnread{Packages: names})
	}
	if newer := dr.newer(); len(newer) > 0 {
		dr.also(plan.WaitsForBatch{Releases: newer})
	}
	d.showHeld(dr)
	dr.bisecting = h.fits && !h.untold && !h.answer.Done && h.answer.Stuck == nil && !dr.mr.Paused()
	dr.Tests = h.tests()
	if h.answer.Done && len(h.answer.Good) == 0 && !d.apartLeft(h) {
		dr.end(plan.AllBreakTests{})
	}
}

// newer lists the releases that would be offered instead of those that the branch holds.
func (dr *standing) newer() (out []plan.ReleaseOf) {
	for _, m := range dr.want {
		held := slices.IndexFunc(dr.trailer.Moves, func(o plan.Move) bool { return o.Key == m.Key })
		r := plan.ReleaseOf{Name: m.Name, Version: m.To}
		if held >= 0 && dr.trailer.Moves[held].To != m.To && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// huntReason says how far a batch is taken apart; nil when that has ended.
func (d *judging) huntReason(dr *draft, h *hunt) plan.Reason {
	a := h.answer
	switch {
	case len(h.files) == 0 || a.Done:
		return nil
	case !h.fits:
		return plan.CannotBeTakenApart{}
	case h.untold:
		return plan.NobodyToBlame{DefaultBranch: d.s.Project.DefaultBranch, FailedIn: h.jobs}
	case a.Stuck != nil:
		r := plan.PartDoesNotRun{}
		for _, t := range h.probes {
			if t.Set == a.Stuck.Set && t.mr != nil {
				r.Probe = max(r.Probe, t.mr.IID)
			}
		}
		return r
	}
	r := plan.TakenApart{Pipelines: 1, Running: a.Running}
	r.Good, r.Tested, r.Neither = h.whereabouts()
	for _, t := range h.probes {
		if t.result != bisect.Running {
			r.Pipelines++
		}
	}
	if len(a.Probes) > 0 && !d.mayTest(dr, h) {
		r.Waits = true
		if w := d.view(dr.handling); !w.Never {
			r.Opens = w.Opens.In(d.zone)
		}
	} else {
		r.Running += len(a.Probes) // they start in this run
	}
	return r
}

// mayTest reports whether probes may start now: in the window, and at any time for a commit that
// somebody asked for. The request is for that commit alone; a later one that nobody asked for waits
// for the window.
func (d *judging) mayTest(dr *draft, h *hunt) bool {
	return h.trailer.Ticked || d.may(dr.handling)
}

// apartLeft reports whether a guilty part still has to get its merge request, or whether that
// cannot be known. The push of the good part would end the proof against it.
func (d *judging) apartLeft(h *hunt) bool {
	waits := func(dr *draft) bool {
		return dr.Breaks != nil && dr.Breaks.Batch == h.mr.IID && dr.mr == nil && dr.held == "" && dr.refused == nil
	}
	return slices.ContainsFunc(d.drafts, waits) || len(d.unreadOf(h)) > 0
}

// unreadNow reports whether a package could not be read in this run, or is not on its index. An
// index with a fault may deny packages that it has.
func (d *judging) unreadNow(key string) bool {
	return slices.ContainsFunc(d.slotsOf(key), func(i int) bool {
		o := d.outcomes[i]
		return o.owned && (o.stale || o.unknown || o.absent)
	})
}

// unreadOf names the packages of a batch that are unread and have no merge request of their own
// yet.
func (d *judging) unreadOf(h *hunt) (names []string) {
	for _, p := range h.parts {
		apart := slices.ContainsFunc(d.drafts, func(dr *draft) bool {
			return dr.Breaks != nil && dr.Breaks.Batch == h.mr.IID && dr.mr != nil && slices.ContainsFunc(dr.Moves, func(m plan.Move) bool { return slices.Contains(p.keys, m.Key) })
		})
		if !apart && slices.ContainsFunc(p.keys, d.unreadNow) {
			names = append(names, h.names([]string{p.id})...)
		}
	}
	return names
}

// ends reports whether the good part of a batch is pushed now.
func (d *judging) ends(dr *draft, h *hunt) bool {
	return !dr.mr.Paused() && h.fits && h.answer.Done && len(h.answer.Good) > 0 && !d.apartLeft(h)
}

// starts reports whether probes start now.
func (d *judging) starts(dr *draft, h *hunt) bool {
	return !dr.mr.Paused() && h.fits && d.mayTest(dr, h) && slices.ContainsFunc(h.answer.Probes, func(p bisect.Probe) bool {
		return d.s.Failures[d.branchOf(h, p)] == ""
	})
}

func (d *judging) branchOf(h *hunt, p bisect.Probe) string {
	return plan.Probe{Group: h.group, Head: h.branch.Head.SHA, Set: p.Set, Attempt: p.Attempt}.Branch(d.s.Policy.BranchPrefix)
}

// test adds to the plan the next step of taking a batch apart.
func (d *acting) test(dr *draft, h *hunt) {
	switch {
	case d.ends(dr, h):
		d.endHunt(h)
		return
	case dr.mr.Paused() || !h.fits || h.answer.Done:
		return
	}
	may := d.mayTest(dr, h)
	for _, t := range h.probes {
		switch {
		case !t.ours || d.s.Failures[t.branch.Name] != "":
		case t.mr == nil && t.result == bisect.Running && may:
			d.openProbe(h, t.branch.Name, t.trailer)
		case t.mr != nil && t.result == bisect.Running:
			d.askForTestsOf(t)
			for _, a := range t.retries {
				d.act(a)
			}
		}
	}
	if !may {
		return
	}
	for _, p := range h.answer.Probes {
		d.startProbe(h, p)
	}
}

// askForTestsOf asks for tests of a probe, as for any head of ours.
func (d *acting) askForTestsOf(t trial) {
	o := d.s.Policy.OnOpen
	if (o.Comment == "" && !o.Pipeline) || t.branch.Asked || t.mr.HeadSHA != t.branch.Head.SHA {
		return
	}
	d.act(plan.AskForTests{IID: t.mr.IID, Branch: t.branch.Name, Head: t.branch.Head.SHA, OnOpen: o})
}

// startProbe commits a part of a batch on the commit on which the batch stands, and opens a draft
// for it.
func (d *acting) startProbe(h *hunt, p bisect.Probe) {
	name := d.branchOf(h, p)
	if d.s.Failures[name] != "" {
		return
	}
	t := plan.Trailers{Moves: h.movesOf(p.IDs), At: d.now.Stamp(), Why: h.trailer.Why, By: h.trailer.By, Probe: h.branch.Head.SHA}
	if d.commitPart(h, part{id: name, moves: t.Moves}, &t, "") {
		d.openProbe(h, name, t)
	}
}

// commitPart commits a part of a batch. The id of the part is the branch.
func (d *acting) commitPart(h *hunt, p part, t *plan.Trailers, expect string) bool {
	m := h.made(p.id, p.moves)
	if m.err != nil {
		return false
	}
	t.Base, t.Digest, t.Paths = h.trailer.Base, m.digest, nil
	for _, f := range m.files {
		t.Paths = append(t.Paths, f.Path)
	}
	subject := d.s.Policy.CommitTitle.Apply(plan.GroupTitle(h.group))
	if t.Probe != "" {
		subject = d.s.Policy.CommitTitle.Apply("Test a part of " + h.group)
	}
	c := plan.CommitBranch{Branch: p.id, Base: t.Base, Expect: expect, Files: m.files, Recipe: m.recipe, Digest: t.Digest, Message: plan.CommitMessage(subject, *t)}
	if expect != "" {
		c.MR, c.Because = h.mr.IID, "it was red, and what breaks it is taken out"
	}
	d.act(c)
	return true
}

// openProbe opens the merge request of a probe. It has no reviewers and no assignees.
func (d *acting) openProbe(h *hunt, name string, t plan.Trailers) {
	moves := h.movesOf(h.partsIn(t.Moves))
	u := plan.Update{
		Branch: name, Title: d.s.Policy.Title.Apply("Test a part of " + h.group), Name: h.group, Moves: moves,
		TestOf: &plan.TestOf{MR: h.mr.IID, Group: h.group, All: len(h.parts), Parts: len(h.partsIn(t.Moves))},
		Note:   plan.MergeRequestNote{Present: true, Digest: plan.TextDigest(t, ""), Target: d.s.Project.DefaultBranch, Moves: t.Moves, Why: t.Why, By: t.By, At: t.At},
	}
	d.act(plan.OpenMergeRequest{Update: u, Target: d.s.Project.DefaultBranch, At: d.world.head, Labels: append(slices.Clone(d.s.Policy.Labels), plan.ProbeLabel), Draft: true})
}

// partsIn lists the parts, by id, of which moves hold some package.
func (h *hunt) partsIn(moves []plan.Move) (out []string) {
	for _, p := range h.parts {
		if slices.ContainsFunc(moves, func(m plan.Move) bool { return slices.Contains(p.keys, m.Key) }) {
			out = append(out, p.id)
		}
	}
	return out
}

// endHunt leaves the good part in the merge request of the batch: a note, then one push. Every
// guilty part has a merge request of its own by then.
func (d *acting) endHunt(h *hunt) {
	a := h.answer
	end := &plan.BatchEnd{Pipelines: 1, All: len(h.parts), Good: len(a.Good), Green: a.Green}
	for _, t := range h.probes {
		if t.result == bisect.Green || t.result == bisect.Red {
			end.Pipelines++
		}
	}
	for _, g := range a.Guilty {
		out := plan.BatchOut{Names: h.names([]string{g.ID}), Break: h.breakOf(g)}
		for _, other := range d.drafts {
			if other.Breaks != nil && other.Breaks.Batch == h.mr.IID && slices.ContainsFunc(other.Moves, func(m plan.Move) bool { return slices.Contains(h.partOf(g.ID).keys, m.Key) }) {
				out.MR = other.MR
			}
		}
		end.Out = append(end.Out, out)
	}
	for _, w := range a.Waits {
		end.Waits = append(end.Waits, plan.BatchWait{Names: h.names([]string{w.ID}), For: h.names(w.For)})
	}
	end.Unclear = h.names(a.Unclear)
	d.act(plan.NoteMergeRequest{IID: h.mr.IID, Branch: h.branch.Name, Op: opID("apart", h.branch.Name, h.branch.Head.SHA), Why: "it was red and is taken apart", Ended: end})
	t := h.trailer
	t.Moves, t.At, t.Parts, t.Ticked = h.movesOf(a.Good), d.now.Stamp(), nil, false
	for _, p := range h.parts {
		if slices.Contains(a.Good, p.id) {
			t.Parts = append(t.Parts, p.keys)
		}
	}
	d.commitPart(h, part{id: h.branch.Name, moves: t.Moves}, &t, h.branch.Head.SHA)
}

// probesLeft closes the probes that are not needed any more and deletes their branches. It does
// that only on positive evidence: the batch is at another commit, is not open, or is green.
func (d *acting) probesLeft() {
	for _, b := range d.s.Branches {
		if !plan.IsProbe(d.s.Policy.BranchPrefix, b.Name) || d.s.Failures[b.Name] != "" {
			continue
		}
		t, ours := b.Ours(d.world.us)
		why := d.whyProbesEnd(t.Probe)
		mr, open := d.world.probes[b.Name]
		if !ours || t.Probe == "" || why == "" || open && mr.HeadSHA != b.Head.SHA {
			continue
		}
		if open {
			d.act(plan.CloseMergeRequest{IID: mr.IID, Branch: b.Name, Op: opID("close", b.Name), Reason: "Closed by pinwheel: " + why + "."})
		}
		d.act(plan.DeleteBranch{Branch: b.Name, Head: b.Head.SHA})
	}
}

// whyProbesEnd says why the probes of a batch at a commit are not needed any more; empty if they
// are, or if that is not known.
func (d *acting) whyProbesEnd(head string) string {
	for _, b := range d.s.Branches {
		if b.Head.SHA != head {
			continue
		}
		mr, open := d.world.open[b.Name]
		switch {
		case !open && len(d.world.history[b.Name]) > 0:
			return "the merge request of which it tests a part is not open any more"
		case !open:
			return ""
		}
		if result, _, _ := d.resultOf(mr, b); result == bisect.Green {
			return "the merge request of which it tests a part is green"
		}
		return ""
	}
	return "what it tests a part of is at another commit now"
}

// partsFor lists the parts of a batch that a commit with these moves has; nil if they are not
// known.
func (dr *offer) partsFor(moves []plan.Move, before plan.Parts) plan.Parts {
	for _, all := range []plan.Parts{dr.parts, before} {
		var out plan.Parts
		n := map[string]bool{}
		for _, keys := range all {
			if slices.ContainsFunc(moves, func(m plan.Move) bool { return slices.Contains(keys, m.Key) }) {
				out = append(out, keys)
				for _, k := range keys {
					n[k] = true
				}
			}
		}
		if every(moves, func(m plan.Move) bool { return n[m.Key] }) {
			return out
		}
	}
	return nil
}
