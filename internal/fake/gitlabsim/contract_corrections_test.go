package gitlabsim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gitlab.md 7.8: the default branch and protected ones cannot be deleted by whoever
// may push there, which Gitaly says; who may not push gets 405.
func TestDeletingProtectedBranches(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	maria := w.client(w.s.Token("maria"))
	_, err := maria.Branches.DeleteBranch(w.p.ID(), main)
	w.refused(err, 400, "default branch")
	w.ok(w.p.CreateBranch("maria", "kept", main))
	w.p.Protect("kept", gitlabsim.Maintainer, gitlabsim.Maintainer)
	_, err = w.c.Branches.DeleteBranch(w.p.ID(), "kept")
	w.refused(err, 405, "push access")
	_, err = maria.Branches.DeleteBranch(w.p.ID(), "kept")
	w.refused(err, 400, "protected")
}

// gitlab.md 7.8: a merge request closes a while after its branch was deleted.
func TestAMergeRequestClosesAfterItsBranch(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{AsyncReads: 1})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	m := w.openMR(work)
	w.now = w.now.Add(time.Minute)
	_, err := w.c.Branches.DeleteBranch(w.p.ID(), work)
	w.ok(err)
	w.same(w.get(m.IID).State, "opened")
	w.now = w.now.Add(time.Minute)
	w.same(w.get(m.IID).State, "closed")
}

// gitlab.md 7.8: with search or regex the first page holds all, and names a second.
func TestSearchedBranchesAreNotCut(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	for i := range 5 {
		w.ok(w.p.CreateBranch("maria", fmt.Sprintf("a%d", i), main))
	}
	opt := &gitlab.ListBranchesOptions{ListOptions: gitlab.ListOptions{PerPage: 2, Page: 1}, Regex: new("^a")}
	list, answer, err := w.c.Branches.ListBranches(w.p.ID(), opt)
	w.ok(err)
	w.same(len(list), 5)
	w.same(answer.NextPage, int64(2))
	opt.Page = 2
	list, _, err = w.c.Branches.ListBranches(w.p.ID(), opt)
	w.ok(err)
	w.same(len(list), 2)
	list, answer, err = w.c.Branches.ListBranches(w.p.ID(), &gitlab.ListBranchesOptions{ListOptions: gitlab.ListOptions{PerPage: 2}, Search: new("zz")})
	w.ok(err)
	w.same(fmt.Sprint(len(list), answer.NextPage), "0 2")
}

// gitlab.md 7.8: who may read code may read the rules; in older versions Maintainers alone.
func TestWhoReadsProtectedBranches(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	_, _, err := w.client(w.s.Token("rita")).ProtectedBranches.ListProtectedBranches(w.p.ID(), nil)
	w.ok(err)
	old := newWorld(t, gitlabsim.Options{Version: "16.11.0"})
	_, _, err = old.c.ProtectedBranches.ListProtectedBranches(old.p.ID(), nil)
	old.refused(err, 403, "")
}

// gitlab.md 7.8: those of the branch count only at heads that the merge request had, and come after its own.
func TestPipelinesOfAMergeRequest(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.ok(w.p.CreateBranch("maria", work, main))
	w.ok(w.p.Pipeline("maria", work, "success")) // of main's commit, before anything of the branch
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	m := w.openMR(work)
	w.now = w.now.Add(time.Minute)
	w.ok(w.p.Pipeline("maria", fmt.Sprintf("!%d", m.IID), "failed"))
	w.ok(w.p.Pipeline("maria", work, "running"))
	list, _, err := w.c.MergeRequests.ListMergeRequestPipelines(w.p.ID(), m.IID)
	w.ok(err)
	var got []string
	for _, p := range list {
		got = append(got, p.Source+" "+p.Status)
	}
	w.same(strings.Join(got, ", "), "merge_request_event failed, push running")
}

// gitlab.md 7.8: texts lose carriage returns and what is blank at their end, not at their start.
func TestDescriptionsKeepTheirStart(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	issue, _, err := w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("x"), Description: new("\n  a\r\nb \n\n")})
	w.ok(err)
	w.same(issue.Description, "\n  a\nb")
	issue, _, err = w.c.Issues.UpdateIssue(w.p.ID(), issue.IID, &gitlab.UpdateIssueOptions{Description: new("  c\n/label ~x\n")})
	w.ok(err)
	w.same(issue.Description, "  c")
}

