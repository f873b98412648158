package config

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
)

// files reads the constraints files. A path may appear once, as file or twin.
func (r *reader) files(n *yaml.Node, at string) []plan.FilePolicy {
	var out []plan.FilePolicy
	lines := map[string]int{}
	once := func(n *yaml.Node, at, example string) string {
		name := r.filePath(n, at, example)
		if first := lines[name]; first > 0 && name != "" {
			r.fail(n, at, "%s is a file of this project already, at line %d: keep one of the two", name, first)
		}
		lines[name] = n.Line
		return name
	}
	if r.lone("{path: %s}", n, at) {
		return nil
	}
	r.list(n, at, 1, func(n *yaml.Node, at string) {
		var f plan.FilePolicy
		r.mapping(n, at, []field{
			{
				key: "path", required: true, example: "constraints.txt",
				says: says{"path in the repository", "", schemaFile, "The constraints file, or requirements file"},
				read: func(n *yaml.Node, at string) { f.Path = once(n, at, "constraints.txt") },
			},
			{
				key: "kind",
				says: says{"`constraints`, `requirements`", "", `{"enum":["constraints","requirements"]}`,
					"What pip takes the file for: `constraints` for `pip install -c`, `requirements` for `pip install -r`. Without this key the lines of the file tell; see [requirements files](#requirements-files)"},
				read: func(n *yaml.Node, at string) {
					f.Use = constraints.Use(r.choice(n, at, string(constraints.UseConstraints), string(constraints.UseRequirements)))
				},
			},
			{
				key: "derived",
				says: says{"mapping", "", `{"@":"","if":{"required":["format"],"properties":{"format":{"enum":["list","map"]}}},"then":{"required":["key"]}}`,
					"The file that repeats the pins, changed in the same commit"},
				read: func(n *yaml.Node, at string) {
					f.Derived = &plan.Derived{Format: "block", Key: []string{"variables", "PYTHON_CONSTRAINTS"}}
					r.mapping(n, at, []field{
						{
							key: "path", required: true, example: "pipeline/constraints.yml",
							says: says{"path in the repository", "", schemaFile, "Where it is"},
							read: func(n *yaml.Node, at string) { f.Derived.Path = once(n, at, "pipeline/constraints.yml") },
						},
						{
							key: "format",
							says: says{"`block`, `list`, `map`", "block", `{"enum":["block","list","map"]}`,
								"One text with the pins as lines, a sequence of pins, or names to versions"},
							read: func(n *yaml.Node, at string) { f.Derived.Format = r.choice(n, at, "block", "list", "map") },
						},
						{
							key: "key",
							says: says{"list of texts", "[variables, PYTHON_CONSTRAINTS]", `{"type":"array","minItems":1,"items":{"type":"string","minLength":1}}`,
								"The path of the YAML key that holds the pins; see [the derived file](#the-derived-file)"},
							read: func(n *yaml.Node, at string) { f.Derived.Key = r.keyPath(n, at) },
						},
					})
					if why := f.Derived.Refused(); why != "" {
						r.fail(n, at, "%s", why)
					}
				},
			},
		})
		out = append(out, f)
	})
	return out
}

// filePath reads a path inside the repository, in its one spelling, of which example
// is one. What git
// keeps for itself is refused in every spelling that some machine takes for it.
func (r *reader) filePath(n *yaml.Node, at, example string) string {
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	clean := path.Clean(text)
	parts := strings.Split(text, "/")
	switch {
	case clean != text || path.IsAbs(text) || clean == "." || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(text, `\`):
		r.fail(n, at, "%q is not a path inside the repository: write it from the top, such as %s", text, example)
	case slices.ContainsFunc(parts, isGits):
		r.fail(n, at, "%q belongs to git itself, which takes no such file: name one outside of .git", text)
	case len(text) > maxPath || slices.ContainsFunc(parts, func(part string) bool { return len(part) > maxName }):
		r.fail(n, at, "the path is longer than the %d bytes of a path, or the %d of one of its names, that are taken: shorten it", maxPath, maxName)
	}
	return text
}

// The longest path and the longest name in it, in bytes, that file systems take.
const (
	maxPath = 1024
	maxName = 255
)

// isGits reports whether some file system takes a name for .git: in any case, and
// with what NTFS leaves out at its end, its short name there, and what HFS+ leaves
// out anywhere. Git refuses to make such a file.
// https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreprotectNTFS
func isGits(name string) bool {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, ". ")
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// keyPath reads the elements of a key path, which may repeat.
func (r *reader) keyPath(n *yaml.Node, at string) []string {
	var out []string
	r.list(n, at, 1, func(n *yaml.Node, at string) { out = append(out, r.text(n, at)) })
	return out
}
