package constraints

import (
	"errors"
	"fmt"
	"strings"
)

// Format is the shape of the pins in a derived file.
type Format string

const (
	// FormatBlock is one text, the constraints file itself.
	FormatBlock Format = "block"
	// FormatList is a sequence of the lines that pip reads: comments and blank
	// lines left out, continuation lines joined.
	FormatList Format = "list"
	// FormatMap is a mapping from the name, as spelled, to the version, for
	// files of plain == pins only.
	FormatMap Format = "map"
)

// Derivation says where in a YAML file the pins go, and in which shape.
type Derivation struct {
	Path   string
	Format Format
	// Key are the keys of nested mappings that lead to the pins.
	Key []string
}

// MaxDerived is the size in bytes of the largest text that Derive writes: a
// CI variable has to fit into one string of a process's environment, which
// Linux caps at 128 KiB.
const MaxDerived = 100 << 10

// Derive returns the derived file of f.
//
// Without an existing file (nil) it is written from scratch. In an existing
// one the value of the key is replaced and every other byte kept; comments
// within the old value go, one on the key's line stays. If it holds the pins
// already it is returned as it is, in whatever style it is written, so that
// Derive of its own outcome changes nothing. A file without the key is a
// *MissingKeyError.
//
// A block is a literal scalar where YAML can carry the text in one and a
// double-quoted one elsewhere. A text with "$" is the value of a mapping with
// expand: false, as GitLab CI wants it. The byte order mark is not part of the
// text. An error names the line of what the format cannot carry.
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
	return y.replace(t, d, want)
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

// Content is what a derived file holds at its key.
type Content struct {
	// Text reads as a constraints file: the block itself, or the entries of a
	// list or map with a "\n" after each.
	Text string
	// Expand reports whether GitLab CI would replace "$NAME" in the text. It
	// is true unless the value has expand: false, and without meaning for
	// lists and maps.
	Expand bool
}

// holds reports whether the content is the wanted one; variables in a text
// without "$" do not matter.
func (c Content) holds(want value) bool {
	return c.Text == want.text && (!c.Expand || !want.dollar)
}

// ReadDerived returns what a derived file holds at its key. A file without the
// key is a *MissingKeyError without a suggestion, a value of another shape than
// d.Format an error.
func ReadDerived(data []byte, d Derivation) (Content, error) {
	if err := d.check(); err != nil {
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

func (d Derivation) check() error {
	switch d.Format {
	case FormatBlock, FormatList, FormatMap:
	default:
		return fmt.Errorf("derive %s: %s is no format; write block, list or map", d.Path, quote(string(d.Format)))
	}
	if len(d.Key) == 0 {
		return errors.New("derive " + d.Path + ": the key is empty; name at least one")
	}
	return nil
}

// value is what the key shall hold.
type value struct {
	text    string   // as Content.Text
	lines   []string // of a list
	entries []entry  // of a map
	dollar  bool     // a block that GitLab would expand
}

type entry struct{ name, version string }

// contentOf returns what the key of d shall hold, or why it cannot.
func contentOf(f *File, d Derivation) (value, error) {
	if err := d.check(); err != nil {
		return value{}, err
	}
	refuse := func(i int, reason string) (value, error) {
		line := len(splitLines(f.src.text[:i] + "x"))
		return value{}, fmt.Errorf("derive %s from %s:%d: %s", d.Path, f.Path, line, reason)
	}
	text := f.src.text
	if len(text) > MaxDerived {
		return refuse(MaxDerived, "the file is larger than 100 KiB, which no CI variable holds")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return refuse(i, "a NUL cannot stand in an environment")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }); i >= 0 && !f.src.utf8 {
		return refuse(i, "the file is not UTF-8 and its coding comment would misread the derived text; save it as UTF-8")
	}
	var v value
	switch d.Format {
	case FormatBlock:
		return value{text: text, dollar: strings.Contains(text, "$")}, nil
	case FormatList:
		v.lines = f.LogicalLines()
		v.text = joined(v.lines)
		return v, nil
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
	var v value
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
