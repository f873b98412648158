package pep508

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literal reads a quoted text, which ends at the next quote of its kind: a
// backslash does not hide it. Backslash sequences are those of Python's string
// literals, by which the reference implementation reads markers; the one by
// character name (\N) is refused.
func (p *scanner) literal() (string, error) {
	start := p.i
	quote := p.s[start]
	n := strings.IndexByte(p.s[start+1:], quote)
	if n < 0 {
		return "", p.fail(start, "expected the quote %c to be closed", quote)
	}
	text := p.s[start+1 : start+1+n]
	p.i = start + n + 2
	if at := strings.IndexAny(text, "\n\r\x00"); at >= 0 {
		return "", p.fail(start+1+at, "a quoted text may not hold a line break or a NUL")
	}
	if strings.IndexByte(text, '\\') < 0 {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			i++
			continue
		}
		n, ok := unescape(&b, text[i+1:])
		if !ok {
			return "", p.fail(start+1+i, "bad backslash sequence in a quoted text")
		}
		i += 1 + n
	}
	return b.String(), nil
}

// unescape writes what the sequence after a backslash stands for, and returns
// its length. A sequence that means nothing stands for itself.
func unescape(b *strings.Builder, s string) (n int, ok bool) {
	if s == "" {
		return 0, false
	}
	if i := strings.IndexByte(`abfnrtv\'"`, s[0]); i >= 0 {
		b.WriteByte("\a\b\f\n\r\t\v\\'\""[i])
		return 1, true
	}
	switch s[0] {
	case 'x':
		return unescapeHex(b, s, 2)
	case 'u':
		return unescapeHex(b, s, 4)
	case 'U':
		return unescapeHex(b, s, 8)
	case 'N':
		return 0, false
	}
	for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	if n == 0 {
		b.WriteByte('\\')
		return 0, true
	}
	code, err := strconv.ParseUint(s[:n], 8, 32)
	b.WriteRune(rune(code)) //nolint:gosec // three octal digits are at most 0o777
	return n, err == nil
}

func unescapeHex(b *strings.Builder, s string, digits int) (n int, ok bool) {
	if len(s) < 1+digits {
		return 0, false
	}
	code, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || code > utf8.MaxRune || !utf8.ValidRune(rune(code)) {
		return 0, false
	}
	b.WriteRune(rune(code))
	return 1 + digits, true
}

// writeLiteral quotes text so that literal reads it back.
func writeLiteral(b *strings.Builder, text string) {
	quote := byte('"')
	if strings.IndexByte(text, '"') >= 0 && strings.IndexByte(text, '\'') < 0 {
		quote = '\''
	}
	b.WriteByte(quote)
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == quote || c < ' ':
			fmt.Fprintf(b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(quote)
}
