package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// play carries actions out on the snapshot as GitLab would, without failing.
func play(s *plan.Snapshot, actions []plan.Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case plan.CommitBranch:
			s.Branches = slices.DeleteFunc(s.Branches, func(b plan.Branch) bool { return b.Name == a.Branch })
			sha := plan.ContentDigest(a.Branch, a.Message, a.Made().Files)[:40]
			s.Branches = append(s.Branches, plan.Branch{Name: a.Branch, Digest: a.Digest, Based: true, Head: plan.Commit{
				SHA: sha, Parents: []string{a.Base}, AuthorName: s.Bot.Name, CommitterName: s.Bot.Name, Message: a.Message}})
			for i := range s.MergeRequests {
				if mr := &s.MergeRequests[i]; mr.Branch == a.Branch && mr.State == plan.Opened {
					mr.HeadSHA, mr.HasConflicts = sha, false
				}
			}
		case plan.OpenMergeRequest:
			s.MergeRequests = append(s.MergeRequests, plan.MergeRequest{
				IID: int64(len(s.MergeRequests) + 1), Branch: a.Update.Branch, Target: a.Target, Title: a.Update.Title,
				State: plan.Opened, SameProject: true, Author: s.Bot, CreatedAt: s.Now, Note: a.Update.Note, Labels: a.Labels})
		case plan.EditMergeRequest:
			for i := range s.MergeRequests {
				if mr := &s.MergeRequests[i]; mr.IID == a.IID {
					mr.Note = a.Update.Note
					if a.Title != "" {
						mr.Title = a.Title
					}
				}
			}
		case plan.CloseMergeRequest:
			for i := range s.MergeRequests {
				if mr := &s.MergeRequests[i]; mr.IID == a.IID {
					mr.State, mr.ClosedBy, mr.Note.ClosedByUs = plan.Closed, s.Bot, true
				}
			}
		case plan.GuardMergeRequest:
			for i := range s.MergeRequests {
				if mr := &s.MergeRequests[i]; mr.IID == a.IID && a.Draft {
					mr.Title = plan.GuardPrefix + mr.Title
				} else if mr.IID == a.IID {
					mr.Title = strings.TrimPrefix(mr.Title, plan.GuardPrefix)
				}
			}
		case plan.StartGate:
			run := a.Run
			run.Started = s.Now
			s.GateRuns = append(s.GateRuns, run)
			plan.SortGateRuns(s.GateRuns)
		case plan.SetStatus:
			s.GateStatuses = append(slices.DeleteFunc(s.GateStatuses, func(o plan.GateStatus) bool { return o.Head == a.Status.Head && o.Gate == a.Status.Gate }), a.Status)
		case plan.RetryJob:
			for i := range s.GateRuns {
				if s.GateRuns[i].Operation == a.Operation {
					s.GateRuns[i] = s.GateRuns[i].Retried(a.Job, true)
				}
			}
		case plan.AskForTests, plan.KeepCommits, plan.NoteMergeRequest, plan.Merge: // no branch or merge request of ours changes
		case plan.DeleteBranch:
			s.Branches = slices.DeleteFunc(s.Branches, func(b plan.Branch) bool { return b.Name == a.Branch })
		}
	}
}

// opened is a Saturday on which a's minor has its merge request.
func opened(t testing.TB) plan.Snapshot {
	t.Helper()
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	play(&s, Decide(s).Actions)
	if len(s.MergeRequests) != 1 {
		t.Fatalf("nothing opened: %+v", s.MergeRequests)
	}
	return s
}

const lineOfA = "pinwheel/a-1.x"

func ticked(box plan.BoxType) []plan.Tick {
	return []plan.Tick{{ID: "note-1", Box: box, Branch: lineOfA, Rendered: true, Role: plan.Developer, By: plan.User{ID: 1, Username: "bob"}}}
}

// mergeable is opened where pinwheel merges, with how the pipeline ended.
func mergeable(t testing.TB, result plan.Result) plan.Snapshot {
	t.Helper()
	s := opened(t)
	mr := &s.MergeRequests[0]
	mr.HeadSHA = s.Branches[0].Head.SHA
	s.Policy.Merging, s.Project.MergeMethod = plan.Merging{On: true, Kinds: []plan.Kind{plan.Minor}}, plan.MethodFF
	s.Mergeable = map[int64]plan.Mergeable{mr.IID: {State: plan.Opened, Head: mr.HeadSHA, Target: mr.Target, Status: plan.StatusMergeable, Result: result, Pipeline: 7}}
	return s
}

