package plan

import (
	"testing"
	"time"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	u, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWhatIsKnownOfAPipeline(t *testing.T) {
	monday, friday := at(t, "2026-01-05T10:00:00Z"), at(t, "2026-01-09T10:00:00Z")
	failed := Pipeline{Head: "a", ID: 1, Started: true, Result: Failed, At: monday, Red: monday}
	for name, c := range map[string]struct {
		old, seen Pipeline
		age       time.Duration
		result    Result
		at        time.Time
	}{
		"nothing yet":         {Pipeline{}, Pipeline{Head: "a"}, 9 * time.Minute, Unsettled, time.Time{}},
		"nothing for a while": {Pipeline{}, Pipeline{Head: "a"}, 10 * time.Minute, None, time.Time{}},
		"running for long":    {Pipeline{}, Pipeline{Head: "a", Started: true}, 5 * time.Hour, Unsettled, time.Time{}},
		"late":                {Pipeline{Head: "a", Result: None}, Pipeline{Head: "a", Started: true}, time.Hour, Unsettled, time.Time{}},
		"failed":              {Pipeline{}, Pipeline{Head: "a", Started: true, Result: Failed, At: friday, Red: friday}, time.Hour, Failed, friday},
		"tried again":         {failed, Pipeline{Head: "a", Started: true, Red: monday}, time.Hour, Failed, monday},
		"passed":              {failed, Pipeline{Head: "a", Started: true, Result: Passed, At: friday}, time.Hour, Passed, friday},
		"another head":        {failed, Pipeline{Head: "b", Red: monday}, time.Minute, Unsettled, time.Time{}},
	} {
		if got := c.old.Next(c.seen, c.age); got.Head != c.seen.Head || got.Result != c.result || !got.At.Equal(c.at) || !got.Red.Equal(c.seen.Red) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestJobsAreComparedWithMain(t *testing.T) {
	monday, friday := at(t, "2026-01-05T10:00:00Z"), at(t, "2026-01-09T10:00:00Z")
	p := Pipeline{Jobs: []Job{{Name: "a"}, {Name: "b"}}}
	first := p.Against(map[string]Result{"a": Passed}, monday)
	if first.Jobs[0].Main != Passed || first.Jobs[1].Main != Unsettled || !first.MainAt.Equal(monday) || p.Jobs[0].Main != Unsettled {
		t.Errorf("%+v, from %+v", first, p)
	}
	// The same answer later is no news, nor is a pipeline without the job.
	for _, main := range []map[string]Result{{"a": Passed}, {"z": Failed}, nil} {
		if again := first.Against(main, friday); again.Jobs[0].Main != Passed || !again.MainAt.Equal(monday) {
			t.Errorf("%v: %+v", main, again)
		}
	}
	if last := first.Against(map[string]Result{"a": Failed, "b": Failed}, friday); last.Jobs[1].Main != Failed || !last.MainAt.Equal(friday) {
		t.Errorf("%+v", last)
	}
}
