package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Of a set of which main has made a step, only GitLab can tell.
func TestAConflictThatCannotBeForeseen(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")))
	needs(t, &s, "a", "1.1", "b>=1.1")
	needs(t, &s, "b", "1.1", "a>=1.0")
	needs(t, &s, "b", "1.0", "a<1.1")
	needs(t, &s, "a", "1.0", "b")
	for range 2 {
		play(&s, Decide(s).Actions)
	}
	if len(s.MergeRequests) != 1 {
		t.Fatalf("%d merge requests", len(s.MergeRequests))
	}
	s.Files[0].Data = []byte("a==1.0\nb==1.1\n")
	head(&s)
	s.Now = at(t, "2026-01-05T08:00:00Z")
	const says = "GitLab is checking whether it conflicts with `main`."
	for _, unchecked := range []bool{true, false} {
		s.MergeRequests[0].Unchecked = unchecked
		p := Decide(s)
		u := p.Updates[slices.IndexFunc(p.Updates, func(u plan.Update) bool { return u.State == plan.Open })]
		if strings.Contains(u.Reason, says) != unchecked {
			t.Errorf("unchecked %v: %s", unchecked, u.Reason)
		}
		if slices.ContainsFunc(p.Actions, func(a plan.Action) bool { _, ok := a.(plan.CommitBranch); return ok }) {
			t.Errorf("unchecked %v: made anew: %+v", unchecked, p.Actions)
		}
	}
}

// What a merge does to the lines of ours is known before GitLab looks for conflicts.
func TestAConflictThatGitLabHasNotLookedFor(t *testing.T) {
	const before = "x==1.0\na==1.0\ny==1.0\nz==1.0\n"
	old := func(s *plan.Snapshot) { // as an earlier version wrote it
		b := &s.Branches[0]
		tr, _ := plan.ParseTrailers(b.Head.Message)
		files := []plan.FileChange{{Path: "constraints.txt", Content: []byte(strings.Replace(before, "a==1.0", "a==1.1", 1))}}
		b.Head.Message = strings.ReplaceAll(b.Head.Message, tr.Digest, plan.ContentDigest(b.Name, tr.Base, files))
		b.Known = true
	}
	tests := []struct {
		name, main string
		looked     bool // GitLab looked and found none
		change     func(*plan.Snapshot)
		anew, says bool
	}{
		{name: "the line above", main: "x==1.1\na==1.0\ny==1.0\nz==1.0\n", anew: true},
		{name: "the line below", main: "x==1.0\na==1.0\ny==1.1\nz==1.0\n", anew: true},
		{name: "a line between", main: "x==1.0\na==1.0\nb==1.0\ny==1.0\nz==1.0\n", anew: true},
		{name: "the line itself", main: "x==1.0\na==1.0.5\ny==1.0\nz==1.0\n", anew: true},
		{name: "the line above goes", main: "a==1.0\ny==1.0\nz==1.0\n", anew: true},
		{name: "another line", main: "x==1.0\na==1.0\ny==1.0\nz==1.1\n"},
		{name: "lines that are above all", main: "v==1.0\nw==1.0\nx==1.0\na==1.0\ny==1.0\nz==1.0\n"},
		{name: "another file", main: before},
		{name: "GitLab looked", main: "x==1.1\na==1.0\ny==1.0\nz==1.0\n", looked: true},
		{name: "a digest of all bytes", main: "x==1.0\na==1.0\ny==1.0\nz==1.1\n", change: old, says: true},
		{name: "a label keeps it", main: "x==1.1\na==1.0\ny==1.0\nz==1.0\n", change: func(s *plan.Snapshot) { s.MergeRequests[0].Labels = []string{plan.PausedLabel} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := []plan.Package{pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.0.5", "2024-01-05"), release(t, "1.1", "2024-01-15"))}
			for _, name := range []string{"b", "v", "w", "x", "y", "z"} {
				all = append(all, pkg(name, release(t, "1.0", "2024-01-01")))
			}
			s := saturday(t, before, all...)
			for range 2 {
				play(&s, Decide(s).Actions)
			}
			if len(s.MergeRequests) != 1 {
				t.Fatalf("%d merge requests", len(s.MergeRequests))
			}
			s.Files[0].Data = []byte(tt.main)
			head(&s)
			s.Now = at(t, "2026-01-05T08:00:00Z")
			s.MergeRequests[0].Unchecked = !tt.looked
			if tt.change != nil {
				tt.change(&s)
			}
			p := Decide(s)
			i := slices.IndexFunc(p.Actions, func(a plan.Action) bool { c, ok := a.(plan.CommitBranch); return ok && c.Branch == lineOfA })
			if (i >= 0) != tt.anew {
				t.Fatalf("made anew: %v, want %v; %+v", i >= 0, tt.anew, p.Actions)
			}
			if tt.anew && p.Actions[i].(plan.CommitBranch).Because != "a conflict with main" {
				t.Errorf("made anew because of %q", p.Actions[i].(plan.CommitBranch).Because)
			}
			u := the(t, p, lineOfA)
			if says := strings.Contains(u.Reason, "GitLab is checking whether it conflicts with `main`."); says != tt.says {
				t.Errorf("says that GitLab checks: %v, want %v: %s", says, tt.says, u.Reason)
			}
			if u.State != plan.Open {
				t.Errorf("state %s: %s", u.State, u.Reason)
			}
			play(&s, p.Actions)
			if p := Decide(s); len(p.Actions) != 0 {
				t.Errorf("the second run acts: %+v", p.Actions)
			}
		})
	}
}
