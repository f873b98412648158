package round

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/operation"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// clocks is how far GitLab's clock may be behind ours.
const clocks = 2 * time.Minute

// effect carries out one action through the journal, and enters the result. Only failures of the
// journal are errors.
func (l *look) effect(ctx context.Context, a bot.Action) error {
	var failure error
	wrote := false
	err := l.journal.Do(ctx, a.Fact(), func(ctx context.Context) journal.Outcome {
		switch a := a.(type) {
		case bot.WriteComment:
			wrote, failure = l.write(ctx, a)
		case bot.StartTest:
			wrote, failure = l.start(ctx, a)
		case bot.CancelTest:
			wrote, failure = l.cancel(ctx, a)
		case bot.ShowStatus:
			wrote, failure = l.show(ctx, a)
		}
		if failure != nil {
			return journal.Outcome{Result: explain(failure)}
		}
		return journal.Outcome{Result: journal.Done}
	})
	if wrote {
		l.report.Wrote++
	}
	if err != nil {
		return err
	}
	if failure != nil {
		l.fail(bot.Of(a), failure)
	}
	return ctx.Err()
}

// write writes our comment on a merge request, and reads it back.
func (l *look) write(ctx context.Context, a bot.WriteComment) (wrote bool, err error) {
	thread := gitlab.OnMerge(l.home.ID, a.IID)
	at := slices.IndexFunc(l.snap.Threads, func(t bot.Thread) bool { return t.MR.IID == a.IID })
	t := &l.snap.Threads[at]
	if a.Comment == 0 {
		if wrote, err = l.GitLab.NoteOnce(ctx, thread, gitlab.OnceNote{Mark: bot.Mark, Markdown: a.Body, By: l.snap.Bot.ID}); err != nil {
			return wrote, err
		}
		if t.Notes, t.Flooded, err = l.readNotes(ctx, a.IID); err != nil {
			return wrote, err
		}
		if !slices.ContainsFunc(t.Notes, func(n bot.Note) bool { return n.By.ID == l.snap.Bot.ID && strings.HasPrefix(n.Body, bot.Mark) }) {
			l.snap.Failed[a.IID] = true // GitLab does not show it yet, so the next round goes on
		}
		return wrote, nil
	}
	note := slices.IndexFunc(t.Notes, func(n bot.Note) bool { return n.ID == a.Comment })
	wrote, err = l.GitLab.EditNote(ctx, thread, gitlab.NoteEdit{ID: a.Comment, Before: t.Notes[note].Body, Markdown: a.Body})
	if err != nil {
		return wrote, err
	}
	t.Notes = slices.Clone(t.Notes)
	t.Notes[note].Body = a.Body
	for _, op := range a.Asks {
		l.snap.Fresh[op] = true
	}
	return wrote, nil
}

// start starts the pipeline of a test, or finds it started. If GitLab refuses it for good, that is
// the result of the test.
func (l *look) start(ctx context.Context, a bot.StartTest) (bool, error) {
	there, err := l.readProject(ctx, a.Spec.Project)
	if err != nil {
		return false, l.refused(a, err)
	}
	s := operation.Start{Operation: a.Operation, Project: there.ID, Spec: a.Spec, Username: l.snap.Bot.Username,
		Since: a.Entry.At.Add(-clocks), What: "test " + a.Entry.Pipeline}
	if a.Careful {
		run, found, err := l.operations.Find(ctx, s)
		switch {
		case err != nil:
			return false, l.refused(a, err)
		case found:
			l.snap.Runs[a.Operation] = runOf(there.ID, run)
			return false, nil
		}
		if doubtful, err := l.operations.Doubtful(ctx, s); err != nil || doubtful {
			if err == nil {
				l.snap.Runs[a.Operation] = bot.Run{Lost: true}
			}
			return false, err
		}
	}
	run, started, err := l.operations.Start(ctx, s)
	if err != nil {
		return false, l.refused(a, err)
	}
	if started {
		if run, err = l.first(ctx, a, s, run); err != nil {
			return true, err
		}
	}
	l.snap.Runs[a.Operation] = runOf(there.ID, run)
	return started, nil
}

// first is the pipeline that counts as that of a test which was just started as run: if a process
// without our database started the same test before us, it is that one's, and ours is canceled. If
// GitLab does not show or cancel them, both go on, and the next round follows the first.
func (l *look) first(ctx context.Context, a bot.StartTest, s operation.Start, run gitlab.Run) (gitlab.Run, error) {
	first, found, err := l.operations.Find(ctx, s)
	if err != nil || !found || first.ID >= run.ID {
		return run, nil //nolint:nilerr // it did start
	}
	f := bot.CancelTest{IID: a.IID, Entry: a.Entry, Operation: a.Operation}.Fact()
	f.Why = "another process started the same test before"
	return first, l.journal.Do(ctx, f, func(ctx context.Context) journal.Outcome {
		if err := l.GitLab.CancelPipeline(ctx, s.Project, run.ID); err != nil {
			l.fail(a.IID, err)
			return journal.Outcome{Result: explain(err)}
		}
		return journal.Outcome{Result: journal.Done}
	})
}

// runOf is a pipeline that was started or found. The next round reads how it ended, with its jobs.
func runOf(project int64, p gitlab.Run) bot.Run {
	return bot.Run{Project: project, ID: p.ID, URL: p.URL}
}

// refused enters a refusal that is final as the result of a test, and returns any other error.
func (l *look) refused(a bot.StartTest, err error) error {
	if !definite(err) {
		return err
	}
	says := explain(operation.Elsewhere(err, a.Spec.Project))
	if errors.Is(err, gitlab.ErrInput) {
		says = a.Spec.Project + " has no input for one of these: " + inputNames(a.Spec) + "; declare each as an input there, or write `overrides: variables`"
	}
	l.snap.Runs[a.Operation] = bot.Run{Refused: says}
	return nil
}

// inputNames lists the inputs of a pipeline for a sentence.
func inputNames(s plan.PipelineSpec) string {
	var out []string
	for _, in := range s.Inputs {
		out = append(out, "`"+in.Name+"`")
	}
	return strings.Join(out, ", ")
}

// cancel cancels a pipeline. A refusal of GitLab is a result, too: the bot says so, and goes on
// reading the pipeline.
func (l *look) cancel(ctx context.Context, a bot.CancelTest) (bool, error) {
	err := l.GitLab.CancelPipeline(ctx, a.Entry.Project, a.Entry.ID)
	if err != nil && !definite(err) {
		return false, err
	}
	l.snap.Canceled[a.Operation] = ""
	if err != nil {
		l.snap.Canceled[a.Operation] = explain(err)
	}
	delete(l.snap.Runs, a.Operation) // so that its state is read again
	return err == nil, nil
}

// maxStatus is GitLab's limit for the description of a status, in characters.
const maxStatus = 255

// show shows a test as a commit status.
func (l *look) show(ctx context.Context, a bot.ShowStatus) (bool, error) {
	s := gitlab.Status{SHA: l.shas[a.IID], Pipeline: a.Status.On, Name: bot.StatusPrefix + a.Status.Pipeline, State: string(a.Status.State), URL: a.URL,
		Markdown: text.Plain(a.Text, maxStatus)}
	wrote, err := l.GitLab.SetStatus(ctx, l.home.ID, s)
	if err != nil && !definite(err) {
		return wrote, fmt.Errorf("show test %s: %w", a.Status.Pipeline, err)
	}
	l.snap.Set[a.IID] = append(l.snap.Set[a.IID], a.Status)
	return wrote, nil
}
