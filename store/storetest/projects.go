package storetest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

func (d database) memory(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	same(t, "unknown", got[store.Memory](t)(s.ProjectMemory(ctx, "g/p")), store.Memory{Path: "g/p"})
	m := store.Memory{GitLab: "gitlab.example/api/v4/", ID: 7, Path: "g/p", DashboardIID: 1, DashboardBody: "one\ntwo", DashboardAt: t0, PausedNoteFor: 1, LastNoteID: 1 << 40, MergeRequestsSeen: t0.Add(time.Hour), Attended: t0.Add(time.Minute),
		RightsAt: t0, Gaps: []plan.Problem{{Text: "t", Next: "n", Page: "p", Stopping: true}},
		PipelinesSeen: t0, Pipelines: map[int64]plan.Pipeline{3: {Head: "a", ID: 4, Updated: t0, Started: true, Result: plan.Failed, At: t0, Jobs: []plan.Job{{Name: "j", Main: plan.Passed}}, MainAt: t0, Since: t0, Red: t0}}}
	must(t, s.SaveMemory(ctx, store.Memory{Path: "g/q", ID: 8}))
	must(t, s.SaveMemory(ctx, store.Memory{Path: "g/p"}))
	local := m
	local.DashboardAt = m.DashboardAt.In(cet)
	must(t, s.SaveMemory(ctx, local))
	must(t, s.Close())
	s = d.open(t)
	same(t, "saved", got[store.Memory](t)(s.ProjectMemory(ctx, "g/p")), m)
	same(t, "other", got[store.Memory](t)(s.ProjectMemory(ctx, "g/q")), store.Memory{Path: "g/q", ID: 8})

	for _, path := range []string{"g/p", "g/q"} {
		must(t, s.SaveBranch(ctx, path, store.Branch{Name: "b", Head: "h", WrittenAt: t0}))
		must(t, s.SaveFiles(ctx, path, store.Files{Head: "h", ByPath: map[string]store.File{"f": {}}}))
	}
	must(t, s.Leave(ctx, "g/p"))
	same(t, "left", got[store.Memory](t)(s.ProjectMemory(ctx, "g/p")), store.Memory{Path: "g/p"})
	same(t, "branches left", len(got[map[string]store.Branch](t)(s.Branches(ctx, "g/p"))), 0)
	same(t, "files left", len(got[store.Files](t)(s.Files(ctx, "g/p")).ByPath), 0)
	same(t, "branches of the other", len(got[map[string]store.Branch](t)(s.Branches(ctx, "g/q"))), 1)
	same(t, "files of the other", len(got[store.Files](t)(s.Files(ctx, "g/q")).ByPath), 1)
}

func (d database) branches(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	b := store.Branch{Name: "pinwheel/boto3-1.x", Head: "a", Digest: "d", Base: "b", Message: "m", WrittenAt: t0}
	same(t, "none", got[map[string]store.Branch](t)(s.Branches(ctx, "g/p")), map[string]store.Branch{})
	must(t, s.SaveBranch(ctx, "g/p", store.Branch{Name: b.Name}))
	must(t, s.SaveBranch(ctx, "g/p", b))
	must(t, s.SaveBranch(ctx, "g/p", store.Branch{Name: "other"}))
	must(t, s.SaveBranch(ctx, "g/q", store.Branch{Name: "theirs"}))
	must(t, s.DeleteBranch(ctx, "g/p", "other"))
	must(t, s.DeleteBranch(ctx, "g/p", "other"))
	must(t, s.DeleteBranch(ctx, "g/p", "theirs"))
	same(t, "saved", got[map[string]store.Branch](t)(s.Branches(ctx, "g/p")), map[string]store.Branch{b.Name: b})
	same(t, "other project", len(got[map[string]store.Branch](t)(s.Branches(ctx, "g/q"))), 1)
}

func (d database) mergeRequests(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	read := func() []plan.MergeRequest {
		t.Helper()
		return got[[]plan.MergeRequest](t)(s.MergeRequests(ctx, "g/p"))
	}
	a := plan.MergeRequest{
		IID: 5, Branch: "b", Title: "Update boto3 \u2028", State: plan.Opened, Labels: []string{"x"}, Author: plan.User{ID: 1, Username: "u"},
		CreatedAt: t0, UpdatedAt: t0, Note: plan.MergeRequestNote{Present: true, Moves: []plan.Move{{Key: "boto3", From: "1", To: "2"}}, At: t0},
	}
	must(t, s.SaveMergeRequests(ctx, "g/p", nil))
	same(t, "none", read(), []plan.MergeRequest(nil))
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 10, State: plan.Merged}, {IID: 5, State: plan.Locked}}))
	must(t, s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{a}))
	same(t, "saved", read(), []plan.MergeRequest{a, {IID: 10, State: plan.Merged}})
	// All or none: the state of the second is none.
	if err := s.SaveMergeRequests(ctx, "g/p", []plan.MergeRequest{{IID: 6, State: plan.Opened}, {IID: 7, State: "lost"}}); err == nil ||
		!strings.Contains(err.Error(), "save the merge requests of g/p: !7:") {
		t.Errorf("an unknown state: %v", err)
	}
	same(t, "after a failure", len(read()), 2)
}

