package dashboard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// History is what is known of the issue since a run last judged its boxes. The
// zero value is a lost memory.
type History struct {
	Bot      plan.User // whose notes are our own
	Others   []string  // usernames of bots whose page it was, and whose notes are as our own
	LastBody string    // what Remember made of what we wrote last; empty when unknown
	// Notes are the activity since a run last judged the boxes, in any order. After
	// the database was lost they are all there is. Every box that was ticked when a
	// run last judged them has been judged.
	Notes []Note
	// Missing says, as a clause, why Notes are incomplete; empty if they are
	// complete.
	Missing string
	// Waiting are the accepted ticks that are not carried out yet, by branch.
	Waiting map[string]plan.Tick
	// Refused holds the branches and bulk markers whose tick was refused or taken
	// back before.
	Refused map[string]bool
}

// ours reports whether what a user wrote is our own: nobody asks for anything by it.
func (h History) ours(u plan.User) bool {
	return sameUser(u, h.Bot) || slices.ContainsFunc(h.Others, func(name string) bool { return u.Username != "" && strings.EqualFold(name, u.Username) })
}

// Account is who asked for what.
type Account struct {
	// Ticks are the requests that nobody has judged: Tick.By is the one person who
	// made it, or nobody, and then Tick.Doubt says what is missing. Tick.Role is
	// plan.RoleUnknown.
	Ticks []plan.Tick
	// Withdrawn are the branches whose request a person took back.
	Withdrawn []string
	// Undone are ticks that somebody took back before a run judged them and, after
	// the database was lost, those that the page does not show. A page that was opened
	// meanwhile may still bring them back. If the only note of a tick is the one of
	// its taking back, nobody is known to have made it. Two changes of the text as a
	// whole may have ticked any box and unticked it: then every box of ours that stands
	// unticked is one of these, and nobody made it.
	Undone []plan.Tick
}

// Attribute says who asked for what. It looks at the boxes that are ticked on page,
// and at those that were ticked and unticked again, which only notes show. "Lost
// memory" means that the database was lost.
//
//  1. A checklist note names the box and its author, if its marker is one that
//     our last body offered. The last one counts that was not taken back.
//  2. If the text beside a box changed, its author may have seen another text. So the
//     note has to quote our line if our body is newer than the note, if somebody else
//     changed the page before it, or if our body is unknown.
//  3. Without a note it was the only person who changed the page since our body,
//     if there is exactly one and our body is known.
//  4. A page that was opened earlier sends all of its old text. It wipes ticks that
//     were made since, and brings others back in the name of a person who clicked
//     something else. So if one save ticks a box and unticks others, those others are
//     not taken back. A box that others changed before, or whose tick was refused,
//     counts only if a save changed it alone while the page was our last body, and
//     nobody else clicked another box meanwhile; after a lost memory, if notes explain
//     every tick. A save that ticked several boxes names nobody if others changed the
//     page before it. Whoever changes the text as a whole may tick any box, and another
//     such change may untick it: no note tells. After both a box counts only if a save
//     changed it alone, and nobody else clicked another box meanwhile.
//  5. If it is not known who ticked, nobody is named.
//
// The order is that of the page, then that of the notes; a box comes once.
func Attribute(page Page, h History) Account {
	r := newRecord(page, h)
	var out Account
	seen := map[string]bool{}
	for _, b := range r.checked() {
		seen[b.key()] = true
		if tick, ok := r.onPage(b); ok {
			out.Ticks = append(out.Ticks, tick)
		}
	}
	for _, e := range r.edits {
		if e.ours || !e.names() || seen[e.box.key()] {
			continue
		}
		seen[e.box.key()] = true
		switch s := r.story(e.box.key()); {
		case s.at >= 0 && r.known():
			out.Ticks = append(out.Ticks, r.wiped(s))
		case s.at >= 0: // it is not known what the page offered when the tick was wiped
			out.Undone = append(out.Undone, r.edits[s.at].tick())
		case e.done && (r.known() || s.back):
			out.Undone = append(out.Undone, e.tick())
		case !e.done && !r.offered[e.box.key()].Checked: // whoever ticked it, no note says so
			tick := e.tick()
			tick.By = plan.User{}
			out.Undone = append(out.Undone, tick)
		}
	}
	out.Undone = append(out.Undone, r.maybeUndone(seen)...)
	out.Withdrawn = r.withdrawn()
	return out
}

