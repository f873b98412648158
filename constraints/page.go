package constraints

import (
	"bytes"
	"regexp"
	"strings"
)

// page is a file as a list of physical lines, which are removed and added as a whole.
type page struct {
	f     *File
	mark  []byte // the byte order mark
	lines []physical
	// starts are the places in the file at which the lines begin.
	starts []int
}

// physical is one line of the file: its bytes, and its line end, which only the last line may lack.
type physical struct{ text, end string }

func pageOf(f *File) *page {
	p := &page{f: f, mark: f.Data[:f.src.offset(0)]}
	at := splitLines(f.src.text)
	for i, s := range at {
		next := len(f.src.text)
		if i+1 < len(at) {
			next = at[i+1].start
		}
		start, end := f.src.offset(s.start), f.src.offset(s.end)
		p.lines = append(p.lines, physical{string(f.Data[start:end]), string(f.Data[end:f.src.offset(next)])})
		p.starts = append(p.starts, start)
	}
	return p
}

// open reports whether the last line has no end.
func (p *page) open() bool { return len(p.lines) > 0 && p.lines[len(p.lines)-1].end == "" }

// without returns the lines except some, given by their indices. It drops the end of the last one,
// since another line may have been the last.
func (p *page) without(some map[int]bool) []physical {
	var out []physical
	for i, l := range p.lines {
		if !some[i] {
			out = append(out, l)
		}
	}
	if len(out) > 0 {
		out[len(out)-1].end = ""
	}
	return out
}

// via matches the beginning of what pip-tools and uv write below a pin.
var via = regexp.MustCompile(`^\s+#\s*via\b`)

// drop returns the indices of the lines that are removed with some pins.
func (p *page) drop(pins []int) map[int]bool {
	dropped := map[int]bool{}
	for _, i := range pins {
		l := p.f.lineOf(p.f.Pins[i])
		end := l.last
		if end < len(p.lines) && via.MatchString(p.lines[end].text) {
			end = p.below(l)
		}
		for n := l.number - 1; n < end; n++ {
			dropped[n] = true
		}
	}
	return dropped
}

// below returns the index of the line after a logical line and the comment
// lines under it that are indented deeper.
func (p *page) below(l logicalLine) int {
	depth := indent(p.lines[l.number-1].text)
	i := l.last
	for i < len(p.lines) && isComment(p.lines[i].text) && len(indent(p.lines[i].text)) > len(depth) {
		i++
	}
	return i
}

func indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// eol returns the line end to write after line i: its own; if it has none or one that only Python
// knows, the first usual one of the file.
func (p *page) eol(i int) string {
	usual := func(end string) bool { return end == "\n" || end == "\r\n" || end == "\r" }
	if i >= 0 && i < len(p.lines) && usual(p.lines[i].end) {
		return p.lines[i].end
	}
	for _, l := range p.lines {
		if usual(l.end) {
			return l.end
		}
	}
	return "\n"
}

// render writes the page without the dropped lines and with the added ones, each list of adds
// before the line with its index.
func (p *page) render(dropped map[int]bool, adds map[int][]physical) []byte {
	var lines []physical
	for i := 0; i <= len(p.lines); i++ {
		lines = append(lines, adds[i]...)
		if i < len(p.lines) && !dropped[i] {
			lines = append(lines, p.lines[i])
		}
	}
	var out bytes.Buffer
	out.Write(p.mark)
	for i, l := range lines {
		last := i == len(lines)-1
		switch {
		case last && p.open():
			l.end = ""
		case l.end == "":
			l.end = p.eol(-1)
		}
		out.WriteString(l.text + l.end)
	}
	return out.Bytes()
}
