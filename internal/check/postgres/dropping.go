package postgres

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Dropping is a proxy before the server of an address: while it is cut it takes everything, hands
// nothing on and refuses nobody, as a network does that drops. end closes the connections that it
// has. They are closed with the test, too.
func Dropping(tb testing.TB, address string) (through string, cut *atomic.Bool, end func()) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	u := parsed(tb, address)
	p := &dropping{server: u.Host}
	go p.accept(l)
	tb.Cleanup(func() { _ = l.Close(); p.end() })
	u.Host = l.Addr().String()
	return u.String(), &p.cut, p.end
}

type dropping struct {
	server string
	cut    atomic.Bool
	mu     sync.Mutex
	all    []net.Conn
}

func (p *dropping) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		inner, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.all = append(p.all, client, inner)
		p.mu.Unlock()
		go p.hand(client, inner)
		go p.hand(inner, client)
	}
}

// hand hands on what one end says, until that closes.
func (p *dropping) hand(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.cut.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *dropping) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.all {
		_ = c.Close()
	}
	p.all = nil
}
