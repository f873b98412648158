package pep440

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// ErrVersion is wrapped by every error of Parse.
var ErrVersion = errors.New("not a version as PEP 440 defines it")

// maxLength is the longest text that a span can address. No published version is nearly as long.
const maxLength = 1<<16 - 1

// Parse reads a version in any spelling that PEP 440 (appendix B) admits:
// letters in either case, a leading "v", "-", "_" or "." or nothing between
// the parts, and a separator after the last letter ("1.0rc."). White space
// around it, also the kinds beyond ASCII, is allowed; within the version only
// ASCII is. A text longer than 65,535 bytes is refused.
func Parse(s string) (Version, error) {
	v, ok := parseQuiet(s)
	if !ok {
		return Version{}, fmt.Errorf("parse version %.80q: %w", s, ErrVersion)
	}
	return v, nil
}

// parseQuiet is Parse that makes no error, for texts of which many are no versions.
func parseQuiet(s string) (Version, bool) {
	if len(s) > maxLength {
		return Version{}, false
	}
	lo, hi := trim(s)
	p := scanner{s: s, i: lo, end: hi}
	v := Version{raw: s}
	if !p.version(&v) || p.i != p.end {
		return Version{}, false
	}
	return v, true
}

// scanner reads the parts of a version from s[i:end]. A method that does not find its part leaves i
// as it was.
type scanner struct {
	s      string
	i, end int
}

// from is the span that begins at start and ends before the next byte.
func (p *scanner) from(start int) span {
	return span{uint16(start), uint16(p.i)} //nolint:gosec // parseQuiet refuses texts longer than maxLength, which a uint16 holds
}

// version reads as many parts of a version as there are.
func (p *scanner) version(v *Version) bool {
	if !p.publicBase(v) {
		return false
	}
	p.pre(v)
	p.post(v)
	p.dev(v)
	return p.localSegment(v)
}

// publicBase reads the "v", the epoch and the release.
func (p *scanner) publicBase(v *Version) bool {
	v.phase = phaseFinal
	if p.i < p.end && p.s[p.i]|0x20 == 'v' {
		p.i++
	}
	start := p.i
	digits, ok := p.digits()
	if !ok {
		return false
	}
	if p.at('!') {
		v.epoch = digits
		start = p.i
		if _, ok = p.digits(); !ok {
			return false
		}
	}
	for p.i+1 < p.end && p.s[p.i] == '.' && isDigit(p.s[p.i+1]) {
		p.i++
		p.digits()
	}
	v.release = p.from(start)
	return true
}

func (p *scanner) pre(v *Version) {
	start := p.i
	p.separator()
	switch {
	case p.word("alpha"), p.word("a"):
		v.phase = phaseAlpha
	case p.word("beta"), p.word("b"):
		v.phase = phaseBeta
	case p.word("preview"), p.word("pre"), p.word("rc"), p.word("c"):
		v.phase = phaseCandidate
	default:
		p.i = start
		return
	}
	v.pre = p.counter()
}

func (p *scanner) post(v *Version) {
	start := p.i
	// "1.0-1" is the short spelling of a post-release; no other part has a dash without letters.
	if p.at('-') {
		if digits, ok := p.digits(); ok {
			v.post, v.has = digits, v.has|hasPost
			return
		}
		p.i = start
	}
	p.separator()
	if !p.word("post") && !p.word("rev") && !p.word("r") {
		p.i = start
		return
	}
	v.post, v.has = p.counter(), v.has|hasPost
}

func (p *scanner) dev(v *Version) {
	start := p.i
	p.separator()
	if !p.word("dev") {
		p.i = start
		return
	}
	v.dev, v.has = p.counter(), v.has|hasDev
}

// localSegment reads the label after "+". It fails only if a "+" has no label.
func (p *scanner) localSegment(v *Version) bool {
	if !p.at('+') {
		return true
	}
	start := p.i
	for {
		from := p.i
		for p.i < p.end && isAlphanumeric(p.s[p.i]) {
			p.i++
		}
		if p.i == from {
			return false
		}
		if p.i+1 >= p.end || !isSeparator(p.s[p.i]) || !isAlphanumeric(p.s[p.i+1]) {
			break
		}
		p.i++
	}
	v.local, v.has = p.from(start), v.has|hasLocal
	return true
}

// counter reads the optional separator and the optional number that may follow
// the letters of a part.
func (p *scanner) counter() span {
	p.separator()
	digits, _ := p.digits()
	return digits
}

// digits reads a number and gives its span without leading zeros.
func (p *scanner) digits() (span, bool) {
	start := p.i
	for p.i < p.end && p.s[p.i] == '0' {
		p.i++
	}
	lo := p.i
	for p.i < p.end && isDigit(p.s[p.i]) {
		p.i++
	}
	return p.from(lo), p.i > start
}

func (p *scanner) at(c byte) bool {
	if p.i < p.end && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *scanner) separator() {
	if p.i < p.end && isSeparator(p.s[p.i]) {
		p.i++
	}
}

// word reads w, which is in lower case, in either case.
func (p *scanner) word(w string) bool {
	if p.end-p.i < len(w) {
		return false
	}
	for j := range len(w) {
		// Setting this bit makes a lower-case letter of w only of that letter in either case.
		if p.s[p.i+j]|0x20 != w[j] {
			return false
		}
	}
	p.i += len(w)
	return true
}

func isDigit(c byte) bool     { return c-'0' <= 9 }
func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' }
func isAlphanumeric(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// trim gives the bounds of s without the white space around it.
func trim(s string) (lo, hi int) {
	// Nearly every version begins and ends with a printable ASCII byte.
	if s != "" && s[0] > ' ' && s[0] < 0x80 && s[len(s)-1] > ' ' && s[len(s)-1] < 0x80 {
		return 0, len(s)
	}
	lo = len(s) - len(strings.TrimLeftFunc(s, isSpace))
	hi = lo + len(strings.TrimRightFunc(s[lo:], isSpace))
	return lo, hi
}

// isSpace adds to Unicode's white space the four separators that the reference
// implementation, through its language, counts as such.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}
