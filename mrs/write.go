package mrs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// maxTitle is GitLab's limit, in characters.
const maxTitle = 255

// openMergeRequest opens one from a branch, or finds the one that is open. It looks
// first, because GitLab refuses a second one only for the same target.
// https://docs.gitlab.com/api/merge_requests/#create-a-merge-request
func (e effect) openMergeRequest(ctx context.Context, a plan.OpenMergeRequest, o Order) (Outcome, error) {
	if err := e.within(a.Update.Branch); err != nil {
		return Outcome{}, err
	}
	open, err := e.openFrom(ctx, a.Update.Branch)
	if err != nil || open != nil {
		return Outcome{MR: open}, err
	}
	if a.Reopen != 0 {
		again, err := e.reopen(ctx, a, o.reopen)
		if err != nil || again != nil {
			return Outcome{Wrote: again != nil, MR: again}, err
		}
	}
	people, err := e.people(ctx, a, o.owned)
	if err != nil {
		return Outcome{}, err
	}
	// A fresh branch is not visible to merge requests at once, and a lock may
	// be held.
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 0} {
		var made *plan.MergeRequest
		if made, err = e.postMergeRequest(ctx, a, o.opened, people); err == nil {
			return Outcome{Wrote: true, MR: made}, nil
		}
		if iid := gitlab.OpenAlready(err); iid != 0 {
			return e.adopt(ctx, iid, a.Update.Branch)
		}
		if gitlab.Lost(err) {
			return e.sought(ctx, a.Update.Branch, err)
		}
		if !gitlab.Passes(err) || wait == 0 || gitlab.Pause(ctx, wait) != nil {
			break
		}
	}
	return Outcome{}, err
}

// people are the numbers of those whom a merge request names.
type people struct{ reviewers, assignees []int64 }

func (e effect) people(ctx context.Context, a plan.OpenMergeRequest, owned []string) (p people, err error) {
	reviewers := a.Reviewers
	if a.CodeOwners {
		owners, err := e.codeOwners(ctx, e.id, a.At, owned)
		if err != nil {
			return p, err
		}
		reviewers = append(slices.Clip(reviewers), owners...)
	}
	if p.reviewers, err = e.gl.UserIDs(ctx, reviewers); err != nil {
		return p, err
	}
	p.assignees, err = e.gl.UserIDs(ctx, a.Assignees)
	return p, err
}

// reopen opens a merge request again that a person closed and asked for. It returns nil
// without an error if GitLab does not reopen it; then a new one takes its place.
func (e effect) reopen(ctx context.Context, a plan.OpenMergeRequest, t texts) (*plan.MergeRequest, error) {
	m, description, err := e.mergeRequest(ctx, e.id, a.Reopen)
	switch {
	case gitlab.Missing(err):
		return nil, nil
	case err != nil:
		return nil, err
	case m.State != plan.Closed || e.own(m, a.Update.Branch) != nil:
		return nil, nil //nolint:nilerr // what is not ours is left alone
	}
	next := Replace(description, t.body)
	opt := &api.UpdateMergeRequestOptions{StateEvent: new("reopen"), Description: &next}
	title := cmp.Or(t.title, m.Title)
	if a.Guard && !plan.IsDraft(title) {
		title = oneLine(plan.GuardPrefix + title)
	}
	if title != m.Title {
		opt.Title = &title
	}
	return e.putOpen(ctx, a.Reopen, opt)
}

