package dashboard

import (
	"strings"
)

// This file remembers what was offered on pages whose ticks nobody has judged.

// unjudged separates a page from what is remembered below it. Our own text has no such
// comment, and text of other people is never remembered.
const unjudged = "\n<!-- pinwheel:unjudged -->\n"

// Remember returns what to remember of a page that was written while ticks could not
// be judged. That is the page and, below it, under their headings, the boxes that only
// before offered; before is what was remembered until then. A tick on such a box
// counts when it is judged.
func Remember(page, before string) string {
	offered := map[string]bool{}
	for _, b := range Parse(page).Boxes {
		offered[b.key()] = true
	}
	kept := map[int]bool{}
	for _, b := range Parse(before).Boxes {
		kept[b.Line] = !offered[b.key()]
	}
	var rest []string
	heading := ""
	for i, line := range strings.Split(before, "\n") {
		switch {
		case headingLine.MatchString(line):
			heading = line
		case kept[i]:
			if heading != "" {
				rest, heading = append(rest, heading), ""
			}
			rest = append(rest, line)
		}
	}
	if len(rest) == 0 {
		return page
	}
	return page + unjudged + strings.Join(rest, "\n")
}

// Written returns the page in a text that Remember made: the page written last.
func Written(remembered string) string {
	page, _, _ := strings.Cut(remembered, unjudged)
	return page
}
