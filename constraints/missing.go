package constraints

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// MissingKeyError says that an existing derived file does not have its key, and under which key the
// pins are instead.
type MissingKeyError struct {
	Path string
	// Key is the key that was searched.
	Key []string
	// Found is the key under which most of the pins are, nil if there is none. Line and Format are
	// its line and its shape.
	Found  []string
	Line   int
	Format Format
	// Derived is the line of configuration that fits the file as it is, empty
	// if Found is.
	Derived string
}

// Error returns one sentence with the next step.
func (e *MissingKeyError) Error() string {
	head := fmt.Sprintf("%s has no key %s", e.Path, strings.Join(e.Key, "."))
	if e.Found == nil {
		last := len(e.Key) - 1
		where := "at its top"
		if last > 0 {
			where = "below " + strings.Join(e.Key[:last], ".")
		}
		return fmt.Sprintf("%s: add %s: \"\" %s, or name another key", head, scalar(e.Key[last]), where)
	}
	return fmt.Sprintf("%s; %s (line %d) holds the pins, so write %s", head, strings.Join(e.Found, "."), e.Line, e.Derived)
}

// missing turns errNoKey into a MissingKeyError, with a suggestion if f is not
// nil, and returns any other error as it is.
func missing(err error, f *File, d Derivation, y *yamlFile) error {
	if !errors.Is(err, errNoKey) {
		return err
	}
	e := &MissingKeyError{Path: d.Path, Key: d.Key}
	if f == nil {
		return e
	}
	s := search{keys: make(map[string]bool)}
	for _, p := range f.Pins {
		s.keys[p.Key] = true
	}
	for _, doc := range y.docs {
		s.walk(root(doc), nil)
	}
	if s.best == 0 {
		return e
	}
	e.Found, e.Line, e.Format = s.path, s.line, s.format
	elements := make([]string, len(s.path))
	for i, name := range s.path {
		elements[i] = scalar(name)
	}
	e.Derived = fmt.Sprintf("derived: {path: %s, format: %s, key: [%s]}",
		scalar(d.Path), s.format, strings.Join(elements, ", "))
	return e
}

// search finds the node with the most names among keys; of equal ones the first.
type search struct {
	keys   map[string]bool
	best   int
	path   []string
	line   int
	format Format
}

// walk visits the nodes under a path of keys. It may overwrite the array after the path, but not
// the path.
func (s *search) walk(n *yaml.Node, path []string) {
	switch n.Kind {
	case yaml.ScalarNode:
		s.offer(n, path, FormatBlock, n.Value)
	case yaml.SequenceNode:
		if lines, ok := scalars(n, n.Kind); ok {
			s.offer(n, path, FormatList, joined(lines))
		}
	case yaml.MappingNode:
		s.offerMap(n, path)
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.walk(n.Content[i+1], append(path, n.Content[i].Value))
		}
	}
}

func (s *search) offerMap(n *yaml.Node, path []string) {
	if inner, _ := variable(n); inner != nil && inner.Kind == yaml.ScalarNode {
		s.offer(n, path, FormatBlock, inner.Value)
		return
	}
	pairs, ok := scalars(n, n.Kind)
	if !ok {
		return
	}
	s.offer(n, path, FormatMap, versions(pairs))
}

func (s *search) offer(n *yaml.Node, path []string, format Format, text string) {
	if (Derivation{Format: format, Key: path}).Check() != nil {
		return
	}
	f, err := Read("", []byte(text), "")
	if err != nil {
		return
	}
	score := 0
	for _, key := range f.Keys() {
		if s.keys[key] {
			score++
		}
	}
	if score > s.best {
		s.best, s.path, s.line, s.format = score, slices.Clone(path), n.Line, format
	}
}
