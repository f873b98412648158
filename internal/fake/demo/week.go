package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// week is a stage on which the script is played, printed as it goes.
type week struct {
	*stage
	terminal
	seen   []line // of the dashboard, as printed last
	writes int    // of the last run
	failed error  // the first thing that went wrong
}

// Play plays the week once and prints what happens, in colour where that is
// asked for. It fails only if something goes otherwise than the script says, or
// when ctx ends.
func Play(ctx context.Context, out io.Writer, color bool) error {
	s, err := newStage(ctx)
	defer s.close()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	w := &week{stage: s, terminal: terminal{out: out, color: color, hide: s.hide}}
	w.play(ctx)
	if err := errors.Join(w.failed, w.terminal.err); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f := s.gitlab.Failures(); len(f) > 0 {
		return fmt.Errorf("demo: the simulated GitLab did not understand: %s", strings.Join(f, "; "))
	}
	return nil
}

// must keeps the first error; the script goes on, but Play fails.
func (w *week) must(err error) {
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("%s: %w", w.local().Format("Mon 15:04"), err)
	}
}

// play is the script: what people do, and the hourly runs worth seeing.
func (w *week) play(ctx context.Context) {
	w.put(bold, "", "A week with pinwheel")
	w.put(plain, "", "CKI's Python pins of February 2024 meet the package index of November 2026. GitLab and the index are "+
		"simulated on this machine, some releases are made up (internal/fake/demo/world.txt), the runs are real. Merge "+
		"requests open at weekends, at most 4 at a time, for releases that are at least 3 days old.")

	w.moment("2026-11-26 09:00", "The first run", "45 pins, no dashboard yet. It is Thursday, so nothing but the dashboard is written.")
	w.run(ctx)
	w.dashboard("The dashboard issue, as its page shows it:")

	w.moment("2026-11-27 10:15", "Two people tick a box", "bob, a Developer, ticks charset-normalizer on the dashboard. erin, a Reporter, ticks lxml.")
	w.tick("bob", "pinwheel/charset-normalizer-3.x")
	w.tick("erin", "pinwheel/lxml-6.x")
	w.moment("2026-11-27 11:00", "The next hourly run", "One tick is carried out, although it is Friday. The other is refused, and says why.")
	w.run(ctx)
	w.opened(true)
	w.dashboard("")

	w.moment("2026-11-28 00:05", "The window opens", "The longest waiting go first, up to 4 open merge requests. bob's counts.")
	w.run(ctx)
	w.opened(false)
	w.dashboard("")

	w.moment("2026-11-28 11:20", "People look at them", "")
	w.review()
	w.moment("2026-11-28 12:00", "The next hourly run", "alice's no is remembered, bob's branch is left alone, and as many merge requests open as may.")
	w.run(ctx)
	w.opened(false)
	w.dashboard("")

	w.moment("2026-11-29 09:00", "A newer release is old enough", "charset-normalizer 3.5.3 is 3 days old. Its merge request moves, once in this window.")
	w.run(ctx)
	w.mergeRequest("pinwheel/charset-normalizer-3.x", "moved")
	w.dashboard("")

	w.moment("2026-11-30 09:00", "Monday", "The window is shut: what waits says so again.")
	w.run(ctx)
	w.dashboard("")
	w.moment("2026-11-30 10:00", "And the hour after", "Nothing happened, so nothing is written.")
	w.run(ctx)
	w.dashboard("")
	w.count()
	w.batch(ctx)
}

// count ends the week.
func (w *week) count() {
	states := map[string]int{}
	for _, mr := range w.project.MRs() {
		states[mr.State]++
	}
	w.blank()
	w.put(bold, "", "━━ What is left")
	w.put(plain, "   ", fmt.Sprintf("One issue; %d merge request merged, %d closed, %d open; on main both files hold the same pins.",
		states["merged"], states["closed"], states["opened"]))
	w.put(plain, "   ", "On your own pins, without any GitLab: pinwheel plan --file constraints.txt")
}

