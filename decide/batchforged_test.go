package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// redBatch is a Saturday on which a batch of four is open, red, and half of it is
// tested.
func redBatch(t *testing.T) plan.Snapshot {
	t.Helper()
	var packages []plan.Package
	for _, name := range []string{"a", "b", "c", "d"} {
		packages = append(packages, pkg(name, release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	}
	s := saturday(t, "a==1.0\nb==1.0\nc==1.0\nd==1.0\n", packages...)
	s.Policy.Batch = "weekend"
	play(&s, Decide(s).Actions)
	s.Pipelines = map[int64]plan.Pipeline{}
	ended(&s, 1, plan.Failed)
	play(&s, Decide(s).Actions)
	return s
}

// ended ends the pipeline of a merge request's head.
func ended(s *plan.Snapshot, iid int64, result plan.Result) {
	mr := &s.MergeRequests[iid-1]
	mr.HeadSHA = s.Branches[slices.IndexFunc(s.Branches, func(b plan.Branch) bool { return b.Name == mr.Branch })].Head.SHA
	p := plan.Pipeline{Head: mr.HeadSHA, Started: true, Result: result, At: s.Now}
	if result == plan.Failed {
		p.Jobs = []plan.Job{{Name: "test"}}
	}
	s.Pipelines[iid] = p
	run := plan.GateRun{Operation: plan.OwnOperation(mr.HeadSHA), Gate: plan.OwnGate, Commit: mr.HeadSHA, ID: iid, Result: result, Started: s.Now}
	if result == plan.Failed {
		run.Jobs = []plan.GateJob{{Name: "test", Result: plan.Failed, Attempts: 2, Failures: 2}}
	}
	s.GateRuns = append(s.GateRuns, run, plan.GateRun{Operation: plan.MainOperation(s.Project.Head), Gate: plan.OwnGate, Result: plan.None})
	plan.SortGateRuns(s.GateRuns)
}

// A probe in our name that holds something else than the part that its branch and its
// message name tells nothing of that part: else whoever may push to a branch had
// pinwheel blame an innocent, or pass what is broken.
func TestAProbeWithOtherContentDidNotRun(t *testing.T) {
	for _, result := range []plan.Result{plan.Passed, plan.Failed} {
		s := redBatch(t)
		if len(s.MergeRequests) != 2 || !plan.IsProbe(s.Policy.BranchPrefix, s.MergeRequests[1].Branch) {
			t.Fatalf("no probe: %+v", s.MergeRequests)
		}
		at := slices.IndexFunc(s.Branches, func(b plan.Branch) bool { return b.Name == s.MergeRequests[1].Branch })
		b := &s.Branches[at]
		trailer, _ := plan.ParseTrailers(b.Head.Message)
		forged := plan.ChangeDigest(b.Name, []plan.FileChange{{Path: "constraints.txt", Before: []byte("a==1.0\n"), Content: []byte("a==6.6.6\n")}})
		b.Head.Message, b.Digest = strings.Replace(b.Head.Message, trailer.Digest, forged, 1), forged
		ended(&s, 2, result)
		var again []string
		for _, a := range Decide(s).Actions {
			if c, ok := a.(plan.CommitBranch); ok {
				again = append(again, c.Branch)
			}
		}
		second := strings.TrimSuffix(b.Name, "-1") + "-2"
		if !slices.Equal(again, []string{second}) {
			t.Errorf("a forged probe %s: the next tests %v, want %s", result, again, second)
		}
	}
}
