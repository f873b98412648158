package gitlabsim_test

import (
	"fmt"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

func (w *world) merge(m *gitlab.MergeRequest, sha string) (*gitlab.MergeRequest, error) {
	merged, _, err := w.c.MergeRequests.AcceptMergeRequest(w.p.ID(), m.IID, &gitlab.AcceptMergeRequestOptions{SHA: &sha, ShouldRemoveSourceBranch: new(true)})
	return merged, err
}

// mergeable is a world in which the bot may merge what it made.
func mergeable(t *testing.T, settings gitlabsim.Settings) (*world, *gitlab.MergeRequest) {
	w := newWorld(t, gitlabsim.Options{})
	w.p.Protect(main, gitlabsim.Maintainer, gitlabsim.Developer)
	w.p.Set(settings)
	return w, w.branches()
}

func (w *world) status(m *gitlab.MergeRequest) string {
	w.now = w.now.Add(time.Minute)
	w.get(m.IID)
	return w.get(m.IID).DetailedMergeStatus
}

// gitlab.md 2.4: the order in which a merge is refused.
func TestAMergeIsRefused(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{DiscussionsResolved: true, Approvals: 1, PipelinesRequired: true, SHARequired: true})
	w.p.Protect(main, gitlabsim.Maintainer, gitlabsim.Maintainer)
	_, err := w.merge(m, m.SHA)
	w.refused(err, 401, "401 Unauthorized")
	w.p.Protect(main, gitlabsim.Maintainer, gitlabsim.Developer)
	_, _, err = w.c.MergeRequests.AcceptMergeRequest(w.p.ID(), m.IID, nil)
	w.refused(err, 400, "SHA must be provided")
	_, err = w.merge(m, w.p.Head(main))
	w.refused(err, 409, "SHA does not match HEAD of source branch")
	refused := func(want string) {
		t.Helper()
		w.same(w.status(m), want)
		_, err := w.merge(m, m.SHA)
		w.refused(err, 405, "405 Method Not Allowed")
	}
	w.ok(w.p.EditMRTitle("maria", 1, "Draft: x"))
	refused("draft_status")
	w.ok(w.p.EditMRTitle("maria", 1, "x"))
	w.ok(w.p.OpenThread("maria", 1))
	refused("discussions_not_resolved")
	w.ok(w.p.ResolveThread("maria", 1))
	refused("ci_must_pass")
	w.ok(w.p.Pipeline("maria", "!1", "running"))
	refused("ci_still_running")
	w.ok(w.p.Pipeline("maria", "!1", "skipped"))
	refused("ci_must_pass")
	w.ok(w.p.Pipeline("maria", "!1", "success"))
	w.ok(w.p.BlockMR("maria", 1, "locked_paths"))
	refused("locked_paths")
	w.ok(w.p.BlockMR("maria", 1, ""))
	refused("not_approved")
	w.ok(w.p.Approve("maria", 1))
	merged, err := w.merge(m, m.SHA)
	w.ok(err)
	w.same(merged.State, "merged")
	w.same(w.p.Head(work), "")
	_, err = w.merge(m, m.SHA)
	w.refused(err, 405, "405 Method Not Allowed")
}

// A push takes approvals, and a conflict has a status of its own.
func TestAMergeOfWhatChanged(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{Approvals: 1})
	w.ok(w.p.Approve("maria", 1))
	w.same(w.status(m), "mergeable")
	next := w.commit(work, w.newer("1.36.0"))
	_, err := w.merge(m, m.SHA)
	w.refused(err, 409, "SHA does not match HEAD of source branch: "+next.ID)
	w.same(w.status(m), "not_approved")
	w.ok(w.p.Approve("maria", 1))
	_, err = w.p.EditFile("maria", "constraints.txt", w.newer("1.34.9"))
	w.ok(err)
	_, err = w.merge(m, next.ID)
	w.refused(err, 405, "405 Method Not Allowed")
	w.same(w.status(m), "conflict")
}

