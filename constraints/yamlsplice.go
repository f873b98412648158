package constraints

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// fromScratch returns a new derived file.
func fromScratch(f *File, d Derivation, want value) ([]byte, error) {
	var head strings.Builder
	head.WriteString("---\n# Generated from " + comment(f.Path) + " by pinwheel. Do not edit.\n")
	last := len(d.Key) - 1
	for i, name := range d.Key {
		head.WriteString(strings.Repeat("  ", i) + scalar(name) + ":")
		if i < last {
			head.WriteString("\n")
		}
	}
	l := layout{indent: 2 * last, child: 2*last + 2, dash: 2*last + 2, newline: "\n"}
	shown, tail := want, ""
	if want.dollar && d.role() == roleValue {
		shown.dollar, tail = false, strings.Repeat("  ", last)+expandFalse+"\n"
	}
	for _, draft := range drafts(shown, d.Format, l) {
		out := []byte(head.String() + draft + tail)
		if got, err := ReadDerived(out, d); err == nil && got.holds(want) {
			return out, nil
		}
	}
	return nil, fmt.Errorf("derive %s from %s: YAML cannot carry the text; write it in ASCII", d.Path, f.Path)
}

// comment makes a path safe for a comment of one line.
func comment(path string) string {
	return strings.Map(func(r rune) rune {
		if !printable(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, path)
}

// stuckError says that the bytes of a value cannot be separated from those around it.
func (y *yamlFile) stuckError(t target, d Derivation) error {
	return lineErrorf(y.path, t.value.Line, "the value of %s cannot be replaced without touching what stands around it; write an empty text there first", strings.Join(d.Key, "."))
}

// replace returns the file with the value of the target changed to the wanted one, in the first way
// that changes nothing else.
func (y *yamlFile) replace(f *File, t target, d Derivation, want value) ([]byte, error) {
	if d.Format != FormatBlock {
		return y.replaceEntries(f, t, d, want)
	}
	c := change{d: d, want: want, shown: want, f: f}
	if err := y.aim(&c, t); err != nil {
		return nil, err
	}
	return y.write(c)
}

// change is what to change in a file.
type change struct {
	f    *File
	d    Derivation
	want value // what the key is to have
	// at is the value that is written anew, and shown is what is written there.
	at    target
	shown value
	// touched are the nodes that may differ afterwards. For the mapping of a variable these are its
	// value and its expand.
	touched []*yaml.Node
	// edits are further edits of the bytes, which touch other bytes.
	edits []splice
}

// aim finds the text with the pins of a key: the value itself, that of a variable written as a
// mapping, or the one that an alias names.
func (y *yamlFile) aim(c *change, t target) error {
	at, err := y.shared(t, c)
	if err != nil {
		return err
	}
	shared := at.value != t.value || y.used(at.value) != nil
	var mapping *yaml.Node
	if c.d.role() == roleValue {
		mapping = t.mapping
	} else if inner, _ := variable(at.value); inner != nil {
		mapping = at.value
		value := target{mapping: mapping, value: inner, step: 2, flow: at.flow || mapping.Style&yaml.FlowStyle != 0}
		value.key = mapping.Content[slices.Index(mapping.Content, inner)-1]
		t = value
		if at, err = y.shared(t, c); err != nil {
			return err
		}
	} else if err := y.free(at.value, c.d); err != nil {
		return err
	}
	c.at, c.touched = at, []*yaml.Node{at.value}
	c.shown.dollar = c.want.dollar && mapping == nil
	switch {
	case !c.want.dollar:
		return nil
	case mapping != nil:
		return y.leaveAlone(c, mapping, t)
	case shared:
		return lineErrorf(y.path, t.value.Line, "the pins hold a $, which GitLab would expand, and %s is %s; write it as a mapping with value: and expand: false", strings.Join(c.d.Key, "."), sharing(t.value))
	}
	return nil
}

// leaveAlone adds expand: false to the mapping of a variable that GitLab expands.
func (y *yamlFile) leaveAlone(c *change, mapping *yaml.Node, value target) error {
	if _, expand := variable(mapping); !expand {
		return nil
	}
	c.touched = append(c.touched, mapping)
	flow := value.flow || mapping.Style&yaml.FlowStyle != 0
	indent := value.key.Column - 1
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		n := mapping.Content[i+1]
		if mapping.Content[i].Value != "expand" {
			continue
		}
		if n.Kind != yaml.ScalarNode || isNull(n) || n.Anchor != "" {
			return lineErrorf(y.path, n.Line, "the pins hold a $, which GitLab would expand; write expand: false here")
		}
		start := y.properties(y.offset(n))
		c.edits = append(c.edits, splice{span{start, y.end(n, indent, flow)}, "false"})
		return nil
	}
	end := y.end(value.value, indent, flow)
	if flow {
		c.edits = append(c.edits, splice{span{end, end}, ", " + expandFalse})
		return nil
	}
	c.edits = append(c.edits, y.lineAfter(y.trimmed(value.value, end, indent), strings.Repeat(" ", indent)+expandFalse))
	return nil
}

// lineAfter adds a line after the one of an offset. A file that ends without a line end keeps
// ending so.
func (y *yamlFile) lineAfter(i int, text string) splice {
	next := y.nextLine(i)
	if next == y.lineEnd(i) {
		return splice{span{next, next}, y.newline + text}
	}
	return splice{span{next, next}, text + y.newline}
}

// write tries the ways to write a change.
func (y *yamlFile) write(c change) ([]byte, error) {
	lead, ok := y.lead(c.at)
	if !ok {
		return nil, y.stuckError(c.at, c.d)
	}
	for _, draft := range y.places(c.at, lead, c.d, c.shown) {
		out := spliced(y.data, append([]splice{draft}, c.edits...))
		if y.verify(out, c) == nil {
			return out, nil
		}
	}
	return nil, y.stuckError(c.at, c.d)
}

// lead returns the offset after the colon or the dash before a value; false if there is none. An
// item in brackets has none, and then its own offset is returned.
func (y *yamlFile) lead(t target) (int, bool) {
	if t.key != nil {
		i := y.colon(t.key)
		return i + 1, i < len(y.data) && y.data[i] == ':'
	}
	start := y.offset(t.value)
	if t.flow {
		return start, true
	}
	i := len(bytes.TrimRight(y.data[:start], " \t\r\n"))
	return i, i > 0 && y.data[i-1] == '-'
}

// indent returns the column, from 0, of a key or of the dash of an item.
func (y *yamlFile) indent(t target, lead int) int {
	if t.key != nil {
		return t.key.Column - 1
	}
	return lead - 1 - y.lineStart(lead-1)
}

// lineStart returns where the line of an offset begins.
func (y *yamlFile) lineStart(i int) int {
	n, found := slices.BinarySearch(y.lines, i)
	if !found {
		n--
	}
	return y.lines[max(n, 0)]
}

// places returns the ways to write a value anew, each with the bytes that it replaces.
func (y *yamlFile) places(t target, lead int, d Derivation, want value) []splice {
	begin := y.properties(y.offset(t.value))
	if t.flow {
		text := flowDraft(want, d.Format)
		if isNull(t.value) {
			if t.value.Anchor != "" {
				return []splice{{span{lead, begin}, " &" + t.value.Anchor + " " + text}}
			}
			return []splice{{span{lead, lead}, " " + text}}
		}
		return []splice{{span{begin, y.end(t.value, 0, true)}, text}}
	}
	indent := y.indent(t, lead)
	end := lead
	if !isNull(t.value) {
		end = y.end(t.value, indent, false)
	}
	anchor := ""
	if t.value.Anchor != "" {
		anchor = " &" + t.value.Anchor
	}
	l := layout{
		indent: indent, child: indent + t.step, dash: indent + t.step, newline: y.newline,
		comment: y.keptComment(t.value, lead, end),
	}
	y.adopt(&l, t.value, lead)
	var out []splice
	for _, text := range drafts(want, d.Format, l) {
		end := end
		if !strings.HasPrefix(text, " |+") {
			end = y.trimmed(t.value, end, indent)
		}
		next := y.nextLine(end)
		// A file that ends without a line end keeps ending so.
		if next == y.lineEnd(end) && !strings.HasPrefix(text, " |") {
			text = strings.TrimSuffix(text, l.newline)
		}
		out = append(out, splice{span{lead, next}, anchor + text})
	}
	return out
}

// trimmed returns the end of a value without the blank lines that
//
// + makes part of it, since they are the file's layout, too.
func (y *yamlFile) trimmed(n *yaml.Node, end, indent int) int {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return end
	}
	return y.blockEnd(y.properties(y.offset(n)), indent, false)
}

