package gitlabsim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gitlab.md 2.10: tokens and scopes.
func TestTokens(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	_, _, err := w.client("nonsense").Users.CurrentUser()
	w.refused(err, 401, "401 Unauthorized")
	self, _, err := w.c.PersonalAccessTokens.GetSinglePersonalAccessToken()
	w.ok(err)
	w.same(strings.Join(self.Scopes, ","), "api")
	reader := w.client(w.s.Token("bot", "read_api"))
	_, _, err = reader.Projects.GetProject(w.p.ID(), nil)
	w.ok(err)
	_, _, err = reader.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("x")})
	w.refused(err, 403, "insufficient_scope")
	w.s.Expire(w.token, w.now.Add(time.Hour))
	_, _, err = w.c.Users.CurrentUser()
	w.ok(err)
	w.now = w.now.Add(time.Hour)
	_, _, err = w.c.Users.CurrentUser()
	w.refused(err, 401, "expired")
	w.s.Expire(w.token, time.Time{})
	w.s.Revoke(w.token)
	_, _, err = w.c.Users.CurrentUser()
	w.refused(err, 401, "revoked")
}

// gitlab.md 2.10: a private project does not exist for a stranger; a Reporter
// reads and may not write code; only Maintainers merge to a protected branch.
func TestRoles(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	stranger, rita := w.client(w.s.Token("stranger")), w.client(w.s.Token("rita"))
	_, _, err := stranger.Projects.GetProject(w.p.Path(), nil)
	w.refused(err, 404, "")
	_, _, err = rita.RepositoryFiles.GetRawFile(w.p.ID(), "README.md", &gitlab.GetRawFileOptions{Ref: new(main)})
	w.ok(err)
	_, _, err = rita.Commits.CreateCommit(w.p.ID(), w.commitOptions(work, "x"))
	w.refused(err, 403, "not allowed to push")
	_, _, err = rita.Branches.CreateBranch(w.p.ID(), &gitlab.CreateBranchOptions{Branch: new("x"), Ref: new(main)})
	w.refused(err, 403, "403 Forbidden")
	m := w.branches()
	_, _, err = rita.MergeRequests.CreateMergeRequest(w.p.ID(), &gitlab.CreateMergeRequestOptions{Title: new("x"), SourceBranch: new(work), TargetBranch: new(main)})
	w.refused(err, 403, "403 Forbidden")
	_, _, err = rita.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{Title: new("x")})
	w.refused(err, 403, "403 Forbidden")
	w.same(w.p.MergeMR("bot", int(m.IID)) != nil, true)
	w.p.SetRole("stranger", gitlabsim.Guest)
	_, _, err = stranger.RepositoryFiles.GetRawFile(w.p.ID(), "README.md", &gitlab.GetRawFileOptions{Ref: new(main)})
	w.refused(err, 403, "403 Forbidden")

	project, _, err := w.c.Projects.GetProject(w.p.Path(), nil)
	w.ok(err)
	w.same(int(project.Permissions.ProjectAccess.AccessLevel), gitlabsim.Developer)
	w.same(project.DefaultBranch+" "+string(project.IssuesAccessLevel), "main enabled")
	member, _, err := w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), m.Author.ID)
	w.ok(err)
	w.same(int(member.AccessLevel), gitlabsim.Developer)
	_, _, err = w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), 999)
	w.refused(err, 404, "")
	all, _, err := w.c.ProjectMembers.ListAllProjectMembers(w.p.ID(), nil)
	w.ok(err)
	w.same(len(all), 4)
}

// gitlab.md 2.1 and 2.3: protected branches, archived projects, issues off.
func TestSettings(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, w.newer("1.35.0"))
	w.p.Protect("pinwheel/*", gitlabsim.Developer, gitlabsim.Developer)
	_, _, err := w.c.Commits.CreateCommit(w.p.ID(), w.commitOptions(work, w.newer("1.36.0")))
	w.refused(err, 400, "You are not allowed to force push code to a protected branch on this project.")
	_, err = w.c.Branches.DeleteBranch(w.p.ID(), work)
	w.refused(err, 400, "protected branch")
	iid := w.issue(board)
	w.p.SetIssuesEnabled(false)
	_, _, err = w.c.Issues.GetIssue(w.p.ID(), iid)
	w.refused(err, 404, "")
	_, _, err = w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("x")})
	w.refused(err, 403, "403 Forbidden")
	list, _, err := w.c.Issues.ListProjectIssues(w.p.ID(), nil)
	w.ok(err)
	w.same(len(list), 0)
	w.p.Set(gitlabsim.Settings{Archived: true})
	_, _, err = w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("x")})
	w.refused(err, 403, "403 Forbidden")
	w.p.Rename("cki/moved")
	_, _, err = w.c.Projects.GetProject("cki/pipeline", nil)
	w.refused(err, 301, "moved")
}

