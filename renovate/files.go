package renovate

import (
	"path"
	"regexp"
	"strings"
)

// FileNames lists the files in which Renovate looks for its configuration in a repository, in its
// order. The first that exists counts. Of package.json only a key renovate counts, so that file
// comes last.
func FileNames() []string {
	return []string{
		"renovate.json", "renovate.jsonc", "renovate.json5",
		".github/renovate.json", ".github/renovate.jsonc", ".github/renovate.json5",
		".gitlab/renovate.json", ".gitlab/renovate.jsonc", ".gitlab/renovate.json5",
		".renovaterc", ".renovaterc.json", ".renovaterc.jsonc", ".renovaterc.json5", "package.json",
	}
}

// Counts reports whether a file of one of those names holds a configuration.
func Counts(name string, data []byte) bool {
	return name != "package.json" || strings.Contains(string(data), `"renovate"`)
}

var presetAt = regexp.MustCompile(`^local>([^:#()]+?)(?://([^:#()]+)|:([^#()]+))?(?:#([^#()]+))?$`)

// PresetFiles says where a preset on the same GitLab is: the project, its branch or tag (empty for
// the default branch), and paths of which the first that exists counts. ok is false for any other
// preset, and for one with values in brackets, which are not filled in here.
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
