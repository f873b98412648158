package dashboard

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file writes what the lines of a section have in common once, under the heading.

// shared is what is said under the heading of a section in place of its lines.
// The zero value leaves every line as it is.
type shared struct {
	sentences []string
	most      bool // a line may say something else in place of the first of them
	since     bool // lines in line end in a day
	zone      *time.Location
}

// inLine reports whether an update waits for its turn among others.
func inLine(u plan.Update) bool {
	return u.Waits != "" && (u.State == plan.RateLimited || u.State == plan.AwaitingSchedule)
}

// byTurn puts the updates of a section that wait for their turn behind the others, in
// the order of their turns. So no line has to say its number, and when one leaves the
// line no other one changes.
func byTurn(updates []plan.Update) {
	turn := func(u plan.Update) int {
		if inLine(u) {
			return u.Place
		}
		return 0
	}
	slices.SortStableFunc(updates, func(a, b plan.Update) int { return cmp.Compare(turn(a), turn(b)) })
}

// share finds what the updates of a section have in common: the sentences that all of
// them say. The first sentence may also be one that only most of them say, if each of
// the others begins with another one.
func share(updates []plan.Update, zone *time.Location) shared {
	out := shared{zone: zone}
	said := make([][]string, len(updates))
	count := map[string]int{}
	for i, u := range updates {
		if said[i] = saying(u); len(said[i]) == 0 {
			return out
		}
		for j, s := range said[i] {
			if !slices.Contains(said[i][:j], s) {
				count[s]++
			}
		}
	}
	if len(updates) < 2 {
		return out
	}
	for _, s := range said {
		if first := starting(said, s[0]); 2*first > len(said) {
			out.sentences = append(out.sentences, s[0])
			out.most = first < len(said)
			break
		}
	}
	for _, s := range said[0] {
		if count[s] == len(said) && !slices.Contains(out.sentences, s) {
			out.sentences = append(out.sentences, s)
		}
	}
	for _, u := range updates {
		out.since = out.since || inLine(u) && !u.Since.IsZero() && slices.Contains(out.sentences, saying(u)[0])
	}
	return out
}

// starting is how many begin with a sentence.
func starting(said [][]string, sentence string) int {
	n := 0
	for _, s := range said {
		if s[0] == sentence {
			n++
		}
	}
	return n
}

// saying is the reason of an update, by sentences. For one that is in line it is what
// it waits for, without its number and without since when.
func saying(u plan.Update) []string {
	if inLine(u) {
		return []string{unmarked("in line " + u.Waits + ", in this order")}
	}
	if len(u.Why) == 0 && u.Reason != "" {
		return []string{unmarked(u.Reason)}
	}
	return u.Why.Sentences()
}

// unmarked is a sentence without references of ours: see [plan.Linked].
func unmarked(s string) string { return strings.ReplaceAll(s, string(plan.ReferenceMark), "") }

// rest is what the line of an update still has to say: the end of its step, and
// the reason.
func (s shared) rest(u plan.Update) (day string, reasons []string) {
	said := saying(u)
	if inLine(u) {
		switch {
		case !slices.Contains(s.sentences, said[0]):
			return "", []string{unmarked(u.Reason)}
		case u.Since.IsZero():
			return "", nil
		}
		return u.Since.In(location(s.zone)).Format(time.DateOnly), nil
	}
	return "", slices.DeleteFunc(said, func(one string) bool { return slices.Contains(s.sentences, one) })
}

// text is what is written under the heading, or nothing. It begins with words of our
// own, since GitLab carries out some lines because of their first words.
func (s shared) text() string {
	if len(s.sentences) == 0 {
		return ""
	}
	begin := "All: "
	if s.most {
		begin = "Unless its line says otherwise: "
	}
	if s.since {
		return begin + linked(s.sentences...) + " A date at the end of a line says since when a newer release has been old enough.\n\n"
	}
	return begin + linked(s.sentences...) + "\n\n"
}
