package config

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// merge reads when pinwheel merges. The lowest layer has no value for it, since that would
// switch merging on everywhere. A key that is left out has its default, whatever a lower
// layer says.
func (r *reader) merge(l *Layer, n *yaml.Node, at string) func(*project) {
	out := plan.Merging{On: true}
	var window []string
	var windowAt *yaml.Node
	r.mapping(n, at, []field{
		{
			key:  "kinds",
			says: says{"list of `major`, `minor`, `patch`, `calendar`", "", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"enum":["major","minor","patch","calendar"]}}`, "The steps that are merged, `[patch, minor]` by default: every member of an update has to be one, or be named by a rule with `merge: true`"},
			read: func(n *yaml.Node, at string) {
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					kind := plan.Kind(r.choice(n, at, "major", "minor", "patch", "calendar"))
					if kind == "calendar" {
						kind = plan.Calendar
					}
					out.Kinds = append(out.Kinds, kind)
				})
			},
		},
		{
			key:  "after",
			says: says{"`2d`, `12h` or `0`", "", schemaAge, "How long a version has to stand in its merge request before pinwheel merges it, `0` by default"},
			read: func(n *yaml.Node, at string) { out.After = r.age(n, at) },
		},
		{
			key:  "window",
			says: says{"cron spec or list of them", "", schemaWindow, "When pinwheel merges, by default always. It never merges on the days of a freeze"},
			read: func(n *yaml.Node, at string) { window, windowAt = r.window(n, at), n },
		},
		{
			key:  "method",
			says: says{"`project`, `ff`, `rebase_merge`, `merge`", "", `{"enum":["project","ff","rebase_merge","merge"]}`, "The merge method that the project has to have for pinwheel to merge; `project`, the default, accepts any. GitLab always merges by the project's own method"},
			read: func(n *yaml.Node, at string) {
				if method := r.choice(n, at, "project", "ff", "rebase_merge", "merge"); method != "project" {
					out.Method = plan.MergeMethod(method)
				}
			},
		},
		{
			key:  "stale",
			says: says{"`rebuild`, `accept`", "", `{"enum":["rebuild","accept"]}`, "What happens if the default branch has newer commits than the one a merge request was tested on: it is made anew and tested again (`rebuild`, the default), or merged all the same by a merge commit (`accept`)"},
			read: func(n *yaml.Node, at string) { out.Stale = r.choice(n, at, "rebuild", "accept") == "accept" },
		},
	})
	if len(out.Kinds) == 0 {
		out.Kinds = []plan.Kind{plan.Patch, plan.Minor}
	}
	l.merges = append(l.merges, givenMerge{n, at})
	return func(p *project) {
		p.policy.Merging, p.mergeWindow, p.mergeAt = out, slices.Clone(window), windowAt
	}
}
