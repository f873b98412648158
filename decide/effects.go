package decide

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// finish makes updates with reasons of the drafts, and actions of what they do.
func (d *acting) finish() {
	sort.SliceStable(d.drafts, func(i, j int) bool { return before(d.drafts[i], d.drafts[j]) })
	for _, dr := range d.drafts {
		failed := d.errored(dr)
		dr.Forced = dr.forced
		if dr.do == DoOpen || dr.mr != nil && dr.ours || dr.do == DoStartOver {
			dr.Ready = d.readiness(dr)
		}
		if d.s.Policy.Mode == plan.Full && !failed {
			d.effects(dr)
		}
		if dr.mr != nil && dr.ours {
			dr.Note = d.markerOf(&dr.standing)
		}
		if dr.State == plan.Open && dr.do == DoClose {
			continue // it closes in this run; nothing more to say of it
		}
		dr.State = dr.shown()
		d.plan.Updates = append(d.plan.Updates, dr.Update)
	}
	d.order()
}

// errored reports whether an effect on the draft's branch failed in this run. If the draft
// would have an effect again, errored gives it the state for that.
func (d *acting) errored(dr *draft) bool {
	failure, failed := d.s.Failures[dr.Branch]
	if failed && (dr.do == DoOpen || dr.do.rebuilds() || dr.unwanted() || dr.mr == nil) {
		why := plan.EffectFailed{Says: failure}
		if dr.forced != nil {
			why.By = dr.forced.By.Username
		}
		dr.stand(plan.Errored, why)
	}
	return failed
}

// order sorts what the plan lists.
func (d *acting) order() {
	order := map[plan.State]int{}
	for i, row := range plan.Table() {
		order[row.State] = i
	}
	sort.SliceStable(d.plan.Updates, func(i, j int) bool {
		a, b := d.plan.Updates[i], d.plan.Updates[j]
		if order[a.State] != order[b.State] {
			return order[a.State] < order[b.State]
		}
		if an, bn := strings.ToLower(a.Name), strings.ToLower(b.Name); an != bn {
			return an < bn
		}
		return a.Branch < b.Branch
	})
	sort.SliceStable(d.plan.Why, func(i, j int) bool { return strings.ToLower(d.plan.Why[i].Name) < strings.ToLower(d.plan.Why[j].Name) })
}

// markerOf is what the marker of the description holds.
func (d *holding) markerOf(dr *standing) plan.MergeRequestNote {
	t := dr.trailer
	return plan.MergeRequestNote{Present: true, Digest: plan.TestsDigest(plan.TextDigest(t, dr.Clash, dr.Told()...), dr.Tests), Target: d.s.Project.DefaultBranch, Moves: t.Moves, Why: t.Why, By: t.By, At: t.At, Request: t.Request, Ready: dr.Ready.Mark()}
}

// effects appends what one draft needs, in the order it must happen.
func (d *acting) effects(dr *draft) {
	switch dr.do {
	case DoClose:
		d.close(dr)
	case DoStartOver:
		d.startOver(dr)
	case DoOpen:
		d.open(dr)
	case DoMerge:
		d.edit(dr) // it says by what it passed
		d.merge(dr)
	case DoLeave, DoMove, DoRebuild:
		if dr.mr != nil && (dr.State == plan.Open || dr.State == plan.Incompatible) {
			d.keepOpen(dr)
		}
	}
}

// startOver makes an edited branch anew, after a note that names the dropped commits and a
// branch that keeps their head.
func (d *acting) startOver(dr *draft) {
	t := plan.Trailers{Moves: dr.want, Lines: dr.wantLines, At: d.now.Stamp(), Why: plan.CauseForced, By: dr.forced.By.Username, Request: dr.forced.ID, Ticked: true}
	dr.Update.Moves, dr.Lines, dr.Along = dr.want, dr.wantLines, dr.wantAlong
	d.retell(&dr.offer)
	if dr.titleIsOurs(dr.mr.Title, dr.Name, dr.heading()) {
		dr.refresh()
	}
	d.act(plan.KeepCommits{IID: dr.mr.IID, Branch: dr.Branch, Head: dr.branch.Head.SHA, By: t.By})
	d.guard(dr)
	if d.commit(dr, t) {
		d.edit(dr)
	}
}

// guard makes a merge request a draft before it gets a new head, which shows no gate yet.
func (d *acting) guard(dr *draft) {
	if guards(d.gatesOf(dr.Update.Moves)) && !plan.IsDraft(dr.mr.Title) {
		d.act(plan.GuardMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Draft: true, Head: dr.branch.Head.SHA})
		dr.mr.Title = plan.GuardPrefix + dr.mr.Title
	}
}

