package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

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
	// PageURL is where people reach Page, without a path; PageApplication is GitLab's id of the
	// application that they sign in to, and PageSecretFile holds its secret. PageGitLab needs them.
	PageURL, PageApplication, PageSecretFile string
}

// PageAccess says who may read the status page.
type PageAccess string

// PageProxy means that whoever reaches the address reads all of it. The operator's proxy signs
// people in. PageGitLab means that people sign in with GitLab, and read of the projects that
// GitLab lets them read.
const (
	PageProxy  PageAccess = "proxy"
	PageGitLab PageAccess = "gitlab"
)

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
			key: "page_access",
			says: says{"`proxy` or `gitlab`", "", `{"enum":["proxy","gitlab"]}`, "Who may read the status page. `proxy`: whoever reaches the address, since a proxy of yours signs people in. " +
				"`gitlab`: who signs in with GitLab, of the projects whose code and dashboard GitLab shows them"},
			read: func(n *yaml.Node, at string) { l.PageAccess = oneOf(PageProxy, PageGitLab)(r, n, at) },
		},
		{
			key:  "page_url",
			says: says{"address", "", schemaAddress, "Where people reach the status page, `https://pinwheel.example.com`, without a path; for `page_access: gitlab`"},
			read: func(n *yaml.Node, at string) { l.PageURL = r.pageURL(n, at) },
		},
		{
			key:  "page_application",
			says: says{"text", "", schemaText, "GitLab's id of the application that people sign in to; for `page_access: gitlab`"},
			read: func(n *yaml.Node, at string) { l.PageApplication = r.text(n, at) },
		},
		{
			key:  "page_secret_file",
			says: says{"path", "", schemaText, "The file with the secret of that application, if `PINWHEEL_PAGE_SECRET` does not hold it"},
			read: func(n *yaml.Node, at string) { l.PageSecretFile = r.text(n, at) },
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
	switch {
	case page != nil && l.PageAccess == "":
		r.fail(page, below(at, "page"), "the page shows all projects, so say who may read it: add page_access: proxy where a proxy of yours signs people in, or page_access: gitlab")
	case page != nil && l.PageAccess == PageGitLab && l.PageURL == "":
		r.fail(page, below(at, "page"), "page_access: gitlab needs the address where people reach the page: add page_url, such as https://pinwheel.example.com")
	case page != nil && l.PageAccess == PageGitLab && l.PageApplication == "":
		r.fail(page, below(at, "page"), "page_access: gitlab needs an application of GitLab's: add its id as page_application")
	}
}

// pageURL reads an address without a path. Cookies that let somebody in go over TLS, or stay on
// this machine.
func (r *reader) pageURL(n *yaml.Node, at string) string {
	text := strings.TrimRight(r.url(n, at), "/")
	u, err := url.Parse(text)
	switch {
	case text == "" || err != nil:
		return ""
	case u.Path != "":
		r.fail(n, at, "the page has an address without a path: write %s://%s", u.Scheme, u.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		r.fail(n, at, "people sign in at this address, so it has to be https: put a proxy that speaks TLS before listen.page")
	}
	return text
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
