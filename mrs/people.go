package mrs

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// maxPeople bounds who is asked, and so the requests that looks for them.
const maxPeople = 20

// ids finds users by name, exactly. Who is not there is left out: a merge
// request without a reviewer is better than none.
// https://docs.gitlab.com/api/users/#list-all-users
func (c *Client) ids(ctx context.Context, names []string) ([]int64, error) {
	var out []int64
	for _, name := range names[:min(len(names), maxPeople)] {
		found, _, err := c.gl.Users.ListUsers(&gitlab.ListUsersOptions{Username: &name}, gitlab.WithContext(ctx))
		if err != nil {
			return nil, fail(err, "look for user %s", name)
		}
		for _, u := range found {
			if strings.EqualFold(u.Username, name) && u.State != "blocked" && !slices.Contains(out, u.ID) {
				out = append(out, u.ID)
			}
		}
	}
	return out, nil
}

// ownersFiles are where GitLab looks for code owners, in its order.
// https://docs.gitlab.com/user/project/codeowners/#codeowners-file
var ownersFiles = []string{"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}

// codeOwners are the users who own the files of an update on a branch. Groups,
// roles and addresses name nobody here.
func (c *Client) codeOwners(ctx context.Context, id int64, ref string, files []string) ([]string, error) {
	for _, name := range ownersFiles {
		data, found, err := c.File(ctx, id, name, ref)
		if err != nil && !errors.Is(err, ErrTooLarge) {
			return nil, err
		}
		if !found {
			continue
		}
		var out []string
		for _, f := range files {
			for _, owner := range ownersOf(string(data), f) {
				if !slices.Contains(out, owner) {
					out = append(out, owner)
				}
			}
		}
		return out, nil
	}
	return nil, nil
}

var ownerName = regexp.MustCompile(`^@([A-Za-z0-9_][A-Za-z0-9_.-]*)$`)

// ownersOf reads a CODEOWNERS file for one path: in every section the last
// pattern that matches counts. A section's own owners stand for a pattern
// without any.
// https://docs.gitlab.com/user/project/codeowners/reference/
func ownersOf(text, file string) []string {
	sections, section, defaults := map[string][]string{}, "", []string(nil)
	order := []string{""}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if head := sectionLine.FindStringSubmatch(line); head != nil {
			section, defaults = strings.ToLower(head[1]), names(head[2])
			if !slices.Contains(order, section) {
				order = append(order, section)
			}
			continue
		}
		fields := strings.Fields(strings.ReplaceAll(line, `\ `, "\x00"))
		if !owns(strings.ReplaceAll(fields[0], "\x00", " "), file) {
			continue
		}
		sections[section] = defaults
		if len(fields) > 1 {
			sections[section] = names(strings.Join(fields[1:], " "))
		}
	}
	var out []string
	for _, s := range order {
		out = append(out, sections[s]...)
	}
	return out
}

var sectionLine = regexp.MustCompile(`^\^?\[([^\]]+)\](?:\[\d+\])?\s*(.*)$`)

func names(owners string) []string {
	var out []string
	for _, f := range strings.Fields(owners) {
		if m := ownerName.FindStringSubmatch(f); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

// owns reports whether a pattern is for a file: from the top where it begins
// with a slash, a folder with all below it where it ends with one, ** for any
// folders.
func owns(pattern, file string) bool {
	pattern, top := strings.CutPrefix(pattern, "/")
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if !top && !strings.HasPrefix(pattern, "**/") {
		pattern = "**/" + pattern
	}
	return matchParts(strings.Split(pattern, "/"), strings.Split(file, "/"))
}

func matchParts(pattern, file []string) bool {
	if len(pattern) == 0 {
		return len(file) == 0
	}
	if pattern[0] == "**" {
		for i := range len(file) + 1 {
			if matchParts(pattern[1:], file[i:]) {
				return true
			}
		}
		return false
	}
	if len(file) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], file[0])
	return ok && matchParts(pattern[1:], file[1:])
}
