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
	head := "---\n# Generated from " + comment(f.Path) + " by pinwheel. Do not edit.\n"
	last := len(d.Key) - 1
	for i, name := range d.Key {
		head += strings.Repeat("  ", i) + scalar(name) + ":"
		if i < last {
			head += "\n"
		}
	}
	l := layout{indent: 2 * last, child: 2*last + 2, dash: 2*last + 2, newline: "\n"}
	for _, draft := range drafts(want, d.Format, l) {
		out := []byte(head + draft)
		if got, err := ReadDerived(out, d); err == nil && got.holds(want) {
			return out, nil
		}
	}
	return nil, fmt.Errorf("derive %s from %s: YAML cannot carry the text; write it in ASCII", d.Path, f.Path)
}

// comment makes a path fit for a comment of one line.
func comment(path string) string {
	return strings.Map(func(r rune) rune {
		if !printable(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, path)
}

// replace returns the file with the value of the target replaced, in the
// first draft that changes nothing else.
func (y *yamlFile) replace(t target, d Derivation, want value) ([]byte, error) {
	t, whole, err := y.inner(t, d, want)
	if err != nil {
		return nil, err
	}
	if i := y.colon(t.key); i >= len(y.data) || y.data[i] != ':' {
		return nil, y.stuck(t, d)
	}
	shown := want
	shown.dollar = want.dollar && whole
	place, texts := y.place(t, d, shown)
	for _, text := range texts {
		out := spliced(y.data, []splice{{place, text}})
		if y.verify(out, d, want, whole) == nil {
			return out, nil
		}
	}
	return nil, y.stuck(t, d)
}

func (y *yamlFile) stuck(t target, d Derivation) error {
	return fmt.Errorf("%s:%d: the value of %s cannot be replaced without touching what stands around it; write an empty text there first",
		y.path, t.key.Line, strings.Join(d.Key, "."))
}

// inner returns the value key of a variable that is written as a mapping, so
// that its description and options stay, and whole where the value itself is
// replaced.
func (y *yamlFile) inner(t target, d Derivation, want value) (_ target, whole bool, _ error) {
	text, expand := variable(t.value)
	if d.Format != FormatBlock || text == nil {
		return t, true, nil
	}
	if want.dollar && expand {
		for i := 0; i < len(t.value.Content); i += 2 {
			if name := t.value.Content[i].Value; name != "value" && name != "expand" {
				return t, false, fmt.Errorf("%s:%d: the pins hold a $, which GitLab would expand; add expand: false beside the value of %s",
					y.path, t.key.Line, strings.Join(d.Key, "."))
			}
		}
		return t, true, nil
	}
	in := target{mapping: t.value, value: text, step: 2, flow: t.flow || t.value.Style&yaml.FlowStyle != 0}
	i := slices.Index(t.value.Content, text)
	in.key = t.value.Content[i-1]
	return in, false, nil
}

// place returns the bytes that hold a value and the ways to write them anew.
func (y *yamlFile) place(t target, d Derivation, want value) (span, []string) {
	colon := y.colon(t.key) + 1
	indent := t.key.Column - 1
	begin, end := y.offset(t.value), colon
	if !isNull(t.value) {
		end = y.end(t.value, indent, t.flow)
	}
	anchor := ""
	if t.value.Anchor != "" {
		anchor = " &" + t.value.Anchor
	}
	if t.flow {
		text := flowDraft(want, d.Format)
		if isNull(t.value) || anchor != "" {
			return span{colon, end}, []string{anchor + " " + text}
		}
		return span{begin, end}, []string{text}
	}
	l := layout{
		indent: indent, child: indent + t.step, dash: indent + t.step, newline: y.newline,
		comment: y.keptComment(t.value, colon, end),
	}
	y.adopt(&l, t.value, colon)
	texts := drafts(want, d.Format, l)
	next := y.nextLine(end)
	for i, text := range texts {
		// A file that ends without a line end goes on doing so.
		if next == y.lineEnd(end) && !strings.HasPrefix(text, " |") {
			text = strings.TrimSuffix(text, l.newline)
		}
		texts[i] = anchor + text
	}
	return span{colon, next}, texts
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

// verify reports whether an outcome holds the wanted value, and every other
// node as it was; whole is as inner returned it.
func (y *yamlFile) verify(out []byte, d Derivation, want value, whole bool) error {
	z, err := readYAML(y.path, out)
	if err != nil {
		return err
	}
	t, err := z.find(d.Key)
	if err != nil {
		return err
	}
	if got, err := t.read(d); err != nil || !got.holds(want) {
		return errDiffers
	}
	old, err := y.find(d.Key)
	if err != nil {
		return err
	}
	before, after := old.value, t.value
	if !whole {
		before, _ = variable(before)
		after, _ = variable(after)
	}
	if len(y.docs) != len(z.docs) || after == nil || before.Anchor != after.Anchor {
		return errDiffers
	}
	for i := range y.docs {
		if !same(y.docs[i], z.docs[i], before, after) {
			return errDiffers
		}
	}
	return nil
}

// same compares two trees, leaving out one node of each.
func same(a, b, skipA, skipB *yaml.Node) bool {
	if a == skipA || b == skipB {
		return a == skipA && b == skipB
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Value != b.Value ||
		a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i], skipA, skipB) {
			return false
		}
	}
	return true
}
