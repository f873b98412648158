package constraints

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// named is a line that names a package, pinned or not.
type named struct {
	name string
	line logicalLine
	pin  int // an index into File.Pins, or -1
}

// order is one way to sort lines, by a key made of the name and the line.
type order func(name, line string) string

// orders are the ways in which files may be sorted; if several apply, the first is used. Those by
// whole lines are the order of the command sort, in which "-" comes before "=".
var orders = []order{
	func(name, _ string) string { return strings.ToLower(name) },
	func(name, _ string) string { return pep508.NormalizeName(name) },
	func(name, _ string) string { return name },
	func(_, line string) string { return strings.ToLower(line) },
	func(_, line string) string { return line },
}

// entries returns the named lines in the order of the file.
func (f *File) entries() []named {
	var out []named
	for i, p := range f.Pins {
		out = append(out, named{p.Name, f.lineOf(p), i})
	}
	for _, u := range f.Unmanaged {
		if u.Name != "" {
			out = append(out, named{u.Name, f.lineOf(Pin{Line: u.Line}), -1})
		}
	}
	slices.SortFunc(out, func(a, b named) int { return cmp.Compare(a.line.number, b.line.number) })
	return out
}

// pinned returns the entries that are pins.
func pinned(entries []named) []named {
	return slices.DeleteFunc(slices.Clone(entries), func(e named) bool { return e.pin < 0 })
}

// sortedBy returns the first order in which the entries are sorted; nil for none.
func sortedBy(entries []named) order {
	for _, o := range orders {
		if slices.IsSortedFunc(entries, func(a, b named) int { return cmp.Compare(o(a.name, a.line.text), o(b.name, b.line.text)) }) {
			return o
		}
	}
	return nil
}

// group finds the entries among which a new pin belongs, and their order, which is nil if there is
// none. whole is false if they are a block of a file that is not sorted itself.
func (p *page) group() (entries []named, by order, whole bool) {
	all := p.f.entries()
	pins := pinned(all)
	for _, some := range [][]named{all, pins} {
		if o := sortedBy(some); o != nil {
			return some, o, true
		}
	}
	var best []named
	for _, b := range p.blocks(all) {
		if len(b) > len(best) && sortedBy(b) != nil {
			best = b
		}
	}
	if 2*len(best) >= len(all) {
		return best, sortedBy(best), false
	}
	return pins, nil, true
}

// blocks splits the entries at blank lines, and at lines that pip acts on and that name nothing.
func (p *page) blocks(entries []named) [][]named {
	var out [][]named
	for i, e := range entries {
		if i == 0 || p.cut(entries[i-1].line.last, e.line.number-1) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], e)
	}
	return out
}

func (p *page) cut(from, to int) bool {
	return slices.ContainsFunc(p.lines[from:to], func(l physical) bool { return !isComment(l.text) })
}

// place returns the lines to add by the index of the line before which they go.
func (p *page) place(adds []NewPin) map[int][]physical {
	entries, by, whole := p.group()
	style := p.style(entries)
	key := func(n NewPin) string {
		if by == nil {
			return pep508.NormalizeName(n.Name)
		}
		return by(n.Name, style.head(n))
	}
	adds = slices.Clone(adds)
	slices.SortFunc(adds, func(a, b NewPin) int {
		return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.MarkerText, b.MarkerText))
	})
	out := map[int][]physical{}
	for _, n := range adds {
		before := len(entries)
		if by != nil {
			before = 0
			for i, e := range entries {
				if by(e.name, e.line.text) <= key(n) {
					before = i + 1
				}
			}
		}
		at, near := p.spot(entries, before, whole)
		out[at] = append(out[at], physical{style.line(n, p.layout(entries, before)), p.eol(near)})
	}
	return out
}

// spot returns the index of the line before which a new line goes that comes before an entry, and
// the index of a line to imitate.
func (p *page) spot(entries []named, before int, whole bool) (at, near int) {
	switch {
	case len(entries) == 0:
		return len(p.lines), len(p.lines) - 1
	case before > 0:
		l := entries[before-1].line
		return p.below(l), l.last - 1
	}
	first := entries[0].line.number - 1
	at = first
	for at > 0 && isComment(p.lines[at-1].text) {
		at--
	}
	// A comment right above the first pin is about that pin, unless it is at the beginning of the
	// file or the block. There it is about all that follows.
	if at == 0 || !whole {
		at = first
	}
	return at, first
}

// layout returns the hash list to imitate: that of the nearest pin above, or else below; nil if new
// pins have no hashes.
func (p *page) layout(entries []named, before int) *hashList {
	if !p.f.hashed() {
		return nil
	}
	pins := pinned(entries[:before])
	if len(pins) > 0 {
		return &p.f.Pins[pins[len(pins)-1].pin].hashes
	}
	for _, e := range entries[before:] {
		if e.pin >= 0 {
			return &p.f.Pins[e.pin].hashes
		}
	}
	return &p.f.Pins[0].hashes
}

// style is how the lines of a file are spelled.
type style struct {
	indent, operator string // the operator with the blanks around it
	semicolon        string // what is before a marker
}

var (
	beforeVersion = regexp.MustCompile(`^([ \t]*)[A-Za-z0-9._-]+([ \t]*===?[ \t]*)$`)
	beforeMarker  = regexp.MustCompile(`^[ \t]*;[ \t]*`)
)

// style returns what most pins of some entries have; of equally many the first.
func (p *page) style(entries []named) style {
	var starts, semicolons []string
	parts := map[string]style{}
	for _, e := range pinned(entries) {
		pin := p.f.Pins[e.pin]
		data := p.f.Data
		if m := beforeVersion.FindSubmatch(data[p.starts[e.line.number-1]:pin.version.start]); m != nil {
			starts = append(starts, string(m[1])+"|"+string(m[2]))
			parts[starts[len(starts)-1]] = style{indent: string(m[1]), operator: string(m[2])}
		}
		if m := beforeMarker.Find(data[pin.version.end:]); m != nil && pin.MarkerText != "" {
			semicolons = append(semicolons, string(m))
		}
	}
	s, ok := parts[most(starts)]
	if !ok {
		s.operator = "=="
	}
	if s.semicolon = most(semicolons); s.semicolon == "" {
		s.semicolon = "; "
	}
	return s
}

// most returns the most frequent text, the first among equals.
func most(texts []string) string {
	count := map[string]int{}
	for _, t := range texts {
		count[t]++
	}
	best := ""
	for _, t := range texts {
		if count[t] > count[best] {
			best = t
		}
	}
	return best
}

// head returns a new pin up to its version.
func (s style) head(n NewPin) string { return n.Name + s.operator + n.Version }

// line returns the line of a new pin, which is several if its hash list is.
func (s style) line(n NewPin, layout *hashList) string {
	text := s.indent + s.head(n)
	if n.MarkerText != "" {
		text += s.semicolon + n.MarkerText
	}
	if layout != nil {
		text += layout.lead + layout.render(n.SHA256)
	}
	return text
}
