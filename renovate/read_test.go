package renovate

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/text"
)

var update = flag.Bool("update", false, "write the goldens")

// own reads a project's own file as pinwheel does.
func ownFile(t testing.TB, data []byte) config.Project {
	t.Helper()
	c, err := config.Parse("", []byte("projects: [{path: the/project}]"))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := c.Projects[0].Own(data)
	if err != nil {
		t.Fatalf("pinwheel does not take what it wrote: %v\n%s", err, data)
	}
	return p
}

// uncovered are keys of a configuration of which no line speaks: none of their own,
// and none of what they stand in.
func uncovered(v value, lines []Line, key string) []string {
	said := func(key string) bool { return slices.ContainsFunc(lines, func(l Line) bool { return l.Key == key }) }
	var out []string
	for _, m := range v.members {
		at := strings.TrimPrefix(key+"."+m.name, ".")
		condition := strings.HasPrefix(m.name, "match") || strings.HasPrefix(m.name, "exclude") || m.name == "description"
		if said(at) || said(key) && condition {
			continue
		}
		whole := strings.HasPrefix(key, "customManagers[") || strings.HasPrefix(key, "regexManagers[") || slices.ContainsFunc(lines, func(l Line) bool { return l.Key == key && strings.HasPrefix(l.Says, "the rule as a whole") })
		switch {
		case whole:
		case m.kind == anObject && len(m.members) > 0:
			out = append(out, uncovered(m.value, lines, at)...)
		case m.kind == aList && len(m.list) > 0:
			for i, one := range m.list {
				if in := fmt.Sprintf("%s[%d]", at, i); one.kind == anObject {
					if !said(in) {
						out = append(out, in)
					}
					out = append(out, uncovered(one, lines, in)...)
				} else if !said(in) {
					out = append(out, in)
				}
			}
		default:
			out = append(out, at)
		}
	}
	return out
}

// The files that others wrote are read in place. What becomes of each of their keys
// stands in testdata, and no key goes unmentioned.
func TestRealFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "data", "renovate", "[0-9]*"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		res, err := Read(name, data, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ownFile(t, res.Own)
		root, err := parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range uncovered(root, res.Lines, "") {
			t.Errorf("%s: nothing is said of %s", name, key)
		}
		var got strings.Builder
		for _, l := range res.Lines {
			fmt.Fprintf(&got, "%d %s %s\n", l.Line, l.Key, strings.ReplaceAll(string(l.Verdict), " ", "-"))
		}
		golden(t, filepath.Join("testdata", "real", strings.TrimSuffix(name, filepath.Ext(name))+".txt"), got.String())
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (-update writes it):\n%s", file, got)
	}
}

// becomes is a configuration, the project's own file without comments, and lines.
type becomes struct {
	from, own string
	lines     []string // "key verdict", with a part of what is said behind a colon
}

