package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// sight is a world, what pinwheel's user does there that must never be, and what the judge
// says of it.
type sight struct {
	says  string
	world setting
	until string // the world is led there, with a run in the window and none after
	does  func(w *world) error
}

// passes is a world in which requests and lxml pass everything, and are not merged yet.
var passes = merged(gated(oneGate, shown+"job test"))

const (
	runningYet = "2026-01-02T23:10Z"
	allPassed  = "2026-01-02T23:59Z"
)

// merges presses the button as pinwheel's user, on what is no draft any more.
func merges(w *world) error {
	if err := w.project.EditMRTitle(bot, 1, "Update dependency lxml to v5"); err != nil {
		return err
	}
	return w.project.MergeMR(bot, 1)
}

func first(acts ...func(*world) error) func(*world) error {
	return func(w *world) error {
		for _, act := range acts {
			if err := act(w); err != nil {
				return err
			}
		}
		return nil
	}
}

func people(texts ...string) func(*world) error {
	return func(w *world) error {
		for _, text := range texts {
			if err := w.act(text); err != nil {
				return err
			}
		}
		return nil
	}
}

// later lets pipelines end.
func later(*world) error {
	time.Sleep(time.Hour)
	return nil
}

// mergeCommits lets the project make merge commits, which take whatever main is.
func mergeCommits(w *world) error {
	w.project.Set(gitlabsim.Settings{})
	return nil
}

// startAgain starts the pipeline of a gate once more, as it was started.
func startAgain(w *world) error {
	runs := w.gates[0].Runs()
	return w.gates[0].StartPipeline(bot, "main", runs[0].Inputs)
}

var sights = []sight{
	{"on which no pipeline passed", passes, runningYet, merges},
	{"gate integration did not pass", merged(gated(oneGate, shown+"job test hangs")), allPassed, merges},
	{"gate integration did not pass", merged(gated(oneGate, shown+"job test fails when lxml==5*")), allPassed, merges},
	{"which nobody permits", gated(oneGate, shown+"job test"), allPassed, merges},
	{"does not stand on what the target was", passes, allPassed, first(mergeCommits, people("move alice main"), merges)},
	{"its head is not one commit of ours", passes, allPassed, first(people("push bob lxml-5.x"), later, merges)},
	{"its label asks to leave it", passes, allPassed, first(func(w *world) error { return w.project.LabelMR("bob", 1, "stop-updating") }, merges)},
	{"merged in a freeze", passes, allPassed, first(func(w *world) error {
		w.setting.terms.frozen = [2]time.Time{date("2026-01-03"), date("2026-01-05")}
		return nil
	}, merges)},
	{"2 merges onto", passes, allPassed, first(merges, func(w *world) error {
		w.judge.look("a merge")
		events := w.gitlab.Events()
		at := slices.IndexFunc(events, func(e gitlabsim.Event) bool { return e.Kind == "mr-merge" })
		w.judge.merge(events[at])
		return nil
	})},
	{"is not what was tested", passes, allPassed, first(people("pin alice requests 2.32.5"), func(w *world) error {
		w.judge.look("a push")
		w.judge.merge(gitlabsim.Event{Kind: "mr-merge", Target: "!1", Detail: w.project.Head("main"), Project: projectPath, Actor: bot, At: time.Now()})
		return nil
	})},
	{"I21: 2 pipelines of gate integration", passes, allPassed, startAgain},
	{"I21: more than 30 pipelines of gates", passes, allPassed, func(w *world) error {
		for i := range mostStarts + 1 {
			if err := w.gates[0].StartPipeline(bot, "main", map[string]any{"operation_id": i}); err != nil {
				return err
			}
		}
		return nil
	}},
	{"began on other", passes, allPassed, func(w *world) error {
		if err := w.gates[0].CreateBranch("alice", "other", "main"); err != nil {
			return err
		}
		return w.gates[0].StartPipeline(bot, "other", nil)
	}},
	{"I1: a pipeline of main", passes, allPassed, func(w *world) error { return w.project.StartPipeline(bot, "main", nil) }},
	{"I21: a status made a second pipeline", passes, allPassed, func(w *world) error { return w.project.Status(bot, 1, "pinwheel/integration", "pending", false) }},
	{"I6: a status deploy", passes, runningYet, func(w *world) error { return w.project.Status(bot, 1, "deploy", "success", true) }},
	{"I6: lint ran again for main", gated(oneGate, shown+"job test").with("on push merge-request\ntakes 20m\njob lint fails"), allPassed, first(people("move alice main"), func(w *world) error {
		time.Sleep(time.Hour)
		return w.project.RetryJobs(bot, "main")
	})},
	{"and 0 pipelines say so", passes, allPassed, func(w *world) error { return w.project.LabelMR(bot, 1, plan.BreaksLabel) }},
	{"and 1 pipelines say so", parted("", "job test fails when new:requests").with("on merge-request\ntakes 10m\njob lint fails"), allPassed, func(w *world) error {
		return w.project.LabelMR(bot, 1, plan.BreaksLabel)
	}},
	{"and [six] breaks the tests", blames(passes, "six"), allPassed, func(w *world) error { return w.project.LabelMR(bot, 1, plan.BreaksLabel) }},
	{"I22: !1 from pinwheel/lxml-5.x passed everything", passes, allPassed, func(w *world) error {
		err := w.project.EditMRTitle(bot, 1, "Update dependency lxml to v5")
		w.judge.unmerged()
		return err
	}},
}

func blames(s setting, name string) setting {
	s.guilty = []string{name}
	return s
}

// The judge of merges, gates and blame sees what must never be. Where nobody does it the
// same worlds are without a fault.
func TestTheJudgeSeesWrongMerges(t *testing.T) {
	for _, s := range sights {
		t.Run(s.says, func(t *testing.T) {
			t.Parallel()
			inBubble(t, s.world, func(t *testing.T, w *world) {
				p := w.first(t)
				saturday(t, p)
				w.until(s.until)
				w.judge.look("the window")
				w.verdict(t)
				if err := s.does(w); err != nil {
					t.Fatal(err)
				}
				w.judge.look("what must never be")
				if !slices.ContainsFunc(w.judge.wrong, func(wrong string) bool { return strings.Contains(wrong, s.says) }) {
					t.Errorf("the judge says %q, want %q", w.judge.wrong, s.says)
				}
			})
		})
	}
}

// A probe may open outside of the window for the head of a batch that somebody asked for,
// and for no other one.
func TestAProbeOpensForTheHeadThatWasAskedFor(t *testing.T) {
	inBubble(t, passes, func(t *testing.T, w *world) {
		monday := gitlabsim.Event{Kind: "mr-open", Target: "!9", At: time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)}
		batch := prefix + "weekend"
		w.judge.rebuilds[batch] = true
		w.judge.wrote(gitlabsim.Event{Kind: "force-push", Target: batch, Detail: "0000000000..1111111111"})
		w.judge.wrote(gitlabsim.Event{Kind: "force-push", Target: batch, Detail: "1111111111..2222222222"})
		for head, may := range map[string]bool{"11111111": true, "22222222": false, "00000000": false} {
			if got := w.judge.mayOpen(prefix+"probe-weekend-"+head+"-7ad820d7-1", monday); got != may {
				t.Errorf("a probe for %s may open: %v", head, got)
			}
		}
	})
}
