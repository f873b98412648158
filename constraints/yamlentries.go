package constraints

import (
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// A list or a map changes entry by entry: an entry that moved gets its new text in its old quotes,
// one that is gone is removed with its line, and a new one comes after the one that it follows in
// the constraints file. Comments, quotes and the order of the others stay, so that two merge
// requests that move different pins change different lines.

// errWhole says that a collection cannot be changed entry by entry.
var errWhole = errors.New("the value has to be written anew")

// replaceEntries changes a list or a map.
func (y *yamlFile) replaceEntries(f *File, t target, d Derivation, want value) ([]byte, error) {
	c := change{f: f, d: d, want: want, shown: want}
	at, err := y.shared(t, &c)
	if err != nil {
		return nil, err
	}
	c.at, c.touched = at, []*yaml.Node{at.value}
	edits, err := y.entryEdits(at, d, want)
	if err != nil && !errors.Is(err, errWhole) {
		return nil, err
	}
	if err == nil {
		if out := spliced(y.data, edits); y.verify(out, c) == nil {
			return out, nil
		}
	}
	if err := y.free(at.value, d); err != nil {
		return nil, err
	}
	return y.write(c)
}

// item is one entry of a list or a map as it stands in the file.
type item struct {
	key, value *yaml.Node // a list has no keys
	name, text string
	start, end int
	to         int // the index of the entry that it becomes, -1 if it is removed
	exact      bool
}

// wanted is one entry as it is to be.
type wanted struct {
	name, text string
	identity   string // of a pin, whatever its version; "" for another line
	from       int    // the index of the item that becomes it, -1 if it is new
}

// all lists the wanted entries of a list or a map, in the file's order.
func (v value) all() []wanted {
	var out []wanted
	for _, line := range v.lines {
		out = append(out, wanted{text: line, identity: identityOf(line), from: -1})
	}
	for _, e := range v.entries {
		out = append(out, wanted{name: e.name, text: e.version, identity: pep508.NormalizeName(e.name), from: -1})
	}
	return out
}

// identityOf returns what identifies a pin, whatever its version.
func identityOf(line string) string {
	f, err := Parse("", []byte(line))
	if err != nil || len(f.Pins) != 1 {
		return ""
	}
	return f.Pins[0].Key + "\n" + f.Pins[0].MarkerText
}

// entryEdits returns what to change of a collection.
func (y *yamlFile) entryEdits(t target, d Derivation, want value) ([]splice, error) {
	kind := yaml.SequenceNode
	if d.Format == FormatMap {
		kind = yaml.MappingNode
	}
	n := t.value
	if n.Kind != kind || len(n.Content) == 0 {
		return nil, errWhole
	}
	b := &entryEditor{y: y, n: n, flow: t.flow || n.Style&yaml.FlowStyle != 0, key: strings.Join(d.Key, "."), want: want.all()}
	if err := b.list(); err != nil {
		return nil, err
	}
	if !b.match() {
		return nil, errWhole
	}
	if err := b.change(); err != nil {
		return nil, err
	}
	b.remove()
	b.add()
	return b.edits, nil
}

// entryEditor changes one collection.
type entryEditor struct {
	y     *yamlFile
	n     *yaml.Node
	flow  bool
	key   string // for messages
	want  []wanted
	items []item
	edits []splice
}

// list finds the items and their places.
func (b *entryEditor) list() error {
	step := 1
	if b.n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(b.n.Content); i += step {
		it := item{value: b.n.Content[i+step-1], to: -1}
		if step == 2 {
			it.key = b.n.Content[i]
			it.name = it.key.Value
			if it.key.Kind != yaml.ScalarNode || it.key.ShortTag() == "!!merge" {
				return errWhole
			}
		}
		if resolve(it.value).Kind != yaml.ScalarNode || foreign(it.value) {
			return errWhole
		}
		it.text = resolve(it.value).Value
		if !b.locate(&it) {
			return errWhole
		}
		b.items = append(b.items, it)
	}
	return nil
}

// locate finds where an item begins and ends. It reports false if other things are between these
// places, too.
func (b *entryEditor) locate(it *item) bool {
	t := target{mapping: b.n, key: it.key, value: it.value, flow: b.flow, step: 2}
	lead, ok := b.y.lead(t)
	if !ok {
		return false
	}
	first := it.value
	if it.key != nil {
		first = it.key
	}
	if b.flow {
		it.start, it.end = b.y.offset(first), b.y.end(it.value, 0, true)
		return true
	}
	indent := b.y.indent(t, lead)
	it.start = b.y.lineStart(lead - 1)
	if it.key != nil {
		it.start = b.y.lineStart(b.y.offset(it.key))
	}
	// What is before an item on its line would be removed with it.
	if spaces(b.y.data[it.start:]) != indent {
		return false
	}
	it.end = lead
	if !isNull(it.value) {
		it.end = b.y.end(it.value, indent, false)
	}
	return true
}

// match pairs items with wanted entries: those that are equal, then those of one
// identity, both in order. It reports whether there is a pair.
func (b *entryEditor) match() bool {
	exact, same := map[string][]int{}, map[string][]int{}
	for j, w := range b.want {
		exact[w.name+"\n"+w.text] = append(exact[w.name+"\n"+w.text], j)
	}
	for i := range b.items {
		it := &b.items[i]
		if resolve(it.value).ShortTag() == "!!str" && !strings.ContainsFunc(it.text, isLineEnd) {
			b.pair(i, exact, it.name+"\n"+it.text)
		}
		it.exact = it.to >= 0
	}
	for j, w := range b.want {
		if w.from < 0 && w.identity != "" {
			same[w.identity] = append(same[w.identity], j)
		}
	}
	some := false
	for i := range b.items {
		it := &b.items[i]
		identity := pep508.NormalizeName(it.name)
		if it.key == nil {
			identity = identityOf(it.text)
		}
		if identity != "" {
			b.pair(i, same, identity)
		}
		some = some || it.to >= 0
	}
	return some
}

// pair pairs the item at i, if it has no entry, with the first wanted entry of a name that has no
// item.
func (b *entryEditor) pair(i int, free map[string][]int, name string) {
	for len(free[name]) > 0 && b.items[i].to < 0 {
		j := free[name][0]
		free[name] = free[name][1:]
		if b.want[j].from < 0 {
			b.items[i].to, b.want[j].from = j, i
		}
	}
}

// change gives the items that moved their new text.
func (b *entryEditor) change() error {
	for _, it := range b.items {
		if it.to < 0 && it.value.Anchor != "" && b.y.used(it.value) != nil {
			return b.refuse(it.value)
		}
		if it.to < 0 || it.exact {
			continue
		}
		w := b.want[it.to]
		if it.key != nil && it.name != w.name {
			if err := b.put(it.key, b.quoteKey(it.key, w.name)); err != nil {
				return err
			}
		}
		if it.text == w.text && resolve(it.value).ShortTag() == "!!str" {
			continue
		}
		if isNull(it.value) {
			b.edits = append(b.edits, splice{span{it.end, it.end}, " " + b.quote(b.like(), w.text)})
			continue
		}
		if err := b.put(it.value, b.quote(it.value, w.text)); err != nil {
			return err
		}
	}
	return nil
}

func (b *entryEditor) refuse(n *yaml.Node) error {
	return lineErrorf(b.y.path, n.Line, "%s stands for an entry of %s that has to change; write the entry out", sharing(n), b.key)
}

// put replaces a scalar.
func (b *entryEditor) put(n *yaml.Node, text string) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" && b.y.used(n) != nil {
		return b.refuse(n)
	}
	start := b.y.properties(b.y.offset(n))
	b.edits = append(b.edits, splice{span{start, b.y.end(n, n.Column-1, b.flow)}, text})
	return nil
}

