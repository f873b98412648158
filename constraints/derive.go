package constraints

import (
	"fmt"
	"slices"
	"strings"
)

// MaxDerived is the size in bytes of the largest text that Derive writes into a CI variable, which
// has to fit into one string of a process's environment. Linux bounds that at 128 KiB. Other texts
// have no bound here.
const MaxDerived = 100 << 10

// Derive returns the derived file of f.
//
// Without an existing file (nil) it writes a new one. In an existing file it replaces the text at
// the key and keeps every other byte. Of a list or a map only the entries that moved change, with
// their quotes. Comments within an old text are removed, and one on the key's line stays. Blank
// lines after a text stay, even if
//
// + made them part of it. If the file has the pins already, it is returned as it is, in whatever
// style and order it is written; so Derive of its own result changes nothing. A file without the
// key is a *MissingKeyError.
//
// If the key is an alias, Derive changes the text with its anchor, if that is the pins. An alias of
// something else, and a tag such as !reference, is an error that names the line; Derive never
// overwrites it.
//
// A block is a literal scalar if YAML can write the text as one, else a double-quoted one. A
// variable whose text has a "$" is a mapping with expand: false, as GitLab CI needs it. The byte
// order mark is not part of the text. An error names the line that the format cannot have.
func Derive(f *File, existing []byte, d Derivation) ([]byte, error) {
	want, err := contentOf(f, d)
	if err != nil {
		return nil, err
	}
	if existing == nil {
		return fromScratch(f, d, want)
	}
	y, err := readYAML(d.Path, existing)
	if err != nil {
		return nil, err
	}
	t, err := y.find(d.Key)
	if err != nil {
		return nil, missing(err, f, d, y)
	}
	if got, err := t.read(d); err == nil && got.holds(want) {
		return existing, nil
	}
	return y.replace(f, t, d, want)
}

// InSync reports whether an existing derived file holds the pins of f. An
// absent file (nil), and a value of another shape, is out of step. A file
// without the key is a *MissingKeyError, and what Derive refuses an error too.
func InSync(f *File, existing []byte, d Derivation) (bool, error) {
	want, err := contentOf(f, d)
	if err != nil || existing == nil {
		return false, err
	}
	y, err := readYAML(d.Path, existing)
	if err != nil {
		return false, err
	}
	t, err := y.find(d.Key)
	if err != nil {
		return false, missing(err, f, d, y)
	}
	got, err := t.read(d)
	return err == nil && got.holds(want), nil
}

// Content is what a derived file has at its key.
type Content struct {
	// Text reads as a constraints file: the block itself, or the entries of a
	// list or map with a "\n" after each.
	Text string
	// Expand reports whether GitLab CI would replace "$NAME" in the text: it
	// does in a variable without expand: false. For other keys, lists and maps it
	// is false.
	Expand bool
}

// holds reports whether the content is the wanted one. Expand does not matter for a text without
// "$". The order of a list or a map does not matter, except for the options of pip in a list.
func (c Content) holds(want value) bool {
	if c.Expand && want.dollar {
		return false
	}
	return c.Text == want.text || want.unordered && slices.Equal(inOrder(c.Text), inOrder(want.text))
}

// inOrder sorts the lines of a list or a map. Options come last and keep their order.
func inOrder(text string) []string {
	lines := strings.Split(text, "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		optionA, optionB := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-")
		switch {
		case optionA && optionB:
			return 0
		case optionA:
			return 1
		case optionB:
			return -1
		}
		return strings.Compare(a, b)
	})
	return lines
}

// ReadDerived returns what a derived file holds at its key. A file without the
// key is a *MissingKeyError without a suggestion, a value of another shape than
// d.Format an error.
func ReadDerived(data []byte, d Derivation) (Content, error) {
	if err := d.Check(); err != nil {
		return Content{}, err
	}
	y, err := readYAML(d.Path, data)
	if err != nil {
		return Content{}, err
	}
	t, err := y.find(d.Key)
	if err != nil {
		return Content{}, missing(err, nil, d, y)
	}
	return t.read(d)
}

// value is what the key is to have.
type value struct {
	text    string   // as Content.Text
	lines   []string // of a list
	entries []entry  // of a map
	dollar  bool     // of a variable: GitLab would expand the text
	// unordered is a list or a map.
	unordered bool
}

type entry struct{ name, version string }

// contentOf returns what the key of d is to have, or why it cannot.
func contentOf(f *File, d Derivation) (value, error) {
	if err := d.Check(); err != nil {
		return value{}, err
	}
	refuse := func(i int, reason string) (value, error) {
		line := len(splitLines(f.src.text[:i] + "x"))
		return value{}, fmt.Errorf("derive %s from %s:%d: %s", d.Path, f.Path, line, reason)
	}
	text := f.src.text
	variable := d.role() != roleOther
	if variable && len(text) > MaxDerived {
		return refuse(MaxDerived, "the file is larger than 100 KiB, which no CI variable holds")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return refuse(i, "a NUL cannot stand in an environment")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }); i >= 0 && !f.src.utf8 {
		return refuse(i, "the file is not UTF-8 and its coding comment would misread the derived text; save it as UTF-8")
	}
	switch d.Format {
	case FormatBlock:
		return value{text: text, dollar: variable && strings.Contains(text, "$")}, nil
	case FormatList:
		v := value{unordered: true}
		v.lines = f.LogicalLines()
		v.text = joined(v.lines)
		return v, nil
	case FormatMap:
	}
	return mapOf(f, d)
}

func joined(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return b.String()
}

// mapOf returns the entries of a map, which holds plain == pins alone.
func mapOf(f *File, d Derivation) (value, error) {
	v := value{unordered: true}
	line, reason := 0, ""
	refuse := func(n int, why string) {
		if line == 0 || n < line {
			line, reason = n, why
		}
	}
	for _, u := range f.Unmanaged {
		refuse(u.Line, u.Reason)
	}
	seen := make(map[string]int)
	var lines []string
	for _, p := range f.Pins {
		switch {
		case seen[p.Key] > 0:
			refuse(p.Line, fmt.Sprintf("%s stands in line %d already", p.Name, seen[p.Key]))
		case p.MarkerText != "":
			refuse(p.Line, p.Name+" has a marker")
		case len(p.Extras) > 0:
			refuse(p.Line, p.Name+" has extras")
		case p.HasHashes:
			refuse(p.Line, p.Name+" has hashes")
		case p.Op != "==":
			refuse(p.Line, p.Name+" is pinned with "+p.Op)
		}
		seen[p.Key] = p.Line
		v.entries = append(v.entries, entry{p.Name, p.Version.Raw()})
		lines = append(lines, p.Name+"=="+p.Version.Raw())
	}
	if line > 0 {
		return value{}, fmt.Errorf("derive %s from %s:%d: %s, which format map cannot carry; use format block or list", d.Path, f.Path, line, reason)
	}
	v.text = joined(lines)
	return v, nil
}
