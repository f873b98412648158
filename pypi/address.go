package pypi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// This file keeps an index from making pinwheel ask machines that only
// pinwheel can reach. Where a page or a redirect names a host that is neither
// the index's own nor named by the operator, its address must be public, by
// what the name resolves to at the instant of the connection.

// strangerKey marks the context of a request to a host that nobody named; the
// value is the host.
type strangerKey struct{}

// toStranger marks a request, unless the host of address is the index's or one
// of the operator's.
func (c *Client) toStranger(ctx context.Context, base, address *url.URL) context.Context {
	host := strings.ToLower(address.Hostname())
	if c.named(base, host) {
		return ctx
	}
	return context.WithValue(ctx, strangerKey{}, host)
}

func (c *Client) named(base *url.URL, host string) bool {
	return strings.EqualFold(base.Hostname(), host) ||
		slices.ContainsFunc(c.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// insideError refuses an address that is not public.
type insideError struct{ host, address string }

func (e *insideError) Error() string {
	return fmt.Sprintf("%s is at the private address %s", e.host, e.address)
}

// inside is the refusal of an address in the form of a sentence.
func (d *download) inside(e *insideError) *Error {
	what := clean(e.host)
	if e.address != e.host {
		what += " (" + clean(e.address) + ")"
	}
	problem := d.problem(Unsupported, "index %s gives an address of %s on %s, which is inside a private network: not asked, since no index of the configuration is there",
		d.Source.Index.Name, clean(d.file.Name), what)
	problem.cause = e
	return problem
}

// literal refuses a URL whose host is written as a private address. Names are
// judged by the dialer, which sees what they resolve to.
func (d *download) literal(u *url.URL) *Error {
	host := strings.ToLower(u.Hostname())
	if d.client.named(d.base, host) {
		return nil
	}
	bare, _, _ := strings.Cut(host, "%") // a zone
	address, err := netip.ParseAddr(bare)
	if err != nil && host != "localhost" && !strings.HasSuffix(host, ".localhost") || err == nil && outside(address) {
		return nil
	}
	return d.inside(&insideError{host, host})
}

// refused finds the refusal of the dialer in what a transport returned.
func (d *download) refused(err error) *Error {
	var e *insideError
	if errors.As(err, &e) {
		return d.inside(e)
	}
	return nil
}

// dialer connects, for requests to strangers to public addresses alone. A
// proxy is the operator's, so that its address may be any; what it connects to
// is its own business. names is nil but in tests.
func dialer(names *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, Resolver: names}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		stranger, marked := ctx.Value(strangerKey{}).(string)
		if err != nil || !marked || !strings.EqualFold(host, stranger) {
			return plain.DialContext(ctx, network, address)
		}
		careful := *plain
		// Called with what the name resolved to, before the connection is
		// made: a name server that changes its answer gains nothing.
		careful.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil || !outside(to.Addr()) {
				return &insideError{host, resolved}
			}
			return nil
		}
		return careful.DialContext(ctx, network, address)
	}
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// special are blocks that netip has no word for and that lead to no machine of
// the internet, or to an IPv4 address in disguise.
// https://www.iana.org/assignments/iana-ipv4-special-registry and
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

// outside reports whether an address is one of the internet: not private,
// loopback, link-local, shared, multicast or unspecified. Of an IPv4 address
// that is translated (RFC 6052) it judges the inner one.
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
