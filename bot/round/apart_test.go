package round_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// encounters are what two processes come upon, after what people did, and how many pipelines are
// wanted in the end.
var encounters = map[string]struct {
	before func(w *world)
	wanted int
}{
	"a test":         {func(w *world) { w.say("bob", "@pin test one two tree=a") }, 2},
	"two comments":   {func(w *world) { w.say("bob", "@pin test one"); w.say("alice", "@pin test two") }, 2},
	"tests started":  {func(w *world) { w.say("bob", "@pin test one two"); w.look() }, 2},
	"tests over":     {func(w *world) { w.say("bob", "@pin test one two"); w.look(); time.Sleep(time.Hour) }, 2},
	"a cancellation": {func(w *world) { w.say("bob", "@pin test one"); w.look(); w.say("bob", "@pin cancel") }, 1},
	"a retry": {func(w *world) {
		w.say("bob", "@pin test one")
		w.look()
		w.say("bob", "@pin cancel")
		w.look()
		w.say("bob", "@pin retry")
	}, 2},
	"no comment of ours": {func(w *world) {
		w.must(w.lib.DeleteCommentMR("alice", 1, "pinwheel:bot"))
		w.say("bob", "@pin test one")
	}, 0},
}

// Two processes with a database each meet at every call of a look: the second makes a whole look in
// the instant before it. Of each test one pipeline goes on, both come to rest, and one comment says
// what is true.
func TestTwoProcessesApart(t *testing.T) {
	part := testenv.Sample(t, 12)
	i, meetings := 0, 0
	defer func() { t.Logf("%d meetings", meetings) }()
	for _, name := range slices.Sorted(maps.Keys(encounters)) {
		met := true
		for n := int64(1); met && n < 200; n++ {
			if i++; !part.Has(i) {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				encounters[name].before(w)
				m := &meddling{next: w.gitlab.Transport(), at: n, do: func(r *http.Request) (*http.Response, error) {
					_, _ = w.lookThrough(context.Background(), w.gitlab.Transport())
					return w.gitlab.Transport().RoundTrip(r)
				}}
				_, _ = w.lookThrough(t.Context(), m)
				if met = m.n.Load() >= n; met {
					meetings++
				}
				for range 3 {
					time.Sleep(time.Hour)
					w.look()
				}
				w.isOne(fmt.Sprintf("%s, met at call %d", name, n), encounters[name].wanted)
			})
		}
	}
}

// isOne asserts that so many operations have a pipeline, each one that was not canceled by
// surprise, that one comment has the tests, and that another look writes nothing.
func (w *world) isOne(what string, wanted int) {
	w.t.Helper()
	went, all := map[string]int{}, map[string]bool{}
	for _, r := range w.pipes.Runs() {
		if all[r.Name] = true; r.Status == "success" {
			went[r.Name]++
		}
	}
	for name, n := range went {
		if n > 1 {
			w.t.Errorf("%s: %d pipelines of %q went on", what, n, name)
		}
	}
	text := w.comment()
	if strings.Count(text, "| What it is |") != 1 || strings.Count(text, "| passed, ") != len(went) || len(all) != wanted {
		w.t.Errorf("%s: %d operations started, %d passed, and the comments are\n%s", what, len(all), len(went), text)
	}
	w.quiet(what)
}
