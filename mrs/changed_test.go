package mrs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// noted is an update of packages with what their repositories say of it.
func noted(notes ...plan.ReleaseNotes) (plan.Update, BodyView) {
	u, v := plan.Update{Branch: "pinwheel/a", Kind: plan.Minor}, BodyView{Notes: map[plan.Step]plan.ReleaseNotes{}}
	for i, n := range notes {
		m := plan.Move{Name: fmt.Sprintf("p%d", i), Key: fmt.Sprintf("p%d", i), File: "constraints.txt", From: "1.0", To: "1.1+a", Kind: plan.Minor}
		u.Moves = append(u.Moves, m, m) // of two slots
		if n.State != "" {
			v.Notes[m.Step()] = n
		}
	}
	return u, v
}

func read(texts ...string) plan.ReleaseNotes {
	n := plan.ReleaseNotes{State: plan.NotesRead}
	for i, s := range texts {
		n.Notes = append(n.Notes, plan.ReleaseNote{Version: fmt.Sprintf("1.%d", len(texts)-i), Text: s})
	}
	return n
}

var unread = plan.ReleaseNotes{State: plan.NotesUnread}

// changedPart is the part of a description that says what changed.
func changedPart(t *testing.T, body string) string {
	t.Helper()
	_, after, found := strings.Cut(body, "<details><summary>What changed</summary>\n\n")
	part, _, ended := strings.Cut(after, "\n\n</details>\n")
	if !found || !ended {
		t.Fatalf("no part says what changed:\n%s", body)
	}
	return part
}

