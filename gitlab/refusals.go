package gitlab

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// This file tells refusals apart that GitLab answers alike but for their words. No
// other room reads these.

var openAlready = regexp.MustCompile(`Another open merge request already exists for this source branch: !(\d+)`)

// OpenAlready is the number of the open merge request of the same branch, for which
// GitLab refused another; 0 where it refused nothing, or for another reason.
func OpenAlready(err error) int64 {
	if !errors.Is(err, ErrConflict) {
		return 0
	}
	m := openAlready.FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	iid, _ := strconv.ParseInt(m[1], 10, 64)
	return iid
}

// Exists reports whether GitLab refused to make what is there already.
func Exists(err error) bool {
	return errors.Is(err, ErrRefused) && strings.Contains(err.Error(), "already exists")
}

// Passes reports whether a refusal passes by itself: GitLab does not see a branch yet
// that was just written, or somebody else changes the same thing.
func Passes(err error) bool {
	switch {
	case errors.Is(err, ErrConflict):
		return strings.Contains(err.Error(), "Resource lock")
	case errors.Is(err, ErrRefused):
		return strings.Contains(err.Error(), "source_branch") && strings.Contains(err.Error(), "does not exist")
	}
	return false
}
