package config

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// extras reads the extras that count as used, each "name[extra]". An empty
// list is nil.
func (r *reader) extras(n *yaml.Node, at string) map[string][]string {
	var out map[string][]string
	r.list(n, at, 0, func(n *yaml.Node, at string) {
		text := r.text(n, at)
		if text == "" {
			return
		}
		req, err := pep508.Parse(text)
		if err != nil || len(req.Extras) == 0 || req.URL != "" || !req.Marker.IsZero() || len(req.Specifiers.Clauses()) > 0 {
			r.fail(n, at, "%q is not a project with extras: write one such as \"jsonschema[format]\", without a version", text)
			return
		}
		for _, e := range req.Extras {
			if slices.Contains(out[req.Key()], e) {
				r.fail(n, at, "%s[%s] is in the list already: remove one of the two", req.Key(), e)
				continue
			}
			if out == nil {
				out = map[string][]string{}
			}
			out[req.Key()] = append(out[req.Key()], e)
		}
	})
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// roots reads what the project installs. An empty list is nil.
func (r *reader) roots(n *yaml.Node, at string) []plan.RootPolicy {
	var out []plan.RootPolicy
	lines := map[string]int{}
	if r.lone("%s", n, at) {
		return out
	}
	r.list(n, at, 0, func(n *yaml.Node, at string) {
		var root plan.RootPolicy
		if n.Kind == yaml.MappingNode {
			root = r.rootProject(n, at)
		} else {
			root.Requirement = r.rootRequirement(n, at)
		}
		root.Line = n.Line
		key := strings.Join([]string{root.Requirement, strings.ToLower(root.Project), root.Ref, root.File}, "\n")
		if first := lines[key]; first > 0 && root.Requirement+root.Project != "" {
			r.fail(n, at, "this root is in the list already, at line %d: keep one of the two", first)
		}
		lines[key] = n.Line
		out = append(out, root)
	})
	return out
}

// rootRequirement reads a root that is a requirement. A URL is refused, since
// no index tells what stands behind it.
func (r *reader) rootRequirement(n *yaml.Node, at string) string {
	if n.Kind != yaml.ScalarNode {
		r.fail(n, at, "%s: write a requirement such as \"requests>=2\", or a mapping with the key project", not(n, "a root"))
		return ""
	}
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	switch req, err := pep508.Parse(text); {
	case err != nil:
		r.fail(n, at, "%q is not a requirement: write one such as \"requests>=2\" or \"cki-tools[deploy]\"", text)
	case req.URL != "":
		r.fail(n, at, "%q is a URL, which no index knows: name its project on GitLab with the key project, or list what it requires", text)
	}
	return text
}

// rootProject reads a root that is a project on GitLab.
func (r *reader) rootProject(n *yaml.Node, at string) plan.RootPolicy {
	root := plan.RootPolicy{File: "pyproject.toml"}
	r.mapping(n, at, []field{
		{
			key: "project", required: true, example: "group/project",
			says: says{"text", "", schemaProject, "The path of a project on GitLab"},
			read: func(n *yaml.Node, at string) { root.Project = r.projectPath(n, at) },
		},
		{
			key: "ref",
			says: says{"branch, tag or commit", "", `{"type":"string","minLength":1,"pattern":"^[^\\s~^:?*\\[\\\\-][^\\s~^:?*\\[\\\\]*$","not":{"pattern":"\\.\\."}}`,
				"Where its file is read, by default on its default branch. A branch goes before a tag of the same name"},
			read: func(n *yaml.Node, at string) {
				root.Ref = r.text(n, at)
				if strings.ContainsAny(root.Ref, " ~^:?*[\\") || strings.Contains(root.Ref, "..") || strings.HasPrefix(root.Ref, "-") {
					r.fail(n, at, "%q is not the name of a branch, a tag or a commit: write one such as main", root.Ref)
				}
			},
		},
		{
			key: "file",
			says: says{"path in the repository", "pyproject.toml", `{"type":"string","pattern":"^(.*/)?(pyproject\\.toml|setup\\.cfg)$","not":{"pattern":"^/|(^|/)[.][gG][iI][tT][. ]*(:|/|$)|(^|/)[gG][iI][tT]~1[. ]*(:|/|$)|(^|/)\\.\\.?(/|$)|//|\\\\|^\\s"}}`,
				"Its `pyproject.toml` or `setup.cfg`, which is read, never executed"},
			read: func(n *yaml.Node, at string) {
				root.File = r.filePath(n, at, "pyproject.toml")
				if base := path.Base(root.File); root.File != "" && base != "pyproject.toml" && base != "setup.cfg" {
					r.fail(n, at, "%q cannot be read without running it: name a pyproject.toml or a setup.cfg, or list its requirements as roots", root.File)
				}
			},
		},
		{
			key: "extras",
			says: says{"list of names", "[]", `{"type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"}}`,
				"Its extras that are installed too"},
			read: func(n *yaml.Node, at string) {
				for _, e := range r.texts(n, at, 0, r.name) {
					root.Extras = append(root.Extras, pep508.NormalizeName(e))
				}
				slices.Sort(root.Extras)
				root.Extras = slices.Compact(root.Extras)
			},
		},
	})
	return root
}

// name checks the name of a package or of an extra.
func (r *reader) name(n *yaml.Node, at, text string) {
	if !pep508.ValidName(text) {
		r.fail(n, at, "%q is not a name: write letters, digits, -, _ and . alone", text)
	}
}

// ignoreEdges reads the requirements that do not count. An empty list is nil.
func (r *reader) ignoreEdges(n *yaml.Node, at string) []plan.IgnoreEdge {
	var out []plan.IgnoreEdge
	lines := map[plan.IgnoreEdge]int{}
	r.list(n, at, 0, func(n *yaml.Node, at string) {
		e := r.ignoreEdge(n, at)
		key := plan.IgnoreEdge{From: e.From, To: e.To, Versions: e.Versions}
		if first := lines[key]; first > 0 && e.From != "" && e.To != "" {
			r.fail(n, at, "%s to %s is in the list already, at line %d: keep one of the two", e.From, e.To, first)
		}
		lines[key] = n.Line
		out = append(out, e)
	})
	return out
}

func (r *reader) ignoreEdge(n *yaml.Node, at string) plan.IgnoreEdge {
	e := plan.IgnoreEdge{Line: n.Line}
	name := func(into *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) {
			if text := r.text(n, at); text != "" {
				r.name(n, at, text)
				*into = pep508.NormalizeName(text)
			}
		}
	}
	r.mapping(n, at, []field{
		{
			key: "from", required: true, example: "boto3",
			says: says{"name", "", schemaName, "The package that requires"},
			read: name(&e.From)},
		{
			key: "to", required: true, example: "botocore",
			says: says{"name", "", schemaName, "The package that is required"},
			read: name(&e.To)},
		{
			key:  "versions",
			says: says{"specifiers", "", schemaSpecifiers, "The versions of `from` for which this holds, `\"<2\"`; without it, all"},
			read: func(n *yaml.Node, at string) {
				e.Versions = r.text(n, at)
				if _, err := pep440.ParseSpecifiers(e.Versions); err != nil {
					r.fail(n, at, "%q does not say which versions: write specifiers such as \"<2\" or \"==1.34.*\"", e.Versions)
				}
			},
		},
		{
			key: "reason", required: true, example: "its metadata is wrong",
			says: says{"text", "", schemaText, "Why; it stands in the dashboard"},
			read: func(n *yaml.Node, at string) { e.Reason = r.text(n, at) },
		},
	})
	return e
}

// cloneRequirements gives a policy its own copies of what this file reads.
func cloneRequirements(p *plan.Policy) {
	if p.Extras != nil {
		extras := make(map[string][]string, len(p.Extras))
		for name, list := range p.Extras {
			extras[name] = slices.Clone(list)
		}
		p.Extras = extras
	}
	p.Roots = slices.Clone(p.Roots)
	for i := range p.Roots {
		p.Roots[i].Extras = slices.Clone(p.Roots[i].Extras)
	}
	p.IgnoreEdges = slices.Clone(p.IgnoreEdges)
}
