package dashboard

import (
	"fmt"
	"strings"
)

// rank orders what a page may lose: the highest goes first.
type rank int

const (
	rankBox rank = iota
	rankProblem
	rankRequest
	rankReason
	rankHeld
	rankNote
	rankWhy
	rankUnmanaged
	rankDetected
	rankChart
	ranks
)

// lost are the words for rows that were left out, by rank.
func (r rank) lost(n int) string {
	words := [ranks]struct{ what, rest string }{
		{"update", ""}, {"problem", ""}, {"refused request", ""}, {"reason", ""}, {"update", " held back"}, {"note", ""},
		{"row", " of “Why not newer?”"}, {"line", " not managed"}, {"current pin", ""}, {"chart", ""},
	}[r]
	return count(n, words.what) + words.rest
}

// section is a part of the page. Without rows it shows nothing at all.
type section struct {
	head    string
	between string
	end     string
	rows    []row
	bulk    bool // the last row is a bulk box
	inner   []section
}

type row struct {
	text string
	rank rank
	// reason belongs to the row and may be left out alone.
	reason string
}

func (s *section) add(r rank, text string) { s.rows = append(s.rows, row{text: text, rank: r}) }

func (s *section) addUpdate(r rank, text, reason string) {
	s.rows = append(s.rows, row{text: text, rank: r, reason: reason})
}

func (s *section) empty() bool { return s.size() == 0 }

// size is the length of what write writes.
func (s *section) size() int {
	n := 0
	for _, r := range s.rows {
		n += len(r.text) + len(r.reason) + len(s.between)
	}
	if n > 0 {
		n -= len(s.between)
	}
	for i := range s.inner {
		n += s.inner[i].size()
	}
	if n > 0 {
		n += len(s.head) + len(s.end)
	}
	return n
}

func (s *section) write(out *strings.Builder) {
	if s.empty() {
		return
	}
	out.WriteString(s.head)
	for i, r := range s.rows {
		if i > 0 {
			out.WriteString(s.between)
		}
		out.WriteString(r.text)
		out.WriteString(r.reason)
	}
	for i := range s.inner {
		s.inner[i].write(out)
	}
	out.WriteString(s.end)
}

// shorten takes rows of the given rank away, from the end, until excess bytes are
// gone. It returns how many rows and how many bytes it took away.
func (s *section) shorten(r rank, excess int) (rows, bytes int) {
	for i := len(s.inner) - 1; i >= 0 && bytes < excess; i-- {
		n, b := s.inner[i].shorten(r, excess-bytes)
		rows, bytes = rows+n, bytes+b
	}
	if rows > 0 && s.empty() {
		bytes += len(s.head) + len(s.end)
	}
	for i := len(s.rows) - 1; i >= 0 && bytes < excess; i-- {
		switch {
		case r == rankReason && s.rows[i].reason != "":
			bytes += len(s.rows[i].reason)
			s.rows[i].reason = ""
			rows++
		case s.rows[i].rank == r:
			bytes += len(s.rows[i].text) + len(s.rows[i].reason)
			if len(s.rows) > 1 {
				bytes += len(s.between)
			} else {
				bytes += len(s.head) + len(s.end)
			}
			s.rows = append(s.rows[:i], s.rows[i+1:]...)
			rows++
		}
	}
	return rows, bytes
}

// noteRoom is kept free for the line that says what is missing.
const noteRoom = 400

func bytesText(n int) string {
	if n%1024 == 0 {
		return fmt.Sprintf("%d KiB", n/1024)
	}
	return fmt.Sprintf("%d bytes", n)
}

// fit joins a page of at most limit bytes.
func fit(head string, sections []section, limit int) string {
	head += "\n"
	size := len(head)
	for i := range sections {
		size += sections[i].size()
	}
	var missing []string
	excess := size - limit
	if excess > 0 {
		excess += noteRoom
	}
	for r := ranks - 1; r >= 0 && excess > 0; r-- {
		gone := 0
		for i := len(sections) - 1; i >= 0 && excess > 0; i-- {
			n, bytes := sections[i].shorten(r, excess)
			gone, excess = gone+n, excess-bytes
		}
		if gone > 0 {
			missing = append(missing, r.lost(gone))
		}
	}
	var out strings.Builder
	out.WriteString(head)
	for i := range sections {
		sections[i].write(&out)
	}
	if len(missing) > 0 {
		fmt.Fprintf(&out, "Shortened to %s, not shown: %s.\n", bytesText(limit), strings.Join(missing, ", "))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}
