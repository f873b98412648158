package metadata

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Link is an address that a project gives for itself.
type Link struct {
	Name string // one of the names below
	URL  string // absolute, http or https, without a user
}

// Names of links.
const (
	Changelog    = "changelog"
	ReleaseNotes = "release notes"
	Repository   = "repository"
	HomePage     = "home page"
	Issues       = "issues"
	Download     = "download"
)

// labels are the labels that projects use for each name (PEP 753, and older ones), in lower case
// without punctuation and white space.
var labels = map[string][]string{
	Changelog:    {"changelog", "changelogs", "changes", "whatsnew", "history", "news", "releasehistory"},
	ReleaseNotes: {"releasenotes", "releases", "githubreleases"},
	Repository: {
		"source", "sources", "sourcecode", "code", "repository", "repo", "git", "vcs", "scm", "github", "gitlab", "bitbucket", "codeberg",
		"sourcerepository", "coderepository", "gitrepository", "githubrepository", "githubrepo", "githubproject", "gitlabrepository",
		"sourcecodegit", "sourcecodegithub", "sourcegithub", "sourceongithub", "viewsourcecode",
	},
	HomePage: {"homepage", "home", "website"},
	Issues:   {"issues", "issue", "issuetracker", "bugtracker", "bugs", "bugreports", "bugreport", "tracker", "githubissues"},
	Download: {"download", "downloads"},
}

// maxURL is the longest address that is kept.
const maxURL = 500

// link adds a Project-URL if its label is a known one and its name has no link yet.
func (m *Metadata) link(value string) {
	label, address, found := strings.Cut(value, ",")
	if !found {
		return
	}
	label = strings.Map(plain, strings.ToLower(label))
	for name, known := range labels {
		if slices.Contains(known, label) {
			m.address(name, address)
		}
	}
}

// address adds an address under a name that has none yet. It skips an address that a browser cannot
// open.
func (m *Metadata) address(name, address string) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || len(address) > maxURL || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") ||
		slices.ContainsFunc(m.Links, func(l Link) bool { return l.Name == name }) {
		return
	}
	m.Links = append(m.Links, Link{name, address})
}

// plain drops punctuation and white space from a label.
func plain(r rune) rune {
	if unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) {
		return -1
	}
	return r
}
