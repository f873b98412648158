package gitlabsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tab is an issue that somebody has open.
type tab struct {
	user string
	iid  int
}

// OpenPage opens an issue, or loads it anew. From now on what the user does to
// its boxes changes the text as it was then and sends all of it, whoever wrote
// meanwhile. Without a page every such act loads it first. gitlab.md 7.2.
func (p *Project) OpenPage(username string, iid int) error {
	return p.acting(username, func(u *user) error {
		i := p.issue(iid)
		if i == nil || i.hiddenFrom(u) || !p.visible(u) {
			return refuse(404, "404 Not found")
		}
		p.tabs[tab{username, iid}] = i.description
		return nil
	})
}

// ClosePage closes what OpenPage opened.
func (p *Project) ClosePage(username string, iid int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	delete(p.tabs, tab{username, iid})
}

// Page is what a user has open, or else the text as it is.
func (p *Project) Page(username string, iid int) string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if text, open := p.tabs[tab{username, iid}]; open {
		return text
	}
	if i := p.issue(iid); i != nil {
		return i.description
	}
	return ""
}

// onPage lets a user change the text of a page and sends it whole.
func (p *Project) onPage(username, sigil string, iid int, change func(text string) (string, error)) error {
	var failure error
	err := p.onItem(username, sigil, iid, func(u *user, n *noteable) {
		text, open := n.description, false
		if shown, has := p.tabs[tab{username, iid}]; has && sigil == "#" {
			text, open = shown, true
		}
		if text, failure = change(text); failure != nil {
			return
		}
		p.editDescription(u, n, text)
		if open {
			p.tabs[tab{username, iid}] = n.description
		}
	})
	if err == nil {
		err = failure
	}
	return err
}

// MoveItem drags the item whose line holds part before the one that holds
// before, as the issue page offers.
func (p *Project) MoveItem(username string, iid int, part, before string) error {
	return p.onPage(username, "#", iid, func(text string) (string, error) {
		lines, from, err := itemOf(text, part)
		if err != nil {
			return "", err
		}
		_, to, err := itemOf(text, before)
		if err != nil {
			return "", err
		}
		item := slices.Clone(lines[from.line:from.end])
		at := to.line
		if from.line < to.line {
			at -= len(item)
		}
		if at == from.line {
			return "", errors.New("it stands there, and GitLab saves nothing")
		}
		lines = slices.Delete(lines, from.line, from.end)
		return strings.Join(slices.Insert(lines, at, item...), "\n"), nil
	})
}

// DeleteItem takes an item away, as its menu offers.
func (p *Project) DeleteItem(username string, iid int, part string) error {
	return p.onPage(username, "#", iid, func(text string) (string, error) {
		lines, one, err := itemOf(text, part)
		if err != nil {
			return "", err
		}
		return strings.Join(slices.Delete(lines, one.line, one.end), "\n"), nil
	})
}

// ConvertItem makes a child item of it, as its menu offers: the line goes, and a
// note says what came.
func (p *Project) ConvertItem(username string, iid int, part string) error {
	if err := p.DeleteItem(username, iid, part); err != nil {
		return err
	}
	return p.onItem(username, "#", iid, func(u *user, n *noteable) { p.systemNote(u, n, "added a child task") })
}

// MentionFromAfar mentions an issue in a place that nobody else may see: its
// note is in every list, and in nobody's page of one. gitlab.md 7.5.
func (p *Project) MentionFromAfar(username string, iid int) error {
	return p.acting(username, func(u *user) error {
		i := p.issue(iid)
		if i == nil {
			return refuse(404, "404 Not found")
		}
		p.appendNote(u, &i.noteable, "mentioned in issue elsewhere#1", true).private = true
		return nil
	})
}

// itemOf finds the one item whose line holds part.
func itemOf(text, part string) (lines []string, found task, err error) {
	lines = strings.Split(text, "\n")
	n := 0
	for _, t := range tasksOf(text) {
		if strings.Contains(lines[t.line], part) {
			found = t
			n++
		}
	}
	if n != 1 {
		return nil, task{}, fmt.Errorf("%d boxes hold %q in:\n%s", n, part, text)
	}
	return lines, found, nil
}

// Tick ticks the one unticked box of an issue whose line holds part.
func (p *Project) Tick(username string, iid int, part string) error {
	return p.onPage(username, "#", iid, toggled(part, true))
}

// Untick is the reverse of Tick.
func (p *Project) Untick(username string, iid int, part string) error {
	return p.onPage(username, "#", iid, toggled(part, false))
}

// toggled sends the whole description with one box changed, as the page does: of an
// issue, the text that the page has shown since it was opened. gitlab.md 2.2, 7.2.
func toggled(part string, done bool) func(text string) (string, error) {
	return func(text string) (string, error) { return toggle(text, part, done) }
}

// toggle changes the one box in text whose line holds part and which is not
// in the wanted state yet.
func toggle(text, part string, done bool) (string, error) {
	lines := strings.Split(text, "\n")
	at := -1
	for _, t := range tasksOf(text) {
		if t.done == done || !strings.Contains(lines[t.line], part) {
			continue
		}
		if at >= 0 {
			return "", fmt.Errorf("two boxes hold %q:\n%s\n%s", part, lines[at], lines[t.line])
		}
		at = t.line
	}
	if at < 0 {
		return "", fmt.Errorf("no box to change holds %q in:\n%s", part, text)
	}
	m := taskLine().FindStringSubmatchIndex(lines[at])
	mark := " "
	if done {
		mark = "x"
	}
	lines[at] = lines[at][:m[6]] + mark + lines[at][m[7]:]
	return strings.Join(lines, "\n"), nil
}
