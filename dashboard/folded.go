package dashboard

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// The folded end of the page: facts to look up, first to go when it is too
// long.

func fold(summary string) string {
	return "<details><summary>" + text.HTML(summary, maxTitle) + "</summary>\n\n"
}

// most is how many lines a section shows unfolded.
const most = 20

// foldLong folds the lines of a section beyond that; its bulk box stays outside. A
// section with a ticked box stays unfolded, since people look for that box.
func (s *section) foldLong() {
	rows, bulk := s.rows, s.rows[len(s.rows):]
	if s.bulk && len(rows) > 0 {
		rows, bulk = rows[:len(rows)-1], rows[len(rows)-1:]
	}
	if len(rows) <= most || slices.ContainsFunc(s.rows, func(r row) bool { return strings.Contains(r.text+r.reason, "- [x] <!--") }) {
		return
	}
	rest := section{head: "\n" + fold(count(len(rows)-most, "more update")), rows: slices.Clone(rows[most:]), end: "\n</details>\n"}
	s.rows = append(slices.Clone(rows[:most]), bulk...)
	s.inner = append(s.inner, rest)
}

const unfold = "\n</details>\n\n"

func whyNot(p plan.Plan) section {
	above := maturing(p)
	all := slices.DeleteFunc(slices.Clone(p.Why), func(w plan.WhyNot) bool { return above[step{w.File, w.Name, w.From, w.Newest}] })
	s := section{end: unfold, head: fold(fmt.Sprintf("Why not newer? %s", count(len(all), "pin"))) +
		"| Pin | Newest | Stays or goes to | Because |\n|---|---|---|---|\n"}
	var files []string
	for _, w := range all {
		if !slices.Contains(files, w.File) {
			files = append(files, w.File)
		}
	}
	for _, w := range all {
		pin := w.Name + " " + w.From
		if len(files) > 1 {
			pin += " (" + w.File + ")"
		}
		s.add(rankWhy, fmt.Sprintf("| %s | %s | %s | %s |\n", text.Cell(pin, maxTitle), text.Cell(w.Newest, maxTitle),
			text.Cell(w.To, maxTitle), text.Cell(w.Because, maxReason)))
	}
	return s
}

// step is what a move does to a pin.
type step struct{ file, name, from, to string }

// maturing are the moves that stand above with when they are old enough.
func maturing(p plan.Plan) map[step]bool {
	out := map[step]bool{}
	for _, u := range p.Updates {
		if u.State != plan.Maturing {
			continue
		}
		for _, m := range u.Moves {
			out[step{m.File, m.Name, m.From, m.To}] = true
		}
	}
	return out
}

func unmanaged(p plan.Plan) section {
	s := section{end: unfold, head: fold(fmt.Sprintf("Lines not managed: %d of %d", len(p.Unmanaged), p.Pins+len(p.Unmanaged)))}
	for _, u := range p.Unmanaged {
		s.add(rankUnmanaged, " - "+text.Inline(place(u.File, u.Line), maxTitle)+" "+text.Line(u.Text)+" "+text.Prose(u.Reason, maxReason)+"\n")
	}
	return s
}

// detected lists the pins that have nothing to move to, folded per file.
func detected(p plan.Plan) section {
	s := section{head: "## Detected Dependencies\n"}
	for i := 0; i < len(p.Current); {
		file := p.Current[i].File
		end := i
		for end < len(p.Current) && p.Current[end].File == file {
			end++
		}
		inner := section{head: fold(file + ": " + count(end-i, "current pin")), between: " · ", end: "\n" + unfold}
		for _, pin := range p.Current[i:end] {
			inner.add(rankDetected, text.Code(pin.Name+" "+pin.Version))
		}
		s.inner = append(s.inner, inner)
		i = end
	}
	return s
}
