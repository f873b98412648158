package dashboard

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file lists what was written about the boxes of a page, and says what that may
// have done to them. Who is credited for it is said in attribute.go.

// record is the page and everything that was written about it.
type record struct {
	History
	page    Page
	last    Page
	offered map[string]Box // the boxes of our last body, by key
	edits   []edit         // by note ID
	about   map[string][]int
}

func newRecord(page Page, h History) *record {
	page = page.asOurs()
	r := &record{History: h, page: page, last: Parse(h.LastBody), offered: map[string]Box{}, about: map[string][]int{}}
	r.last.bare = Parse(Written(h.LastBody)).bare
	for _, b := range slices.Backward(r.last.Boxes) { // the page before what is remembered below it
		r.offered[b.key()] = b
	}
	r.edits = editsOf(h.Notes, h.ours, newNames(slices.Concat(r.last.Boxes, page.Boxes)))
	for i, e := range r.edits {
		if e.names() {
			r.about[e.box.key()] = append(r.about[e.box.key()], i)
		}
	}
	return r
}

// known reports whether we know what we wrote last.
func (r *record) known() bool { return r.LastBody != "" }

// ours reports whether our last body offered this very box. After a lost memory it
// reports whether the state table has a box of this type.
func (r *record) ours(b Box) bool {
	if !r.known() {
		return b.Bulk != "" || knownType(b.Type)
	}
	o, ok := r.offered[b.key()]
	return ok && o.Type == b.Type && o.Text == b.Text
}

// checked are the ticked boxes of the page, each once. If two lines have the same
// marker, the line that is ours stands for both.
func (r *record) checked() []Box {
	var out []Box
	at := map[string]int{}
	for _, b := range r.page.Boxes {
		if !b.Checked {
			continue
		}
		i, twice := at[b.key()]
		switch {
		case !twice:
			at[b.key()] = len(out)
			out = append(out, b)
		case !r.ours(out[i]) && r.ours(b):
			out[i] = b
		}
	}
	return out
}

// story is what the notes say of one box.
type story struct {
	at    int  // the edit that ticked it, -1 for none that stands
	since int  // the first edit after which it may have been ticked
	back  bool // a person took it back
}

func (r *record) story(key string) story {
	s := story{at: -1}
	for _, i := range r.about[key] {
		e := r.edits[i]
		switch {
		case e.ours:
			// We untick only what was judged, except in the very instant in which it
			// is ticked: then it waits to be judged. After a lost memory it was judged.
			if !e.done && !r.known() {
				s.at, s.since = -1, i+1
			}
		case e.done:
			s.at = i
		case e.many && (e.ticks > 0 || !r.askedBy(s, e.box.Branch, e.by)):
			// a page that was opened earlier sent its old text
		default:
			s.at, s.since, s.back = -1, i+1, true
		}
	}
	return s
}

// askedBy reports whether a user is the one whose tick stands.
func (r *record) askedBy(s story, branch string, u plan.User) bool {
	if s.at >= 0 {
		return sameUser(r.edits[s.at].by, u)
	}
	return sameUser(r.Waiting[branch].By, u)
}

// unticked reports whether a box is on the page and is not ticked.
func (r *record) unticked(b Box) bool {
	there := func(c Box) bool { return c.key() == b.key() }
	return slices.ContainsFunc(r.page.Boxes, there) &&
		!slices.ContainsFunc(r.page.Boxes, func(c Box) bool { return there(c) && c.Checked })
}

// rewritten reports whether the page differs from our last body in more than its
// ticks, or did so in between: lines can be moved and moved back.
func (r *record) rewritten() bool {
	return r.page.bare != r.last.bare || slices.ContainsFunc(r.edits, func(e edit) bool { return !e.ours && !e.checklist })
}

// wipedAfter reports whether a person's save unticked a box after the edit that
// ticked it.
func (r *record) wipedAfter(at int) bool {
	return slices.ContainsFunc(r.about[r.edits[at].box.key()], func(i int) bool { return i > at && !r.edits[i].ours && !r.edits[i].done })
}

// changed returns the first of the edits before end after which somebody other than u
// had a box ticked or unticked as its notes tell, -1 for none. That it was unticked,
// though no note says that it had been ticked, tells so, too.
func (r *record) changed(key string, u plan.User, end int) int {
	ticked := r.offered[key].Checked
	for _, i := range r.about[key] {
		e := r.edits[i]
		switch {
		case i >= end:
			return -1
		case e.ours: // we untick what was judged
		case !sameUser(e.by, u):
			return i
		case !e.done && !ticked:
			return 0
		}
		ticked = e.done
	}
	return -1
}

// unseen returns the first of the edits before end by which somebody other than u may
// have ticked any box without a note of it, such that a later one may have unticked
// it again in the same way; -1 if there is none. One save alone cannot do both.
func (r *record) unseen(u plan.User, end int) int {
	first := -1
	for i, e := range r.edits[:end] {
		switch {
		case e.names():
		case first >= 0:
			return first
		case !e.ours && !sameUser(e.by, u):
			first = i
		}
	}
	return -1
}

// besideAnother reports whether a page that was opened after the edit from, and on which
// the box of a later edit was ticked, may have sent that along with a click on another
// box: somebody else had clicked that one meanwhile, so that the box alone changed.
func (r *record) besideAnother(at, from int) bool {
	e := r.edits[at]
	return slices.ContainsFunc(r.edits[from+1:at], func(other edit) bool {
		return other.checklist && !other.ours && !sameUser(other.by, e.by) && other.box.key() != e.box.key()
	})
}

// unexplained reports whether a box of the page is ticked and no note says so.
func (r *record) unexplained() bool {
	return slices.ContainsFunc(r.checked(), func(b Box) bool { return r.story(b.key()).at < 0 })
}

// bodyBefore is the first edit that may have changed what the author of an edit saw.
// After a lost memory it is the one that follows our last text before that edit.
func (r *record) bodyBefore(at int) int {
	for i := at - 1; i >= 0 && !r.known(); i-- {
		if r.edits[i].ours {
			return i + 1
		}
	}
	return 0
}

// another names somebody other than u who made one of the edits from first up to
// the one before end.
func (r *record) another(u plan.User, first, end int) string {
	for _, e := range r.edits[first:end] {
		if !e.ours && !sameUser(e.by, u) {
			return named(e.by)
		}
	}
	return ""
}

// sameUser compares by ID, or by name if an ID is missing. The zero User, nobody, is
// not the same as any user, not even itself.
func sameUser(a, b plan.User) bool {
	if a.ID != 0 && b.ID != 0 {
		return a.ID == b.ID
	}
	return a.Username != "" && a.Username == b.Username
}
