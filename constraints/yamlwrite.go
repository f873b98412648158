package constraints

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// layout is how a value is written after a key in block style.
type layout struct {
	indent  int    // of the key
	child   int    // of what is nested in the value
	dash    int    // of the dashes of a list
	newline string // the line end
	comment string // what stays after the value's first line, with its blank
}

// drafts returns the ways to write a value after the colon of a key, best first. Each ends in a
// line end. The first may not work before comments or blank lines, which a literal scalar would
// swallow.
func drafts(want value, f Format, l layout) []string {
	switch f {
	case FormatList:
		return []string{list(want.lines, l)}
	case FormatMap:
		return []string{mapping(want.entries, l)}
	case FormatBlock:
	}
	if !want.dollar {
		return texts(want.text, l)
	}
	inner := layout{indent: l.child, child: l.child + 2, newline: l.newline}
	pad := strings.Repeat(" ", l.child)
	var out []string
	for _, text := range texts(want.text, inner) {
		out = append(out, l.comment+l.newline+pad+"value:"+text+pad+expandFalse+l.newline)
	}
	return out
}

// expandFalse makes GitLab CI leave the text of a variable as it is.
const expandFalse = "expand: false"

// flowDraft returns a value in flow style.
func flowDraft(want value, f Format) string {
	var parts []string
	switch f {
	case FormatList:
		for _, line := range want.lines {
			parts = append(parts, doubleQuoted(line))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case FormatMap:
		for _, e := range want.entries {
			parts = append(parts, scalar(e.name)+": "+doubleQuoted(e.version))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case FormatBlock:
	}
	if want.dollar {
		return "{value: " + doubleQuoted(want.text) + ", " + expandFalse + "}"
	}
	return doubleQuoted(want.text)
}

// texts returns a text as a literal scalar, if it can be one, and as a double-quoted one.
func texts(text string, l layout) []string {
	quoted := " " + folded(text, l) + l.comment + l.newline
	if !literal(text) {
		return []string{quoted}
	}
	chomp := ""
	switch {
	case strings.HasSuffix(text, "\n\n"):
		chomp = "+"
	case !strings.HasSuffix(text, "\n"):
		chomp = "-"
	}
	var b strings.Builder
	b.WriteString(" |" + chomp + l.comment + l.newline)
	pad := strings.Repeat(" ", l.child)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if line != "" {
			b.WriteString(pad + line)
		}
		b.WriteString(l.newline)
	}
	return []string{b.String(), quoted}
}

// literal reports whether every YAML parser reads the text from a literal scalar as it is: it is
// printable, has no line end but "\n", and its first and last lines show where it begins and ends.
func literal(text string) bool {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !printable(r) }) {
		return false
	}
	if strings.ContainsRune("\n\t ", rune(text[0])) || strings.ContainsRune("\t ", rune(text[len(text)-1])) {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && strings.Trim(line, " \t") == "" {
			return false
		}
	}
	return true
}

// printable reports whether YAML 1.1 and 1.2 both permit a character without an escape, and neither
// reads it as a line end.
func printable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

// folded returns a double-quoted scalar with one line for every line of the text, so that a change
// of one pin is a change of one line.
func folded(text string, l layout) string {
	lines := strings.SplitAfter(text, "\n")
	if last := len(lines) - 1; last > 0 && lines[last] == "" {
		lines = lines[:last]
	}
	if len(lines) < 2 {
		return doubleQuoted(text)
	}
	var b strings.Builder
	b.WriteString(`"`)
	for i, line := range lines {
		body := escaped(line)
		if i > 0 {
			b.WriteString(`\` + l.newline + strings.Repeat(" ", l.child))
			if strings.HasPrefix(body, " ") {
				b.WriteString(`\`) // else YAML reads it as indentation
			}
		}
		b.WriteString(body)
	}
	return b.String() + `"`
}

// singleQuoted returns a text of one line in single quotes.
func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func doubleQuoted(text string) string { return `"` + escaped(text) + `"` }

func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case printable(r):
			b.WriteRune(r)
		case r < utf8.RuneSelf*2:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func list(lines []string, l layout) string {
	if len(lines) == 0 {
		return " []" + l.comment + l.newline
	}
	var b strings.Builder
	b.WriteString(l.comment + l.newline)
	for _, line := range lines {
		if !plainPin.MatchString(line) {
			line = doubleQuoted(line)
		}
		b.WriteString(strings.Repeat(" ", l.dash) + "- " + line + l.newline)
	}
	return b.String()
}

func mapping(entries []entry, l layout) string {
	if len(entries) == 0 {
		return " {}" + l.comment + l.newline
	}
	var b strings.Builder
	b.WriteString(l.comment + l.newline)
	for _, e := range entries {
		b.WriteString(strings.Repeat(" ", l.child) + scalar(e.name) + ": " + doubleQuoted(e.version) + l.newline)
	}
	return b.String()
}

var (
	plainPin = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*={2,3}[A-Za-z0-9.+!_-]+$`)
	plainKey = regexp.MustCompile(`^[A-Za-z_.][A-Za-z0-9_./-]*$`)
	// notStrings are plain words that some parser reads as another type.
	notStrings = []string{
		"y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan", ".", "..", "...",
	}
)

// scalar returns a text as a plain scalar, or quoted if some parser would not read that as a
// string.
func scalar(text string) string {
	if plainKey.MatchString(text) && !slices.Contains(notStrings, strings.ToLower(text)) {
		return text
	}
	return doubleQuoted(text)
}
