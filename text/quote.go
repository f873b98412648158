package text

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of [Quote].
const (
	maxQuoted = 64 << 10 // bytes of a text that are looked at
	maxBlock  = 400      // characters of one paragraph, item or heading
	maxBlocks = 40       // of them
)

// Quote is a text of several lines, such as release notes, as GitLab Markdown that shows it and obeys
// nothing in it. Paragraphs, items of lists and headings stay; headings are bold, lists have one
// level, and lines of code are items. Comments, HTML tags, images and rules are left out, and a link is its text.
// A text of more than limit bytes is cut after a block. cut says that something
// of it is missing for its length. It has no blank line at either end; a text without content gives "".
func Quote(s string, limit int) (quoted string, cut bool) {
	if len(s) > maxQuoted {
		s, cut = s[:maxQuoted], true
		for n := 0; n < utf8.UTFMax && !utf8.ValidString(s[len(s)-min(4, len(s)):]); n++ {
			s = s[:len(s)-1] // not inside a character
		}
	}
	var out strings.Builder
	var last kind
	blocks, beyond := split(comment.ReplaceAllString(s, "\n"))
	for _, b := range blocks {
		line := b.render()
		if line == "" {
			continue
		}
		gap := "\n\n"
		if last == item && b.kind == item {
			gap = "\n"
		}
		if out.Len() == 0 {
			gap = ""
		}
		if out.Len()+len(gap)+len(line) > limit {
			return out.String(), true
		}
		out.WriteString(gap + line)
		cut, last = cut || utf8.RuneCountInString(b.text) > maxBlock, b.kind
	}
	return out.String(), cut || beyond
}

// Quoted reports whether every line of a text is one that [Quote] may write, so that the text is harmless whoever
// wrote it.
func Quoted(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		bare := strings.TrimPrefix(line, bullet)
		b := block{paragraph, raw(bare)}
		switch {
		case line == "":
			continue
		case bare != line:
			b.kind = item
		case strings.HasPrefix(line, "**") && strings.HasSuffix(line, "**") && len(line) > 4:
			b = block{heading, raw(line[2 : len(line)-2])}
		}
		if b.written() != line {
			return false
		}
	}
	return true
}

// kind is what a line of a text is.
type kind int

const (
	paragraph kind = iota
	item
	heading
)

// block is a part of a text that becomes one line.
type block struct {
	kind kind
	text string
}

const bullet = " - "

var (
	comment = regexp.MustCompile(`(?s)<!--.*?(?:-->|\z)`)
	tag     = regexp.MustCompile(`</?[A-Za-z][^<>]*>`)
	image   = regexp.MustCompile(`!\[[^\[\]]*\]\([^()\s]*(?:[ \t]+"[^"]*")?\)`)
	link    = regexp.MustCompile(`\[([^\[\]]+)\]\([^()\s]*(?:[ \t]+"[^"]*")?\)`)
	head    = regexp.MustCompile(`^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$`)
	entry   = regexp.MustCompile(`^[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$`)
	fence   = regexp.MustCompile("^[ \t]*(?:```|~~~)")
	rule    = regexp.MustCompile(`^[ \t|:]*(?:[-*_=][ \t|:]*){2,}$`)
)

// split takes a text apart. beyond says that it has more than maxBlocks parts.
func split(s string) (out []block, beyond bool) {
	code, open := false, false // open: the next line continues the last block
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n") {
		switch {
		case fence.MatchString(line):
			code, open = !code, false
			continue
		case code:
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, block{item, "`" + strings.ReplaceAll(line, "`", "'") + "`"})
			}
		case strings.TrimSpace(line) == "", rule.MatchString(line):
			open = false
		default:
			out, open = add(out, spoken(line), open), true
		}
		if len(out) > 0 && out[len(out)-1].kind == heading {
			open = false
		}
		if len(out) > maxBlocks {
			return out[:maxBlocks], true
		}
	}
	return out, false
}

// spoken is a line without what only a page of its own would show.
func spoken(line string) string {
	line = link.ReplaceAllString(image.ReplaceAllString(line, ""), "$1")
	return tag.ReplaceAllString(line, "")
}

// add adds a line to the blocks, as one of its own or, if open, to the last one.
func add(out []block, line string, open bool) []block {
	if m := head.FindStringSubmatch(line); m != nil {
		return append(out, block{heading, m[1]})
	}
	if m := entry.FindStringSubmatch(line); m != nil {
		return append(out, block{item, m[1]})
	}
	if open && len(out) > 0 {
		last := &out[len(out)-1]
		if len(last.text) <= utf8.UTFMax*maxBlock {
			last.text += " " + line
		}
		return out
	}
	return append(out, block{paragraph, line})
}

// render is a block as one line, "" if it shows nothing.
func (b block) render() string {
	b.text = Plain(b.text, maxBlock)
	if b.text == "" {
		return ""
	}
	line := b.written()
	if !Quoted(line) { // its backticks do not pair
		b.text = strings.ReplaceAll(b.text, "`", "'")
		line = b.written()
	}
	return line
}

// written is render for any length.
func (b block) written() string {
	switch b.kind {
	case heading:
		return "**" + Inline(strings.ReplaceAll(b.text, "`", "'"), 0) + "**"
	case item:
		return bullet + Prose(b.text, 0)
	default:
		return Prose(b.text, 0)
	}
}

// raw takes back what [Prose] does to a line. Of a line that Prose did not write the
// result may be anything.
func raw(line string) string {
	var out strings.Builder
	entities := strings.NewReplacer("&lt;", "<", "&amp;", "&", "&grave;", "`")
	line = strings.ReplaceAll(line, gap, "")
	for i := 0; ; i++ {
		before, rest, more := strings.Cut(line, "`")
		if i%2 == 1 {
			out.WriteString(before) // code is as it is
		} else {
			out.WriteString(entities.Replace(Unescaped(before)))
		}
		if !more {
			return out.String()
		}
		out.WriteByte('`')
		line = rest
	}
}

// Unescaped takes away the backslash before any character, which Markdown does before punctuation alone. A
// backslash at the end stays. It takes back what [Inline] and [Prose] escape outside of code.
func Unescaped(s string) string {
	var out strings.Builder
	escaped := false
	for _, r := range s {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		out.WriteRune(r)
	}
	if escaped {
		out.WriteByte('\\')
	}
	return out.String()
}
