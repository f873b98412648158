package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file judges answers in words: who may say what, what is held back on account of
// it, and what is written about it.

// hold is an answer that is in force.
type hold struct {
	plan.Hold
	ended *plan.Tick // somebody ends it with this
}

// reason is why a hold keeps a release away.
func (h *hold) reason(zone *time.Location) plan.HeldByPerson {
	out := plan.HeldByPerson{By: h.Answer.By.Username, On: h.MR, At: h.Answer.At.In(zone), Versions: h.Asked.Says(), Says: h.Asked.Reason}
	if !h.Asked.Until.IsZero() {
		out.Until = h.Asked.Until.In(zone)
	}
	return out
}

// answered is an answer with the judgement on it.
type answered struct {
	plan.Answer
	mr    plan.MergeRequest
	asked plan.Asked
	fresh bool        // no note of ours is about it yet
	why   plan.Reason // why it is refused
}

// answers is all that people said in words.
type answers struct {
	off   bool       // the policy lets nobody answer
	all   []answered // by merge request and comment
	holds []*hold    // in the same order
}

// heard judges every answer of a snapshot. What somebody said once and pinwheel took over
// stands until it is ended, whatever role they have since.
func heard(s *plan.Snapshot, now *plan.Instant) answers {
	out := answers{off: s.Policy.AnswerRole == plan.Nobody}
	if out.off {
		return out
	}
	for _, mr := range s.MergeRequests {
		if len(mr.Heard.Answers) > 0 && isUpdates(s, mr) {
			out.judge(s, now, mr)
		}
	}
	slices.SortStableFunc(out.all, func(a, b answered) int { return cmp.Compare(a.mr.IID, b.mr.IID) })
	slices.SortStableFunc(out.holds, func(a, b *hold) int { return cmp.Compare(a.MR, b.MR) })
	return out
}

// isUpdates reports whether a merge request is one of an update.
func isUpdates(s *plan.Snapshot, mr plan.MergeRequest) bool {
	prefix := s.Policy.BranchPrefix
	_, reverts := plan.RevertOf(prefix, mr.Branch)
	return mr.SameProject && !reverts && !plan.IsProbe(prefix, mr.Branch) && strings.HasPrefix(mr.Branch, prefix) && !strings.HasPrefix(mr.Branch, plan.KeptPrefix(prefix))
}

// judge judges the answers on one merge request. Of those that say later the last counts.
func (o *answers) judge(s *plan.Snapshot, now *plan.Instant, mr plan.MergeRequest) {
	zone := s.Policy.Window.Zone()
	last, refused := -1, map[int64]int{}
	for _, a := range mr.Heard.Answers {
		j := answered{Answer: a, mr: mr, asked: a.Asks(zone), fresh: a.State == plan.AnswerNew}
		if j.fresh {
			j.permit(s)
		}
		if j.State == plan.AnswerRefused {
			refused[j.By.ID]++
			j.fresh = j.fresh && refused[j.By.ID] <= plan.MostRefusals
		}
		o.all = append(o.all, j)
		if j.State != plan.AnswerAccepted || j.asked.Mistake != "" || j.asked.Verb == plan.AnswerClose || len(j.On) == 0 {
			continue
		}
		h := &hold{Hold: plan.Hold{Answer: j.Answer, MR: mr.IID, Branch: plan.HoldBranch(s.Policy.BranchPrefix, mr.IID, a.ID), Asked: j.asked, On: j.On}}
		switch {
		case j.asked.Verb == plan.AnswerNever:
			o.holds = append(o.holds, h)
		case last >= 0:
			o.holds[last] = h
		default:
			last, o.holds = len(o.holds), append(o.holds, h)
		}
	}
	if last >= 0 && now.Passed(o.holds[last].Asked.Until) {
		o.holds = slices.Delete(o.holds, last, last+1)
	}
}