// adopt takes over the indentation of the old value.
func (y *yamlFile) adopt(l *layout, n *yaml.Node, colon int) {
	start := y.properties(y.offset(n))
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for i := y.nextLine(start); i < len(y.data); i = y.nextLine(i) {
			line := y.data[i:y.lineEnd(i)]
			if in := spaces(line); in < len(line) {
				if in > l.indent {
					l.child, l.dash = in, in
				}
				return
			}
		}
	case len(n.Content) == 0 || n.Style&yaml.FlowStyle != 0 || start < y.lineEnd(colon):
	case n.Kind == yaml.SequenceNode:
		line := y.data[:start]
		l.dash = start - 1 - bytes.LastIndexAny(line, "\r\n")
	case n.Content[0].Column-1 > l.indent:
		l.child, l.dash = n.Content[0].Column-1, n.Content[0].Column-1
	}
}

// keptComment returns the comment on the first line of a value, with the
// blanks before it.
func (y *yamlFile) keptComment(n *yaml.Node, colon, end int) string {
	start := y.properties(y.offset(n))
	var part []byte
	switch {
	case isNull(n), len(n.Content) > 0 && n.Style&yaml.FlowStyle == 0:
		part = y.data[colon:y.lineEnd(colon)]
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		part = y.data[start:y.lineEnd(start)]
	default:
		part = y.data[end:y.lineEnd(end)]
	}
	for i := 1; i < len(part); i++ {
		if part[i] == '#' && isBlank(part[i-1]) {
			text := bytes.TrimRight(part[:i], " \t")
			return string(part[len(text):])
		}
	}
	return ""
}

