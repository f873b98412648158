package bot

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file follows the tests in our comment: it starts those that are not started yet, and says
// how pipelines end.

// followFor is how long a pipeline is still read after its end, since somebody may run its jobs again.
const followFor = 24 * time.Hour

// follow brings the tests of a merge request up to date.
func (l *look) follow() {
	if l.Flooded && !l.known {
		return
	}
	for i := range l.memory.Tests {
		e := &l.memory.Tests[i]
		switch {
		case e.State == Asked:
			l.begin(e)
		case e.ID != 0 && (e.State == Running || e.State != NotStarted && l.d.s.Now.Sub(e.Ended) < followFor):
			l.watch(e)
		}
	}
	l.statuses()
}

// begin starts a test, if its comment still asks for it and its author still may.
func (l *look) begin(e *Entry) {
	op := l.operation(*e)
	if run, ok := l.d.s.Runs[op]; ok {
		l.started(e, run)
		return
	}
	end := func(why string) { e.State, e.Why, e.Ended = NotStarted, why, l.d.s.Now }
	n, stands := l.note(e.Note)
	if !stands {
		end("its comment was changed or deleted before it started, or somebody reacted to it")
		return
	}
	why, ok := l.permits(l.d.s.Project.ID, n.By, l.MR.Fork)
	if !ok {
		return
	}
	p := l.pipeline(e.Pipeline)
	if why == "" && p == nil {
		why = "the configuration has no such pipeline any more"
	}
	if why != "" {
		end(why)
		return
	}
	m, ok := l.prepareAgain(n, *e, *p)
	switch {
	case !ok:
	case m.why != "":
		end(m.why)
	case m.commit != e.Commit:
		end("its commit is not the one that the comment means")
	default:
		l.starts = append(l.starts, StartTest{IID: l.MR.IID, Entry: *e, Operation: op, Spec: m.spec, Careful: !l.d.s.Fresh[op]})
	}
}

// prepareAgain works out anew what a test is started with, from the comment that asks for it. For a retry
// that is the comment of the test that it repeats.
func (l *look) prepareAgain(n Note, e Entry, p Pipeline) (prepared, bool) {
	line := e.Line
	if e.Of != 0 {
		origin, stands := l.note(e.Of)
		if !stands {
			return prepared{why: "the comment whose test it repeats was changed or deleted, or somebody reacted to it"}, true
		}
		who, ok := l.permits(l.d.s.Project.ID, origin.By, l.MR.Fork)
		if !ok || who != "" {
			return prepared{why: who}, ok
		}
		n, line = origin, e.OfLine
	}
	commands := Commands(n.Body, l.d.s.Bot.Username)
	if line >= len(commands) || commands[line].Verb != Test || commands[line].Mistake != "" {
		return prepared{why: "its comment asks for no test"}, true
	}
	c := commands[line]
	names := c.Pipelines
	if len(names) == 0 {
		names = l.d.s.Policy.Default
	}
	if !slices.Contains(names, e.Pipeline) {
		return prepared{why: "its comment does not ask for this pipeline"}, true
	}
	return l.prepare(n, c, p)
}

// started enters the result of its start into a test.
func (l *look) started(e *Entry, run Run) {
	switch {
	case run.Lost:
		e.State, e.Ended = NotStarted, l.d.s.Now
		e.Why = "it may have started, but no pipeline shows that it is this one: look in the project, and write `retry` if there is none"
	case run.Refused != "":
		e.State, e.Why, e.Ended = NotStarted, run.Refused, l.d.s.Now
	default:
		e.State, e.Project, e.ID, e.URL, e.Started = Running, run.Project, run.ID, run.URL, l.d.s.Now
		l.settle(e, run)
	}
}

// watch follows the pipeline of a test.
func (l *look) watch(e *Entry) {
	op := l.operation(*e)
	run, ok := l.d.s.Runs[op]
	if !ok {
		w := Watch{Operation: op, Project: e.Project, ID: e.ID, Jobs: e.State != Failed && e.State != Everywhere}
		if p := l.pipeline(e.Pipeline); p != nil {
			w.Spec = p.Spec
		}
		l.need(Need{Run: &w})
		return
	}
	l.settle(e, run)
}

// settle enters the state of its pipeline into a test.
func (l *look) settle(e *Entry, run Run) {
	if run.ID != e.ID || run.Project != e.Project {
		return
	}
	was := e.State
	if run.Result == plan.Failed && (was == Failed || was == Everywhere) {
		return // its jobs were compared before, which happens once
	}
	e.Jobs, e.Why = nil, ""
	switch run.Result {
	case plan.Passed:
		e.State = Passed
	case plan.Failed:
		e.State, e.Jobs = Everywhere, run.Jobs
		if len(run.Jobs) == 0 || slices.ContainsFunc(run.Jobs, func(j Job) bool { return j.Without != plan.Failed }) {
			e.State = Failed
		}
	case plan.Canceled, plan.Skipped:
		e.State = Canceled
	default:
		e.State, e.Ended = Running, time.Time{}
	}
	if e.State.ended() && (was != e.State || e.Ended.IsZero()) {
		e.Ended = l.d.s.Now
	}
}

