package gitlabsim_test

import (
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func (w *world) newer(version string) string {
	return bump(pins, "boto3==1.34.0", "boto3=="+version)
}

func (w *world) branches() *gitlab.MergeRequest {
	w.commit(work, w.newer("1.35.0"))
	return w.openMR(work)
}

// gitlab.md 2.4: a second merge request for a branch is 409 with its number.
func TestASecondMergeRequestIsAConflict(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.branches()
	_, _, err := w.c.MergeRequests.CreateMergeRequest(w.p.ID(), &gitlab.CreateMergeRequestOptions{Title: new("x"), SourceBranch: new(work), TargetBranch: new(main)})
	w.refused(err, 409, "Another open merge request already exists for this source branch: !1")
}

// gitlab.md 2.4: other refusals at creation.
func TestMergeRequestRefusals(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, w.newer("1.35.0"))
	create := func(title, source string) error {
		_, _, err := w.c.MergeRequests.CreateMergeRequest(w.p.ID(), &gitlab.CreateMergeRequestOptions{Title: &title, SourceBranch: &source, TargetBranch: new(main)})
		return err
	}
	w.refused(create("x", "absent"), 400, "source_branch")
	w.refused(create(" ", work), 400, "can't be blank")
	w.refused(create(strings.Repeat("x", 256), work), 400, "too long")
	w.refused(create("x", main), 422, "same project/branch")
}

// gitlab.md 2.3: a fresh branch may not be visible to the MR API at once.
func TestAFreshBranchIsMissedForAWhile(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{BranchLag: 2})
	w.commit(work, w.newer("1.35.0"))
	o := &gitlab.CreateMergeRequestOptions{Title: new("x"), SourceBranch: new(work), TargetBranch: new(main)}
	for range 2 {
		_, _, err := w.c.MergeRequests.CreateMergeRequest(w.p.ID(), o)
		w.refused(err, 400, "does not exist")
	}
	w.openMR(work)
	w.commit("pinwheel/other", w.newer("1.36.0"))
	w.now = w.now.Add(time.Second)
	w.openMR("pinwheel/other")
}

// gitlab.md 2.4: what depends on preparation is empty or stale until then.
func TestPreparationIsAsynchronous(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{AsyncReads: 2})
	m := w.branches()
	w.same(m.DetailedMergeStatus, "preparing")
	for range 2 {
		m = w.get(m.IID)
		w.same(m.PreparedAt == nil, true)
		w.same(m.ChangesCount, "")
	}
	m = w.get(m.IID)
	w.same(m.PreparedAt != nil, true)
	w.same(m.ChangesCount, "1")
	w.same(m.DetailedMergeStatus, "checking")
	w.now = w.now.Add(time.Second)
	w.same(w.get(m.IID).DetailedMergeStatus, "mergeable")
	next := w.commit(work, w.newer("1.36.0"))
	w.same(w.get(m.IID).SHA == next.ID, false)
	w.now = w.now.Add(time.Second)
	w.same(w.get(m.IID).SHA, next.ID)
}

// gitlab.md 2.4: has_conflicts is false until a recheck that a GET asks for.
func TestConflictsAreNoticedLate(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	m := w.branches()
	w.now = w.now.Add(time.Hour)
	w.get(m.IID)
	w.same(w.get(m.IID).HasConflicts, false)
	_, err := w.p.EditFile("maria", "constraints.txt", w.newer("1.34.9"))
	w.ok(err)
	w.now = w.now.Add(time.Hour)
	list, _, err := w.c.MergeRequests.ListProjectMergeRequests(w.p.ID(), nil)
	w.ok(err)
	w.same(list[0].HasConflicts, false)
	w.same(w.get(m.IID).HasConflicts, false)
	m = w.get(m.IID)
	w.same(m.HasConflicts, true)
	w.same(m.DetailedMergeStatus, "conflict")
	w.same(w.p.MergeMR("maria", int(m.IID)) != nil, true)
	w.commit(work, w.newer("1.35.0"))
	w.now = w.now.Add(time.Hour)
	w.get(m.IID)
	w.same(w.get(m.IID).HasConflicts, false)
	w.ok(w.p.MergeMR("maria", int(m.IID)))
}

