package mrs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/comment"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file reads answers in words from the comments on a merge request, and writes what
// became of them there.

// The most that is read of the comments on one merge request.
const (
	answerPages  = 10 // the newest thousand, what GitLab writes itself among them
	answersOfOne = 3  // of one comment
	newOfOne     = 5  // that one person wrote since the last run; the others come next
	mostNew      = 50 // of all people
)

// rewritten is how much later than it was written a comment counts as changed. An emoji on it
// makes it later, too.
const rewritten = time.Second

// aroundClosing is how long before or after they closed a merge request a person says why.
const aroundClosing = 2 * time.Minute

var (
	// What our note quotes of people never fills a line alone, see replied.
	repliedMark = regexp.MustCompile(`(?m)^<!-- op:answer-([0-9.]+)-(accepted|refused|ended) -->$`)
	heldMark    = regexp.MustCompile(`(?m)^<!-- pinwheel:held ([A-Za-z0-9%._/:,-]*) -->$`)
	lineMark    = regexp.MustCompile(`(?m)^<!-- pinwheel:line ([0-9a-f]{16}) -->$`)
)

// Hearing is a merge request whose comments are read.
type Hearing struct {
	MR  plan.MergeRequest
	Bot plan.User
	// Former are the numbers of users that pinwheel had before. Anybody may have their names.
	Former []int64
}

// Heard reads the comments on a merge request: what people ask for there in words, with what our
// own notes, and those of users that pinwheel had before, say of it, and why a person closed it.
// complete is false if GitLab counts more comments than it lists. Of a comment that was changed a
// line counts that our own note shows to be as it was.
func (c *Client) Heard(ctx context.Context, id int64, of Hearing) (h plan.Heard, complete bool, err error) {
	var notes []gitlab.Note
	q := gitlab.NoteQuery{Pages: answerPages}
	whole, err := c.gl.Notes(ctx, thread(id, of.MR.IID), q, func(n gitlab.Note) bool {
		if !n.System {
			notes = append(notes, n)
		}
		return true
	})
	if err != nil {
		return h, false, err
	}
	slices.SortFunc(notes, func(a, b gitlab.Note) int { return int(a.ID - b.ID) })
	h.Read = of.MR.UpdatedAt
	replies := map[string]replied{}
	for _, n := range notes {
		if n.Author.ID == of.Bot.ID || slices.Contains(of.Former, n.Author.ID) {
			reply(replies, n.Body)
		} else {
			h.Answers = append(h.Answers, answersOf(n, of.Bot.Username)...)
		}
	}
	if !whole {
		h.Answers = append(older(of.MR.Heard.Answers, notes), h.Answers...)
	}
	h.Answers = bounded(withReplies(h.Answers, replies))
	h.Says = closingWords(of.MR, notes)
	return h, !whole || len(notes) >= of.MR.Notes, nil
}

// older are answers that were read before, from comments that came before the ones that are read now.
func older(all []plan.Answer, notes []gitlab.Note) (out []plan.Answer) {
	for _, a := range all {
		if !slices.ContainsFunc(notes, func(n gitlab.Note) bool { return strings.Split(a.ID, ".")[0] == fmt.Sprint(n.ID) }) && a.At.Before(notes[0].At) {
			out = append(out, a)
		}
	}
	return out
}

// withReplies are answers with what our notes say of them, without those whose line was changed
// since.
func withReplies(all []plan.Answer, replies map[string]replied) []plan.Answer {
	for i, a := range all {
		if r, known := replies[a.ID]; known {
			all[i].State, all[i].On = r.state, r.on
			all[i].Changed = a.Changed && r.line != lineDigest(a.Line)
		}
	}
	return slices.DeleteFunc(all, func(a plan.Answer) bool { return a.Changed && a.State != plan.AnswerNew })
}

// bounded leaves out answers of people who write many, so that nobody is kept from being heard:
// those that are new beyond the first few of each, first those of people who were refused often,
// and what was refused long ago. What was accepted stays.
func bounded(all []plan.Answer) []plan.Answer {
	refused, fresh := map[int64]int{}, map[int64]int{}
	keep := make([]bool, len(all))
	var waiting []int
	for i, a := range slices.Backward(all) {
		if keep[i] = a.State != plan.AnswerNew; a.State == plan.AnswerRefused {
			refused[a.By.ID]++
			keep[i] = refused[a.By.ID] <= plan.MostRefusals
		}
	}
	for i, a := range all {
		if a.State != plan.AnswerNew {
			continue
		}
		if fresh[a.By.ID]++; fresh[a.By.ID] <= newOfOne {
			waiting = append(waiting, i)
		}
	}
	slices.SortStableFunc(waiting, func(i, j int) int { return refused[all[i].By.ID] - refused[all[j].By.ID] })
	for _, i := range waiting[:min(len(waiting), mostNew)] {
		keep[i] = true
	}
	var out []plan.Answer
	for i, a := range all {
		if keep[i] {
			out = append(out, a)
		}
	}
	return out
}

