package metadata

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Larger files are refused. The largest real files have some 100 KB, most of it the description,
// and some hundred requirements.
const (
	MaxFile     = 4 << 20  // bytes of a file
	maxHeader   = 2 << 20  // bytes before the description
	maxRequires = 5_000    // Requires-Dist
	maxLine     = 64 << 10 // bytes of one of them
	maxNames    = 20_000   // Provides-Extra, Dynamic
)

// Parse reads a METADATA or PKG-INFO file (core metadata specification) as pip does, which uses
// Python's email package. The header ends at the first line that is empty or is neither a field nor
// the continuation of one. Of a repeated Name, Version, Requires-Python and Metadata-Version the
// first counts. Unknown fields are skipped. A folded value keeps its line breaks, which no
// requirement may have. Every version of the format is read.
//
// Every error is an *Error: bytes that are not UTF-8, no Name or Version, a Requires-Dist that is
// no requirement (PEP 508), or more than the bounds. With an error only MetadataVersion is set, if
// the file came that far.
func Parse(data []byte) (Metadata, error) {
	if len(data) > MaxFile {
		return Metadata{}, refuse("has more than %d MiB of metadata", MaxFile>>20)
	}
	m, err := parse(data)
	if !utf8.Valid(data) {
		err = refuse("has metadata that is not UTF-8")
	}
	if err != nil {
		return Metadata{MetadataVersion: m.MetadataVersion}, err
	}
	return m, nil
}

func parse(data []byte) (m Metadata, err error) {
	h := header{rest: data}
	var seen [4]bool // the fields of which only the first counts
	for h.next() {
		switch h.name {
		case "metadata-version":
			first(&m.MetadataVersion, h.value, &seen[0])
		case "name":
			first(&m.Name, h.value, &seen[1])
		case "version":
			first(&m.Version, h.value, &seen[2])
		case "requires-python":
			first(&m.RequiresPython, h.value, &seen[3])
		case "requires-dist":
			err = m.require(h.value)
		case "provides-extra":
			if name := pep508.NormalizeName(h.value); pep508.ValidName(name) {
				m.Extras = append(m.Extras, name)
			}
		case "project-url":
			m.link(h.value)
		case "home-page":
			m.address(HomePage, h.value)
		case "download-url":
			m.address(Download, h.value)
		case "dynamic":
			m.Dynamic = append(m.Dynamic, strings.ToLower(h.value))
		}
		if err == nil && len(m.Extras)+len(m.Dynamic) > maxNames {
			err = refuse("names more than %d extras and dynamic fields", maxNames)
		}
		if err != nil {
			return m, err
		}
	}
	if h.large {
		return m, refuse("has more than %d MiB of metadata before the description", maxHeader>>20)
	}
	if m.Name == "" || m.Version == "" {
		return m, refuse("has metadata without a name or a version")
	}
	m.Extras, m.Dynamic = sorted(m.Extras), sorted(m.Dynamic)
	return m, nil
}

func refuse(format string, args ...any) *Error { return &Error{Problem: fmt.Sprintf(format, args...)} }

func first(to *string, value string, seen *bool) {
	if !*seen {
		*to, *seen = value, true
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func (m *Metadata) require(line string) error {
	if len(m.Requires) == maxRequires {
		return refuse("has more than %d requirements", maxRequires)
	}
	if len(line) > maxLine {
		return refuse("has a requirement of more than %d KiB, %s", maxLine>>10, printable(line))
	}
	r, err := pep508.Parse(line)
	if err != nil {
		return refuse("has the requirement %s, which does not parse (PEP 508)", printable(line))
	}
	m.Requires = append(m.Requires, r)
	m.RequiresDist = append(m.RequiresDist, line)
	return nil
}

// printable quotes the first 80 characters of a stranger's text, in ASCII that
// shows.
func printable(s string) string {
	n := 0
	s = strings.Map(func(r rune) rune {
		if n++; n > 80 {
			return -1
		}
		if r < ' ' || r > '~' || r == '"' || r == '`' {
			return '?'
		}
		return r
	}, s)
	return `"` + s + `"`
}

// header takes fields from the front of rest.
type header struct {
	rest  []byte
	read  int
	name  string // in lower case
	value string // without white space around it
	large bool   // it is longer than the bound
}

// next reads a field and reports whether there was one.
func (h *header) next() bool {
	for {
		line := h.line()
		switch {
		case isContinuation(line): // it continues nothing, so it is skipped
			h.take(line)
			continue
		case strings.HasPrefix(string(line[:min(len(line), 5)]), "From "):
			h.take(line) // a mailbox's line between messages
			h.continued()
			continue
		}
		n := fieldName(line)
		if n < 0 || h.large {
			return false
		}
		h.take(line)
		start := line[n+1:]
		value := start[:len(start)+h.continued()]
		if n == 0 {
			continue // a value without a name
		}
		h.name = strings.ToLower(string(line[:n]))
		h.value = strings.TrimFunc(string(value), isSpace)
		return !h.large
	}
}

// continued takes the lines that continue a field and counts their bytes.
func (h *header) continued() int {
	n := 0
	for line := h.line(); isContinuation(line); line = h.line() {
		h.take(line)
		n += len(line)
	}
	return n
}

// line returns the next line with its end, "\n", "\r\n" or "\r"; nil after the bound.
func (h *header) line() []byte {
	if h.large {
		return nil
	}
	for i, c := range h.rest {
		if h.read+i == maxHeader {
			h.large = true
			return nil
		}
		if c == '\n' || c == '\r' && (i+1 == len(h.rest) || h.rest[i+1] != '\n') {
			return h.rest[: i+1 : cap(h.rest)]
		}
	}
	return h.rest
}

func (h *header) take(line []byte) {
	h.rest = h.rest[len(line):]
	h.read += len(line)
}

func isContinuation(line []byte) bool { return len(line) > 0 && (line[0] == ' ' || line[0] == '\t') }

// fieldName returns the length of the name before a colon, -1 if the line is no field. A name has
// printable ASCII characters, without blanks.
func fieldName(line []byte) int {
	for i, c := range line {
		switch {
		case c == ':':
			return i
		case c <= ' ' || c > '~':
			return -1
		}
	}
	return -1
}

// isSpace reports whether Python's str.strip removes a character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
