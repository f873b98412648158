package gitlabsim_test

import (
	"net/http"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// gitlab.md 7.7: a tag of a branch's name wins where GitLab hands the name to
// git; branches themselves and full references do not mind.
func TestATagWinsOverABranch(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	head := w.p.Head(main)
	_, err := w.p.TagFiles("rita", main, main, map[string]string{"constraints.txt": "evil==1\n"})
	if err == nil {
		t.Fatal("a Reporter made a tag")
	}
	tagged, err := w.p.TagFiles("bot", main, main, map[string]string{"constraints.txt": "evil==1\n"})
	w.ok(err)
	read := func(ref string) string {
		data, _, err := w.c.RepositoryFiles.GetRawFile(w.p.ID(), "constraints.txt", &gitlab.GetRawFileOptions{Ref: &ref})
		w.ok(err)
		return string(data)
	}
	w.same(read(main), "evil==1\n")
	w.same(read("refs/tags/main"), "evil==1\n")
	w.same(read("refs/heads/main"), pins)
	w.same(read("HEAD"), pins)
	w.same(read(head), pins)
	c, _, err := w.c.Commits.GetCommit(w.p.ID(), main, nil)
	w.ok(err)
	w.same(c.ID, tagged)
	b, _, err := w.c.Branches.GetBranch(w.p.ID(), main)
	w.ok(err)
	w.same(b.Commit.ID, head)
	_, _, err = w.c.Pipelines.CreatePipeline(w.p.ID(), &gitlab.CreatePipelineOptions{Ref: new(main)})
	w.refused(err, 400, "Ref is ambiguous")
}

// The rebase button keeps the author and makes whoever pressed it the committer.
func TestTheRebaseButton(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	m := w.openMR(work)
	_, err := w.p.EditFile("maria", "constraints.txt", bump(pins, "urllib3==2.0.7", "urllib3==2.1.0"))
	w.ok(err)
	w.ok(w.p.RebaseMR("maria", int(m.IID)))
	c, _, err := w.c.Commits.GetCommit(w.p.ID(), w.p.Head(work), nil)
	w.ok(err)
	w.same(c.AuthorName+" "+c.CommitterName+" "+c.ParentIDs[0], "Bot Maria "+w.p.Head(main))
	text, _ := w.p.File(work, "constraints.txt")
	w.same(text, bump(bump(pins, "boto3==1.34.0", "boto3==1.35.0"), "urllib3==2.0.7", "urllib3==2.1.0"))
}

func TestTheMergeBase(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	base := w.p.Head(main)
	made := w.commit(work, bump(pins, "boto3==1.34.0", "boto3==1.35.0"))
	_, err := w.p.EditFile("maria", "README.md", "more\n")
	w.ok(err)
	c, _, err := w.c.Repositories.MergeBase(w.p.ID(), &gitlab.MergeBaseOptions{Ref: &[]string{made.ID, main}})
	w.ok(err)
	w.same(c.ID, base)
	_, answer, err := w.c.Repositories.MergeBase(w.p.ID(), &gitlab.MergeBaseOptions{Ref: &[]string{made.ID, strings.Repeat("0", 40)}})
	w.same(err != nil && answer.StatusCode == http.StatusBadRequest, true)
}
