package deploy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

const lib, tools, pins = "cki/cki-lib", "cki/cki-tools", "cki/pipeline-definition"

// TestDeployForward: a commit of the default branch is deployed, recorded and shown,
// and a second run does nothing.
func TestDeployForward(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.merge(lib)
		out := w.must(w.order(lib, first))
		w.same(w.production(lib), first)
		w.same(out.Set, int64(1))
		w.same(string(out.Kind), "forward")
		w.same(len(w.sim.Project(lib).Deployments()), 1)
		writes := len(w.sim.Writes(time.Time{}))
		w.same(w.must(w.order(lib, first)).Do, deploy.Nothing)
		w.same(len(w.sim.Writes(time.Time{})), writes)
		second := w.merge(tools)
		w.same(w.must(w.order(tools, second)).Set, int64(2))
		d, err := w.deployer(nil)
		w.ok(err)
		v, err := d.Releases(context.Background(), "")
		w.ok(err)
		w.same(v.Set.ID, int64(2))
		for _, r := range v.Projects {
			w.ok(r.Err)
			w.same(r.SHA, w.production(r.Project))
			w.same(r.Behind, 0)
		}
		w.same(v.Projects[0].By, "dave")
		w.same(v.Projects[0].Set, int64(1))
		w.merge(lib)
		w.merge(lib)
		v, err = d.Releases(context.Background(), lib)
		w.ok(err)
		w.same(v.Projects[0].Behind, 2)
	})
}

// TestAnOlderCommit: an older commit is a rollback where somebody started its job, and
// sets a hold; else it was overtaken, and nothing is moved.
func TestAnOlderCommit(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second := w.merge(lib), w.merge(lib)
		w.must(w.order(lib, first))
		w.must(w.order(lib, second))
		late := w.order(lib, first)
		w.same(w.must(late).Do, deploy.Overtake)
		w.same(w.production(lib), second)
		late.Asked.Person = true
		out := w.must(late)
		w.same(string(out.Kind), "rollback")
		w.same(w.production(lib), first)
		third := w.merge(lib)
		held := w.must(w.order(lib, third))
		w.same(held.Do, deploy.Wait)
		if !strings.Contains(held.Why, "by dave") || !strings.Contains(held.Why, "rolled back from "+second[:12]) {
			t.Errorf("the hold says %q", held.Why)
		}
		w.same(w.production(lib), first)
		// Other projects are not held.
		w.same(w.must(w.order(tools, w.merge(tools))).Do, deploy.Deploy)
		d, err := w.deployer(nil)
		w.ok(err)
		_, there, err := d.Release(context.Background(), lib)
		w.ok(err)
		w.same(there, true)
		w.same(w.must(w.order(lib, third)).Do, deploy.Deploy)
		w.same(w.production(lib), third)
	})
}

// TestAMergeRequest: its commit is deployed by hand alone, and what is merged later is
// forward, squashed or not.
func TestAMergeRequest(t *testing.T) {
	inWorld(t, func(w *world) {
		w.must(w.order(lib, w.merge(lib)))
		tried, err := w.sim.Project(lib).Push("dave", "feature", "Try", map[string]string{"x": "1"})
		w.ok(err)
		o := w.order(lib, tried)
		o.Default, o.MergeRequest = false, true
		w.same(w.must(o).Do, deploy.Refuse)
		o.Asked.Person = true
		w.same(string(w.must(o).Kind), "merge-request")
		w.same(w.production(lib), tried)
		squashed := w.merge(lib)
		w.same(string(w.must(w.order(lib, squashed)).Kind), "forward")
		w.same(w.production(lib), squashed)
		// A branch that is neither is refused.
		o.MergeRequest = false
		w.same(w.must(o).Do, deploy.Refuse)
		// As is one that says that it is of the default branch, and is not.
		o.Default = true
		w.same(w.must(o).Do, deploy.Refuse)
	})
}

