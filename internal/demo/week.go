package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// week is the script: what people do, and the hourly runs worth seeing.
func (s *stage) week(ctx context.Context) {
	s.put(bold, "", "A week with pinwheel")
	s.put(plain, "", "CKI's Python pins of February 2024 meet the package index of November 2026. GitLab and the index are "+
		"simulated on this machine, some releases are made up (internal/demo/world.txt), the runs are real. Merge "+
		"requests open at weekends, at most 4 at a time, for releases that are at least 3 days old.")

	s.moment("2026-11-26 09:00", "The first run", "45 pins, no dashboard yet. It is Thursday, so nothing but the dashboard is written.")
	s.run(ctx)
	s.dashboard("The dashboard issue, as its page shows it:")

	s.moment("2026-11-27 10:15", "Two people tick a box", "bob, a Developer, ticks charset-normalizer on the dashboard. erin, a Reporter, ticks lxml.")
	s.tick("bob", "dependency charset-normalizer ")
	s.tick("erin", "dependency lxml to v6")
	s.moment("2026-11-27 11:00", "The next hourly run", "One tick is carried out, although it is Friday. The other is refused, and says why.")
	s.run(ctx)
	s.opened(true)
	s.dashboard("")

	s.moment("2026-11-28 00:05", "The window opens", "The longest waiting go first, up to 4 open merge requests. bob's counts.")
	s.run(ctx)
	s.opened(false)
	s.dashboard("")

	s.moment("2026-11-28 11:20", "People look at them", "")
	s.review()
	s.moment("2026-11-28 12:00", "The next hourly run", "alice's no is remembered, bob's branch is left alone, and the free places are filled.")
	s.run(ctx)
	s.opened(false)
	s.dashboard("")

	s.moment("2026-11-29 09:00", "A newer release is old enough", "charset-normalizer 3.5.3 is 3 days old. Its merge request moves, once in this window.")
	s.run(ctx)
	s.mergeRequest("pinwheel/charset-normalizer-3.x", "moved")
	s.dashboard("")

	s.moment("2026-11-30 09:00", "Monday", "The window is shut: what waits says so again.")
	s.run(ctx)
	s.dashboard("")
	s.moment("2026-11-30 10:00", "And the hour after", "Nothing happened, so nothing is written.")
	s.run(ctx)
	s.dashboard("")
	s.count()
}

// count ends the week.
func (s *stage) count() {
	states := map[string]int{}
	for _, mr := range s.project.MRs() {
		states[mr.State]++
	}
	s.blank()
	s.put(bold, "", "━━ What is left")
	s.put(plain, "   ", fmt.Sprintf("One issue; %d merge request merged, %d closed, %d open; on main both files hold the same pins.",
		states["merged"], states["closed"], states["opened"]))
	s.put(plain, "   ", "On your own pins, without any GitLab: pinwheel plan --file constraints.txt")
}

// moment begins a new scene.
func (s *stage) moment(at, headline, text string) {
	s.set(at)
	s.blank()
	s.put(bold, "", "━━ "+s.now().In(s.zone).Format("Mon 2 Jan 15:04")+"  "+headline)
	if text != "" {
		s.put(plain, "   ", text)
	}
}

// run is one hourly run. It prints how many requests wrote.
func (s *stage) run(ctx context.Context) {
	if s.failed != nil {
		return
	}
	s.gitlab.ForgetRequests()
	report, err := s.runner.Run(ctx, s.policy, s.now())
	s.must(err)
	if err == nil && report.Status != reconcile.Done {
		s.must(fmt.Errorf("the run ended %s: %s", report.Status, strings.Join(report.Failures, "; ")))
	}
	s.writes = 0
	for _, r := range s.gitlab.Requests() {
		if r.Write {
			s.writes++
		}
	}
	s.put(dim, "   ", fmt.Sprintf("run: %s, writes to GitLab = %d", report.Status, s.writes))
}

func (s *stage) tick(who, what string) {
	s.must(s.project.Tick(who, s.issue().IID, what))
}

func (s *stage) issue() gitlabsim.Issue {
	if all := s.project.Issues(); len(all) > 0 {
		return all[0]
	}
	s.must(fmt.Errorf("there is no dashboard"))
	return gitlabsim.Issue{}
}

// review is Saturday's reading of the three merge requests opened that night.
func (s *stage) review() {
	var batch []gitlabsim.MergeRequest
	for _, mr := range s.project.MRs() {
		if mr.State == "opened" && !strings.Contains(mr.SourceBranch, "charset-normalizer") {
			batch = append(batch, mr)
		}
	}
	if len(batch) != 3 {
		s.must(fmt.Errorf("%d merge requests to look at, want 3", len(batch)))
		return
	}
	s.must(s.project.MergeMR("alice", batch[0].IID))
	s.put(plain, "   ", fmt.Sprintf("alice  merges  !%d %s", batch[0].IID, batch[0].Title))
	s.must(s.project.CloseMR("alice", batch[1].IID))
	s.put(plain, "   ", fmt.Sprintf("alice  closes  !%d %s", batch[1].IID, batch[1].Title))
	_, err := s.project.Push("bob", batch[2].SourceBranch, "try it in the canary pipeline first", map[string]string{"canary.txt": "on\n"})
	s.must(err)
	s.put(plain, "   ", fmt.Sprintf("bob    pushes  onto the branch of !%d %s", batch[2].IID, batch[2].Title))
}

// opened prints the merge requests opened at this very moment; with long, their
// description and the diff with context.
func (s *stage) opened(long bool) {
	for _, mr := range s.project.MRs() {
		if mr.State != "opened" || !mr.CreatedAt.Equal(s.now()) {
			continue
		}
		s.show(mr, "opened", long)
	}
}

func (s *stage) mergeRequest(branch, what string) {
	all := s.project.MRs()
	i := slices.IndexFunc(all, func(mr gitlabsim.MergeRequest) bool { return mr.SourceBranch == branch && mr.State == "opened" })
	if i < 0 {
		s.must(fmt.Errorf("no open merge request of %s", branch))
		return
	}
	s.show(all[i], what, false)
}

func (s *stage) show(mr gitlabsim.MergeRequest, what string, long bool) {
	s.blank()
	s.put(cyan, "   ", fmt.Sprintf("%s !%d  %s", what, mr.IID, mr.Title))
	s.put(dim, "   ", fmt.Sprintf("branch %s, labels %s", mr.SourceBranch, strings.Join(mr.Labels, ", ")))
	if long {
		s.whole(shown(mr.Description))
	}
	s.diff(s.project.Diff("main", mr.SourceBranch), long)
}

// dashboard prints the issue: whole the first time, then what changed.
func (s *stage) dashboard(title string) {
	fresh := shown(s.issue().Description)
	old := s.seen
	s.seen = fresh
	switch {
	case old == nil:
		s.blank()
		s.put(plain, "   ", title)
		s.whole(fresh)
	case slices.Equal(old, fresh):
		s.put(dim, "   ", "dashboard: unchanged")
	default:
		s.blank()
		s.put(dim, "   ", "dashboard, what changed:")
		s.changes(old, fresh)
	}
}
