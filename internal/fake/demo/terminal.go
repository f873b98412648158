package demo

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/plan"
)

const width = 100

// terminal prints for a terminal and keeps the first error of its writer.
type terminal struct {
	out   io.Writer
	color bool
	hide  *strings.Replacer // addresses of the demo's servers
	err   error
}

const (
	bar   = "│ " // beside what GitLab shows
	plain = ""
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
	cyan  = "\x1b[36m"
)

// put prints text after indent, wrapped; beside a bar later lines stand further in.
func (p *terminal) put(style, indent, text string) {
	if p.hide != nil {
		text = p.hide.Replace(text)
	}
	hang := ""
	if strings.HasPrefix(indent, bar) {
		hang = "      "
	}
	for i, l := range wrap(text, width-utf8.RuneCountInString(indent), len(hang)) {
		if i > 0 {
			l = hang + l
		}
		l = indent + l
		if p.color && style != plain {
			l = style + l + "\x1b[0m"
		}
		if _, err := fmt.Fprintln(p.out, strings.TrimRight(l, " ")); err != nil && p.err == nil {
			p.err = err
		}
	}
}

func (p *terminal) blank() { p.put(plain, "", "") }

// wrap breaks text at spaces, never within a word. Lines after the first are
// shorter by hang.
func wrap(text string, most, hang int) []string {
	rest := most - hang
	var out []string
	for utf8.RuneCountInString(text) > most {
		runes := []rune(text)
		cut := strings.LastIndex(string(runes[:most+1]), " ")
		if strings.TrimSpace(text[:max(cut, 0)]) == "" {
			break
		}
		out = append(out, strings.TrimRight(text[:cut], " "))
		text = strings.TrimLeft(text[cut:], " ")
		most = rest
	}
	return append(out, text)
}

// line is one line of a page as GitLab shows it, with the heading and the fold that it
// is in.
type line struct {
	heading, fold, text string
	sort                sort
}

// sort says what a line is, by its Markdown.
type sort string

const (
	ordinary sort = ""
	blank    sort = "blank"
	headline sort = "headline"
	table    sort = "table"
	bulk     sort = "bulk" // the box for all updates of a heading
)

// about is what a line is about: the dependency that it updates, or its text.
func (l line) about() string {
	text, _, _ := strings.Cut(l.text, " — ")
	text, _, _ = strings.Cut(text, " to v")
	return text
}

var (
	hidden  = regexp.MustCompile(`<!-- *(.*?) *-->`)
	tags    = regexp.MustCompile(`</?(details|summary)>`)
	rule    = regexp.MustCompile(`^\|[-| ]+\|$`)
	link    = regexp.MustCompile(`\[([^\]]+)\]\(([!#]\d+)\)`)
	address = regexp.MustCompile(`\[([^\]]+)\]\(https?://[^)]+\)`)
)

// shown is a description without what GitLab hides, a reason on the line of its
// checkbox, and links as their text.
func shown(description string) []line {
	var out []line
	heading, fold := "", ""
	for l := range strings.Lines(description) {
		l = strings.TrimRight(l, "\n")
		folded, is := strings.Contains(l, "<summary>"), ordinary
		marked := hidden.MatchString(l)
		if marked && bulkMarker(hidden.FindStringSubmatch(l)[1]) {
			is = bulk
		}
		l = tags.ReplaceAllString(hidden.ReplaceAllString(l, ""), "")
		l = address.ReplaceAllString(link.ReplaceAllString(l, "$1 ($2)"), "$1")
		l = strings.ReplaceAll(strings.ReplaceAll(l, "**", ""), `\`, "")
		switch {
		case strings.TrimSpace(l) == "" || rule.MatchString(l):
			if len(out) > 0 && out[len(out)-1].sort != blank && !marked && !rule.MatchString(l) {
				out = append(out, line{heading: heading, fold: fold, sort: blank})
			}
			continue
		case strings.HasPrefix(l, "## "):
			heading, fold, is = strings.TrimPrefix(l, "## "), "", headline
		case folded:
			l = "▸ " + l
			fold = l
		case strings.HasPrefix(l, "|"):
			is = table
		case strings.HasPrefix(l, "   — ") && len(out) > 0:
			out[len(out)-1].text += l[2:]
			continue
		}
		if marked {
			l = strings.TrimPrefix(l, " - ")
		}
		out = append(out, line{heading, fold, l, is})
	}
	for len(out) > 0 && out[len(out)-1].sort == blank {
		out = out[:len(out)-1]
	}
	return out
}

// whole prints every line of a page beside a bar.
func (p *terminal) whole(lines []line) {
	for _, l := range lines {
		style := plain
		if l.sort == headline {
			style = bold
		}
		p.put(style, bar, l.text)
	}
}

// most is how many changed lines of one heading are printed, but for Open.
const most = 2

// changes prints the lines that are new or went away, by heading.
func (p *terminal) changes(old, fresh []line) {
	was, is := map[line]bool{}, map[string]bool{}
	for _, l := range old {
		was[l] = true
	}
	for _, l := range fresh {
		is[l.about()] = true
	}
	heading, count := "", 0
	rest := func() {
		if count > most && heading != "Open" {
			p.put(dim, bar, fmt.Sprintf("  ... and %d more like these", count-most))
		}
	}
	show := func(l line, style, sign string) {
		if l.heading != heading {
			rest()
			heading, count = l.heading, 0
			p.put(bold, bar, "## "+heading)
		}
		if count++; count <= most || heading == "Open" {
			p.put(style, bar, sign+strings.TrimPrefix(l.text, " - "))
		}
	}
	for _, l := range fresh {
		if !was[l] && quotable(l) {
			show(l, green, "+ ")
		}
	}
	for _, l := range old {
		if !is[l.about()] && quotable(l) && strings.HasPrefix(l.text, "[") {
			show(l, red, "- ")
		}
	}
	rest()
}

// quotable leaves out headings, blank lines, bulk boxes, tables, and what is folded.
func quotable(l line) bool { return l.sort == ordinary && l.fold == "" }

// bulkMarker reports whether a marker is that of the box for all updates of a heading.
func bulkMarker(marker string) bool {
	return marker != "" && slices.ContainsFunc(plan.Table(), func(r plan.Row) bool { return r.Bulk == marker })
}

// diff prints a unified diff, without git's lines about blobs.
func (p *terminal) diff(text string, context bool) {
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		switch {
		case strings.HasPrefix(l, "diff "), strings.HasPrefix(l, "index "), strings.HasPrefix(l, "--- "):
		case strings.HasPrefix(l, "+++ "):
			p.put(bold, "    ", strings.TrimPrefix(strings.TrimPrefix(l, "+++ "), "b/"))
		case strings.HasPrefix(l, "+"):
			p.put(green, "    ", l)
		case strings.HasPrefix(l, "-"):
			p.put(red, "    ", l)
		case strings.HasPrefix(l, "@@"):
			if context {
				p.put(cyan, "    ", l)
			}
		case context:
			p.put(plain, "    ", l)
		}
	}
}
