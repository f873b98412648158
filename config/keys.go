package config

import (
	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// projectKey is one key of a project's policy. Its read judges a value in a layer
// and returns what gives a policy that value.
type projectKey struct {
	name string
	says says
	read func(r *reader, l *Layer, n *yaml.Node, at string) func(*project)
}

// plain is a key whose value is one field of a policy.
func plain[T any](name string, read func(r *reader, n *yaml.Node, at string) T, to func(*plan.Policy) *T, says says) projectKey {
	return projectKey{name, says, func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
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
		plain("files", (*reader).files, func(p *plan.Policy) *[]plan.FilePolicy { return &p.Files },
			says{"list of mappings", "[{path: constraints.txt}]", schemaMappings,
				"The constraints files; they share one dashboard, and a package one branch over all of them"}),
		{
			name: "window",
			says: says{"cron spec or list of them", "\"* * * * SAT,SUN\"", schemaWindow,
				"When merge requests are opened and versions move: the minutes that any spec matches; `\"* * * * *\"` is " +
					"always"},
			read: func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
				specs := r.window(n, at)
				return func(p *project) { p.window, p.windowAt = specs, n }
			},
		},
		plain("catch_up", (*reader).boolean, func(p *plan.Policy) *bool { return &p.CatchUp },
			says{"boolean", "false", schemaBoolean,
				"If no run got through in a whole opening, the next run acts as if the window were open; see [windows](#windows)"}),
		{
			name: "timezone",
			says: says{"zone name", "UTC", schemaText, "The zone of the window; required with a `window` other than always"},
			read: func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
				zone := r.timezone(n, at)
				return func(p *project) { p.zone = zone }
			},
		},
		{
			name: "minimum_release_age",
			says: says{"`3d`, `12h` or `0`", "3d", schemaAge, "How old a release must be"},
			read: func(r *reader, l *Layer, n *yaml.Node, at string) func(*project) {
				age := r.age(n, at)
				l.ages = append(l.ages, givenAge{n, at, age})
				return func(p *project) { p.policy.MinimumAge = age }
			},
		},
		{
			name: "freeze",
			says: says{"list of mappings", "[]", `{"type":"array","items":{"@":""}}`,
				"Days on which nothing moves by itself; see [freezes](#freezes)"},
			read: func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
				freezes := r.freezes(n, at)
				return func(p *project) { p.freezes = freezes }
			},
		},
		plain("max_open_merge_requests", upTo(1000), func(p *plan.Policy) *int { return &p.MaxOpen },
			says{"number, 0 to 1000", "10", schemaUpTo1000,
				"How many merge requests may be open at a time. Edited ones do not count. Those that somebody asked for open beyond it, and count then"}),
		plain("max_new_per_window", upTo(1000), func(p *plan.Policy) *int { return &p.MaxNew },
			says{"number, 0 to 1000", "0", schemaUpTo1000,
				"How many merge requests one opening of the window brings, `0` for no bound. Those that somebody asked for do not count"}),
		plain("batch", (*reader).group, func(p *plan.Policy) *string { return &p.Batch },
			says{"text", "", `{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9 ._+-]{0,58}[A-Za-z0-9+])?$"}`,
				"The name of a group for the updates that no rule puts into another one. If its pipeline is red, pinwheel takes it apart; see [batches](#batches)"}),
		plain("refresh", oneOf(plan.RefreshInWindow, plan.RefreshAlways, plan.RefreshNever), func(p *plan.Policy) *plan.Refresh { return &p.Refresh },
			says{"`window`, `always`, `never`", "window", `{"enum":["window","always","never"]}`,
				"When an open merge request moves to a newer version by itself: once in each opening, at every run, or not " +
					"before somebody asks"}),
		plain("branch_prefix", (*reader).prefix, func(p *plan.Policy) *string { return &p.BranchPrefix },
			says{"text", "pinwheel/", `{"type":"string","maxLength":100,"pattern":"^[^\\s~^:?*\\[\\\\]*[/-]$","not":{"pattern":"^[-/]|\\.\\.|//|@\\{|(^|/)\\.|\\.lock(/|$)|\\./"}}`,
				"How the names of its branches start; ends in `/` or `-`"}),
		{
			name: "adopt",
			says: says{"mapping", "", `{"@":""}`, "Another bot whose dashboard, branches and merge requests become pinwheel's; see [coming from Renovate](renovate.md)"},
			read: (*reader).adopt,
		},
		plain("labels", listOf(0, (*reader).label), func(p *plan.Policy) *[]string { return &p.Labels },
			says{"list of texts", "[dependencies]", `{"type":"array","uniqueItems":true,"items":{"type":"string","minLength":1,"pattern":"^[^,]+$"}}`,
				"Labels of the merge requests; `[]` for none"}),
		plain("title", (*reader).titleForm, func(p *plan.Policy) *plan.TitleForm { return &p.Title },
			says{"text with `{title}`", "\"{title}\"", schemaTitle,
				"The title of merge requests, `\"chore(deps): {lower}\"`: `{title}` stands for the generated one, `{lower}` " +
					"for the same with a small first letter"}),
		plain("commit_title", (*reader).titleForm, func(p *plan.Policy) *plan.TitleForm { return &p.CommitTitle },
			says{"text with `{title}`", "\"{title}\"", schemaTitle, "The first line of commits, in the same form"}),
		plain("draft", (*reader).boolean, func(p *plan.Policy) *bool { return &p.Draft },
			says{"boolean", "false", schemaBoolean, "Merge requests open as drafts"}),
		plain("reviewers", listOf(0, (*reader).username), func(p *plan.Policy) *[]string { return &p.Reviewers },
			says{"list of usernames", "[]", schemaUsernames, "Who is asked to review when a merge request opens"}),
		plain("assignees", listOf(0, (*reader).username), func(p *plan.Policy) *[]string { return &p.Assignees },
			says{"list of usernames", "[]", schemaUsernames, "To whom it is assigned when it opens"}),
		plain("code_owners", (*reader).boolean, func(p *plan.Policy) *bool { return &p.CodeOwners },
			says{"boolean", "false", schemaBoolean,
				"The users who own the changed files by `CODEOWNERS` are asked to review too; groups and roles there are " +
					"not"}),
		plain("closed", oneOf(plan.RefusesVersion, plan.RefusesLine, plan.RefusesPackage), func(p *plan.Policy) *plan.Closing { return &p.Closing },
			says{"`version`, `line`, `package`", "version", `{"enum":["version","line","package"]}`,
				"What closing a merge request refuses: that version (of a major its whole line), all of its major line, or " +
					"every newer version of the package"}),
		plain("on_open", (*reader).onOpen, func(p *plan.Policy) *plan.OnOpen { return &p.OnOpen },
			says{"mapping", "", `{"@":"","minProperties":1}`,
				"The tests that pinwheel asks for, once on each head that it gives a merge request; see [tests on request](#tests-on-request)"}),
		{
			name: "merge",
			says: says{"mapping", "", `{"@":""}`, "If this key is there, pinwheel merges merge requests of its own that were tested; without it people do. See [merging](#merging)"},
			read: (*reader).merge,
		},
		{
			name: "gates",
			says: says{"list of mappings", "[]", `{"type":"array","items":{"@":""}}`,
				"Pipelines that test the head of every merge request; see [gates](gates.md)"},
			read: func(r *reader, l *Layer, n *yaml.Node, at string) func(*project) {
				gates := r.gates(n, at, l)
				return func(p *project) { p.policy.Gates = gates }
			},
		},
		{
			name: "retries",
			says: says{"number, 0 to 3", "", `{"type":"integer","minimum":0,"maximum":3}`,
				"How often a failed job of a merge request's own pipeline is run again before it counts: by default once where the project has gates, a batch or `merge`, else never. See [gates](gates.md#the-own-pipeline)"},
			read: func(r *reader, _ *Layer, n *yaml.Node, at string) func(*project) {
				retries := r.number(n, at, 0, 3)
				return func(p *project) { p.policy.Retries, p.policy.HasRetries = retries, true }
			},
		},
		plain("python", (*reader).pythons, func(p *plan.Policy) *[]string { return &p.Pythons },
			says{"list of minor versions, or a range", "", `{"oneOf":[{"type":"string","pattern":"^\\s*(>=|<=|>|<|==|!=|~=)\\s*[0-9]{1,2}(\\.[0-9]{1,2})?(\\.\\*)?(\\s*,\\s*(>=|<=|>|<|==|!=|~=)\\s*[0-9]{1,2}(\\.[0-9]{1,2})?(\\.\\*)?)*$"},{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^3\\.(0|[1-9][0-9]?)$"}}]}`,
				"The Pythons the pins must work on, `[\"3.9\", \"3.12\"]`, or `\">=3.9,<3.13\"` for the released minors in it " +
					"(3.0 to 3.14 are known); see [environments](#environments)"}),
		plain("platforms", listOf(1, (*reader).platform), func(p *plan.Policy) *[]string { return &p.Platforms },
			says{"list", "[linux/x86_64]", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"enum":["linux/x86_64","linux/aarch64","linux/ppc64le","linux/s390x","linux/i686","linux/armv7l","linux/riscv64"]}}`,
				"The machines whose wheels count: `linux/` and `x86_64`, `aarch64`, `ppc64le`, `s390x`, `i686`, `armv7l` or " +
					"`riscv64`; see [environments](#environments)"}),
		plain("extras", (*reader).extras, func(p *plan.Policy) *map[string][]string { return &p.Extras },
			says{"list of names with extras", "[]", `{"type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\\s*\\[\\s*[A-Za-z0-9][^\\]]*\\]$"}}`,
				"The extras that count as used, `[\"jsonschema[format]\"]`; see [extras](#extras)"}),
		plain("roots", (*reader).roots, func(p *plan.Policy) *[]plan.RootPolicy { return &p.Roots },
			says{"list of requirements and mappings", "[]", `{"type":"array","uniqueItems":true,"items":{"oneOf":[{"type":"string","pattern":"^[A-Za-z0-9][^@]*$"},{"@":""}]}}`,
				"What the project installs; see [roots](#roots)"}),
		plain("ignore_edges", (*reader).ignoreEdges, func(p *plan.Policy) *[]plan.IgnoreEdge { return &p.IgnoreEdges },
			says{"list of mappings", "[]", `{"type":"array","uniqueItems":true,"items":{"@":""}}`,
				"Requirements that are wrong and do not count; see [wrong requirements](#wrong-requirements)"}),
		{
			name: "rules",
			says: says{"list of mappings", "[]", `{"type":"array","items":{"@":"","anyOf":[{"required":["ignore"]},{"required":["allowed"]},{"required":["minimum_release_age"]},{"required":["labels"]},{"required":["enabled"]},{"required":["window"]},{"required":["group"]},{"required":["reviewers"]},{"required":["assignees"]},{"required":["approval"]},{"required":["merge"]},{"required":["priority"]},{"required":["gates"]}]}}`,
				"What holds for some packages and releases; see [rules](#rules)"},
			read: func(r *reader, l *Layer, n *yaml.Node, at string) func(*project) {
				rules, windows := r.rules(n, at, l)
				return func(p *project) { p.policy.Rules, p.ruleWindows = rules, windows }
			},
		},
		plain("unverified", oneOf(plan.OfferUnverified, plan.HoldUnverified), func(p *plan.Policy) *plan.Unverified { return &p.Unverified },
			says{"`offer`, `hold`", "offer", `{"enum":["offer","hold"]}`,
				"What becomes of an update whose requirements cannot be known; see [unverified](#unverified)"}),
		plain("mode", oneOf(plan.Full, plan.DashboardOnly, plan.Off), func(p *plan.Policy) *plan.Mode { return &p.Mode },
			says{"`full`, `dashboard`, `off`", "full", `{"enum":["full","dashboard","off"]}`,
				"`dashboard`: the issue only, no branches; `off`: the project is skipped"}),
		plain("policy", oneOf(plan.FromOwn, plan.FromRenovate), func(p *plan.Policy) *plan.PolicyFile { return &p.From },
			says{"`own`, `renovate`", "own", `{"enum":["own","renovate"]}`,
				"`renovate`: the project is run by its `renovate.json` for as long as it has no own file; see [Renovate](renovate.md#run-by-renovatejson-for-a-while). Not in a project's own file"}),
		{
			name: "selections",
			says: says{"mapping", "", schemaMapping, "Who may tick boxes"},
			read: (*reader).selections,
		},
		{
			name: "dashboard",
			says: says{"mapping", "", schemaMapping, "The dashboard issue"},
			read: (*reader).dashboard,
		},
	}
}

