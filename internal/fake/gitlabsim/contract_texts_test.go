package gitlabsim_test

import (
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const board = `This issue lists updates.

## Awaiting Schedule

 - [ ] <!-- unschedule-branch=pinwheel/boto3-1.x -->Update dependency boto3 to v1.35.0
 - [ ] <!-- unschedule-branch=pinwheel/idna-3.x -->[Update idna](!9) (` + "`idna`" + `)`

func (w *world) issue(text string) int64 {
	w.Helper()
	i, _, err := w.c.Issues.CreateIssue(w.p.ID(), &gitlab.CreateIssueOptions{Title: new("Dependency Dashboard"), Description: &text})
	w.ok(err)
	return i.IID
}

func (w *world) put(iid int64, text string) *gitlab.Issue {
	w.Helper()
	i, _, err := w.c.Issues.UpdateIssue(w.p.ID(), iid, &gitlab.UpdateIssueOptions{Description: &text})
	w.ok(err)
	return i
}

// notes are the bodies, oldest first, with their authors.
func (w *world) notes(iid int64) []string {
	w.Helper()
	all, _, err := w.c.Notes.ListIssueNotes(w.p.ID(), iid, &gitlab.ListIssueNotesOptions{Sort: new("asc"), OrderBy: new("created_at")})
	w.ok(err)
	var out []string
	for _, n := range all {
		out = append(out, n.Author.Username+": "+n.Body)
	}
	return out
}

func (w *world) lastNote(iid int64, want string) {
	w.Helper()
	all := w.notes(iid)
	if len(all) == 0 || all[len(all)-1] != want {
		w.Fatalf("want last note %q in %q", want, all)
	}
}

// gitlab.md 2.2: a tick leaves a note by its author, with escaped text and the
// inner text of comments; the bot's untick leaves one as well.
func TestChecklistNotes(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	w.ok(w.p.Tick("maria", int(iid), "boto3-1.x"))
	w.lastNote(iid, `maria: marked the checklist item **unschedule\-branch\=pinwheel/boto3\-1\.x Update dependency boto3 to v1\.35\.0** as completed`)
	i, _, err := w.c.Issues.GetIssue(w.p.ID(), iid)
	w.ok(err)
	w.same(i.TaskCompletionStatus.CompletedCount, int64(1))
	w.put(iid, board)
	w.lastNote(iid, `bot: marked the checklist item **unschedule\-branch\=pinwheel/boto3\-1\.x Update dependency boto3 to v1\.35\.0** as incomplete`)
	w.ok(w.p.Tick("maria", int(iid), "idna-3.x"))
	w.lastNote(iid, `maria: marked the checklist item **unschedule\-branch\=pinwheel/idna\-3\.x Update idna \(idna\)** as completed`)
	w.same(w.p.Tick("maria", int(iid), "idna-3.x") != nil, true) // already ticked
}

// gitlab.md 7.1: notes quote what is rendered, the second line included; the
// older form quotes the first line as it is written.
func TestNotesQuoteWhatIsRendered(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	const text = " - [ ] <!-- approve-branch=x/lxml-6.x -->[Update `lxml` to **v6**](!5) &amp; more\\.\n   — 5.3.2 → 6.1.3, major.\n   - [ ] inner\n"
	iid := w.issue(text)
	w.ok(w.p.Tick("maria", int(iid), "lxml-6.x"))
	w.lastNote(iid, `maria: marked the checklist item **approve\-branch\=x/lxml\-6\.x Update lxml to v6 \& more\.`+"\n— 5\\.3\\.2 → 6\\.1\\.3, major\\.** as completed")
	w.put(iid, strings.Replace(text, "major", "minor", 1)) // the second line differs, so nobody compares the boxes
	w.lastNote(iid, "bot: changed the description")
	w.p.Set(gitlabsim.Settings{RawNotes: true})
	w.ok(w.p.Tick("maria", int(iid), "lxml-6.x"))
	w.lastNote(iid, "maria: marked the checklist item **approve\\-branch\\=x/lxml\\-6\\.x \\[Update \\`lxml\\` to \\*\\*v6\\*\\*\\]\\(\\!5\\) \\&amp; more\\\\\\.** as completed")
}

// gitlab.md 7.2: a page sends all of the text that it was opened with.
func TestAStalePageWipesWhatOthersTicked(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	w.p.SetRole("rita", gitlabsim.Reporter)
	w.ok(w.p.OpenPage("rita", int(iid)))
	w.ok(w.p.Tick("maria", int(iid), "boto3-1.x"))
	w.ok(w.p.Tick("rita", int(iid), "idna-3.x"))
	i, _ := w.p.Issue(int(iid))
	w.same(strings.Contains(i.Description, "[x] <!-- unschedule-branch=pinwheel/boto3"), false)
	w.same(strings.Contains(i.Description, "[x] <!-- unschedule-branch=pinwheel/idna"), true)
	all := w.notes(iid)
	w.same(len(all), 3)
	w.same(strings.HasSuffix(all[1], "v1\\.35\\.0** as incomplete") && strings.HasPrefix(all[1], "rita: "), true)
	w.p.ClosePage("rita", int(iid))
	w.ok(w.p.Tick("rita", int(iid), "boto3-1.x"))
	w.ok(w.p.MoveItem("rita", int(iid), "idna-3.x", "boto3-1.x"))
	w.lastNote(iid, "rita: changed the description")
	w.ok(w.p.ConvertItem("maria", int(iid), "boto3-1.x"))
	w.lastNote(iid, "maria: added a child task")
	i, _ = w.p.Issue(int(iid))
	w.same(strings.Contains(i.Description, "boto3"), false)
	w.ok(w.p.DeleteItem("maria", int(iid), "idna-3.x"))
	w.same(w.p.DeleteItem("maria", int(iid), "idna-3.x") != nil, true)
}

// gitlab.md 7.5: what nobody may read is taken away after the page is cut.
func TestPagesOfNotesMayBeShort(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	w.ok(w.p.Comment("maria", int(iid), "first"))
	w.ok(w.p.MentionFromAfar("maria", int(iid)))
	w.ok(w.p.Comment("maria", int(iid), "last"))
	opt := &gitlab.ListIssueNotesOptions{Sort: new("asc"), ListOptions: gitlab.ListOptions{PerPage: 2}}
	page, resp, err := w.c.Notes.ListIssueNotes(w.p.ID(), iid, opt)
	w.ok(err)
	w.same(len(page), 1)
	w.same(resp.NextPage, int64(2))
	w.same(len(w.notes(iid)), 2)
}

// A replica that lags tells no notes of this instant.
func TestLateNotes(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{LateNotes: 1})
	iid := w.issue(board)
	w.ok(w.p.Comment("maria", int(iid), "first"))
	w.same(len(w.notes(iid)), 0)
	w.same(len(w.notes(iid)), 1)
	w.ok(w.p.Comment("maria", int(iid), "second"))
	w.now = w.now.Add(time.Minute)
	w.same(len(w.notes(iid)), 2)
}