// putOpen asks GitLab to open a merge request again. After every refusal it looks
// whether the merge request is open all the same. A 409 says that something else is
// under way: it asks again a few times, and then returns an error, and the next run
// tries again. A 409 is never a reason for a second merge request. If GitLab refuses
// for another reason, or leaves it closed, the result is nil.
func (e effect) putOpen(ctx context.Context, iid int64, opt *api.UpdateMergeRequestOptions) (*plan.MergeRequest, error) {
	opened := func(m plan.MergeRequest, _ string) bool { return m.State == plan.Opened }
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 0} {
		done, err := e.put(ctx, iid, opt, opened)
		if errors.Is(err, gitlab.ErrRefused) {
			now, look := e.MergeRequest(ctx, e.id, iid)
			if look != nil {
				return nil, look
			}
			if now.State == plan.Opened {
				return &now, nil
			}
		}
		switch {
		case errors.Is(err, gitlab.ErrConflict):
			if wait == 0 || gitlab.Pause(ctx, wait) != nil {
				return nil, err
			}
			continue
		case errors.Is(err, gitlab.ErrRefused):
			return nil, nil
		case err != nil:
			return nil, err
		case done.State != plan.Opened:
			return nil, nil
		}
		return &done, nil
	}
	return nil, nil
}

func (e effect) postMergeRequest(ctx context.Context, a plan.OpenMergeRequest, t texts, who people) (*plan.MergeRequest, error) {
	labels := api.LabelOptions(a.Labels)
	opt := &api.CreateMergeRequestOptions{
		Title: &t.title, Description: &t.body,
		SourceBranch: &a.Update.Branch, TargetBranch: &a.Target, RemoveSourceBranch: new(true),
	}
	if len(labels) > 0 {
		opt.Labels = &labels
	}
	if len(who.reviewers) > 0 {
		opt.ReviewerIDs = &who.reviewers
	}
	if len(who.assignees) > 0 {
		opt.AssigneeIDs = &who.assignees
	}
	m, _, err := e.gl.API.MergeRequests.CreateMergeRequest(e.id, opt, api.WithContext(ctx))
	if err == nil && m.IID == 0 {
		err = fmt.Errorf("%w: a merge request without a number", gitlab.ErrNotGitLab)
	}
	if err != nil {
		return nil, gitlab.Fail(err, "open a merge request from branch %s", a.Update.Branch)
	}
	made := mergeRequestOf(&m.BasicMergeRequest)
	return &made, nil
}

// openFrom is the open merge request from a branch, nil if the list has none. The list
// may be out of date, so the merge request itself is read, too.
func (e effect) openFrom(ctx context.Context, branch string) (*plan.MergeRequest, error) {
	list, err := e.list(ctx, e.id, "look for a merge request from branch "+branch, &api.ListProjectMergeRequestsOptions{
		State: new("opened"), SourceBranch: &branch})
	if err != nil {
		return nil, err
	}
	for _, row := range list {
		m, err := e.MergeRequest(ctx, e.id, row.IID)
		if err != nil {
			return nil, err
		}
		if m.State == plan.Opened && m.Branch == branch && m.SameProject {
			return &m, nil
		}
	}
	return nil, nil
}

// sought looks for the merge request if the answer to its creation did not arrive. The
// creation is not tried again in this call: it may still be under way.
func (e effect) sought(ctx context.Context, branch string, cause error) (Outcome, error) {
	var made *plan.MergeRequest
	err := gitlab.Settle(ctx, cause, func() (found bool, err error) {
		made, err = e.openFrom(ctx, branch)
		return made != nil, err
	})
	return Outcome{Wrote: err == nil, MR: made}, err
}

func (e effect) adopt(ctx context.Context, iid int64, branch string) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, iid, branch)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{MR: &m}, nil
}

// oneLine is a title as GitLab takes it.
func oneLine(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	if r := []rune(title); len(r) > maxTitle {
		return string(r[:maxTitle])
	}
	return title
}

