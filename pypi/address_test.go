package pypi

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestOutside(t *testing.T) {
	for address, want := range map[string]bool{
		"151.101.64.223": true, "8.8.8.8": true, "2a04:4e42::223": true, "2620:12a:8000::3": true, "64:ff9b::808:808": true,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "0.1.2.3": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "192.0.0.8": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "fec0::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::7f00:1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false,
		"172.15.0.1": true, "172.32.0.1": true, "100.128.0.1": true, "::ffff:8.8.8.8": true,
	} {
		if got := outside(netip.MustParseAddr(address)); got != want {
			t.Errorf("outside(%s) = %t", address, got)
		}
	}
}

// says asserts the kind of an error and a part of its sentence.
func says(t *testing.T, err error, kind Kind, part string) {
	t.Helper()
	var problem *Error
	if !errors.As(err, &problem) || problem.Kind != kind || !strings.Contains(err.Error(), part) {
		t.Errorf("have %v, want %s with %q", err, kind, part)
	}
}

// unanswered answers nothing and counts.
type unanswered struct{ n atomic.Int32 }

func (a *unanswered) RoundTrip(*http.Request) (*http.Response, error) {
	a.n.Add(1)
	return nil, errors.New("asked")
}

// Where a page names a private address, in any spelling, it is not asked.
func TestFilesInsideANetwork(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "127.1.2.3:8080", "localhost", "LocalHost:80", "a.localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.1.1", "0.0.0.0",
		"[::1]", "[::]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]"} {
		var wire unanswered
		ask := func(o Options, index string) error {
			o.Transport, o.Retries = &wire, -1
			f := FileDetails{Name: wheelName, URL: "https://" + host + "/" + wheelName}
			_, err := New(o).Metadata(t.Context(), MetadataRequest{Source: source(index), Name: "acme", Version: "1.0", Files: []FileDetails{f}})
			return err
		}
		says(t, ask(Options{}, "https://index.example/simple/"), Unsupported, "inside a private network")
		if n := wire.n.Load(); n != 0 {
			t.Errorf("%s was asked %d times", host, n)
		}
		u, err := url.Parse("https://" + host + "/")
		if err != nil {
			t.Fatal(err)
		}
		says(t, ask(Options{Hosts: []string{strings.ToUpper(u.Hostname())}}, "https://index.example/simple/"), Unreachable, "the connection failed")
		says(t, ask(Options{}, "https://"+host+"/simple/"), Unreachable, "the connection failed")
		if n := wire.n.Load(); n != 2 {
			t.Errorf("%s was asked %d times where it is named, want 2", host, n)
		}
	}
}

// A redirect leads to no private address either.
func TestRedirectInside(t *testing.T) {
	files := redirecting("https://169.254.169.254/latest/meta-data/")
	f := FileDetails{Name: wheelName, URL: "https://files.example/" + wheelName}
	_, err := New(Options{Transport: files, Retries: -1}).Metadata(t.Context(), MetadataRequest{Source: source("https://index.example/simple/"), Name: "acme", Version: "1.0", Files: []FileDetails{f}})
	says(t, err, Unsupported, "inside a private network")
}

// liar is a name server for which every name is at one address.
func liar(address string) *net.Resolver {
	at := netip.MustParseAddr(address).As4()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			for {
				var size [2]byte
				if _, err := io.ReadFull(there, size[:]); err != nil {
					return
				}
				query := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(there, query); err != nil {
					return
				}
				end := 12
				for query[end] != 0 {
					end += int(query[end]) + 1
				}
				kind := query[end+2]
				answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:end+5]...)
				if kind == 1 { // A
					answer[7] = 1
					answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, at[0], at[1], at[2], at[3])
				}
				if _, err := there.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
					return
				}
			}
		}()
		return here, nil
	}}
}

// A name that resolves to a private address is judged when it is dialled; the
// same name is reached where the operator named it.
func TestNamesThatLeadInside(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(hosts ...string) error {
		transport := NewTransport(1)
		transport.Proxy = nil
		transport.DialContext = dialer(liar("127.0.0.1"))
		defer transport.CloseIdleConnections()
		f := FileDetails{Name: wheelName, URL: "http://files.example.:" + port + "/" + wheelName}
		_, err := New(Options{Transport: transport, Hosts: hosts, Retries: -1}).Metadata(t.Context(),
			MetadataRequest{Source: Source{Index: source("http://index.example./simple/").Index, AllowHTTP: true}, Name: "acme", Version: "1.0", Files: []FileDetails{f}})
		return err
	}
	says(t, ask(), Unsupported, "files.example. (127.0.0.1:"+port+"), which is inside a private network")
	if n := hits.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
	if err := ask("files.example."); err == nil || strings.Contains(err.Error(), "private") {
		t.Errorf("a named host: %v", err)
	}
	if hits.Load() == 0 {
		t.Error("a named host was not reached")
	}
}
