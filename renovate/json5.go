package renovate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/text"
)

// Bounds of a text. No person writes a larger configuration.
const (
	maxText  = 1 << 20
	maxDepth = 64
)

type kind string

const (
	anObject  kind = "an object"
	aList     kind = "a list"
	aText     kind = "a text"
	aNumber   kind = "a number"
	aBoolean  kind = "true or false"
	isNothing kind = "null"
)

// value is a value of JSON5 with its line.
type value struct {
	kind    kind
	line    int
	text    string
	number  float64
	yes     bool
	list    []value
	members []member
}

// member is a member of an object, in the order of the text. Of two with one name only the last is
// there, in its own place.
type member struct {
	name string
	line int
	value
}

// get is a member's value; ok is false if there is none.
func (v value) get(name string) (value, bool) {
	for _, m := range v.members {
		if m.name == name {
			return m.value, true
		}
	}
	return value{}, false
}

// empty reports whether a value is a list or an object with nothing in it.
func (v value) empty() bool {
	return v.kind == aList && len(v.list) == 0 || v.kind == anObject && len(v.members) == 0
}

// SyntaxError is a text that is no JSON5 (https://spec.json5.org).
type SyntaxError struct {
	File string
	Line int
	Text string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

type parser struct {
	file, rest string
	line       int
	depth      int
}

// parse reads JSON, JSON with comments, or JSON5, with one grammar.
func parse(file string, data []byte) (value, error) {
	p := &parser{file: file, rest: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	if len(data) > maxText {
		return value{}, p.wrong("the file is larger than 1 MiB")
	}
	if !utf8.Valid(data) {
		return value{}, p.wrong("the file is not UTF-8")
	}
	v, err := p.value()
	if err != nil {
		return value{}, err
	}
	if err := p.blanks(); err != nil {
		return value{}, err
	}
	if p.rest != "" {
		return value{}, p.wrong("something stands behind the end of the object")
	}
	return v, nil
}

func (p *parser) wrong(format string, args ...any) error {
	return &SyntaxError{p.file, p.line, fmt.Sprintf(format, args...)}
}

// blanks skips white space and comments.
func (p *parser) blanks() error {
	for p.rest != "" {
		r, n := utf8.DecodeRuneInString(p.rest)
		switch {
		case r == '\n':
			p.line++
			p.rest = p.rest[n:]
		case r == '\ufeff' || unicode.IsSpace(r):
			p.rest = p.rest[n:]
		case strings.HasPrefix(p.rest, "//"):
			end := strings.IndexByte(p.rest, '\n')
			if end < 0 {
				end = len(p.rest)
			}
			p.rest = p.rest[end:]
		case strings.HasPrefix(p.rest, "/*"):
			body, after, closed := strings.Cut(p.rest[2:], "*/")
			if !closed {
				return p.wrong("a comment does not end")
			}
			p.line += strings.Count(body, "\n")
			p.rest = after
		default:
			return nil
		}
	}
	return nil
}

// next skips blanks, and reads c if it comes next.
func (p *parser) next(c byte) (bool, error) {
	if err := p.blanks(); err != nil {
		return false, err
	}
	if p.rest == "" || p.rest[0] != c {
		return false, nil
	}
	p.rest = p.rest[1:]
	return true, nil
}

func (p *parser) value() (value, error) {
	if err := p.blanks(); err != nil {
		return value{}, err
	}
	if p.rest == "" {
		return value{}, p.wrong("the text ends where a value was expected")
	}
	v := value{line: p.line}
	var err error
	switch c := p.rest[0]; c {
	case '{', '[':
		if p.depth++; p.depth > maxDepth {
			return value{}, p.wrong("objects and lists are nested more than %d deep", maxDepth)
		}
		p.rest = p.rest[1:]
		if c == '{' {
			v.kind = anObject
			v.members, err = p.members()
		} else {
			v.kind = aList
			v.list, err = p.elements()
		}
		p.depth--
	case '"', '\'':
		v.kind = aText
		v.text, err = p.quoted()
	default:
		return p.bare()
	}
	return v, err
}

func (p *parser) members() ([]member, error) {
	var out []member
	for {
		if closed, err := p.next('}'); err != nil || closed {
			return lastOfEach(out), err
		}
		m := member{line: p.line}
		var err error
		if m.name, err = p.name(); err != nil {
			return nil, err
		}
		if colon, err := p.next(':'); err != nil || !colon {
			return nil, first(err, p.wrong("a colon is missing behind %q", m.name))
		}
		if m.value, err = p.value(); err != nil {
			return nil, err
		}
		out = append(out, m)
		if closed, err := p.between('}'); err != nil || closed {
			return lastOfEach(out), err
		}
	}
}

// lastOfEach leaves out the members whose name comes again later.
func lastOfEach(all []member) []member {
	last := make(map[string]int, len(all))
	for i, m := range all {
		last[m.name] = i
	}
	if len(last) == len(all) {
		return all
	}
	out := make([]member, 0, len(last))
	for i, m := range all {
		if last[m.name] == i {
			out = append(out, m)
		}
	}
	return out
}

func (p *parser) elements() ([]value, error) {
	var out []value
	for {
		if closed, err := p.next(']'); err != nil || closed {
			return out, err
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if closed, err := p.between(']'); err != nil || closed {
			return out, err
		}
	}
}

// between reads what follows an element: a comma, or the end.
func (p *parser) between(end byte) (closed bool, err error) {
	if comma, err := p.next(','); err != nil || comma {
		return false, err
	}
	if closed, err := p.next(end); err != nil || closed {
		return closed, err
	}
	return false, p.wrong("a comma or %q was expected", end)
}

// name is that of a member: quoted, or an identifier.
func (p *parser) name() (string, error) {
	if err := p.blanks(); err != nil {
		return "", err
	}
	if p.rest != "" && (p.rest[0] == '"' || p.rest[0] == '\'') {
		return p.quoted()
	}
	end := 0
	for end < len(p.rest) {
		r, n := utf8.DecodeRuneInString(p.rest[end:])
		if r != '_' && r != '$' && !unicode.IsLetter(r) && (end == 0 || !unicode.IsDigit(r)) {
			break
		}
		end += n
	}
	if end == 0 {
		return "", p.wrong("a key was expected")
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name, nil
}

// quoted is a text between quotes of either kind.
func (p *parser) quoted() (string, error) {
	quote := rune(p.rest[0])
	p.rest = p.rest[1:]
	var out strings.Builder
	for p.rest != "" {
		r, n := utf8.DecodeRuneInString(p.rest)
		p.rest = p.rest[n:]
		switch r {
		case quote:
			return out.String(), nil
		case '\n':
			return "", p.wrong("a text does not end on its line")
		case '\\':
			if err := p.escaped(&out); err != nil {
				return "", err
			}
		default:
			out.WriteRune(r)
		}
	}
	return "", p.wrong("a text does not end")
}

var escapes = map[rune]rune{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', 'v': '\v', '0': 0}

func (p *parser) escaped(out *strings.Builder) error {
	r, n := utf8.DecodeRuneInString(p.rest)
	if n == 0 {
		return p.wrong("a text does not end")
	}
	p.rest = p.rest[n:]
	switch r {
	case '\n':
		p.line++
	case '\r':
		p.rest = strings.TrimPrefix(p.rest, "\n")
		p.line++
	case 'x', 'u':
		digits := map[rune]int{'x': 2, 'u': 4}[r]
		if len(p.rest) < digits {
			return p.wrong("an escape is cut short")
		}
		code, err := strconv.ParseUint(p.rest[:digits], 16, 32)
		if err != nil {
			return p.wrong(`\%c needs %d digits`, r, digits)
		}
		p.rest = p.rest[digits:]
		out.WriteRune(rune(code)) //nolint:gosec // four hexadecimal digits
	default:
		if to, ok := escapes[r]; ok {
			r = to
		}
		out.WriteRune(r)
	}
	return nil
}

// bare is a word or a number.
func (p *parser) bare() (value, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",:]}[{\"'/", r) })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	v := value{line: p.line}
	switch word {
	case "true", "false":
		v.kind, v.yes = aBoolean, word == "true"
	case "null":
		v.kind = isNothing
	default:
		n, err := strconv.ParseFloat(strings.TrimPrefix(word, "+"), 64)
		if hex, herr := strconv.ParseInt(word, 0, 64); err != nil && herr == nil {
			n, err = float64(hex), nil
		}
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return value{}, p.wrong("%s is no value: texts stand in quotes", strconv.Quote(text.Plain(word, 40)))
		}
		v.kind, v.number = aNumber, n
	}
	p.rest = p.rest[end:]
	return v, nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
