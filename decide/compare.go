package decide

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file makes the links of a step from the addresses that the two releases give.

// repository is a repository on a known forge.
type repository struct {
	root  string // its address, without a slash at its end
	forge forge
	rest  []string // what follows it in the address it was found in
}

// forge says how a forge writes its addresses.
type forge struct {
	compare string // after the repository; the first %s is the old tag, the second the new one
	swapped bool   // the new tag comes first
	tags    string
	groups  bool // a repository may be below several groups
}

var (
	gitHub    = forge{compare: "/compare/%s...%s", tags: "/tags"} // Gitea and Forgejo write the same
	gitLab    = forge{compare: "/-/compare/%s...%s", tags: "/-/tags", groups: true}
	bitbucket = forge{compare: "/branches/compare/%s%%0D%s", swapped: true, tags: "/downloads/?tab=tags"}
)

// forgeOf recognises a forge by its host: the public ones, and hosts that are named after their
// software.
func forgeOf(host string) (forge, bool) {
	switch {
	case host == "github.com", host == "codeberg.org", host == "gitea.com":
		return gitHub, true
	case host == "bitbucket.org":
		return bitbucket, true
	case host == "gitlab.com", strings.HasPrefix(host, "gitlab."):
		return gitLab, true
	case strings.HasPrefix(host, "gitea."), strings.HasPrefix(host, "forgejo."):
		return gitHub, true
	}
	return forge{}, false
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9_~.-]*[A-Za-z0-9_~-][A-Za-z0-9_~.-]*$`) // no dots alone
	// Words that forges have in the place of an owner, and what follows a repository on old
	// GitLabs, before the "-".
	noOwner = []string{"sponsors", "orgs", "users", "apps", "marketplace", "features", "about", "topics", "settings", "login", "search", "explore", "groups", "dashboard"}
	noGroup = []string{"-", "issues", "merge_requests", "blob", "tree", "raw", "tags", "releases", "wikis", "commits", "blame", "graphs"}
)

// repositoryOf reads an address that leads into a repository.
func repositoryOf(address string) (repository, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Port() != "" {
		return repository{}, false
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	f, known := forgeOf(host)
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if !known || len(parts) < 2 || slices.Contains(noOwner, strings.ToLower(parts[0])) {
		return repository{}, false
	}
	n := 2
	if f.groups {
		if n = slices.IndexFunc(parts, func(p string) bool { return slices.Contains(noGroup, p) }); n < 0 {
			n = len(parts)
		}
	}
	if n < 2 || slices.ContainsFunc(parts[:n], func(p string) bool { return !segment.MatchString(p) }) {
		return repository{}, false
	}
	root := strings.TrimSuffix("https://"+host+"/"+strings.Join(parts[:n], "/"), ".git")
	return repository{root, f, parts[n:]}, true
}

// same reports whether two addresses lead into one repository.
func (r repository) same(o repository) bool { return strings.EqualFold(r.root, o.root) }

// archives are the suffixes of tags in addresses of downloads.
var archives = []string{".tar.gz", ".tar.bz2", ".zip"}

// tag finds the tag of a version in the address: a part that ends with the version, and has before
// it nothing that would make it another number.
func (r repository) tag(version pep440.Version) string {
	for _, part := range r.rest {
		for _, end := range archives {
			part = strings.TrimSuffix(part, end)
		}
		if !segment.MatchString(part) {
			continue
		}
		for i := range part {
			if i > 0 && (digit(part[i-1]) || part[i-1] == '.') || !digit(part[i]) {
				continue
			}
			if v, err := pep440.Parse(part[i:]); err == nil && v.Equal(version) {
				return part
			}
		}
	}
	return ""
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// Names of links that are made here.
const (
	linkCompare    = "compare"
	linkTags       = "tags"
	linkRepository = "repository"
)

// shown are the names of links that a release gives, in the order of a merge request. Its tracker
// and its downloads are only used to find the repository.
var shown = []string{"changelog", "release notes", "repository", "home page"}

// stepLinks are the links of a step: those that the new release gives, and a comparison with the
// old one if its repository is on a known forge.
//
// The address of a release shows how its tag is spelled if it leads to the tag. If the tags of both
// releases are known, the comparison is sure. Else it spells the unknown tag like the known one, or
// as "v" and the version; then it says that it guesses, and a link to the list of tags is beside
// it.
func stepLinks(m plan.Move, from, to []plan.Link) []plan.Link {
	var out []plan.Link
	for _, name := range shown {
		for _, l := range to {
			if l.Name == name {
				out = append(out, l)
			}
		}
	}
	repo, known := repositoryIn(to)
	old, err1 := pep440.Parse(m.From)
	fresh, err2 := pep440.Parse(m.To)
	if !known || err1 != nil || err2 != nil {
		return out
	}
	named := func(l plan.Link) bool {
		r, is := repositoryOf(l.URL)
		return (l.Name == linkRepository || l.Name == "home page") && is && r.same(repo)
	}
	if !slices.ContainsFunc(out, named) {
		out = append(out, plan.Link{Name: linkRepository, URL: repo.root})
	}
	oldTag, newTag := tagIn(repo, from, old), tagIn(repo, to, fresh)
	sure := oldTag != "" && newTag != ""
	if oldTag == "" {
		oldTag = spelled(newTag, fresh, m.From)
	}
	if newTag == "" {
		newTag = spelled(oldTag, old, m.To)
	}
	first, second := url.PathEscape(oldTag), url.PathEscape(newTag)
	if repo.forge.swapped {
		first, second = second, first
	}
	l := plan.Link{Name: linkCompare, URL: repo.root + fmt.Sprintf(repo.forge.compare, first, second)}
	if sure {
		return append(out, l)
	}
	l.Name = fmt.Sprintf("%s, if the tags are %s and %s", linkCompare, oldTag, newTag)
	return append(out, l, plan.Link{Name: linkTags, URL: repo.root + repo.forge.tags})
}

// repositoryIn is the repository of a release: the one that it names, else the first into which one
// of its other addresses leads.
func repositoryIn(links []plan.Link) (repository, bool) {
	for _, name := range []string{"repository", "home page", "changelog", "release notes", "issues", "download"} {
		for _, l := range links {
			if r, is := repositoryOf(l.URL); is && l.Name == name {
				return r, true
			}
		}
	}
	return repository{}, false
}

// tagIn is the tag of a version in a repository; empty if no address shows it.
func tagIn(repo repository, links []plan.Link, version pep440.Version) string {
	for _, l := range links {
		if r, is := repositoryOf(l.URL); is && r.same(repo) {
			if tag := r.tag(version); tag != "" {
				return tag
			}
		}
	}
	return ""
}

// spelled spells the tag of a version like that of another version.
func spelled(like string, of pep440.Version, version string) string {
	for i := range like {
		if v, err := pep440.Parse(like[i:]); err == nil && v.Equal(of) && digit(like[i]) {
			return like[:i] + version
		}
	}
	return "v" + version
}
