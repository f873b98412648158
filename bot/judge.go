package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// seenFor is how old a head must be at the time of a comment for its author to have seen it.
const seenFor = 10 * time.Second

// judge decides on a comment with commands: on all of them in one round, or on none if a fact is
// missing.
func (l *look) judge(r request) {
	before, asks, who := l.memory, len(l.asks), l.who
	why, ok := l.permits(l.d.s.Project.ID, r.note.By, l.MR.Fork)
	if !ok {
		return
	}
	if why == "" && r.note.Edited {
		why = "GitLab shows this as changed after it was written, or somebody reacted to it: write it again"
	}
	if why != "" {
		l.reply(r.note, why)
		l.memory.finish(r.note.ID)
		return
	}
	for _, c := range r.commands {
		if !l.command(r.note, c) {
			l.memory = before // the next decision judges the whole comment
			l.asks, l.who = l.asks[:asks], who
			return
		}
	}
	l.memory.finish(r.note.ID)
}

// permits returns the sentence that refuses a person, "" if they may ask. ok is false if their role
// is not known yet.
func (l *look) permits(project int64, who Person, fork bool) (why string, ok bool) {
	role, ok := l.role(project, who.ID)
	if !ok {
		return "", false
	}
	least, of := l.d.s.Policy.Role, ""
	if fork {
		least, of = l.d.s.Policy.ForkRole, "for a merge request from a fork "
	}
	if role >= least {
		return "", true
	}
	return fmt.Sprintf("%syou need the role %s or a higher one in the project, and %s", of, least, has(role)), true
}

func has(r plan.Role) string {
	if r < plan.Guest {
		return "you have no role there"
	}
	return "you have the role " + r.String()
}

func (l *look) reply(n Note, text string) {
	l.memory.answer(Answer{Note: n.ID, By: n.By.Username, At: n.At, Text: text})
}

