package reconcile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// bubble is a world whose clock is that of the synctest bubble it is made in.
func bubble(t *testing.T) *world {
	w := newWorld(t)
	time.Sleep(time.Until(w.now))
	w.bubbled = true
	return w
}

// on is a Runner in a process of another host over the database at path.
func (w *world) on(host, path string) *reconcile.Runner {
	old := w.path
	w.path = path
	defer func() { w.path = old }()
	r := w.runner()
	r.Store.RunAs(store.Process{Owner: store.Owner{Host: host, PID: 1, Instance: host}})
	return r
}

// A run whose process is killed leaves its row behind. Under another hostname,
// as every new pod has one, the project runs again two minutes later.
func TestAKilledRunIsResumedWithinTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t)
		copied := filepath.Join(t.TempDir(), "copy.db")
		killed := make(chan struct{})
		var once sync.Once
		w.gitlab.OnRequest(func(c gitlabsim.Call) {
			time.Sleep(20 * time.Second) // a slow run, which keeps its lease
			if c.Method != "POST" {
				return
			}
			once.Do(func() {
				for _, end := range []string{"", "-wal"} {
					data, err := os.ReadFile(w.path + end)
					if err == nil {
						err = os.WriteFile(copied+end, data, 0o600)
					}
					if err != nil {
						t.Error(err)
					}
				}
				close(killed)
			})
		})
		project, first, ended := w.config.Projects[0], w.on("pod-1", w.path), make(chan error, 1)
		go func() {
			_, err := first.Run(context.Background(), project, time.Now())
			ended <- err
		}()
		<-killed // the copy is the database of a process that was killed in this instant
		time.Sleep(2 * time.Minute)
		if _, err := w.on("pod-2", copied).Run(t.Context(), project, time.Now()); err != nil {
			t.Errorf("two minutes after the kill: %v", err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A run that is alive keeps its project, however long it takes.
func TestALongRunKeepsItsProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubble(t)
		time.Sleep(16 * time.Hour) // into the window, where one write follows the other
		w.gitlab.OnRequest(func(gitlabsim.Call) { time.Sleep(45 * time.Second) })
		project, began := w.config.Projects[0], time.Now()
		first, ended := w.on("pod-1", w.path), make(chan error, 1)
		go func() {
			_, err := first.Run(context.Background(), project, began)
			ended <- err
		}()
		for range 3 {
			time.Sleep(2*time.Minute + 30*time.Second)
			if _, err := w.on("pod-2", w.path).Run(t.Context(), project, time.Now()); !errors.Is(err, store.ErrBusy) {
				t.Errorf("%s after the run began: %v, want busy", time.Since(began), err)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
