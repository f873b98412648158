package dashboard_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
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

func note(id int64, by plan.User, body string) dashboard.Note {
	return dashboard.Note{ID: id, System: true, Author: by, Body: body, At: day("2026-11-24 08:00").Add(1e9 * 60 * 1)}
}

// item is the note of a ticked or unticked box as GitLab writes it.
func item(id int64, by plan.User, text, state string) dashboard.Note {
	return note(id, by, "marked the checklist item **"+special.ReplaceAllString(text, `\$0`)+"** as "+state)
}

const (
	lineA    = " - [ ] <!-- unschedule-branch=r/a-1.x -->Update a"
	tickedA  = " - [x] <!-- unschedule-branch=r/a-1.x -->Update a"
	nameA    = "unschedule-branch=r/a-1.x Update a"
	lineB    = " - [ ] <!-- approve-branch=r/b-2.x -->Update b"
	lineAll  = " - [ ] <!-- create-all-awaiting-schedule-prs -->🔐 **Create all** 🔐"
	tickAll  = " - [x] <!-- create-all-awaiting-schedule-prs -->🔐 **Create all** 🔐"
	done     = "completed"
	undone   = "incomplete"
	describe = "changed the description"
)

// show is one tick in a line.
func show(ticks []dashboard.AttributedTick) []string {
	var out []string
	for _, a := range ticks {
		id := a.Tick.ID
		if len(id) == len("text-")+12 {
			id = "text"
		}
		names := []string{}
		for _, u := range a.Candidates {
			names = append(names, u.Username)
		}
		out = append(out, fmt.Sprintf("%s %s by=%s of=%s rendered=%v", id, a.Tick.Branch+a.Tick.Bulk, a.Tick.By.Username, strings.Join(names, ","), a.Tick.Rendered))
	}
	return out
}