// maybeUndone are ticks that may have been made and taken back unseen, one for each box
// of ours that is not in seen, that stands unticked, and of which none was refused.
func (r *record) maybeUndone(seen map[string]bool) []plan.Tick {
	first := r.unseen(plan.User{}, len(r.edits))
	if first < 0 {
		return nil
	}
	var out []plan.Tick
	for _, b := range slices.Concat(r.last.Boxes, r.page.Boxes) {
		if seen[b.key()] || b.Checked || r.Refused[b.Branch+b.Bulk] || !r.ours(b) {
			continue
		}
		seen[b.key()] = true
		sum := sha256.Sum256([]byte(b.exact()))
		tick := edit{id: r.edits[first].id, at: r.edits[first].at, box: b}.tick()
		tick.ID = fmt.Sprintf("unseen-%d-%s", r.edits[first].id, hex.EncodeToString(sum[:6]))
		out = append(out, tick)
	}
	return out
}

// tick is the tick that an edit made, in the name of its author.
func (e edit) tick() plan.Tick {
	return plan.Tick{ID: fmt.Sprintf("note-%d", e.id), At: e.at, Box: e.box.Type, Branch: e.box.Branch, Bulk: e.box.Bulk, Text: e.box.Text, By: e.by, Role: plan.RoleUnknown}
}

// onPage attributes a ticked box, unless it waits to be carried out.
func (r *record) onPage(b Box) (plan.Tick, bool) {
	tick := plan.Tick{Box: b.Type, Branch: b.Branch, Bulk: b.Bulk, Text: b.Text, Rendered: r.ours(b), Role: plan.RoleUnknown}
	s := r.story(b.key())
	if s.at >= 0 {
		return r.byNote(tick, s.at), true
	}
	if _, waits := r.Waiting[b.Branch]; waits && r.offered[b.key()].Checked {
		return tick, false
	}
	return r.byText(tick, s.since), true
}

// wiped attributes a tick that is not on the page any more, by its note.
func (r *record) wiped(s story) plan.Tick {
	b := r.edits[s.at].box
	tick := plan.Tick{Box: b.Type, Branch: b.Branch, Bulk: b.Bulk, Text: b.Text, Role: plan.RoleUnknown}
	if o, ok := r.offered[b.key()]; ok {
		tick.Box, tick.Text, tick.Rendered = o.Type, o.Text, true
	}
	return r.byNote(tick, s.at)
}

// byNote credits the author of a note, unless something speaks against it.
func (r *record) byNote(tick plan.Tick, at int) plan.Tick {
	e := r.edits[at]
	tick.ID, tick.At = fmt.Sprintf("note-%d", e.id), e.at
	if tick.Doubt = r.doubt(tick, at); tick.Doubt == "" {
		tick.By = e.by
	}
	return tick
}

// doubt says why the author of an edit that ticked a box is not credited with it.
func (r *record) doubt(tick plan.Tick, at int) string {
	e := r.edits[at]
	before := r.another(e.by, r.bodyBefore(at), at)
	newer := slices.ContainsFunc(r.edits[at+1:], func(e edit) bool { return e.ours })
	quotes := func() bool { return e.quotes(tick.Text) }
	from, unseen := r.changed(e.box.key(), e.by, at), r.unseen(e.by, at)
	doubtful := from >= 0 || r.known() && r.Refused[tick.Branch+tick.Bulk]
	switch {
	case r.Missing != "":
		return r.Missing
	case before != "" && !r.known():
		return fmt.Sprintf("pinwheel's database is new, and %s changed the page before %s ticked it", before, named(e.by))
	case before != "" && !quotes():
		return fmt.Sprintf("%s changed the page before %s ticked it, and its line did not read as pinwheel wrote it", before, named(e.by))
	case (newer || !r.known()) && !quotes():
		return fmt.Sprintf("its line was another one when %s ticked it", named(e.by))
	case r.known() && before != "" && e.ticks > 1,
		r.known() && doubtful && (e.many || newer || r.rewritten() || r.wipedAfter(at) || r.besideAnother(at, from)),
		r.known() && unseen >= 0 && (e.many || newer || r.wipedAfter(at) || r.besideAnother(at, unseen)),
		!r.known() && (e.many || doubtful || r.unexplained()):
		return fmt.Sprintf("%s may have sent it along with a page that was opened earlier, when it was ticked there", named(e.by))
	}
	return r.loose(at)
}