// permit accepts or refuses an answer that is new.
func (a *answered) permit(s *plan.Snapshot) {
	a.State = plan.AnswerRefused
	least := s.Policy.AnswerRole
	branch := slices.IndexFunc(s.Branches, func(b plan.Branch) bool { return b.Name == a.mr.Branch })
	t, ours := plan.Trailers{}, false
	if branch >= 0 {
		t, ours = s.Branches[branch].Ours(plan.UsOf(s.Bot, s.Former))
	}
	open := a.mr.State == plan.Opened
	switch {
	case a.Role < least:
		a.why = plan.RoleTooLow{Needs: least.String(), Has: a.Role.String()}
		return
	case a.Changed && (a.asked.Verb != plan.AnswerClose || a.mr.Note.ClosedFor != a.ClosedFor()):
		a.why = plan.AnswerUnclear{Says: "its comment was changed after it was written, or somebody reacted to it: write it again in a new one"}
		return
	case a.asked.Mistake != "":
		a.why = plan.AnswerUnclear{Says: a.asked.Mistake}
		return
	case a.asked.Verb == plan.AnswerClose && open && (!ours || a.mr.Target != s.Project.DefaultBranch):
		a.why = plan.AnswerToPeople{}
		return
	case a.asked.Verb == plan.AnswerClose && (a.mr.State != plan.Closed && !open || a.mr.Note.ClosedByUs && a.mr.Note.ClosedFor != a.ClosedFor()):
		a.why = plan.AnswerTooLate{}
		return
	case a.asked.Verb == plan.AnswerClose:
		a.State = plan.AnswerAccepted
		return
	}
	moves := a.mr.Note.Moves
	if open && ours {
		moves = t.Moves
	}
	if a.On, a.why = a.about(moves); a.why == nil {
		a.State = plan.AnswerAccepted
	}
}

// about is what an answer is about: of later all packages that the merge request moves,
// of never the one that it names.
func (a *answered) about(moves []plan.Move) (on []plan.HeldPin, why plan.Reason) {
	only := ""
	switch {
	case len(moves) == 0:
		return nil, plan.AnswerNamesNone{}
	case a.asked.Verb == plan.AnswerNever && a.asked.Package != "":
		if only = a.asked.Package; !slices.ContainsFunc(moves, func(m plan.Move) bool { return m.Key == only }) {
			return nil, plan.AnswerNotOf{Package: only}
		}
	case a.asked.Verb == plan.AnswerNever && !plan.IsPackageBranch(a.mr.Branch):
		return nil, plan.AnswerNamesNone{} // a group's: any of them may be meant
	case a.asked.Verb == plan.AnswerNever:
		only = moves[0].Key
	}
	for _, m := range moves {
		if pin := (plan.HeldPin{Key: m.Key, To: m.To}); (only == "" || m.Key == only) && !slices.Contains(on, pin) {
			on = append(on, pin)
		}
	}
	return on, nil
}

// holding is the answer that keeps a release away; nil where none does.
func (j *judge) holding(q question, v pep440.Version) *hold {
	for _, h := range j.holds {
		if h.Covers(q.sl.p.Key, v, q.calendar) {
			return h
		}
	}
	return nil
}

// closesFor is the answer for which an open merge request closes; nil for none.
func (d *scene) closesFor(mr *plan.MergeRequest) *answered {
	for i := range d.words.all {
		if a := &d.words.all[i]; a.fresh && a.mr.IID == mr.IID && a.State == plan.AnswerAccepted && a.asked.Verb == plan.AnswerClose {
			return a
		}
	}
	return nil
}

// unclear reports whether somebody with a role asks for something on a merge request that is refused
// in this run. The role of whoever asked is read in that run alone.
func (o answers) unclear(iid int64, least plan.Role) bool {
	return slices.ContainsFunc(o.all, func(a answered) bool {
		return a.mr.IID == iid && a.State == plan.AnswerRefused && a.Role >= least
	})
}

// postpone reports whether somebody said later on a merge request.
func (o answers) postpone(iid int64) bool {
	return slices.ContainsFunc(o.holds, func(h *hold) bool { return h.MR == iid && h.Asked.Verb == plan.AnswerLater })
}

// heldBy is what somebody said on an open merge request and keeps back what that holds;
// nil for none.
func (d *scene) heldBy(dr *draft) *hold {
	gone, is := dr.ends.(plan.Gone)
	if !is {
		return nil
	}
	by, is := gone.Why.R.(plan.HeldByPerson)
	if !is || by.On != dr.mr.IID {
		return nil
	}
	at := slices.IndexFunc(d.words.holds, func(h *hold) bool { return h.MR == by.On && h.reason(d.zone) == by })
	if at < 0 {
		return nil
	}
	return d.words.holds[at]
}

