package pep440

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrSpecifier is wrapped by every error of ParseSpecifiers.
var ErrSpecifier = errors.New("not a version specifier as PEP 440 defines it")

// Op is the comparison of a Specifier, as it is written.
type Op string

// The comparisons of PEP 440, "Version specifiers".
const (
	OpCompatible   Op = "~="
	OpEqual        Op = "=="
	OpNotEqual     Op = "!="
	OpLessEqual    Op = "<="
	OpGreaterEqual Op = ">="
	OpLess         Op = "<"
	OpGreater      Op = ">"
	OpArbitrary    Op = "==="
)

// Specifier is one clause of a set, such as ">=1.2". ParseSpecifiers makes it; one that is made
// without it matches nothing.
type Specifier struct {
	Op Op
	// Version is the text after the operator as written, without the white
	// space around it and with the ".*" of a prefix match. After "===" it is
	// any text, or none.
	Version string

	bound    Version
	wildcard bool
}

// String returns the clause without white space: ">=1.2".
func (s Specifier) String() string { return string(s.Op) + s.Version }

// Bound returns the version that the clause names, and whether it is a prefix match ("==1.*"). The
// version is zero if the text after "===" is none.
func (s Specifier) Bound() (v Version, wildcard bool) { return s.bound, s.wildcard }

// IsPrerelease reports whether the clause asks for pre-releases by naming one; "!=" never does.
func (s Specifier) IsPrerelease() bool { return s.Op != OpNotEqual && s.bound.IsPrerelease() }

// Specifiers is a set of clauses, all of which a version must match. The zero value is the empty
// set, which matches every version. Nobody changes a set after it is made.
type Specifiers struct {
	clauses []Specifier
}

// ParseSpecifiers reads clauses separated by commas, with white space anywhere
// but within a version or operator. Empty clauses are skipped, so "" and ","
// are the empty set. What each operator admits is ruled by PEP 440: local
// segments only after "==" and "!=", ".*" only there and straight after the
// release, two or more release numbers after "~=", anything but white space,
// ";" and ")" after "===".
func ParseSpecifiers(s string) (Specifiers, error) {
	var set Specifiers
	for part := range strings.SplitSeq(s, ",") {
		lo, hi := trim(part)
		if lo == hi {
			continue
		}
		clause, err := parseClause(part[lo:hi])
		if err != nil {
			return Specifiers{}, fmt.Errorf("parse specifiers: clause %.80q: %w", part[lo:hi], err)
		}
		set.clauses = append(set.clauses, clause)
	}
	return set, nil
}

// ParseSpecifier reads a single clause, with white space around it and around its operator. It
// admits what ParseSpecifiers admits, and after "===" a comma, too.
func ParseSpecifier(s string) (Specifier, error) {
	lo, hi := trim(s)
	clause, err := parseClause(s[lo:hi])
	if err != nil {
		return Specifier{}, fmt.Errorf("parse specifier %.80q: %w", s, err)
	}
	return clause, nil
}

// Clauses returns the clauses in the order they were written.
func (s Specifiers) Clauses() []Specifier { return slices.Clone(s.clauses) }

// IsEmpty reports whether there is no clause, so that every version matches.
func (s Specifiers) IsEmpty() bool { return len(s.clauses) == 0 }

// Exact returns the version that the set pins: its only clause is "==" or "===" without ".*" and
// names a version. For any other set ok is false.
func (s Specifiers) Exact() (v Version, ok bool) {
	if len(s.clauses) != 1 {
		return Version{}, false
	}
	c := s.clauses[0]
	if c.Op != OpEqual && c.Op != OpArbitrary || c.wildcard || c.bound.IsZero() {
		return Version{}, false
	}
	return c.bound, true
}

// String returns the clauses as written but without white space, each once,
// sorted by their text and joined by commas. Sets of the same clauses print
// alike, and what is printed parses to the same set.
func (s Specifiers) String() string {
	texts := make([]string, len(s.clauses))
	for i, c := range s.clauses {
		texts[i] = c.String()
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ",")
}

// parseClause reads a clause that has no white space around it.
func parseClause(s string) (Specifier, error) {
	op := operator(s)
	if op == "" {
		return Specifier{}, fmt.Errorf("it begins with no operator such as == or >=: %w", ErrSpecifier)
	}
	s = s[len(op):]
	lo, _ := trim(s)
	c := Specifier{Op: op, Version: s[lo:]}
	if op == OpArbitrary {
		if strings.ContainsFunc(c.Version, endsArbitrary) {
			return Specifier{}, fmt.Errorf("the text after === holds white space, ; or ): %w", ErrSpecifier)
		}
		// The text may be no version. If it is one, the set may name a pre-release by it.
		c.bound, _ = parseQuiet(c.Version)
		return c, nil
	}
	text := c.Version
	if op == OpEqual || op == OpNotEqual {
		text, c.wildcard = strings.CutSuffix(text, ".*")
	}
	var ok bool
	if c.bound, ok = parseQuiet(text); !ok {
		return Specifier{}, fmt.Errorf("%w: %w", ErrSpecifier, ErrVersion)
	}
	return c, c.check(text)
}

// check refuses a bound that the operator does not admit.
func (s Specifier) check(text string) error {
	switch {
	case int(s.bound.release.hi) != len(text) && s.wildcard:
		return fmt.Errorf(".* may follow only the release: %w", ErrSpecifier)
	case s.bound.has&hasLocal != 0 && s.Op != OpEqual && s.Op != OpNotEqual:
		return fmt.Errorf("%s takes no local segment: %w", s.Op, ErrSpecifier)
	case s.Op == OpCompatible && !strings.Contains(s.bound.text(s.bound.release), "."):
		return fmt.Errorf("~= needs two release numbers: %w", ErrSpecifier)
	}
	return nil
}

// operator returns the operator that s begins with, the longest that fits, or
// "".
func operator(s string) Op {
	for _, op := range [...]Op{OpArbitrary, OpCompatible, OpEqual, OpNotEqual, OpLessEqual, OpGreaterEqual, OpLess, OpGreater} {
		if strings.HasPrefix(s, string(op)) {
			return op
		}
	}
	return ""
}

func endsArbitrary(r rune) bool { return r == ';' || r == ')' || isSpace(r) }
