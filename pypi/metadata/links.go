package metadata

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Link is an address that a project gives of itself.
type Link struct {
	Name string // changelog, release notes or repository
	URL  string // absolute, http or https, without a user
}

// Names of links.
const (
	Changelog    = "changelog"
	ReleaseNotes = "release notes"
	Repository   = "repository"
)

// maxURL is the longest address that is kept.
const maxURL = 500

// link takes one Project-URL whose label is a well-known one (PEP 753): the first
// of each name. What is no address for people is passed over.
func (m *Metadata) link(value string) {
	label, address, found := strings.Cut(value, ",")
	name := ""
	switch strings.Map(plain, strings.ToLower(label)) {
	case "changelog", "changes", "whatsnew", "history":
		name = Changelog
	case "releasenotes":
		name = ReleaseNotes
	case "source", "repository", "sourcecode", "github":
		name = Repository
	}
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if !found || name == "" || err != nil || len(address) > maxURL || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") ||
		slices.ContainsFunc(m.Links, func(l Link) bool { return l.Name == name }) {
		return
	}
	m.Links = append(m.Links, Link{name, address})
}

// plain drops punctuation and white space from a label.
func plain(r rune) rune {
	if unicode.IsPunct(r) || unicode.IsSpace(r) {
		return -1
	}
	return r
}
