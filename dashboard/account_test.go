package dashboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// The page of the histories below: three updates, of which one needs approval,
// and the box for all that wait for the window.
var boxes = map[string]string{
	"a":   "<!-- unschedule-branch=r/a-1.x -->Update a to v1.5",
	"b":   "<!-- approve-branch=r/b-2.x -->[Update b to v2](!3) (`b`, `c`)",
	"c":   "<!-- approvePr-branch=r/c-1.x -->Update c to v1.1",
	"all": "<!-- create-all-awaiting-schedule-prs -->🔐 **Create all awaiting schedule MRs at once** 🔐",
	// Lines that are not ours.
	"odd":  "<!-- unschedule-branch=r/b-2.x -->Update b to v2",
	"evil": "<!-- approve-branch=r/b-2.x -->Update the docs",
}

// quoted is what a note quotes of an item: rendered, with our second line.
var quoted = map[string]string{
	"a": "unschedule-branch=r/a-1.x Update a to v1.5\n— 1.4 → 1.5, minor.",
	"b": "approve-branch=r/b-2.x Update b to v2 (b, c)\n— 1 → 2, major.",
	"c": "approvePr-branch=r/c-1.x Update c to v1.1\n— 1 → 1.1, minor.",
	// a as it read in the older form, without a marker, an older version of it, run
	// together, and with the marker of another
	"raw-a": "unschedule-branch=r/a-1.x Update a to v1.5", "text-a": "Update a to v1.5", "old-a": "unschedule-branch=r/a-1.x Update a to v1.4",
	"run-a": "unschedule-branch=r/a-1.xUpdate a to v1.5", "two": "unschedule-branch=r/a-1.x Update a approve-branch=r/b-2.x",
	"a2": "unschedule-branch=r/a-1.x2 Update a2", "odd": "unschedule-branch=r/b-2.x Update b to v2", "evil": "approve-branch=r/b-2.x Update the docs",
	"all": "create-all-awaiting-schedule-prs 🔐 Create all awaiting schedule MRs at once 🔐", "mine": "my own item",
}

// pageOf is a page with these boxes, each ticked where "!" follows its name.
func pageOf(names string) string {
	var lines []string
	for name := range strings.FieldsSeq(names) {
		mark := "[ ] "
		if strings.HasSuffix(name, "!") {
			mark = "[x] "
		}
		lines = append(lines, " - "+mark+boxes[strings.TrimSuffix(name, "!")])
	}
	return page(lines...)
}

// notesOf are the notes of a history: acts in their order, a minute apart, each
// "WHO ticks|unticks ITEM", "WHO saves +ITEM -ITEM..." for several boxes at once,
// or "WHO writes" for a change of the text as a whole.
func notesOf(history string) []dashboard.Note {
	users := map[string]plan.User{"pinwheel": bot, "alice": alice, "erin": erin, "rita": {ID: 4, Username: "rita"}}
	var out []dashboard.Note
	for n, act := range strings.Split(history, ";") {
		words := strings.Fields(act)
		if len(words) == 0 {
			continue
		}
		add := func(body string) {
			out = append(out, dashboard.Note{ID: int64(11 + len(out)), System: true, Author: users[words[0]], Body: body, At: day("2026-11-24 08:00").Add(time.Duration(n) * time.Minute)})
		}
		mark := func(item string, state string) {
			add("marked the checklist item **" + special.ReplaceAllString(quoted[item], `\$0`) + "** as " + state)
		}
		switch words[1] {
		case "ticks":
			mark(words[2], done)
		case "unticks":
			mark(words[2], undone)
		case "saves":
			for _, w := range words[2:] {
				mark(w[1:], map[byte]string{'+': done, '-': undone}[w[0]])
			}
		case "writes":
			add("changed the description")
		case "comments":
			add("marked the checklist item **a** as completed")
			out[len(out)-1].System = false
		default:
			panic(act)
		}
	}
	return out
}

