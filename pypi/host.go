package pypi

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// This file maps hosts to one spelling for each, before they are compared or judged. A host that
// cannot be mapped is refused.

// host is a host in one spelling.
type host struct {
	name    string     // lower case, ASCII, without a last dot; "" for an address
	address netip.Addr // without IPv4 in IPv6; invalid for a name
}

func (h host) String() string {
	if h.address.IsValid() {
		return h.address.String()
	}
	return h.name
}

// mapHost maps a host as a URL or an address has it, without brackets and port:
// full-width and other compatible letters become ASCII (IDNA, UTS 46), last
// dots go, and numbers become the addresses that resolvers and browsers take
// them for, "127.1", "0x7f000001" and "2130706433" among them. ok is false for
// what is neither a name nor an address.
func mapHost(text string) (h host, ok bool) {
	if a, err := netip.ParseAddr(strings.ToLower(text)); err == nil { // with its zone
		return host{address: a.Unmap()}, true
	}
	if !ascii(text) {
		var err error
		if text, err = idna.Lookup.ToASCII(text); err != nil {
			return host{}, false
		}
	}
	text = strings.TrimSuffix(strings.ToLower(text), ".")
	if text == "" || len(text) > 253 || strings.HasPrefix(text, ".") || strings.Contains(text, "..") || strings.HasSuffix(text, ".") ||
		strings.ContainsFunc(text, func(r rune) bool { return !hostByte(r) }) {
		return host{}, false
	}
	if !numeric(text[strings.LastIndexByte(text, '.')+1:]) {
		return host{name: text}, true
	}
	a, ok := numbers(text)
	return host{address: a}, ok
}

func ascii(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

// hostByte reports whether a name may have r. The underscore is not permitted in host names and yet
// used in some.
func hostByte(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
}

// numeric reports whether a last label makes the whole an address: digits, or
// what begins as a hexadecimal number ("Host parsing", WHATWG URL).
func numeric(label string) bool {
	return strings.HasPrefix(label, "0x") || !strings.ContainsFunc(label, func(r rune) bool { return r < '0' || r > '9' })
}

// numbers reads an IPv4 address of one to four numbers, each decimal, octal or
// hexadecimal, the last for all bytes that are left (inet_aton).
func numbers(text string) (netip.Addr, bool) {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, part := range parts {
		n, err := parseNumber(part)
		last := i == len(parts)-1
		if err != nil || !last && n > 255 || last && n >= 1<<(8*(5-len(parts))) {
			return netip.Addr{}, false
		}
		if last {
			whole |= n
		} else {
			whole |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

func parseNumber(text string) (uint64, error) {
	switch {
	case strings.HasPrefix(text, "0x"):
		return strconv.ParseUint(text[2:], 16, 32)
	case len(text) > 1 && text[0] == '0':
		return strconv.ParseUint(text[1:], 8, 32)
	}
	return strconv.ParseUint(text, 10, 32)
}

// sameHost compares two hosts; one that cannot be mapped is equal to none.
func sameHost(a, b string) bool {
	x, okX := mapHost(a)
	y, okY := mapHost(b)
	return okX && okY && x == y
}

// sameOrigin compares scheme, host and port, each in one spelling.
func sameOrigin(a, b *url.URL) bool {
	portA, okA := port(a)
	portB, okB := port(b)
	return okA && okB && portA == portB && strings.EqualFold(a.Scheme, b.Scheme) && sameHost(a.Hostname(), b.Hostname())
}

// port is the port of a URL, that of its scheme if it has none.
func port(u *url.URL) (uint16, bool) {
	text := u.Port()
	switch {
	case text != "":
	case strings.EqualFold(u.Scheme, "http"):
		return 80, true
	default:
		return 443, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil
}
