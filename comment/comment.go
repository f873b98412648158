// Package comment reads comments that people write: which of their lines they say
// themselves, and which of these are a command.
//
// Its one invariant: what stands in a quote, in code or in a hidden part of a comment
// is said by nobody. Where Markdown leaves it open, it counts as not said.
//
// It knows no command and no person, and judges nothing.
package comment

import (
	"regexp"
	"strings"
)

// The most of a comment that is read: lines and bytes of each.
const (
	mostLines = 400
	mostBytes = 2000
)

var (
	fence   = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	element = regexp.MustCompile(`(?i)<(pre|code|script|style|blockquote|textarea|q|kbd|samp)\b`)
	item    = regexp.MustCompile(`^ {0,3}([-+*]|[0-9]{1,9}[.)])( |$)`)
)

// Lines are the lines of a comment that its author says, without white space at their
// ends. A line of a quote and what goes on with it, of code, of a list, of an HTML
// comment or of an element that quotes is not among them. What a code span that began
// in an earlier line covers is not, either.
func Lines(body string) []string {
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\r", "\n")
	r := reader{}
	for i, line := range strings.Split(withoutHidden(body), "\n") {
		if i == mostLines {
			break
		}
		r.line(line)
	}
	r.flush()
	return r.out
}

// withoutHidden takes HTML comments away. One that does not end hides all that
// follows. A line that begins within one is no line of its own.
func withoutHidden(body string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(body, "<!--")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		_, after, ends := strings.Cut(rest, "-->")
		if !ends {
			return out.String()
		}
		out.WriteString("\x00") // what stands beside it does not begin a line
		body = after
	}
}

// reader takes a comment line by line.
type reader struct {
	out       []string
	fence     string // that is open
	quote     bool   // a block of >>> is open
	element   string // that is open
	quoted    bool   // the paragraph belongs to a quote or to a list
	paragraph []string
}

func (r *reader) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case r.fence != "":
		if strings.HasPrefix(trimmed, r.fence) && strings.Trim(trimmed, r.fence[:1]) == "" {
			r.fence = ""
		}
		return
	case r.element != "":
		if strings.Contains(strings.ToLower(line), "</"+r.element) {
			r.element = ""
		}
		return
	case r.quote:
		r.quote = trimmed != ">>>"
		return
	}
	switch m := fence.FindStringSubmatch(line); {
	case m != nil:
		r.flush()
		r.fence = m[1]
	case trimmed == ">>>":
		r.flush()
		r.quote = true
	case trimmed == "":
		r.flush()
	case strings.HasPrefix(trimmed, ">"), item.MatchString(line):
		r.flush()
		r.quoted = true // lines that follow without a blank one go on with it
	case strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "    "):
		if len(r.paragraph) == 0 && !r.quoted {
			return // code
		}
		r.paragraph = append(r.paragraph, "\x00") // it goes on with a paragraph, and is indented as code
	default:
		if m := element.FindStringSubmatch(line); m != nil {
			r.flush()
			if name := strings.ToLower(m[1]); !strings.Contains(strings.ToLower(line), "</"+name) {
				r.element = name
			}
			return
		}
		r.paragraph = append(r.paragraph, strings.TrimRight(line, " \t"))
	}
}

// flush ends a paragraph.
func (r *reader) flush() {
	if !r.quoted {
		r.out = append(r.out, outsideSpans(r.paragraph)...)
	}
	r.paragraph, r.quoted = nil, false
}

// outsideSpans are the lines of a paragraph that do not begin within a code span.
func outsideSpans(paragraph []string) []string {
	var out []string
	open := 0 // the backticks of the span that is open
	text := strings.Join(paragraph, "\n")
	at := 0
	for _, line := range paragraph {
		within := open > 0
		for i := 0; i < len(line); {
			n := 0
			for i+n < len(line) && line[i+n] == '`' {
				n++
			}
			switch {
			case n == 0:
				if open == 0 && line[i] == '\\' {
					i++ // what it escapes begins no span
				}
				i++
				continue
			case open == 0 && closes(text[at+i+n:], n):
				open = n
			case open == n:
				open = 0
			}
			i += n
		}
		at += len(line) + 1
		if !within && !strings.Contains(line, "\x00") && len(line) <= mostBytes {
			out = append(out, line)
		}
	}
	return out
}

// closes reports whether a run of exactly n backticks is in a text.
func closes(text string, n int) bool {
	for i := 0; i < len(text); {
		run := 0
		for i+run < len(text) && text[i+run] == '`' {
			run++
		}
		if run == n {
			return true
		}
		i += max(run, 1)
	}
	return false
}

// Command is what follows the name of a bot, or a slash and a word, at the start of a
// line: its words. ok is false for any other line. The case of the name does not
// matter; a colon or comma behind it is no part of it.
func Command(line, name, slash string) (words []string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) == 0 || strings.HasPrefix(line, "    ") || strings.ContainsRune(line, '\x00') {
		return nil, false
	}
	switch first := fields[0]; {
	case name != "" && strings.EqualFold(strings.TrimRight(first, ":,"), "@"+name):
		return fields[1:], true
	case slash != "" && first == "/"+slash:
		return fields, true
	}
	return nil, false
}