// gitlab.md 2.4: a merge that nothing is in the way of may fail itself, and then nothing is merged.
func TestAMergeThatFailsItself(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{})
	head := w.p.Head(main)
	w.p.FailMerges(2)
	_, err := w.merge(m, m.SHA)
	w.refused(err, 422, "Branch cannot be merged")
	w.s.SetVersion("16.11.0")
	_, err = w.merge(m, m.SHA)
	w.refused(err, 406, "Branch cannot be merged")
	w.same(w.p.Head(main), head)
	w.same(w.status(m), "mergeable")
	merged, err := w.merge(m, m.SHA)
	w.ok(err)
	w.same(merged.State, "merged")
}

// The methods: a merge commit takes whatever the target is by then, the others
// only what stands on it. https://docs.gitlab.com/user/project/merge_requests/methods/
func TestMethodsOfMerging(t *testing.T) {
	for _, test := range []struct {
		method, squash string
		stale, parents int
	}{{"merge", "", 2, 2}, {"rebase_merge", "", 0, 2}, {"ff", "", 0, 1}, {"ff", "always", 0, 1}, {"merge", "always", 2, 2}} {
		t.Run(test.method+test.squash, func(t *testing.T) {
			w, m := mergeable(t, gitlabsim.Settings{MergeMethod: test.method, Squash: test.squash})
			base := w.p.Head(main)
			_, err := w.p.EditFile("maria", "README.md", "new\n")
			w.ok(err)
			merged, err := w.merge(m, m.SHA)
			if test.stale == 0 {
				w.refused(err, 405, "405 Method Not Allowed")
				w.same(w.status(m), "need_rebase")
				base = w.p.Head(main)
				m.SHA = w.commit(work, w.newer("1.35.0")).ID
				merged, err = w.merge(m, m.SHA)
			}
			w.ok(err)
			k, _, err := w.c.Commits.GetCommit(w.p.ID(), w.p.Head(main), nil)
			w.ok(err)
			w.same(len(k.ParentIDs), test.parents)
			w.same(k.ParentIDs[0] == base, test.stale == 0)
			w.same(merged.MergeCommitSHA != "", test.parents == 2)
			w.same(merged.SquashCommitSHA != "", test.squash == "always")
			w.same(k.ID == m.SHA, test.method == "ff" && test.squash == "")
		})
	}
}

// A revert is a commit on a branch that is there; what changed since is a conflict.
func TestARevert(t *testing.T) {
	w, m := mergeable(t, gitlabsim.Settings{})
	merged, err := w.merge(m, m.SHA)
	w.ok(err)
	revert := func(sha, branch string) (*gitlab.Commit, error) {
		k, _, err := w.c.Commits.RevertCommit(w.p.ID(), sha, &gitlab.RevertCommitOptions{Branch: &branch})
		return k, err
	}
	_, err = revert(merged.MergeCommitSHA, main)
	w.refused(err, 403, "not allowed to push")
	_, err = revert(merged.MergeCommitSHA, "absent")
	w.refused(err, 404, "")
	_, _, err = w.c.Branches.CreateBranch(w.p.ID(), &gitlab.CreateBranchOptions{Branch: new("revert"), Ref: new(main)})
	w.ok(err)
	k, err := revert(merged.MergeCommitSHA, "revert")
	w.ok(err)
	text, _ := w.p.File("revert", "constraints.txt")
	w.same(text, pins)
	w.same(k.Message, fmt.Sprintf("Revert %q\n\nThis reverts merge request !1", "Merge branch '"+work+"' into 'main'"))
	_, err = revert(merged.MergeCommitSHA, "revert")
	w.refused(err, 400, "we cannot revert this commit automatically")
	_, err = w.p.Push("maria", "revert", "again", map[string]string{"constraints.txt": w.newer("1.37.0")})
	w.ok(err)
	_, err = revert(merged.MergeCommitSHA, "revert")
	w.refused(err, 400, "we cannot revert this commit automatically")
}
