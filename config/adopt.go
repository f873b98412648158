package config

import (
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// nameOrAddress is what commits show of their author: one line without what git parts the
// two with.
var nameOrAddress = regexp.MustCompile(`^[^\x00-\x1f<>]{1,255}$`)

// adopt reads whose branches, merge requests and dashboard are taken over.
func (r *reader) adopt(_ *Layer, n *yaml.Node, at string) func(*project) {
	out := plan.Adoption{Prefix: plan.OtherPrefix}
	r.mapping(n, at, []field{
		{
			key:  "prefix",
			says: says{"text", "", `{"type":"string","maxLength":100,"pattern":"^[^\\s~^:?*\\[\\\\]*[/-]$","not":{"pattern":"^[-/]|\\.\\.|//|@\\{|(^|/)\\.|\\.lock(/|$)|\\./"}}`, "How the names of its branches start, `renovate/` by default. pinwheel's own branches begin so, too"},
			read: func(n *yaml.Node, at string) { out.Prefix = r.prefix(n, at) },
		},
		{
			key: "authors", required: true, example: "[renovate-bot]",
			says: says{"list of texts", "", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","minLength":1,"maxLength":255,"pattern":"^[^\\x00-\\x1f<>\\s]([^\\x00-\\x1f<>]*[^\\x00-\\x1f<>\\s])?$"}}`,
				"The usernames of the other bot, and the names or addresses that its commits show if these are not those of its user"},
			read: func(n *yaml.Node, at string) {
				out.Authors = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !nameOrAddress.MatchString(text) {
						r.fail(n, at, "%q is neither a username nor what a commit shows of its author: write a name or an address without < and >", text)
					}
				})
			},
		},
	})
	return func(p *project) { p.policy.Adopt, p.adoptAt = out, n }
}

// adopts checks that pinwheel goes on with the branches that it takes over.
func (r *reader) adopts(at string, p project) {
	a := p.policy.Adopt
	_, said := p.policy.Sources["branch_prefix"]
	if !a.On() || !said || p.policy.BranchPrefix == a.Prefix || a.Prefix == "" {
		return
	}
	r.errs = append(r.errs, Error{Path: r.path, Line: p.adoptAt.Line, Key: below(at, "adopt.prefix"),
		Text: "branches are taken over under " + a.Prefix + " and made under " + p.policy.BranchPrefix + ": write the same for adopt.prefix and branch_prefix"})
}

// finishAdoption lets the branches that are taken over go on under their prefix.
func finishAdoption(policy *plan.Policy) {
	if !policy.Adopt.On() {
		return
	}
	policy.Adopt.Authors = slices.Clone(policy.Adopt.Authors)
	policy.Title, policy.CommitTitle = policy.Title.Majors(), policy.CommitTitle.Majors()
	if _, said := policy.Sources["branch_prefix"]; !said {
		policy.BranchPrefix = policy.Adopt.Prefix
	}
}
