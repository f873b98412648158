package releasenotes

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Repository is one whose releases may be asked for. The zero value is none.
type Repository struct {
	Host string // of an address, in small letters; empty for the configured GitLab
	Path string // as the address has it
}

// name is the last element of its path.
func (r Repository) name() string { return r.Path[strings.LastIndexByte(r.Path, '/')+1:] }

// gitHub has an API of its own. Every other host is asked as a GitLab is.
const gitHub = "github.com"

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	// named are the links of a release that may lead into its repository, the best first.
	named = []string{"repository", "release notes", "changelog", "home page"}
	// Behind the path of a project, on a GitLab: the first is the rule, the others are of old addresses.
	behind = []string{"-", "blob", "tree", "raw", "tags", "releases", "issues", "merge_requests", "wikis", "commits"}
)

// Repository is the one into which the links of a release lead, if it may be asked. home is the
// address of the configured GitLab.
func (r *Reader) Repository(links []plan.Link, home string) Repository {
	for _, name := range named {
		for _, l := range links {
			if l.Name != name {
				continue
			}
			if repo := r.repositoryAt(l.URL, home); repo != (Repository{}) {
				return repo
			}
		}
	}
	return Repository{}
}

func (r *Reader) repositoryAt(address, home string) Repository {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return Repository{}
	}
	own, err := url.Parse(home)
	if err == nil && home != "" && strings.EqualFold(u.Host, own.Host) {
		if rest, below := strings.CutPrefix(u.Path, strings.TrimRight(own.Path, "/")+"/"); below {
			return Repository{Path: project(rest)}.known()
		}
		return Repository{}
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	if !slices.ContainsFunc(r.o.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return Repository{}
	}
	if host != gitHub {
		return Repository{host, project(u.Path)}.known()
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	return Repository{host, strings.Join(parts[:min(2, len(parts))], "/")}.known()
}

// project is the path of a project at the beginning of a path on a GitLab.
func project(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return slices.Contains(behind, p) }); i >= 0 {
		parts = parts[:i]
	}
	return strings.Join(parts, "/")
}

// known is the repository, or none if its path is not one.
func (r Repository) known() Repository {
	r.Path = strings.TrimSuffix(r.Path, ".git")
	parts := strings.Split(r.Path, "/")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return !segment.MatchString(p) }) {
		return Repository{}
	}
	return r
}
