package constraints

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Change is all that one rewrite does to a file. The zero Change does nothing.
type Change struct {
	// Edits move pins, as with Apply.
	Edits []Edit
	// Remove are indices into File.Pins.
	Remove []int
	// Add are pins to add; their order does not matter.
	Add []NewPin
}

// NewPin is a pin to add.
type NewPin struct {
	// Name is written as it is given, Version in the normal form of PEP 440.
	Name, Version string
	// MarkerText is written as it is given; empty for none.
	MarkerText string
	// SHA256 are digests as in an Edit. They are written, and needed, if all
	// pins of the file carry hashes.
	SHA256 []string
}

// Rewrite returns the file with pins moved, removed and added; every other
// byte is as it was.
//
// A removed pin goes with its whole logical line: continuation lines, hashes,
// the comment on it, the line end, and the indented "# via" comment lines
// below it that compilers write. A comment above it stays. A line is refused
// that says something about other lines as well.
//
// An added pin is spelled as most others: operator, blanks, line end, hash
// list. If the pins stand sorted it goes to its place, which is after its
// predecessor and the indented comments of that one; if only a block with at
// least half of them does, to its place there; and else after the last pin. A
// file without a line end after its last line stays so.
//
// The outcome is parsed again, and an error is returned unless exactly the
// asked pins differ and every other line is the same.
func (f *File) Rewrite(c Change) ([]byte, error) {
	if err := f.checkChange(c); err != nil {
		return nil, err
	}
	edited, err := f.Apply(c.Edits)
	if err != nil || len(c.Remove)+len(c.Add) == 0 {
		return edited, err
	}
	// An edit moves no pin to another index.
	g, err := f.Reread(edited)
	if err != nil {
		return nil, fmt.Errorf("rewrite %s: the outcome is not readable: %w", f.Path, err)
	}
	page := pageOf(g)
	dropped := page.drop(c.Remove)
	adds := page.place(c.Add)
	out := page.render(dropped, adds)
	if err := page.verify(out, dropped, c); err != nil {
		return nil, err
	}
	return out, nil
}

func (f *File) checkChange(c Change) error {
	gone := make(map[int]bool, len(c.Remove))
	for _, i := range c.Remove {
		if i < 0 || i >= len(f.Pins) {
			return fmt.Errorf("remove from %s: there is no pin %d", f.Path, i)
		}
		if gone[i] {
			return fmt.Errorf("remove %s: it is removed twice", f.where(f.Pins[i]))
		}
		gone[i] = true
		if why := f.kept(f.Pins[i]); why != "" {
			return fmt.Errorf("remove %s: %s", f.where(f.Pins[i]), why)
		}
	}
	for _, e := range c.Edits {
		if gone[e.Pin] {
			return fmt.Errorf("remove %s: it is edited as well", f.where(f.Pins[e.Pin]))
		}
	}
	return f.checkAdds(c.Add, gone)
}

func (f *File) checkAdds(adds []NewPin, gone map[int]bool) error {
	if len(adds) == 0 {
		return nil
	}
	type slot struct{ key, marker string }
	taken := make(map[slot]string, len(f.Pins))
	for i, p := range f.Pins {
		if !gone[i] {
			taken[slot{p.Key, p.MarkerText}] = fmt.Sprintf("line %d pins it already", p.Line)
		}
	}
	hashed := f.hashed()
	for _, n := range adds {
		fail := func(err error) error { return fmt.Errorf("add %s %s to %s: %w", n.Name, n.Version, f.Path, err) }
		s := slot{pep508.NormalizeName(n.Name), n.MarkerText}
		if why := taken[s]; why != "" {
			return fail(errors.New(why))
		}
		taken[s] = "it is added twice"
		if err := n.check(hashed); err != nil {
			return fail(err)
		}
	}
	return nil
}

func (n NewPin) check(hashed bool) error {
	if !pep508.ValidName(n.Name) {
		return fmt.Errorf("%s is not a name", quote(n.Name))
	}
	v, err := pep440.Parse(n.Version)
	if err != nil {
		return err
	}
	if v.String() != n.Version {
		return fmt.Errorf("%s is not in normal form, which is %s", quote(n.Version), v)
	}
	if n.MarkerText != "" {
		if _, err := pep508.ParseMarker(n.MarkerText); err != nil {
			return err
		}
		unsafe := func(r rune) bool { return r < ' ' || r > '~' || r == '#' || r == '\\' || r == '$' }
		if strings.ContainsFunc(n.MarkerText, unsafe) || strings.TrimSpace(n.MarkerText) != n.MarkerText || strings.Contains(n.MarkerText, " -") {
			return fmt.Errorf("the marker %s cannot be written on a line as it is", quote(n.MarkerText))
		}
	}
	if !hashed {
		return nil
	}
	if len(n.SHA256) == 0 {
		return ErrNoDigests
	}
	for _, digest := range n.SHA256 {
		if !hexSHA256.MatchString(digest) {
			return fmt.Errorf("%s is not a sha256", quote(digest))
		}
	}
	return nil
}