// What is merged is what pinwheel would write, not what somebody pushed in its user's
// name: a digest proves that a commit is of one piece, and anybody can make one.
func TestNothingThatPinwheelWouldNotWriteIsMerged(t *testing.T) {
	for _, digest := range []string{plan.ChangeDigest(lineOfA, []plan.FileChange{{Path: "constraints.txt", Before: []byte("a==1.0\n"), Content: []byte("a==6.6.6\n")}}), "0123456789abcdef"} {
		s := mergeable(t, plan.Passed)
		if p := Decide(s); len(p.Actions) != 1 || p.Actions[0].Kind() != plan.KindMerge {
			t.Fatalf("what pinwheel wrote: %v", p.Actions)
		}
		b := &s.Branches[0]
		trailer, ok := plan.ParseTrailers(b.Head.Message)
		if !ok {
			t.Fatal("no trailers")
		}
		b.Head.Message = strings.Replace(b.Head.Message, trailer.Digest, digest, 1)
		b.Digest = digest
		p := Decide(s)
		if slices.ContainsFunc(p.Actions, func(a plan.Action) bool { return a.Kind() == plan.KindMerge }) {
			t.Errorf("%s: it is merged", digest)
		}
		if !slices.ContainsFunc(p.Actions, func(a plan.Action) bool { return a.Kind() == plan.KindCommitBranch }) {
			t.Errorf("%s: it is not made anew: %v", digest, p.Actions)
		}
	}
}

// rebuilt is what a tick does to one that is open: it is made anew and not merged.
func rebuilt(t *testing.T, s plan.Snapshot, p plan.Plan) {
	t.Helper()
	if len(p.Actions) != 2 || p.Actions[0].Kind() != plan.KindCommitBranch || p.Actions[1].Kind() != plan.KindEditMergeRequest {
		t.Fatalf("a rebase did %v", p.Actions)
	}
	play(&s, p.Actions)
	if again := Decide(s); again.Requests[0].Verdict != plan.Done {
		t.Errorf("after the rebase: %v", again.Requests)
	}
}

// TestEveryCell walks the state table: for every state that offers a box, what
// the world is like and what the tick does.
func TestEveryCell(t *testing.T) {
	young := func(t *testing.T) plan.Snapshot {
		return friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2026-01-01")))
	}
	shut := func(t *testing.T) plan.Snapshot {
		return friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	}
	tests := []struct {
		state plan.State
		world func(*testing.T) plan.Snapshot
		tick  func(*testing.T, plan.Snapshot, plan.Plan)
	}{
		{plan.AwaitingSchedule, shut, opens},
		{plan.RateLimited, func(t *testing.T) plan.Snapshot {
			s := shut(t)
			s.Now, s.Policy.MaxOpen = at(t, "2026-01-03T02:00:00Z"), 0
			return s
		}, opens},
		{plan.Maturing, young, func(t *testing.T, _ plan.Snapshot, p plan.Plan) {
			if len(p.Actions) != 0 || !strings.HasPrefix(the(t, p, lineOfA).Reason, "Asked for by `bob`") {
				t.Errorf("%v, %s", p.Actions, the(t, p, lineOfA).Reason)
			}
		}},
		{plan.Errored, func(t *testing.T) plan.Snapshot {
			s := shut(t)
			s.Now = at(t, "2026-01-03T02:00:00Z")
			s.Failures = map[string]string{lineOfA: "GitLab refused the commit."}
			return s
		}, func(t *testing.T, s plan.Snapshot, _ plan.Plan) {
			s.Failures, s.Now = nil, at(t, "2026-01-05T08:00:00Z") // the next run, on a Monday
			opens(t, s, Decide(s))
		}},
		{plan.Open, func(t *testing.T) plan.Snapshot { return opened(t) }, func(t *testing.T, s plan.Snapshot, p plan.Plan) {
			if len(p.Actions) != 2 {
				t.Fatalf("a rebase did %v", p.Actions)
			}
			play(&s, p.Actions)
			if again := Decide(s); len(again.Actions) != 0 || again.Requests[0].Verdict != plan.Done {
				t.Errorf("after the rebase: %v %v", again.Actions, again.Requests)
			}
		}},
		{plan.Edited, func(t *testing.T) plan.Snapshot {
			s := opened(t)
			s.Branches[0].Head = plan.Commit{SHA: strings.Repeat("9", 40), AuthorName: "Dave", Message: "mine"}
			return s
		}, func(t *testing.T, s plan.Snapshot, p plan.Plan) {
			kept, ok := p.Actions[0].(plan.KeepCommits)
			if commit, _ := p.Actions[1].(plan.CommitBranch); !ok || kept.Head != commit.Expect || commit.Branch != lineOfA || p.Requests[0].Verdict != plan.Accepted {
				t.Fatalf("%v %v", p.Actions, p.Requests)
			}
			play(&s, p.Actions)
			if again := Decide(s); len(again.Actions) != 0 || again.Requests[0].Verdict != plan.Done {
				t.Errorf("after starting over: %v %v", again.Actions, again.Requests)
			}
		}},
		{plan.Testing, func(t *testing.T) plan.Snapshot { return mergeable(t, plan.Unsettled) }, rebuilt},
		{"merging", func(t *testing.T) plan.Snapshot { return mergeable(t, plan.Passed) }, rebuilt},
		{plan.ClosedByPerson, func(t *testing.T) plan.Snapshot {
			s := opened(t)
			s.MergeRequests[0].State, s.MergeRequests[0].ClosedBy = plan.Closed, plan.User{ID: 4, Username: "alice"}
			return s
		}, opens},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			s := tt.world(t)
			u := the(t, Decide(s), lineOfA)
			if u.State == plan.AwaitingSchedule && tt.state != plan.AwaitingSchedule {
				t.Fatalf("%s: %s", u.State, u.Reason)
			}
			if u.State != tt.state || u.Reason == "" {
				t.Fatalf("%s (%s), want %s", u.State, u.Reason, tt.state)
			}
			i := slices.IndexFunc(plan.Table(), func(r plan.Row) bool { return r.State == tt.state })
			s.Ticks = ticked(plan.Table()[i].Box)
			tt.tick(t, s, Decide(s))
		})
	}
}

