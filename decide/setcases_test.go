package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file tells what becomes of sets when people and files get in their way.

// head moves main on without changing a file.
func head(s *plan.Snapshot) { s.Project.Head = strings.Repeat("2", 40) }

func roots(t *testing.T, s *plan.Snapshot, lines ...string) {
	t.Helper()
	for _, line := range lines {
		s.Policy.Roots = append(s.Policy.Roots, plan.RootPolicy{Requirement: line})
		s.Roots = append(s.Roots, plan.Root{Name: line, Requires: needsOf(t, line)})
	}
}

// content is the file that a plan commits for a's minor.
func content(t *testing.T, p plan.Plan) string {
	t.Helper()
	for _, a := range p.Actions {
		if c, ok := a.(plan.CommitBranch); ok && c.Branch == lineOfA {
			return string(c.Made().Files[0].Content)
		}
	}
	t.Fatalf("no commit; updates %+v", p.Updates)
	return ""
}

func TestARefusedMemberIsNotOfferedUnderAnotherName(t *testing.T) {
	s := saturday(t, "b==1.0\nr==1.0\n",
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("r", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	needs(t, &s, "r", "1.0", "b<1.1")
	needs(t, &s, "r", "1.1", "b<2")
	s.MergeRequests = []plan.MergeRequest{{IID: 1, Branch: "pinwheel/b-1.x", Target: "main", Title: "Update dependency b to v1.1", State: plan.Closed, SameProject: true,
		ClosedBy: plan.User{ID: 4, Username: "alice"}, Note: plan.MergeRequestNote{Present: true, Moves: []plan.Move{{Key: "b", Name: "b", From: "1.0", To: "1.1"}}}}}
	p := Decide(s)
	if got := moved(the(t, p, "pinwheel/r-1.x")); !slices.Equal(got, []string{"r 1.1"}) {
		t.Errorf("r moves %v", got)
	}
	if u := the(t, p, "pinwheel/b-1.x"); u.State != plan.ClosedByPerson {
		t.Errorf("b is %s", u.State)
	}
}

func TestTwoSetsOfOneNameWaitForEachOther(t *testing.T) {
	s := friday(t, "x==1.0\ny==1.0\n",
		pkg("x", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15"), release(t, "1.2", "2026-01-01")),
		pkg("y", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")))
	needs(t, &s, "x", "1.2", "y>=1.1")
	needs(t, &s, "y", "1.1", "x>=1.2")
	p := Decide(s)
	if u := the(t, p, "pinwheel/x-1.x"); u.State != plan.AwaitingSchedule || !slices.Equal(moved(u), []string{"x 1.1"}) {
		t.Errorf("x: %s %v", u.State, moved(u))
	}
	if u := the(t, p, "pinwheel/y-1.x"); u.State != plan.Incompatible || u.Reason == "" {
		t.Errorf("y: %s %q", u.State, u.Reason)
	}
	for _, w := range p.Why {
		if strings.HasSuffix(w.Because, ": ") {
			t.Errorf("no reason: %+v", w)
		}
	}
}

func TestOnlyTheUnneededSlotIsRemoved(t *testing.T) {
	file := "a==1.0\nold==1.0; python_version < \"3.10\"\nold==2.0; python_version >= \"3.10\"\nz==1.0\n"
	world := func() plan.Snapshot {
		s := saturday(t, file,
			pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
			pkg("old", release(t, "1.0", "2024-01-01"), release(t, "2.0", "2024-01-01")), pkg("z", release(t, "1.0", "2024-01-01")))
		needs(t, &s, "a", "1.0", "old")
		roots(t, &s, "a", "z")
		return s
	}
	s := world()
	needs(t, &s, "z", "1.0", "old; python_version>='3.10'")
	if got := content(t, Decide(s)); got != "a==1.1\nold==2.0; python_version >= \"3.10\"\nz==1.0\n" {
		t.Errorf("one is still needed: %q", got)
	}
	// With nobody left to ask for it both go, or the one that moves stays.
	for _, u := range Decide(world()).Updates {
		if u.State == plan.Errored {
			t.Errorf("%s: %s", u.Branch, u.Reason)
		}
	}
}

func TestAnAddedLineIsOldEnoughAndHashed(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	s := saturday(t, "a==1.0 --hash=sha256:"+hash+"\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("fresh", release(t, "2.0", "2024-01-01"), release(t, "3.0", "2026-01-02")))
	needs(t, &s, "a", "1.1", "fresh")
	roots(t, &s, "a")
	p := Decide(s)
	if got := content(t, p); !strings.Contains(got, "fresh==2.0 --hash=sha256:"+hash) {
		t.Errorf("file %q", got)
	}
	play(&s, p.Actions)
	head(&s)
	s.MergeRequests[0].HasConflicts = true
	p = Decide(s)
	if got := content(t, p); !strings.Contains(got, "fresh==2.0 --hash=sha256:"+hash) {
		t.Errorf("made anew: %q", got)
	}
}

func TestABlockPinBlocks(t *testing.T) {
	s := saturday(t, "a==1.0\nbad==1000000000\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")), pkg("bad", release(t, "1.0", "2024-01-01")))
	needs(t, &s, "a", "1.1", "bad<2")
	if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != plan.Incompatible {
		t.Errorf("%s: %s", u.State, u.Reason)
	}
	s.Files[0].Data = []byte("a==1.0\na==1.1\n")
	if v := Verify(s); v.Conflicts() != 2 {
		t.Errorf("findings %+v", v.Findings)
	}
}

func TestANewHeadAloneChangesNoBranch(t *testing.T) {
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")), pkg("c", release(t, "1.0", "2024-01-01")))
	s.Policy.Files = []plan.FilePolicy{{Path: "constraints.txt"}, {Path: "two.txt"}}
	s.Files = append(s.Files, plan.File{Path: "two.txt", Data: []byte("a==1.0\nc==1.0\n")})
	needs(t, &s, "c", "1.0", "a<1.1")
	for range 3 {
		play(&s, Decide(s).Actions)
	}
	if len(s.MergeRequests) != 1 {
		t.Fatalf("%d merge requests", len(s.MergeRequests))
	}
	head(&s)
	s.Now = at(t, "2026-01-05T08:00:00Z")
	if p := Decide(s); len(p.Actions) != 0 {
		t.Errorf("a new head makes it act: %+v", p.Actions)
	}
}

func TestWhatIsLeftOfASetTakesOver(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")))
	needs(t, &s, "a", "1.1", "b>=1.1")
	needs(t, &s, "a", "1.0", "b<1.1")
	play(&s, Decide(s).Actions)
	s.Files[0].Data = []byte("a==1.1\nb==1.0\n")
	head(&s)
	for range 3 {
		play(&s, Decide(s).Actions)
	}
	if s.MergeRequests[0].State != plan.Closed || len(s.MergeRequests) != 2 || s.MergeRequests[1].Branch != "pinwheel/b-1.x" {
		t.Errorf("%+v", s.MergeRequests)
	}
	if p := Decide(s); len(p.Actions) != 0 {
		t.Errorf("it acts again: %+v", p.Actions)
	}
}

func TestATickOfAPackageThatJoinedASetCounts(t *testing.T) {
	s := friday(t, "b==1.0\nr==1.0\n",
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("r", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	needs(t, &s, "r", "1.1", "b>=1.1")
	needs(t, &s, "r", "1.0", "b<1.1")
	for _, remembered := range []bool{true, false} {
		s.Ticks = []plan.Tick{{ID: "note-1", Box: plan.BoxUnschedule, Branch: "pinwheel/b-1.x", Rendered: true, Role: plan.Developer, By: plan.User{ID: 1, Username: "bob"}, Remembered: remembered}}
		p := Decide(s)
		if p.Requests[0].Verdict != plan.Accepted || the(t, p, "pinwheel/r-1.x").Forced == nil || len(p.Actions) != 2 {
			t.Errorf("remembered %v: %+v, %d actions", remembered, p.Requests, len(p.Actions))
		}
	}
}

func TestAYankedPinGoesBackWhereNothingNewerFits(t *testing.T) {
	yank := func(f *plan.DistFile) { f.Yanked, f.YankedReason = true, "broken" }
	s := friday(t, "a==1.1\nc==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01", yank), release(t, "1.2", "2024-03-01")),
		pkg("c", release(t, "1.0", "2024-01-01")))
	needs(t, &s, "c", "1.0", "a<1.2")
	u := the(t, Decide(s), "pinwheel/a-1.x")
	if u.State != plan.AwaitingSchedule || !slices.Equal(moved(u), []string{"a 1.0"}) || !slices.Contains(u.Labels, "yanked") {
		t.Errorf("%s %v %v: %s", u.State, moved(u), u.Labels, u.Reason)
	}
}

func TestANameWithoutAPinNeedsOnlyItsOwnPythons(t *testing.T) {
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("fresh", release(t, "1.0", "2024-01-01"), release(t, "2.0", "2024-02-02", func(f *plan.DistFile) { f.RequiresPython = ">=3.10" })))
	needs(t, &s, "a", "1.1", "fresh>=2; python_version >= '3.10'")
	if u := the(t, Decide(s), lineOfA); u.State == plan.Incompatible {
		t.Error(u.Reason)
	}
	needs(t, &s, "a", "1.1", "fresh>=2")
	if u := the(t, Decide(s), lineOfA); u.State != plan.Incompatible {
		t.Errorf("on 3.9 there is no fresh 2: %s", u.State)
	}
}

func TestAnAddedLineFitsEverywhereOrNowhere(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.2", "2024-01-02")),
		pkg("e", release(t, "1.0", "2024-01-01"), release(t, "2.1", "2024-01-02")))
	needs(t, &s, "b", "1.2", "e")
	needs(t, &s, "e", "2.1", "a>2.1; python_version >= '3.10'")
	roots(t, &s, "a", "b")
	p := Decide(s)
	u := the(t, p, "pinwheel/b-1.x")
	if u.State != plan.Incompatible || !strings.Contains(u.Reason, "e 2.1 requires a>2.1 on Python 3.12") {
		t.Errorf("%s: %s (lines %+v)", u.State, u.Reason, u.Lines)
	}
}

func TestASetThatGrowsGetsItsLabel(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15"), release(t, "1.2", "2026-01-05")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2026-01-05")))
	needs(t, &s, "a", "1.2", "b>=1.1")
	play(&s, Decide(s).Actions)
	s.Now = at(t, "2026-01-10T09:00:00Z")
	p := Decide(s)
	if len(p.Missing) != 1 || p.Missing[0].Approval != s.MergeRequests[0].IID || len(p.Actions) > 0 {
		t.Fatalf("before it is known whether it is approved: missing %+v, %+v", p.Missing, p.Actions)
	}
	s.Approved = map[int64]bool{s.MergeRequests[0].IID: false}
	for _, a := range Decide(s).Actions {
		if e, ok := a.(plan.EditMergeRequest); ok && slices.Equal(e.Labels, []string{"lock-step"}) && len(e.Update.Moves) == 2 {
			return
		}
	}
	t.Error("no label when b joined")
}
