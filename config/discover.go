package config

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Discover says which projects are found on GitLab, beside those that are listed.
type Discover struct {
	Groups  []string // paths; a project below one of them is found
	Topics  []string // a project with one of them is run, without a file of its own too
	File    string   // the constraints file of projects that name none
	Exclude []string // patterns of paths
	Onboard bool     // the others that have File get a merge request that sets pinwheel up
	Token   TokenSource
	At      string // "pinwheel.yaml:12"

	template *Project
}

// newWithDiscover is max_new_per_run where projects are found and the key is absent.
const newWithDiscover = 10

// Covers reports whether a project would be found by its path. Without groups every path
// is: then topics decide alone.
func (d Discover) Covers(project string) bool {
	project = strings.ToLower(project)
	in := len(d.Groups) == 0 || slices.ContainsFunc(d.Groups, func(g string) bool { return strings.HasPrefix(project, strings.ToLower(g)+"/") })
	return in && !slices.ContainsFunc(d.Exclude, func(pattern string) bool {
		ok, _ := path.Match(strings.ToLower(pattern), project)
		return ok || strings.HasPrefix(project, strings.ToLower(strings.TrimSuffix(pattern, "/*"))+"/") && strings.HasSuffix(pattern, "/*")
	})
}

// HasTopic reports whether one of a project's topics makes it run.
func (d Discover) HasTopic(topics []string) bool {
	return slices.ContainsFunc(topics, func(t string) bool {
		return slices.ContainsFunc(d.Topics, func(o string) bool { return strings.EqualFold(t, o) })
	})
}

// Project is the project at a path with the policy of one that was found: the defaults, and
// File.
func (d Discover) Project(path string) Project {
	p := *d.template
	p.Path, p.Token = path, d.Token
	p.Policy = p.beneath.project.finish(p.beneath.indexes)
	return p
}

// Discovery returns the first entry of discover that would find a path. ok is false if none
// does.
func (c *Config) Discovery(path string) (d Discover, ok bool) {
	i := slices.IndexFunc(c.Discover, func(d Discover) bool { return d.Covers(path) })
	if i < 0 {
		return Discover{}, false
	}
	return c.Discover[i], true
}

const (
	schemaGroups   = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"}}`
	schemaExclude  = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_.*?-]+(/[A-Za-z0-9_.*?-]+)+$"}}`
	schemaDiscover = `{"oneOf":[{"@":"","anyOf":[{"required":["groups"]},{"required":["topics"]}]},{"type":"array","minItems":1,"items":{"@":"","anyOf":[{"required":["groups"]},{"required":["topics"]}]}}]}`
)

var (
	groupPath      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	excludePattern = regexp.MustCompile(`^[A-Za-z0-9_.*?-]+(/[A-Za-z0-9_.*?-]+)+$`)
)

// discover reads one entry, or a list of them.
func (r *reader) discover(n *yaml.Node, at string) (out []Discover) {
	if n.Kind == yaml.SequenceNode {
		r.list(n, at, 1, func(n *yaml.Node, _ string) { out = append(out, r.discovery(n, at)) })
		return out
	}
	return []Discover{r.discovery(n, at)}
}

func (r *reader) discovery(n *yaml.Node, at string) Discover {
	d := Discover{File: "constraints.txt", At: r.place(n)}
	r.mapping(n, at, append([]field{
		{
			key:  "groups",
			says: says{"list of texts", "", schemaGroups, "Groups by their paths: the projects in them and in their subgroups are found, if pinwheel's user is a member of them. Without this key, all projects of which it is a member"},
			read: func(n *yaml.Node, at string) {
				d.Groups = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !groupPath.MatchString(text) {
						r.fail(n, at, "%q is not a group's path: write it as in its address, group or group/subgroup", text)
					}
				})
			},
		},
		{
			key:  "topics",
			says: says{"list of texts", "", schemaTexts, "A project with one of these topics is run, with a `.gitlab/pinwheel.yaml` or without"},
			read: func(n *yaml.Node, at string) {
				d.Topics = r.texts(n, at, 1, func(*yaml.Node, string, string) {})
			},
		},
		{
			key:  "file",
			says: says{"path in the repository", "constraints.txt", schemaFile, "The constraints file of a project that is found and names none"},
			read: func(n *yaml.Node, at string) { d.File = r.filePath(n, at, "constraints.txt") },
		},
		{
			key:  "exclude",
			says: says{"list of patterns", "", schemaExclude, "Projects that are left alone, by their paths, with `*` and `?` inside one element; `group/old/*` is all below `group/old`"},
			read: func(n *yaml.Node, at string) {
				d.Exclude = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !excludePattern.MatchString(text) {
						r.fail(n, at, "%q is not a pattern of projects' paths: write one such as group/old-*", text)
					}
				})
			},
		},
		{
			key:  "onboard",
			says: says{"boolean", "false", schemaBoolean, "A project that has `file`, and neither a topic nor a `.gitlab/pinwheel.yaml`, gets one merge request that adds the latter. Closing it is an answer for good"},
			read: func(n *yaml.Node, at string) { d.Onboard = r.boolean(n, at) },
		},
	}, r.tokenKeys(&d.Token)...))
	if d.Groups == nil && d.Topics == nil {
		r.fail(n, at, "it finds nothing: name groups or topics")
	}
	return d
}

// templates gives each entry the policy of what it finds.
func (r *reader) templates(all []Discover, shared Layer, indexes []Index, floor floors) {
	for i := range all {
		p := &project{}
		node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		text := `files: [{path: "` + all[i].File + `"}]`
		sub := &reader{path: r.path, short: r.short, sections: map[string][]field{}}
		entry := Layer{}
		if root := sub.document([]byte(text), ""); root != nil && len(shared.Source("files").File) == 0 {
			entry, node = sub.layer(root, ""), root
		}
		for j := range entry.keys {
			entry.keys[j].source.File, _, _ = strings.Cut(all[i].At, ":")
			entry.keys[j].source.Line = lineOf(all[i].At)
		}
		under, made := floor.enforced(shared, entry)
		*p = made
		r.requires(node, "discover", *p, floor.gates)
		all[i].template = &Project{Policy: p.finish(indexes), layer: under, beneath: &beneath{under, *p, indexes, floor}}
	}
}
