package main

import (
	"bytes"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// diffs prints what every branch that would be written changes.
func (p *program) diffs(s seen) {
	main := map[string][]byte{}
	for _, f := range s.Snapshot.Files {
		main[f.Path] = f.Data
		if f.Derived != nil {
			main[f.Derived.Path] = f.Derived.Data
		}
	}
	for _, a := range s.Plan.Actions {
		commit, ok := a.(plan.CommitBranch)
		if !ok {
			continue
		}
		fmt.Fprintf(p.out, "\n%s\n", printable(commit.Branch))
		for _, f := range commit.Made().Files {
			fmt.Fprint(p.out, p.coloured(unified(f.Path, main[f.Path], f.Content, p.screen)))
		}
	}
}

// coloured makes what goes red and what comes green, where colour may show.
func (p *program) coloured(diff string) string {
	if !p.colour {
		return diff
	}
	var b strings.Builder
	for l := range strings.Lines(diff) {
		code := map[byte]string{'-': "31", '+': "32", '@': "36"}[l[0]]
		if code == "" {
			b.WriteString(l)
			continue
		}
		fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m\n", code, strings.TrimSuffix(l, "\n"))
	}
	return b.String()
}

// around is how many unchanged lines stand around a change.
const around = 3

// line is one line of a diff: ' ', '-' or '+' and its text with its line end.
type line struct {
	mark byte
	text string
}

// unified is the difference in the form of diff -u, without times: a patch for
// patch -p0 and git apply -p0. Equal texts give "". It holds the bytes of the
// files, but for the passwords of addresses. For a screen it holds no control
// characters, and is no patch where the files have some.
func unified(path string, from, to []byte, screen bool) string {
	if bytes.Equal(from, to) {
		return ""
	}
	name := printable(path)
	if strings.ContainsAny(name, " \t") {
		name += "\t" // behind it, others write the time
	}
	lines := edits(splitLines(from), splitLines(to))
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
	oldLine, newLine := 1, 1
	for i := 0; i < len(lines); {
		next := i
		for next < len(lines) && lines[next].mark == ' ' {
			next++
		}
		if next == len(lines) {
			break
		}
		start := max(i, next-around)
		oldLine, newLine = oldLine+start-i, newLine+start-i
		end := hunkEnd(lines, next)
		olds, news := 0, 0
		var body strings.Builder
		for _, l := range lines[start:end] {
			if l.mark != '+' {
				olds++
			}
			if l.mark != '-' {
				news++
			}
			body.WriteByte(l.mark)
			body.WriteString(l.shown(screen))
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n%s", place(oldLine, olds), place(newLine, news), body.String())
		oldLine, newLine, i = oldLine+olds, newLine+news, end
	}
	return b.String()
}

// place is "line,count"; an empty side counts from the line before.
func place(line, n int) string {
	if n == 0 {
		line--
	}
	return fmt.Sprintf("%d,%d", line, n)
}

// hunkEnd is the end of the hunk with a change at i: where more than twice the
// context is unchanged, or the text ends.
func hunkEnd(lines []line, i int) int {
	last := i
	for j := i; j < len(lines) && j-last <= 2*around; j++ {
		if lines[j].mark != ' ' {
			last = j
		}
	}
	return min(last+1+around, len(lines))
}

// shown is the text of a line as it is printed, with its line end.
func (l line) shown(screen bool) string {
	text, ended := strings.CutSuffix(l.text, "\n")
	if screen {
		text = printable(text)
	} else {
		text = masked(text)
	}
	if !ended {
		return text + "\n\\ No newline at end of file\n"
	}
	return text + "\n"
}

// splitLines returns the lines with their ends, which are "\n" alone.
func splitLines(b []byte) []string {
	lines := strings.SplitAfter(string(b), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	return lines
}

// edits is the shortest way from a to b where the changed middle is small,
// and all of it replaced where it is not.
func edits(a, b []string) []line {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []line
	for _, s := range a[:head] {
		out = append(out, line{' ', s})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, s := range a[len(a)-tail:] {
		out = append(out, line{' ', s})
	}
	return out
}

func middle(a, b []string) []line {
	const most = 4 << 20
	common := make([][]int32, len(a)+1)
	if len(a)*len(b) <= most {
		for i := range common {
			common[i] = make([]int32, len(b)+1)
		}
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				common[i][j] = max(common[i+1][j], common[i][j+1])
				if a[i] == b[j] {
					common[i][j] = common[i+1][j+1] + 1
				}
			}
		}
	}
	var out []line
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case common[i] != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, line{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (common[i] == nil || j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, line{'-', a[i]})
			i++
		default:
			out = append(out, line{'+', b[j]})
			j++
		}
	}
	return out
}
