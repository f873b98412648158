package constraints

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A text that several places of a file share is changed in its own place, and only if it is the
// pins. What only GitLab can resolve, such as !reference, is not changed at all.

// shared returns the target that has the text of t: t itself, or the node that its alias names.
func (y *yamlFile) shared(t target, c *change) (target, error) {
	n, key := t.value, strings.Join(c.d.Key, ".")
	switch {
	case n.Kind == yaml.AliasNode:
		at, ok := y.locate(n.Alias)
		if !ok || foreign(n.Alias) || !c.f.pinsIn(n.Alias) {
			return t, lineErrorf(y.path, n.Line, "%s is *%s, and what &%s stands for in line %d is not the pins; write the pins themselves there", key, n.Value, n.Value, n.Alias.Line)
		}
		return at, nil
	case foreign(n):
		return t, lineErrorf(y.path, n.Line, "%s is %s, which only GitLab follows; name the key that it stands for as derived.key", key, n.Tag)
	case n.Anchor != "":
		if use := y.used(n); use != nil && !c.f.pinsIn(n) {
			return t, lineErrorf(y.path, n.Line, "%s is &%s, which line %d uses, and it is not the pins; write the pins to a key of their own", key, n.Anchor, use.Line)
		}
	}
	return t, nil
}

// sharing names how a value is shared, for a message.
func sharing(n *yaml.Node) string {
	if n.Kind == yaml.AliasNode {
		return "*" + n.Value
	}
	return "&" + n.Anchor
}

// foreign reports whether a node has a tag that YAML itself does not define.
func foreign(n *yaml.Node) bool {
	tag := n.ShortTag()
	return n.Kind != yaml.AliasNode && tag != "" && tag != "!" && !strings.HasPrefix(tag, "!!")
}

// free refuses a value of which a part is shared or has a tag of its own, since replacing the whole
// would lose that.
func (y *yamlFile) free(n *yaml.Node, d Derivation) error {
	for _, c := range n.Content {
		what := ""
		switch {
		case c.Kind == yaml.AliasNode:
			what = "*" + c.Value
		case foreign(c):
			what = c.Tag
		case c.Anchor != "" && y.used(c) != nil:
			what = "&" + c.Anchor
		}
		if what != "" {
			return lineErrorf(y.path, c.Line, "%s stands within the value of %s and would be lost; write its content out, or remove it", what, strings.Join(d.Key, "."))
		}
		if err := y.free(c, d); err != nil {
			return err
		}
	}
	return nil
}

// used returns the first alias of a node, or nil.
func (y *yamlFile) used(n *yaml.Node) *yaml.Node {
	if y.aliases == nil {
		y.aliases = make(map[*yaml.Node]*yaml.Node)
		for _, doc := range y.docs {
			y.findAliases(doc)
		}
	}
	return y.aliases[n]
}

func (y *yamlFile) findAliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode && y.aliases[n.Alias] == nil {
		y.aliases[n.Alias] = n
	}
	for _, c := range n.Content {
		y.findAliases(c)
	}
}

// locate finds the target of a node: the value of a key or an item of a list.
func (y *yamlFile) locate(n *yaml.Node) (target, bool) {
	var find func(at *yaml.Node, flow bool) (target, bool)
	find = func(at *yaml.Node, flow bool) (target, bool) {
		flow = flow || at.Style&yaml.FlowStyle != 0
		for i, c := range at.Content {
			if c == n {
				t := target{mapping: at, value: n, flow: flow, step: 2}
				if at.Kind == yaml.MappingNode {
					t.key = at.Content[i-i%2]
				}
				return t, at.Kind == yaml.SequenceNode || at.Kind == yaml.MappingNode && i%2 == 1
			}
			if t, ok := find(c, flow); ok {
				return t, true
			}
		}
		return target{}, false
	}
	for _, doc := range y.docs {
		if t, ok := find(doc, false); ok {
			return t, true
		}
	}
	return target{}, false
}

// pinsIn reports whether a node has the pins of the file, perhaps at other versions: at least half
// of its names are the file's.
func (f *File) pinsIn(n *yaml.Node) bool {
	if inner, _ := variable(n); inner != nil {
		n = resolve(inner)
	}
	var b strings.Builder
	switch n.Kind {
	case yaml.ScalarNode:
		b.WriteString(n.Value)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			b.WriteString(resolve(c).Value + "\n")
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			b.WriteString(n.Content[i].Value + "==" + resolve(n.Content[i+1]).Value + "\n")
		}
	}
	g, err := Parse("", []byte(b.String()))
	if err != nil {
		return false
	}
	keys, ours := g.Keys(), f.Keys()
	slices.Sort(ours)
	known := 0
	for _, key := range keys {
		if _, ok := slices.BinarySearch(ours, key); ok {
			known++
		}
	}
	return known > 0 && 2*known >= len(keys)
}
