package sim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

// wire is everything through which one process touches the world: its calls to
// GitLab and to the index, and its transactions. A dead one passes nothing.
type wire struct {
	dead atomic.Bool
	mu   sync.Mutex // index pages are read several at a time
	// around, if set, carries out one call or spoils it.
	around func(call call) (*http.Response, error)
	// commit, if set, is asked before each transaction becomes durable; false
	// rolls it back.
	commit func() bool
	// audit looks at each request to GitLab.
	audit *auditor
}

type kind string

const (
	gitlabCall kind = "GitLab"
	indexCall  kind = "index"
)

// call is one request on the wire.
type call struct {
	kind kind
	req  *http.Request
	send func() (*http.Response, error) // carries it out
}

func (c call) writes() bool { return c.req.Method != http.MethodGet }

func (c call) String() string { return c.req.Method + " " + c.req.URL.Path }

var errDead = errors.New("the process is dead")

// wired is an http.RoundTripper over a wire.
type wired struct {
	*wire
	kind kind
	next http.RoundTripper
}

func (w wired) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.dead.Load() {
		return nil, errDead
	}
	if w.kind == gitlabCall && w.audit != nil {
		w.audit.request(req)
	}
	c := call{w.kind, req, func() (*http.Response, error) { return w.next.RoundTrip(req) }}
	w.mu.Lock()
	around := w.around
	w.mu.Unlock()
	if around == nil {
		return c.send()
	}
	return around(c)
}

// disks holds the wire of every open database by its path.
var disks sync.Map

func init() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
		found, ok := disks.Load(path)
		if !ok {
			return nil
		}
		w := found.(*wire)
		conn.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
			if w.dead.Load() || w.commit != nil && !w.commit() {
				return 1
			}
			return 0
		})
		return nil
	})
}

// hang waits until the client gives up.
func hang(ctx context.Context) (*http.Response, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
