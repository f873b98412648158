package round_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// flood writes more comments than a look reads.
func (w *world) flood() {
	w.t.Helper()
	for i := range 3001 {
		w.must(w.lib.CommentMR("rita", 1, fmt.Sprintf("comment %d", i)))
	}
	time.Sleep(time.Minute)
}

// Who floods a merge request with comments stops new tests there, since not all that was written
// is read. The bot says so in its comment, once, and goes on with the tests that it started; and the
// look at the project does not fail for it.
func TestAFloodedMergeRequestIsToldOnceAndItsTestsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.say("bob", "@pin test one")
		w.look()
		w.flood()
		w.say("bob", "@pin test two")
		time.Sleep(time.Hour)
		report := w.look()
		if len(report.Failures) > 0 {
			t.Errorf("the look failed: %q", report.Failures)
		}
		if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "!1: it has more than 3,000 comments") {
			t.Errorf("the operator is told %q", report.Notes)
		}
		if given := w.pipes.Given(); len(given) != 1 {
			t.Errorf("started %q", given)
		}
		if text := w.comment(); strings.Count(text, "more than 3,000 comments") != 1 || !strings.Contains(text, "| passed, ") || strings.Contains(text, "====") {
			t.Errorf("the comment is\n%s", text)
		}
		w.quiet("a flood")
	})
}

// Where the flood was there before the bot's comment could be found, or the comment does not say what
// was done, the operator alone is told: nothing is written and nothing starts.
func TestAFloodWithoutAMemoryWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.must(w.lib.DeleteCommentMR("alice", 1, "pinwheel:bot"))
		w.flood()
		w.say("bob", "@pin test one")
		before := len(w.gitlab.Writes(time.Time{}))
		report := w.look()
		if len(report.Failures) > 0 || len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "!1: it has more than 3,000 comments") {
			t.Errorf("the look failed with %q and tells %q", report.Failures, report.Notes)
		}
		if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
			t.Errorf("it wrote %v", wrote)
		}
	})
}