// gitlab.md 7.4: texts that are taken for spam are refused, in three ways.
func TestSpam(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	w.ok(w.s.Inject("* * spam x2"))
	_, _, err := w.c.Issues.GetIssue(w.p.ID(), iid)
	w.ok(err)
	_, resp, err := w.c.Issues.UpdateIssue(w.p.ID(), iid, &gitlab.UpdateIssueOptions{Description: new("x")})
	w.same(err != nil && strings.Contains(err.Error(), "recognized as spam"), true)
	w.same(resp.StatusCode, 409)
	_, resp, err = w.c.Notes.CreateIssueNote(w.p.ID(), iid, &gitlab.CreateIssueNoteOptions{Body: new("x")})
	w.same(err != nil && strings.Contains(err.Error(), "recognized as spam"), true)
	w.same(resp.StatusCode, 400)
	i, _ := w.p.Issue(int(iid))
	w.same(i.Description, board)
}

// gitlab.md 2.2: lists are compared by index and by text, and checklist notes
// hide that anything else changed.
func TestChecklistIsComparedByIndex(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue(board)
	moved := strings.Replace(board, " - [ ]", " - [ ] first\n - [x]", 1)
	w.put(iid, moved)
	w.lastNote(iid, "bot: changed the description")
	w.put(iid, strings.Replace(moved, "[x]", "[ ]", 1)+"\n\nand more")
	all := w.notes(iid)
	w.same(strings.Contains(all[len(all)-1], "as incomplete"), true)
	before := len(all)
	w.put(iid, strings.Replace(moved, "[x]", "[ ]", 1)+"\n\nand more\n\n")
	w.same(len(w.notes(iid)), before) // trimmed: nothing changed
}

// gitlab.md 2.2: Planner or higher, the author and assignees may tick.
func TestWhoMayTick(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	w.p.Set(gitlabsim.Settings{Public: true})
	iid := int(w.issue(board))
	w.same(w.p.Tick("stranger", iid, "boto3") != nil, true)
	w.p.SetRole("stranger", gitlabsim.Guest)
	w.same(w.p.Tick("stranger", iid, "boto3") != nil, true)
	w.p.SetRole("stranger", gitlabsim.Planner)
	w.ok(w.p.Tick("stranger", iid, "boto3"))
	w.ok(w.p.Tick("rita", iid, "idna-3.x"))
}