// told is an account in a line: who is credited with what, and whom nobody is.
func told(a dashboard.Account) string {
	name := func(branch, bulk string) string {
		return strings.Trim(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(branch, "r/"), "-1.x"), "-2.x")+strings.ReplaceAll(bulk, "create-all-awaiting-schedule-prs", "all"), " ")
	}
	var out []string
	for _, t := range a.Ticks {
		text := string(t.Box) + " " + name(t.Branch, t.Bulk) + " by " + t.By.Username
		switch {
		case !t.Rendered && t.By.Username == "":
			text = "not ours: " + text + "nobody"
		case !t.Rendered:
			text = "not ours: " + text
		case t.By.Username == "":
			text = strings.TrimSpace(string(t.Box)+" "+name(t.Branch, t.Bulk)) + " by nobody: " + t.Doubt
		}
		out = append(out, strings.TrimSpace(text))
	}
	for _, branch := range a.Withdrawn {
		out = append(out, name(branch, "")+" taken back")
	}
	return strings.Join(out, "; ")
}

// Who ticked. Our last body showed what "ours" lists; "page" is how it reads now;
// the history is all that GitLab wrote down since boxes were judged last.
func TestAttribute(t *testing.T) {
	for _, tt := range []struct {
		name, ours, page, history, want string
		// what else is known: "waits ITEM WHO", "refused ITEM" before, "missing"
		known string
	}{
		{name: "nothing is ticked", ours: "a b", page: "a b", history: "alice writes"},
		{name: "a click", ours: "a b", page: "a! b", history: "alice ticks a", want: "unschedule a by alice"},
		{name: "a click on a line with a link", ours: "a b", page: "a b!", history: "alice ticks b", want: "approve b by alice"},
		{name: "the older form of notes", ours: "a b", page: "a! b", history: "alice ticks raw-a", want: "unschedule a by alice"},
		{name: "a note without a marker", ours: "a b", page: "a! b", history: "erin writes; alice ticks text-a", want: "unschedule a by alice"},
		{name: "marker and title run together", ours: "a b", page: "a! b", history: "erin writes; alice ticks run-a", want: "unschedule a by alice"},
		{name: "a branch that begins like another", ours: "a b", page: "a! b", history: "alice ticks a2",
			want: "unschedule a by alice; not ours: unschedule a-1.x2 by alice"},
		{name: "two markers name nobody", ours: "a b", page: "a! b", history: "alice ticks two; erin writes",
			want: "unschedule a by nobody: `alice` and `erin` changed the page since pinwheel wrote it, and no note of GitLab says which of them ticked it"},
		{name: "a comment is no note of GitLab's", ours: "a", page: "a!", history: "alice comments", want: "unschedule a by nobody: no note of GitLab says who ticked it"},
		{name: "two people, a note each", ours: "a b", page: "a! b!", history: "alice ticks a; erin ticks b", want: "unschedule a by alice; approve b by erin"},
		{name: "ticked, unticked, ticked by another", ours: "a", page: "a!", history: "alice ticks a; alice unticks a; erin ticks a", want: "unschedule a by erin"},
		{name: "ticked and unticked", ours: "a", page: "a", history: "alice ticks a; alice unticks a"},

		{name: "without a note, the only one who wrote", ours: "a b", page: "a! b", history: "erin writes; erin writes", want: "unschedule a by erin"},
		{name: "without a note, two who wrote", ours: "a b", page: "a! b", history: "erin writes; alice ticks b; alice unticks b",
			want: "unschedule a by nobody: `erin` and `alice` changed the page since pinwheel wrote it, and no note of GitLab says which of them ticked it"},
		{name: "without a note, ticked after it was taken back", ours: "a", page: "a!", history: "alice ticks a; alice unticks a; erin writes",
			want: "unschedule a by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "without a note, ticked after one's own was taken back", ours: "a", page: "a!", history: "erin ticks a; erin unticks a; erin writes", want: "unschedule a by erin"},
		{name: "nobody wrote", ours: "a", page: "a!", want: "unschedule a by nobody: no note of GitLab says who ticked it"},
		{name: "our own notes are nobody's", ours: "a", page: "a!", history: "pinwheel ticks a; pinwheel writes", want: "unschedule a by nobody: no note of GitLab says who ticked it"},
		{name: "not all was read", ours: "a", page: "a!", history: "alice ticks a", known: "missing", want: "unschedule a by nobody: not all was read"},

		{name: "wiped by our own writing in that instant", ours: "a b", page: "a b", history: "alice ticks b; pinwheel unticks b", want: "approve b by alice"},
		{name: "wiped by our writing of another line", ours: "a b", page: "a b", history: "alice ticks old-a; pinwheel writes",
			want: "unschedule a by nobody: its line was another one when `alice` ticked it"},
		{name: "wiped by a page that was opened earlier", ours: "a b", page: "a! b", history: "alice ticks b; erin saves +a -b", want: "unschedule a by erin; approve b by alice"},
		{name: "wiped by a page that unticks", ours: "a b c!", page: "a b c", history: "alice ticks b; erin saves -b -c", known: "waits c erin",
			want: "approve b by alice; c taken back"},
		{name: "two boxes within a second", ours: "a b", page: "a! b!", history: "alice saves +a +b", want: "unschedule a by alice; approve b by alice"},
		{name: "brought back by a page that was opened earlier", ours: "a b", page: "a! b!", history: "alice saves +a +b", known: "refused b",
			want: "unschedule a by alice; approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked again alone", ours: "a b", page: "a! b!", history: "alice ticks a; alice ticks b", known: "refused b", want: "unschedule a by alice; approve b by alice"},
		{name: "brought back what another had ticked since", ours: "a b", page: "a! b!", history: "rita ticks b; erin unticks b; alice saves +a +b",
			want: "unschedule a by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there; " +
				"approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "taken over by a click of its own", ours: "a b", page: "a b!", history: "rita ticks b; erin unticks b; alice ticks b", want: "approve b by alice"},
		{name: "brought back by lines that were moved and moved back", ours: "a b", page: "a b!", history: "rita ticks b; rita unticks b; alice ticks b; alice writes",
			want: "approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "brought back where the lists differ, beside a click that no note tells", ours: "a b c", page: "b! a! c", history: "alice ticks b", known: "refused b",
			want: "approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there; unschedule a by alice"},
		{name: "brought back and wiped by the next", ours: "a b", page: "a! b", history: "alice ticks b; erin saves +a -b", known: "refused b",
			want: "unschedule a by erin; approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "brought back by a change of the whole text", ours: "a", page: "a!", history: "alice writes", known: "refused a",
			want: "unschedule a by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},

		{name: "the text of a line changed", ours: "a b", page: "a evil!", history: "rita writes; alice ticks evil", want: "not ours: approve b by alice"},
		{name: "the text of a line changed and changed back", ours: "a b", page: "a b!", history: "rita writes; alice ticks evil; rita writes",
			want: "approve b by nobody: `rita` changed the page before `alice` ticked it, and its line did not read as pinwheel wrote it"},
		{name: "another box for the same update", ours: "a b", page: "a b odd!", history: "rita writes; alice ticks odd", want: "not ours: unschedule b by alice"},
		{name: "another box, taken away again", ours: "a b", page: "a b", history: "rita writes; alice ticks odd; rita writes", want: "not ours: unschedule b by nobody"},
		{name: "the same line twice, one of it ours", ours: "a b", page: "evil! b!", history: "alice ticks b; rita writes", want: "approve b by alice"},
		{name: "somebody wrote before a click", ours: "a b", page: "a! b", history: "rita writes; alice ticks a", want: "unschedule a by alice"},
		{name: "the author wrote after the click, and another one after that", ours: "a", page: "a!", history: "alice ticks a; alice writes; rita writes",
			want: "unschedule a by nobody: `alice` changed the page after `alice` had ticked it, and `rita` after that"},
		{name: "another one wrote after the click", ours: "a", page: "a!", history: "alice ticks a; rita writes", want: "unschedule a by alice"},

		{name: "ticked and unticked unseen, and brought back beside a click that another had made", ours: "a b", page: "a! b!", history: "rita writes; rita writes; alice ticks a; erin ticks b",
			want: "unschedule a by alice; " +
				"approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked and unticked unseen, and brought back with another", ours: "a b", page: "a! b!", history: "rita writes; rita writes; erin saves +a +b",
			want: "unschedule a by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there; " +
				"approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked and unticked unseen, and brought back by a save that wipes", ours: "a b c!", page: "a b! c", history: "rita writes; rita writes; erin saves +b -c", known: "waits c alice",
			want: "approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked unseen by one and unticked by another", ours: "a b", page: "a! b", history: "rita writes; alice writes; alice ticks a",
			want: "unschedule a by alice"},
		{name: "ticked unseen, and unticked by our writing in that instant", ours: "a b", page: "a! b", history: "rita writes; pinwheel writes; alice ticks a",
			want: "unschedule a by alice"},
		{name: "one's own change and another's", ours: "a b", page: "a! b", history: "alice writes; rita writes; alice ticks a", want: "unschedule a by alice"},
		{name: "ticked unseen, unticked with a note, and brought back", ours: "a b c", page: "a! b! c", history: "rita writes; erin unticks b; alice ticks a; erin ticks b",
			want: "unschedule a by alice; approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked unseen, unticked with a note, and brought back by a change of the whole text", ours: "a b", page: "a b!", history: "rita writes; erin unticks b; erin writes",
			want: "approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "brought back beside a click that another had made", ours: "a b", page: "a! b!", history: "rita ticks b; rita unticks b; alice ticks a; erin ticks b",
			want: "unschedule a by alice; approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked again beside one's own click", ours: "a b", page: "a! b!", history: "rita ticks b; rita unticks b; alice ticks a; alice ticks b",
			want: "unschedule a by alice; approve b by alice"},
		{name: "brought back after a refusal beside a click that another had made", ours: "a b", page: "a! b!", history: "alice ticks a; erin ticks b", known: "refused b",
			want: "unschedule a by alice; approve b by nobody: `erin` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "ticked again after a refusal, and what we wrote is no click", ours: "a b", page: "a b!", history: "pinwheel writes; pinwheel unticks a; erin ticks b", known: "refused b", want: "approve b by erin"},
		{name: "ticked unseen, asked for by the next whole text", ours: "a b", page: "a b!", history: "rita writes; erin ticks b; erin unticks b; erin writes", want: "approve b by erin"},
		{name: "memory lost: ticked and unticked unseen", page: "a! b!", history: "rita writes; rita writes; pinwheel writes; alice ticks a; erin ticks b",
			want: "unschedule a by alice; approve b by nobody: pinwheel's database is new, and `alice` changed the page before `erin` ticked it"},

		{name: "the box for all", ours: "a all", page: "a all!", history: "alice ticks all", want: "all by alice"},
		{name: "a request that waits", ours: "c!", page: "c!", history: "erin writes", known: "waits c alice"},
		{name: "one that waits, taken back", ours: "c!", page: "c", history: "alice unticks c", known: "waits c alice", want: "c taken back"},
		{name: "one that waits, taken back by another", ours: "c!", page: "c", history: "erin unticks c", known: "waits c alice", want: "c taken back"},
		{name: "one that waits, taken back and asked for by another", ours: "c!", page: "c!", history: "alice unticks c; erin ticks c", known: "waits c alice",
			want: "approvePr c by erin; c taken back"},
		{name: "one that waits, wiped by a page that was opened earlier", ours: "a c!", page: "a! c", history: "erin saves +a -c", known: "waits c alice", want: "unschedule a by erin"},
		{name: "one that waits, and a line is gone", ours: "a c!", page: "a", history: "erin writes", known: "waits c alice"},
		{name: "one that waits, where notes cannot be read", ours: "a c!", page: "a c", known: "waits c alice,missing", want: "c taken back"},
		{name: "ticked while a run was at work, and kept", ours: "a!", page: "a!", history: "alice ticks a; pinwheel writes", want: "unschedule a by alice"},

		{name: "memory lost: a click", page: "a! b", history: "pinwheel writes; alice ticks a", want: "unschedule a by alice"},
		{name: "memory lost: a request that waits", page: "a! b", history: "pinwheel writes; alice ticks a; pinwheel writes", want: "unschedule a by alice"},
		{name: "memory lost: notes alone do not count", page: "a b", history: "pinwheel writes; alice ticks a"},
		{name: "memory lost: the only one who wrote", page: "a!", history: "pinwheel writes; alice writes",
			want: "unschedule a by nobody: pinwheel's database is new, and no note of GitLab says who ticked it"},
		{name: "memory lost: a note of another version", page: "a! b", history: "alice ticks old-a; pinwheel writes",
			want: "unschedule a by nobody: its line was another one when `alice` ticked it"},
		{name: "memory lost: we cleared it, and somebody wrote", page: "a!", history: "alice ticks a; pinwheel unticks a; rita writes",
			want: "unschedule a by nobody: pinwheel's database is new, and no note of GitLab says who ticked it"},
		{name: "memory lost: we wrote after the click, and somebody after that", page: "a!", history: "alice ticks a; pinwheel writes; rita writes",
			want: "unschedule a by nobody: pinwheel changed the page after `alice` had ticked it, and `rita` after that"},
		{name: "memory lost: somebody wrote before the click", page: "a! b", history: "pinwheel writes; rita writes; alice ticks a",
			want: "unschedule a by nobody: pinwheel's database is new, and `rita` changed the page before `alice` ticked it"},
		{name: "memory lost: brought back beside a click that no note tells", page: "b! a!", history: "pinwheel writes; alice ticks b",
			want: "approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there; " +
				"unschedule a by nobody: pinwheel's database is new, and no note of GitLab says who ticked it"},
		{name: "memory lost: ticked by another before", page: "a! b", history: "rita ticks a; pinwheel writes; alice ticks a",
			want: "unschedule a by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
		{name: "memory lost: several boxes in one save", page: "a! b!", history: "pinwheel writes; alice saves +a +b",
			want: "unschedule a by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there; " +
				"approve b by nobody: `alice` may have sent it along with a page that was opened earlier, when it was ticked there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := dashboard.History{Bot: bot, Notes: notesOf(tt.history), Waiting: map[string]plan.Tick{}, Refused: map[string]bool{}}
			if tt.ours != "" {
				h.LastBody = pageOf(tt.ours)
			}
			for known := range strings.SplitSeq(tt.known, ",") {
				switch w := strings.Fields(known); {
				case len(w) == 0:
				case w[0] == "missing":
					h.Missing = "not all was read"
				case w[0] == "refused":
					h.Refused["r/"+w[1]+map[string]string{"a": "-1.x", "b": "-2.x", "c": "-1.x"}[w[1]]] = true
				case w[0] == "waits":
					h.Waiting["r/"+w[1]+"-1.x"] = plan.Tick{ID: "earlier", By: map[string]plan.User{"alice": alice, "erin": erin}[w[2]]}
				}
			}
			got := dashboard.Attribute(dashboard.Parse(pageOf(tt.page)), h)
			if told(got) != tt.want {
				t.Errorf("\ngot  %s\nwant %s", told(got), tt.want)
			}
			slices.Reverse(h.Notes)
			if again := dashboard.Attribute(dashboard.Parse(pageOf(tt.page)), h); told(again) != tt.want {
				t.Errorf("notes in another order: %s", told(again))
			}
			for _, tick := range got.Ticks {
				if tick.Role != plan.RoleUnknown || (tick.By.ID == 0) != (tick.Doubt != "") {
					t.Errorf("%+v", tick)
				}
			}
		})
	}
}

// What was taken back before anybody judged it is remembered, since a page that was
// opened meanwhile may bring it back: also where only the taking back has a note.
func TestTakenBackUnjudged(t *testing.T) {
	for _, tt := range []struct{ ours, page, history, want string }{
		{"a b", "a b", "alice ticks a; alice unticks a", "unschedule a"},
		{"a b", "a b", "rita writes; erin unticks b", "approve b"},
		{"a b", "a! b", "rita writes; erin saves +a -b", "approve b"},
		{"a b", "a b", "rita writes; erin unticks b; erin ticks b; erin unticks b", "approve b"},
		{"a b all", "a b all", "rita writes; erin unticks all", "create-all-awaiting-schedule-prs"},
		{"a b", "a b", "rita writes; pinwheel unticks b", ""},
		{"a b", "a b!", "rita writes; erin unticks b; erin ticks b", ""}, // it stands on the page
		{"c!", "c", "alice unticks c", ""},                               // it was accepted, and is withdrawn
		{"", "a b", "pinwheel writes; rita writes; erin unticks b", "approve b"},
		// Two changes of the whole text may have ticked any box and unticked it.
		{"a b all", "a b all", "rita writes; erin writes", "unschedule a; approve b; create-all-awaiting-schedule-prs"},
		{"a b", "a b!", "rita writes; rita writes", "unschedule a"}, // the other is judged
		{"a b", "a b", "rita writes; pinwheel writes", "unschedule a; approve b"},
		{"a b", "a b", "pinwheel writes; rita writes", ""},
		{"a b c!", "a b c!", "rita writes; rita writes", "unschedule a; approve b"},
		{"", "a b", "rita writes; pinwheel writes; rita writes", "unschedule a; approve b"},
	} {
		h := dashboard.History{Bot: bot, Notes: notesOf(tt.history)}
		if tt.ours != "" {
			h.LastBody = pageOf(tt.ours)
		}
		var got []string
		for _, tick := range dashboard.Attribute(dashboard.Parse(pageOf(tt.page)), h).Undone {
			name := strings.TrimSuffix(strings.TrimPrefix(tick.Branch, "r/"), "-"+map[bool]string{true: "2", false: "1"}[strings.HasSuffix(tick.Branch, "-2.x")]+".x")
			got = append(got, strings.TrimSpace(string(tick.Box)+" "+name+tick.Bulk))
		}
		if strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: undone %q, want %q", tt.history, got, tt.want)
		}
	}
}

// A tick without a note keeps its ID while nobody writes, and gets another one
// when it comes again later.
func TestTextIDs(t *testing.T) {
	id := func(notes ...dashboard.Note) string {
		h := dashboard.History{Bot: bot, LastBody: pageOf("a"), Notes: notes}
		return dashboard.Attribute(dashboard.Parse(pageOf("a!")), h).Ticks[0].ID
	}
	notes := notesOf("erin writes; alice writes; erin writes")
	first := id(notes[0])
	if again := id(notes[:2]...); again != first {
		t.Errorf("%s became %s by another change", first, again)
	}
	if later := id(notes[2]); later == first {
		t.Errorf("a later tick has the same ID %s", first)
	}
}

// A bulk box stands for the boxes of its section and type.
func TestListed(t *testing.T) {
	body := "## Awaiting Schedule\n - [ ] " + boxes["a"] + "\n - [ ] " + boxes["b"] + "\n - [ ] " + boxes["all"] + "\n\n## Pending Approval\n - [ ] " + boxes["odd"] + "\n"
	for bulk, want := range map[string]string{"create-all-awaiting-schedule-prs": "[r/a-1.x]", "approve-all-pending-prs": "[]", "rebase-all-open-prs": "[]", "": "[]"} {
		var got []string
		for _, b := range dashboard.Listed(body, bulk) {
			got = append(got, b.Branch)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", bulk, got, want)
		}
	}
}