// gitlab.md 2.1: finding the dashboard; a deleted issue is 404 and its number
// is not used again.
func TestIssues(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	decoy, err := w.p.CreateIssue("rita", "Dependency Dashboard", board)
	w.ok(err)
	iid := w.issue(board)
	find := func() []*gitlab.Issue {
		list, _, err := w.c.Issues.ListProjectIssues(w.p.ID(), &gitlab.ListProjectIssuesOptions{State: new("opened"), Scope: new("created_by_me"),
			OrderBy: new("updated_at"), Sort: new("asc")})
		w.ok(err)
		return list
	}
	w.same(find()[0].IID, iid)
	w.ok(w.p.CloseIssue("maria", int(iid)))
	w.same(len(find()), 0)
	closed, _, err := w.c.Issues.GetIssue(w.p.ID(), iid)
	w.ok(err)
	w.same(closed.ClosedBy.Username, "maria")
	w.ok(w.p.ReopenIssue("maria", int(iid)))
	w.same(w.p.DeleteIssue("maria", decoy) != nil, true) // neither owner nor author
	w.p.SetRole("maria", gitlabsim.Owner)
	w.ok(w.p.DeleteIssue("maria", int(iid)))
	_, _, err = w.c.Issues.GetIssue(w.p.ID(), iid)
	w.refused(err, 404, "")
	w.same(w.issue(board), iid+1)
}

// The invariant of the package: nothing unknown passes.
func TestUnknownCallsAreKept(t *testing.T) {
	w := &world{T: t, now: time.Now()}
	w.s = gitlabsim.New(gitlabsim.Options{})
	w.s.AddUser("bot", "Bot", false)
	w.p = w.s.AddProject("a/b", main, map[string]string{"f": "x"})
	w.p.SetRole("bot", gitlabsim.Owner)
	w.c = w.client(w.s.Token("bot"))
	_, _, err := w.c.Issues.ListProjectIssues(w.p.ID(), &gitlab.ListProjectIssuesOptions{Milestone: new("x")})
	w.refused(err, 599, "unknown query parameter")
	_, err = w.c.MergeRequests.RebaseMergeRequest(w.p.ID(), 1, nil)
	w.refused(err, 599, "unknown route")
	_, _, err = w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("x"), Weight: new(int64(1))})
	w.refused(err, 599, "unknown body key")
	w.same(len(w.s.Failures()), 3)
	w.same(len(w.p.Issues()), 0)
	var response *gitlab.ErrorResponse
	w.same(errors.As(err, &response), true)
}

// gitlab.md 7.8: who is not active, awaited or over can do nothing, and is told
// as a member all the same.
func TestMembersWhoCannotAct(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	for _, change := range []struct{ do, undo func() }{
		{func() { w.s.SetUserState("maria", "ldap_blocked") }, func() { w.s.SetUserState("maria", "active") }},
		{func() { w.p.SetMembership("maria", true, time.Time{}) }, func() { w.p.SetMembership("maria", false, time.Time{}) }},
		{func() { w.p.SetMembership("maria", false, w.now) }, func() { w.p.SetMembership("maria", false, w.now.Add(time.Hour)) }},
	} {
		change.do()
		w.same(w.p.Tick("maria", int(iid), "boto3") != nil, true)
		all, _, err := w.c.ProjectMembers.ListAllProjectMembers(w.p.ID(), nil)
		w.ok(err)
		for _, m := range all {
			if m.Username != "maria" {
				continue
			}
			one, _, err := w.c.ProjectMembers.GetInheritedProjectMember(w.p.ID(), m.ID)
			w.ok(err)
			w.same(one.AccessLevel, gitlab.MaintainerPermissions)
		}
		change.undo()
		w.ok(w.p.Tick("maria", int(iid), "boto3"))
		w.ok(w.p.Untick("maria", int(iid), "boto3"))
	}
}