// TestRollbackOfASet: all projects go back at once, are held, and previous is not
// repeated by accident.
func TestRollbackOfASet(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx := context.Background()
		for _, path := range members {
			w.must(w.order(path, w.merge(path)))
		}
		good := map[string]string{}
		for _, path := range members {
			good[path] = w.production(path)
		}
		for _, path := range members {
			w.must(w.order(path, w.merge(path)))
		}
		d, err := w.deployer(nil)
		w.ok(err)
		out, err := d.RollbackSet(ctx, "3", deploy.Person{Name: "dave"})
		w.ok(err)
		w.same(len(out.Moves), 3)
		for _, path := range members {
			w.same(w.production(path), good[path])
			w.same(w.must(w.order(path, w.merge(path))).Do, deploy.Wait)
		}
		// A merge request brings the constraints in line on their default branch.
		proposed := w.sim.Project(pins).MRs()
		w.same(len(proposed), 1)
		w.same(proposed[0].TargetBranch, "main")
		text, _ := w.sim.Project(pins).File(proposed[0].SourceBranch, "change")
		w.same(text, "1")
		out, err = d.RollbackSet(ctx, "3", deploy.Person{Name: "dave"})
		w.ok(err)
		w.same(out.Do, deploy.Nothing)
		w.same(len(w.sim.Project(pins).MRs()), 1)
		var mistake *deploy.Mistake
		_, err = d.RollbackSet(ctx, deploy.Previous, deploy.Person{Name: "dave"})
		w.same(errors.As(err, &mistake), true)
		_, err = d.RollbackSet(ctx, "99", deploy.Person{Name: "dave"})
		w.same(errors.As(err, &mistake), true)
		out, err = d.RollbackSet(ctx, "2", deploy.Person{Name: "dave"})
		w.ok(err)
		w.same(len(out.Moves), 1)
	})
}

// TestRollbackOfAProject goes to what it had before, or to a commit that is named, and
// to no other.
func TestRollbackOfAProject(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, by := context.Background(), deploy.Person{Name: "dave"}
		first, second := w.merge(lib), w.merge(lib)
		w.must(w.order(lib, first))
		w.must(w.order(lib, second))
		d, err := w.deployer(nil)
		w.ok(err)
		out, err := d.Rollback(ctx, lib, "", by)
		w.ok(err)
		w.same(out.SHA, first)
		w.same(w.production(lib), first)
		_, err = d.Rollback(ctx, lib, "", by)
		if err == nil || !strings.Contains(err.Error(), "was rolled back to "+first[:12]+" already") {
			t.Errorf("again: %v", err)
		}
		stray, err := w.sim.Project(lib).ForcePush("dave", "feature", w.commits[lib][0], "Try", map[string]string{"x": "1"})
		w.ok(err)
		for to, says := range map[string]string{
			second: "is newer than", stray: "neither on the default branch nor was it in production", "production": "is no commit", strings.Repeat("0", 40): "has no commit", "--x": "is no commit",
		} {
			if _, err := d.Rollback(ctx, lib, to, by); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("to %s: %v, want %q", to, err, says)
			}
		}
		start := w.commits[lib][0]
		_, err = d.Rollback(ctx, lib, start[:10], by)
		w.ok(err)
		w.same(w.production(lib), start)
		if _, err := d.Rollback(ctx, "cki/other", "", by); err == nil {
			t.Error("a project that is not in the set was rolled back")
		}
	})
}

// TestSomebodyMovesABranch: who won a race for a branch is named, what they did stays,
// and nothing is under way afterwards.
func TestSomebodyMovesABranch(t *testing.T) {
	inWorld(t, func(w *world) {
		w.must(w.order(lib, w.merge(lib)))
		old := w.production(lib)
		next := w.merge(lib)
		d, err := w.deployer(before{w.sim.Transport(), "/cki/cki-lib.git/git-receive-pack", func() { w.ok(w.sim.Project(lib).PushRef("dave", "production", w.commits[lib][0])) }})
		w.ok(err)
		_, err = d.Deploy(context.Background(), w.order(lib, next))
		if !errors.Is(err, gitlab.ErrMoved) || !strings.Contains(err.Error(), "dave at ") || !strings.Contains(err.Error(), "from "+old[:12]) {
			t.Errorf("%v, want who moved it", err)
		}
		w.same(w.production(lib), w.commits[lib][0])
		w.same(w.must(w.order(lib, next)).Do, deploy.Deploy)
		w.same(w.production(lib), next)
	})
}

