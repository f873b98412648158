package mrs

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// ownersFiles are where GitLab looks for code owners, in its order.
// https://docs.gitlab.com/user/project/codeowners/#codeowners-file
var ownersFiles = []string{"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}

// codeOwners are the users who own the files of an update at a commit. Groups,
// roles and addresses name nobody here.
func (c *Client) codeOwners(ctx context.Context, id int64, sha string, files []string) ([]string, error) {
	for _, name := range ownersFiles {
		data, found, err := c.gl.File(ctx, id, name, sha)
		if err != nil && !errors.Is(err, gitlab.ErrTooLarge) {
			return nil, err
		}
		if !found {
			continue
		}
		var all []string
		for _, f := range files {
			all = append(all, ownersOf(string(data), f)...)
		}
		return once(all), nil
	}
	return nil, nil
}

var ownerName = regexp.MustCompile(`^@([A-Za-z0-9_][A-Za-z0-9_.-]*)$`)

// once returns each name once, in the order in which they come first.
func once(all []string) []string {
	var out []string
	seen := make(map[string]bool, len(all))
	for _, name := range all {
		if !seen[name] {
			seen[name], out = true, append(out, name)
		}
	}
	return out
}

// ownersOf reads a CODEOWNERS file for one path. In every section the last pattern that
// matches counts. A pattern without owners has those of its section. A pattern after !
// that matches takes the file out of the section for good. The time is in proportion
// to the length of the file.
// https://docs.gitlab.com/user/project/codeowners/reference/
func ownersOf(text, file string) []string {
	type section struct {
		defaults, owners []string
		excluded         bool
	}
	current := &section{}
	order, byName := []*section{current}, map[string]*section{"": current}
	parts := strings.Split(file, "/")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if head := sectionLine.FindStringSubmatch(line); head != nil {
			name := strings.ToLower(head[1])
			if current = byName[name]; current == nil {
				current = &section{}
				order, byName[name] = append(order, current), current
			}
			current.defaults = names(head[2])
			continue
		}
		fields := strings.Fields(strings.ReplaceAll(line, `\ `, "\x00"))
		pattern, excludes := strings.CutPrefix(strings.ReplaceAll(fields[0], "\x00", " "), "!")
		if current.excluded || !owns(pattern, parts) {
			continue
		}
		if excludes {
			current.owners, current.excluded = nil, true
			continue
		}
		current.owners = current.defaults
		if len(fields) > 1 {
			current.owners = names(strings.Join(fields[1:], " "))
		}
	}
	var out []string
	for _, s := range order {
		out = append(out, s.owners...)
	}
	return out
}

var sectionLine = regexp.MustCompile(`^\^?\[([^\]]+)\](?:\[\d+\])?\s*(.*)$`)

func names(owners string) []string {
	var out []string
	for f := range strings.FieldsSeq(owners) {
		if m := ownerName.FindStringSubmatch(f); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

// owns reports whether a pattern is for a file, which is split at its slashes. A slash
// at the beginning means from the top, one at the end means a folder with all below it,
// and ** stands for any folders.
func owns(pattern string, file []string) bool {
	pattern, top := strings.CutPrefix(pattern, "/")
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if !top && !strings.HasPrefix(pattern, "**/") {
		pattern = "**/" + pattern
	}
	return matchParts(pattern, file)
}

// matchParts reports whether a pattern of names between slashes is for a file.
// It goes once over the pattern and remembers for each of the file's names
// whether the pattern so far is for what stands before it, so that ** costs no
// more than a name. A name that is longer than a file system takes matches
// nothing.
func matchParts(pattern string, file []string) bool {
	const longest = 255
	reached := make([]bool, len(file)+1)
	reached[0] = true
	for part := range strings.SplitSeq(pattern, "/") {
		if part == "**" {
			if first := slices.Index(reached, true); first >= 0 {
				for i := first; i < len(reached); i++ {
					reached[i] = true
				}
			}
			continue
		}
		for i := len(file); i > 0; i-- {
			ok := false
			if reached[i-1] && len(part) <= longest {
				ok, _ = path.Match(part, file[i-1])
			}
			reached[i] = ok
		}
		reached[0] = false
	}
	return reached[len(file)]
}