// moment begins a new scene.
func (w *week) moment(at, headline, text string) {
	w.must(w.set(at))
	w.blank()
	w.put(bold, "", "━━ "+w.local().Format("Mon 2 Jan 15:04")+"  "+headline)
	if text != "" {
		w.put(plain, "   ", text)
	}
}

// run is one hourly run. It prints how many requests wrote.
func (w *week) run(ctx context.Context) {
	if w.failed != nil {
		return
	}
	report, writes, err := w.stage.run(ctx)
	w.must(err)
	if err == nil && report.Status != reconcile.Done {
		w.must(fmt.Errorf("the run ended %s: %s", report.Status, strings.Join(report.Failures, "; ")))
	}
	w.writes = writes
	w.put(dim, "   ", fmt.Sprintf("run: %s, writes to GitLab = %d", report.Status, w.writes))
}

// tick ticks the box of the update on a branch.
func (w *week) tick(who, branch string) {
	w.must(w.project.Tick(who, w.issue().IID, "-branch="+branch+" -->"))
}

func (w *week) issue() gitlabsim.Issue {
	if all := w.project.Issues(); len(all) > 0 {
		return all[0]
	}
	w.must(fmt.Errorf("there is no dashboard"))
	return gitlabsim.Issue{}
}

// review is Saturday's reading of the three merge requests opened that night.
func (w *week) review() {
	var batch []gitlabsim.MergeRequest
	for _, mr := range w.project.MRs() {
		if mr.State == "opened" && !strings.Contains(mr.SourceBranch, "charset-normalizer") {
			batch = append(batch, mr)
		}
	}
	if len(batch) != 3 {
		w.must(fmt.Errorf("%d merge requests to look at, want 3", len(batch)))
		return
	}
	w.must(w.project.MergeMR("alice", batch[0].IID))
	w.put(plain, "   ", fmt.Sprintf("alice  merges  !%d %s", batch[0].IID, batch[0].Title))
	w.must(w.project.CloseMR("alice", batch[1].IID))
	w.put(plain, "   ", fmt.Sprintf("alice  closes  !%d %s", batch[1].IID, batch[1].Title))
	_, err := w.project.Push("bob", batch[2].SourceBranch, "try it in the canary pipeline first", map[string]string{"canary.txt": "on\n"})
	w.must(err)
	w.put(plain, "   ", fmt.Sprintf("bob    pushes  onto the branch of !%d %s", batch[2].IID, batch[2].Title))
}

// opened prints the merge requests opened at this very moment; with long, their
// description and the diff with context.
func (w *week) opened(long bool) {
	for _, mr := range w.project.MRs() {
		if mr.State != "opened" || !mr.CreatedAt.Equal(w.now()) {
			continue
		}
		w.show(mr, "opened", long)
	}
}

func (w *week) mergeRequest(branch, what string) {
	all := w.project.MRs()
	i := slices.IndexFunc(all, func(mr gitlabsim.MergeRequest) bool { return mr.SourceBranch == branch && mr.State == "opened" })
	if i < 0 {
		w.must(fmt.Errorf("no open merge request of %s", branch))
		return
	}
	w.show(all[i], what, false)
}

func (w *week) show(mr gitlabsim.MergeRequest, what string, long bool) {
	w.blank()
	w.put(cyan, "   ", fmt.Sprintf("%s !%d  %s", what, mr.IID, mr.Title))
	about := "branch " + mr.SourceBranch
	if len(mr.Labels) > 0 {
		about += ", labels " + strings.Join(mr.Labels, ", ")
	}
	w.put(dim, "   ", about)
	if long {
		w.whole(shown(mr.Description))
	}
	w.diff(w.project.Diff("main", mr.SourceBranch), long)
}

// dashboard prints the issue: whole the first time, then what changed.
func (w *week) dashboard(title string) {
	fresh := shown(w.issue().Description)
	old := w.seen
	w.seen = fresh
	switch {
	case old == nil:
		w.blank()
		w.put(plain, "   ", title)
		w.whole(fresh)
	case slices.Equal(old, fresh):
		w.put(dim, "   ", "dashboard: unchanged")
	default:
		w.blank()
		w.put(dim, "   ", "dashboard, what changed:")
		w.changes(old, fresh)
	}
}
