package constraints

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// yamlFile is a YAML stream parsed to locate its nodes.
type yamlFile struct {
	path  string
	data  []byte
	lines []int // where each line begins
	docs  []*yaml.Node
	// newline is the first line end of the file, "\n" if there is none.
	newline string
	// aliases has the first alias of each node that has one; nil until it is needed.
	aliases map[*yaml.Node]*yaml.Node
	// seen is the place that offset found last. The next search goes on from there.
	seen place
}

// place is a line and column, as nodes count them, and its offset.
type place struct{ line, column, offset int }

// readYAML parses a stream of any number of documents. find judges duplicate keys.
func readYAML(path string, data []byte) (*yamlFile, error) {
	if i := invalidUTF8(data); i >= 0 {
		return nil, lineErrorf(path, lineOf(data, i), "it is not UTF-8; %s", saveAsUTF8)
	}
	y := &yamlFile{path: path, data: data, newline: "\n"}
	y.index()
	loader, err := NewYAMLLoader(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for {
		doc := new(yaml.Node)
		err := loader.Load(doc)
		if errors.Is(err, io.EOF) {
			return y, nil
		}
		if err != nil {
			return nil, notYAML(path, err)
		}
		y.docs = append(y.docs, doc)
	}
}

func notYAML(path string, err error) error {
	line, what := YAMLFault(err)
	return lineErrorf(path, max(line, 1), "it is not YAML: %s; correct it by hand", what)
}

// index finds where the lines begin, by the line ends of YAML 1.1, which the parser uses for the
// positions of nodes.
func (y *yamlFile) index() {
	start := 0
	if bytes.HasPrefix(y.data, utf8BOM) {
		start = len(utf8BOM)
	}
	y.lines = []int{start}
	for i := start; i < len(y.data); {
		if c := y.data[i]; c > '\r' && c < utf8.RuneSelf {
			i++
			continue
		}
		n := newlineAt(y.data[i:])
		if n == 0 {
			_, n = utf8.DecodeRune(y.data[i:])
			i += n
			continue
		}
		if len(y.lines) == 1 && y.data[i] <= '\r' {
			y.newline = string(y.data[i : i+n])
		}
		i += n
		y.lines = append(y.lines, i)
	}
}

// newlineAt returns the length of the line end that b begins with, or 0.
func newlineAt(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	case bytes.HasPrefix(b, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(b, []byte("\u2028")), bytes.HasPrefix(b, []byte("\u2029")):
		return 3
	}
	return 0
}

// offset returns where a node begins, with its anchor and tag. The offsets of all nodes of a line,
// in their order, cost as much as reading the line once.
func (y *yamlFile) offset(n *yaml.Node) int {
	if n.Line > len(y.lines) || n.Line < 1 {
		return len(y.data)
	}
	at := place{n.Line, 1, y.lines[n.Line-1]}
	if y.seen.line == n.Line && y.seen.column <= n.Column {
		at = y.seen
	}
	for ; at.column < n.Column && at.offset < len(y.data); at.column++ {
		_, size := utf8.DecodeRune(y.data[at.offset:])
		at.offset += size
	}
	y.seen = at
	return at.offset
}

// target is the key that has the pins, and its value. The item of a list has no key.
type target struct {
	mapping, key, value *yaml.Node
	flow                bool
	step                int // the indent of the key within its parent, or 2
}

// errNoKey is returned by find if the file does not have the key.
var errNoKey = errors.New("the key does not stand in the file")

// find follows a path of keys. If several nodes match, or an alias is on the way, it returns an
// error.
func (y *yamlFile) find(path []string) (target, error) {
	var found []target
	for _, doc := range y.docs {
		t, err := y.walk(root(doc), path)
		if errors.Is(err, errNoKey) {
			continue
		}
		if err != nil {
			return target{}, err
		}
		found = append(found, t)
	}
	switch len(found) {
	case 0:
		return target{}, errNoKey
	case 1:
		return found[0], nil
	}
	return target{}, fmt.Errorf("%s: %s stands in two documents, in lines %d and %d; keep one",
		y.path, strings.Join(path, "."), found[0].key.Line, found[1].key.Line)
}

// root returns the node of a document, an empty one if it has none.
func root(doc *yaml.Node) *yaml.Node {
	if len(doc.Content) == 0 {
		return new(yaml.Node)
	}
	return doc.Content[0]
}

func (y *yamlFile) walk(n *yaml.Node, path []string) (target, error) {
	t := target{value: n}
	for _, name := range path {
		if t.value.Kind == yaml.AliasNode {
			return t, lineErrorf(y.path, t.value.Line, "*%s stands where %s is looked for; write its mapping out there", t.value.Value, name)
		}
		if t.value.Kind != yaml.MappingNode {
			return t, errNoKey
		}
		next := target{mapping: t.value, flow: t.flow || t.value.Style&yaml.FlowStyle != 0, step: 2}
		for i := 0; i+1 < len(t.value.Content); i += 2 {
			key := t.value.Content[i]
			if key.Kind != yaml.ScalarNode || key.Value != name {
				continue
			}
			if next.key != nil {
				return t, lineErrorf(y.path, key.Line, "the key %s stands in line %d already; keep one", name, next.key.Line)
			}
			next.key, next.value = key, t.value.Content[i+1]
		}
		if next.key == nil {
			return t, errNoKey
		}
		if t.key != nil && next.key.Column > t.key.Column {
			next.step = next.key.Column - t.key.Column
		}
		t = next
	}
	return t, nil
}

// read returns the value in the shape of d.
func (t target) read(d Derivation) (Content, error) {
	role := d.role()
	c := Content{Expand: role != roleOther}
	n := resolve(t.value)
	shape := func(want string) error {
		return lineErrorf(d.Path, t.value.Line, "%s does not hold %s", strings.Join(d.Key, "."), want)
	}
	switch d.Format {
	case FormatBlock:
		if role == roleValue {
			_, c.Expand = variable(t.mapping)
		} else if inner, expand := variable(n); inner != nil {
			n, c.Expand = resolve(inner), c.Expand && expand
		}
		if n.Kind != yaml.ScalarNode {
			return c, shape("a text")
		}
		c.Text = n.Value
		return c, nil
	case FormatList:
		lines, ok := scalars(n, yaml.SequenceNode)
		if !ok {
			return c, shape("a list of lines")
		}
		c.Text = joined(lines)
		return c, nil
	case FormatMap:
	}
	pairs, ok := scalars(n, yaml.MappingNode)
	if !ok {
		return c, shape("a map of versions")
	}
	c.Text = versions(pairs)
	return c, nil
}

// versions returns alternating names and versions as pins.
func versions(pairs []string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(pairs[i] + "==" + pairs[i+1] + "\n")
	}
	return b.String()
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// variable returns the value node of a variable that GitLab CI writes as a mapping, and whether
// GitLab expands it; nil for any other node.
func variable(n *yaml.Node) (inner *yaml.Node, expand bool) {
	expand = true
	if n.Kind != yaml.MappingNode {
		return nil, expand
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "value":
			inner = n.Content[i+1]
		case "expand":
			expand = resolve(n.Content[i+1]).Value != "false"
		}
	}
	return inner, expand
}

// scalars returns the values within a collection of strings, which must each
// be one line; a mapping's keys and values alternate.
func scalars(n *yaml.Node, kind yaml.Kind) ([]string, bool) {
	if n.Kind != kind {
		return nil, false
	}
	var out []string
	for _, c := range n.Content {
		c = resolve(c)
		if c.Kind != yaml.ScalarNode || c.ShortTag() != "!!str" || strings.ContainsFunc(c.Value, isLineEnd) {
			return nil, false
		}
		out = append(out, c.Value)
	}
	return out, true
}
