package gitlabsim

import (
	"html"
	"strings"
	"time"
)

type note struct {
	id       int64
	on       *noteable
	body     string
	author   *user
	system   bool
	internal bool
	private  bool // of a place that only its author may see
	created  time.Time
	updated  time.Time
}

// lateNotes is the list of notes as it was before the last ones came.
type lateNotes struct {
	lateness
	known int
}

// listed is what a list of notes answers from: all of them, or fewer while a
// replica lags.
func (n *noteable) listed() []*note {
	if n.late != nil && !n.late.done(n.p.s.now()) {
		return n.notes[:n.late.known]
	}
	n.late = nil
	return n.notes
}

// addNote is a comment. A comment of nothing but quick actions leaves no note,
// and nil is returned. gitlab.md 2.5.
func (p *Project) addNote(actor *user, n *noteable, body string) (*note, []command, error) {
	if !p.visible(actor) || p.archived || n.locked && p.level(actor) < Guest {
		return nil, nil, refuse(403, "403 Forbidden")
	}
	if err := checkTexts("", body); err != nil {
		return nil, nil, err
	}
	text, commands := extractCommands(body)
	if text == "" && len(commands) == 0 {
		return nil, nil, refuse(400, map[string][]string{"note": {"can't be blank"}})
	}
	p.runCommands(actor, n, commands)
	p.obey(actor, n.ref(), "note", body, "")
	if text == "" {
		return nil, commands, nil
	}
	made := p.appendNote(actor, n, text, false)
	p.s.event(p, actor, "note", n.ref(), title(text))
	p.references(actor, n, "", text)
	return made, commands, nil
}

// editNote changes a comment; only its author or a Maintainer may.
func (p *Project) editNote(actor *user, note *note, body string) error {
	if note.system || note.author != actor && p.level(actor) < Maintainer {
		return refuse(403, "403 Forbidden")
	}
	if err := checkTexts("", body); err != nil {
		return err
	}
	text, commands := extractCommands(body)
	if text != note.body {
		old := note.body
		note.body, note.updated = text, p.s.now()
		note.on.touch()
		p.s.event(p, actor, "note-edit", note.on.ref(), title(text))
		p.references(actor, note.on, old, text)
	}
	p.runCommands(actor, note.on, commands)
	p.obey(actor, note.on.ref(), "note", body, "")
	return nil
}

func (p *Project) appendNote(actor *user, n *noteable, body string, system bool) *note {
	made := &note{id: p.s.nextID("note"), on: n, body: body, author: actor, system: system, created: p.s.now(), updated: p.s.now()}
	if late := p.s.opt.LateNotes; late > 0 && (n.late == nil || p.s.now().After(n.late.since)) {
		n.late = &lateNotes{lateness{p.s.now(), late}, len(n.notes)}
	}
	n.notes = append(n.notes, made)
	n.touch()
	return made
}

func (p *Project) systemNote(actor *user, n *noteable, body string) {
	p.appendNote(actor, n, body, true)
	p.s.event(p, actor, "system-note", n.ref(), body)
}

// describeChange writes what GitLab writes when a description changed: one
// note per changed box if old and new list, compared by index, hold a box of
// the same text in another state, and only otherwise "changed the
// description". gitlab.md 2.2, 7.1.
func (p *Project) describeChange(actor *user, n *noteable, before, after string) {
	was, is := tasksOf(before), tasksOf(after)
	ticked := false
	for i := range min(len(was), len(is)) {
		if p.quoted(was[i]) != p.quoted(is[i]) || was[i].done == is[i].done {
			continue
		}
		ticked = true
		state := "incomplete"
		if is[i].done {
			state = "completed"
		}
		p.systemNote(actor, n, "marked the checklist item **"+p.quoted(is[i])+"** as "+state)
	}
	if !ticked {
		p.systemNote(actor, n, "changed the description")
	}
}

type task struct {
	line  int
	text  string // of the first line, after the box
	whole string // with the lines that continue it
	end   int    // the line after those
	done  bool
}

var (
	taskLine = lazy(`^((?:>\s{0,4})*)((?:\s*(?:[-+*]|\d+[.)]))+)\s+\[([\sxX])\](\s.+)$`)
	fence    = lazy("^\\s{0,3}(```+|~~~+)")
)

// tasksOf finds the boxes outside of fenced code.
func tasksOf(text string) []task {
	var out []task
	open := ""
	lines := strings.Split(text, "\n")
	for number, line := range lines {
		if m := fence().FindStringSubmatch(line); m != nil {
			if open == "" {
				open = m[1]
			} else if strings.HasPrefix(m[1], open) {
				open = ""
			}
			continue
		}
		if m := taskLine().FindStringSubmatch(line); m != nil && open == "" {
			one := task{line: number, text: m[4], whole: m[4], end: number + 1, done: m[3] != " " && strings.TrimSpace(m[3]) != ""}
			for one.end < len(lines) && !endsItem().MatchString(lines[one.end]) {
				one.whole += "\n" + strings.TrimSpace(lines[one.end])
				one.end++
			}
			out = append(out, one)
		}
	}
	return out
}

var (
	// endsItem is a line that does not go on with the text of an item: a blank
	// one, the next or an inner item, a heading, an element.
	endsItem = lazy(`^\s*(?:$|[-+*]\s|\d+[.)]\s|#{1,6}\s|<)`)
	comment  = lazy(`(?s)<!--(.*?)-->`)
	element  = lazy(`</?[A-Za-z][^>]*>`)
	special  = lazy("[\\\\`*_{}\\[\\]()#+\\-.!<>|=~^&$]")
	anchor   = lazy(`\[((?:[^\[\]\\]|\\.)*)\]\([^()\s]*\)`)
	marks    = lazy("\\*\\*|`+")
	escape   = lazy(`\\([!-/:-@\[-` + "`" + `{-~])`)
)

// quoted is an item as checklist notes quote it. They quote what is rendered:
// links, marks, escapes and entities go, a comment keeps its inner text, and so
// does the second line. The older form quotes the first line as it is written.
// Either has its Markdown escaped. gitlab.md 2.2, 7.1.
func (p *Project) quoted(t task) string {
	if p.rawNotes {
		return escaped(element().ReplaceAllString(comment().ReplaceAllString(t.text, "$1"), ""))
	}
	text := comment().ReplaceAllString(t.whole, "$1")
	text = anchor().ReplaceAllString(text, "$1")
	text = marks().ReplaceAllString(element().ReplaceAllString(text, ""), "")
	return escaped(html.UnescapeString(escape().ReplaceAllString(text, "$1")))
}

func escaped(text string) string { return special().ReplaceAllString(strings.TrimSpace(text), `\$0`) }