func opens(t *testing.T, s plan.Snapshot, p plan.Plan) {
	t.Helper()
	before := len(s.MergeRequests)
	play(&s, p.Actions)
	if len(s.MergeRequests) != before+1 {
		t.Fatalf("the tick opened nothing: %v %v", p.Requests, p.Actions)
	}
	again := Decide(s)
	if len(again.Actions) != 0 || again.Requests[0].Verdict != plan.Done || the(t, again, lineOfA).State != plan.Open {
		t.Errorf("afterwards: %v %v", again.Actions, again.Requests)
	}
}

// TestRebaseBoxOfADescription: ticked once it rebuilds once, whether the text
// around it is ours or a person's.
func TestRebaseBoxOfADescription(t *testing.T) {
	for _, ours := range []bool{true, false} {
		s := opened(t)
		if !ours {
			s.MergeRequests[0].Note = plan.MergeRequestNote{BodyForeign: true}
		}
		s.MergeRequests[0].Note.RebaseBox = true
		p := Decide(s)
		if len(p.Actions) != 2 {
			t.Fatalf("ours %v: %v", ours, p.Actions)
		}
		play(&s, p.Actions[:1]) // a crash before the box is cleared
		p = Decide(s)
		if len(p.Actions) != 1 {
			t.Fatalf("ours %v, after a crash: %v", ours, p.Actions)
		}
		play(&s, p.Actions)
		if p := Decide(s); len(p.Actions) != 0 {
			t.Errorf("ours %v, afterwards: %v", ours, p.Actions)
		}
	}
}

// TestWithoutMemory: branches that nobody recorded are proven by content.
func TestWithoutMemory(t *testing.T) {
	s := opened(t)
	if u := the(t, Decide(s), lineOfA); u.State != plan.Open {
		t.Errorf("proven by content it is %s", u.State)
	}
	rebased := opened(t)
	rebased.Branches[0].Head.CommitterName, rebased.Branches[0].Head.Parents = "Dave", []string{strings.Repeat("3", 40)}
	if u := the(t, Decide(rebased), lineOfA); u.State != plan.Open {
		t.Errorf("rebased by a person it is %s", u.State)
	}
	for name, change := range map[string]func(*plan.Branch){
		"another content": func(b *plan.Branch) { b.Digest = "other" },
		"another path":    func(b *plan.Branch) { b.Paths = append(b.Paths, "fix.py") },
		"another author":  func(b *plan.Branch) { b.Head.AuthorName = "Dave" },
		"another history": func(b *plan.Branch) { b.Based = false },
		"two parents":     func(b *plan.Branch) { b.Head.Parents = append(b.Head.Parents, strings.Repeat("3", 40)) },
		"no trailers":     func(b *plan.Branch) { b.Head.Message = "Update dependency a to v1.1" },
	} {
		s := opened(t)
		change(&s.Branches[0])
		p := Decide(s)
		if u := the(t, p, lineOfA); u.State != plan.Edited || len(p.Actions) != 0 {
			t.Errorf("%s: %s, %v", name, u.State, p.Actions)
		}
	}
}
