package renovate

import (
	"path"
	"regexp"
	"strings"
)

// FileNames are where Renovate looks for its configuration in a repository, in the
// order in which it does. The first that is there counts; of package.json only a key
// renovate does, so that it comes last.
func FileNames() []string {
	return []string{
		"renovate.json", "renovate.jsonc", "renovate.json5",
		".github/renovate.json", ".github/renovate.jsonc", ".github/renovate.json5",
		".gitlab/renovate.json", ".gitlab/renovate.jsonc", ".gitlab/renovate.json5",
		".renovaterc", ".renovaterc.json", ".renovaterc.jsonc", ".renovaterc.json5", "package.json",
	}
}

var presetAt = regexp.MustCompile(`^local>([^:#()]+?)(?://([^:#()]+)|:([^#()]+))?(?:#([^#()]+))?$`)

// PresetFiles says where a preset of the same GitLab stands: the project, its branch or
// tag (empty for the default branch), and the paths of which the first that is there
// counts. ok is false for a preset that stands anywhere else, and for one with values in
// brackets, which are not filled in here.
func PresetFiles(name string) (project, ref string, paths []string, ok bool) {
	m := presetAt.FindStringSubmatch(name)
	if m == nil || !strings.Contains(m[1], "/") {
		return "", "", nil, false
	}
	file := m[2]
	if file == "" {
		file = m[3]
	}
	if file == "" {
		return m[1], m[4], []string{"default.json", "default.json5", "renovate.json"}, true
	}
	if clean := path.Clean(file); clean != file || strings.HasPrefix(file, "../") {
		return "", "", nil, false
	}
	if ext := path.Ext(file); ext != ".json" && ext != ".json5" && ext != ".jsonc" {
		file += ".json"
	}
	return m[1], m[4], []string{file}, true
}
