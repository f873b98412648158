package dashboard

import (
	"fmt"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file writes what is wrong or worth knowing beside the updates.

func problems(p plan.Plan, v View) section {
	s := section{head: "## Problems\n", end: "\n"}
	for _, q := range p.Problems {
		line := " - " + located(q) + told(q) + "\n"
		r, boxed := p.Revert(q)
		if !boxed {
			s.add(rankProblem, line)
			continue
		}
		s.add(rankBox, line+fmt.Sprintf("   - %s <!-- %s-branch=%s -->Revert !%d: open a merge request that takes it back\n",
			box(v.Ticked[r.Branch]), plan.BoxRevert, markable(r.Branch), r.MR))
	}
	if markable(p.Inherit) != "" {
		s.add(rankBox, fmt.Sprintf("   - [ ] <!-- %s-branch=%s -->%s was pinwheel's user before: go on\n", plan.BoxInherit, markable(p.Inherit), text.Code(p.Inherit)))
	}
	return s
}

// located is the file and line of a problem, "" without.
func located(q plan.Problem) string {
	if q.File == "" {
		return ""
	}
	return text.Code(place(q.File, q.Line)) + ": "
}

// told is a problem as sentences, with a link to the page where it is mended.
func told(q plan.Problem) string {
	what := q.Text
	if q.File == "" {
		what = capital(what) // else it may begin with what the file says
	}
	out := sentences(what, capital(q.Next))
	if q.Page != "" {
		out += " " + text.Link("The page for that", q.Page)
	}
	return out
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func remarks(p plan.Plan) section {
	s := section{head: "## Notes\n", end: "\n"}
	for _, q := range p.Hints {
		s.add(rankNote, " - "+located(q)+told(q)+"\n")
	}
	for _, n := range p.Notes {
		s.add(rankNote, " - "+sentences(n)+"\n")
	}
	return s
}
