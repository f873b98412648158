package pep508

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// The errors that Eval wraps. PEP 508 asks for an error in both cases.
var (
	// ErrComparison: the operator is not defined for the two sides.
	ErrComparison = errors.New("comparison is not defined")
	// ErrVariable: one side is a variable that the environment does not know, or neither side is a
	// variable.
	ErrVariable = errors.New("variable is not known")
)

// Eval reports whether the marker holds in env. The zero Marker holds.
//
// It evaluates every comparison, so one that cannot be evaluated is an error even if the others
// decide. With several extras the marker holds if it holds for one of them.
//
// Variables that hold versions (python_version, python_full_version, implementation_version,
// platform_release) are compared by PEP 440 if the operator and the other side make a specifier.
// All else is text: "==", "<=" and ">=" mean equal, "<" and ">" never hold, and "in" searches for a
// part.
func (m Marker) Eval(env Environment) (bool, error) {
	if len(env.Extras) == 0 {
		return m.eval(&env, "")
	}
	holds := false
	for _, extra := range env.Extras {
		ok, err := m.eval(&env, NormalizeName(extra))
		if err != nil {
			return false, err
		}
		holds = holds || ok
	}
	return holds, nil
}

// MayHold reports whether the marker holds in env or cannot be evaluated
// there: false means that it certainly does not hold.
func (m Marker) MayHold(env Environment) bool {
	holds, err := m.Eval(env)
	return holds || err != nil
}

// Undefined returns the first comparison that no environment can evaluate, as it
// is printed, or "": one with "~=" or "===" and no version, or one between two
// texts. pip refuses to work with a file that has one.
func (m Marker) Undefined() string {
	for _, terms := range m.alternatives {
		for i := range terms {
			t := &terms[i]
			if t.group != nil {
				if part := t.group.Undefined(); part != "" {
					return part
				}
			} else if t.comparison.undefined() {
				return t.comparison.String()
			}
		}
	}
	return ""
}

func (c *comparison) undefined() bool {
	if !c.left.variable && !c.right.variable {
		return true
	}
	if c.op != "~=" && c.op != "===" || c.clause != nil {
		return false
	}
	key := c.left.text
	if !c.left.variable {
		key = c.right.text
	}
	if !isVersionVariable(key) {
		return true
	}
	if c.right.variable {
		return false // what it holds decides
	}
	_, err := pep440.ParseSpecifier(c.op + c.right.text)
	return err != nil
}

func (m Marker) eval(env *Environment, extra string) (bool, error) {
	holds := m.IsZero()
	for _, terms := range m.alternatives {
		all := true
		for i := range terms {
			ok, err := terms[i].eval(env, extra)
			if err != nil {
				return false, err
			}
			all = all && ok
		}
		holds = holds || all
	}
	return holds, nil
}

func (t *term) eval(env *Environment, extra string) (bool, error) {
	if t.group != nil {
		return t.group.eval(env, extra)
	}
	return t.comparison.eval(env, extra)
}

// eval evaluates the comparison. If both sides are variables, the right one stands for its own
// name. If neither is, the right text is the name of a variable. The reference implementation does
// so.
func (c *comparison) eval(env *Environment, extra string) (bool, error) {
	left, right, key := c.left.text, c.right.text, c.left.text
	value, side := &left, &right
	if !c.left.variable {
		key, value, side = c.right.text, &right, &left
	}
	var known bool
	if *value, known = env.lookup(key, extra); !known {
		return false, fmt.Errorf("evaluate marker: %s: %.80q: %w", c, key, ErrVariable)
	}
	if key == "extra" {
		*side = NormalizeName(*side)
	}
	if c.clause != nil {
		return c.clause.ContainsString(left), nil
	}
	if isVersionVariable(key) {
		if clause, err := pep440.ParseSpecifier(c.op + right); err == nil {
			return clause.ContainsString(left), nil
		}
	}
	return c.compareText(left, right)
}

func (c *comparison) compareText(left, right string) (bool, error) {
	switch c.op {
	case "==", "<=", ">=":
		return left == right, nil
	case "!=":
		return left != right, nil
	case "<", ">":
		return false, nil
	case "in":
		return strings.Contains(right, left), nil
	case "not in":
		return !strings.Contains(right, left), nil
	}
	return false, fmt.Errorf("evaluate marker: %s: %w", c, ErrComparison)
}

// String returns the comparison as Marker.String prints it.
func (c *comparison) String() string {
	var b strings.Builder
	c.print(&b)
	return b.String()
}