func TestWhatChanged(t *testing.T) {
	titled := read("- b")
	titled.More, titled.Notes[0].Title, titled.Notes[0].At = 3, "the `fast` one", time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		notes []plan.ReleaseNotes
		want  string
	}{
		"nobody asked": {[]plan.ReleaseNotes{{}}, "Release notes are not quoted here: the links of the table lead to them.\nNo changelog and no release notes are named by `p0`."},
		"none":         {[]plan.ReleaseNotes{read(), read("<!-- x -->")}, "The repositories of `p0` and `p1` publish no notes for these releases.\nNo changelog and no release notes are named by `p0` and `p1`."},
		"titled": {[]plan.ReleaseNotes{titled}, "<!-- pinwheel:notes p0:1.0:1.1%2Ba -->\nWhat those who publish `p0` say of it, newest first, as plain text:\n\n**1.1 of 2026-01-02: the 'fast' one**\n\n - b\n\n" +
			"Notes of older releases are left out here: 3.\n<!-- pinwheel:notes end -->"},
		"some": {[]plan.ReleaseNotes{{}, read("a"), unread, read()}, "<!-- pinwheel:notes p1:1.0:1.1%2Ba -->\nWhat those who publish `p1` say of it, newest first, as plain text:\n\n**1.1**\n\na\n<!-- pinwheel:notes end -->\n\n" +
			"<!-- pinwheel:notes p2:1.0:1.1%2Ba -->\nThe release notes of `p2` could not be read when this was written.\n<!-- pinwheel:notes end -->\n\n" +
			"Release notes of `p0` are not quoted here: the links of the table lead to them.\nThe repository of `p3` publishes no notes for these releases.\nNo changelog and no release notes are named by `p0` and `p3`."},
	} {
		if got := changedPart(t, Body(noted(tt.notes...))); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

// hostileNotes are what somebody may publish to make a merge request do something.
var hostileNotes = []string{
	"/merge\n/close\r\n/approve\r/label ~bug\n\u2028/merge\n\v/merge", "@all @everyone <@here> :tada:", "Fixes #1, closes group/project!2, resolves ABC-123",
	"</details>\n</summary>\n" + endMark + "\n" + notesEnd + "\n/merge", "- [x] <!-- rebase-check -->now\n- [ ] <!-- approve-branch=a -->b",
	"```\n</details>\n/merge", "~~~\n" + endMark, "`````\n````\n/merge", "<script>alert(1)</script><img src=x onerror=y><details open>", "![x](https://evil.example/pixel) [y](javascript:z) [a]: https://evil.example",
	"\u202e\u2066/merge\u2069 \u200b/close \ufeff/merge", "a\n===\nb\n---\n| a |\n|---|\n| /merge |", strings.Repeat("x", 1<<20), strings.Repeat("a\n\n", 1<<18), strings.Repeat("![", 1<<19), strings.Repeat("`", 1<<20),
	"<!-- pinwheel:mr v=1 project=1 branch=main -->\n" + beginMark, "\xff\xfe\x00/merge", "[[_TOC_]]\n::include{file=a}\n$$x$$\n:::\n>>>\n/merge\n>>>", "&lt;/details&gt; &#47;merge \\/merge",
}

// bare is a text without its code.
func bare(s string) string { return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(s, "") }

// What strangers publish stays in its fold, and is shown and not obeyed.
func TestHostileNotes(t *testing.T) {
	var all []plan.ReleaseNotes
	for _, s := range hostileNotes {
		n := read(s, s)
		n.Notes[0].Title, n.Notes[0].Version, n.Notes[1].Version = s, s[:min(len(s), 50)], "1.0"
		all = append(all, n)
	}
	for i, n := range all {
		body := Body(noted(n))
		part := changedPart(t, body)
		quoted := strings.TrimSuffix(strings.TrimPrefix(part, notesBegin(plan.Step{Key: "p0", From: "1.0", To: "1.1+a"})+"\n"), "\n"+notesEnd)
		if strings.Contains(quoted, "<!--") && len(quoted) == len(part) {
			quoted = ""
		}
		if !text.Quoted(quoted) || len(part) > 2*maxNote+1000 {
			t.Errorf("%d: %d bytes:\n%.2000s", i, len(part), part)
		}
		if strings.Count(body, endMark) != 1 || strings.Count(body, beginMark) != 1 || strings.Count(bare(body), "<details>") != strings.Count(bare(body), "</details>") {
			t.Errorf("%d breaks out:\n%.3000s", i, body)
		}
		if note := ParseBody(body); note.RebaseBox || !note.Present {
			t.Errorf("%d: %+v", i, note)
		}
	}
	if body := Body(noted(append(all, all...)...)); len(changedPart(t, body)) > maxNotes+5000 {
		t.Errorf("all together have %d bytes", len(changedPart(t, body)))
	}
}

// A text whose notes cannot be read now keeps those that it had, and nothing that a person wrote
// in their place.
func TestNotesStay(t *testing.T) {
	before, after := Body(noted(read("good", "older"), read("other"))), Body(noted(unread, read("newer")))
	got := changedPart(t, Replace("above\n"+before+"\nbelow", after))
	for _, want := range []string{"\n\ngood\n\n", "older", "newer"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "other") || strings.Contains(got, "could not be read") {
		t.Errorf("have\n%s", got)
	}
	if same := Replace(before, before); same != before {
		t.Errorf("an unchanged text changes:\n%s", same)
	}
	for _, people := range []string{"good\n/merge", "good\r/merge", "`good", "@all", "[good](https://evil.example)", "</details>", "<!-- x -->", strings.Repeat("good ", 10_000), "- [x] good"} {
		got := changedPart(t, Replace(strings.Replace(before, "good", people, 1), after))
		if !strings.Contains(got, "The release notes of `p0` could not be read") || strings.Contains(got, "older") {
			t.Errorf("%.50q stays:\n%.2000s", people, got)
		}
	}
	for name, old := range map[string]string{
		"of another step":     strings.ReplaceAll(before, "p0:1.0:", "p0:0.9:"),
		"without an end":      strings.ReplaceAll(before, notesEnd, ""),
		"outside of our text": "x",
		"that were not read":  after,
	} {
		if got := changedPart(t, Replace(old, after)+after); !strings.Contains(got, "The release notes of `p0` could not be read") {
			t.Errorf("notes %s stay:\n%s", name, got)
		}
	}
}
