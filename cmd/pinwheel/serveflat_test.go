package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/internal/fake/pypisim"
)

// How much of a service is simulated: docs/benchmarks.md has the figures of longer ones.
var (
	flatHours    = flag.Int("flat.hours", 5, "hours of the simulated service")
	flatProjects = flag.Int("flat.projects", 5, "its projects")
	flatWatch    = flag.Duration("flat.watch", time.Minute, "how often it looks for changed dashboards")
	flatEvents   = flag.Int("flat.events", 1, "boxes that somebody ticks in each hour, each in another project, and as many releases")
	flatHeap     = flag.String("flat.heap", "", "a file for a profile of what memory holds at the end")
)

const (
	flatPackages = 60 // of the index
	flatPins     = 20 // of each project
	flatGitLab   = "127.0.0.1:8001"
	flatIndex    = "127.0.0.1:8002"
)

// flatService is a service at work in a bubble, with GitLab and index beside it.
type flatService struct {
	t        *testing.T
	events   int // in each hour
	world    *world
	projects []*gitlabsim.Project
	open     atomic.Int64 // connections
	said     loggedAbove
}

// inMemory is a listener whose connections have no sockets, so that a bubble's time goes on while
// nobody sends anything.
type inMemory struct {
	open   *atomic.Int64
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func listenInMemory(open *atomic.Int64) *inMemory {
	return &inMemory{open: open, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *inMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *inMemory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// dial connects to the listener.
func (l *inMemory) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		l.open.Add(1)
		return &openConn{Conn: client, open: l.open}, nil
	case <-l.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// openConn counts a connection until it is closed.
type openConn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

// Close implements net.Conn.
func (c *openConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// loggedAbove keeps what is logged above the level of information.
type loggedAbove struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (c *loggedAbove) Write(line []byte) (int, error) {
	if text := string(line); !strings.Contains(text, "level=INFO") && !strings.Contains(text, `"level":"INFO"`) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text.WriteString(text)
	}
	return len(line), nil
}

func (c *loggedAbove) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// flatWorld makes projects that pin some of the same packages, of which some are behind, and an
// index with the releases that are to come.
func flatWorld(t *testing.T, from time.Time, events int) *flatService {
	f := &flatService{t: t, events: events, world: &world{t: t, gitlab: gitlabsim.New(gitlabsim.Options{Now: time.Now}), index: pypisim.New(pypisim.Options{Now: time.Now, NoLog: true}), dir: t.TempDir()}}
	w := f.world
	var text strings.Builder
	for i := range flatPackages {
		fmt.Fprintf(&text, "package-%d 1.0.0 2025-01-01\npackage-%d 1.1.0 2025-06-01\n", i, i)
	}
	for h := range *flatHours {
		for r := range events {
			fmt.Fprintf(&text, "package-%d 1.1.%d %s\n", (h*events+r)*7%flatPackages, h+1, from.Add(time.Duration(h)*time.Hour+25*time.Minute).Format(time.RFC3339))
		}
	}
	if err := w.index.Load(text.String()); err != nil {
		t.Fatal(err)
	}
	w.gitlab.AddBot("pinwheel-bot", "pinwheel")
	w.gitlab.AddUser("maintainer", "A Maintainer", false)
	w.gitlab.SetBaseURL("http://" + flatGitLab)
	var listed strings.Builder
	for n := range *flatProjects {
		var file strings.Builder
		for i := range flatPins {
			fmt.Fprintf(&file, "package-%d==1.%d.0\n", (n*11+i*3)%flatPackages, min(i%10, 1))
		}
		p := w.gitlab.AddProject(fmt.Sprint("group/project-", n), "main", map[string]string{"constraints.txt": file.String()})
		p.SetCI(false)
		w.gitlab.AddMember(p, "pinwheel-bot", gitlabsim.Developer)
		w.gitlab.AddMember(p, "maintainer", gitlabsim.Maintainer)
		f.projects = append(f.projects, p)
		fmt.Fprintf(&listed, "  - {path: group/project-%d}\n", n)
	}
	w.write("pinwheel.yaml", fmt.Sprintf("gitlab: {url: %q}\nindex: {url: %q}\nstore: %q\naudit_keep: 90\ndefaults: {timezone: UTC, window: \"0 0 29 2 *\"}\nprojects:\n%s",
		"http://"+flatGitLab, "http://"+flatIndex+"/simple/", w.path("pinwheel.db"), &listed))
	return f
}

// serve starts serve and the servers, and returns how to end them.
func (f *flatService) serve() (stop func()) {
	gitlab, index := listenInMemory(&f.open), listenInMemory(&f.open)
	var servers []*http.Server
	for l, h := range map[*inMemory]http.Handler{gitlab: f.world.gitlab, index: f.world.index} {
		server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		servers = append(servers, server)
		go server.Serve(l) //nolint:errcheck // it ends with Close
	}
	token := f.world.gitlab.Token("pinwheel-bot")
	p := &program{
		out: io.Discard, err: &f.said, now: time.Now, version: "1.2.3", instance: newInstance(), untilSignal: context.WithCancel,
		env: func(name string) string { return map[string]string{"PINWHEEL_GITLAB_TOKEN": token}[name] },
		dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			if address == flatGitLab {
				return gitlab.dial(ctx)
			}
			return index.dial(ctx)
		},
	}
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- p.main(ctx, []string{"serve", "--now", "--watch", flatWatch.String(), "--config", f.world.path("pinwheel.yaml")})
	}()
	return func() {
		cancel()
		if code := <-ended; code != exitDone || f.said.String() != "" {
			f.t.Errorf("serve ended with %d and said\n%s", code, f.said.String())
		}
		for _, s := range servers {
			s.Close()
		}
	}
}

// tick ticks the first box of an update in a project.
func (f *flatService) tick(p *gitlabsim.Project) bool {
	for _, issue := range p.Issues() {
		if _, after, ok := strings.Cut(issue.Description, "- [ ] <!-- unschedule-branch="); ok {
			branch, _, _ := strings.Cut(after, " -->")
			if err := p.Tick("maintainer", issue.IID, "unschedule-branch="+branch+" -->"); err != nil {
				f.t.Error(err)
			}
			return true
		}
	}
	return false
}

// flatFigures are what must not grow.
type flatFigures struct {
	heap, resident               float64 // MiB
	files, connections, routines int
	database, log                float64 // KiB
	runs, rows, inARow, audit    int
}

func (g flatFigures) String() string {
	return fmt.Sprintf("heap %.1f MiB, resident %.0f MiB, %d descriptors, %d connections, %d goroutines, database %.0f KiB and its log %.0f KiB: %d rows of %d runs, the longest in a row %d, %d entries of the audit",
		g.heap, g.resident, g.files, g.connections, g.routines, g.database, g.log, g.rows, g.runs, g.inARow, g.audit)
}

func (f *flatService) figures() (g flatFigures) {
	f.world.gitlab.ForgetRequests()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	g.heap = float64(m.HeapAlloc) / (1 << 20)
	status, _ := os.ReadFile("/proc/self/statm")
	var size, resident int
	fmt.Sscan(string(status), &size, &resident) //nolint:errcheck // 0 shows
	g.resident = float64(resident*os.Getpagesize()) / (1 << 20)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		f.t.Fatal(err)
	}
	g.files, g.connections, g.routines = len(files), int(f.open.Load()), runtime.NumGoroutine()
	db, err := sql.Open("sqlite", f.world.path("pinwheel.db"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close()
	var pages, pageSize int
	for query, to := range map[string]any{
		"PRAGMA page_count": &pages, "PRAGMA page_size": &pageSize, "SELECT count(*) FROM runs": &g.rows, "SELECT sum(in_a_row) FROM runs": &g.runs,
		"SELECT max(in_a_row) FROM runs": &g.inARow, "SELECT count(*) FROM audit": &g.audit,
	} {
		if err := db.QueryRow(query).Scan(to); err != nil {
			f.t.Fatal(err)
		}
	}
	g.database = float64(pages*pageSize) / 1024
	if info, err := os.Stat(filepath.Join(f.world.dir, "pinwheel.db-wal")); err == nil {
		g.log = float64(info.Size()) / 1024
	}
	return g
}

// Hours of a service leave memory, descriptors, connections and goroutines as they are after the
// first, and the database grows by what happened alone. The clock, the connections and the servers
// are simulated; the rest is what serve is.
func TestServeStaysAsItIs(t *testing.T) {
	// The goroutine that hears signals outlives every bubble.
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	for name, events := range map[string]int{"while little happens": *flatEvents, "while nothing happens": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { playFlat(t, events) })
		})
	}
}