var errDiffers = errors.New("the outcome differs outside the key")

// verify reports whether a result has the wanted value, and every node outside touched is as it
// was.
func (y *yamlFile) verify(out []byte, c change) error {
	z, err := readYAML(y.path, out)
	if err != nil {
		return err
	}
	t, err := z.find(c.d.Key)
	if err != nil {
		return err
	}
	if got, err := t.read(c.d); err != nil || !got.holds(c.want) {
		return errDiffers
	}
	if len(y.docs) != len(z.docs) {
		return errDiffers
	}
	for i := range y.docs {
		if !same(y.docs[i], z.docs[i], c.touched) {
			return errDiffers
		}
	}
	return nil
}

// same compares two trees except for the touched nodes of the first. In the mapping of a variable
// its value and its expand may differ.
func same(a, b *yaml.Node, touched []*yaml.Node) bool {
	if a.Anchor != b.Anchor {
		return false
	}
	if slices.Contains(touched, a) {
		if inner, _ := variable(a); inner == nil {
			return true
		}
		a, b = besides(a), besides(b)
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Value != b.Value || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i], touched) {
			return false
		}
	}
	return true
}

// besides is the mapping of a variable without its value and its expand.
func besides(n *yaml.Node) *yaml.Node {
	rest := *n
	rest.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := n.Content[i].Value; name != "value" && name != "expand" {
			rest.Content = append(rest.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &rest
}
