package gitlabsim

import (
	"regexp"
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
	created  time.Time
	updated  time.Time
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
// description". gitlab.md 2.2.
func (p *Project) describeChange(actor *user, n *noteable, old, new string) {
	was, is := tasksOf(old), tasksOf(new)
	any := false
	for i := range min(len(was), len(is)) {
		if was[i].text != is[i].text || was[i].done == is[i].done {
			continue
		}
		any = true
		state := "incomplete"
		if is[i].done {
			state = "completed"
		}
		p.systemNote(actor, n, "marked the checklist item **"+noteText(is[i].text)+"** as "+state)
	}
	if !any {
		p.systemNote(actor, n, "changed the description")
	}
}

type task struct {
	line int
	text string
	done bool
}

var (
	taskLine = regexp.MustCompile(`^((?:>\s{0,4})*)((?:\s*(?:[-+*]|\d+[.)]))+)\s+\[([\sxX])\](\s.+)$`)
	fence    = regexp.MustCompile("^\\s{0,3}(```+|~~~+)")
)

// tasksOf finds the boxes outside of fenced code.
func tasksOf(text string) []task {
	var out []task
	open := ""
	for number, line := range strings.Split(text, "\n") {
		if m := fence.FindStringSubmatch(line); m != nil {
			if open == "" {
				open = m[1]
			} else if strings.HasPrefix(m[1], open) {
				open = ""
			}
			continue
		}
		if m := taskLine.FindStringSubmatch(line); m != nil && open == "" {
			out = append(out, task{number, m[4], m[3] != " " && strings.TrimSpace(m[3]) != ""})
		}
	}
	return out
}

var (
	comment = regexp.MustCompile(`(?s)<!--(.*?)-->`)
	element = regexp.MustCompile(`</?[A-Za-z][^>]*>`)
	special = regexp.MustCompile("[\\\\`*_{}\\[\\]()#+\\-.!<>|=~^&$]")
)

// noteText is an item as checklist notes quote it: a comment keeps its inner
// text, elements go, Markdown is escaped by backslashes. gitlab.md 2.2.
func noteText(item string) string {
	item = comment.ReplaceAllString(item, "$1")
	item = element.ReplaceAllString(item, "")
	return special.ReplaceAllString(strings.TrimSpace(item), `\$0`)
}