// gitlab.md 7.8: reopening does not ask for the source branch; what validation refuses
// answers 200 and stays; the state is changed before the description.
func TestReopening(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	m := w.openMR(work)
	w.now = w.now.Add(time.Minute)
	w.ok(w.p.CloseMR("maria", int(m.IID)))
	w.ok(w.p.DeleteBranch("maria", work))
	again, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{StateEvent: new("reopen"), Description: new("again")})
	w.ok(err)
	w.same(again.State, "opened")
	kinds := strings.Join(w.kinds(), "\n")
	w.same(strings.Index(kinds, "mr-reopen") < strings.LastIndex(kinds, "mr-edit"), true)

	w.ok(w.p.CloseMR("maria", int(m.IID)))
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	w.openMR(work)
	refused, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{StateEvent: new("reopen")})
	w.ok(err)
	w.same(refused.State, "closed")
}

// gitlab.md 7.8: the old path of a moved project redirects a GET, and refuses the rest.
func TestAMovedProject(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	old := w.p.Path()
	w.p.Rename("cki/moved")
	_, answer, err := w.c.Projects.GetProject(old, nil)
	w.refused(err, 301, "")
	w.same(answer.Header.Get("Location"), fmt.Sprintf("https://gitlab.example/api/v4/projects/%d", w.p.ID()))
	_, _, err = w.c.Issues.CreateIssue(old, &gitlab.CreateIssueOptions{Title: new("x")})
	w.refused(err, 405, "Non GET methods are not allowed for moved projects")
	p, _, err := w.c.Projects.GetProject("cki/moved", nil)
	w.ok(err)
	w.same(p.ID, w.p.ID())
}

// gitlab.md 7.8: users that are not active can do nothing, whatever they are members
// with; a membership may wait or end; there is a role 25.
func TestUsersAndMembershipsThatDoNotCount(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	maria := w.client(w.s.Token("maria"))
	user := func() *gitlab.User { u, _, err := maria.Users.CurrentUser(); w.ok(err); return u }()
	for _, state := range []string{"blocked", "banned", "ldap_blocked", "deactivated", "blocked_pending_approval"} {
		w.s.SetUserState("maria", state)
		m, _, err := w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), user.ID)
		w.ok(err)
		w.same(m.State, state)
		_, _, err = maria.Users.CurrentUser()
		w.refused(err, 403, "blocked")
	}
	w.s.SetUserState("maria", "active")
	w.p.SetRole("maria", gitlabsim.Security)
	m, _, err := w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), user.ID)
	w.ok(err)
	w.same(int(m.AccessLevel), 25)
	w.p.Await("maria", gitlabsim.Maintainer)
	_, _, err = maria.Projects.GetProject(w.p.ID(), nil)
	w.refused(err, 404, "")
	w.p.SetRole("maria", gitlabsim.Maintainer)
	w.p.ExpireMember("maria", w.now)
	m, _, err = w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), user.ID)
	w.ok(err)
	w.same(m.ExpiresAt != nil, true) // it is listed until GitLab takes it away
	_, _, err = maria.Projects.GetProject(w.p.ID(), nil)
	w.refused(err, 404, "")
}

// gitlab.md 7.6: what a version does not declare is dropped without a word.
func TestAnOlderGitLabDropsInputs(t *testing.T) {
	for version, want := range map[string]string{"17.9.2-ee": "map[]", "17.10.0": "map[suite:canary]"} {
		w := newWorld(t, gitlabsim.Options{Version: version})
		w.p.SetCI(true, "suite")
		w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
		_, _, err := w.c.Pipelines.CreatePipeline(w.p.ID(), &gitlab.CreatePipelineOptions{Ref: new(work),
			Inputs: gitlab.PipelineInputsOption{"suite": gitlab.NewPipelineInputValue("canary")}})
		w.ok(err)
		w.same(fmt.Sprint(w.p.PipelineInputs()), want)
	}
}
