package gitlabsim_test

import (
	"encoding/base64"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gitlab.md 2.3: force + start_sha creates, rebases and rebuilds in one call.
func TestOneCommitCallRebuildsABranch(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	first := w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	_, err := w.p.EditFile("maria", "README.md", "more\n")
	w.ok(err)
	second := w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.36.0"))
	w.same(second.ParentIDs[0], w.p.Head(main))
	w.same(w.p.Head(work), second.ID)
	text, _ := w.p.File(work, "README.md")
	w.same(text, "more\n")
	old, _ := w.p.File(first.ID, "README.md") // what was replaced can still be read by its id
	w.same(old, "hello\n")
	w.happened("force-push " + work)
}

// gitlab.md 2.3: a person's push between our read and our commit is lost to
// the branch, and only the merge request's versions know it.
func TestTheCommitsAPIHasNoExpectedHead(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	m := w.openMR(work)
	theirs := ""
	w.s.OnRequest(func(c gitlabsim.Call) {
		if c.Method == "POST" && c.Route == "/projects/:id/repository/commits" && c.N == 2 {
			theirs, _ = w.p.Push("maria", work, "My fix", map[string]string{"fix.py": "x\n"})
		}
	})
	ours := w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.36.0"))
	w.same(w.p.Head(work), ours.ID)
	w.get(m.IID)
	versions, _, err := w.c.MergeRequests.GetMergeRequestDiffVersions(w.p.ID(), m.IID, nil)
	w.ok(err)
	w.same(len(versions), 3)
	w.same(versions[0].HeadCommitSHA, ours.ID)
	w.same(versions[1].HeadCommitSHA, theirs)
	_, _, err = w.c.Branches.CreateBranch(w.p.ID(), &gitlab.CreateBranchOptions{Branch: new("saved"), Ref: &theirs})
	w.ok(err)
}

// gitlab.md 2.3: every refusal is a 400 (a 403 for rights) told apart by text.
func TestCommitRefusals(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	base := func() *gitlab.CreateCommitOptions {
		return w.commitOptions("new", bump(pins, "idna==3.6", "idna==3.7"))
	}
	for name, test := range map[string]struct {
		change func(*gitlab.CreateCommitOptions)
		status int
		text   string
	}{
		"exists":         {func(o *gitlab.CreateCommitOptions) { o.Branch, o.Force = new(work), nil }, 400, "A branch called '" + work + "' already exists"},
		"no start":       {func(o *gitlab.CreateCommitOptions) { o.StartSHA = nil }, 400, "You can only create or edit files when you are on a branch"},
		"no branch":      {func(o *gitlab.CreateCommitOptions) { o.StartSHA, o.StartBranch = nil, new("nope") }, 400, "You can only create or edit"},
		"short sha":      {func(o *gitlab.CreateCommitOptions) { o.StartSHA = new("abc") }, 400, "Invalid start_sha"},
		"unknown sha":    {func(o *gitlab.CreateCommitOptions) { o.StartSHA = new("0123456789012345678901234567890123456789") }, 400, "Cannot find start_sha"},
		"both":           {func(o *gitlab.CreateCommitOptions) { o.StartBranch = new(main) }, 400, "mutually exclusive"},
		"bad name":       {func(o *gitlab.CreateCommitOptions) { o.Branch = new("a b") }, 400, "Something went wrong when we tried to create 'a b' for you"},
		"hex name":       {func(o *gitlab.CreateCommitOptions) { o.Branch = new("0123456789012345678901234567890123456789") }, 400, "40-character"},
		"below a branch": {func(o *gitlab.CreateCommitOptions) { o.Branch = new(work + "/x") }, 400, "Something went wrong"},
		"file exists":    {func(o *gitlab.CreateCommitOptions) { o.Actions[0].Action = new(gitlab.FileCreate) }, 400, "A file with this name already exists"},
		"no file":        {func(o *gitlab.CreateCommitOptions) { o.Actions[0].FilePath = new("x") }, 400, "A file with this name doesn't exist"},
		"traversal":      {func(o *gitlab.CreateCommitOptions) { o.Actions[0].FilePath = new("../x") }, 400, "directory traversal"},
		"changed file": {func(o *gitlab.CreateCommitOptions) {
			o.Actions[0].LastCommitID = new("0123456789012345678901234567890123456789")
		}, 400, "The file has changed since you started editing it"},
		"no actions":  {func(o *gitlab.CreateCommitOptions) { o.Actions = nil }, 400, "actions is missing"},
		"nothing new": {func(o *gitlab.CreateCommitOptions) { o.Actions[0].Content = new(pins) }, 400, "empty"},
		"protected":   {func(o *gitlab.CreateCommitOptions) { o.Branch, o.StartSHA = new(main), nil }, 403, "You are not allowed to push into this branch"},
		"bad base64": {func(o *gitlab.CreateCommitOptions) {
			o.Actions[0].Encoding = new("base64")
			o.Actions[0].Content = new("#")
		}, 400, "base64"},
	} {
		t.Run(name, func(t *testing.T) {
			o := base()
			test.change(o)
			_, _, err := w.c.Commits.CreateCommit(w.p.ID(), o)
			(&world{T: t}).refused(err, test.status, test.text)
		})
	}
	w.same(w.p.Head("new"), "")
}

// gitlab.md 2.3: all actions or none; base64 keeps every byte.
func TestActionsAreAtomic(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	bytes := "a\r\n\x00\xff"
	o := w.commitOptions(work, bump(pins, "idna==3.6", "idna==3.7"))
	o.Actions = append(o.Actions,
		&gitlab.CommitActionOptions{Action: new(gitlab.FileCreate), FilePath: new("pipeline/constraints.yml"), Encoding: new("base64"),
			Content: new(base64.StdEncoding.EncodeToString([]byte(bytes)))},
		&gitlab.CommitActionOptions{Action: new(gitlab.FileDelete), FilePath: new("absent")})
	_, _, err := w.c.Commits.CreateCommit(w.p.ID(), o)
	w.refused(err, 400, "doesn't exist")
	w.same(w.p.Head(work), "")
	o.Actions[2] = &gitlab.CommitActionOptions{Action: new(gitlab.FileMove), FilePath: new("README"), PreviousPath: new("README.md")}
	_, _, err = w.c.Commits.CreateCommit(w.p.ID(), o)
	w.ok(err)
	raw, _, err := w.c.RepositoryFiles.GetRawFile(w.p.ID(), "pipeline/constraints.yml", &gitlab.GetRawFileOptions{Ref: new(work)})
	w.ok(err)
	w.same(string(raw), bytes)
	file, _, err := w.c.RepositoryFiles.GetFile(w.p.ID(), "README", &gitlab.GetFileOptions{Ref: new(w.p.Head(work))})
	w.ok(err)
	w.same(file.Content, base64.StdEncoding.EncodeToString([]byte("hello\n")))
	w.same(file.LastCommitID, w.p.Head(work))
	meta, _, err := w.c.RepositoryFiles.GetFileMetaData(w.p.ID(), "constraints.txt", &gitlab.GetFileMetaDataOptions{Ref: new(main)})
	w.ok(err)
	w.same(meta.LastCommitID, w.p.Head(main))
	_, _, err = w.c.RepositoryFiles.GetRawFile(w.p.ID(), "README.md", &gitlab.GetRawFileOptions{Ref: new(work)})
	w.refused(err, 404, "")
}

// gitlab.md 2.3 and the brief of the fake: the list of branches may hide parents.
func TestBranchListsLeaveParentsOut(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	list, _, err := w.c.Branches.ListBranches(w.p.ID(), &gitlab.ListBranchesOptions{Search: new("^pinwheel/")})
	w.ok(err)
	w.same(len(list), 1)
	w.same(len(list[0].Commit.ParentIDs), 0)
	one, _, err := w.c.Branches.GetBranch(w.p.ID(), work)
	w.ok(err)
	w.same(one.Commit.ParentIDs[0], w.p.Head(main))
	w.same(one.Commit.ID, list[0].Commit.ID)
}

// gitlab.md 2.6 and 1.3: 20 a page, at most 100, no totals for commits.
func TestPagination(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{BaseURL: "https://host.example/git"})
	for range 24 {
		_, err := w.p.EditFile("maria", "README.md", w.p.Head(main))
		w.ok(err)
	}
	page, response, err := w.c.Commits.ListCommits(w.p.Path(), &gitlab.ListCommitsOptions{RefName: new(main)})
	w.ok(err)
	w.same(len(page), 20)
	w.same(response.NextPage, int64(2))
	w.same(response.TotalItems, int64(0))
	all, err := gitlab.ScanAndCollect(func(o gitlab.PaginationOptionFunc) ([]*gitlab.Commit, *gitlab.Response, error) {
		return w.c.Commits.ListCommits(w.p.Path(), &gitlab.ListCommitsOptions{RefName: new(main)}, o)
	})
	w.ok(err)
	w.same(len(all), 25)
	w.same(all[0].ID, w.p.Head(main))
}
