package gitlabsim

import (
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// hunk says that lines aLo..aHi of the old became bLo..bHi of the new.
type hunk struct{ aLo, aHi, bLo, bHi int }

// linesOf keeps the newline on every line that has one, so that a file
// without the last newline differs from one with it.
func linesOf(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		return lines[:len(lines)-1]
	}
	return lines
}

// diffLines is how a becomes b, as ordered hunks. Between two of them stands at
// least one line that both have.
func diffLines(a, b []string) []hunk {
	var out []hunk
	var at, bt int // where the next line of the patch stands
	open := false
	for l := range strings.Lines(patch(strings.Join(a, ""), strings.Join(b, ""))) {
		switch l[0] {
		case '@':
			m := place().FindStringSubmatch(l)
			at, bt, open = start(m[1], m[2]), start(m[3], m[4]), false
		case ' ':
			at, bt, open = at+1, bt+1, false
		case '-', '+':
			if !open {
				out, open = append(out, hunk{at, at, bt, bt}), true
			}
			h := &out[len(out)-1]
			if l[0] == '-' {
				at++
				h.aHi = at
			} else {
				bt++
				h.bHi = bt
			}
		}
	}
	return out
}

// patch is the difference with three lines of context, without file headers.
func patch(was, is string) string {
	text := string(diff.Diff("a", []byte(was), "b", []byte(is)))
	for range 3 { // the command, --- and +++
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// place is where a hunk of a patch stands: the first line of each side, from one,
// and how many there are. A side without lines is counted from the one before.
var place = lazy(`(?m)^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$`)

func start(line, count string) int {
	n, _ := strconv.Atoi(line) // digits
	if count != "0" {
		n--
	}
	return n
}

// single is a length of one in the head of a hunk, which git leaves out.
var single = lazy(`(?m)(^@@ -\d+|^@@ -\d+(?:,\d+)? \+\d+),1( )`)

// unified renders a difference as GitLab does.
func unified(was, is string) string {
	text := patch(was, is)
	for range 2 {
		text = single().ReplaceAllString(text, "$1$2")
	}
	return text
}
