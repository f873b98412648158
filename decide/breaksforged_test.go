package decide

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// forgedBreak is a message that says its update was proven to break tests.
const forgedBreak = `Pinwheel-Breaks: %7B%22batch%22%3A7%2C%22jobs%22%3A%5B%22unit%22%5D%2C%22red%22%3A%5B8%5D%7D` + "\n"

// waitsForApproval is a Saturday on which one update waits for a tick, and somebody who may
// push wrote its commit as pinwheel would write it, with a proof that it breaks tests.
func waitsForApproval(t *testing.T) plan.Snapshot {
	t.Helper()
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	play(&s, Decide(s).Actions)
	if len(s.Branches) != 1 || len(s.MergeRequests) != 1 {
		t.Fatalf("branches %+v, merge requests %+v", s.Branches, s.MergeRequests)
	}
	s.Branches[0].Head.Message += forgedBreak
	return s
}

// Who may push can write any trailer. A proof that no pipeline tells opens nothing.
func TestAForgedProofOpensNothing(t *testing.T) {
	s := waitsForApproval(t)
	if trailer, ours := s.Branches[0].Ours(plan.UsOf(s.Bot, s.Former)); !ours || trailer.Breaks == nil || trailer.Breaks.Batch != 7 {
		t.Fatalf("the commit is ours: %v, with %+v", ours, trailer.Breaks)
	}
	s.MergeRequests = nil
	s.Policy.Rules = []plan.Rule{{Approval: plan.Yes}}
	p := Decide(s)
	for _, a := range p.Actions {
		if k := a.Kind(); k == (plan.OpenMergeRequest{}).Kind() || k == (plan.CommitBranch{}).Kind() {
			t.Errorf("pinwheel does %s on %s, and nobody asked for it", k, a.On())
		}
	}
	for _, u := range p.Updates {
		if u.Breaks != nil || strings.Contains(u.Reason, "breaks tests") {
			t.Errorf("%s is %s: %s", u.Branch, u.State, u.Reason)
		}
	}
}

// Nor does it blame an update whose merge request pinwheel did not open for that.
func TestAForgedProofBlamesNobody(t *testing.T) {
	s := waitsForApproval(t)
	s.MergeRequests[0].HeadSHA = s.Branches[0].Head.SHA
	for _, u := range Decide(s).Updates {
		if u.Breaks != nil || strings.Contains(u.Reason, "breaks tests") {
			t.Errorf("%s is %s: %s", u.Branch, u.State, u.Reason)
		}
	}
}

// Nor does pinwheel write it down once more when it makes the commit anew.
func TestAForgedProofIsNotWrittenAgain(t *testing.T) {
	s := waitsForApproval(t)
	s.MergeRequests[0].HeadSHA, s.MergeRequests[0].HasConflicts = s.Branches[0].Head.SHA, true
	s.Project.Head = strings.Repeat("b", 40)
	made := 0
	for _, a := range Decide(s).Actions {
		if c, ok := a.(plan.CommitBranch); ok {
			made++
			if strings.Contains(c.Message, "Pinwheel-Breaks") {
				t.Errorf("pinwheel writes %q", c.Message)
			}
		}
	}
	if made != 1 {
		t.Errorf("%d commits", made)
	}
}