var table = map[string]becomes{
	"a schedule and limits": {`{schedule: "before 5am on monday", timezone: "Europe/Prague", prConcurrentLimit: 0, branchConcurrentLimit: 4, prHourlyLimit: 1}`,
		`timezone: Europe/Prague
window: "* 0-4 * * MON"
refresh: always
minimum_release_age: 0
max_open_merge_requests: 4
labels: []
`, []string{"schedule kept: window", "prHourlyLimit kept with a difference: no bound for an hour", "branchConcurrentLimit kept: 4"}},
	"rules": {`{updateNotScheduled: false, labels: ["deps,python"], packageRules: [
		{matchPackageNames: ["Foo.Bar", "types-*", "!types-six", "/^Sphinx/i"], matchUpdateTypes: ["major"], groupName: "Docs & types", minimumReleaseAge: "2 weeks"},
		{matchPackagePrefixes: ["boto"], excludePackageNames: ["boto3"], matchCurrentVersion: "!/^0/", allowedVersions: "<2", prPriority: 3, addLabels: ["aws"]},
		{matchUpdateTypes: ["patch", "digest"], automerge: true, schedule: ["at any time"]},
		{matchManagers: ["npm"], groupName: "js"},
		{matchSourceUrls: ["https://gitlab.com/a/b"], enabled: false}]}`,
		`timezone: UTC
window: "* * * * *"
refresh: window
minimum_release_age: 0
labels: [deps, python]
rules:
  - {packages: [Foo.Bar, "types-*", "!types-six", "/(?i)^Sphinx/"], kinds: [calendar, major], group: Docs types, minimum_release_age: 14d}
  - {packages: ["boto*", "!boto3"], from: "!=0.*", allowed: "<2", priority: 3, labels: [aws]}
  - {kinds: [patch], merge: true, window: "* * * * *"}
`, []string{"packageRules[0].groupName kept with a difference: Docs types", "packageRules[3] without effect here: manager npm", "packageRules[4] refused: matchSourceUrls"}},
	"ignored ones count most": {`{ignoreDeps: ["Django", "@types/node"], packageRules: [{matchDepNames: ["*"], enabled: true}]}`,
		`timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 0
labels: []
rules:
  - {enabled: true}
  - {packages: [Django], enabled: false}
`, []string{"ignoreDeps kept"}},
	"titles and merging": {`{semanticCommits: "enabled", semanticCommitType: "build", semanticCommitScope: null, automerge: true, automergeSchedule: ["every weekday"], major: {automerge: false}}`,
		`timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 0
title: "build: {lower}"
commit_title: "build: {lower}"
labels: []
merge: {kinds: [patch, minor, calendar, major], window: "* * * * MON-FRI"}
rules:
  - {kinds: [major, calendar], merge: false}
`, []string{"automerge kept with a difference: a pipeline passed", "major.automerge kept"}},
	"pip's own part and Pythons": {`{pip_requirements: {managerFilePatterns: ["/constraints\\.txt$/"], packageRules: [{matchPackageNames: ["a"], enabled: false}]}, constraints: {python: "3.9.20", go: "1.2"}}`,
		`timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 0
python: ["3.9"]
labels: []
rules:
  - {packages: [a], enabled: false}
`, []string{"pip_requirements.managerFilePatterns kept: constraints.txt", "constraints.go without effect here"}},
	"presets": {`{extends: ["config:base", ":label(pins)", "schedule:weekends", "group:allNonMajor", ":prHourlyLimitNone", "npm:unpublishSafe", "local>group/presets", "my:own"], ignorePresets: ["npm:unpublishSafe"]}`,
		`timezone: UTC
window: "* * * * 0,6"
refresh: always
minimum_release_age: 0
labels: [pins]
rules:
  - {kinds: [minor, patch], group: all non-major dependencies}
`, []string{"extends[0] kept: there is a dashboard", "extends[5] kept: ignored", "extends[6] refused: --preset", "extends[7] refused"}},
	"turned off": {`{enabledManagers: ["npm"]}`, `mode: dashboard
timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 0
labels: []
`, []string{"enabledManagers kept: mode"}},
	"what pinwheel refuses": {`{labels: [1], timezone: "Mars/Olympus", branchPrefix: "a b/", reviewers: ["team:x y"], prConcurrentLimit: -1, dependencyDashboardTitle: "@all", osvVulnerabilityAlerts: true,
		groupName: "{{manager}}", versioning: "docker", madeUp: {a: 1}, hostRules: [{matchHost: "x", password: "hunter2"}], minimumReleaseAge: "soon", schedule: "every 2 weeks on saturday", packageRules: 3}`,
		`timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 0
labels: []
`, []string{"labels refused", "timezone refused", "branchPrefix refused", "reviewers refused", "prConcurrentLimit refused", "dependencyDashboardTitle refused", "osvVulnerabilityAlerts refused: scanner",
			"groupName refused", "versioning refused", "madeUp refused: does not know", "hostRules refused: environment", "minimumReleaseAge refused", "schedule refused: weeks", "packageRules refused"}},
	"old names": {`{stabilityDays: 3, rebaseStalePrs: true, packageRules: [{packagePatterns: ["^a"], updateTypes: ["minor"], enabled: false}]}`,
		`timezone: UTC
window: "* * * * *"
refresh: always
minimum_release_age: 3d
labels: []
rules:
  - {packages: ["/^a/"], kinds: [minor], enabled: false}
`, []string{"stabilityDays kept: 3d", "rebaseStalePrs kept with a difference"}},
}