func (d database) selections(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	save := func(project, id string, state store.SelectionState, at time.Time) store.Selection {
		t.Helper()
		sel := store.Selection{
			Tick:  plan.Tick{ID: id, Box: plan.BoxUnschedule, Branch: "b", By: plan.User{ID: 3}, Role: plan.RoleUnknown, At: t0, Remembered: true},
			State: state, Reason: "why", Title: "what", At: at,
		}
		must(t, s.SaveSelection(ctx, project, sel))
		return sel
	}
	read := func() []store.Selection { t.Helper(); return got[[]store.Selection](t)(s.Selections(ctx, "g/p")) }
	same(t, "none", read(), []store.Selection(nil))
	whole := t0.Truncate(time.Second)
	late := save("g/p", "note-1", store.Refused, whole.Add(time.Second))
	early := save("g/p", "note-2", store.Pending, whole)
	between := save("g/p", "note-3", store.Pending, whole.Add(500*time.Millisecond))
	save("g/p", "note-4", store.Done, whole)
	save("g/p", "note-5", store.Withdrawn, whole)
	save("g/q", "note-6", store.Pending, whole)
	same(t, "live", read(), []store.Selection{early, between, late})
	save("g/p", "note-2", store.Done, whole)
	same(t, "after one is done", read(), []store.Selection{between, late})
	if err := s.SaveSelection(ctx, "g/p", store.Selection{Tick: plan.Tick{ID: "x"}}); err == nil {
		t.Error("a selection without a state was saved")
	}
}

func (d database) files(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	same(t, "nothing is known", got[store.Files](t)(s.Files(ctx, "g/p")), store.Files{ByPath: map[string]store.File{}})
	first := store.Files{Head: "aaa", ByPath: map[string]store.File{"a.txt": {Data: []byte("a==1\n")}, "empty.txt": {}, "none.yaml": {Absent: true}}}
	must(t, s.SaveFiles(ctx, "g/p", first))
	must(t, s.SaveFiles(ctx, "g/q", store.Files{Head: "ccc", ByPath: map[string]store.File{"a.txt": {Data: []byte("other")}}}))
	same(t, "as they were read", got[store.Files](t)(s.Files(ctx, "g/p")), first)
	second := store.Files{Head: "bbb", ByPath: map[string]store.File{"a.txt": {Absent: true}}}
	must(t, s.SaveFiles(ctx, "g/p", second))
	same(t, "at another commit", got[store.Files](t)(s.Files(ctx, "g/p")), second)
}

func (d database) cancelled(t *testing.T) {
	s := d.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SaveBranch(ctx, "g/p", store.Branch{Name: "b"}); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("%v", err)
	}
	must(t, s.SaveBranch(t.Context(), "g/p", store.Branch{Name: "b"}))
}

func (d database) bubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := d.open(t)
		defer func() { must(t, s.Close()) }()
		s.RunAs(store.Process{Owner: store.Owner{Host: "h", PID: 1, Instance: "i"}})
		var all sync.WaitGroup
		for _, project := range []string{"g/p", "g/q", "g/r"} {
			all.Go(func() {
				if err := hourly(ctx, s, project); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		b := got[map[string]store.Branch](t)(s.Branches(ctx, "g/q"))["b"]
		same(t, "written", b.WrittenAt, time.Date(2000, 1, 1, 39*61/60, 39*61%60, 0, 0, time.UTC))
	})
}

func (d database) pauses(t *testing.T) {
	ctx, s := t.Context(), d.open(t)
	none := func(project string) {
		t.Helper()
		if p, ok, err := s.Paused(ctx, project); err != nil || ok {
			t.Errorf("%s is paused: %v %v", project, p, err)
		}
	}
	none("g/p")
	must(t, s.Pause(ctx, store.Pause{Project: "G/P", Reason: "one", Who: "u", At: t0}))
	must(t, s.Pause(ctx, store.Pause{Project: "G/p", Reason: "two", Who: "v", At: t0}))
	none("g/q")
	want := store.Pause{Project: "g/p", Reason: "two", Who: "v", At: t0}
	p, ok, err := s.Paused(ctx, "g/P")
	must(t, err)
	same(t, "its own, with a pause", ok, true)
	same(t, "its own", p, want)
	must(t, s.Pause(ctx, store.Pause{Reason: "all", At: t0}))
	p, ok, err = s.Paused(ctx, "g/p")
	must(t, err)
	same(t, "its own beside that of all, with a pause", ok, true)
	same(t, "its own beside that of all", p, want)
	p, ok, err = s.Paused(ctx, "g/q")
	must(t, err)
	same(t, "that of all", p, store.Pause{Reason: "all", At: t0})
	same(t, "pauses", got[[]store.Pause](t)(s.Pauses(ctx)), []store.Pause{{Reason: "all", At: t0}, want})
	if was, err := s.Resume(ctx, ""); err != nil || !was || !ok {
		t.Errorf("resume all: %v %v", was, err)
	}
	none("g/q")
	if was, err := s.Resume(ctx, "g/q"); err != nil || was {
		t.Errorf("resume what is not paused: %v %v", was, err)
	}
}

// hourly makes forty runs of a project, one an hour.
func hourly(ctx context.Context, s *store.Store, project string) error {
	for range 40 {
		run, err := s.BeginRun(ctx, project, time.Now(), time.Hour)
		if err != nil {
			return err
		}
		if err := s.SaveBranch(ctx, project, store.Branch{Name: "b", WrittenAt: time.Now()}); err != nil {
			return err
		}
		time.Sleep(time.Minute)
		if err := s.FinishRun(ctx, run, time.Now(), store.RunEnd{Status: store.RunDone}); err != nil {
			return err
		}
		time.Sleep(time.Hour)
	}
	return nil
}