// answersOf are the answers in a comment.
func answersOf(n gitlab.Note, bot string) (out []plan.Answer) {
	changed := n.Edited.Sub(n.At) > rewritten
	for _, line := range comment.Lines(n.Body) {
		if words, ok := comment.Command(line, bot, ""); ok {
			line = strings.Join(words, " ")
		}
		if line = text.Plain(line, 0); !plan.IsAnswer(line) || len(out) == answersOfOne {
			continue
		}
		id := fmt.Sprint(n.ID)
		if k := len(out); k > 0 {
			id += fmt.Sprint(".", k+1)
		}
		out = append(out, plan.Answer{ID: id, By: plan.User{ID: n.Author.ID, Username: n.Author.Username, Name: n.Author.Name}, Role: plan.RoleUnknown, At: n.At, Line: line, Changed: changed})
	}
	return out
}

// replied is what our notes say of an answer.
type replied struct {
	state plan.AnswerState
	on    []plan.HeldPin
	line  uint64 // the digest of its line, 0 in notes of earlier versions
}

// reply takes over what a note of ours says of an answer. Once it was ended it stays so.
func reply(all map[string]replied, body string) {
	m := repliedMark.FindStringSubmatch(body)
	if m == nil {
		return
	}
	a := all[m[1]]
	if a.state != plan.AnswerEnded {
		a.state = plan.AnswerState(m[2])
	}
	if line := lineMark.FindStringSubmatch(body); line != nil {
		a.line, _ = strconv.ParseUint(line[1], 16, 64)
	}
	if on := heldMark.FindStringSubmatch(body); on != nil {
		a.on = nil
		for part := range strings.SplitSeq(on[1], ",") {
			if key, to, ok := strings.Cut(part, ":"); ok {
				a.on = append(a.on, plan.HeldPin{Key: unescape(key), To: unescape(to)})
			}
		}
	}
	all[m[1]] = a
}

// lineDigest is what our note keeps of the line that it answers.
func lineDigest(line string) uint64 {
	sum := sha256.Sum256([]byte(line))
	return binary.BigEndian.Uint64(sum[:8])
}

// closingWords is what the person who closed a merge request said then; empty for nothing.
func closingWords(m plan.MergeRequest, notes []gitlab.Note) string {
	if m.State != plan.Closed || m.ClosedBy.ID == 0 || m.ClosedAt.IsZero() {
		return ""
	}
	for _, n := range slices.Backward(notes) {
		if n.Author.ID != m.ClosedBy.ID || n.At.Before(m.ClosedAt.Add(-aroundClosing)) || n.At.After(m.ClosedAt.Add(aroundClosing)) {
			continue
		}
		said := text.Plain(strings.Join(comment.Lines(n.Body), " "), 300)
		if a := (plan.Answer{Line: said, At: n.At}); plan.IsAnswer(said) {
			if asked := a.Asks(time.UTC); asked.Mistake == "" {
				return asked.Reason
			}
		}
		if said != "" {
			return said
		}
	}
	return ""
}

// replyNote is our note about an answer. It keeps the digest of the line, since GitLab shows a
// comment as changed that somebody only reacted to.
func replyNote(r plan.Reply) string {
	return replyText(r) + fmt.Sprintf("\n\n<!-- pinwheel:line %016x -->", lineDigest(r.Answer.Line))
}

// replyText is that note without the digest.
func replyText(r plan.Reply) string {
	who := text.Code(r.Answer.By.Username)
	said := text.Prose("“"+r.Asked.Reason+"”", 400)
	switch r.State {
	case plan.AnswerRefused:
		return fmt.Sprintf("Not carried out for %s: %s.", who, text.Prose(plan.Markdown(r.Why), 400))
	case plan.AnswerEnded:
		return fmt.Sprintf("%s ended this on the dashboard, so %s offered again.", text.Code(r.By), heldNames(r.Answer.On, "is", "are"))
	case plan.AnswerNew, plan.AnswerAccepted:
	}
	var out string
	switch r.Asked.Verb {
	case plan.AnswerLater:
		out = fmt.Sprintf("As %s asked, %s held back until %s: %s.", who, heldNames(r.Answer.On, "is", "are"), plan.Minute(r.Asked.Until), said)
	case plan.AnswerNever:
		out = fmt.Sprintf("As %s asked, %s of %s never taken: %s.", who, text.Code(r.Asked.Says()), heldNames(r.Answer.On, "is", "are"), said)
	case plan.AnswerClose:
		if r.Closes == plan.AnswerClosedByNow {
			return fmt.Sprintf("The reason that %s gives stands on the dashboard from now on: %s.", who, said)
		}
		return fmt.Sprintf("Closed, as %s asked: %s. The box of this update on the dashboard opens it again.", who, said)
	}
	var on []string
	for _, p := range r.Answer.On {
		on = append(on, escape(p.Key)+":"+escape(p.To))
	}
	return out + " A box on the dashboard ends that.\n\n<!-- pinwheel:held " + strings.Join(on, ",") + " -->"
}

// heldNames are the packages of an answer with a verb behind them.
func heldNames(on []plan.HeldPin, one, several string) string {
	var names []string
	for _, p := range on {
		if !slices.Contains(names, p.Key) {
			names = append(names, p.Key)
		}
	}
	if len(names) == 0 {
		return "it " + one
	}
	more := ""
	if n := len(names); n > mostNames {
		names, more = names[:mostNames], " and others"
	}
	return list(names) + more + " " + verb(names, one, several)
}
