package sim

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file has what people and other systems do to what pinwheel merges, and to the
// pipelines on which that rests.

// gating is what may happen beyond more to seeds in which pinwheel merges.
var gating = append(slices.Clip(more), strings.Fields(`
	move move move move merge merge retarget targetback targetback draft undraft undraft block unblock thread resolve
	rerun rerun anotherpipeline status status extrastatus slowgate hanggate redgate quickgate quickgate nogate
	redmain greenmain greenmain revertbox revertbox approve`)...)

// atGates makes one of them happen, and reports whether there is such an event.
func (l *life) atGates(h happening, who string) bool {
	open := slices.DeleteFunc(l.project.MRs(), func(m gitlabsim.MergeRequest) bool { return m.State != "opened" })
	m, ok := pick(open, h.a)
	switch h.what {
	case "move":
		_ = l.act("move alice " + l.project.DefaultBranch())
	case "redmain", "greenmain":
		l.script(map[string]string{"redmain": "job late fails", "greenmain": ""}[h.what])
	case "revertbox":
		_ = l.act("tick alice revert-branch=")
	case "slowgate", "hanggate", "redgate", "quickgate":
		l.gate(h)
	case "nogate":
		if g, ok := pick(l.gates, h.a); ok {
			g.SetRole(bot, gitlabsim.Reporter)
			l.back(h, func() { g.SetRole(bot, gitlabsim.Developer) })
		}
	case "retarget", "targetback", "draft", "undraft", "block", "unblock", "thread", "resolve", "rerun", "anotherpipeline", "status", "extrastatus":
		if ok {
			_ = l.onOpen(h, who, m) // it may be refused
		}
	default:
		return false
	}
	return true
}

// onOpen is what somebody does to an open merge request.
func (l *life) onOpen(h happening, who string, m gitlabsim.MergeRequest) error {
	p := l.project
	switch h.what {
	case "retarget":
		if p.Head("release") == "" {
			_ = p.CreateBranch("alice", "release", p.DefaultBranch())
		}
		return p.RetargetMR("alice", m.IID, "release")
	case "targetback":
		for _, other := range p.MRs() {
			if other.State == "opened" && other.TargetBranch == "release" {
				_ = p.RetargetMR("alice", other.IID, p.DefaultBranch())
			}
		}
	case "draft":
		return p.EditMRTitle(who, m.IID, "Draft: "+m.Title)
	case "undraft":
		title := m.Title
		for _, word := range []string{"[Draft] ", "Draft: "} {
			title = strings.ReplaceAll(title, word, "")
		}
		return p.EditMRTitle(who, m.IID, title)
	case "block":
		status, _ := pick([]string{"locked_paths", "requested_changes", "something_new", "jira_association_missing"}, h.b)
		return p.BlockMR("alice", m.IID, status)
	case "unblock":
		return p.BlockMR("alice", m.IID, "")
	case "thread":
		return p.OpenThread(who, m.IID)
	case "resolve":
		return p.ResolveThread(who, m.IID)
	case "rerun":
		return p.RetryJobs(who, fmt.Sprintf("refs/merge-requests/%d/head", m.IID))
	case "anotherpipeline":
		return p.RunAgain(who, m.IID)
	}
	state, _ := pick([]string{"pending", "success", "failed", "success"}, h.b)
	return p.Status(who, m.IID, "security/scan", state, h.what == "status")
}

// script sets what the project's CI/CD does from now on: what its policy says and one
// statement.
func (l *life) script(more string) {
	if l.setting.script != "" {
		_ = l.project.Script(l.setting.script + more + "\n")
	}
}

// gate changes what the CI/CD of a gate's project does, for what begins from now on.
func (l *life) gate(h happening) {
	g, ok := pick(l.gates, h.a)
	if !ok {
		return
	}
	script := l.setting.gates[slices.Index(l.gates, g)]
	extra := map[string]string{"slowgate": "takes 7h\n", "hanggate": "job hung hangs\n", "redgate": "job late fails when requests==2*\n", "quickgate": ""}[h.what]
	_ = g.Script(script + extra)
	if extra != "" {
		l.back(h, func() { _ = g.Script(script) })
	}
}

// back gives something back after a while.
func (l *life) back(h happening, restore func()) {
	l.end, l.until = append(l.end, restore), append(l.until, h.run+1+h.b%12)
}

// calm takes away what people put in the way of merges, so that what is good can be merged.
func (l *life) calm() {
	l.script("")
	for _, m := range l.project.MRs() {
		if m.State != "opened" {
			continue
		}
		_ = l.project.BlockMR("alice", m.IID, "")
	}
}

// unmerged says of merge requests that the policy merges, and that passed everything, that
// they are not merged.
func (j *judge) unmerged() {
	for _, m := range j.w.project.MRs() {
		permitted := slices.ContainsFunc(j.w.setting.merges, func(part string) bool { return strings.Contains(m.SourceBranch, part) })
		head := j.w.project.Commits(m.Head)
		if m.State != "opened" || m.Author != bot || !permitted || strings.Contains(m.SourceBranch, "/probe-") || strings.Contains(m.SourceBranch, "/revert-") ||
			m.TargetBranch != j.w.project.DefaultBranch() || slices.Contains(m.Labels, "stop-updating") || !slices.Contains([]string{"mergeable", "need_rebase"}, m.Status) ||
			len(head) < 2 || head[0].AuthorName != "pinwheel" || !j.passed(m, j.w.project.Head(m.TargetBranch)) {
			continue
		}
		good := true
		for _, g := range j.w.config.Policy.Gates {
			good = good && (!g.Required || j.gatePassed(g, m.Head, head[0].Parents[0]))
		}
		if good {
			j.fault("I22: !%d from %s passed everything and is not merged", m.IID, m.SourceBranch)
		}
	}
}
