package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// the configuration of the contract, with every key.
const full = `gitlab: {url: "https://gitlab.example.com/git/", token_file: /run/secrets/gitlab, allow_http: false, former_users: [Old Bot]}
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
    selections: {minimum_role: none, revert_role: maintainer}
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
  - path: g/second
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
`

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("pinwheel.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pattern(t *testing.T, text string) plan.PackagePattern {
	t.Helper()
	p, err := plan.ParsePackagePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func versions(t *testing.T, text string) pep440.Specifiers {
	t.Helper()
	s, err := pep440.ParseSpecifiers(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryKey(t *testing.T) {
	c := parsed(t, full)
	prague, _ := time.LoadLocation("Europe/Prague")
	window, _ := plan.ParseWindow([]string{"* * * * SAT,SUN", "* 22 * * *"}, prague)
	weekendUTC, _ := plan.ParseWindow([]string{weekend}, time.UTC)
	chore, _ := plan.ParseTitleForm("chore(deps): {lower}")
	pinned, _ := plan.ParseTitleForm("[pins] {title}")
	tuesday, _ := plan.ParseWindow([]string{"* 8 * * TUE"}, prague)
	freezes := []plan.Freeze{{From: time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC), Reason: "nobody is here", Layer: plan.LayerProject, At: "pinwheel.yaml:38"}}
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
		BranchPrefix: "pinwheel/", Labels: []string{"bot"}, Platforms: []string{"linux/x86_64"}, Mode: plan.Off,
		MinimumRole: plan.Developer, RevertRole: plan.Developer, Dashboard: "Dependency Dashboard", Indexes: indexes,
		Unverified: plan.OfferUnverified, Refresh: plan.RefreshInWindow, Closing: plan.RefusesVersion,
	}
	want := &Config{
		Path:   "pinwheel.yaml",
		GitLab: GitLab{URL: "https://gitlab.example.com/git", TokenFile: "/run/secrets/gitlab", FormerUsers: []string{"Old Bot"}},
		Indexes: []Index{
			{Name: "my-index", URL: "http://127.0.0.1:8080/simple/", Packages: []string{"acme-*"}, Username: "u", PasswordFile: "pw", IgnoreUploadTimes: true, AllowHTTP: true, source: at(4)},
			{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}, source: at(5)},
		},
		Concurrency: 4, Store: "other.db", Schedule: "15 * * * *", MaxNew: 7, AtOnce: 2, CAFile: "own.pem",
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
				Role: plan.Reporter, ForkRole: plan.Maintainer, AtOnce: 4, PerPerson: 2, Marks: []plan.Variable{{Name: "CKI_DEPLOYMENT_ENVIRONMENT", Value: "retrigger"}},
				Allow: []string{"kpet_tree"}, Welcome: "Hello.\n\nAsk.",
				Pipelines: []BotPipeline{
					{At: "pinwheel.yaml:91", Name: "baseline", Description: "what passed before", Pipeline: plan.PipelineSpec{Project: "g/pipelines", Ref: "main", Like: plan.Like{Ref: "c9s"}}},
					{At: "pinwheel.yaml:92", Name: "brew", Inputs: true, Pipeline: plan.PipelineSpec{Project: "g/pipelines", Ref: "brew", Inputs: []plan.Input{{Name: "sha", Value: "{sha}"}}}},
				},
				Projects: []BotProject{
					{At: "pinwheel.yaml:95", Name: "cki-lib", Override: "lib_pip_url", Pipelines: []string{"brew"}, Default: []string{"brew"}, Welcome: "Own"},
					{At: "pinwheel.yaml:96", Name: "kpet-db", Default: []string{"baseline"}},
				},
			},
		},
		Limits: Limits{PageMiB: 1, PageEntries: 1000, PageMemoryMiB: 2, PagesMemoryMiB: 8, FileMiB: 3,
			NamesWithoutPin: 10, Releases: 100, ReleasesOfAPackage: 11, PackagesMiB: 4, RequirementsMiB: 5},
		Projects: []Project{
			{Path: "cki-project/pipeline-definition", Policy: plan.Policy{
				Files: []plan.FilePolicy{
					{Path: "constraints.txt", Derived: &plan.Derived{Path: "pipeline/constraints.yml", Format: "block", Key: []string{"variables", "PYTHON_CONSTRAINTS"}}},
					{Path: "other/constraints.txt"},
				},
				Window: window, MinimumAge: 12 * time.Hour, MaxOpen: 0, BranchPrefix: "renovate/", Labels: []string{"bot"},
				Pythons: []string{"3.9", "3.12"}, Platforms: []string{"linux/x86_64", "linux/aarch64"}, Mode: plan.Full,
				MinimumRole: plan.NoRole, RevertRole: plan.Maintainer, Dashboard: "Updates", Indexes: indexes,
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
					{At: "pinwheel.yaml:34", Layer: plan.LayerProject, Packages: []plan.PackagePattern{pattern(t, "types-*"), pattern(t, "attrs")}, Kinds: []plan.Kind{plan.Major},
						From: versions(t, "<26"), To: versions(t, ">=26"), Files: []string{"*.txt"},
						Ignore: &plan.Ignore{Reason: "breaks cattrs", Link: "https://gitlab.example/i/1", Until: time.Date(2027, 1, 31, 0, 0, 0, 0, prague)}},
					{At: "pinwheel.yaml:35", Layer: plan.LayerProject, Allowed: versions(t, "<3"), MinimumAge: 14 * 24 * time.Hour, HasAge: true, Labels: []string{"slow"}},
					{At: "pinwheel.yaml:36", Layer: plan.LayerProject, Packages: []plan.PackagePattern{pattern(t, "six")}, Ignore: &plan.Ignore{Reason: "not now"}},
					{At: "pinwheel.yaml:37", Layer: plan.LayerProject, Enabled: plan.No, Window: &tuesday, Reviewers: []string{"cleo"}, Assignees: []string{"dan"}, Group: "all the rest", Approval: plan.Yes, Merge: plan.Yes, Priority: -3, HasPriority: true},
				},
				MaxNew: 3, Refresh: plan.RefreshNever, Draft: true, Title: chore, CommitTitle: pinned, Reviewers: []string{"ann"}, Assignees: []string{"bert"}, CodeOwners: true, Closing: plan.RefusesLine,
				OnOpen:  plan.OnOpen{Comment: "@cki-ci-bot test", Pipeline: true, Inputs: []plan.Input{{Name: "kind", Value: "canary"}, {Name: "fast", Value: true}, {Name: "shards", Value: 2}}},
				Merging: plan.Merging{On: true, Kinds: []plan.Kind{plan.Patch, plan.Calendar}, After: 48 * time.Hour, Window: &hours, Method: plan.MethodFF, Stale: true},
				Gates: []plan.Gate{
					{At: "pinwheel.yaml:51", Name: "integration", Pipeline: plan.PipelineSpec{
						Project: "g/tests", Ref: "main", Inputs: []plan.Input{{Name: "sha", Value: "{sha}"}, {Name: "fast", Value: true}},
						Variables: []plan.Variable{{Name: "URL", Value: "{clone_url}@{sha}"}}, Like: plan.Like{Ref: "c9s", Drop: []string{"skip_test"}},
					}, Baseline: true, Required: true, Timeout: 48 * time.Hour},
					{At: "pinwheel.yaml:52", Name: "quick", Pipeline: plan.PipelineSpec{Project: "g/tests", Ref: "v1"}, Timeout: 6 * time.Hour, Retries: 1},
				},
			}},
			{Path: "g/second", Policy: second},
		},
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
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", *c, *want)
	}
}

