package decide

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file decides about reverts of our merges that broke the default branch: which can be made,
// who may ask for them, and what is done then.

// revert is a merge that can be reverted, with the files as they are now.
type revert struct {
	of     plan.AfterMerge
	branch string
	offer  offer
	made   made
	open   *plan.MergeRequest // that reverts it already
	asked  *plan.Tick
}

// findReverts finds the merges that broke something, or left what was not tested, and can be
// reverted: the pins are still where every step of them ended.
func (d *holding) findReverts() {
	for _, m := range d.s.Merges {
		if (len(m.Broke) == 0 || m.Mended) && len(m.Altered) == 0 {
			continue
		}
		r := &revert{of: m, branch: plan.RevertBranch(d.s.Policy.BranchPrefix, m.IID)}
		if mr, open := d.world.reverts[r.branch]; open {
			r.open = &mr
		}
		if d.makeRevert(r) || r.open != nil {
			d.reverts = append(d.reverts, r)
		}
	}
}

// makeRevert makes the files of a revert, and reports whether that could be done.
func (d *holding) makeRevert(r *revert) bool {
	moves, lines := r.of.Made.Back()
	r.offer = offer{form: d.s.Policy.Title, Update: plan.Update{Branch: r.branch, Title: revertTitle(r.of), Kind: plan.Downgrade, Reverts: r.of.IID}}
	for _, m := range moves {
		steps := d.movesIn(m, d.files)
		if len(steps) == 0 {
			return false // the pin has moved on since
		}
		for _, step := range steps {
			step.Kind = plan.Downgrade
			r.offer.Moves = append(r.offer.Moves, step)
		}
	}
	for _, l := range lines {
		l.File = cmp.Or(l.File, first(r.of.Made.Paths))
		if v := d.versionOf(l); !l.Removed && v != nil {
			l.SHA256 = hashes(v)
		}
		r.offer.Lines = append(r.offer.Lines, l)
	}
	if len(moves) == 0 {
		return false
	}
	r.offer.Name = r.offer.Moves[0].Name
	r.made = d.content(&r.offer)
	return r.made.err == nil
}

