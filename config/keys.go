package config

import (
	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// projectKey is one key of a project's policy. Its read judges a value in a layer
// and returns what gives a policy that value.
type projectKey struct {
	name string
	read func(r *reader, l *Layer, n *yaml.Node, at string) func(*project)
}

// plain is a key whose value is one field of a policy.
func plain[T any](name string, read func(r *reader, n *yaml.Node, at string) T, to func(*plan.Policy) *T) projectKey {
	return projectKey{name, func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
		v := read(r, n, at)
		return func(p *project) { *to(&p.policy) = v }
	}}
}

// listOf reads a list of texts that check judges one by one.
func listOf(least int, check func(r *reader, n *yaml.Node, at, text string)) func(*reader, *yaml.Node, string) []string {
	return func(r *reader, n *yaml.Node, at string) []string {
		return r.texts(n, at, least, func(n *yaml.Node, at, text string) { check(r, n, at, text) })
	}
}

// upTo reads a whole number from 0.
func upTo(most int) func(*reader, *yaml.Node, string) int {
	return func(r *reader, n *yaml.Node, at string) int { return r.number(n, at, 0, most) }
}

// oneOf reads one of words.
func oneOf[T ~string](words ...T) func(*reader, *yaml.Node, string) T {
	return func(r *reader, n *yaml.Node, at string) T {
		texts := make([]string, len(words))
		for i, w := range words {
			texts[i] = string(w)
		}
		return T(r.choice(n, at, texts...))
	}
}

// projectKeys are the keys of a project, but for its path, in the order in which
// messages list them.
func projectKeys() []projectKey {
	return []projectKey{
		plain("files", (*reader).files, func(p *plan.Policy) *[]plan.FilePolicy { return &p.Files }),
		{"window", func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
			specs := r.window(n, at)
			return func(p *project) { p.window, p.windowAt = specs, n }
		}},
		plain("catch_up", (*reader).boolean, func(p *plan.Policy) *bool { return &p.CatchUp }),
		{"timezone", func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
			zone := r.timezone(n, at)
			return func(p *project) { p.zone = zone }
		}},
		{"minimum_release_age", func(r *reader, l *Layer, n *yaml.Node, at string) func(*project) {
			age := r.age(n, at)
			l.ages = append(l.ages, givenAge{n, at, age})
			return func(p *project) { p.policy.MinimumAge = age }
		}},
		{"freeze", func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
			freezes := r.freezes(n, at)
			return func(p *project) { p.freezes = freezes }
		}},
		plain("max_open_merge_requests", upTo(1000), func(p *plan.Policy) *int { return &p.MaxOpen }),
		plain("max_new_per_window", upTo(1000), func(p *plan.Policy) *int { return &p.MaxNew }),
		plain("refresh", oneOf(plan.RefreshInWindow, plan.RefreshAlways, plan.RefreshNever), func(p *plan.Policy) *plan.Refresh { return &p.Refresh }),
		plain("branch_prefix", (*reader).prefix, func(p *plan.Policy) *string { return &p.BranchPrefix }),
		plain("labels", listOf(0, (*reader).label), func(p *plan.Policy) *[]string { return &p.Labels }),
		plain("title", (*reader).titleForm, func(p *plan.Policy) *plan.TitleForm { return &p.Title }),
		plain("commit_title", (*reader).titleForm, func(p *plan.Policy) *plan.TitleForm { return &p.CommitTitle }),
		plain("draft", (*reader).boolean, func(p *plan.Policy) *bool { return &p.Draft }),
		plain("reviewers", listOf(0, (*reader).username), func(p *plan.Policy) *[]string { return &p.Reviewers }),
		plain("assignees", listOf(0, (*reader).username), func(p *plan.Policy) *[]string { return &p.Assignees }),
		plain("code_owners", (*reader).boolean, func(p *plan.Policy) *bool { return &p.CodeOwners }),
		plain("closed", oneOf(plan.RefusesVersion, plan.RefusesLine, plan.RefusesPackage), func(p *plan.Policy) *plan.Closing { return &p.Closing }),
		plain("on_open", (*reader).onOpen, func(p *plan.Policy) *plan.OnOpen { return &p.OnOpen }),
		plain("python", (*reader).pythons, func(p *plan.Policy) *[]string { return &p.Pythons }),
		plain("platforms", listOf(1, (*reader).platform), func(p *plan.Policy) *[]string { return &p.Platforms }),
		plain("extras", (*reader).extras, func(p *plan.Policy) *map[string][]string { return &p.Extras }),
		plain("roots", (*reader).roots, func(p *plan.Policy) *[]plan.RootPolicy { return &p.Roots }),
		plain("ignore_edges", (*reader).ignoreEdges, func(p *plan.Policy) *[]plan.IgnoreEdge { return &p.IgnoreEdges }),
		{"rules", func(r *reader, l *Layer, n *yaml.Node, at string) func(*project) {
			rules, windows := r.rules(n, at, l)
			return func(p *project) { p.policy.Rules, p.ruleWindows = rules, windows }
		}},
		plain("unverified", oneOf(plan.OfferUnverified, plan.HoldUnverified), func(p *plan.Policy) *plan.Unverified { return &p.Unverified }),
		plain("mode", oneOf(plan.Full, plan.DashboardOnly, plan.Off), func(p *plan.Policy) *plan.Mode { return &p.Mode }),
		{"selections", (*reader).selections},
		{"dashboard", (*reader).dashboard},
	}
}

// selections reads who may tick. Without a role it leaves what is beneath.
func (r *reader) selections(l *Layer, n *yaml.Node, at string) func(*project) {
	set := func(*project) {}
	r.mapping(n, at, []field{{key: "minimum_role", read: func(n *yaml.Node, at string) {
		role := r.role(n, at)
		l.roles = append(l.roles, givenRole{n, at, role})
		set = func(p *project) { p.policy.MinimumRole = role }
	}}})
	return set
}

// dashboard reads what the dashboard is called. Without a title it leaves what is
// beneath.
func (r *reader) dashboard(_ *Layer, n *yaml.Node, at string) func(*project) {
	set := func(*project) {}
	r.mapping(n, at, []field{{key: "title", read: func(n *yaml.Node, at string) {
		title := r.dashboardTitle(n, at)
		set = func(p *project) { p.policy.Dashboard = title }
	}}})
	return set
}
