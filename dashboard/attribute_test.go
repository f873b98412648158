package dashboard_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestParseNote(t *testing.T) {
	for _, tt := range []struct {
		body, item  string
		checked, ok bool
	}{
		{`marked the checklist item **unschedule\-branch\=renovate/boto3\-1\.x Update dependency boto3 to v1\.43\.2** as completed`, "unschedule-branch=renovate/boto3-1.x Update dependency boto3 to v1.43.2", true, true},
		{"marked the checklist item **a** as incomplete", "a", false, true},
		{"marked the task **a** as completed", "a", true, true},
		{`marked the checklist item **a \*\*b\*\* as incomplete** as completed`, "a **b** as incomplete", true, true},
		{`marked the checklist item **a\\b\** as completed`, `a\b\`, true, true},
		{"marked the checklist item a as completed", "", false, false},
		{"Marked the checklist item **a** as completed by me", "", false, false},
		{"changed the description", "", false, false},
		{"", "", false, false},
	} {
		checked, item, ok := dashboard.ParseNote(tt.body)
		if checked != tt.checked || item != tt.item || ok != tt.ok {
			t.Errorf("ParseNote(%q) = %v, %q, %v", tt.body, checked, item, ok)
		}
	}
	if !dashboard.IsDescriptionChange("changed the description") || dashboard.IsDescriptionChange("changed title from **a** to **b**") {
		t.Error("IsDescriptionChange")
	}
}

var special = regexp.MustCompile("[\\\\`*_{}\\[\\]()#+\\-.!<>|=~^&$]")

func FuzzParseNote(f *testing.F) {
	f.Add("unschedule-branch=a-1.x Update a", true)
	f.Add("**", false)
	f.Add(`\`, false)
	f.Fuzz(func(t *testing.T, item string, checked bool) {
		dashboard.ParseNote(item)
		state := map[bool]string{true: "completed", false: "incomplete"}[checked]
		got, read, ok := dashboard.ParseNote("marked the checklist item **" + special.ReplaceAllString(item, `\$0`) + "** as " + state)
		if !ok || got != checked || read != strings.TrimSpace(item) && strings.ToValidUTF8(read, "") == read && strings.ToValidUTF8(item, "") == item {
			t.Errorf("%q came back as %q, %v, %v", item, read, got, ok)
		}
	})
}

var (
	bot   = plan.User{ID: 1, Username: "pinwheel"}
	alice = plan.User{ID: 2, Username: "alice"}
	erin  = plan.User{ID: 3, Username: "erin"}
)

const (
	done   = "completed"
	undone = "incomplete"
)

// item is the note of a ticked or unticked box as GitLab writes it.
func item(id int64, by plan.User, text, state string) dashboard.Note {
	return dashboard.Note{ID: id, System: true, Author: by, At: day("2026-11-24 08:00").Add(time.Duration(id) * time.Minute),
		Body: "marked the checklist item **" + special.ReplaceAllString(text, `\$0`) + "** as " + state}
}

// Who ticked costs what notes and text are long, not their product: half a
// thousand boxes and an item of 100 KB that was toggled forty times.
func TestWhoTickedIsLinear(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf(" - [x] <!-- unschedule-branch=r/p%d-1.x -->Update p%d %s", i, i, strings.Repeat("x", 200)))
	}
	for name, text := range map[string]func(n int) string{
		"no marker":             func(n int) string { return "mine " + strings.Repeat("a-", n/2) },
		"one word":              func(n int) string { return "unschedule-branch=r/p1-1.x" + strings.Repeat("a", n) },
		"the marker many times": func(n int) string { return strings.Repeat("unschedule-branch=r/p1-1.x ", n/25) },
		"many markers":          func(n int) string { return strings.Repeat("unschedule-branch=r/p1-1.xUpdate ", n/33) },
		"escapes alone":         func(n int) string { return strings.Repeat(`\`, n) },
	} {
		t.Run(name, func(t *testing.T) {
			testenv.Linear(t, 100_000/16, func(n int) func() {
				var notes []dashboard.Note
				ticked := item(0, erin, text(n), done)
				unticked := item(0, erin, text(n), undone)
				for i := range 40 {
					note := []dashboard.Note{ticked, unticked}[i%2]
					note.ID, note.At = int64(11+i), note.At.Add(time.Duration(11+i)*time.Minute)
					notes = append(notes, note)
				}
				body := page(lines[:500*n/100_000]...)
				return func() {
					dashboard.Attribute(dashboard.Parse(body), dashboard.History{Bot: bot, LastBody: body, Notes: notes})
				}
			})
		})
	}
}

// GitLab escapes some characters of an item and not others, and that may change.
// Whatever it does, the marker says which box is meant.
func FuzzMarkerInANote(f *testing.F) {
	f.Add(uint64(0), false, false)
	f.Add(^uint64(0), true, false)
	f.Add(uint64(1)<<13, false, true)
	f.Add(uint64(0x5555555555555555), true, true)
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	line := " - [ ] <!-- approve-branch=r/b_2+x-2.x -->[Update `b` to *v2*](!7) (#3 & \\~4)"
	f.Fuzz(func(t *testing.T, which uint64, whole, second bool) {
		text := "approve-branch=r/b_2+x-2.x [Update `b` to *v2*](!7) (#3 & \\~4)"
		if whole {
			text = "<!-- approve-branch=r/b_2+x-2.x -->Update b to v2"
		}
		if second {
			text += "\n— 1 → 2, major. Needs approval."
		}
		var body strings.Builder
		for _, r := range text {
			if i := strings.IndexRune(punctuation, r); i >= 0 && (which>>i&1 == 1 || r == '\\') {
				body.WriteByte('\\')
			}
			body.WriteRune(r)
		}
		n := item(11, alice, "", done)
		n.Body = "marked the checklist item **" + body.String() + "** as completed"
		got := dashboard.Attribute(dashboard.Parse(page(line)), dashboard.History{Bot: bot, LastBody: page(line), Notes: []dashboard.Note{n}}).Ticks
		if len(got) != 1 || got[0].By != alice || got[0].Branch != "r/b_2+x-2.x" || !got[0].Rendered || got[0].Box != plan.BoxApprove {
			t.Errorf("%q gives %+v", n.Body, got)
		}
	})
}