// remove removes the items that have no entry, with their lines.
func (b *entryEditor) remove() {
	for i := 0; i < len(b.items); i++ {
		if b.items[i].to >= 0 {
			continue
		}
		first := i
		for i+1 < len(b.items) && b.items[i+1].to < 0 {
			i++
		}
		switch {
		case !b.flow:
			for _, it := range b.items[first : i+1] {
				b.edits = append(b.edits, splice{span{it.start, b.y.nextLine(it.end)}, ""})
			}
		case i+1 < len(b.items):
			b.edits = append(b.edits, splice{span{b.items[first].start, b.items[i+1].start}, ""})
		default:
			b.edits = append(b.edits, splice{span{b.items[first-1].end, b.items[i].end}, ""})
		}
	}
}

// add writes the new entries, each after the one that it follows.
func (b *entryEditor) add() {
	after := -1 // the item after which the next new entry goes
	for j := 0; j < len(b.want); j++ {
		if b.want[j].from >= 0 {
			after = b.want[j].from
			continue
		}
		var texts []string
		for ; j < len(b.want) && b.want[j].from < 0; j++ {
			texts = append(texts, b.entry(b.want[j]))
		}
		j--
		b.insert(after, texts)
	}
}

func (b *entryEditor) insert(after int, texts []string) {
	y, first := b.y, b.items[0]
	switch {
	case b.flow && after < 0:
		b.edits = append(b.edits, splice{span{first.start, first.start}, strings.Join(texts, ", ") + ", "})
	case b.flow:
		end := b.items[after].end
		b.edits = append(b.edits, splice{span{end, end}, ", " + strings.Join(texts, ", ")})
	case after < 0:
		pad := b.pad()
		b.edits = append(b.edits, splice{span{first.start, first.start}, pad + strings.Join(texts, y.newline+pad) + y.newline})
	default:
		pad := b.pad()
		b.edits = append(b.edits, y.lineAfter(b.items[after].end, pad+strings.Join(texts, y.newline+pad)))
	}
}