// loose says who else may have ticked a box after the edit that ticked it: its author
// changed the text as a whole afterwards, which may have unticked the box, and then
// somebody else changed the page. After a lost memory our own writing may have
// unticked it as well.
func (r *record) loose(at int) string {
	by := r.edits[at].by
	who := ""
	for _, e := range r.edits[at+1:] {
		switch {
		case e.ours && !r.known():
			who = "pinwheel"
		case e.ours:
		case sameUser(e.by, by):
			if !e.checklist {
				who = named(by)
			}
		case who != "":
			return fmt.Sprintf("%s changed the page after %s had ticked it, and %s after that", who, named(by), named(e.by))
		}
	}
	return ""
}

// byText credits a tick without a note to the only person who changed the page since
// our last body. The ID of the tick contains the first change. So the same item ticked
// again next month is another tick, and more changes today make no other tick.
func (r *record) byText(tick plan.Tick, since int) plan.Tick {
	var who []plan.User
	first := int64(0)
	for i, e := range r.edits {
		if e.ours {
			continue
		}
		if first == 0 {
			first = e.id
		}
		if i < since {
			continue
		}
		tick.At = e.at
		if !slices.ContainsFunc(who, func(u plan.User) bool { return sameUser(u, e.by) }) {
			who = append(who, e.by)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{tick.Branch, tick.Bulk, tick.Text, fmt.Sprint(first)}, "\x00")))
	tick.ID = "text-" + hex.EncodeToString(sum[:6])
	switch {
	case r.Missing != "":
		tick.Doubt = r.Missing
	case !r.known():
		tick.Doubt = "pinwheel's database is new, and no note of GitLab says who ticked it"
	case len(who) == 0:
		tick.Doubt = "no note of GitLab says who ticked it"
	case len(who) > 1:
		tick.Doubt = fmt.Sprintf("%s changed the page since pinwheel wrote it, and no note of GitLab says which of them ticked it", list(who))
	case r.Refused[tick.Branch+tick.Bulk], r.changed(Box{Type: tick.Box, Branch: tick.Branch, Bulk: tick.Bulk}.key(), who[0], since) >= 0, r.unseen(who[0], since) >= 0:
		tick.Doubt = fmt.Sprintf("%s may have sent it along with a page that was opened earlier, when it was ticked there", named(who[0]))
	default:
		tick.By = who[0]
	}
	return tick
}

// withdrawn are the branches whose waiting request somebody took back: a note
// says so, or, where notes cannot be read, the page.
func (r *record) withdrawn() []string {
	var out []string
	for _, b := range r.last.Boxes {
		if b.Branch == "" || !b.Checked || slices.Contains(out, b.Branch) {
			continue
		}
		if r.story(b.key()).back || len(r.Notes) == 0 && r.Missing != "" && r.unticked(b) {
			out = append(out, b.Branch)
		}
	}
	return out
}

// named is a person in a sentence.
func named(u plan.User) string { return "`" + u.Username + "`" }

// most people that a sentence names.
const mostNamed = 4

func list(users []plan.User) string {
	var names []string
	for _, u := range users[:min(len(users), mostNamed)] {
		names = append(names, named(u))
	}
	if more := len(users) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
