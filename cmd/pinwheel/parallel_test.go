package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// run looks at several projects at once, so that one for which GitLab hangs
// keeps no other waiting, and says what came of them in their order.
func TestRunLooksAtSeveralProjectsAtOnce(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"group/second", "group/third"} {
		p := w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": pins})
		p.SetCI(false)
		w.gitlab.AddMember(p, "pinwheel-bot", gitlabsim.Developer)
	}
	var once sync.Once
	third := make(chan struct{})
	gitlab := httptest.NewServer(&front{next: w.gitlab, spoil: func(_ http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.Contains(r.URL.Path, "group/third"):
			once.Do(func() { close(third) })
		case strings.Contains(r.URL.Path, "group/project"):
			select {
			case <-third: // the first project is answered when the third was asked about
			case <-time.After(10 * time.Second):
				t.Error("the third project waits for the first")
			}
		}
		return false
	}})
	t.Cleanup(gitlab.Close)
	w.gitlab.SetBaseURL(gitlab.URL)
	index := httptest.NewServer(w.index)
	t.Cleanup(index.Close)
	w.write("pinwheel.yaml", fmt.Sprintf(`gitlab: {url: %q}
index: {url: %q}
store: %q
projects: [{path: group/project}, {path: group/second}, {path: group/third}]
`, gitlab.URL, index.URL+"/simple/", filepath.Join(w.dir, "pinwheel.db")))
	code, out, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "group/project:") || !strings.HasPrefix(lines[1], "group/second:") || !strings.HasPrefix(lines[2], "group/third:") {
		t.Errorf("the projects are not said in their order:\n%s", out)
	}
}