// versionOf is the release of a line, nil if it is not known.
func (d *scene) versionOf(l plan.LineChange) *plan.Release {
	for i, r := range d.s.Packages[l.Key].Releases {
		if r.Version.String() == l.Version {
			return &d.s.Packages[l.Key].Releases[i]
		}
	}
	return nil
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// plainSubject matches subjects of our commits that are safe to repeat; somebody may have forged
// the commit.
var plainSubject = regexp.MustCompile(`^[A-Za-z0-9 ()\[\]:._,+-]{1,200}$`)

// revertTitle is the title of a revert, as GitLab words it.
func revertTitle(m plan.AfterMerge) string {
	if plainSubject.MatchString(m.Subject) {
		return fmt.Sprintf("Revert %q", m.Subject)
	}
	return fmt.Sprintf("Revert !%d", m.IID)
}

// revertAt is the revert on a branch, nil for none.
func (d *holding) revertAt(branch string) *revert {
	i := slices.IndexFunc(d.reverts, func(r *revert) bool { return r.branch == branch })
	if i < 0 {
		return nil
	}
	return d.reverts[i]
}

// revertRequest judges a tick on the box of a revert.
func (d *holding) revertRequest(t plan.Tick) plan.Request {
	q := plan.Request{Tick: t}
	r, unread := d.revertAt(t.Branch), false
	if iid, is := plan.RevertOf(d.s.Policy.BranchPrefix, t.Branch); is {
		q.Title = fmt.Sprintf("Revert of merge request %d", iid)
		unread = r == nil && slices.ContainsFunc(d.s.Merges, func(m plan.AfterMerge) bool { return m.IID == iid && m.Unread })
	}
	_, open := d.world.reverts[t.Branch]
	least := max(d.s.Policy.RevertRole, d.s.Policy.MinimumRole)
	verdict, why := d.allowed(t, least)
	switch {
	case open, r == nil && t.Remembered && !unread:
		q.Verdict = plan.Done
	case verdict != "":
		q.Verdict, q.Why = verdict, why
	case unread:
		q.Verdict = plan.Accepted // it waits until GitLab tells what came of the merge
	case r == nil:
		q.Verdict, q.Why = plan.Refused, plan.NothingToRevert{DefaultBranch: d.s.Project.DefaultBranch}
	case d.s.Policy.Mode != plan.Full:
		q.Verdict, q.Why = plan.Refused, plan.TickNoBranches{}
	default:
		q.Verdict = plan.Accepted
		if r.asked == nil {
			r.asked = &t
		}
	}
	return q
}

// revertAsked opens the reverts that were asked for: one commit on the newest head, and its merge
// request.
func (d *acting) revertAsked() {
	for _, r := range d.reverts {
		if r.asked == nil || r.open != nil || d.s.Failures[r.branch] != "" {
			continue
		}
		b, there := d.world.branches[r.branch]
		have, ours := b.Ours(d.world.us)
		if there && !ours {
			continue // it has a person's commits, which the box says
		}
		t := plan.Trailers{
			Base: d.world.head, Digest: r.made.digest, Moves: r.offer.Moves, Lines: r.offer.Lines,
			Why: plan.CauseForced, By: r.asked.By.Username, At: d.now.Stamp(), Request: r.asked.ID,
		}
		for _, f := range r.made.files {
			t.Paths = append(t.Paths, f.Path)
		}
		if there && have.Base == t.Base && have.Digest == t.Digest {
			t = have // an earlier run made the branch and no merge request
		} else {
			c := plan.CommitBranch{Branch: r.branch, Base: t.Base, Files: r.made.files, Recipe: r.made.recipe, Digest: t.Digest, Message: plan.CommitMessage(revertTitle(r.of), t)}
			if there {
				c.Expect = b.Head.SHA
			}
			d.act(c)
		}
		u := r.offer.Update
		u.Note = plan.MergeRequestNote{Present: true, Digest: plan.TextDigest(t, ""), Target: d.s.Project.DefaultBranch, Moves: t.Moves, Why: t.Why, By: t.By, At: t.At, Request: r.asked.ID}
		a := plan.OpenMergeRequest{Update: u, Target: d.s.Project.DefaultBranch, At: d.world.head, Labels: slices.Clone(d.s.Policy.Labels), CodeOwners: d.s.Policy.CodeOwners}
		a.Reviewers, a.Assignees = d.people(u.Moves)
		d.act(a)
	}
}

// revertsLeft deletes the branches of merged reverts, and branches of reverts without a merge
// request that nobody asks for any more.
func (d *acting) revertsLeft() {
	for _, b := range d.s.Branches {
		if _, is := plan.RevertOf(d.s.Policy.BranchPrefix, b.Name); !is || d.s.Failures[b.Name] != "" {
			continue
		}
		last, past := d.world.reverted[b.Name]
		_, open := d.world.reverts[b.Name]
		r := d.revertAt(b.Name)
		unused := !past && (r == nil || r.asked == nil)
		if _, ours := b.Ours(d.world.us); ours && !open && (unused || last.State == plan.Merged && last.HeadSHA == b.Head.SHA) {
			d.act(plan.DeleteBranch{Branch: b.Name, Head: b.Head.SHA})
		}
	}
}

// brokeProblem says that a merge broke the default branch, and mend is what ends that beside a
// revert.
func brokeProblem(webURL string, m plan.AfterMerge, on string) (p plan.Problem, mend string) {
	return plan.Problem{
		Page: fmt.Sprintf("%s/-/pipelines/%d", webURL, m.Pipeline),
		Text: fmt.Sprintf("!%d was merged on %s, and the next pipeline of %s failed in %s, which passed before", m.IID, on, m.Target, some(m.Broke)),
		Next: fmt.Sprintf("revert !%d, or mend %s", m.IID, m.Target),
	}, "mend " + m.Target
}

// alteredProblem says that the default branch holds what was not tested, and mend is what ends
// that beside a revert.
func alteredProblem(webURL string, m plan.AfterMerge, on string) (p plan.Problem, mend string) {
	mend = fmt.Sprintf("change %s on %s", some(m.Altered), m.Target)
	return plan.Problem{
		Page: fmt.Sprintf("%s/-/commit/%s", webURL, m.Commit),
		Text: fmt.Sprintf("!%d was merged on %s, and %s holds %s there in another form than the one that was tested", m.IID, on, m.Target, some(m.Altered)),
		Next: fmt.Sprintf("revert !%d, or %s: this stands until then", m.IID, mend),
	}, mend
}

// withRevert is the problem of a merge with the revert that is offered beside it or open already.
// Of two problems of one merge the first has the box.
func (d *holding) withRevert(m plan.AfterMerge, p plan.Problem, mend string) plan.Problem {
	r := d.revertAt(plan.RevertBranch(d.s.Policy.BranchPrefix, m.IID))
	offered := slices.ContainsFunc(d.plan.Reverts, func(o plan.Revert) bool { return o.MR == m.IID })
	switch {
	case r == nil:
	case r.open != nil:
		p.Next = fmt.Sprintf("merge !%d, which takes it back, or %s", r.open.IID, mend)
	case d.s.Policy.Mode == plan.Full && !offered:
		d.plan.Reverts = append(d.plan.Reverts, plan.Revert{MR: m.IID, Branch: r.branch, Page: p.Page})
		if failure := d.s.Failures[r.branch]; failure != "" {
			p.Next = strings.TrimRight(failure, ".") + ": the next run tries again; or " + mend
		}
	}
	return p
}
