package dashboard

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// edit is one note which says that its author changed the description.
type edit struct {
	id        int64
	by        plan.User
	at        time.Time
	ours      bool
	checklist bool   // it is about one box
	box       Box    // that box as far as the note tells; the zero Box if it names none
	done      bool   // it was ticked
	item      string // what the note quotes, without backslashes
	many      bool   // the same save changed other boxes as well
	ticks     int    // how many boxes it ticked
}

// names reports whether an edit names a box.
func (e edit) names() bool { return e.box.Branch != "" || e.box.Bulk != "" }

// oneSave is how far apart the notes of one save may be. GitLab writes them one
// after the other in the request that saves.
const oneSave = time.Second

// editsOf reads notes, in the order of their IDs. Every note in which GitLab says that
// something was marked is an edit, also one in words that we do not know.
func editsOf(notes []Note, ours func(plan.User) bool, all names) []edit {
	var out []edit
	sorted := slices.SortedFunc(slices.Values(notes), func(a, b Note) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	for _, n := range sorted {
		if !n.System {
			continue // a person wrote it: anybody can write the same words
		}
		e := edit{id: n.ID, by: n.Author, at: n.At, ours: ours(n.Author)}
		done, item, isBox := ParseNote(n.Body)
		switch {
		case isBox:
			e.checklist, e.done, e.item, e.box = true, done, item, all.find(item)
		case !IsDescriptionChange(n.Body):
			continue
		}
		out = append(out, e)
	}
	joinSaves(out)
	return out
}

// joinSaves marks the notes that one save may have left: checklist notes of one
// author, next to each other and of about the same instant, about boxes that
// differ.
func joinSaves(edits []edit) {
	for from := 0; from < len(edits); {
		to := from + 1
		boxes := map[string]bool{edits[from].box.key(): true}
		for to < len(edits) && edits[from].checklist && edits[to].checklist && sameUser(edits[to].by, edits[from].by) &&
			edits[to].at.Sub(edits[to-1].at).Abs() <= oneSave && !boxes[edits[to].box.key()] {
			boxes[edits[to].box.key()] = true
			to++
		}
		ticked := 0
		for _, e := range edits[from:to] {
			if e.done {
				ticked++
			}
		}
		for i := from; i < to; i++ {
			edits[i].many, edits[i].ticks = to-from > 1, ticked
		}
		from = to
	}
}

// names finds the box that a note is about.
type names struct {
	boxes    map[string]Box    // by type and branch, or bulk marker
	branches map[string]bool   // of those
	longest  int               // the length of the longest branch
	texts    map[string]string // the text of exactly one box, in words: its key in boxes
}

func newNames(boxes []Box) names {
	n := names{boxes: map[string]Box{}, branches: map[string]bool{}, texts: map[string]string{}}
	for _, b := range boxes {
		n.boxes[b.exact()] = b
		n.branches[b.Branch] = b.Branch != ""
		n.longest = max(n.longest, len(b.Branch))
		for _, text := range []string{words(b.Text), words(shown(b.Text))} {
			if other, ok := n.texts[text]; ok && other != b.exact() {
				n.texts[text] = "" // it may be either
			} else {
				n.texts[text] = b.exact()
			}
		}
	}
	return n
}

// noteMarker is a marker's inner text. Notes quote comments without their ends,
// and may have no blank after them.
var noteMarker = regexp.MustCompile(`([A-Za-z]+)-branch=([^\s<>]+)`)

// find returns the box that an item names: by the one marker in it, and without
// any by its text. Two markers name nobody.
func (n names) find(item string) Box {
	var found []Box // as they are written
	add := func(b Box) {
		if !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	for _, m := range noteMarker.FindAllStringSubmatch(item, -1) {
		if t := boxType(plan.BoxType(m[1])); knownType(t) && len(found) < 2 {
			add(Box{Type: t, Branch: strings.TrimSuffix(m[2], "--")})
		}
	}
	for _, row := range plan.Table() {
		if row.Bulk != "" && strings.Contains(item, row.Bulk) {
			add(Box{Bulk: row.Bulk})
		}
	}
	switch {
	case len(found) == 0:
		return n.boxes[n.texts[words(firstLine(item))]]
	case len(found) > 1:
		return Box{}
	}
	b := found[0]
	if b.Bulk == "" {
		b = n.branch(b.Type, b.Branch, item)
	}
	if known, ok := n.boxes[b.exact()]; ok {
		return known
	}
	return b
}

// branch is the box of a marker. If GitLab drops the blank after the comment, branch
// and title run together. Then it is the longest branch that leaves the words of its
// own title.
func (n names) branch(t plan.BoxType, run, item string) Box {
	whole := Box{Type: t, Branch: branchKey(string(t), run)}
	if _, ok := n.boxes[whole.exact()]; ok {
		return whole
	}
	_, text, _ := strings.Cut(item, "-branch=")
	for end := min(len(run)-1, n.longest); end > 0; end-- {
		b := Box{Type: t, Branch: branchKey(string(t), run[:end])}
		if !n.branches[b.Branch] {
			continue
		}
		if known, ok := n.boxes[b.exact()]; ok && startsWith(text[end:], known.Text) {
			return b
		}
	}
	return whole
}

// exact names a box by its very marker.
func (b Box) exact() string { return string(b.Type) + " " + b.Branch + b.Bulk }

// quotes reports whether a note quotes a text of ours, as it is written or as it
// is rendered, with or without the line that follows it.
func (e edit) quotes(text string) bool {
	item := e.item
	if m := noteMarker.FindStringIndex(item); m != nil {
		item = item[m[0]:]
		_, after, _ := strings.Cut(item, "=")
		item = after
		if e.box.Branch != "" {
			branch := strings.TrimPrefix(e.box.Branch, plan.SplitKey(""))
			item = strings.TrimPrefix(item, branch)
		}
	} else if e.box.Bulk != "" {
		_, item, _ = strings.Cut(item, e.box.Bulk)
	}
	return startsWith(item, text)
}

// startsWith reports whether an item begins with the words of a text. Where a
// second line follows, the first has to be those words and no more.
func startsWith(item, text string) bool {
	line := words(firstLine(item))
	for _, want := range []string{words(text), words(shown(text))} {
		if want == "" {
			continue
		}
		if line == want || !strings.Contains(strings.TrimSpace(item), "\n") && strings.HasPrefix(line, want+" ") {
			return true
		}
	}
	return false
}

// longestLine bounds how much of an item is compared; no line of ours is that long.
const longestLine = 16 << 10

func firstLine(item string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(item), "\n")
	return line[:min(len(line), longestLine)]
}

// words is a text's letters and digits: escapes and marks are what GitLab and
// editors change. A version stays one word.
func words(s string) string {
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' }) {
		if w = strings.Trim(w, "."); w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

var linkMark = regexp.MustCompile(`\]\([^()\s]*\)`)

// shown is a text of ours as a page shows it: without the addresses of links,
// escapes and entities.
func shown(s string) string {
	return html.UnescapeString(text.Unescaped(linkMark.ReplaceAllString(s, "]")))
}
