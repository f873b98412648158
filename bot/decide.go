package bot

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// mostWelcomes is how many merge requests get their first comment in one round.
const mostWelcomes = 10

// Decide decides what to do. If it needs facts for a merge request, it decides nothing for that one
// yet. The same snapshot gives the same plan.
func Decide(s Snapshot) Plan {
	d := &decision{s: s}
	threads := slices.Clone(s.Threads)
	slices.SortFunc(threads, func(a, b Thread) int { return cmp.Compare(a.MR.IID, b.MR.IID) })
	for _, t := range threads {
		if t.MR.Author != s.Bot.ID && !s.Failed[t.MR.IID] {
			d.looks = append(d.looks, d.look(t))
		}
	}
	for _, l := range d.looks {
		l.follow()
	}
	for _, r := range d.requests() {
		r.look.judge(r)
	}
	d.act()
	for _, l := range d.looks {
		for _, e := range l.memory.Tests {
			d.plan.Tests = append(d.plan.Tests, Shows{l.MR.IID, e})
		}
	}
	return d.plan
}

// act decides what is done for each merge request.
func (d *decision) act() {
	welcomes := 0
	for _, l := range d.looks {
		if l.Flooded && !l.reportFlood() {
			continue
		}
		if l.comment == 0 {
			if welcomes++; welcomes > mostWelcomes {
				continue
			}
		}
		l.act()
	}
}

// decision is one decision under way.
type decision struct {
	s     Snapshot
	plan  Plan
	looks []*look
}

// look is what is known and decided about one merge request.
type look struct {
	d *decision
	Thread
	comment int64  // the number of our comment, 0 for none
	body    string // of it
	since   int64  // comments after this one count; 0 if we have no comment yet
	known   bool   // our comment is there and its memory can be read
	other   bool   // another program writes comments as our user
	seconds []Note // further comments of ours, which another process wrote at the same time
	before  Memory // as our comment has it
	memory  Memory // as it is to be
	early   []Note // comments with commands from before ours
	waits   bool   // a fact is missing
	actions []Action
	starts  []StartTest
	asks    []string // the operations of the tests that are added
	who     string   // the first person who asked for one of them
}

// look finds our comment in a thread, and what it remembers. Without one it takes over the memory
// in the comment of a former user of ours.
func (d *decision) look(t Thread) *look {
	l := &look{d: d, Thread: t}
	var ours, former *Note
	for i := range t.Notes {
		n := &t.Notes[i]
		switch {
		case n.System || !strings.HasPrefix(n.Body, mark):
		case n.By.ID == d.s.Bot.ID && ours == nil:
			ours = n
		case n.By.ID == d.s.Bot.ID:
			l.seconds = append(l.seconds, *n)
		case d.former(n.By):
			former = n
		}
	}
	switch {
	case ours != nil:
		l.comment, l.body, l.since = ours.ID, ours.Body, ours.ID
		l.other = slices.ContainsFunc(t.Notes, func(n Note) bool { return d.another(n, *ours) })
		l.known = l.remember(*ours)
	case former != nil:
		l.since = former.ID
		l.remember(*former)
		for i := range l.memory.Tests {
			if e := &l.memory.Tests[i]; e.State == Asked {
				e.State, e.Why, e.Ended = NotStarted, "pinwheel has another user since then: ask again", d.s.Now
			}
		}
	}
	return l
}

// former reports whether somebody is a user whom pinwheel had before.
func (d *decision) former(who Person) bool {
	return slices.ContainsFunc(d.s.Former, func(name string) bool { return strings.EqualFold(name, who.Username) })
}

// another reports whether a comment shows that another program writes as our user: pinwheel did not
// write it, and it was written or changed after our own comment.
func (d *decision) another(n, ours Note) bool {
	if n.System || n.By.ID != d.s.Bot.ID || n.ID == ours.ID || n.ID < ours.ID && !n.Changed.After(ours.At) {
		return false
	}
	return !strings.HasPrefix(n.Body, mark) && !strings.Contains(n.Body, "<!-- op:") && !strings.Contains(n.Body, "<!-- pinwheel:")
}

// remember reads the memory in a comment, and reports whether it can be read. If it cannot, all
// comments that are there count as done, so that nothing is carried out twice.
func (l *look) remember(n Note) bool {
	m, ok := parse(n.Body)
	if !ok {
		for _, n := range l.Notes {
			m.Seen = max(m.Seen, n.ID)
		}
	}
	l.before, l.memory = m, m
	l.memory.Tests = slices.Clone(m.Tests)
	for _, s := range l.d.s.Set[l.MR.IID] {
		l.memory.show(s)
	}
	return ok
}