func TestDefault(t *testing.T) {
	c := Default()
	if len(c.Indexes) != 1 || c.Indexes[0].URL != "https://pypi.org/simple/" || c.Store != "pinwheel.db" || c.Concurrency != 8 ||
		c.Schedule != "@hourly" || c.GitLab.URL != "https://gitlab.com" {
		t.Errorf("%+v", *c)
	}
	if p := c.Defaults; p.Files[0].Path != "constraints.txt" || p.Pythons != nil || p.Window.Zone() != time.UTC || p.Window.Text()[0] != weekend {
		t.Errorf("%+v", p)
	}
}

func TestPoliciesShareNoMemory(t *testing.T) {
	c := parsed(t, `defaults: {extras: ["a[b]"], roots: [{project: g/r, extras: [e]}], ignore_edges: [{from: a, to: b, reason: r}]}
projects: [{path: g/a}, {path: g/b}]`)
	a, b := c.Projects[0].Policy, c.Projects[1].Policy
	a.Files[0].Path, a.Labels[0], a.Indexes[0].Packages[0] = "x", "x", "x"
	a.Extras["a"][0], a.Extras["c"], a.Roots[0].Extras[0], a.Roots[0].Project, a.IgnoreEdges[0].To = "x", nil, "x", "x", "x"
	if b.Files[0].Path != "constraints.txt" || b.Labels[0] != "dependencies" || b.Indexes[0].Packages[0] != "*" ||
		!reflect.DeepEqual(b.Extras, map[string][]string{"a": {"b"}}) || b.Roots[0].Extras[0] != "e" || b.Roots[0].Project != "g/r" ||
		b.IgnoreEdges[0].To != "b" {
		t.Errorf("%+v", b)
	}
}

