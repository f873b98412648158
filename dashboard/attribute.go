package dashboard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// AttributeInput is what earlier runs remember. The zero value is a lost
// memory: then the page is believed and no note is taken for news.
type AttributeInput struct {
	Bot        plan.User // whose notes are our own
	LastBody   string    // what we wrote last; empty when unknown
	LastAt     time.Time // when
	LastNoteID int64     // the newest note that was read before
	// Waiting holds, by branch or bulk marker, the IDs of the ticks whose box
	// LastBody shows ticked. It may be empty.
	Waiting map[string]string
}

// AttributedTick is a tick and everybody who may have made it: one person when
// a note names the box, several or none otherwise. Tick.By is set when there is
// exactly one; Tick.Role is always plan.RoleUnknown.
type AttributedTick struct {
	Tick       plan.Tick
	Candidates []plan.User
}

// Attribute returns the requests that stand on page or, made and overwritten
// since the last run, only in the notes; and who made each.
//
//  1. A ticked box is a tick. Its author is that of the newest note of a person
//     that says this box was ticked, if no later one says it was unticked.
//  2. Without such a note it may be anyone who changed the description since
//     we wrote it.
//  3. A box that we ourselves rendered ticked keeps the note it had.
//  4. A note newer than LastNoteID counts as well when the box is not ticked:
//     our own writing came between.
//
// The order is that of the page, then that of the notes; a branch comes once.
func Attribute(page Page, notes []Note, in AttributeInput) []AttributedTick {
	r := newRecord(page, notes, in)
	var out []AttributedTick
	seen := map[string]bool{}
	for _, b := range page.Boxes {
		if b.Checked && !seen[b.key()] {
			seen[b.key()] = true
			out = append(out, r.onPage(b))
		}
	}
	if !r.known() {
		return out
	}
	for _, h := range r.heard {
		b := Box{Type: h.about.box, Branch: h.about.branch, Bulk: h.about.bulk, Text: h.about.text}
		if b.key() == "" || seen[b.key()] || !r.news(h) {
			continue
		}
		seen[b.key()] = true
		if s := r.story(b); s.ticked && s.at.note.ID > in.LastNoteID {
			out = append(out, r.overwritten(s.at))
		}
	}
	return out
}

// Withdrawals returns the branches whose request a person took back: those of
// Unticked, and those that the notes since the last run say were unticked and
// that stand unticked now, should our own writing have come between.
func Withdrawals(page Page, notes []Note, in AttributeInput) []string {
	r := newRecord(page, notes, in)
	out := Unticked(page, in.LastBody)
	if !r.known() {
		return out
	}
	for _, h := range r.heard {
		b := Box{Branch: h.about.branch}
		if h.about.branch == "" || !r.news(h) || slices.Contains(out, b.Branch) || r.checked(b) {
			continue
		}
		if s := r.story(b); !s.ticked {
			out = append(out, b.Branch)
		}
	}
	return out
}

// heard is one checklist note.
type heard struct {
	note    Note
	about   subject
	checked bool
	ours    bool
}

// record is the page and everything said about it.
type record struct {
	in      AttributeInput
	page    Page
	last    Page
	heard   []heard // by note ID
	editors []Note  // people's changes of the description since our last write
}

