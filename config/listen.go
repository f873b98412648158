package config

import (
	"fmt"
	"net"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Listen says where serve answers who asks from outside. An empty address answers nobody.
type Listen struct {
	Metrics string // Prometheus and probes
	Hooks   string // GitLab's webhooks
	// HooksURL is where GitLab reaches Hooks from outside, and HooksTokenFile holds the token
	// that its events carry.
	HooksURL, HooksTokenFile string
	Page                     string // the status page, for people
	PageAccess               PageAccess
}

// PageAccess says who may read the status page.
type PageAccess string

// PageProxy means that whoever reaches the address reads all of it. The operator's proxy signs
// people in.
const PageProxy PageAccess = "proxy"

const schemaListen = `{"type":"string","pattern":"^([A-Za-z0-9.-]*|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"}`

// listen reads the mapping. No two of its addresses are the same.
func (r *reader) listen(n *yaml.Node, at string, l *Listen) {
	first := map[string]string{}
	address := func(to *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) {
			*to = r.address(n, at)
			if other := first[*to]; other != "" && *to != "" {
				r.fail(n, at, "%s is the address of %s already: give each its own", *to, other)
			}
			first[*to] = at
		}
	}
	var page *yaml.Node
	r.mapping(n, at, []field{
		{
			key:  "page",
			says: says{"address", "", schemaListen, "Where `serve` shows the status page; without it nowhere. It needs `page_access`"},
			read: func(n *yaml.Node, at string) { page = n; address(&l.Page)(n, at) },
		},
		{
			key:  "page_access",
			says: says{"`proxy`", "", `{"enum":["proxy"]}`, "Who may read the status page. `proxy`: whoever reaches the address, since a proxy of yours signs people in"},
			read: func(n *yaml.Node, at string) { l.PageAccess = oneOf(PageProxy)(r, n, at) },
		},
		{
			key:  "hooks",
			says: says{"address", "", schemaListen, "Where `serve` takes GitLab's webhooks, at `/hooks/gitlab`; without it nowhere"},
			read: address(&l.Hooks),
		},
		{
			key:  "hooks_url",
			says: says{"address", "", schemaAddress, "Where GitLab reaches that from outside, `https://pinwheel.example.com/hooks/gitlab`, for `pinwheel hooks`"},
			read: func(n *yaml.Node, at string) { l.HooksURL = r.url(n, at) },
		},
		{
			key:  "hooks_token_file",
			says: says{"path", "", schemaText, "The file with the token that the webhooks carry, if `PINWHEEL_HOOKS_TOKEN` does not hold it"},
			read: func(n *yaml.Node, at string) { l.HooksTokenFile = r.text(n, at) },
		},
		{
			key:  "metrics",
			says: says{"address", "", schemaListen, "Where `serve` answers Prometheus at `/metrics`, `127.0.0.1:9465` or `:9465`; without it nowhere"},
			read: address(&l.Metrics),
		},
	})
	if page != nil && l.PageAccess == "" {
		r.fail(page, below(at, "page"), "the page shows all projects, so say who may read it: add page_access: proxy where a proxy of yours signs people in")
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9.-]*$`)

// address reads HOST:PORT, where an empty host is every address of the machine.
func (r *reader) address(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(text)
	number, notNumber := strconv.Atoi(port)
	switch {
	case err != nil || net.ParseIP(host) == nil && !hostName.MatchString(host):
		r.fail(n, at, "%q is not an address to listen on: write a host and a port such as 127.0.0.1:9465, or :9465 for every address", text)
	case notNumber != nil || number < 1 || number > 65535 || strconv.Itoa(number) != port:
		r.fail(n, at, "%q has no port from 1 to 65535: write one such as %s", text, net.JoinHostPort(host, fmt.Sprint(9465)))
	default:
		return text
	}
	return ""
}