// hashed reports whether every pin carries --hash, so that a new one must.
func (f *File) hashed() bool {
	return len(f.Pins) > 0 && !slices.ContainsFunc(f.Pins, func(p Pin) bool { return !p.HasHashes })
}

// kept says why a pin's line cannot be removed, since somebody wrote more on it than the pin; empty
// if it can.
func (f *File) kept(p Pin) string {
	l := f.lineOf(p)
	_, rest := splitOptions(l.text)
	words, _ := splitWords(l.text[rest:], rest) // Parse took it
	opts, _ := parseOptions(words, f.Use)
	for _, o := range opts {
		if o.name != "--hash" && o.name != "--config-settings" {
			return "its line holds " + o.name + ", which is not about this pin alone; give it a line of its own"
		}
	}
	lines := splitLines(f.src.text)
	for _, at := range lines[l.number-1 : l.last-1] {
		if text := f.src.text[at.start:at.end]; uncomment(text) != text {
			return "its comment ends in a backslash, which hides the next line; remove the backslash"
		}
	}
	return ""
}

// lineOf returns the logical line of a pin.
func (f *File) lineOf(p Pin) logicalLine {
	i, _ := slices.BinarySearchFunc(f.lines, p.Line, func(l logicalLine, n int) int { return l.number - n })
	return f.lines[i]
}

// verify parses the result and compares it with the page: the removed pins are gone, the new ones
// are there, and everything else is the same.
func (p *page) verify(out []byte, dropped map[int]bool, c Change) error {
	h, err := p.f.Reread(out)
	if err != nil {
		return fmt.Errorf("rewrite %s: the outcome is not readable: %w", p.f.Path, err)
	}
	added, ok := p.matchPins(h, c)
	q := pageOf(h)
	ok = ok && slices.EqualFunc(h.Unmanaged, p.f.Unmanaged, func(a, b Unmanaged) bool { return a.Text == b.Text && a.Kind == b.Kind })
	ok = ok && h.src.utf8 == p.f.src.utf8 && string(q.mark) == string(p.mark)
	ok = ok && (q.open() == p.open() || len(q.lines) == 0 || len(p.lines) == 0)
	ok = ok && slices.Equal(q.without(added), p.without(dropped))
	if !ok {
		return fmt.Errorf("rewrite %s: the rewrite would change more than the lines of its pins; change them by hand", p.f.Path)
	}
	return nil
}

// matchPins separates the pins of the result: the old ones, in their order, and the new ones, whose
// physical lines it returns.
func (p *page) matchPins(h *File, c Change) (added map[int]bool, ok bool) {
	var old []Pin
	for i, pin := range p.f.Pins {
		if !slices.Contains(c.Remove, i) {
			old = append(old, pin)
		}
	}
	added = map[int]bool{}
	hashed := p.f.hashed()
	adds := slices.Clone(c.Add)
	for _, pin := range h.Pins {
		if len(old) > 0 && samePin(pin, old[0]) {
			old = old[1:]
			continue
		}
		i := slices.IndexFunc(adds, func(n NewPin) bool { return n.isWrittenAs(pin, hashed) })
		if i < 0 {
			return nil, false
		}
		adds = slices.Delete(adds, i, i+1)
		l := h.lineOf(pin)
		for n := l.number; n <= l.last; n++ {
			added[n-1] = true
		}
	}
	return added, len(old) == 0 && len(adds) == 0
}

func samePin(a, b Pin) bool {
	return a.Name == b.Name && a.Op == b.Op && a.MarkerText == b.MarkerText && slices.Equal(a.Extras, b.Extras) &&
		a.Version.Raw() == b.Version.Raw() && a.hashes.equal(b.hashes)
}

func (n NewPin) isWrittenAs(p Pin, hashed bool) bool {
	var want []string
	if hashed {
		want = prefixed(n.SHA256)
	}
	return p.Name == n.Name && len(p.Extras) == 0 && p.MarkerText == n.MarkerText && p.Version.Raw() == n.Version && slices.Equal(p.hashes.values, want)
}
