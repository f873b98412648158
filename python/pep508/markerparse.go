package pep508

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// maxDepth bounds how deep parentheses nest, so that a hostile text cannot
// exhaust the stack.
const maxDepth = 100

// ParseMarker reads a marker. "and" binds closer than "or"; older spellings of
// variables ("os.name", "python_implementation") are accepted. A text without
// a marker is an error, not the zero Marker. Its errors are SyntaxErrors,
// wrapped.
func ParseMarker(s string) (Marker, error) {
	p := scanner{s: s}
	m, err := p.marker()
	if err == nil && !p.done() {
		err = p.fail(p.i, "expected and, or, or the end of the marker")
	}
	if err != nil {
		return Marker{}, fmt.Errorf("parse marker %w", err)
	}
	return m, nil
}

// marker reads a whole marker and the white space around it.
func (p *scanner) marker() (Marker, error) {
	m, err := p.alternatives(0)
	if err != nil {
		return Marker{}, err
	}
	if t, ok := m.single(); ok && t.group != nil {
		return *t.group, nil
	}
	return m, nil
}

// alternatives reads terms joined by "and" and "or".
func (p *scanner) alternatives(depth int) (Marker, error) {
	var m Marker
	var terms []term
	for {
		t, err := p.term(depth)
		if err != nil {
			return Marker{}, err
		}
		terms = append(terms, t)
		if p.keyword("and") {
			continue
		}
		m.alternatives = append(m.alternatives, terms)
		if !p.keyword("or") {
			return m, nil
		}
		terms = nil
	}
}

// term reads a comparison or a marker in parentheses, and the white space
// around it.
func (p *scanner) term(depth int) (term, error) {
	p.space()
	open := p.i
	if !p.byte('(') {
		c, err := p.comparison()
		return term{comparison: c}, err
	}
	if depth == maxDepth {
		return term{}, p.fail(open, "parentheses nest deeper than %d", maxDepth)
	}
	m, err := p.alternatives(depth + 1)
	if err != nil {
		return term{}, err
	}
	if !p.byte(')') {
		return term{}, p.fail(p.i, "expected and, or, or ) for the ( at column %d", open+1)
	}
	p.space()
	// Parentheses around a single term change nothing.
	if t, ok := m.single(); ok {
		return t, nil
	}
	return term{group: &m}, nil
}

// single returns the only term of m; false if it has several.
func (m Marker) single() (term, bool) {
	if len(m.alternatives) == 1 && len(m.alternatives[0]) == 1 {
		return m.alternatives[0][0], true
	}
	return term{}, false
}

func (p *scanner) comparison() (c comparison, err error) {
	if c.left, err = p.operand(); err != nil {
		return c, err
	}
	p.space()
	if c.op, err = p.operator(); err != nil {
		return c, err
	}
	p.space()
	if c.right, err = p.operand(); err != nil {
		return c, err
	}
	p.space()
	c.prepare()
	return c, nil
}

// prepare works out what is the same for every environment.
func (c *comparison) prepare() {
	switch {
	case c.left.isExtra() && !c.right.variable:
		c.right.text = NormalizeName(c.right.text)
	case c.right.isExtra() && !c.left.variable:
		c.left.text = NormalizeName(c.left.text)
	case c.left.variable && isVersionVariable(c.left.text):
		if clause, err := pep440.ParseSpecifier(c.op + c.right.text); err == nil {
			c.clause = &clause
		}
	}
}

func (p *scanner) operand() (operand, error) {
	start := p.i
	if !p.done() && (p.s[p.i] == '"' || p.s[p.i] == '\'') {
		text, err := p.literal()
		return operand{text: text}, err
	}
	word := p.while(func(c byte) bool { return isWord(c) || c == '.' })
	if name, ok := variable(word); ok {
		return operand{text: name, variable: true}, nil
	}
	if word == "" {
		return operand{}, p.fail(start, "expected a variable or a quoted text")
	}
	return operand{}, p.fail(start, "%.40q is no variable of markers", word)
}

// operator reads a comparison operator, "in" or "not in".
func (p *scanner) operator() (string, error) {
	start := p.i
	switch {
	case p.keyword("in"):
		return "in", nil
	case p.keyword("not"):
		if p.space() && p.keyword("in") {
			return "not in", nil
		}
		return "", p.fail(p.i, "expected in after not")
	}
	for _, op := range [...]string{"===", "==", "~=", "!=", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(p.s[p.i:], op) {
			p.i += len(op)
			return op, nil
		}
	}
	return "", p.fail(start, "expected a comparison operator")
}

// variable returns the present spelling of a marker variable.
func variable(word string) (string, bool) {
	switch word {
	case "os.name", "sys.platform", "platform.version", "platform.machine":
		return strings.ReplaceAll(word, ".", "_"), true
	case "platform.python_implementation", "python_implementation":
		return "platform_python_implementation", true
	}
	return word, slices.Contains([]string{
		"python_version", "python_full_version", "os_name", "sys_platform",
		"platform_release", "platform_system", "platform_version", "platform_machine",
		"platform_python_implementation", "implementation_name", "implementation_version",
		"extra", "extras", "dependency_groups",
	}, word)
}
