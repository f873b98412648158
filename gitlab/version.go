package gitlab

import (
	"context"
	"strconv"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Version is what GitLab calls itself, such as 17.10.2-ee.
type Version string

// Oldest is the oldest GitLab that pinwheel works with, and Inputs the oldest one
// that knows the inputs of pipelines. An older one drops inputs without an error.
const (
	Oldest Version = "17.0"
	Inputs Version = "17.10"
)

// Before reports whether a version is older than another one, by their first two
// numbers. A version that cannot be read is never older.
func (v Version) Before(other Version) bool {
	a, b, ok := v.numbers()
	c, d, _ := other.numbers()
	return ok && (a < c || a == c && b < d)
}

func (v Version) numbers() (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(string(v), ".")
	second := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		second = rest[:end]
	}
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(second)
	return major, minor, err == nil
}

// Version asks GitLab which version it is.
// https://docs.gitlab.com/api/version/
func (c *Client) Version(ctx context.Context) (Version, error) {
	v, _, err := c.API.Version.GetVersion(api.WithContext(ctx))
	if err != nil {
		return "", Fail(err, "read GitLab's version")
	}
	return Version(v.Version), nil
}
