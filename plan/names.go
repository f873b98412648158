package plan

import (
	"regexp"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file makes the names of branches. They follow Renovate's rules, so that
// what it left behind is continued.

// Slug is the package's part of a branch name: the name as written, lower
// case, without what git refuses in a reference.
func Slug(name string) string {
	s := strings.ToLower(name)
	for strings.Contains(s, "..") {
		s = strings.ReplaceAll(s, "..", ".")
	}
	return strings.Trim(s, ".")
}

// BranchName is the branch of one package's line of majors.
func BranchName(prefix, name, major string) string {
	return prefix + Slug(name) + "-" + major + ".x"
}

// KeptPrefix begins the names of branches that keep the commits which a person pushed in the
// instant of a rebuild.
func KeptPrefix(prefix string) string { return prefix + "kept-" }

// TwinBranch is the branch that repairs derived files, named after the first.
func TwinBranch(prefix, path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	return prefix + strings.ReplaceAll(Slug(base), ".", "-")
}

// linked finds names that GitLab takes for something else in a title or a
// commit message: an issue's GL-1, another tracker's ABC-1, a host.
var linked = regexp.MustCompile(`(?:^|[^A-Za-z0-9])[A-Z][A-Z0-9_]*-[0-9]|^(?i:www)\.`)

// Unlinked is a name as written, or normalised where GitLab would link it.
func Unlinked(name string) string {
	if linked.MatchString(name) {
		return pep508.NormalizeName(name)
	}
	return name
}

// Parted is a version whose epoch GitLab does not take for a merge request's
// number: 1!2 would be number 2 of a project named 1. U+200B shows as nothing.
func Parted(version string) string { return strings.ReplaceAll(version, "!", "!\u200b") }

// PlainTitle removes what GitLab, Renovate and people put around a title, in any order.
func PlainTitle(t string) string {
	t = strings.TrimSpace(t)
	for again := true; again; {
		again = false
		for _, prefix := range []string{"Draft:", "[Draft]", "WIP:", "rebase!"} {
			if len(t) >= len(prefix) && strings.EqualFold(t[:len(prefix)], prefix) {
				t, again = strings.TrimSpace(t[len(prefix):]), true
			}
		}
	}
	t = strings.TrimSuffix(t, " - autoclosed")
	return strings.TrimSuffix(t, " - abandoned")
}