// tests are the newest tests of the pipelines that a command names, or of all if it names none,
// from before a comment.
func (l *look) tests(n Note, c Command) []*Entry {
	var out []*Entry
	for i := range l.memory.Tests {
		e := &l.memory.Tests[i]
		if e.Note >= n.ID || len(c.Pipelines) > 0 && !slices.Contains(c.Pipelines, e.Pipeline) {
			continue
		}
		out = append(slices.DeleteFunc(out, func(o *Entry) bool { return o.Pipeline == e.Pipeline }), e)
	}
	return out
}

// retry adds the newest tests that did not pass once more.
func (l *look) retry(n Note, c Command) bool {
	var entries []Entry
	for _, e := range l.tests(n, c) {
		if !e.State.ended() || e.State == Passed {
			continue
		}
		of, line := e.Note, e.Line
		if e.Of != 0 {
			of, line = e.Of, e.OfLine
		}
		entries = append(entries, Entry{Note: n.ID, Line: c.Line, Of: of, OfLine: line, By: n.By.Username, ByID: n.By.ID, At: n.At,
			Pipeline: e.Pipeline, Commit: e.Commit, With: e.With, State: Asked})
	}
	if len(entries) == 0 {
		l.reply(n, "none of these tests ended without passing, so there is nothing to repeat")
		return true
	}
	l.accept(n, entries)
	return true
}

// cancel cancels the tests under way that a command names. It reports true once GitLab answered for
// each of them. A test that an earlier round may have started is looked for first.
func (l *look) cancel(n Note, c Command) bool {
	count, refused, no, done := 0, 0, "", true
	for i := range l.memory.Tests {
		e := &l.memory.Tests[i]
		op := l.operation(*e)
		why, tried := l.d.s.Canceled[op]
		if e.Note >= n.ID || len(c.Pipelines) > 0 && !slices.Contains(c.Pipelines, e.Pipeline) {
			continue
		}
		switch {
		case tried && why != "":
			refused, no = refused+1, why
		case tried, e.State == Canceled && l.ran(*e): // the latter by a look that ended before it wrote that down
			count++
		case e.State.ended():
		case e.ID != 0:
			done = false
			l.actions = append(l.actions, CancelTest{IID: l.MR.IID, Entry: *e, Operation: op, Who: n.By.Username})
		case l.ran(*e):
			done = false // after its start we know which pipeline to cancel
		default:
			count++
			e.State, e.Why, e.Ended = Canceled, "canceled before it started", l.d.s.Now
			l.starts = slices.DeleteFunc(l.starts, func(a StartTest) bool { return a.Operation == op })
		}
	}
	switch {
	case !done:
		return false
	case count+refused == 0:
		l.reply(n, "none of these tests is under way, so there is nothing to cancel")
	case count > 0:
		l.reply(n, "canceled "+pipelines(count))
	}
	if refused > 0 {
		l.reply(n, pipelines(refused)+" could not be canceled: "+no)
	}
	return true
}

// ran reports whether a test was under way according to our comment.
func (l *look) ran(e Entry) bool {
	return slices.ContainsFunc(l.before.Tests, func(o Entry) bool { return o.same(e) && !o.State.ended() })
}

// statuses shows the newest test of each pipeline on the newest head, as commit statuses of that
// head.
func (l *look) statuses() {
	if len(l.memory.Tests) == 0 {
		return
	}
	var newest []Entry
	for _, e := range l.memory.Tests {
		newest = append(slices.DeleteFunc(newest, func(o Entry) bool { return o.Pipeline == e.Pipeline && o.Commit == e.Commit }), e)
	}
	for _, e := range newest {
		l.status(e)
	}
}

// status shows a test on its commit, as long as that is the head.
func (l *look) status(e Entry) {
	want := statusOf(e.State)
	have := slices.IndexFunc(l.memory.Statuses, func(s HeadStatus) bool { return s.Pipeline == e.Pipeline && s.SHA == e.Commit })
	if e.ID == 0 || have >= 0 && l.memory.Statuses[have].State == want || have < 0 && e.State.ended() && l.d.s.Now.Sub(e.Ended) > time.Hour {
		return
	}
	heads, ok := l.heads()
	if !ok || len(heads) == 0 || heads[0].SHA != e.Commit {
		return
	}
	shown, ok := l.d.s.Shown[l.MR.IID]
	if !ok {
		l.need(Need{Shown: true})
		return
	}
	if shown.Pipeline == 0 {
		return // without a pipeline GitLab would make a second one beside the head's own
	}
	l.actions = append(l.actions, ShowStatus{IID: l.MR.IID, Status: HeadStatus{e.Pipeline, e.Commit, shown.Pipeline, want}, URL: e.URL, Text: statusText(e)})
}

func statusOf(s State) plan.StatusState {
	switch s {
	case Asked:
		return plan.StatusPending
	case Running:
		return plan.StatusRunning
	case Passed, Everywhere:
		return plan.StatusSuccess
	case Canceled, NotStarted:
		return plan.StatusCanceled
	case Failed:
	}
	return plan.StatusFailed
}

// statusText is the text of a status.
func statusText(e Entry) string {
	var names []string
	for _, j := range e.Jobs {
		names = append(names, j.Name)
	}
	if len(names) == 0 {
		return string(e.State)
	}
	return string(e.State) + ": " + strings.Join(names, ", ")
}