func TestRequirementsReplaceTheDefaults(t *testing.T) {
	c := parsed(t, `defaults: {extras: ["a[b]"], roots: [r], ignore_edges: [{from: a, to: b, reason: r}], unverified: hold}
projects:
  - path: g/inherits
  - {path: g/empties, extras: [], roots: [], ignore_edges: [], unverified: offer}
  - {path: g/own, extras: ["c[d]", "C[e]"], roots: [s]}
`)
	inherits, empties, own := c.Projects[0].Policy, c.Projects[1].Policy, c.Projects[2].Policy
	if len(inherits.Extras) != 1 || inherits.Roots[0].Requirement != "r" || len(inherits.IgnoreEdges) != 1 || inherits.Unverified != plan.HoldUnverified {
		t.Errorf("%+v", inherits)
	}
	if empties.Extras != nil || empties.Roots != nil || empties.IgnoreEdges != nil || empties.Unverified != plan.OfferUnverified {
		t.Errorf("%+v", empties)
	}
	if !reflect.DeepEqual(own.Extras, map[string][]string{"c": {"d", "e"}}) || len(own.Roots) != 1 || own.Roots[0].Requirement != "s" || len(own.IgnoreEdges) != 1 {
		t.Errorf("%+v", own)
	}
}

func TestWindows(t *testing.T) {
	for text, want := range map[string]string{
		"{path: g/p}":                                     "* * * * SAT,SUN UTC",
		"{path: g/p, timezone: Europe/Prague}":            "* * * * SAT,SUN Europe/Prague",
		`{path: g/p, window: "* * * * *"}`:                "* * * * * UTC",
		`{path: g/p, window: ["* * * * *"]}`:              "* * * * * UTC",
		`{path: g/p, window: "* 1 * * 7", timezone: UTC}`: "* 1 * * 7 UTC",
	} {
		w := parsed(t, "projects: ["+text+"]").Projects[0].Policy.Window
		if got := strings.Join(w.Text(), ";") + " " + w.Zone().String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	// The two may come from different places.
	for _, text := range []string{
		"defaults: {timezone: UTC}\nprojects: [{path: g/p, window: \"* 1 * * *\"}]",
		"defaults: {window: \"* 1 * * *\"}\nprojects: [{path: g/p, timezone: UTC}]",
	} {
		parsed(t, text)
	}
}

func TestPythonRanges(t *testing.T) {
	for text, want := range map[string]string{
		">=3.9,<3.13":     "3.9 3.10 3.11 3.12",
		">=3.13":          "3.13 3.14",
		">3.11, <=3.13":   "3.12 3.13",
		"~=3.12":          "3.12 3.13 3.14",
		"==3.9":           "3.9",
		"==3.9.*":         "3.9",
		">=3.11,!=3.13.*": "3.11 3.12 3.14",
		"== 3.*, >= 3.14": "3.14",
		"<3.2":            "3.0 3.1",
		"<4,>=3.14":       "3.14",
		">=2.7,<3.1":      "3.0",
		"==3":             "3.0",
	} {
		c := parsed(t, "projects: [{path: g/p, python: \""+text+"\"}]")
		if got := strings.Join(c.Projects[0].Policy.Pythons, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestErrorsAreCollectedWithTheirLines(t *testing.T) {
	_, err := Parse("pinwheel.yaml", []byte(`gitlab: {url: "http://gitlab.example.com"}
stroe: a.db
projects:
  - path: g/p
    minimumReleaseAge: 3d
    window: "* * * * SAT,SUN"
  - path: G/P
    timezone: Mars/Olympus
    mode: full
    mode: off
    files: [{path: a.txt}, {path: a.txt}]
    labels:
`))
	want := `pinwheel.yaml:1: gitlab.url: http sends everything unencrypted: write https, or set allow_http: true beside it
pinwheel.yaml:2: stroe: unknown key, did you mean store?
pinwheel.yaml:5: projects[0].minimumReleaseAge: unknown key, did you mean minimum_release_age?
pinwheel.yaml:6: projects[0].timezone: a window needs a time zone: add timezone, such as Europe/Prague or UTC
pinwheel.yaml:7: projects[1].path: G/P is a project of this file already, at line 4: keep one of the two
pinwheel.yaml:8: projects[1].timezone: "Mars/Olympus" is not a time zone: write a name such as Europe/Prague or UTC
pinwheel.yaml:10: projects[1].mode: the key is there already, at line 9: keep one of the two
pinwheel.yaml:11: projects[1].files[1].path: a.txt is a file of this project already, at line 11: keep one of the two
pinwheel.yaml:12: projects[1].labels: the key has no value: give it one or remove the line`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	var first Error
	if !errors.As(err, &first) || first.Line != 1 || first.Key != "gitlab.url" {
		t.Errorf("the first error is %+v", first)
	}
}

func TestDefaultsWindowWithoutZoneIsSaidOnce(t *testing.T) {
	_, err := Parse("c", []byte("defaults: {window: \"* 1 * * *\"}\nprojects: [{path: g/a}, {path: g/b}, {path: g/c, timezone: UTC}]"))
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "c:1: projects[0].timezone") {
		t.Errorf("%v", err)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.yaml"): "absent.yaml: the configuration cannot be read: no such file or directory; check the name",
		dir:                               "it is a folder",
		write("large", strings.Repeat("#", maxSize+1)): "larger than 1 MiB",
		write("empty", ""):                      "the file is empty; the smallest configuration is:\nprojects:",
		write("comment", "# nothing\n"):         "the file is empty",
		write("latin1", "# caf\xe9"):            "not UTF-8",
		write("scalar", "hello"):                "scalar:1: the file has no keys",
		write("dashes", "---\n"):                "the file has no keys",
		write("open", "a: [1\nb: 2"):            "open:2: this is not YAML: a bracket is not closed",
		write("tab", "gitlab:\n\turl: x"):       "tab:2: this is not YAML",
		write("anchor", "a: *x"):                "anchor:1: this is not YAML: an alias names an anchor",
		write("two", "projects: []\n---\nb: 2"): "two:2: a second document starts here",
		write("nul", "a: x\x00y"):               "nul: this is not YAML: a control character",
	} {
		_, err := Load(path)
		var all Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant it to mention %q", path, err, want)
		}
	}
	if c, err := Load(write("good", full)); err != nil || len(c.Projects) != 2 {
		t.Errorf("%v", err)
	}
}

func TestAliasesAreRead(t *testing.T) {
	c := parsed(t, "projects:\n  - {path: g/a, files: &f [{path: a.txt}]}\n  - {path: g/b, files: *f}")
	if c.Projects[1].Policy.Files[0].Path != "a.txt" {
		t.Errorf("%+v", c.Projects[1])
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	for _, s := range valid {
		f.Add([]byte(s))
	}
	for s := range invalid {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("c", data)
		var all Errors
		if (c == nil) == (err == nil) || err != nil && (!errors.As(err, &all) || len(all) == 0) {
			t.Errorf("%v and %v", c, err)
		}
		if c != nil && (len(c.Projects) == 0 || len(c.Indexes) == 0) {
			t.Errorf("%+v lacks something", *c)
		}
	})
}

// TestFloors: what is not written becomes the floor, what is stricter stays,
// and what comes from the defaults is said once.
func TestFloors(t *testing.T) {
	c := parsed(t, "enforce: {minimum_release_age: 7d, minimum_role: maintainer}\nprojects:\n  - path: g/a\n  - {path: g/b, minimum_release_age: 14d}\n")
	for i, want := range []time.Duration{7 * 24 * time.Hour, 14 * 24 * time.Hour} {
		if p := c.Projects[i].Policy; p.MinimumAge != want || p.MinimumRole != plan.Maintainer {
			t.Errorf("%s: %s, role %d", c.Projects[i].Path, p.MinimumAge, p.MinimumRole)
		}
	}
	if c.Defaults.MinimumAge != 7*24*time.Hour {
		t.Errorf("the defaults: %s", c.Defaults.MinimumAge)
	}
	c = parsed(t, "enforce: {minimum_release_age: 1h, minimum_role: reporter}\nprojects: [{path: g/a}]")
	if p := c.Projects[0].Policy; p.MinimumAge != 3*24*time.Hour || p.MinimumRole != plan.Developer {
		t.Errorf("a floor below the default: %s, role %d", p.MinimumAge, p.MinimumRole)
	}
	c = parsed(t, "enforce: {revert_role: maintainer}\nprojects: [{path: g/a}]")
	if p := c.Projects[0].Policy; p.MinimumRole != plan.Developer || p.RevertRole != plan.Maintainer {
		t.Errorf("a floor for reverts: roles %d and %d", p.MinimumRole, p.RevertRole)
	}
	_, err := Parse("c.yaml", []byte("enforce: {minimum_release_age: 7d}\ndefaults: {minimum_release_age: 1d}\nprojects: [{path: g/a}, {path: g/b}]"))
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Line != 2 {
		t.Errorf("%v", err)
	}
}
