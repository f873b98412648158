package pep508

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Marker is a condition on the environment (PEP 508, "Environment Markers"). The zero Marker always
// holds. Nobody changes a Marker after it is made.
type Marker struct {
	// The marker holds if every term of one of the alternatives holds.
	alternatives [][]term
}

// term is a comparison or, if group is set, a marker in parentheses.
type term struct {
	group *Marker
	comparison
}

type comparison struct {
	left, right operand
	op          string

	// clause is op and the right side as one specifier, if the right side is a literal and the two
	// make one.
	clause *pep440.Specifier
}

// operand is a variable, by its name in the present spelling, or a literal.
type operand struct {
	text     string
	variable bool
}

// IsZero reports whether m is the zero Marker, which always holds.
func (m Marker) IsZero() bool { return len(m.alternatives) == 0 }

// Extras returns the names that the marker compares with the variable "extra", in normal form,
// sorted, each once. Only these extras can change whether it holds.
func (m Marker) Extras() []string {
	var extras []string
	for _, terms := range m.alternatives {
		for _, t := range terms {
			switch {
			case t.group != nil:
				extras = append(extras, t.group.Extras()...)
			case t.left.isExtra() && !t.right.variable:
				extras = append(extras, t.right.text)
			case t.right.isExtra() && !t.left.variable:
				extras = append(extras, t.left.text)
			}
		}
	}
	slices.Sort(extras)
	return slices.Compact(extras)
}

// String returns the normal form: single blanks, double quotes, variables in
// their present spelling, extras normalised, and no parentheses but those
// around several terms inside others. It is "" for the zero Marker. What it
// prints parses to an equal marker.
func (m Marker) String() string {
	var b strings.Builder
	m.print(&b)
	return b.String()
}

func (m Marker) print(b *strings.Builder) {
	for i, terms := range m.alternatives {
		if i > 0 {
			b.WriteString(" or ")
		}
		for j, t := range terms {
			if j > 0 {
				b.WriteString(" and ")
			}
			if t.group == nil {
				t.comparison.print(b)
				continue
			}
			b.WriteByte('(')
			t.group.print(b)
			b.WriteByte(')')
		}
	}
}

func (c comparison) print(b *strings.Builder) {
	c.left.print(b)
	b.WriteString(" " + c.op + " ")
	c.right.print(b)
}

func (o operand) print(b *strings.Builder) {
	if o.variable {
		b.WriteString(o.text)
		return
	}
	writeLiteral(b, o.text)
}

func (o operand) isExtra() bool { return o.variable && o.text == "extra" }