// gitlab.md 2.5 and 2.1: texts are trimmed at their end, carriage returns go, NUL and
// 1,048,577 characters are refused.
func TestStoredTexts(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue("\n  a\r\nb  \n\n")
	i, _, err := w.c.Issues.GetIssue(w.p.ID(), iid)
	w.ok(err)
	w.same(i.Description, "\n  a\nb")
	_, _, err = w.c.Issues.UpdateIssue(w.p.ID(), iid, &gitlab.UpdateIssueOptions{Description: new("a\x00")})
	w.refused(err, 400, "null byte")
	_, _, err = w.c.Issues.UpdateIssue(w.p.ID(), iid, &gitlab.UpdateIssueOptions{Description: new(strings.Repeat("é", 1<<20))})
	w.ok(err)
	_, _, err = w.c.Issues.UpdateIssue(w.p.ID(), iid, &gitlab.UpdateIssueOptions{Description: new(strings.Repeat("x", 1<<20+1))})
	w.refused(err, 400, "too long")
}

// gitlab.md 2.5: quick actions in column 0 run as the token's user and leave
// the text; fences, quotes, HTML blocks and anything before the slash protect.
func TestQuickActions(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	safe := "```\n/close\n```\n\n> /close\n /close\n- /close\n\\/close\n&#47;close\n/usr/bin\n/closet\n\n>>>\n/close\n>>>\n\n<details>\n/close\n</details>\n`/close`"
	i := w.put(w.issue("x"), safe)
	w.same(i.State, "opened")
	w.same(i.Description, safe)
	i = w.put(i.IID, "text\n/label ~one ~\"two words\"\n/close\n<!-- \n/title Other\n-->")
	w.same(i.State+" "+strings.Join(i.Labels, ",")+" "+i.Title, "closed one,two words Other")
	w.same(i.Description, "text\n<!-- \n-->")
	w.happened("quick-action #1")

	m := w.branches()
	w.p.Protect(main, gitlabsim.Developer, gitlabsim.Developer)
	_, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{Description: new("changelog\r\n/merge\r\n")})
	w.ok(err)
	w.same(w.get(m.IID).State, "merged")
}

// gitlab.md 2.5: a note of nothing but quick actions leaves no note.
func TestNotesRunQuickActions(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	iid := w.issue("x")
	n, response, err := w.c.Notes.CreateIssueNote(w.p.ID(), iid, &gitlab.CreateIssueNoteOptions{Body: new("/close")})
	w.ok(err)
	w.same(response.StatusCode, 202)
	w.same(n.ID, int64(0))
	w.same(len(w.notes(iid)), 0)
	_, _, err = w.c.Notes.CreateIssueNote(w.p.ID(), iid, &gitlab.CreateIssueNoteOptions{Body: new("back\n/reopen")})
	w.ok(err)
	w.lastNote(iid, "bot: back")
	i, _ := w.p.Issue(int(iid))
	w.same(i.State, "opened")
	m := w.branches()
	made, _, err := w.c.Notes.CreateMergeRequestNote(w.p.ID(), m.IID, &gitlab.CreateMergeRequestNoteOptions{Body: new("a <!-- op:1 -->")})
	w.ok(err)
	edited, _, err := w.c.Notes.UpdateMergeRequestNote(w.p.ID(), m.IID, made.ID, &gitlab.UpdateMergeRequestNoteOptions{Body: new("b")})
	w.ok(err)
	w.same(edited.Body, "b")
}

// gitlab.md 2.5: closing words are found in the raw text, fences or not, and
// close at the merge to the default branch.
func TestClosingKeywords(t *testing.T) {
	for text, closes := range map[string]bool{
		"Fixes #1": true, "```\ncloses: #1\n```": true, "`Resolves #1`": true, "Implements #7, #1 and #2": true, "fixing https://gitlab.example/cki/pipeline/-/issues/1": true,
		"Fixes psf/requests#1": false, "Fixes #\u200b1": false, "Fixes [#1](https://x)": false, "See #1": false, "fixes https://github.com/a/b/issues/1": false,
	} {
		t.Run(text, func(t *testing.T) {
			w := newWorld(t, gitlabsim.Options{})
			iid := w.issue(board)
			m := w.branches()
			_, _, err := w.c.MergeRequests.UpdateMergeRequest(w.p.ID(), m.IID, &gitlab.UpdateMergeRequestOptions{Description: &text})
			w.ok(err)
			i, _ := w.p.Issue(int(iid))
			w.same(i.State, "opened")
			w.ok(w.p.MergeMR("maria", int(m.IID)))
			i, _ = w.p.Issue(int(iid))
			w.same(i.State == "closed", closes)
		})
	}
}

// gitlab.md 2.5: mentions notify and references leave notes, outside of code.
func TestReferences(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	m := w.branches()
	w.now = w.now.Add(time.Hour)
	iid := w.issue("`@rita` ```!1``` @maria, see [x](!1) <!-- !1 @rita -->")
	w.happened("mention #1")
	w.happened("cross-reference !1")
	w.same(w.get(m.IID).UpdatedAt.Equal(w.now), true)
	w.put(iid, "again @maria [x](!1)")
	count := 0
	for _, e := range w.s.Events() {
		if e.Kind == "mention" || e.Kind == "cross-reference" {
			count++
			w.same(strings.Contains(e.Detail, "rita"), false)
		}
	}
	w.same(count, 2)
}