func (d *acting) close(dr *draft) {
	why := plan.Markdown(dr.ends)
	if a := d.closesFor(dr.mr); a != nil {
		// Our note says that it was done. So it comes last, and whoever opens the merge
		// request again after it has the last word.
		d.act(plan.CloseMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Op: a.ClosedFor(), Why: dr.ends})
		d.act(a.reply())
		return
	}
	if h := d.heldBy(dr); h != nil { // our note about that is there
		d.act(plan.CloseMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Op: h.Answer.ClosedFor(), Why: dr.ends})
		d.act(plan.DeleteBranch{Branch: dr.Branch, Head: dr.branch.Head.SHA})
		return
	}
	d.act(plan.CloseMergeRequest{IID: dr.mr.IID, Branch: dr.Branch, Op: opID("close", dr.Branch, fmt.Sprint(dr.mr.IID), why), Why: dr.ends, Reason: "Closed by pinwheel: " + why + ".", By: dr.by})
	d.act(plan.DeleteBranch{Branch: dr.Branch, Head: dr.branch.Head.SHA})
}

// keepOpen rebuilds the branch if that is due, and brings the texts up to date.
func (d *acting) keepOpen(dr *draft) {
	if dr.do.rebuilds() {
		t := dr.trailer
		if dr.do == DoMove {
			t.Moves, t.Lines, t.At, t.Why, t.By = dr.Moves, dr.Lines, d.now.Stamp(), d.whyNow(), ""
			t.Breaks, dr.Breaks = nil, nil // a newer release is not to blame
			switch {
			case dr.forced != nil:
				t.Why, t.By = plan.CauseForced, dr.forced.By.Username
			case dr.Clash != "":
				t.Why = plan.CauseClash
			}
			dr.Clash = ""
		} else if len(dr.Moves) > 0 {
			t.Moves = dr.Moves // main may pin another version than the one it started from
			t.Lines = dr.Lines
		}
		dr.because, dr.asker = d.whyAnew(dr)
		if t.Ticked = dr.forced != nil; t.Ticked {
			t.Request = dr.forced.ID
		}
		dr.Lines = t.Lines
		dr.refresh()
		d.guard(dr)
		if !d.commit(dr, t) {
			return
		}
	}
	if d.showGates(dr) {
		return // what its texts say of gates is known after that
	}
	h := d.hunts[dr.Branch]
	if h == nil || dr.do != DoLeave || !d.ends(dr, h) && !d.starts(dr, h) { // else its texts follow the effects, in one edit
		d.edit(dr)
	}
	d.askForTests(dr)
	if h != nil && dr.do == DoLeave {
		d.test(dr, h)
	}
}

// whyAnew is why a branch is made anew at the versions that it has, and who asked for that. It
// is empty for a branch that moves. It does not say why the merge request was opened.
func (d *acting) whyAnew(dr *draft) (because, by string) {
	switch {
	case dr.do == DoMove:
		return "", ""
	case dr.because != "":
		return dr.because, ""
	case dr.forced != nil:
		return "a tick asks for a rebuild", dr.forced.By.Username
	case dr.merging == conflicting:
		return "a conflict with " + d.s.Project.DefaultBranch, ""
	case dr.trailer.Adopted && !d.genuine(&dr.standing):
		return "its files are not as pinwheel writes them", ""
	case d.switched(&dr.standing):
		return d.s.Project.DefaultBranch + " is the default branch now, instead of " + dr.mr.Target, ""
	}
	return "the derived file on " + d.s.Project.DefaultBranch + " changed", ""
}

// askForTests asks for tests once for each head of ours, as soon as GitLab shows it.
func (d *acting) askForTests(dr *draft) {
	o := d.s.Policy.OnOpen
	if (o.Comment == "" && !o.Pipeline) || dr.do.rebuilds() || dr.branch.Asked || dr.mr.HeadSHA != dr.branch.Head.SHA {
		return
	}
	d.act(plan.AskForTests{IID: dr.mr.IID, Branch: dr.Branch, Head: dr.branch.Head.SHA, OnOpen: o})
}

// refresh makes the title and the date anew for the versions that the update has now.
func (dr *offer) refresh() {
	if dr.Kind == plan.Twin || len(dr.Moves) == 0 {
		return
	}
	dr.Title = dr.heading()
	dr.Released = dr.Moves[0].Released
	for _, m := range dr.Moves {
		dr.Released = maxTime(dr.Released, m.Released)
	}
}

// edit makes title and description say what the branch holds. It leaves a text that a person took
// over.
func (d *acting) edit(dr *draft) {
	note := dr.mr.Note
	e := plan.EditMergeRequest{IID: dr.mr.IID}
	if dr.titleIsOurs(dr.mr.Title, dr.Name, dr.Title) {
		if plain := plan.PlainTitle(dr.mr.Title); plain != dr.Title {
			e.Title = strings.Replace(dr.mr.Title, plain, dr.Title, 1)
		}
	} else {
		dr.Title = dr.mr.Title
	}
	open := dr.State == plan.Open || dr.forced != nil
	if title, asked := plan.CutRebase(cmp.Or(e.Title, dr.mr.Title)); asked && open {
		e.Title = title
	}
	if dr.mr.Target != d.s.Project.DefaultBranch {
		e.Target = d.s.Project.DefaultBranch // the default branch was renamed or is another one
	}
	want := d.markerOf(&dr.standing)
	e.Answer = slices.Contains(dr.mr.Labels, plan.RebaseLabel) && open
	same := note.Digest == want.Digest && note.Ready == want.Ready
	e.Keep = same && !(note.RebaseBox && open) && e.Target == ""
	if e.Target != "" || (note.Present || note.Other && dr.ours) && !same || (note.RebaseBox && open) || e.Answer || e.Title != "" {
		if note.Digest != want.Digest {
			// Along with the text alone: a label that a person took off stays off.
			e.Labels = dr.Labels
		}
		dr.Note = want
		e.Update = dr.Update
		d.act(e)
	}
}