// pad is what is before every item in block style.
func (b *entryEditor) pad() string {
	start := b.items[0].start
	return string(b.y.data[start : start+spaces(b.y.data[start:])])
}

// entry returns a new entry without what is around it.
func (b *entryEditor) entry(w wanted) string {
	text := b.quote(b.like(), w.text)
	switch {
	case b.n.Kind == yaml.MappingNode:
		return b.quoteKey(b.n.Content[0], w.name) + ": " + text
	case b.flow:
		return text
	}
	return "- " + text
}

// like returns the value whose quotes a new one takes: the first that has some,
// else the first.
func (b *entryEditor) like() *yaml.Node {
	for _, it := range b.items {
		if it.value.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			return it.value
		}
	}
	return b.items[0].value
}

// plainVersion matches versions that no YAML parser reads as a number.
var plainVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+]*$`)

// quote writes a text in the quotes of a node. If that has none, the text has none either, provided
// that YAML reads it as a text then.
func (b *entryEditor) quote(n *yaml.Node, text string) string {
	safe := plainPin
	if b.n.Kind == yaml.MappingNode {
		safe = plainVersion
	}
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if plain && safe.MatchString(text) {
		return text
	}
	if plain {
		n = b.like()
	}
	return inQuotes(n, text)
}

func (b *entryEditor) quoteKey(n *yaml.Node, text string) string {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		return scalar(text)
	}
	return inQuotes(n, text)
}

// inQuotes writes a text in single quotes if the node has those, else in double
// ones.
func inQuotes(n *yaml.Node, text string) string {
	if n.Style&yaml.SingleQuotedStyle != 0 && !strings.ContainsFunc(text, func(r rune) bool { return !printable(r) }) {
		return singleQuoted(text)
	}
	return doubleQuoted(text)
}