// playFlat plays the hours.
func playFlat(t *testing.T, events int) {
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(from))
	f := flatWorld(t, from, events)
	stop := sync.OnceFunc(f.serve())
	defer stop() // where a test ends early
	var all []flatFigures
	for hour := range *flatHours {
		for n := range events {
			time.Sleep(20 * time.Minute / time.Duration(events))
			f.tick(f.projects[(hour*events+n)%len(f.projects)])
		}
		time.Sleep(time.Until(from.Add(time.Duration(hour+1)*time.Hour - time.Second)))
		synctest.Wait()
		if *flatHours > 48 && hour > 0 && hour%24 < 23 {
			continue // once a day is enough of many
		}
		g := f.figures()
		all = append(all, g)
		t.Logf("after %4d hours: %s", hour+1, g)
	}
	if *flatHeap != "" {
		var profile bytes.Buffer
		if err := errors.Join(pprof.Lookup("heap").WriteTo(&profile, 0), os.WriteFile(*flatHeap, profile.Bytes(), 0o600)); err != nil {
			t.Error(err)
		}
	}
	stop()
	f.judge(all)
}

// judge compares the last figures with those after the first hour.
func (f *flatService) judge(all []flatFigures) {
	first, last := all[0], all[len(all)-1]
	if want := (*flatHours - 1) * *flatProjects; last.runs-first.runs < want {
		f.t.Errorf("%d runs after the first hour, want %d at least", last.runs-first.runs, want)
	}
	if happened := last.audit - first.audit; (happened > 0) != (f.events > 0) {
		f.t.Errorf("%d entries of the audit after the first hour, with %d ticks in each", happened, f.events)
	}
	for _, b := range []struct {
		what       string
		grew, most float64
	}{
		{"MiB of heap", last.heap - first.heap, 1 + float64(*flatHours*f.events)/8}, // the simulated GitLab keeps all versions of each page
		{"descriptors", float64(last.files - first.files), 2},
		{"connections", float64(last.connections - first.connections), 2},
		{"goroutines", float64(last.routines - first.routines), 8},
		{"KiB of database", last.database - first.database, 8 + float64(last.audit-first.audit)*1.5}, // a page or two for rows that come late
		{"KiB of its log", last.log, 4200},                                                           // from 1,000 pages on SQLite writes them into the database
	} {
		if b.grew > b.most {
			f.t.Errorf("%s: %.1f more than after the first hour, at most %.0f are in order", b.what, b.grew, b.most)
		}
	}
}
