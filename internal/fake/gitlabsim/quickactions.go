package gitlabsim

import (
	"slices"
	"strings"
	"unicode"
)

// command is one quick action found in a text.
type command struct{ name, arg string }

// commandNames are the actions that GitLab recognises and removes from the
// text, whether or not they can be applied. gitlab.md 2.5.
var commandNames = strings.Fields(`add_child add_contacts add_email approve assign assign_reviewer award blocked_by blocks
	board_move cc child clear_health_status clear_parent clear_weight clone close confidential convert_to_ticket copy_metadata
	create_merge_request done draft due duplicate epic estimate health_status iteration label labels link lock merge milestone
	move page parent promote promote_to promote_to_incident publish react ready reassign reassign_reviewer rebase relabel relate
	relate_to reopen remove_assignee remove_child remove_contacts remove_due_date remove_email remove_epic remove_estimate
	remove_iteration remove_label remove_link remove_milestone remove_parent remove_time_spent remove_zoom request_changes
	request_review reviewer severity set_parent ship shrug spend spent submit_review subscribe tableflip tag target_branch
	timeline title todo todo type unapprove unassign unassign_reviewer unlabel unlink unlock unrelate unsubscribe weight wip zoom`)

var (
	commandLine = lazy(`^/([A-Za-z_]+)(?:[ \t]+(.*?))?[ \t]*$`)
	loneTag     = lazy(`^<([A-Za-z][A-Za-z0-9]*)[^>]*>$`)
	loneEnd     = lazy(`^</[A-Za-z][A-Za-z0-9]*>`)
)

// extractCommands is what every stored text goes through: carriage returns
// go, quick actions are taken out, the end is trimmed. An action stands in
// column 0 and not in a fence, a >>> quote, an HTML block whose tag stands
// alone, or inline code on rows of its own. A block that never ends protects
// nothing. gitlab.md 2.5, 7.8.
func extractCommands(text string) (string, []command) {
	if !strings.ContainsAny(text, "/\r") {
		return strings.TrimRightFunc(text, unicode.IsSpace), nil
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	var kept []string
	var commands []command
	for i := 0; i < len(lines); i++ {
		if end := blockEnd(lines, i); end > i {
			kept = append(kept, lines[i:end+1]...)
			i = end
			continue
		}
		m := commandLine().FindStringSubmatch(lines[i])
		if m != nil && slices.Contains(commandNames, strings.ToLower(m[1])) {
			commands = append(commands, command{strings.ToLower(m[1]), m[2]})
			continue
		}
		kept = append(kept, lines[i])
	}
	return strings.TrimRightFunc(strings.Join(kept, "\n"), unicode.IsSpace), commands
}

// blockEnd is the last line of the protecting block that begins at line i, or i.
func blockEnd(lines []string, i int) int {
	line := lines[i]
	ends := func(is func(string) bool) int {
		if j := slices.IndexFunc(lines[i+1:], is); j >= 0 {
			return i + 1 + j
		}
		return i
	}
	switch {
	case strings.HasPrefix(line, "```"):
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		return ends(func(l string) bool {
			l = strings.TrimRight(l, " \t")
			return strings.HasPrefix(l, ticks) && strings.Trim(l, "`") == ""
		})
	case strings.HasPrefix(line, "`") && strings.TrimRight(line, " ") == "`":
		return ends(func(l string) bool { return strings.TrimRight(l, " ") == "`" })
	case strings.TrimRight(line, " ") == ">>>":
		return ends(func(l string) bool { return strings.TrimRight(l, " ") == ">>>" })
	case loneTag().MatchString(line):
		return ends(loneEnd().MatchString)
	}
	return i
}

// runCommands executes quick actions as their author. What the author may not
// do is dropped in silence, as the page's "could not apply" is.
func (p *Project) runCommands(actor *user, n *noteable, commands []command) {
	for _, c := range commands {
		p.s.event(p, actor, "quick-action", n.ref(), strings.TrimSpace("/"+c.name+" "+c.arg))
		if n.canEdit(actor) {
			p.runCommand(actor, n, c)
		}
	}
}

var labelName = lazy(`~"([^"]+)"|~([^\s~]+)`)

func (p *Project) runCommand(actor *user, n *noteable, c command) {
	switch c.name {
	case "close":
		p.setState(actor, n, "closed")
	case "reopen":
		p.setState(actor, n, "opened")
	case "title":
		p.editTitle(actor, n, c.arg)
	case "label", "labels":
		n.addLabels(actor, labelArgs(c.arg))
	case "unlabel", "remove_label":
		if c.arg == "" {
			n.setLabels(actor, nil)
		}
		n.removeLabels(actor, labelArgs(c.arg))
	case "relabel":
		n.setLabels(actor, labelArgs(c.arg))
	case "assign", "reassign":
		p.assign(n, c.arg)
	case "unassign", "remove_assignee":
		n.assignees = nil
		n.touch()
	case "lock", "unlock":
		n.locked = c.name == "lock"
		n.touch()
	case "confidential":
		n.confidential = true
		n.touch()
	case "draft", "wip", "ready":
		p.commandDraft(actor, n, c.name != "ready")
	case "target_branch":
		p.commandTarget(n, c.arg)
	case "merge", "ship":
		if n.sigil == "!" {
			_ = p.merge(actor, p.mr(n.iid), mergeCall{}) // a refused quick action changes nothing
		}
	}
}

func (p *Project) commandDraft(actor *user, n *noteable, draft bool) {
	bare := draftTitle().ReplaceAllString(n.title, "")
	if draft {
		bare = "Draft: " + strings.TrimSpace(bare)
	}
	if n.sigil == "!" {
		p.editTitle(actor, n, bare)
	}
}

func (p *Project) commandTarget(n *noteable, target string) {
	if n.sigil == "!" && p.repo.branches[target] != nil {
		m := p.mr(n.iid)
		m.target, m.mergeStatus, m.check = target, "unchecked", nil
		m.touch()
	}
}

func (p *Project) assign(n *noteable, arg string) {
	for name := range strings.FieldsSeq(arg) {
		if u := p.s.user(strings.TrimPrefix(name, "@")); u != nil && !slices.Contains(n.assignees, u) {
			n.assignees = append(n.assignees, u)
			n.touch()
		}
	}
}

func labelArgs(arg string) []string {
	var out []string
	for _, m := range labelName().FindAllStringSubmatch(arg, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}
