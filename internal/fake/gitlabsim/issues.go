package gitlabsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// noteable is what issues and merge requests share.
type noteable struct {
	p            *Project
	kind         string // issue, merge request
	sigil        string // # or !
	id           int64
	iid          int
	title        string
	description  string
	author       *user
	assignees    []*user
	state        string // opened, closed, merged
	labels       []string
	created      time.Time
	updated      time.Time
	closedAt     time.Time
	closedBy     *user
	locked       bool
	confidential bool
	notes        []*note
	late         *lateNotes
}

type issue struct {
	noteable
	movedTo int64 // the id of what it became in another project
}

func (n *noteable) ref() string { return fmt.Sprintf("%s%d", n.sigil, n.iid) }

func (n *noteable) touch() { n.updated = n.p.s.now() }

func (p *Project) issue(iid int) *issue {
	for _, i := range p.issues {
		if i.iid == iid {
			return i
		}
	}
	return nil
}

// maxDescription is the limit in characters. gitlab.md 2.1.
const maxDescription = 1 << 20

// checkTexts is what the models refuse. gitlab.md 2.1 and 2.5.
func checkTexts(title, description string) error {
	switch {
	case strings.ContainsRune(title+description, 0):
		return refuse(400, "400 Bad request - string contains null byte")
	case utf8.RuneCountInString(title) > 255:
		return refuse(400, map[string][]string{"title": {"is too long (maximum is 255 characters)"}})
	case utf8.RuneCountInString(description) > maxDescription:
		return refuse(400, map[string][]string{"description": {fmt.Sprintf("is too long (maximum is %d characters)", maxDescription)}})
	}
	return nil
}

// openIssue makes an issue. Anyone who sees the project may.
func (p *Project) openIssue(actor *user, title, description string, labels []string) (*issue, error) {
	if !p.issuesEnabled || p.archived || !p.visible(actor) {
		return nil, refuse(403, "403 Forbidden")
	}
	if strings.TrimSpace(title) == "" {
		return nil, refuse(400, map[string][]string{"title": {"can't be blank"}})
	}
	if err := checkTexts(title, description); err != nil {
		return nil, err
	}
	i := &issue{noteable: noteable{p: p, kind: "issue", sigil: "#", id: p.s.nextID("issue"), iid: p.nextIID("issue"),
		title: strings.TrimSpace(title), author: actor, state: "opened", created: p.s.now(), updated: p.s.now()}}
	p.issues = append(p.issues, i)
	p.s.event(p, actor, "issue-open", i.ref(), i.title)
	text, commands := extractCommands(description)
	i.description = text
	if p.level(actor) >= Planner {
		i.addLabels(actor, labels)
	}
	p.references(actor, &i.noteable, "", text)
	p.runCommands(actor, &i.noteable, commands)
	p.obey(actor, i.ref(), "title", i.title, "")
	p.obey(actor, i.ref(), "description", description, "")
	return i, nil
}

// canEdit is the right to change title, description and state, and so to
// tick a box: Planner or higher for an issue, Developer or higher for a merge
// request, the author and the assignees of either. gitlab.md 2.2.
func (n *noteable) canEdit(u *user) bool {
	need := Planner
	if n.sigil == "!" {
		need = Developer
	}
	level := n.p.level(u)
	return !n.p.archived && n.p.visible(u) && (level >= need || n.author == u || slices.Contains(n.assignees, u))
}

// editDescription stores a text as GitLab does (quick actions executed and
// removed, trimmed) and writes the system note of the change.
func (p *Project) editDescription(actor *user, n *noteable, description string) {
	text, commands := extractCommands(description)
	p.obey(actor, n.ref(), "description", description, n.description)
	if text != n.description {
		old := n.description
		n.description = text
		n.touch()
		p.s.event(p, actor, n.editKind(), n.ref(), "description")
		p.describeChange(actor, n, old, text)
		p.references(actor, n, old, text)
	}
	p.runCommands(actor, n, commands)
}

func (p *Project) editTitle(actor *user, n *noteable, title string) {
	title = strings.TrimSpace(title)
	if title == n.title {
		return
	}
	p.systemNote(actor, n, fmt.Sprintf("changed title from **%s** to **%s**", n.title, title))
	n.title = title
	n.touch()
	p.obey(actor, n.ref(), "title", title, "")
	p.s.event(p, actor, n.editKind(), n.ref(), "title: "+title)
}

func (n *noteable) editKind() string {
	if n.sigil == "!" {
		return "mr-edit"
	}
	return "issue-edit"
}

func (n *noteable) addLabels(actor *user, labels []string) {
	n.setLabels(actor, append(slices.Clone(n.labels), labels...))
}

func (n *noteable) removeLabels(actor *user, labels []string) {
	n.setLabels(actor, slices.DeleteFunc(slices.Clone(n.labels), func(l string) bool { return slices.Contains(labels, l) }))
}

// setLabels makes unknown labels on the fly and keeps them sorted. gitlab.md 2.4.
func (n *noteable) setLabels(actor *user, labels []string) {
	var clean []string
	for _, label := range labels {
		if label = strings.TrimSpace(label); label != "" {
			clean = append(clean, label)
		}
	}
	slices.Sort(clean)
	clean = slices.Compact(clean)
	if slices.Equal(clean, n.labels) {
		return
	}
	n.labels = clean
	n.touch()
	n.p.s.event(n.p, actor, strings.TrimSuffix(n.editKind(), "edit")+"label", n.ref(), strings.Join(clean, ","))
}

func (p *Project) setIssueState(actor *user, i *issue, state string) {
	if i.state == state {
		return
	}
	kind := "issue-reopen"
	i.state, i.closedAt, i.closedBy = state, time.Time{}, nil
	if state == "closed" {
		kind, i.closedAt, i.closedBy = "issue-close", p.s.now(), actor
	}
	i.touch()
	p.s.event(p, actor, kind, i.ref(), "")
}

// setState closes or reopens either kind.
func (p *Project) setState(actor *user, n *noteable, state string) {
	if n.sigil == "!" {
		p.setMRState(actor, p.mr(n.iid), state)
		return
	}
	p.setIssueState(actor, p.issue(n.iid), state)
}
