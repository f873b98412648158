package config

import (
	"reflect"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// the configuration of the contract, with every key.
const full = `gitlab: {url: "https://gitlab.example.com/git/", token_file: /run/secrets/gitlab, allow_http: false, rate: 600, former_users: [Old Bot]}
index: {concurrency: 4}
indexes:
  - {name: my-index, url: "http://127.0.0.1:8080/simple", packages: ["Acme_*"], username: u, password_file: pw, upload_times: ignore, allow_http: true}
  - {name: pypi, url: "https://pypi.org/simple/", packages: ["*"]}
store: other.db
schedule: "15 * * * *"
defaults: {labels: [bot], timezone: UTC, mode: off}
max_new_per_run: 7
ca_file: own.pem
projects:
  - path: cki-project/pipeline-definition
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml, format: block, key: [variables, PYTHON_CONSTRAINTS]}}
      - path: other/constraints.txt
    window: ["* * * * SAT,SUN", "* 22 * * *"]
    timezone: Europe/Prague
    minimum_release_age: 12h
    max_open_merge_requests: 0
    branch_prefix: renovate/
    python: ["3.12", "3.9"]
    platforms: [linux/x86_64, linux/aarch64]
    extras: ["JSONschema[format]", "Requests [socks, Use_Chardet]"]
    roots:
      - "Requests[socks]>=2; python_version < '3.13'"
      - {project: Group/lib, ref: v1, file: lib/setup.cfg, extras: [Web_UI, deploy]}
      - project: group/other
    ignore_edges: [{from: Boto_3, to: urllib3, versions: "<2,>=1", reason: it works}, {from: a, to: b, reason: r}]
    unverified: hold
    mode: full
    policy: renovate
    selections: {minimum_role: none, revert_role: maintainer, answer_role: reporter}
    dashboard: {title: Updates}
    rules:
      - {packages: ["Types_*", attrs], kinds: [major], from: "<26", to: ">=26", files: ["*.txt"], ignore: {reason: breaks cattrs, link: "https://gitlab.example/i/1", until: "2027-01-31"}}
      - {allowed: "<3", minimum_release_age: 14d, labels: [slow]}
      - {packages: [six], ignore: not now.}
      - {enabled: false, window: "* 8 * * TUE", approval: true, merge: true, priority: -3, group: all the rest, reviewers: [cleo], assignees: [dan]}
    freeze: [{from: "2026-12-20", to: "2027-01-03", reason: nobody is here}]
    max_new_per_window: 3
    refresh: never
    draft: true
    title: "chore(deps): {lower}"
    commit_title: "[pins] {title}"
    reviewers: [ann]
    assignees: [bert]
    code_owners: true
    closed: line
    on_open: {comment: "@cki-ci-bot test", pipeline: {inputs: {kind: canary, fast: true, shards: 2}}}
    merge: {kinds: [patch, calendar], after: 2d, window: "* 8-16 * * *", method: ff, stale: accept}
    gates:
      - {name: integration, project: g/tests, ref: main, inputs: {sha: "{sha}", fast: true}, variables: {URL: "{clone_url}@{sha}"}, like: {ref: c9s, newest: success, drop: [skip_test]}, baseline: true, required: true, timeout: 2d, retries: 0}
      - {name: quick, project: g/tests, ref: v1}
  - {path: g/second, adopt: {prefix: old/, authors: [old-bot, bot@example.com]}, token_file: /run/secrets/second}
runs_at_once: 2
limits: {names_without_pin: 10, releases: 100, releases_of_a_package: 11, page_mib: 1, page_entries: 1000, page_memory_mib: 2, pages_memory_mib: 8, file_mib: 3, packages_mib: 4, requirements_mib: 5}
software:
  packages: [cki-lib, "cki-project/cki-tools@main"]
  data: [kpet-db]
  install: [kpet-db]
  namespace: cki-project
  ref: stable
  constraints: pins.txt
  constraints_variable: PINS
  overrides: {allowed: [gitlab.com, "gitlab.com/cki-project"]}
  path: /opt/software
  images: [{name: python, image: "registry.example.com/python:production", python: python3.12}, {name: builder-rawhide}]
  unpinned: error
  compression: zstd
  registry: {project: cki-project/pipeline-definition}
  keep: 14
  deploy:
    sets: {project: cki-project/deployments, branch: state, folder: software/sets}
    branch: stable
    environment: prod
    constraints: cki-project/pipeline-definition
    constraints_files: [pins.txt]
    build_first: false
    token_file: /run/secrets/deploy
  bot:
    role: reporter
    fork_role: maintainer
    at_once: 4
    per_person: 2
    token_file: /run/secrets/bot
    marks: {CKI_DEPLOYMENT_ENVIRONMENT: retrigger}
    allow: [kpet_tree]
    welcome: |
      Hello.

      Ask.
    pipelines:
      - {name: baseline, description: what passed before, project: g/pipelines, ref: main, like: {ref: c9s}}
      - {name: brew, project: g/pipelines, ref: brew, inputs: {sha: "{sha}"}, overrides: inputs}
    default: [baseline]
    projects:
      - {name: cki-lib, pipelines: [brew], default: [brew], welcome: Own, override: lib_pip_url}
      - {name: kpet-db}
listen: {metrics: "127.0.0.1:9465", hooks: ":8080", hooks_url: "https://p.example.com/hooks/gitlab", hooks_token_file: /run/secrets/hooks, page: ":8081", page_access: gitlab, page_url: "https://p.example.com/", page_application: app, page_secret_file: /run/secrets/page}
discover: {groups: [g, h/i], topics: [pinwheel], file: pins/c.txt, exclude: ["g/old-*", "h/i/x/*"], onboard: true, token_variable: TEAM_TOKEN}
store_password_file: /run/secrets/store
audit_keep: 1825
release_notes: {projects: [g/libs, h], hosts: [GitHub.com, gitlab.com]}
`

func TestEveryKey(t *testing.T) {
	c := parsed(t, full)
	prague, _ := time.LoadLocation("Europe/Prague")
	window, _ := plan.ParseWindow([]string{"* * * * SAT,SUN", "* 22 * * *"}, prague)
	weekendUTC, _ := plan.ParseWindow([]string{weekend}, time.UTC)
	chore, _ := plan.ParseTitleForm("chore(deps): {lower}")
	pinned, _ := plan.ParseTitleForm("[pins] {title}")
	tuesday, _ := plan.ParseWindow([]string{"* 8 * * TUE"}, prague)
	freezes := []plan.Freeze{{From: time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC), Reason: "nobody is here", Layer: plan.LayerProject, At: "pinwheel.yaml:39"}}
	hours, _ := plan.ParseWindow([]string{"* 8-16 * * *"}, prague)
	window, tuesday, hours = window.Without(freezes), tuesday.Without(freezes), hours.Without(freezes)
	at := func(line int) plan.Source {
		return plan.Source{File: "pinwheel.yaml", Line: line, Layer: plan.LayerConfiguration}
	}
	indexes := []plan.Index{
		{Name: "my-index", URL: "http://127.0.0.1:8080/simple/", Packages: []string{"acme-*"}, IgnoreUploadTimes: true, Source: at(4)},
		{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}, Source: at(5)},
	}
	second := plan.Policy{
		Files: []plan.FilePolicy{{Path: "constraints.txt"}}, Window: weekendUTC, MinimumAge: 72 * time.Hour, MaxOpen: 10,
		BranchPrefix: "pinwheel/", Labels: []string{"bot"}, Platforms: []string{"linux/x86_64"}, Mode: plan.Off, From: plan.FromOwn,
		MinimumRole: plan.Developer, RevertRole: plan.Developer, AnswerRole: plan.Developer, Dashboard: "Dependency Dashboard", Indexes: indexes,
		Unverified: plan.OfferUnverified, Refresh: plan.RefreshInWindow, Closing: plan.RefusesVersion,
	}
	taken := second
	taken.Title, taken.CommitTitle = taken.Title.Majors(), taken.CommitTitle.Majors()
	taken.BranchPrefix, taken.Adopt = "old/", plan.Adoption{Prefix: "old/", Authors: []string{"old-bot", "bot@example.com"}}
	want := &Config{
		Path:   "pinwheel.yaml",
		GitLab: GitLab{URL: "https://gitlab.example.com/git", TokenFile: "/run/secrets/gitlab", Rate: 600, FormerUsers: []string{"Old Bot"}},
		Indexes: []Index{
			{Name: "my-index", URL: "http://127.0.0.1:8080/simple/", Packages: []string{"acme-*"}, Username: "u", PasswordFile: "pw", IgnoreUploadTimes: true, AllowHTTP: true, source: at(4)},
			{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}, source: at(5)},
		},
		Concurrency: 4, Store: "other.db", ReleaseNotes: ReleaseNotes{Projects: []string{"g/libs", "h"}, Hosts: []string{"github.com", "gitlab.com"}}, StorePasswordFile: "/run/secrets/store", Schedule: "15 * * * *", MaxNew: 7, AtOnce: 2, AtOnceGiven: true, AuditKeep: 1825 * 24 * time.Hour, CAFile: "own.pem",
		Software: Software{
			Packages: []string{"cki-lib", "cki-project/cki-tools@main"}, Data: []string{"kpet-db"}, Install: []string{"kpet-db"}, Namespace: "cki-project", Ref: "stable",
			Constraints: "pins.txt", ConstraintsVariable: "PINS", Allowed: []string{"gitlab.com", "gitlab.com/cki-project"}, Path: "/opt/software",
			Images:   []SoftwareImage{{"python", "registry.example.com/python:production", "python3.12"}, {"builder-rawhide", "", "python3"}},
			Unpinned: "error", Compression: "zstd", Registry: SoftwareRegistry{Project: "cki-project/pipeline-definition"}, Keep: 14,
			Deploy: Deploy{
				Sets: SetsPlace{"cki-project/deployments", "state", "software/sets"}, Branch: "stable", Environment: "prod", Constraints: "cki-project/pipeline-definition",
				ConstraintsFiles: []string{"pins.txt"}, TokenFile: "/run/secrets/deploy",
			},
			Bot: Bot{
				TokenFile: "/run/secrets/bot",
				Role:      plan.Reporter, ForkRole: plan.Maintainer, AtOnce: 4, PerPerson: 2, Marks: []plan.Variable{{Name: "CKI_DEPLOYMENT_ENVIRONMENT", Value: "retrigger"}},
				Allow: []string{"kpet_tree"}, Welcome: "Hello.\n\nAsk.",
				Pipelines: []BotPipeline{
					{At: "pinwheel.yaml:93", Name: "baseline", Description: "what passed before", Pipeline: plan.PipelineSpec{Project: "g/pipelines", Ref: "main", Like: plan.Like{Ref: "c9s"}}},
					{At: "pinwheel.yaml:94", Name: "brew", Inputs: true, Pipeline: plan.PipelineSpec{Project: "g/pipelines", Ref: "brew", Inputs: []plan.Input{{Name: "sha", Value: "{sha}"}}}},
				},
				Projects: []BotProject{
					{At: "pinwheel.yaml:97", Name: "cki-lib", Override: "lib_pip_url", Pipelines: []string{"brew"}, Default: []string{"brew"}, Welcome: "Own"},
					{At: "pinwheel.yaml:98", Name: "kpet-db", Default: []string{"baseline"}},
				},
			},
		},
		Listen: Listen{Metrics: "127.0.0.1:9465", Hooks: ":8080", HooksURL: "https://p.example.com/hooks/gitlab", HooksTokenFile: "/run/secrets/hooks", Page: ":8081", PageAccess: PageGitLab, PageURL: "https://p.example.com", PageApplication: "app", PageSecretFile: "/run/secrets/page"},
		Limits: Limits{PageMiB: 1, PageEntries: 1000, PageMemoryMiB: 2, PagesMemoryMiB: 8, FileMiB: 3,
			NamesWithoutPin: 10, Releases: 100, ReleasesOfAPackage: 11, PackagesMiB: 4, RequirementsMiB: 5},
		Projects: []Project{
			{Path: "cki-project/pipeline-definition", Policy: plan.Policy{
				Files: []plan.FilePolicy{
					{Path: "constraints.txt", Derived: &plan.Derived{Path: "pipeline/constraints.yml", Format: "block", Key: []string{"variables", "PYTHON_CONSTRAINTS"}}},
					{Path: "other/constraints.txt"},
				},
				Window: window, MinimumAge: 12 * time.Hour, MaxOpen: 0, BranchPrefix: "renovate/", Labels: []string{"bot"},
				Pythons: []string{"3.9", "3.12"}, Platforms: []string{"linux/x86_64", "linux/aarch64"}, Mode: plan.Full, From: plan.FromRenovate,
				MinimumRole: plan.NoRole, RevertRole: plan.Maintainer, AnswerRole: plan.Reporter, Dashboard: "Updates", Indexes: indexes,
				Extras: map[string][]string{"jsonschema": {"format"}, "requests": {"socks", "use-chardet"}},
				Roots: []plan.RootPolicy{
					{Requirement: "Requests[socks]>=2; python_version < '3.13'", Line: 25},
					{Project: "Group/lib", Ref: "v1", File: "lib/setup.cfg", Extras: []string{"deploy", "web-ui"}, Line: 26},
					{Project: "group/other", File: "pyproject.toml", Line: 27},
				},
				IgnoreEdges: []plan.IgnoreEdge{
					{From: "boto-3", To: "urllib3", Versions: "<2,>=1", Reason: "it works", Line: 28},
					{From: "a", To: "b", Reason: "r", Line: 28},
				},
				Unverified: plan.HoldUnverified,
				Rules: []plan.Rule{
					{At: "pinwheel.yaml:35", Layer: plan.LayerProject, Packages: []plan.PackagePattern{pattern(t, "types-*"), pattern(t, "attrs")}, Kinds: []plan.Kind{plan.Major},
						From: versions(t, "<26"), To: versions(t, ">=26"), Files: []string{"*.txt"},
						Ignore: &plan.Ignore{Reason: "breaks cattrs", Link: "https://gitlab.example/i/1", Until: time.Date(2027, 1, 31, 0, 0, 0, 0, prague)}},
					{At: "pinwheel.yaml:36", Layer: plan.LayerProject, Allowed: versions(t, "<3"), MinimumAge: 14 * 24 * time.Hour, HasAge: true, Labels: []string{"slow"}},
					{At: "pinwheel.yaml:37", Layer: plan.LayerProject, Packages: []plan.PackagePattern{pattern(t, "six")}, Ignore: &plan.Ignore{Reason: "not now"}},
					{At: "pinwheel.yaml:38", Layer: plan.LayerProject, Enabled: plan.No, Window: &tuesday, Reviewers: []string{"cleo"}, Assignees: []string{"dan"}, Group: "all the rest", Approval: plan.Yes, Merge: plan.Yes, Priority: -3, HasPriority: true},
				},
				MaxNew: 3, Refresh: plan.RefreshNever, Draft: true, Title: chore, CommitTitle: pinned, Reviewers: []string{"ann"}, Assignees: []string{"bert"}, CodeOwners: true, Closing: plan.RefusesLine,
				OnOpen:  plan.OnOpen{Comment: "@cki-ci-bot test", Pipeline: true, Inputs: []plan.Input{{Name: "kind", Value: "canary"}, {Name: "fast", Value: true}, {Name: "shards", Value: 2}}},
				Merging: plan.Merging{On: true, Kinds: []plan.Kind{plan.Patch, plan.Calendar}, After: 48 * time.Hour, Window: &hours, Method: plan.MethodFF, Stale: true},
				Gates: []plan.Gate{
					{At: "pinwheel.yaml:52", Name: "integration", Pipeline: plan.PipelineSpec{
						Project: "g/tests", Ref: "main", Inputs: []plan.Input{{Name: "sha", Value: "{sha}"}, {Name: "fast", Value: true}},
						Variables: []plan.Variable{{Name: "URL", Value: "{clone_url}@{sha}"}}, Like: plan.Like{Ref: "c9s", Drop: []string{"skip_test"}},
					}, Baseline: true, Required: true, Timeout: 48 * time.Hour},
					{At: "pinwheel.yaml:53", Name: "quick", Pipeline: plan.PipelineSpec{Project: "g/tests", Ref: "v1"}, Timeout: 6 * time.Hour, Retries: 1},
				},
			}},
			{Path: "g/second", Policy: taken, Token: TokenSource{File: "/run/secrets/second", At: "pinwheel.yaml:54"}},
		},
		Discover: []Discover{{
			Groups: []string{"g", "h/i"}, Topics: []string{"pinwheel"}, File: "pins/c.txt", Exclude: []string{"g/old-*", "h/i/x/*"}, Onboard: true,
			Token: TokenSource{Variable: "TEAM_TOKEN", At: "pinwheel.yaml:100"}, At: "pinwheel.yaml:100",
		}},
		Defaults: second,
	}
	if got := c.Projects[0].Policy.Sources; got["window"] != (plan.Source{File: "pinwheel.yaml", Line: 16, Layer: plan.LayerProject}) || got["labels"] != (plan.Source{File: "pinwheel.yaml", Line: 8, Layer: plan.LayerDefaults}) {
		t.Errorf("the window and the labels come from %v", got)
	}
	c.Defaults.Sources = nil
	for i := range c.Projects {
		if c.Projects[i].Digest() == "" || c.Projects[i].Digest() == c.Projects[(i+1)%len(c.Projects)].Digest() {
			t.Errorf("the digest of a project is %q", c.Projects[i].Digest())
		}
		c.Projects[i].beneath, c.Projects[i].layer, c.Projects[i].Policy.Sources, c.Projects[i].text = nil, Layer{}, nil, ""
	}
	if found := c.Discover[0].Project("g/found"); found.Path != "g/found" || found.Policy.Files[0].Path != "pins/c.txt" || found.Policy.Mode != plan.Off || found.Token.Variable != "TEAM_TOKEN" || found.Digest() == "" {
		t.Errorf("a project that is found is %+v", found)
	}
	c.Discover[0].template = nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", *c, *want)
	}
}
