package pep508

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrSyntax is wrapped by every error of Parse and ParseMarker.
var ErrSyntax = errors.New("not as PEP 508 defines it")

// SyntaxError says where a text stops being a requirement or a marker. errors.As finds it in every
// error of Parse and ParseMarker.
type SyntaxError struct {
	// Text is the whole text that was read.
	Text string
	// Column is the place of the fault, in characters counted from 1. It is one past the last
	// character if the text ends too early.
	Column int
	// Problem says what was found or expected there.
	Problem string
}

// Error gives the column and the problem; the text is cut when it is long.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%.200q, column %d: %s", e.Text, e.Column, e.Problem)
}

// Unwrap returns ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }

// scanner reads tokens from s, starting at byte i.
type scanner struct {
	s string
	i int
}

// fail makes the error for the byte at index at.
func (p *scanner) fail(at int, format string, args ...any) error {
	return &SyntaxError{
		Text:    p.s,
		Column:  utf8.RuneCountInString(p.s[:at]) + 1,
		Problem: fmt.Sprintf(format, args...),
	}
}

func (p *scanner) done() bool { return p.i == len(p.s) }

// space reads blanks and tabs, the only white space between tokens, and
// reports whether there were any.
func (p *scanner) space() bool {
	start := p.i
	for !p.done() && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
	return p.i > start
}

// byte reads c if it comes next.
func (p *scanner) byte(c byte) bool {
	if !p.done() && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// while reads the bytes that belong to a set.
func (p *scanner) while(belongs func(byte) bool) string {
	start := p.i
	for !p.done() && belongs(p.s[p.i]) {
		p.i++
	}
	return p.s[start:p.i]
}

// keyword reads word if it comes next and is not the beginning of a longer word.
func (p *scanner) keyword(word string) bool {
	rest := p.s[p.i:]
	if !strings.HasPrefix(rest, word) || len(rest) > len(word) && isWord(rest[len(word)]) {
		return false
	}
	p.i += len(word)
	return true
}

// name reads the name of a project or an extra. Like the reference implementation it permits "_" at
// the end, which ValidName does not.
func (p *scanner) name(what string) (string, error) {
	start := p.i
	p.while(isNameByte)
	for p.i > start && !isWord(p.s[p.i-1]) {
		p.i--
	}
	if p.i == start || !isAlphanumeric(p.s[start]) {
		p.i = start
		return "", p.fail(start, "expected %s", what)
	}
	return p.s[start:p.i], nil
}

// isSpace reports whether a character is white space that may stand between an operator and its
// version, where more is permitted than between tokens.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