func TestKeys(t *testing.T) {
	for name, tt := range table {
		res, err := Read("renovate.json", []byte(tt.from), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := bare(res.Own); got != tt.own {
			t.Errorf("%s:\n%swant\n%s", name, got, tt.own)
		}
		ownFile(t, res.Own)
		for _, want := range tt.lines {
			head, says, _ := strings.Cut(want, ": ")
			key, verdict, _ := strings.Cut(head, " ")
			if !slices.ContainsFunc(res.Lines, func(l Line) bool {
				return l.Key == key && string(l.Verdict) == verdict && strings.Contains(l.Says, says)
			}) {
				t.Errorf("%s: no line %q among %+v", name, want, res.Lines)
			}
		}
		for _, l := range res.Lines {
			if strings.Contains(l.Says, "hunter2") {
				t.Errorf("%s: a secret is shown: %s", name, l.Says)
			}
		}
	}
}

// bare is a file without comments.
func bare(own []byte) string {
	var out strings.Builder
	for line := range strings.Lines(string(own)) {
		if line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "  #"); !strings.HasPrefix(strings.TrimSpace(line), "#") && line != "" {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func TestSeveralFilesAndProjects(t *testing.T) {
	from := `{packageRules: [{matchFileNames: ["images/**"], groupName: "images"}, {matchRepositories: ["group/*"], enabled: false}, {matchBaseBranches: ["next"], enabled: false}]}`
	res, err := Read("renovate.json", []byte(from), Options{Files: []string{"constraints.txt", "images/a/constraints.txt"}, Project: "group/project", Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	want := "  - {files: [images/a/constraints.txt], group: images}\n  - {enabled: false}\n"
	if got := bare(res.Own); !strings.HasSuffix(got, "rules:\n"+want) {
		t.Errorf("%s", got)
	}
}

func TestPresetsFromElsewhere(t *testing.T) {
	texts := map[string]string{
		"local>group/presets":        `{extends: ["local>group/presets:more"], labels: ["from elsewhere"], ":": 1}`,
		"local>group/presets:more":   `{extends: ["local>group/presets"], prConcurrentLimit: 2}`,
		"local>group/presets//wrong": `[`,
	}
	res, err := Read("renovate.json", []byte("{\n extends: ['local>group/presets', 'local>group/presets//wrong'],\n prConcurrentLimit: 3}"), Options{
		Preset: func(name string) ([]byte, bool) { s, ok := texts[name]; return []byte(s), ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range res.Lines {
		if l.Line > 0 {
			got = append(got, fmt.Sprintf("%s:%d %s %s", l.File, l.Line, l.Key, l.Verdict))
		}
	}
	want := []string{
		"renovate.json:2 extends[0] kept",
		"local>group/presets:1 extends[0] kept",
		"local>group/presets:more:1 extends[0] refused", // it leads to itself
		"local>group/presets:more:1 prConcurrentLimit kept",
		"local>group/presets:1 labels kept",
		"local>group/presets:1 : refused",
		"renovate.json:2 extends[1] refused",
		"renovate.json:3 prConcurrentLimit kept",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if own := bare(res.Own); !strings.Contains(own, "max_open_merge_requests: 3\n") || !strings.Contains(own, "labels: [from elsewhere]\n") {
		t.Errorf("%s", own)
	}
}

func TestEveryBuiltinPresetIsRead(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if strings.Contains(own[name], "$") {
			name += map[bool]string{true: "(Europe/Prague)", false: "(someone)"}[name == ":timezone"]
		}
		res, err := Read("renovate.json", []byte(`{extends: ["`+name+`"]}`), Options{})
		if err != nil || res.Refused() || res.Lines[0].Key != "extends[0]" {
			t.Errorf("%s: %+v, %v", name, res.Lines, err)
		}
		ownFile(t, res.Own)
	}
}

func TestNoConfiguration(t *testing.T) {
	for from, want := range map[string]string{
		"":                       "r.json:1: the text ends",
		"[]":                     "r.json:1: the configuration is a list",
		"{\n\"a\": }":            "r.json:2: ",
		"{\n'a': 'b\n'}":         "r.json:2: a text does not end",
		"{/* }":                  "r.json:1: a comment does not end",
		"{a: 1} x":               "r.json:1: something stands behind",
		"{a 1}":                  "r.json:1: a colon",
		"{a: yes}":               "r.json:1: \"yes\" is no value",
		"{a: NaN}":               "r.json:1: ",
		"{a: \xff}":              "r.json:1: the file is not UTF-8",
		strings.Repeat("[", 100): "r.json:1: objects and lists are nested",
	} {
		_, err := Read("r.json", []byte(from), Options{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", from, err)
		}
	}
	res, err := Read("package.json", []byte(`{"name": "a", "renovate": {"labels": ["a"]}}`), Options{})
	if err != nil || !strings.Contains(string(res.Own), "labels: [a]") {
		t.Errorf("%s, %v", res.Own, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, tt := range table {
		f.Add(tt.from)
	}
	f.Fuzz(func(t *testing.T, from string) {
		res, err := Read("renovate.json", []byte(from), Options{})
		if err != nil {
			return
		}
		ownFile(t, res.Own)
		root, err := parse("renovate.json", []byte(from))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range root.members {
			name := text.Plain(m.name, 200)
			if m.kind != isNothing && !slices.ContainsFunc(res.Lines, func(l Line) bool { return strings.HasPrefix(l.Key, name) }) {
				t.Errorf("nothing is said of %q: %+v", m.name, res.Lines)
			}
		}
	})
}
