package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads what people say in comments on merge requests of updates, and keeps it
// with the merge request, so that comments are read again only after one changed.

// mostHeard bounds how many merge requests are read for their comments in one run, the
// newest first. Others are read in the next.
const mostHeard = 100

// closedLately is how long after a merge request was closed or merged its comments are
// read: what came in that instant was written on an open one. Where neither a database nor a
// dashboard tells of answers, those of all that were merged are read, once.
const closedLately = 24 * time.Hour

// wantsHearing reports whether the comments on a merge request may hold an answer in words.
// pointed are those whose answers the dashboard shows: without a database nothing else
// tells that of one that was merged.
func (r *observer) wantsHearing(m plan.MergeRequest, pointed map[int64]bool) bool {
	if m.Notes == 0 || !m.SameProject {
		return false
	}
	switch {
	case pointed[m.IID], len(m.Heard.Answers) > 0, m.State == plan.Opened:
		return true
	case m.State == plan.Merged && len(r.before.mergeRequests) == 0 && r.board.found == dashboard.FoundNone:
		return true
	case m.State == plan.Closed && (!m.Note.ClosedByUs || m.Note.AnswersClosing()):
		return true
	}
	ended := m.ClosedAt
	if m.State == plan.Merged {
		ended = m.MergedAt
	}
	return !r.now.Passed(ended.Add(closedLately))
}

// observeAnswers reads the comments on merge requests that changed. What cannot be read
// stays as it was, and is read by the next run.
func (r *observer) observeAnswers(ctx context.Context) {
	p := r.project.Policy
	if p.Mode != plan.Full || p.AnswerRole == plan.Nobody {
		return
	}
	pointed := map[int64]bool{}
	for _, b := range r.board.page.Boxes {
		if iid, _, is := plan.HoldOf(p.BranchPrefix, b.Branch); is {
			pointed[iid] = true
		}
	}
	var due []*plan.MergeRequest
	for i := range slices.Backward(r.snap.MergeRequests) {
		m := &r.snap.MergeRequests[i]
		_, reverts := plan.RevertOf(p.BranchPrefix, m.Branch)
		if !reverts && !plan.IsProbe(p.BranchPrefix, m.Branch) && r.wantsHearing(*m, pointed) && !m.Heard.Read.Equal(m.UpdatedAt) {
			r.snap.Unheard[m.IID] = "its comments are read by a later run"
			due = append(due, m)
		}
	}
	due = due[:min(len(due), mostHeard)]
	former := r.formerNumbers()
	found, errs, whole := make([]plan.Heard, len(due)), make([]error, len(due)), make([]bool, len(due))
	together(len(due), func(i int) {
		found[i], whole[i], errs[i] = r.gitlab.Heard(ctx, r.snap.Project.ID, mrs.Hearing{MR: *due[i], Bot: r.snap.Bot, Former: former})
	})
	roles := map[int64]plan.Role{}
	for i, m := range due {
		err := errs[i]
		if err == nil {
			err = r.observeRoles(ctx, found[i].Answers, roles)
		}
		if err != nil {
			r.snap.Unheard[m.IID] = "its comments could not be read"
			r.fail(fmt.Sprintf("what people ask for in comments on !%d could not be read: %s", m.IID, explain(err)))
			continue
		}
		delete(r.snap.Unheard, m.IID)
		if m.Heard = found[i]; !whole[i] && !r.now.Passed(m.UpdatedAt.Add(patience)) {
			m.Heard.Read = m.CreatedAt // GitLab does not list all of them yet: the next run asks again
			r.snap.Unheard[m.IID] = "it does not list all comments yet"
		}
	}
}

// observeRoles reads the role of whoever gave an answer that is new.
func (r *observer) observeRoles(ctx context.Context, all []plan.Answer, roles map[int64]plan.Role) error {
	for i, a := range all {
		if a.State != plan.AnswerNew {
			continue
		}
		role, known := roles[a.By.ID]
		if !known {
			var err error
			if role, err = r.gitlab.Role(ctx, r.snap.Project.ID, a.By.ID, r.now.Stamp()); err != nil {
				return err
			}
			roles[a.By.ID] = role
		}
		all[i].Role = role
	}
	return nil
}

// setAnswered notes what a note of ours says of an answer.
func (r *effects) setAnswered(ctx context.Context, a plan.NoteMergeRequest) error {
	if a.Reply == nil {
		return nil
	}
	for i := range r.snap.MergeRequests {
		m := &r.snap.MergeRequests[i]
		if m.IID != a.IID {
			continue
		}
		m.Heard.Answers = slices.Clone(m.Heard.Answers)
		for k := range m.Heard.Answers {
			if m.Heard.Answers[k].ID == a.Reply.Answer.ID {
				m.Heard.Answers[k].State, m.Heard.Answers[k].On = a.Reply.State, a.Reply.Answer.On
			}
		}
		return r.Store.SaveMergeRequests(ctx, r.project.Path, []plan.MergeRequest{*m})
	}
	return nil
}
