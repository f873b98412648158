package decide

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

func TestAHostileJobNameStaysInItsCodeSpan(t *testing.T) {
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")))
	play(&s, Decide(s).Actions)
	mr := s.MergeRequests[0]
	s.Pipelines = map[int64]plan.Pipeline{mr.IID: {Head: mr.HeadSHA, Result: plan.Failed, At: s.Now, Jobs: []plan.Job{{Name: "x` @all ~label\n/merge"}}}}
	u := the(t, Decide(s), lineOfA)
	if !strings.Contains(u.Reason, "in `x' @all") || strings.Count(u.Reason, "`") != 2 {
		t.Error(u.Reason)
	}
}

func TestWhoMayNotReadPipelinesSaysSo(t *testing.T) {
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01")))
	s.Silent = true
	if notes := strings.Join(Decide(s).Notes, "\n"); !strings.Contains(notes, "How pipelines end is not shown") {
		t.Error(notes)
	}
}