// TestAProjectThatWasMovedStopsASet: a rollback that stands halfway moves nothing else,
// says what is where, and ends by --accept.
func TestAProjectThatWasMovedStopsASet(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, by := context.Background(), deploy.Person{Name: "dave"}
		for range 2 {
			for _, path := range members {
				w.must(w.order(path, w.merge(path)))
			}
		}
		foreign := w.merge(tools)
		d, err := w.deployer(before{w.sim.Transport(), "/cki/cki-tools.git/git-receive-pack", func() { w.ok(w.sim.Project(tools).PushRef("dave", "production", foreign)) }})
		w.ok(err)
		pinned := w.production(pins)
		_, err = d.RollbackSet(ctx, "3", by)
		var stopped *deploy.StoppedError
		if !errors.As(err, &stopped) || len(stopped.Where) != 3 {
			t.Fatalf("%v, want what is where", err)
		}
		for i, want := range []string{lib + " at " + w.production(lib)[:12] + " (moved)", "(where somebody else moved it)", "(not moved yet)"} {
			if !strings.Contains(stopped.Where[i], want) {
				t.Errorf("%q, want %q", stopped.Where[i], want)
			}
		}
		w.same(w.production(tools), foreign)
		w.same(w.production(pins), pinned)
		// Nothing else is deployed beside it.
		if _, err := w.deploy(w.order(pins, w.merge(pins))); !errors.As(err, &stopped) {
			t.Errorf("a deployment beside it: %v", err)
		}
		d, err = w.deployer(nil)
		w.ok(err)
		out, err := d.Accept(ctx, by)
		w.ok(err)
		w.same(out.Set, int64(7))
		w.same(w.production(tools), foreign)
		w.same(w.must(w.order(pins, w.merge(pins))).Do, deploy.Wait)
		_, _, err = d.Release(ctx, pins)
		w.ok(err)
		w.same(w.must(w.order(pins, w.merge(pins))).Do, deploy.Deploy)
	})
}

// TestPreviousUndoesNoRollback: after a rollback of a project the set before it is the one
// with the fault, so "previous" does not go there.
func TestPreviousUndoesNoRollback(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, by := context.Background(), deploy.Person{Name: "dave"}
		first := w.merge(lib)
		w.must(w.order(lib, first))
		w.must(w.order(lib, w.merge(lib)))
		d, err := w.deployer(nil)
		w.ok(err)
		_, err = d.Rollback(ctx, lib, "", by)
		w.ok(err)
		_, err = d.RollbackSet(ctx, deploy.Previous, by)
		if !errors.As(err, new(*deploy.Mistake)) || !strings.Contains(err.Error(), "set 3, rollback of cki/cki-lib, went back already: name the set to go to, such as --set 1") {
			t.Errorf("previous: %v", err)
		}
		w.same(w.production(lib), first)
		_, err = d.RollbackSet(ctx, "2", by) // by its number it may be meant
		w.ok(err)
	})
}

// TestWhatWasMovedBesidePinwheel: a set says since when and by whom a branch is where it
// is, as GitLab tells, and not that it was moved when the set was made.
func TestWhatWasMovedBesidePinwheel(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now().UTC()
		time.Sleep(time.Hour)
		w.must(w.order(lib, w.merge(lib)))
		moved := w.merge(pins)
		w.ok(w.sim.Project(pins).PushRef("dave", "production", moved))
		by := time.Now().UTC()
		time.Sleep(time.Hour)
		w.must(w.order(lib, w.merge(lib)))
		d, err := w.deployer(nil)
		w.ok(err)
		all, err := d.Sets(context.Background())
		w.ok(err)
		for _, m := range all[0].Members {
			want := map[string]time.Time{lib: by.Add(time.Hour), tools: began, pins: by}[m.Project]
			if !m.Since.Equal(want) || m.By != "dave" {
				t.Errorf("%s is where it is since %s by %q, want %s by dave", m.Project, m.Since, m.By, want)
			}
		}
	})
}