// reportFlood adds a note for the operator on a merge request with more comments than are read, and reports
// whether our comment can say so, too. Nothing that is asked for there starts, since a later comment
// may take it back. Tests that were started before are followed, if our comment says which they are.
func (l *look) reportFlood() bool {
	l.d.plan.Notes = append(l.d.plan.Notes, fmt.Sprintf("!%d: it has more than 3,000 comments, so what they ask for is not read: go on in a new merge request, or delete comments there",
		l.MR.IID))
	return l.known
}

// request is a comment with commands that are not done.
type request struct {
	look     *look
	note     Note
	commands []Command
}

// requests are the comments with commands that are not done, in the order in which they were
// written, over all merge requests. A comment from before our own was not meant for us. Where not all
// comments were read, none counts.
func (d *decision) requests() []request {
	var out []request
	for _, l := range d.looks {
		if l.Flooded {
			continue
		}
		for _, n := range l.Notes {
			commands := d.commandsIn(n)
			switch {
			case len(commands) == 0:
			case l.since == 0:
				l.early = append(l.early, n)
			case n.ID > l.since && !l.memory.handled(n.ID):
				out = append(out, request{l, n, commands})
			}
		}
	}
	slices.SortFunc(out, func(a, b request) int { return cmp.Compare(a.note.ID, b.note.ID) })
	return out
}

// commandsIn are the commands of a comment; none if it is our own or GitLab's.
func (d *decision) commandsIn(n Note) []Command {
	if n.System || n.By.ID == d.s.Bot.ID {
		return nil
	}
	return Commands(n.Body, d.s.Bot.Username)
}

// need adds a missing fact, for which this merge request waits.
func (l *look) need(n Need) {
	n.Of = l.MR.IID
	l.waits = true
	if !slices.ContainsFunc(l.d.plan.Needs, func(o Need) bool { return o == n || o.Run != nil && n.Run != nil && o.Run.Operation == n.Run.Operation }) {
		l.d.plan.Needs = append(l.d.plan.Needs, n)
	}
}

// heads are those of a merge request of this project.
func (l *look) heads() ([]Head, bool) {
	heads, ok := l.d.s.Heads[l.MR.IID]
	if !ok {
		l.need(Need{Heads: true})
	}
	return heads, ok
}

// role is somebody's role in a project.
func (l *look) role(project, user int64) (plan.Role, bool) {
	at := Membership{project, user}
	role, ok := l.d.s.Roles[at]
	if !ok {
		l.need(Need{Role: at})
	}
	return role, ok
}

// Operation names the one pipeline of a test. The same comment, line, pipeline and commit have the
// same name in every process. The name does not depend on what the pipeline is started with, so
// that a changed configuration starts no test again.
func Operation(project, iid int64, e Entry) string {
	h := sha256.Sum256(fmt.Appendf(nil, "bot\n%d\n%d\n%d\n%d\n%s\n%s", project, iid, e.Note, e.Line, e.Pipeline, e.Commit))
	return "pinwheel-" + hex.EncodeToString(h[:8])
}

func (l *look) operation(e Entry) string { return Operation(l.d.s.Project.ID, l.MR.IID, e) }

// note is a comment by its number, unless it was changed or deleted.
func (l *look) note(id int64) (Note, bool) {
	at := slices.IndexFunc(l.Notes, func(n Note) bool { return n.ID == id })
	if at < 0 || l.Notes[at].Edited || l.Notes[at].System {
		return Note{}, false
	}
	return l.Notes[at], true
}

// act adds to the plan what is done for a merge request: cancellations and statuses, then our
// comment, and last the pipelines, which start only after the comment says that they will.
func (l *look) act() {
	if l.waits {
		return
	}
	if l.since == 0 {
		for _, n := range l.early {
			if l.d.s.Now.Sub(n.At) > 24*time.Hour {
				continue // nobody waits for it any more
			}
			l.reply(n, "this was written before the bot's comment was there: write it again")
		}
	}
	l.memory.keepTests()
	l.memory.keepStatuses()
	if l.other {
		l.d.plan.Notes = append(l.d.plan.Notes, fmt.Sprintf("!%d: another program writes comments as %s there, and may answer the same words: switch it off for %s",
			l.MR.IID, l.d.s.Bot.Username, l.d.s.Project.Member.Path))
	}
	body := Render(View{l.d.s.Bot.Username, l.d.s.Policy, l.memory, l.other, l.Flooded})
	if body != strings.TrimSpace(l.body) {
		l.actions = append(l.actions, WriteComment{IID: l.MR.IID, Comment: l.comment, Body: body, Asks: l.asks, Who: l.who})
	}
	for _, n := range l.seconds {
		l.actions = append(l.actions, WriteComment{IID: l.MR.IID, Comment: n.ID, Body: second})
	}
	for _, a := range l.starts { // what is asked for now starts after it is written down
		l.actions = append(l.actions, a)
	}
	l.d.plan.Actions = append(l.d.plan.Actions, l.actions...)
}
