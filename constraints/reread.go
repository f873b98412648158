package constraints

import "strings"

// This file reads a later version of a file. Most of its lines are the same, and
// what a line says depends on the line alone, but for the places of its bytes.

// said is what one logical line became: a pin, an unmanaged line, or neither. The
// indices are plus one.
type said struct{ pin, unmanaged int }

// Reread reads a later version of the same file for the same use: what is said by
// lines that f has, too, is taken over from it. The outcome is the same as without f.
func (f *File) Reread(data []byte) (*File, error) { return readAfter(f, f.Path, data, f.Use) }

// farthest is how many lines of the old file are compared with a new line, at
// most: enough for the lines that one update moves, adds and removes together.
const farthest = 64

// follower finds lines of an old file in the order in which a new one has them.
type follower struct {
	old    *File // nil: there is none
	at     int   // the line of old that is expected next
	missed int   // new lines since the last that was found
}

// find returns the line of the old file that reads as l, from where the last one
// was found on; -1 is none.
func (w *follower) find(src *source, l logicalLine) int {
	if w.old == nil || w.old.src.at != nil || src.at != nil {
		return -1
	}
	end := min(len(w.old.lines), w.at+min(w.missed+2, farthest))
	for k := w.at; k < end; k++ {
		if w.old.sameLine(k, src, l) {
			w.at, w.missed = k+1, 0
			return k
		}
	}
	w.missed++
	return -1
}

// sameLine reports whether a line of f reads as l of another text, with the same
// bytes between its parts.
func (f *File) sameLine(k int, src *source, l logicalLine) bool {
	o := f.lines[k]
	if o.text != l.text || len(o.segs) != len(l.segs) {
		return false
	}
	shift := l.segs[0].src - o.segs[0].src
	for i := range o.segs {
		if o.segs[i].src < 0 || l.segs[i].src < 0 || o.segs[i].lo != l.segs[i].lo || l.segs[i].src-o.segs[i].src != shift {
			return false
		}
	}
	if len(o.segs) == 1 {
		return true
	}
	from, to := o.at(0), o.at(len(o.text)-1)+1
	return f.src.text[from:to] == src.text[from+shift:to+shift]
}

// takeOver takes what the k-th line of an old file says for l. It reports false
// where that line was read as something else than one pin or one unmanaged line.
func (f *File) takeOver(old *File, k int, l logicalLine) bool {
	switch s := old.said[k]; {
	case s.pin > 0:
		p := old.Pins[s.pin-1]
		o := old.lines[k]
		shift := f.src.offset(l.at(0)) - old.src.offset(o.at(0))
		p.Line = l.number
		p.version = p.version.moved(shift)
		if p.HasHashes {
			p.hashes.span = p.hashes.moved(shift)
		}
		f.Pins = append(f.Pins, p)
	case s.unmanaged > 0:
		u := old.Unmanaged[s.unmanaged-1]
		u.Line = l.number
		f.Unmanaged = append(f.Unmanaged, u)
	default:
		return false
	}
	return true
}

func (s span) moved(by int) span { return span{s.start + by, s.end + by} }

// plainLine is a line that stands on one physical line and continues nothing, but for
// its segment, which begins behind cut bytes; ok is false where nothing is left of it.
func plainLine(number int, line string) (l logicalLine, cut int, ok bool) {
	text := uncomment(line)
	body := strings.TrimLeftFunc(text, isSpace)
	l = logicalLine{number: number, last: number, text: strings.TrimRightFunc(body, isSpace)}
	return l, len(text) - len(body), l.text != ""
}
