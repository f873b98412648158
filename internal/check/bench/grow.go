package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// slowPackage is a package of the index that never answers.
const slowPackage = "slow-package"

// hanging is what does not answer: an index, always, and GitLab about one project, from a
// moment on.
type hanging struct {
	about string // what its paths begin with
	on    atomic.Bool
}

// routes serves the index, and the switch.
func (h *hanging) routes(mux *http.ServeMux, people *ticker, r *ready) (err error) {
	h.about = fmt.Sprintf("/api/v4/projects/%d", people.projects[1].ID())
	people.projects = people.projects[2:] // nobody ticks in those that hang
	mux.HandleFunc("/_hang", func(http.ResponseWriter, *http.Request) { h.on.Store(true) })
	r.Slow, err = listen(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() }))
	return err
}

// of does not answer what hangs.
func (h *hanging) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if path := q.URL.EscapedPath(); h.on.Load() && (path == h.about || strings.HasPrefix(path, h.about+"/") || strings.HasSuffix(path, "/cki%2Fpipe-1")) {
			<-q.Context().Done()
			return
		}
		next.ServeHTTP(w, q)
	})
}

// hung ticks boxes while a round is under way in which two projects hang.
func (m *many) hung(s *serving) ([]bound, error) {
	resp, err := http.Get(m.GitLab + "/_hang")
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	fmt.Fprintln(m.out, "an index does not answer, and GitLab nothing about one project:")
	took, err := m.tick(s)
	if err != nil {
		return nil, err
	}
	return []bound{{"ticks without a merge request beside what hangs", float64(m.ticks - len(took)), 0, ""}, {"tick to merge request beside a round in which two projects hang: longest", took[len(took)-1], 10, "s"}}, nil
}

// figures are what must not grow.
type figures struct{ rss, files, goroutines, database float64 }

func (f figures) String() string {
	return fmt.Sprintf("%.0f MiB resident, %.0f descriptors, %.0f goroutines, %.1f MiB of database", f.rss, f.files, f.goroutines, f.database)
}

// figures reads them.
func (m *many) figures() (f figures, err error) {
	resp, err := http.Get("http://" + m.metrics + "/metrics")
	if err != nil {
		return f, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		for name, to := range map[string]*float64{"go_goroutines ": &f.goroutines, "process_open_fds ": &f.files, "process_resident_memory_bytes ": &f.rss} {
			if value, ok := strings.CutPrefix(lines.Text(), name); ok {
				fmt.Sscan(value, to) //nolint:errcheck // 0 shows
			}
		}
	}
	f.rss /= 1 << 20
	err = filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(d.Name(), "pinwheel.db") {
			return err
		}
		info, err := os.Stat(path)
		if err == nil {
			f.database += float64(info.Size()) / (1 << 20)
		}
		return err
	})
	return f, err
}

// grown makes quiet rounds and says by how much the second half of them grew.
func (m *many) grown(s *serving) ([]bound, error) {
	var all []figures
	for i := range m.rounds {
		if _, err := m.counts(); err != nil {
			return nil, err
		}
		s.again()
		fmt.Fprintf(m.out, "round %6d ", i+1)
		if _, err := m.round(s); err != nil {
			return nil, err
		}
		f, err := m.figures()
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(m.out, "            ", f)
		all = append(all, f)
		time.Sleep(m.calm)
	}
	half, last := all[len(all)/2], all[len(all)-1]
	return []bound{
		{"quiet rounds: growth of the resident memory in the second half", last.rss - half.rss, 8, "MiB"},
		{"quiet rounds: more descriptors", last.files - half.files, 4, ""},
		{"quiet rounds: more goroutines", last.goroutines - half.goroutines, 8, ""},
		{"quiet rounds: growth of the database", last.database - half.database, 1, "MiB"},
	}, nil
}