// askedToClose makes a merge request that we closed because somebody asked for it one that they
// closed. Where nobody may answer any more, only its mark tells of that.
func (o answers) askedToClose(mr plan.MergeRequest) plan.MergeRequest {
	if mr.State != plan.Closed || !mr.Note.AnswersClosing() {
		return mr
	}
	if o.off {
		mr.Note.ClosedByUs, mr.ClosedBy = false, plan.User{}
	}
	for _, a := range o.all {
		if a.mr.IID == mr.IID && a.State == plan.AnswerAccepted && a.asked.Verb == plan.AnswerClose && a.ClosedFor() == mr.Note.ClosedFor {
			mr.Note.ClosedByUs, mr.ClosedBy, mr.Heard.Says = false, a.By, a.asked.Reason
		}
	}
	return mr
}

// unhold judges a tick on the box that ends a hold.
func (d *scene) unhold(t plan.Tick) plan.Request {
	q := plan.Request{Tick: t}
	iid, id, _ := plan.HoldOf(d.s.Policy.BranchPrefix, t.Branch)
	q.Title = fmt.Sprintf("What merge request %d holds back", iid)
	at := slices.IndexFunc(d.words.holds, func(h *hold) bool { return h.MR == iid && h.Answer.ID == id })
	ended := slices.ContainsFunc(d.words.all, func(a answered) bool { return a.mr.IID == iid && a.ID == id && a.State == plan.AnswerEnded })
	verdict, why := d.allowed(t, max(d.s.Policy.AnswerRole, d.s.Policy.MinimumRole))
	switch {
	case ended, at < 0 && t.Remembered:
		q.Verdict = plan.Done
	case verdict != "":
		q.Verdict, q.Why = verdict, why
	case at < 0:
		q.Verdict, q.Why = plan.Refused, plan.NothingHeld{}
	default:
		q.Verdict = plan.Accepted
		if h := d.words.holds[at]; h.ended == nil {
			h.ended = &t
		}
	}
	return q
}

// replies are the notes that say what became of answers, but for those that close: these
// come after that.
func (o answers) replies(failed map[string]string) (out []plan.Action) {
	for i := range o.all {
		a := &o.all[i]
		if closes := a.State == plan.AnswerAccepted && a.asked.Verb == plan.AnswerClose && a.mr.State == plan.Opened; a.fresh && !closes && failed[a.mr.Branch] == "" {
			out = append(out, a.reply())
		}
	}
	for _, h := range o.holds {
		if h.ended == nil {
			continue
		}
		at := slices.IndexFunc(o.all, func(a answered) bool { return a.mr.IID == h.MR && a.ID == h.Answer.ID })
		a := o.all[at]
		out = append(out, plan.NoteMergeRequest{
			IID: h.MR, Branch: a.mr.Branch, Op: a.Op(plan.AnswerEnded), Why: "ends what " + a.Line + " holds back",
			Reply: &plan.Reply{Answer: a.Answer, State: plan.AnswerEnded, Asked: a.asked, By: h.ended.By.Username},
		})
	}
	return out
}

// reply is the note that says what became of one answer.
func (a *answered) reply() plan.Action {
	r := &plan.Reply{Answer: a.Answer, State: a.State, Why: a.why, Asked: a.asked}
	switch {
	case a.asked.Verb != plan.AnswerClose:
	case a.mr.Note.ClosedByUs || a.mr.State == plan.Opened:
		r.Closes = plan.AnswerDoesClose
	default:
		r.Closes = plan.AnswerClosedByNow
	}
	return plan.NoteMergeRequest{IID: a.mr.IID, Branch: a.mr.Branch, Op: a.Op(a.State), Why: "answers " + a.Line, Reply: r}
}

// showHolds tells what is held back, with the newest releases that are kept away now.
func (d *decider) showHolds() {
	for _, h := range d.words.holds {
		out := h.Hold
		for i, sl := range d.slots {
			for _, l := range d.outcomes[i].lines {
				at := slices.IndexFunc(l.judged, func(v verdict) bool { return v.hold != nil && v.hold.Branch == h.Branch })
				if at < 0 {
					continue
				}
				if pin := sl.p.Name + " " + l.judged[at].release.Version.String(); !slices.Contains(out.Keeps, pin) {
					out.Keeps = append(out.Keeps, pin)
				}
			}
		}
		d.plan.Holds = append(d.plan.Holds, out)
	}
}
