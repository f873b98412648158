package plan

import (
	"fmt"
	"regexp"
	"strings"
)

// This file names groups: updates that the policy's rules join.

// groupName is what may name a group: it becomes a title and a branch. packageLike
// is how the branches of packages end.
var (
	groupName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,58}[A-Za-z0-9+]$|^[A-Za-z0-9]$`)
	packageLike = regexp.MustCompile(`-[0-9]+\.x$`)
)

// CheckGroup reports why a name cannot be a group's: its branch has to be one
// that no package and nothing else of ours has, and its title plain text.
func CheckGroup(name string) error {
	s := groupSlug(name)
	switch {
	case !groupName.MatchString(name) || strings.Contains(name, "..") || linked.MatchString(name) || strings.HasSuffix(s, ".lock"):
		return fmt.Errorf("%q cannot name a group: write letters, digits, spaces and - in up to 60 characters, such as all non-major", name)
	case packageLike.MatchString(s):
		return fmt.Errorf("%q ends like the branch of a package: write another name", name)
	case strings.HasPrefix(s, "kept-") || revertName.MatchString(s) || holdName.MatchString(s) || strings.HasPrefix(s, probe) || strings.HasPrefix(s, "dependency-") || strings.HasSuffix(s, "-yml") || strings.HasSuffix(s, "-yaml"):
		return fmt.Errorf("%q is a name of pinwheel's own: write another one", name)
	}
	return nil
}

// groupSlug is a group's part of a branch name.
func groupSlug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '-' }), "-")
}

// GroupBranch is the branch of a group.
func GroupBranch(prefix, name string) string { return prefix + groupSlug(name) }

// IsPackageBranch reports whether a branch is named like that of a package, which
// no group's is.
func IsPackageBranch(branch string) bool { return packageLike.MatchString(branch) }

// GroupTitle is the title of a group's merge request. It holds no version, so
// that it stays the same as its members move on.
func GroupTitle(name string) string { return "Update " + name }

// SplitMark begins the Branch of a tick on the split box of a group, which is another box than
// the one that rebuilds the group. No branch name holds a colon.
const SplitMark = "split:"

// SplitKey is the Branch of a tick on the split box of a group's branch.
func SplitKey(branch string) string { return SplitMark + branch }