// command carries out one command. It reports false if a fact is missing.
func (l *look) command(n Note, c Command) bool {
	if c.Mistake != "" {
		l.reply(n, c.Mistake)
		return true
	}
	for _, name := range c.Pipelines {
		if l.pipeline(name) == nil {
			l.reply(n, "there is no pipeline `"+quoted(name)+"` here: the table above lists them")
			return true
		}
	}
	switch c.Verb {
	case Test:
		return l.test(n, c)
	case Retry:
		return l.retry(n, c)
	case Cancel:
		return l.cancel(n, c)
	case Help:
		l.reply(n, "the text above says what you can ask for")
	case Status:
		l.reply(n, "the table above shows the state of "+l.d.s.Now.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return true
}

func (l *look) pipeline(name string) *Pipeline {
	all := l.d.s.Policy.Pipelines
	if at := slices.IndexFunc(all, func(p Pipeline) bool { return p.Name == name }); at >= 0 {
		return &all[at]
	}
	return nil
}

// test adds the tests of a command to the memory.
func (l *look) test(n Note, c Command) bool {
	names := c.Pipelines
	if len(names) == 0 {
		names = l.d.s.Policy.Default
	}
	if len(names) == 0 {
		l.reply(n, "it names no pipeline, and there is none by default: name one from the table above")
		return true
	}
	var entries []Entry
	for _, name := range names {
		made, ok := l.prepare(n, c, *l.pipeline(name))
		if !ok {
			return false
		}
		if made.why != "" {
			l.reply(n, made.why)
			return true
		}
		entries = append(entries, Entry{Note: n.ID, Line: c.Line, By: n.By.Username, ByID: n.By.ID, At: n.At,
			Pipeline: name, Commit: made.commit, With: made.with, State: Asked})
	}
	l.accept(n, entries)
	return true
}

// accept adds tests to the memory within the bounds, or says which bound is reached.
func (l *look) accept(n Note, entries []Entry) {
	p := l.d.s.Policy
	all, own := 0, 0
	for _, other := range l.d.looks {
		for _, e := range other.memory.Tests {
			if l.underWay(e) {
				all++
				if e.by(n.By) {
					own++
				}
			}
		}
	}
	switch {
	case own+len(entries) > p.PerPerson:
		l.reply(n, fmt.Sprintf("one person may have %s under way here, and this would make %d: ask again once some have ended", pipelines(p.PerPerson), own+len(entries)))
	case all+len(entries) > p.AtOnce:
		l.reply(n, fmt.Sprintf("%s may be under way for this project, and this would make %d: ask again once some have ended", pipelines(p.AtOnce), all+len(entries)))
	default:
		for _, e := range entries {
			l.memory.Tests = append(l.memory.Tests, e)
			l.asks = append(l.asks, l.operation(e))
			if l.who == "" {
				l.who = e.By
			}
		}
	}
}

func pipelines(n int) string {
	if n == 1 {
		return "1 pipeline"
	}
	return fmt.Sprintf("%d pipelines", n)
}

// longest is after how long a test counts as under way no more, whatever its pipeline does.
const longest = 7 * 24 * time.Hour

func (l *look) underWay(e Entry) bool { return !e.State.ended() && l.d.s.Now.Sub(e.At) < longest }

// prepared is what a pipeline is started with for a command, or the sentence that refuses
// it.
type prepared struct {
	commit string
	with   []string // for people: kpet-db!12@5e6f7a8b9c0d, key=value
	spec   plan.PipelineSpec
	why    string
}

// prepare works out, from a comment, its author's roles and the configuration, what a pipeline is
// started with. ok is false if a fact is missing.
func (l *look) prepare(n Note, c Command, p Pipeline) (prepared, bool) {
	refused := func(text string) (prepared, bool) { return prepared{why: text}, true }
	s := l.d.s
	if strings.EqualFold(p.Spec.Project, s.Project.Member.Path) && p.Spec.Ref == s.Project.DefaultBranch {
		return refused("nothing is started on `" + quoted(p.Spec.Ref) + "` of this project, since that may deploy")
	}
	for _, v := range c.Set {
		if !slices.Contains(s.Policy.Allow, v.Name) {
			return refused("`" + quoted(v.Name) + "` may not be set from a comment")
		}
	}
	heads, ok := l.heads()
	if !ok {
		return prepared{}, false
	}
	commit, why := chooseHead(heads, n.At, named{c.Commit, "test @"})
	if why != "" {
		return refused(why)
	}
	var with []string
	over := []override{{s.Project.Member, s.Project.WebURL, commit}}
	for _, w := range c.With {
		o, why, ok := l.withOverride(n, w)
		if !ok || why != "" {
			return prepared{why: why}, ok
		}
		if at := slices.IndexFunc(over, func(other override) bool { return other.member.Path == o.member.Path }); at >= 0 {
			return refused("`" + quoted(o.member.Name) + "` can be tested with only one merge request")
		}
		over = append(over, o)
		with = append(with, fmt.Sprintf("%s!%d@%s", o.member.Name, w.IID, short(o.commit)))
	}
	for _, v := range c.Set {
		with = append(with, v.Name+"="+v.Value)
	}
	return prepared{commit: commit, with: with, spec: l.spec(p, over, c.Set)}, true
}

// named is the commit that a comment names, empty for none, and what people write before one.
type named struct{ commit, before string }

// chooseHead returns the head that the author of a comment saw, or the one that they name.
func chooseHead(heads []Head, at time.Time, by named) (sha, why string) {
	if by.commit != "" {
		var found []string
		for _, h := range heads {
			if strings.HasPrefix(h.SHA, by.commit) && !h.At.After(at) && !slices.Contains(found, h.SHA) {
				found = append(found, h.SHA)
			}
		}
		if len(found) != 1 {
			return "", "when this was written, the merge request had no head that begins with `" + quoted(by.commit) + "`, or more than one"
		}
		return found[0], ""
	}
	for _, h := range heads { // the newest first
		switch {
		case h.At.After(at):
		case h.At.After(at.Add(-seenFor)):
			return "", "somebody pushed `" + short(h.SHA) + "` at the time of this comment, so it is not known which commit its author saw: write `" + by.before + short(h.SHA) + "`, or name another one"
		default:
			return h.SHA, ""
		}
	}
	return "", "GitLab has no commit of the merge request from before this comment: ask again"
}

func short(sha string) string { return sha[:min(len(sha), 12)] }

// override is a member that is replaced, and the commit that replaces it.
type override struct {
	member Member
	webURL string
	commit string
}

func (o override) url() string {
	return "git+" + strings.TrimSuffix(o.webURL, "/") + ".git@" + o.commit
}

// withOverride is the override of another merge request.
func (l *look) withOverride(n Note, w WithWord) (o override, why string, ok bool) {
	member := l.member(w.Project)
	if member == nil {
		return o, "`" + quoted(w.Project) + "` is not a project of the set", true
	}
	name := fmt.Sprintf("`%s!%d`", member.Name, w.IID)
	at := Number{member.Path, w.IID}
	m, known := l.d.s.Withs[at]
	if !known {
		l.need(Need{With: at})
		return o, "", false
	}
	gone := name + " is not open, or does not exist"
	if m.Project == 0 {
		return o, gone, true
	}
	why, ok = l.permits(m.Project, n.By, m.Fork) // first, so that people without a role do not learn what exists
	switch {
	case !ok || why != "":
		return o, "of " + name + ": " + why, ok
	case !m.Open:
		return o, gone, true
	}
	commit, why := chooseHead(m.Heads, n.At, named{w.Commit, fmt.Sprintf("with %s!%d@", member.Name, w.IID)})
	if why != "" {
		return o, "of " + name + ": " + why, true
	}
	return override{*member, m.WebURL, commit}, "", true
}

// member finds a member by its name or its path.
func (l *look) member(name string) *Member {
	for _, m := range l.d.s.Policy.Members {
		if strings.EqualFold(m.Path, name) || strings.EqualFold(m.Name, name) {
			return &m
		}
	}
	return nil
}

// spec is a pipeline's description, complete. The configuration overrides what a comment sets, and
// the marks override both.
func (l *look) spec(p Pipeline, over []override, set []plan.Variable) plan.PipelineSpec {
	s := l.d.s
	var names []string
	for _, o := range over {
		names = append(names, o.member.Name)
	}
	spec := p.Spec.Fill(map[string]string{
		plan.WordSHA: over[0].commit, plan.WordBranch: l.MR.Branch, plan.WordMR: fmt.Sprint(l.MR.IID), plan.WordProject: s.Project.Member.Path,
		plan.WordCloneURL: strings.TrimSuffix(s.Project.WebURL, "/") + ".git", plan.WordPackages: strings.Join(names, " "),
	})
	var more []plan.Variable
	for _, v := range set {
		if !slices.ContainsFunc(spec.Variables, func(o plan.Variable) bool { return o.Name == v.Name }) &&
			!slices.ContainsFunc(spec.Inputs, func(o plan.Input) bool { return o.Name == v.Name }) {
			more = append(more, v)
		}
	}
	for _, o := range over {
		more = append(more, plan.Variable{Name: o.member.Override, Value: o.url()})
	}
	more = append(more, s.Policy.Marks...)
	for _, v := range more {
		if p.Inputs {
			spec.Inputs = append(slices.DeleteFunc(spec.Inputs, func(o plan.Input) bool { return o.Name == v.Name }), plan.Input{Name: v.Name, Value: v.Value})
		} else {
			spec.Variables = append(slices.DeleteFunc(spec.Variables, func(o plan.Variable) bool { return o.Name == v.Name }), v)
		}
	}
	return spec
}