// gitlab.md 0.5 and 2.4: the list is served from a cache.
func TestListsMayBeStale(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{StaleLists: 1})
	m := w.branches()
	list := func() int {
		all, _, err := w.c.MergeRequests.ListProjectMergeRequests(w.p.ID(), &gitlab.ListProjectMergeRequestsOptions{State: new("opened"), SourceBranch: new(work)})
		w.ok(err)
		return len(all)
	}
	w.same(list(), 0)
	w.same(list(), 1)
	w.now = w.now.Add(time.Second)
	w.ok(w.p.CloseMR("maria", int(m.IID)))
	w.same(list(), 1)
	w.same(w.get(m.IID).State, "closed")
	w.now = w.now.Add(time.Second)
	w.same(list(), 0)
}

// gitlab.md 2.4: each head is a version, newest first, up to a limit.
func TestVersions(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{MaxVersions: 2, AsyncReads: -1})
	m := w.branches()
	w.get(m.IID)
	second := w.commit(work, w.newer("1.36.0"))
	w.get(m.IID)
	w.commit(work, w.newer("1.37.0"))
	versions, _, err := w.c.MergeRequests.GetMergeRequestDiffVersions(w.p.ID(), m.IID, nil)
	w.ok(err)
	w.same(len(versions), 2)
	w.same(versions[0].HeadCommitSHA, second.ID)
	w.same(w.get(m.IID).SHA, second.ID)
}

// gitlab.md 2.4: deleting the source branch closes; a merge removes it when asked.
func TestTheSourceBranchGoes(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	m := w.branches()
	_, err := w.c.Branches.DeleteBranch(w.p.ID(), work)
	w.ok(err)
	w.now = w.now.Add(time.Second)
	m = w.get(m.IID)
	w.same(m.State, "closed")
	w.same(m.ClosedBy.Username, "bot")
	_, err = w.c.Branches.DeleteBranch(w.p.ID(), work)
	w.refused(err, 404, "")
	again := w.branches()
	w.same(again.IID, int64(2))
	w.ok(w.p.MergeMR("maria", 2))
	again = w.get(2)
	w.same(again.MergedBy.Username, "maria")
	w.same(again.MergeCommitSHA, w.p.Head(main))
	w.same(w.p.Head(work), "")
}

// gitlab.md 2.4: lists filter by state, branch, author and updated_after.
func TestMergeRequestFilters(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	one := w.branches()
	w.commit("pinwheel/b", w.newer("1.36.0"))
	w.now = w.now.Add(time.Hour)
	two := w.openMR("pinwheel/b")
	w.now = w.now.Add(time.Hour)
	w.ok(w.p.CloseMR("maria", int(one.IID)))
	iids := func(o gitlab.ListProjectMergeRequestsOptions) string {
		all, _, err := w.c.MergeRequests.ListProjectMergeRequests(w.p.ID(), &o)
		w.ok(err)
		out := ""
		for _, m := range all {
			out += m.References.Short
		}
		return out
	}
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{}), "!2!1")
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{State: new("closed")}), "!1")
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{Scope: new("created_by_me"), OrderBy: new("updated_at"), Sort: new("asc")}), "!2!1")
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{AuthorUsername: new("maria")}), "")
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{Labels: &gitlab.LabelOptions{"dependencies"}, SourceBranch: new("pinwheel/b")}), "!2")
	w.same(iids(gitlab.ListProjectMergeRequestsOptions{UpdatedAfter: &w.now}), "!1")
	closed := w.get(1)
	w.same(closed.ClosedAt.Equal(w.now), true)
	_, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), 1, &gitlab.UpdateMergeRequestOptions{StateEvent: new("reopen"), Title: new("Draft: x"),
		AddLabels: &gitlab.LabelOptions{"new"}, RemoveLabels: &gitlab.LabelOptions{"dependencies"}})
	w.ok(err)
	reopened := w.get(1)
	w.same(reopened.State+" "+strings.Join(reopened.Labels, ","), "opened new")
	w.same(reopened.Draft && reopened.ClosedBy == nil, true)
	w.same(two.Title, "Update pinwheel/b")
}

// gitlab.md 2.4: a revert on main is a commit like any other.
func TestRevert(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	m := w.branches()
	w.ok(w.p.MergeMR("maria", int(m.IID)))
	_, err := w.p.Revert("maria", int(m.IID))
	w.ok(err)
	text, _ := w.p.File(main, "constraints.txt")
	w.same(text, pins)
}

// gitlab.md 2.4: a head that reaches the target some other way is merged.
func TestMergedByHand(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	m := w.branches()
	w.ok(w.p.PushRef("maria", main, work))
	w.same(w.get(m.IID).State, "merged")
}
