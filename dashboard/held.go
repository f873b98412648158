package dashboard

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// holds renders what people hold back in words, each with a box that ends it. The box of a
// hold is what finds it again without a database.
func holds(p plan.Plan, v View) section {
	s := section{head: "## Held by People\n", end: "\n"}
	for _, h := range p.Holds {
		line := fmt.Sprintf(" - %s <!-- %s-branch=%s -->%s, in [this merge request](!%d)\n", box(v.Ticked[h.Branch]), plan.BoxUnhold, markable(h.Branch), heldTitle(h), h.MR)
		why := "on " + plan.Minute(h.Answer.At.In(location(v.Zone)))
		if !h.Asked.Until.IsZero() {
			why = "until " + plan.Minute(h.Asked.Until.In(location(v.Zone)))
		}
		why += ": “" + h.Asked.Reason + "”"
		said := sentences(why)
		if len(h.Keeps) > 0 {
			said += " " + sentences("It keeps back "+strings.Join(h.Keeps, ", "))
		}
		s.addUpdate(rankBox, line, "   — "+text.Code(h.Answer.By.Username)+" "+said+"\n")
	}
	return s
}

// heldTitle is what a hold keeps back. It never changes.
func heldTitle(h plan.Hold) string {
	var names []string
	for _, p := range h.On {
		if name := text.Code(p.Key); len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	if n := len(names); n > 5 {
		names = append(names[:5], fmt.Sprintf("%d more", n-5))
	}
	what := strings.Join(names, ", ")
	if h.Asked.Verb == plan.AnswerNever {
		return what + " never " + text.Code(h.Asked.Says())
	}
	return what + " later"
}
