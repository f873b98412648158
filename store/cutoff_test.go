package store

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/postgres"
)

// dropping is a proxy before a server that takes everything and hands nothing on once it is cut.
// end closes its connections.
func dropping(t *testing.T, place string) (through string, cut *atomic.Bool, end func()) {
	t.Helper()
	u, err := url.Parse(place)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	cut = &atomic.Bool{}
	server := u.Host
	var mu sync.Mutex
	var all []net.Conn
	hand := func(from, to net.Conn) {
		defer to.Close()
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if cut.Load() {
				continue
			}
			if _, err := to.Write(buffer[:n]); err != nil && !errors.Is(err, io.EOF) {
				return
			}
		}
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			inner, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			mu.Lock()
			all = append(all, client, inner)
			mu.Unlock()
			go hand(client, inner)
			go hand(inner, client)
		}
	}()
	u.Host = l.Addr().String()
	return u.String(), cut, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range all {
			_ = c.Close()
		}
	}
}

// A run that is cut off from the database ends before another may begin, though the database
// neither answers nor refuses. It takes the time of one lease, since no bubble has a network.
func TestARunThatIsCutOffEndsBeforeAnotherBegins(t *testing.T) {
	place := postgres.Database(t)
	through, cut, end := dropping(t, place)
	near, far := opened(t, place), opened(t, through)
	const lease = 3 * time.Second
	run := got[int64](t)(far.BeginRun(t.Context(), "g/p", time.Now(), lease))
	ctx, release := far.Hold(t.Context(), run, lease)
	cut.Store(true)
	var until time.Time
	_, err := near.BeginRun(t.Context(), "g/p", time.Now(), lease)
	if busy, ok := errors.AsType[*Busy](err); ok {
		until = busy.Until
	} else {
		t.Fatalf("%v, want busy", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(until)):
		t.Errorf("the run is at work when its lease ends, at %s", until)
	}
	release()
	for {
		if _, err = near.BeginRun(t.Context(), "g/p", time.Now(), lease); !errors.Is(err, ErrBusy) {
			break
		}
	}
	must(t, err)
	cut.Store(false)
	end() // what was sent meanwhile is lost
	if err := far.SaveBranch(Carry(t.Context(), run), "g/p", Branch{Name: "b"}); err == nil {
		t.Error("the run that was cut off writes")
	}
}
