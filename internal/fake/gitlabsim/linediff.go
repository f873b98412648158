package gitlabsim

import (
	"fmt"
	"strings"
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

// diffLines is Myers' greedy shortest edit script, as ordered hunks.
func diffLines(a, b []string) []hunk {
	lo := 0
	for lo < len(a) && lo < len(b) && a[lo] == b[lo] {
		lo++
	}
	aHi, bHi := len(a), len(b)
	for aHi > lo && bHi > lo && a[aHi-1] == b[bHi-1] {
		aHi, bHi = aHi-1, bHi-1
	}
	hunks := myers(a[lo:aHi], b[lo:bHi])
	for i := range hunks {
		hunks[i].aLo, hunks[i].aHi = hunks[i].aLo+lo, hunks[i].aHi+lo
		hunks[i].bLo, hunks[i].bHi = hunks[i].bLo+lo, hunks[i].bHi+lo
	}
	return hunks
}

func myers(a, b []string) []hunk {
	if len(a) == 0 || len(b) == 0 {
		if len(a)+len(b) == 0 {
			return nil
		}
		return []hunk{{0, len(a), 0, len(b)}}
	}
	most := len(a) + len(b)
	reach := make([]int, 2*most+2)
	var trace [][]int
	for d := 0; d <= most; d++ {
		trace = append(trace, append([]int(nil), reach...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && reach[most+k-1] < reach[most+k+1] {
				x = reach[most+k+1]
			} else {
				x = reach[most+k-1] + 1
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[most+k] = x
			if x >= len(a) && y >= len(b) {
				return backtrack(trace, len(a), len(b), most)
			}
		}
	}
	return nil
}

// backtrack walks the trace from the end and joins single edits that touch.
func backtrack(trace [][]int, x, y, most int) []hunk {
	var edits []hunk // last first
	for d := len(trace) - 1; d > 0; d-- {
		reach, k := trace[d], x-y
		prev := k - 1
		if k == -d || k != d && reach[most+k-1] < reach[most+k+1] {
			prev = k + 1
		}
		px := reach[most+prev]
		py := px - prev
		ex, ey := px, py
		if prev == k+1 {
			ey++ // an insertion
		} else {
			ex++ // a deletion
		}
		if n := len(edits); n > 0 && edits[n-1].aLo == ex && edits[n-1].bLo == ey {
			edits[n-1].aLo, edits[n-1].bLo = px, py
		} else {
			edits = append(edits, hunk{px, ex, py, ey})
		}
		x, y = px, py
	}
	for i, j := 0, len(edits)-1; i < j; i, j = i+1, j-1 {
		edits[i], edits[j] = edits[j], edits[i]
	}
	return edits
}

// unified renders hunks with three lines of context, without file headers, as
// GitLab's diffs are.
func unified(old, new string) string {
	a, b := linesOf(old), linesOf(new)
	hunks := diffLines(a, b)
	var out strings.Builder
	for i := 0; i < len(hunks); {
		j := i
		for j+1 < len(hunks) && hunks[j+1].aLo-hunks[j].aHi <= 6 {
			j++
		}
		writeHunk(&out, a, b, hunks[i:j+1])
		i = j + 1
	}
	return out.String()
}

func writeHunk(out *strings.Builder, a, b []string, group []hunk) {
	first, last := group[0], group[len(group)-1]
	before := min(3, first.aLo)
	after := min(3, len(a)-last.aHi)
	aLen, bLen := last.aHi-first.aLo+before+after, last.bHi-first.bLo+before+after
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(first.aLo-before, aLen), span(first.bLo-before, bLen))
	at := first.aLo - before
	for _, h := range group {
		writeDiffLines(out, " ", a[at:h.aLo])
		writeDiffLines(out, "-", a[h.aLo:h.aHi])
		writeDiffLines(out, "+", b[h.bLo:h.bHi])
		at = h.aHi
	}
	writeDiffLines(out, " ", a[at:at+after])
}

func span(start, length int) string {
	if length == 0 {
		return fmt.Sprintf("%d,0", start)
	}
	if length == 1 {
		return fmt.Sprint(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, length)
}

func writeDiffLines(out *strings.Builder, sign string, lines []string) {
	for _, line := range lines {
		out.WriteString(sign + line)
		if !strings.HasSuffix(line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
