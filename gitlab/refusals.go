package gitlab

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// This file tells refusals apart that differ only in GitLab's words. No other room
// reads those words.

var openAlready = regexp.MustCompile(`Another open merge request already exists for this source branch: !(\d+)`)

// OpenAlready is the number of the open merge request of the same branch because of
// which GitLab refused to open another one. It is 0 for any other error and for nil.
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

// Exists reports whether GitLab refused to create something that exists already.
func Exists(err error) bool {
	return errors.Is(err, ErrRefused) && strings.Contains(err.Error(), "already exists")
}

// Passes reports whether a refusal is temporary: GitLab does not see a branch yet that
// was just written, or somebody else is changing the same thing.
func Passes(err error) bool {
	switch {
	case errors.Is(err, ErrConflict):
		return strings.Contains(err.Error(), "Resource lock")
	case errors.Is(err, ErrRefused):
		return strings.Contains(err.Error(), "source_branch") && strings.Contains(err.Error(), "does not exist")
	}
	return false
}

// Changed reports whether GitLab refused a commit since a file of it is not as the
// caller had read it: somebody else changed, made or removed it, or moved the branch in
// that instant.
func Changed(err error) bool {
	if !errors.Is(err, ErrRefused) {
		return false
	}
	for _, words := range []string{"has changed since", "that has changed", "file with this name already exists", "file with this name doesn't exist", "Could not update", "Reference update", "reference update"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return errors.Is(err, ErrConflict)
}
