package pypi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// This file prevents an index from making pinwheel send requests to machines that only pinwheel can
// reach. If a page or a redirect names a host that is neither the index's own nor named by the
// operator, its address must be public. What counts is the address to which the name resolves at
// the time of the connection.

// reach is what a request may reach although its address is private: the host that it names, if
// that is the index's own or one that the operator named, and the proxy. A request without it may
// reach public addresses only.
type reach struct {
	named     host
	proxy     host
	proxyPort string
}

type reachKey struct{}

// permit adds to a request's context what it may reach.
func (c *Client) permit(request *http.Request, base *url.URL) *http.Request {
	var may reach
	if to, ok := mapHost(request.URL.Hostname()); ok && c.named(base, to) {
		may.named = to
	}
	if t, ok := c.o.Transport.(*http.Transport); ok && t.Proxy != nil {
		// The transport returns the same error.
		if u, err := t.Proxy(request); err == nil && u != nil {
			if to, ok := mapHost(u.Hostname()); ok {
				may.proxy, may.proxyPort = to, proxyPort(u)
			}
		}
	}
	return request.WithContext(context.WithValue(request.Context(), reachKey{}, may))
}

func proxyPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.HasPrefix(u.Scheme, "socks5"):
		return "1080"
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// admits reports whether a connection to a host may end at a private address. It may not for the
// zero host.
func (r reach) admits(to host, port string) bool {
	return r.named != host{} && r.named == to || r.proxy != host{} && r.proxy == to && r.proxyPort == port
}

func (c *Client) named(base *url.URL, to host) bool {
	if own, ok := mapHost(base.Hostname()); ok && own == to {
		return true
	}
	return slices.ContainsFunc(c.o.Hosts, func(h string) bool {
		named, ok := mapHost(h)
		return ok && named == to
	})
}

// insideError refuses an address that is not public.
type insideError struct{ host, address string }

func (e *insideError) Error() string {
	return fmt.Sprintf("%s is at the private address %s", e.host, e.address)
}

// inside is the sentence for a refused address.
func (d *download) inside(e *insideError) *Error {
	what := clean(e.host)
	if e.address != e.host {
		what += " (" + clean(e.address) + ")"
	}
	problem := d.problem(Unsupported, "gives an address of %s on %s, which is inside a private network: not asked, since no index of the configuration is there",
		clean(d.file.Name), what)
	problem.who, problem.cause, problem.forGood = d.Source.Index.Spoken(), e, true
	return problem
}

// literal refuses a URL whose host is a private address, in any spelling, or is no host. The dialer
// judges names, since it sees to what they resolve.
func (d *download) literal(u *url.URL) *Error {
	to, ok := mapHost(u.Hostname())
	switch {
	case !ok:
		problem := d.problem(Unsupported, "gives an address of %s on %s, which is no host: not asked", clean(d.file.Name), clean(u.Hostname()))
		problem.who, problem.forGood = d.Source.Index.Spoken(), true
		return problem
	case d.client.named(d.base, to):
		return nil
	case to.address.IsValid() && !outside(to.address), to.name == "localhost", strings.HasSuffix(to.name, ".localhost"):
		return d.inside(&insideError{u.Hostname(), to.String()})
	}
	return nil
}

// refused finds the refusal of the dialer in an error of the transport.
func (d *download) refused(err error) *Error {
	if e, ok := errors.AsType[*insideError](err); ok {
		return d.inside(e)
	}
	return nil
}

// dialer connects, and judges each address first. It connects to a private address only if the
// operator or the index's own address names the host, or if it is the proxy's. What the proxy
// connects to is not judged. names is nil except in tests.
func dialer(names *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, Resolver: names}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		text, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		to, ok := mapHost(text)
		if !ok {
			return nil, &insideError{text, text}
		}
		if may, ok := ctx.Value(reachKey{}).(reach); ok && may.admits(to, port) {
			return plain.DialContext(ctx, network, address)
		}
		careful := *plain
		// It is called with the address to which the name resolved, before the connection. So it
		// does not help a name server to change its answer.
		careful.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil || !outside(to.Addr()) {
				return &insideError{text, resolved}
			}
			return nil
		}
		return careful.DialContext(ctx, network, address)
	}
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// special are blocks that netip does not know and that lead to no machine of the internet, or to an
// IPv4 address in another form. https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry
func special() []netip.Prefix {
	var out []netip.Prefix
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(block))
	}
	return out
}

// outside reports whether an address is on the internet: not private, loopback, link-local, shared,
// multicast or unspecified. For an IPv4 address that is translated (RFC 6052) it judges the inner
// one.
func outside(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return outside(netip.AddrFrom4([4]byte(b[12:])))
	}
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(a) })
}