func TestAttribute(t *testing.T) {
	known := dashboard.AttributeInput{Bot: bot, LastBody: page(lineA, lineB, lineAll), LastNoteID: 10, LastAt: day("2026-11-24 09:00")}
	waiting := known
	waiting.LastBody = page(tickedA, lineB)
	remembered := waiting
	remembered.Waiting = map[string]string{"r/a-1.x": "text-abc"}
	renumbered := waiting
	renumbered.Waiting = map[string]string{"r/a-1.x": "note-5"}
	for _, tt := range []struct {
		name  string
		in    dashboard.AttributeInput
		body  string
		notes []dashboard.Note
		want  []string
	}{
		{"nothing ticked", known, page(lineA, lineB), []dashboard.Note{note(11, alice, describe)}, nil},
		{"a note names the box", known, page(tickedA), []dashboard.Note{item(11, alice, nameA, done)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=true"}},
		{"title and branch run together", known, page(tickedA), []dashboard.Note{item(11, alice, "unschedule-branch=r/a-1.xUpdate a", done)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=true"}},
		{"a note by title alone", known, page(tickedA), []dashboard.Note{item(11, alice, "Update a", done)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=true"}},
		{"a title twice names nothing", known, page(tickedA, " - [ ] <!-- approve-branch=r/c -->Update a"), []dashboard.Note{item(11, alice, "Update a", done)}, []string{"text r/a-1.x by=alice of=alice rendered=true"}},
		{"a branch that is the start of another", known, page(tickedA), []dashboard.Note{item(11, alice, "unschedule-branch=r/a-1.x2 Update a2", done), note(12, erin, describe)}, []string{"text r/a-1.x by= of=alice,erin rendered=true", "note-11 r/a-1.x2 by=alice of=alice rendered=false"}},
		{"the newest note wins", known, page(tickedA), []dashboard.Note{item(11, alice, nameA, done), item(12, alice, nameA, undone), item(13, erin, nameA, done)}, []string{"note-13 r/a-1.x by=erin of=erin rendered=true"}},
		{"notes in any order", known, page(tickedA), []dashboard.Note{item(13, erin, nameA, done), item(11, alice, nameA, done)}, []string{"note-13 r/a-1.x by=erin of=erin rendered=true"}},
		{"unticked by note and ticked again by text", known, page(tickedA), []dashboard.Note{item(11, alice, nameA, done), item(12, alice, nameA, undone), note(13, erin, describe)}, []string{"text r/a-1.x by= of=alice,erin rendered=true"}},
		{"a comment is no system note", known, page(tickedA), []dashboard.Note{{ID: 11, Author: alice, Body: "marked the checklist item **" + nameA + "** as completed"}, note(12, erin, describe)}, []string{"text r/a-1.x by=erin of=erin rendered=true"}},
		{"an old note is not about a new tick", known, page(tickedA), []dashboard.Note{item(9, alice, nameA, done), note(12, erin, describe)}, []string{"text r/a-1.x by=erin of=erin rendered=true"}},
		{"our own notes are nobody's", known, page(tickedA), []dashboard.Note{item(11, bot, nameA, done), note(12, bot, describe)}, []string{"text r/a-1.x by= of= rendered=true"}},
		{"no notes readable", known, page(tickedA), nil, []string{"text r/a-1.x by= of= rendered=true"}},
		{"text changed by a person", known, page(" - [x] <!-- unschedule-branch=r/a-1.x -->Click me"), []dashboard.Note{item(11, alice, "unschedule-branch=r/a-1.x Click me", done)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=false"}},
		{"marker under another title", known, page(" - [x] <!-- approve-branch=r/b-2.x -->Update a"), nil, []string{"text r/b-2.x by= of= rendered=false"}},
		{"bulk box", known, page(lineA, tickAll), []dashboard.Note{item(11, alice, "create-all-awaiting-schedule-prs 🔐 **Create all** 🔐", done)}, []string{"note-11 create-all-awaiting-schedule-prs by=alice of=alice rendered=true"}},
		{"twice on the page", known, page(tickedA, tickedA), []dashboard.Note{item(11, alice, nameA, done)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=true"}},
		{"waiting keeps its old note", waiting, page(tickedA, lineB), []dashboard.Note{item(5, alice, nameA, done), note(11, erin, describe)}, []string{"note-5 r/a-1.x by=alice of=alice rendered=true"}},
		{"waiting in another section", waiting, page(strings.Replace(tickedA, "unschedule", "unlimit", 1)), []dashboard.Note{item(5, alice, nameA, done)}, []string{"note-5 r/a-1.x by=alice of=alice rendered=false"}},
		{"waiting keeps its remembered ID", remembered, page(tickedA), []dashboard.Note{note(11, erin, describe)}, []string{"text-abc r/a-1.x by= of= rendered=true"}},
		{"waiting keeps its remembered note", renumbered, page(tickedA), []dashboard.Note{item(5, alice, nameA, done)}, []string{"note-5 r/a-1.x by=alice of=alice rendered=true"}},
		{"waiting, ticked anew by another", renumbered, page(tickedA), []dashboard.Note{item(5, alice, nameA, done), item(11, alice, nameA, undone), item(12, erin, nameA, done)}, []string{"note-12 r/a-1.x by=erin of=erin rendered=true"}},
		{"overwritten before we saw it", known, page(lineA, lineB), []dashboard.Note{item(11, alice, nameA, done), item(12, bot, nameA, undone)}, []string{"note-11 r/a-1.x by=alice of=alice rendered=true"}},
		{"overwritten bulk box", known, page(lineA), []dashboard.Note{item(11, alice, "create-all-awaiting-schedule-prs 🔐 **Create all** 🔐", done)}, []string{"note-11 create-all-awaiting-schedule-prs by=alice of=alice rendered=true"}},
		{"overwritten and withdrawn", known, page(lineA), []dashboard.Note{item(11, alice, nameA, done), item(12, alice, nameA, undone)}, nil},
		{"seen and cleared long ago", known, page(lineA), []dashboard.Note{item(9, alice, nameA, done), item(10, bot, nameA, undone)}, nil},
		{"nothing remembered: the page counts", dashboard.AttributeInput{Bot: bot}, page(tickedA, lineB), []dashboard.Note{item(5, alice, nameA, done)}, []string{"note-5 r/a-1.x by=alice of=alice rendered=true"}},
		{"nothing remembered: notes alone do not", dashboard.AttributeInput{Bot: bot}, page(lineA), []dashboard.Note{item(5, alice, nameA, done)}, nil},
		{"nothing remembered: a cleared note is spent", dashboard.AttributeInput{Bot: bot}, page(tickedA), []dashboard.Note{item(5, alice, nameA, done), item(6, bot, nameA, undone), note(7, erin, describe)}, []string{"text r/a-1.x by= of=alice,erin rendered=true"}},
		{"nothing remembered: a word of Renovate's", dashboard.AttributeInput{Bot: bot}, page(" - [x] <!-- other-branch=r/a-1.x -->Update a"), nil, []string{"text r/a-1.x by= of= rendered=false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := dashboard.Attribute(dashboard.Parse(tt.body), tt.notes, tt.in)
			if s := show(got); !reflect.DeepEqual(s, tt.want) {
				t.Errorf("got  %q\nwant %q", s, tt.want)
			}
			for _, a := range got {
				if a.Tick.Role != plan.RoleUnknown {
					t.Errorf("role %d", a.Tick.Role)
				}
			}
		})
	}
}

// A tick without a note keeps its ID while nobody writes, and gets another one
// when it comes again later.
func TestTextIDs(t *testing.T) {
	in := dashboard.AttributeInput{Bot: bot, LastBody: page(lineA), LastNoteID: 10, LastAt: day("2026-11-24 09:00")}
	id := func(in dashboard.AttributeInput, notes ...dashboard.Note) string {
		return dashboard.Attribute(dashboard.Parse(page(tickedA)), notes, in)[0].Tick.ID
	}
	first := id(in, note(11, erin, describe))
	if again := id(in, note(11, erin, describe), note(12, alice, describe)); again != first {
		t.Errorf("%s became %s by another change", first, again)
	}
	in.LastNoteID = 12
	if later := id(in, note(11, erin, describe), note(12, alice, describe), note(13, erin, describe)); later == first {
		t.Errorf("a later tick has the same ID %s", first)
	}
}

func TestWithdrawals(t *testing.T) {
	in := dashboard.AttributeInput{Bot: bot, LastBody: page(tickedA, lineB), LastNoteID: 10}
	for _, tt := range []struct {
		name  string
		body  string
		notes []dashboard.Note
		want  []string
	}{
		{"by text", page(lineA), nil, []string{"r/a-1.x"}},
		{"by text and note once", page(lineA), []dashboard.Note{item(11, alice, nameA, undone)}, []string{"r/a-1.x"}},
		{"by note alone", page(lineB), []dashboard.Note{item(11, alice, nameA, undone)}, []string{"r/a-1.x"}},
		{"still ticked", page(tickedA), []dashboard.Note{item(11, alice, nameA, undone)}, nil},
		{"ticked again", page(lineB), []dashboard.Note{item(11, alice, nameA, undone), item(12, alice, nameA, done)}, nil},
		{"by us", page(lineB), []dashboard.Note{item(11, bot, nameA, undone)}, nil},
		{"long ago", page(lineB), []dashboard.Note{item(9, alice, nameA, undone)}, nil},
		{"emptied", "", nil, nil},
	} {
		if got := dashboard.Withdrawals(dashboard.Parse(tt.body), tt.notes, in); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Who ticked costs what notes and text are long, not their product: half a
// thousand boxes and an item of 100 KB that was toggled forty times.
func TestWhoTickedIsLinear(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf(" - [x] <!-- unschedule-branch=r/p%d-1.x -->Update p%d %s", i, i, strings.Repeat("x", 200)))
	}
	var notes []dashboard.Note
	for i := range 40 {
		notes = append(notes, item(int64(11+i), erin, "mine "+strings.Repeat("a-", 50_000), []string{done, undone}[i%2]))
	}
	start := time.Now()
	dashboard.Attribute(dashboard.Parse(page(lines...)), notes, dashboard.AttributeInput{Bot: bot, LastBody: page(lines...), LastNoteID: 10})
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}