// selections reads who may tick. Without a role it leaves what is beneath.
func (r *reader) selections(l *Layer, n *yaml.Node, at string) func(*project) {
	var sets []func(*project)
	r.mapping(n, at, []field{{
		key: "minimum_role",
		says: says{"`none`, `planner`, `reporter`, `developer`, `maintainer`", "developer", schemaRole,
			"The least role of those who may tick; they have to be active users whose membership is in force. With `none` everybody may, also where GitLab does not say who ticked"},
		read: func(n *yaml.Node, at string) {
			role := r.role(n, at)
			l.roles = append(l.roles, givenRole{n, at, role, roleToTick})
			sets = append(sets, func(p *project) { p.policy.MinimumRole = role })
		},
	}, {
		key: "revert_role",
		says: says{"`planner`, `reporter`, `developer`, `maintainer`", "developer", schemaRevertRole,
			"The least role of those who may tick the box that takes back a merge of pinwheel's; they need `minimum_role` as well"},
		read: func(n *yaml.Node, at string) {
			role := r.revertRole(n, at)
			l.roles = append(l.roles, givenRole{n, at, role, roleToRevert})
			sets = append(sets, func(p *project) { p.policy.RevertRole = role })
		},
	}, {
		key: "answer_role",
		says: says{"`planner`, `reporter`, `developer`, `maintainer`, `nobody`", "developer", schemaAnswerRole,
			"The least role of those whose [answers in words](dashboard.md#answers-in-words) count, and who may end what they hold back. With `nobody` no comment is read"},
		read: func(n *yaml.Node, at string) {
			role := roleOf(r.choice(n, at, "planner", "reporter", "developer", "maintainer", "nobody"))
			l.roles = append(l.roles, givenRole{n, at, role, roleToAnswer})
			sets = append(sets, func(p *project) { p.policy.AnswerRole = role })
		},
	}})
	return func(p *project) {
		for _, set := range sets {
			set(p)
		}
	}
}

// dashboard reads what the dashboard is called. Without a title it leaves what is
// beneath.
func (r *reader) dashboard(_ *Layer, n *yaml.Node, at string) func(*project) {
	set := func(*project) {}
	r.mapping(n, at, []field{{
		key: "title",
		says: says{"text", "Dependency Dashboard", `{"type":"string","minLength":1,"pattern":"^\\S(.*\\S)?$","not":{"pattern":"@\\S|[#!&%$][0-9]|[~%][A-Za-z0-9_\"]|\\[[a-z_]+:|://|(^|[^A-Za-z0-9])[A-Z][A-Z0-9_]*-[0-9]|^[wW][wW][wW]\\."},"maxLength":255}`,
			"Its title. It cannot contain what GitLab takes for a mention, a reference, a key such as `ABC-1` or a link"},
		read: func(n *yaml.Node, at string) {
			title := r.dashboardTitle(n, at)
			set = func(p *project) { p.policy.Dashboard = title }
		}}})
	return set
}
