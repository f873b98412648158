// Package comment reads comments that people write: which lines are the author's own words, and
// which of these are a command.
//
// Its one invariant: quotes, code and hidden parts do not count as words of the author. If it is not
// clear how GitLab reads a line, that line does not count either.
//
// It does not know which commands there are and who may give them.
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

// Lines are the lines of a comment that are its author's own words, without white space at their
// ends. Left out are quotes and the lines that continue them, code, lists, HTML comments, elements
// that quote, and what is in a code span that began on an earlier line.
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

// withoutHidden removes HTML comments. One that does not end hides all that follows. A line that
// begins within one is no line of its own.
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
		out.WriteString("\x00") // so that the text after it does not begin a line
		body = after
	}
}

// reader reads a comment line by line.
type reader struct {
	out       []string
	fence     string // that is open
	quote     bool   // a block of >>> is open
	element   string // that is open
	quoted    bool   // the paragraph belongs to a quote or a list
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
		r.quoted = true // lines that follow without a blank line belong to it
	case strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "    "):
		if len(r.paragraph) == 0 && !r.quoted {
			return // code
		}
		r.paragraph = append(r.paragraph, "\x00") // it continues a paragraph, and is indented as code
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

// outsideSpans returns the lines of a paragraph that do not begin within a code span, and that are
// not too long.
func outsideSpans(paragraph []string) []string {
	var out []string
	open := 0 // the backticks of the span that is open
	last := lastRuns(strings.Join(paragraph, "\n"))
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
					i++ // an escaped backtick begins no span
				}
				i++
				continue
			case open == 0 && last[n] > at+i: // a later one closes it
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

// lastRuns returns, for each length of a run of backticks, where the last one begins.
func lastRuns(text string) map[int]int {
	last := map[int]int{}
	for i := 0; i < len(text); {
		run := 0
		for i+run < len(text) && text[i+run] == '`' {
			run++
		}
		if run > 0 {
			last[run] = i
		}
		i += max(run, 1)
	}
	return last
}

// Command returns the words of a command, which is a line that begins with @ and the name of a bot,
// or with a slash and a word. The words are those after the name, or all of them, with the slash.
// ok is false for any other line. The case of the name does not matter, and a colon or a comma after
// it is dropped. An empty name or slash is found nowhere.
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