// editMergeRequest brings title and description in line, if they are not. A
// merge request that is not open stays as it is.
// https://docs.gitlab.com/api/merge_requests/#update-a-merge-request
func (e effect) editMergeRequest(ctx context.Context, a plan.EditMergeRequest, t texts) (Outcome, error) {
	m, description, err := e.ownMergeRequest(ctx, a.IID, a.Update.Branch)
	if err != nil {
		return Outcome{}, err
	}
	if m.State != plan.Opened {
		return Outcome{MR: &m}, nil
	}
	var opt api.UpdateMergeRequestOptions
	if t.title != "" && t.title != m.Title {
		opt.Title = &t.title
	}
	if next := Replace(description, t.body); !a.Keep && strings.TrimSpace(next) != strings.TrimSpace(description) {
		opt.Description = &next
	}
	if a.Target != "" && a.Target != m.Target {
		opt.TargetBranch = &a.Target
	}
	if missing := slices.DeleteFunc(slices.Clone(a.Labels), func(l string) bool { return slices.Contains(m.Labels, l) }); len(missing) > 0 {
		labels := api.LabelOptions(missing)
		opt.AddLabels = &labels
	}
	if a.Answer && slices.Contains(m.Labels, "rebase") {
		opt.RemoveLabels = &api.LabelOptions{"rebase"}
	}
	if opt.Title == nil && opt.Description == nil && opt.AddLabels == nil && opt.RemoveLabels == nil && opt.TargetBranch == nil {
		return Outcome{MR: &m}, nil
	}
	done, err := e.put(ctx, a.IID, &opt, func(m plan.MergeRequest, description string) bool {
		return (opt.Title == nil || m.Title == *opt.Title) && (opt.TargetBranch == nil || m.Target == *opt.TargetBranch) &&
			(opt.Description == nil || strings.TrimSpace(description) == strings.TrimSpace(*opt.Description))
	})
	if err != nil {
		return Outcome{MR: &m}, err
	}
	return Outcome{Wrote: true, MR: &done}, nil
}

// put writes absolute values. If the answer does not arrive, it reads again and asks
// took whether they are there.
func (e effect) put(ctx context.Context, iid int64, opt *api.UpdateMergeRequestOptions, took func(plan.MergeRequest, string) bool) (plan.MergeRequest, error) {
	m, _, err := e.gl.API.MergeRequests.UpdateMergeRequest(e.id, iid, opt, api.WithContext(ctx))
	if err == nil && m.IID == iid {
		return mergeRequestOf(&m.BasicMergeRequest), nil
	}
	if err == nil {
		err = fmt.Errorf("%w: not the merge request that was asked for", gitlab.ErrNotGitLab)
	}
	var now plan.MergeRequest
	err = gitlab.Settle(ctx, gitlab.Fail(err, "change merge request !%d", iid), func() (bool, error) {
		var description string
		var look error
		now, description, look = e.mergeRequest(ctx, e.id, iid)
		return look == nil && took(now, description), look
	})
	if err != nil {
		return plan.MergeRequest{}, err
	}
	return now, nil
}

// closeMergeRequest writes the reason as a note, once, if there is any, and then closes
// with a mark in the description. A merge request that is not open stays as it is.
// https://docs.gitlab.com/api/notes/#create-a-merge-request-note
func (e effect) closeMergeRequest(ctx context.Context, a plan.CloseMergeRequest, note string) (Outcome, error) {
	m, description, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil {
		return Outcome{}, err
	}
	if m.State != plan.Opened {
		return Outcome{MR: &m}, nil
	}
	wrote := false
	if note != "" {
		if wrote, err = e.noteOnce(ctx, a.IID, a.Op, note); err != nil {
			return Outcome{Wrote: wrote, MR: &m}, err
		}
	}
	marked := markClosed(description, a.Op)
	opt := &api.UpdateMergeRequestOptions{StateEvent: new("close"), Description: &marked}
	done, err := e.put(ctx, a.IID, opt, func(m plan.MergeRequest, _ string) bool { return m.State == plan.Closed })
	if err != nil {
		return Outcome{Wrote: wrote, MR: &m}, err
	}
	return Outcome{Wrote: true, MR: &done}, nil
}

// noteOnce adds a note unless one with its mark is there. Its text is safe
// already.
func (e effect) noteOnce(ctx context.Context, iid int64, op, body string) (wrote bool, err error) {
	mark := "<!-- op:" + escape(op) + " -->"
	return e.gl.NoteOnce(ctx, thread(e.id, iid), gitlab.OnceNote{Mark: mark, Markdown: body + "\n\n" + mark, By: e.bot.ID})
}