func (d *acting) open(dr *draft) {
	t := plan.Trailers{Moves: dr.Moves, Lines: dr.Lines, At: d.now.Stamp(), Why: d.whyNow(), Breaks: dr.Breaks}
	if dr.Kind == plan.Twin {
		t.Why = plan.CauseRepair
	}
	if dr.forced != nil {
		t.Why, t.By, t.Request, t.Ticked = plan.CauseForced, dr.forced.By.Username, dr.forced.ID, true
	}
	if dr.branch != nil && !dr.ours {
		return
	}
	// A commit that says of who asked what this decision does not say is somebody else's word.
	is := dr.trailer
	signed := is.By == t.By && is.Request == t.Request && is.Ticked == t.Ticked && (is.Why == plan.CauseForced) == (t.Why == plan.CauseForced)
	if dr.branch == nil || !signed || dr.trailer.Base != d.world.head || plan.MovesText(dr.trailer.Moves) != plan.MovesText(dr.Moves) || plan.LinesText(dr.trailer.Lines) != plan.LinesText(dr.Lines) {
		if !d.commit(dr, t) {
			return
		}
	}
	dr.Note = d.markerOf(&dr.standing)
	dr.stand(plan.AwaitingSchedule, plan.OpensNow{})
	labels := append(slices.Clone(d.s.Policy.Labels), dr.Labels...)
	if dr.Breaks != nil {
		labels = append(labels, plan.BreaksLabel)
	}
	a := plan.OpenMergeRequest{Update: dr.Update, Target: d.s.Project.DefaultBranch, At: d.world.head, Labels: labels, Draft: d.s.Policy.Draft, Guard: guards(d.gatesOf(dr.Moves))}
	if dr.refused != nil && !dr.refused.merged && dr.refused.mr.Branch == dr.Branch {
		a.Reopen, a.Retitle = dr.refused.mr.IID, dr.titleIsOurs(dr.refused.mr.Title, dr.Name, dr.Title)
	}
	a.Reviewers, a.Assignees = d.people(dr.Moves)
	a.CodeOwners = d.s.Policy.CodeOwners
	d.act(a)
}

// commit adds the branch's one commit to the plan. If the files cannot be made, it sets the state
// and reports false.
func (d *acting) commit(dr *draft, t plan.Trailers) bool {
	t.Adopted = false // from here on it is a commit of ours
	m := d.content(&dr.offer)
	if m.err != nil {
		dr.stand(plan.Errored, plan.FilesFail{Says: m.err.Error()})
		return false
	}
	t.Base = d.world.head
	if d.s.Policy.Bisects(dr.Group) {
		t.Parts = dr.partsFor(t.Moves, t.Parts)
	}
	t.Paths = nil
	for _, f := range m.files {
		t.Paths = append(t.Paths, f.Path)
	}
	t.Digest = m.digest
	c := plan.CommitBranch{Branch: dr.Branch, Base: t.Base, Files: m.files, Recipe: m.recipe, Digest: t.Digest, Message: plan.CommitMessage(d.s.Policy.CommitTitle.Apply(dr.subject()), t)}
	c.Because, c.By = dr.because, dr.asker
	if dr.branch != nil {
		c.Expect = dr.branch.Head.SHA
	}
	if dr.mr != nil {
		c.MR = dr.mr.IID
	}
	dr.trailer = t
	d.act(c)
	return true
}

// subject is the first line of a commit: generated, whatever title a person
// gave the merge request.
func (dr *offer) subject() string {
	if dr.Kind == plan.Twin {
		return dr.repairs
	}
	return dr.plainHeading()
}

func (d *scene) act(a plan.Action) { d.plan.Actions = append(d.plan.Actions, a) }

// leftovers deletes branches of ours that are not used any more and whose merge request was
// merged, or closed by us.
func (d *acting) leftovers() {
	if d.s.Policy.Mode != plan.Full {
		return
	}
	for _, b := range d.s.Branches {
		history := d.world.history[b.Name]
		_, open := d.world.open[b.Name]
		_, astray := d.world.astray[b.Name]
		_, failed := d.s.Failures[b.Name]
		used := slices.ContainsFunc(d.drafts, func(dr *draft) bool { return dr.Branch == b.Name && dr.do == DoOpen })
		if open || astray || used || failed || len(history) == 0 {
			continue
		}
		last := history[0]
		if _, ours := b.Ours(d.world.us); ours && last.HeadSHA == b.Head.SHA && (last.State == plan.Merged || last.Note.ClosedByUs) {
			d.act(plan.DeleteBranch{Branch: b.Name, Head: b.Head.SHA})
		}
	}
}
