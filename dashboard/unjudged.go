package dashboard

import (
	"strings"
)

// This file remembers what was offered on pages whose ticks nobody has judged.

// unjudged parts a page from what is remembered below it. Text of ours has no such
// comment, and nobody else's is remembered.
const unjudged = "\n<!-- pinwheel:unjudged -->\n"

// Remember returns what to remember of a page that was written while ticks could
// not be judged: the page, and below it, under their headings, the boxes that only
// before offered, which is what was remembered until then. A tick that was made on
// these counts when it is judged.
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

// Written returns the page of what Remember made: what was written last.
func Written(remembered string) string {
	page, _, _ := strings.Cut(remembered, unjudged)
	return page
}
