package round_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/store"
)

// A Watcher names a project before the first look at it, again only after ten minutes, and after
// a look for each comment and each pipeline that ended.
func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "watched.db"))
		w.must(err)
		defer db.Close()
		var failing http.RoundTripper = &meddling{next: w.gitlab.Transport(), at: 1, do: func(r *http.Request) (*http.Response, error) { return answer(r, 500), nil }}
		gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("pin"), Transport: failing, Retries: -1})
		w.must(err)
		runner, watcher, key := round.New(round.Options{GitLab: gl, Store: db}), round.NewWatcher(gl, w.all[:1]), round.Key("g/lib")
		changed := func(when string, want ...string) {
			t.Helper()
			time.Sleep(time.Minute)
			if got := watcher.Changed(t.Context()); !slices.Equal(got, want) {
				t.Errorf("%s: Changed gives %q, not %q", when, got, want)
			}
		}
		look := func() error {
			now := time.Now()
			r, err := runner.Run(t.Context(), w.all[0], now)
			watcher.Ran(key, r, now)
			return err
		}
		changed("before the first look", key)
		if look() == nil {
			t.Fatal("the first look did not fail")
		}
		changed("after a look that failed")
		time.Sleep(10 * time.Minute)
		changed("ten minutes later", key)
		w.must(look())
		changed("after a look")
		w.say("bob", "@pin test")
		changed("after a comment", key)
		changed("once it was named")
		w.must(look())
		changed("after a look that wrote")
		time.Sleep(20 * time.Minute)
		changed("after the end of the pipeline", key)
		w.must(look())
		changed("when all is over")
		changed("and later")
	})
}