func newRecord(page Page, notes []Note, in AttributeInput) *record {
	r := &record{in: in, page: page, last: Parse(in.LastBody)}
	boxes := slices.Concat(page.Boxes, r.last.Boxes)
	sorted := slices.SortedFunc(slices.Values(notes), func(a, b Note) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	for _, n := range sorted {
		if !n.System {
			continue // anyone can write the same words
		}
		ours := sameUser(n.Author, in.Bot)
		checked, item, isBox := ParseNote(n.Body)
		if isBox {
			r.heard = append(r.heard, heard{n, parseSubject(item).resolve(boxes), checked, ours})
		}
		since := n.ID > in.LastNoteID || !in.LastAt.IsZero() && n.At.After(in.LastAt)
		if !ours && since && (isBox || IsDescriptionChange(n.Body)) {
			r.editors = append(r.editors, n)
		}
	}
	return r
}

// known reports whether we know what we wrote last.
func (r *record) known() bool { return r.in.LastBody != "" }

// news reports whether a note is a person's and was not read before.
func (r *record) news(h heard) bool { return !h.ours && h.note.ID > r.in.LastNoteID }

func (r *record) checked(b Box) bool {
	return slices.ContainsFunc(r.page.Boxes, func(c Box) bool { return c.is(b) && c.Checked })
}

// story is what the notes say of one box, from the oldest to the newest.
type story struct {
	at     heard // the note that ticked it
	ticked bool  // a person's last word is a tick
	spent  bool  // and we cleared it after that
	news   bool  // a person spoke of it since the last run
}

func (r *record) story(b Box) story {
	var s story
	for _, h := range r.heard {
		switch {
		case h.about.key() != b.key():
		case h.ours:
			s.spent = !h.checked
		default:
			s.at, s.ticked, s.spent = h, h.checked, false
			s.news = s.news || r.news(h)
		}
	}
	return s
}

// onPage attributes a ticked box.
func (r *record) onPage(b Box) AttributedTick {
	tick := plan.Tick{Box: b.Type, Branch: b.Branch, Bulk: b.Bulk, Text: b.Text, Rendered: r.rendered(b), Role: plan.RoleUnknown}
	waits := slices.ContainsFunc(r.last.Boxes, func(c Box) bool { return c.is(b) && c.Checked })
	s := r.story(b)
	if waits && !s.news && r.in.Waiting[b.key()] != "" {
		tick.ID = r.in.Waiting[b.key()]
		if s.ticked && tick.ID == noteID(s.at.note) {
			return byNote(tick, s.at.note)
		}
		return AttributedTick{Tick: tick}
	}
	believed := s.ticked && !s.spent
	if r.known() && !waits {
		believed = s.ticked && s.at.note.ID > r.in.LastNoteID
	}
	if believed {
		return byNote(tick, s.at.note)
	}
	return r.byText(tick)
}

// overwritten attributes a tick that only its note still tells of.
func (r *record) overwritten(h heard) AttributedTick {
	tick := plan.Tick{Box: h.about.box, Branch: h.about.branch, Bulk: h.about.bulk, Text: h.about.text, Role: plan.RoleUnknown}
	for _, b := range r.last.Boxes {
		if b.Branch == tick.Branch && b.Bulk == tick.Bulk && same(b.Text, tick.Text) {
			tick.Text, tick.Rendered = b.Text, true
		}
	}
	return byNote(tick, h.note)
}

// rendered reports whether the item is one we wrote. With nothing remembered
// a marker of the state table has to do.
func (r *record) rendered(b Box) bool {
	if !r.known() {
		return b.Bulk != "" || knownType(b.Type)
	}
	return slices.ContainsFunc(r.last.Boxes, func(c Box) bool { return c.is(b) && c.Type == b.Type && c.Text == b.Text })
}

func byNote(tick plan.Tick, n Note) AttributedTick {
	tick.ID, tick.By, tick.At = noteID(n), n.Author, n.At
	return AttributedTick{Tick: tick, Candidates: []plan.User{n.Author}}
}

func noteID(n Note) string { return fmt.Sprintf("note-%d", n.ID) }

// byText gives a tick without a note everyone who may have made it. The first
// change since our last write goes into its ID: the same item ticked anew next
// month is another tick, and more changes today are not.
func (r *record) byText(tick plan.Tick) AttributedTick {
	out := AttributedTick{}
	first := int64(0)
	for _, n := range r.editors {
		if first == 0 {
			first = n.ID
		}
		tick.At = n.At
		if !slices.ContainsFunc(out.Candidates, func(u plan.User) bool { return sameUser(u, n.Author) }) {
			out.Candidates = append(out.Candidates, n.Author)
		}
	}
	if len(out.Candidates) == 1 {
		tick.By = out.Candidates[0]
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{tick.Branch, tick.Bulk, tick.Text, fmt.Sprint(first)}, "\x00")))
	tick.ID = "text-" + hex.EncodeToString(sum[:6])
	out.Tick = tick
	return out
}

// sameUser compares by ID, or by name where an ID is missing. Nobody is the
// same as nobody.
func sameUser(a, b plan.User) bool {
	if a.ID != 0 && b.ID != 0 {
		return a.ID == b.ID
	}
	return a.Username != "" && a.Username == b.Username
}
