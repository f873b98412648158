// Package pep508 reads requirements and environment markers, normalises project names and evaluates
// markers for an environment.
//
// Its invariant is that it accepts, refuses and evaluates as PEP 508 says, and if the PEP does not
// say, as the reference implementation does. What a text means depends only on the Environment that
// is given, never on this machine.
//
// It does not know packages, indexes or files of requirements (comments, options and continued
// lines are not part of a requirement), and it fetches no URL.
package pep508

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// Requirement is what one distribution requires of another. The zero Requirement is none.
type Requirement struct {
	// Name is the project's name as written; Key normalises it.
	Name string
	// Extras are the extras asked for, in normal form, sorted, each once.
	Extras []string
	// Specifiers is the empty set if no version is asked for, and always with a URL.
	Specifiers pep440.Specifiers
	// URL is the text after "@", "" if there is none. It is not checked.
	URL string
	// Marker says in which environments the requirement counts; the zero Marker is all of them.
	Marker Marker
}

// Key returns the normal form of the project's name (PEP 503).
func (r Requirement) Key() string { return NormalizeName(r.Name) }

// String returns the requirement in one spelling: the name as written, sorted
// extras, sorted specifiers without white space, the marker in normal form.
// What it prints parses to an equal requirement.
func (r Requirement) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if len(r.Extras) > 0 {
		b.WriteString("[" + strings.Join(r.Extras, ",") + "]")
	}
	b.WriteString(r.Specifiers.String())
	if r.URL != "" {
		// A URL may contain ";", so white space has to end it.
		b.WriteString(" @ " + r.URL)
	}
	if !r.Marker.IsZero() {
		if r.URL != "" {
			b.WriteByte(' ')
		}
		b.WriteString("; " + r.Marker.String())
	}
	return b.String()
}

// Parse reads a requirement (PEP 508, "Grammar"): a name, extras, specifiers
// with or without parentheses or "@" and a URL, and a marker after ";". Blanks
// and tabs may surround every part; a line break may not. Its errors are
// SyntaxErrors, wrapped.
func Parse(s string) (Requirement, error) {
	p := scanner{s: s}
	r, err := p.requirement()
	if err != nil {
		return Requirement{}, fmt.Errorf("parse requirement %w", err)
	}
	return r, nil
}

func (p *scanner) requirement() (r Requirement, err error) {
	p.space()
	if r.Name, err = p.name("a project name"); err != nil {
		return r, err
	}
	p.space()
	if r.Extras, err = p.extras(); err != nil {
		return r, err
	}
	p.space()
	if p.byte('@') {
		if r.URL, err = p.url(); err != nil {
			return r, err
		}
	} else if r.Specifiers, err = p.specifiers(); err != nil {
		return r, err
	}
	p.space()
	if p.done() {
		return r, nil
	}
	if !p.byte(';') {
		return r, p.fail(p.i, "expected ; and a marker, or the end")
	}
	if r.Marker, err = p.marker(); err != nil {
		return r, err
	}
	if !p.done() {
		return r, p.fail(p.i, "expected and, or, or the end of the marker")
	}
	return r, nil
}

// extras reads the names in brackets, which may be missing or empty.
func (p *scanner) extras() ([]string, error) {
	open := p.i
	if !p.byte('[') {
		return nil, nil
	}
	p.space()
	if p.byte(']') {
		return nil, nil
	}
	var extras []string
	for {
		extra, err := p.name("the name of an extra")
		if err != nil {
			return nil, err
		}
		extras = append(extras, NormalizeName(extra))
		p.space()
		if p.byte(']') {
			slices.Sort(extras)
			return slices.Compact(extras), nil
		}
		if !p.byte(',') {
			return nil, p.fail(p.i, "expected , or ] after the extras that begin at column %d", open+1)
		}
		p.space()
	}
}

// url reads everything up to the next white space.
func (p *scanner) url() (string, error) {
	p.space()
	url := p.while(func(c byte) bool { return c != ' ' && c != '\t' })
	if url == "" {
		return "", p.fail(p.i, "expected a URL after @")
	}
	return url, nil
}

// specifiers reads clauses, perhaps none, perhaps in parentheses.
func (p *scanner) specifiers() (pep440.Specifiers, error) {
	open := p.i
	if !p.byte('(') {
		return p.clauses()
	}
	p.space()
	set, err := p.clauses()
	if err != nil {
		return set, err
	}
	p.space()
	if !p.byte(')') {
		return set, p.fail(p.i, "expected ) for the ( at column %d", open+1)
	}
	return set, nil
}

// clauses reads specifiers separated by single commas, and one more comma after the last. It leaves
// white space after them.
func (p *scanner) clauses() (pep440.Specifiers, error) {
	start, end := p.i, p.i
	for p.clause() {
		end = p.i
		p.space()
		if !p.byte(',') {
			break
		}
		end = p.i
		p.space()
	}
	p.i = end
	set, err := pep440.ParseSpecifiers(p.s[start:end])
	if err != nil {
		return set, p.badClause(start)
	}
	return set, nil
}

// clause skips one specifier, valid or not, and reports whether it begins with an operator.
func (p *scanner) clause() bool {
	op := p.while(func(c byte) bool { return strings.IndexByte("<>=!~", c) >= 0 })
	if op == "" {
		return false
	}
	p.i = len(p.s) - len(strings.TrimLeftFunc(p.s[p.i:], isSpace))
	if strings.HasPrefix(op, string(pep440.OpArbitrary)) {
		// After "===" a comma belongs to the text; pep440 separates it.
		n := strings.IndexFunc(p.s[p.i:], func(r rune) bool { return r == ';' || r == ')' || isSpace(r) })
		if n < 0 {
			n = len(p.s) - p.i
		}
		p.i += n
		return true
	}
	p.while(func(c byte) bool { return isNameByte(c) || strings.IndexByte("!+*", c) >= 0 })
	return true
}

// badClause makes the error for the first clause from start on that does not parse.
func (p *scanner) badClause(start int) error {
	p.i = start
	for {
		at := p.i
		if !p.clause() {
			break
		}
		if _, err := pep440.ParseSpecifiers(p.s[at:p.i]); err != nil {
			return p.fail(at, "%v", err)
		}
		p.space()
		p.byte(',')
		p.space()
	}
	return p.fail(start, "specifiers do not parse")
}
