package gitlabsim_test

import (
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// People act between two requests, and the readers show what they did.
func TestPeople(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, w.newer("1.35.0"))
	iid, err := w.p.CreateMR("maria", work, main, "By hand", "- [ ] box\n")
	w.ok(err)
	w.ok(w.p.TickMR("maria", iid, "box"))
	w.ok(w.p.UntickMR("maria", iid, "box"))
	w.ok(w.p.EditMRTitle("maria", iid, "Other"))
	w.ok(w.p.EditMRDescription("maria", iid, "text"))
	w.ok(w.p.LabelMR("maria", iid, "a"))
	w.ok(w.p.CommentMR("maria", iid, "/target_branch nope\n/draft\n/assign @maria\n/lock\n/unlabel ~a"))
	m, _ := w.p.MR(iid)
	w.same(m.String(), "!1 opened "+work+": Draft: Other")
	w.same(len(m.Labels), 0)
	w.ok(w.p.CommentMR("maria", iid, "/ready"))
	notes, _, err := w.c.Notes.ListMergeRequestNotes(w.p.ID(), int64(iid), &gitlab.ListMergeRequestNotesOptions{Sort: new("asc")})
	w.ok(err)
	var bodies []string
	for _, n := range notes {
		bodies = append(bodies, n.Body)
	}
	w.same(strings.Join(bodies, "\n"), `marked the checklist item **box** as completed
marked the checklist item **box** as incomplete
changed title from **By hand** to **Other**
changed the description
changed title from **Other** to **Draft: Other**
changed title from **Draft: Other** to **Other**`)

	_, err = w.p.ForcePush("maria", work, main, "mine\n\nFixes #1", map[string]string{"README.md": gitlabsim.Gone})
	w.ok(err)
	w.same(strings.Join(w.p.Paths(work), " "), "constraints.txt")
	w.same(w.p.Diff(main, work), "--- a/README.md\n+++ b/README.md\n@@ -1 +0,0 @@\n-hello\n")
	_, err = w.p.ForcePush("maria", main, work, "no", nil)
	w.same(err != nil, true)
	w.ok(w.p.CreateBranch("maria", "x", main))
	w.same(len(w.p.Branches()), 3)
	w.ok(w.p.DeleteBranch("maria", "x"))

	issue, err := w.p.CreateIssue("rita", "Title", board)
	w.ok(err)
	w.ok(w.p.EditIssueTitle("rita", issue, "New"))
	w.ok(w.p.EditIssueDescription("rita", issue, "- [x] a"))
	w.ok(w.p.Untick("rita", issue, "a"))
	w.ok(w.p.Comment("rita", issue, "hello"))
	w.ok(w.p.LabelIssue("rita", issue, "l"))
	i, _ := w.p.Issue(issue)
	w.same(i.Title+" "+i.Description+" "+i.Labels[0], "New - [ ] a l")
}

// gitlab.md 2.3 and 2.4: what can be read about commits and changes.
func TestReadingCode(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{AsyncReads: -1})
	m := w.branches()
	maria := w.s.AddUser("extra", "Extra", false)
	_, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{AssigneeIDs: &[]int64{maria}, ReviewerIDs: &[]int64{maria}})
	w.ok(err)
	full := w.get(m.IID)
	w.same(full.Assignee.Username+full.Reviewers[0].Username, "extraextra")
	w.same(full.DiffRefs.HeadSha, w.p.Head(work))
	commits, _, err := w.c.MergeRequests.GetMergeRequestCommits(w.p.ID(), m.IID, nil)
	w.ok(err)
	w.same(commits[0].ID, w.p.Head(work))
	diffs, _, err := w.c.MergeRequests.ListMergeRequestDiffs(w.p.ID(), m.IID, nil)
	w.ok(err)
	w.same(strings.Contains(diffs[0].Diff, "-boto3==1.34.0\n+boto3==1.35.0\n"), true)
	compared, _, err := w.c.Repositories.Compare(w.p.ID(), &gitlab.CompareOptions{From: new(main), To: new(work)})
	w.ok(err)
	w.same(compared.Commits[0].ID+" "+compared.Diffs[0].NewPath, w.p.Head(work)+" constraints.txt")
	one, _, err := w.c.Commits.GetCommit(w.p.ID(), w.p.Head(work), nil)
	w.ok(err)
	w.same(one.ParentIDs[0], w.p.Head(main))
	_, _, err = w.c.Commits.GetCommit(w.p.ID(), "0123456789012345678901234567890123456789", nil)
	w.refused(err, 404, "")
	touching, _, err := w.c.Commits.ListCommits(w.p.ID(), &gitlab.ListCommitsOptions{RefName: new(work), Path: new("README.md")})
	w.ok(err)
	w.same(len(touching), 1)
	between, _, err := w.c.Commits.ListCommits(w.p.ID(), &gitlab.ListCommitsOptions{RefName: new("main.." + work)})
	w.ok(err)
	w.same(len(between), 1)
	files, _, err := w.c.Repositories.ListTree(w.p.ID(), &gitlab.ListTreeOptions{Ref: new(main)})
	w.ok(err)
	w.same(len(files), 2)
	version, _, err := w.c.Version.GetVersion()
	w.ok(err)
	w.same(version.Version, "19.5.0")
	w.same(len(w.s.Reads(w.now)) > 8, true)
}
