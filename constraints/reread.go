package constraints

import "strings"

// This file reads a later version of a file. Most of its lines are the same. What a line means
// depends on the line alone, only the places of its bytes do not.

// meaning is what one logical line became: a pin, an unmanaged line, or neither. It holds their
// indices plus one.
type meaning struct{ pin, unmanaged int }

// Reread reads a later version of the same file for the same use. It takes over what lines mean
// that f has, too. The result is the same as without f.
func (f *File) Reread(data []byte) (*File, error) { return readAfter(f, f.Path, data, f.Use) }

// farthest is with how many lines of the old file a new line is compared at most. It is enough for
// the lines that one update moves, adds and removes together.
const farthest = 64

// follower finds lines of an old file in the order in which a new one has them.
type follower struct {
	old    *File // nil: there is none
	at     int   // the line of old that is expected next
	missed int   // new lines since the last that was found
}

// find returns the index of the line of the old file that is the same as l, from the last one that
// was found on; -1 for none.
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

// sameLine reports whether a line of f is the same as l of another text, with the same bytes
// between its parts.
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

// takeOver gives l the meaning of the k-th line of an old file. It reports false if that line is
// something else than one pin or one unmanaged line.
func (f *File) takeOver(old *File, k int, l logicalLine) bool {
	switch s := old.meanings[k]; {
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

// plainLine is a line that is on one physical line and continues nothing. It lacks its segment,
// which begins after cut bytes. ok is false if nothing is left of the line.
func plainLine(number int, line string) (l logicalLine, cut int, ok bool) {
	text := uncomment(line)
	body := strings.TrimLeftFunc(text, isSpace)
	l = logicalLine{number: number, last: number, text: strings.TrimRightFunc(body, isSpace)}
	return l, len(text) - len(body), l.text != ""
}
