package constraints

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// logicalLine is one line as pip reads it: continuation lines joined, the comment removed, white
// space removed at both ends. It is never empty.
type logicalLine struct {
	number int // the physical line it begins on, from 1
	last   int // the physical line it ends on
	text   string
	segs   []segment
}

// segment says that the logical text from lo on, up to the next segment, is at src in the decoded
// file. A src of -1 means that it is not in the file.
type segment struct{ lo, src int }

// at returns the place in the decoded file of byte i of the logical text.
func (l logicalLine) at(i int) int {
	n := sort.Search(len(l.segs), func(n int) bool { return l.segs[n].lo > i })
	s := l.segs[n-1]
	return s.src + i - s.lo
}

// contiguous reports whether the bytes lo to hi, which must not be empty, are contiguous in the
// decoded file.
func (l logicalLine) contiguous(lo, hi int) bool {
	return l.at(hi-1)-l.at(lo) == hi-1-lo
}

// logicalLines splits a text as pip's reader does: first by Python's splitlines, then it joins,
// then it removes comments.
func logicalLines(text string) []logicalLine {
	physical := splitLines(text)
	out := make([]logicalLine, 0, len(physical))
	segs := make([]segment, len(physical)) // of plain lines, which have one each
	var open joiner
	emit := func() {
		if l, ok := open.finish(); ok {
			out = append(out, l)
		}
	}
	for n, p := range physical {
		line := text[p.start:p.end]
		comment := isComment(line)
		if strings.HasSuffix(line, `\`) && !comment {
			trimmed := strings.TrimLeft(line, `\`)
			open.add(n+1, strings.TrimRight(trimmed, `\`), p.start+len(line)-len(trimmed))
			continue
		}
		if open.number == 0 {
			if l, cut, ok := plainLine(n+1, line); ok {
				segs[n] = segment{0, p.start + cut}
				l.segs = segs[n : n+1 : n+1]
				out = append(out, l)
			}
			continue
		}
		if comment {
			// pip puts a blank before it, so that it stays a comment after it is joined to another
			// line.
			open.add(n+1, " ", -1)
		}
		open.add(n+1, line, p.start)
		emit()
	}
	emit()
	return out
}

// joiner collects the physical lines of a logical one.
type joiner struct {
	number, last int
	text         strings.Builder
	segs         []segment
}

func (j *joiner) add(number int, text string, src int) {
	if j.number == 0 {
		j.number = number
	}
	j.last = number
	j.segs = append(j.segs, segment{j.text.Len(), src})
	j.text.WriteString(text)
}

// finish returns the line without comment and surrounding white space, and begins a new one; ok is
// false if nothing is left of it.
func (j *joiner) finish() (l logicalLine, ok bool) {
	text := uncomment(j.text.String())
	body := strings.TrimLeftFunc(text, isSpace)
	cut := len(text) - len(body)
	l = logicalLine{number: j.number, last: j.last, text: strings.TrimRightFunc(body, isSpace)}
	for i, s := range j.segs {
		if i+1 < len(j.segs) && j.segs[i+1].lo <= cut {
			continue
		}
		if s.lo < cut {
			s = segment{cut, s.src + cut - s.lo}
		}
		l.segs = append(l.segs, segment{s.lo - cut, s.src})
	}
	*j = joiner{}
	return l, l.text != ""
}

// splitLines returns the lines of a text without their ends, split where
// Python's str.splitlines splits. A text that ends in a line end has no empty
// line after it.
func splitLines(text string) []span {
	lines := make([]span, 0, strings.Count(text, "\n")+1)
	start := 0
	for i := 0; i < len(text); {
		if c := text[i]; c >= 0x20 && c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if !isLineEnd(r) {
			i += n
			continue
		}
		lines = append(lines, span{start, i})
		if r == '\r' && strings.HasPrefix(text[i+1:], "\n") {
			n = 2
		}
		i += n
		start = i
	}
	if start < len(text) {
		lines = append(lines, span{start, len(text)})
	}
	return lines
}

func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// isSpace reports whether Python's str.isspace holds: white space of Unicode
// and the four separators of ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f) }

// isComment reports whether a "#" is the first thing on the line.
func isComment(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, isSpace), "#")
}

// uncomment cuts the line at the first "#" that begins it or follows white
// space.
func uncomment(line string) string {
	for i := 0; ; {
		n := strings.IndexByte(line[i:], '#')
		if n < 0 {
			return line
		}
		i += n
		before, _ := utf8.DecodeLastRuneInString(line[:i])
		if i == 0 || isSpace(before) {
			return line[:i]
		}
		i++
	}
}
