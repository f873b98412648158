package gitlabsim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	codeBlock = lazy("(?ms)^[ ]{0,3}```.*?^[ ]{0,3}```[^\\n]*$|^[ ]{0,3}~~~.*?^[ ]{0,3}~~~[^\\n]*$")
	codeSpan  = lazy("(?s)``[^`].*?``|`[^`]+`")
	mention   = lazy(`(?:^|[^\w@/.])@([A-Za-z0-9_][\w.\-/]*[\w]|[A-Za-z0-9_])`)
	reference = lazy(`(?:^|[^\w&])([#!])(\d+)\b`)
)

// references tells people and items that a new text names them: an event per
// mention, a system note and an event per item. Code, comments and backslashes
// hide a name; a link does not. gitlab.md 2.5.
func (p *Project) references(actor *user, from *noteable, was, is string) {
	oldText, newText := visibleText(was), visibleText(is)
	before := map[string]bool{}
	for _, m := range mention().FindAllStringSubmatch(oldText, -1) {
		before[m[1]] = true
	}
	for _, m := range mention().FindAllStringSubmatch(newText, -1) {
		if !before[m[1]] {
			before[m[1]] = true
			p.s.event(p, actor, "mention", from.ref(), "@"+m[1])
		}
	}
	for _, ref := range p.itemsNamed(newText) {
		p.crossReference(actor, ref, from.kind+" "+from.ref(), from.ref())
	}
}

// visibleText is a text without what Markdown does not read for references.
func visibleText(text string) string {
	if !strings.ContainsAny(text, "@#!/") {
		return ""
	}
	text = codeBlock().ReplaceAllString(text, "")
	text = codeSpan().ReplaceAllString(text, "")
	text = comment().ReplaceAllString(text, "")
	return strings.NewReplacer(`\@`, " ", `\#`, " ", `\!`, " ").Replace(text)
}

// itemsNamed finds #n and !n, and full addresses of this project's items.
func (p *Project) itemsNamed(text string) []string {
	var out []string
	for _, m := range reference().FindAllStringSubmatch(text, -1) {
		out = append(out, m[1]+m[2])
	}
	web := regexp.MustCompile(regexp.QuoteMeta(p.webURL()) + `/-/(issues|work_items|merge_requests)/(\d+)`)
	if strings.Contains(text, p.webURL()) {
		for _, m := range web.FindAllStringSubmatch(text, -1) {
			sigil := "#"
			if m[1] == "merge_requests" {
				sigil = "!"
			}
			out = append(out, sigil+m[2])
		}
	}
	return out
}

// crossReference leaves a note at the named item, once per pair.
func (p *Project) crossReference(actor *user, to, where, key string) {
	target := p.noteable(to)
	if target == nil || to == key || p.linked[key+">"+to] {
		return
	}
	p.linked[key+">"+to] = true
	p.s.event(p, actor, "cross-reference", to, "mentioned in "+where)
	p.systemNote(actor, target, "mentioned in "+where)
}

func (p *Project) commitReferences(actor *user, c *commit) {
	for _, ref := range p.itemsNamed(c.message) {
		p.crossReference(actor, ref, "commit "+c.id, c.id)
	}
}

func (p *Project) noteable(ref string) *noteable {
	number, err := strconv.Atoi(strings.TrimLeft(ref, "#!"))
	if err != nil {
		return nil
	}
	if strings.HasPrefix(ref, "!") {
		if m := p.mr(number); m != nil {
			return &m.noteable
		}
	} else if i := p.issue(number); i != nil {
		return &i.noteable
	}
	return nil
}

var (
	closing = lazy(`(?i)\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?\s+` +
		`((?:issues?\s+)?` + closable + `(?:(?:\s*,?\s*and\s+|\s*,\s*|\s+)(?:issues?\s+)?` + closable + `)*)`)
	closableNumber = lazy(`([\w.\-/]*)#(\d+)|(https?://\S+?)/-/(?:issues|work_items)/(\d+)`)
)

const closable = `(?:[\w.\-/]*#\d+|https?://\S+?/-/(?:issues|work_items)/\d+)`

// closeReferenced closes what the raw text says is closed: no Markdown is
// read, so neither fences nor code spans protect. gitlab.md 2.5.
func (p *Project) closeReferenced(actor *user, text, why string) {
	if !p.autoClose {
		return
	}
	for _, m := range closing().FindAllStringSubmatch(text, -1) {
		for _, n := range closableNumber().FindAllStringSubmatch(m[1], -1) {
			if n[1] != "" && !strings.EqualFold(n[1], p.path) || n[3] != "" && n[3] != p.webURL() {
				continue // another project's
			}
			number, _ := strconv.Atoi(n[2] + n[4])
			if i := p.issue(number); i != nil && i.state == "opened" {
				p.setIssueState(actor, i, "closed")
				p.systemNote(actor, &i.noteable, why)
				p.s.event(p, actor, "closing-keyword", i.ref(), fmt.Sprintf("%q", m[0]))
			}
		}
	}
}
