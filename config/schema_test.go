package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/internal/testenv"
)

// one is a project with the keys in its braces.
func one(keys string) string { return "projects: [{path: g/p, " + keys + "}]" }

// valid is accepted by the loader and by the schema.
var valid = []string{
	full,
	"projects: [{path: g/p}]",
	"projects: [{path: group/sub.group/project-1}]",
	"index: {url: http://localhost:8080/}\nprojects: [{path: g/p}]",
	"index: {url: \"http://[::1]/simple\", name: local, concurrency: 64}\nprojects: [{path: g/p}]",
	"index: {url: http://index.example.com/, allow_http: true, username: u, password_file: f}\nprojects: [{path: g/p}]",
	"index: {concurrency: 1}\nprojects: [{path: g/p}]",
	"schedule: \"@daily\"\nprojects: [{path: g/p}]",
	"schedule: 0 3 * * MON-FRI\nprojects: [{path: g/p}]",
	"defaults: {}\nprojects: [{path: g/p}]",
	"enforce: {}\n" + one(""),
	"enforce: {minimum_release_age: 7d, minimum_role: maintainer, indexes: [\"https://pypi.org/\"]}\n" + one("minimum_release_age: 7d"),
	"enforce: {minimum_release_age: 0, minimum_role: none}\n" + one("minimum_release_age: 0, selections: {minimum_role: none}"),
	one("minimum_release_age: 0"),
	one("minimum_release_age: \"0\""),
	one("labels: []"),
	one("mode: off"),
	one("branch_prefix: bot-"),
	one("branch_prefix: a/b.c/"),
	one("python: \">=3.9, <3.13\""),
	one("python: [\"3.10\"]"),
	one("files: [{path: a/b.txt, derived: {path: .gitlab/c.yml, key: [a], format: list}}]"),
	one("window: \"* * * * *\""),
	one("window: [\"* * * * SAT\"], timezone: America/Santiago"),
	one("selections: {}, dashboard: {}"),
	one("extras: [], roots: [], ignore_edges: []"),
	one("extras: [\"a.b[c]\", \"d [ e , f ]\"]"),
	one("roots: [a, \"a[b]>=1,<2 ; python_version < '3'\", \"a (>=1)\", {project: g/p}, {project: g/p, ref: feature/x-1.0}, {project: g/q, extras: []}]"),
	one("roots: [{project: g/p, file: a/b/pyproject.toml, extras: [a, B.c]}]"),
	one("ignore_edges: [{from: a, to: b, reason: r, versions: \"~=1.0\"}, {from: a, to: b, reason: r, versions: \"== 1.*, !=1.2\"}]"),
}

// invalid is refused by both; the loader's error holds the text.
var invalid = map[string]string{
	"projects: []":          "the list is empty: name at least 1",
	"store: a.db":           "projects: the key is missing",
	"projects: [{}]":        "projects[0].path: the key is missing: add it",
	"projects: {path: g/p}": "a mapping is not a list",
	"projects: [g/p]":       `"g/p" is not a mapping`,
	"projects: [{path: p}]": "group/project",
	"projects: [{path: https://gitlab.com/g/p}]":                                          "group/project",
	"projects: [{path: g/p, owner: me}]":                                                  "projects[0].owner: unknown key: known here are path, files",
	"projects: [{path: g/p}, ~]":                                                          "projects[1]: the element has no value",
	"defaults: {path: g/p}\n" + one(""):                                                   "defaults.path: unknown key",
	"defaults:\n" + one(""):                                                               "defaults: the key has no value",
	"store: 5\n" + one(""):                                                                `5 is not a text to YAML: write "5", with the quotes`,
	"store: \"\"\n" + one(""):                                                             "the text is empty",
	"store: \" a\"\n" + one(""):                                                           "white space",
	"schedule: hourly\n" + one(""):                                                        "write @hourly, @daily or five cron fields",
	"schedule: \"* * *\"\n" + one(""):                                                     "five cron fields",
	"gitlab: {token: abc}\n" + one(""):                                                    "gitlab.token: unknown key",
	"gitlab: {token_file: [a]}\n" + one(""):                                               "a list is not a text",
	"gitlab: {url: gitlab.com}\n" + one(""):                                               "starts with https://",
	"gitlab: {url: ftp://gitlab.com}\n" + one(""):                                         "starts with https://",
	"gitlab: {url: https://u:secret@gitlab.com}\n" + one(""):                              "take it out",
	"gitlab: {url: \"https://gitlab.com/?a=b\"}\n" + one(""):                              "remove what follows",
	"gitlab: {allow_http: 1}\n" + one(""):                                                 "write true or false",
	"index: {}\n" + one(""):                                                               "index.url: the key is missing",
	"index: {name: a}\n" + one(""):                                                        "index.url: the key is missing",
	"index: {concurrency: 0}\n" + one(""):                                                 "a whole number from 1 to 64",
	"index: {concurrency: 65}\n" + one(""):                                                "a whole number from 1 to 64",
	"index: {concurrency: \"8\"}\n" + one(""):                                             "a whole number from 1 to 64",
	"index: {url: \"https://a/\"}\nindexes: [{name: b, url: \"https://b/\"}]\n" + one(""): "keep one of the two",
	"indexes: []\n" + one(""):                                                             "the list is empty",
	"indexes: [{url: \"https://a/\"}]\n" + one(""):                                        "indexes[0].name: the key is missing",
	"indexes: [{name: A_b, url: \"https://a/\"}]\n" + one(""):                             "is not a name for an index",
	"indexes: [{name: a, url: \"https://a/\", packages: []}]\n" + one(""):                 "the list is empty",
	"indexes: [{name: a, url: \"https://a/\", packages: [\"a[b]\"]}]\n" + one(""):         "is not a pattern",
	"indexes: [{name: a, url: \"https://a/\", upload_times: no}]\n" + one(""):             "write one of required, ignore",
	"indexes: [{name: a, url: \"https://a/\", password: x}]\n" + one(""):                  "did you mean password_file?",
	"indexes: [{name: a, url: \"https://a/\", password_file: x}]\n" + one(""):             "a password needs a username",
	"indexes: [{name: a, url: \"https://a/\", concurrency: 3}]\n" + one(""):               "indexes[0].concurrency: unknown key",
	"enforce: {minimum_release_age: 3}\n" + one(""):                                       "write days or hours",
	"enforce: {minimum_role: guest}\n" + one(""):                                          "write one of none, planner",
	"enforce: {indexes: []}\n" + one(""):                                                  "the list is empty",
	"enforce: {indexes: [pypi.org]}\n" + one(""):                                          "starts with https://",
	"enforce: {window: \"* * * * *\"}\n" + one(""):                                        "enforce.window: unknown key",
	"enforce:\n" + one(""):                                                                "enforce: the key has no value",
	one("mode: on"):                                                                       "write one of full, dashboard, off",
	one("mode: ful"):                                                                      "did you mean full?",
	one("selections: {minimum_role: admin}"):                                              "write one of none, planner",
	one("selections: developer"):                                                          "with the keys minimum_role",
	one("dashboard: {title: \"\"}"):                                                       "the text is empty",
	one("dashboard: {title: " + strings.Repeat("x", 256) + "}"):                           "255 characters",
	one("labels: dependencies"):                                                           "is not a list",
	one("labels: [\"a,b\"]"):                                                              "comma",
	one("labels: [a, a]"):                                                                 `"a" is in the list already`,
	one("minimum_release_age: 3"):                                                         "write days or hours such as 3d or 12h, or 0",
	one("minimum_release_age: 3 days"):                                                    "write days or hours",
	one("minimum_release_age: -1d"):                                                       "write days or hours",
	one("max_open_merge_requests: -1"):                                                    "a whole number from 0",
	one("max_open_merge_requests: 1.5"):                                                   "a whole number from 0",
	one("branch_prefix: renovate"):                                                        "write renovate/",
	one("branch_prefix: \"\""):                                                            "the text is empty",
	one("branch_prefix: /"):                                                               "cannot start a branch's name",
	one("branch_prefix: a..b/"):                                                           "cannot start a branch's name",
	one("branch_prefix: a//"):                                                             "cannot start a branch's name",
	one("branch_prefix: -a/"):                                                             "cannot start a branch's name",
	one("branch_prefix: .a/"):                                                             "cannot start a branch's name",
	one("branch_prefix: a.lock/"):                                                         "cannot start a branch's name",
	one("branch_prefix: \"a b/\""):                                                        "cannot start a branch's name",
	one("python: 3.12"):                                                                   `3.12 is not a text to YAML: write "3.12", with the quotes`,
	one("python: [3.10]"):                                                                 `3.10 is not a text to YAML: write "3.10", with the quotes`,
	one("python: \"3.12\""):                                                               `write ["3.12"]`,
	one("python: []"):                                                                     "the list is empty",
	one("python: [\"3\"]"):                                                                "is not a minor version",
	one("python: [\"3.12.1\"]"):                                                           "is not a minor version",
	one("python: \">=3.9.1\""):                                                            "is not a range of minor versions",
	one("python: \">=3.9,\""):                                                             "is not a range of minor versions",
	one("python: \"3.9 - 3.12\""):                                                         "is not a range of minor versions",
	one("platforms: []"):                                                                  "the list is empty",
	one("platforms: [linux/amd64]"):                                                       "write one of linux/x86_64",
	one("files: []"):                                                                      "the list is empty",
	one("files: [constraints.txt]"):                                                       "is not a mapping",
	one("files: [{derived: {path: a}}]"):                                                  "files[0].path: the key is missing",
	one("files: [{path: a, derived: {format: block}}]"):                                   "derived.path: the key is missing",
	one("files: [{path: a, derived: {path: b, format: yaml}}]"):                           "write one of block, list, map",
	one("files: [{path: a, derived: {path: b, key: []}}]"):                                "the list is empty",
	one("files: [{path: a, derived: {path: b, key: variables}}]"):                         "is not a list",
	one("files: [{path: /a}]"):                                                            "is not a path inside the repository",
	one("files: [{path: ../a}]"):                                                          "is not a path inside the repository",
	one("files: [{path: a/../b}]"):                                                        "is not a path inside the repository",
	one("files: [{path: ./a}]"):                                                           "is not a path inside the repository",
	one("files: [{path: a/}]"):                                                            "is not a path inside the repository",
	one("files: [{path: .git/config}]"):                                                   "is not a path inside the repository",
	one("window: []"):                                                                     "the list is empty",
	one("window: weekends"):                                                               "a cron spec has five",
	one("window: [\"* * * *\"]"):                                                          "a cron spec has five",
	one("window: {from: 1}"):                                                              "a mapping is not a text",
	one("timezone: 5"):                                                                    "is not a text to YAML",
	one("extras: \"a[b]\""):                                                               "is not a list",
	one("extras: [a]"):                                                                    "projects[0].extras[0]: \"a\" is not a project with extras: write one such as",
	one("extras: [\"a[b]==1\"]"):                                                          "is not a project with extras",
	one("extras: [\"a[b]; python_version<'3'\"]"):                                         "is not a project with extras",
	one("extras: [\"a[]\"]"):                                                              "is not a project with extras",
	one("extras: [\"[b]\"]"):                                                              "is not a project with extras",
	one("extras: [{a: [b]}]"):                                                             "a mapping is not a text",
	one("extras: [\"a[b]\", \"a[b]\"]"):                                                   "a[b] is in the list already",
	one("roots: requests"):                                                                "is not a list",
	one("roots: [5]"):                                                                     "is not a text to YAML",
	one("roots: [[a]]"):                                                                   "a list is not a root: write a requirement such as",
	one("roots: [\"-r requirements.txt\"]"):                                               "is not a requirement: write one such as",
	one("roots: [\"a @ https://x/a.whl\"]"):                                               "is a URL, which no index knows",
	one("roots: [a, a]"):                                                                  "roots[1]: this root is in the list already, at line 1",
	one("roots: [{}]"):                                                                    "roots[0].project: the key is missing",
	one("roots: [{project: g/p}, {project: g/p}]"):                                        "this root is in the list already",
	one("roots: [{project: p}]"):                                                          "group/project",
	one("roots: [{project: g/p, branch: main}]"):                                          "unknown key: known here are project, ref, file, extras",
	one("roots: [{project: g/p, ref: \"\"}]"):                                             "the text is empty",
	one("roots: [{project: g/p, ref: \"a b\"}]"):                                          "is not the name of a branch",
	one("roots: [{project: g/p, ref: -a}]"):                                               "is not the name of a branch",
	one("roots: [{project: g/p, ref: a..b}]"):                                             "is not the name of a branch",
	one("roots: [{project: g/p, file: setup.py}]"):                                        "cannot be read without running it",
	one("roots: [{project: g/p, file: /pyproject.toml}]"):                                 "is not a path inside the repository",
	one("roots: [{project: g/p, extras: [a, a]}]"):                                        "is in the list already",
	one("roots: [{project: g/p, extras: [\"a[b]\"]}]"):                                    "is not a name",
	one("ignore_edges: [{from: a, to: b}]"):                                               "ignore_edges[0].reason: the key is missing",
	one("ignore_edges: [{from: a, reason: r}]"):                                           "ignore_edges[0].to: the key is missing",
	one("ignore_edges: [{to: a, reason: r}]"):                                             "ignore_edges[0].from: the key is missing",
	one("ignore_edges: [{from: a b, to: c, reason: r}]"):                                  "is not a name",
	one("ignore_edges: [{from: a, to: c, reason: \"\"}]"):                                 "the text is empty",
	one("ignore_edges: [{from: a, to: c, reason: r, versions: 2}]"):                       "is not a text to YAML",
	one("ignore_edges: [{from: a, to: c, reason: r, versions: \"2\"}]"):                   "does not say which versions",
	one("ignore_edges: [{from: a, to: c, reason: r, version: \"<2\"}]"):                   "did you mean versions?",
	one("ignore_edges: [a]"):                                                              "is not a mapping",
	one("unverified: ofer"):                                                               "did you mean offer?",
	one("unverified: true"):                                                               "write one of offer, hold",
}

// beyond is what the schema cannot see and the loader refuses.
var beyond = map[string]string{
	"enforce: {minimum_release_age: 7d}\n" + one("minimum_release_age: 6d"):                                                       "projects[0].minimum_release_age: 6d is less than the 7d that enforce asks for",
	"enforce: {minimum_release_age: 1h}\n" + one("minimum_release_age: 0"):                                                        "0 is less than the 1h that enforce asks for",
	one("minimum_release_age: 6d") + "\nenforce: {minimum_release_age: 7d}":                                                       "projects[0].minimum_release_age: 6d is less",
	"enforce: {minimum_release_age: 7d}\ndefaults: {minimum_release_age: 6d}\n" + one(""):                                         "defaults.minimum_release_age: 6d is less",
	"enforce: {minimum_role: developer}\n" + one("selections: {minimum_role: none}"):                                              "projects[0].selections.minimum_role: none is less than the developer",
	"enforce: {indexes: [\"https://pypi.example.com\"]}\n" + one(""):                                                              "index pypi is at none of the addresses",
	"enforce: {indexes: [\"https://pypi.org\"]}\nindex: {url: \"https://pypi.org.example.com/simple/\"}\n" + one(""):              "index index is at none of the addresses",
	"enforce: {indexes: [\"https://pypi.org/simple\"]}\nindexes: [{name: a, url: \"https://pypi.org/simple/../x/\"}]\n" + one(""): "index a is at none of the addresses",
	"schedule: 0 3 * * 7\n" + one(""):                                                                      "write 0 or SUN",
	"schedule: 0 3 * * 5-7\n" + one(""):                                                                    "write 0 or SUN",
	"schedule: 0 99 * * *\n" + one(""):                                                                     "is not a schedule",
	"gitlab: {url: http://10.0.0.1}\n" + one(""):                                                           "http sends everything unencrypted",
	"gitlab: {url: http://localhost.example.com}\n" + one(""):                                              "http sends everything unencrypted",
	"index: {url: http://index.example.com}\n" + one(""):                                                   "index.url: http sends",
	"indexes: [{name: a, url: \"https://a/\"}, {name: b, url: \"https://b/\"}]\n" + one(""):                "move that one to the end",
	"indexes: [{name: a, url: \"https://a/\", packages: [a]}, {name: a, url: \"https://b/\"}]\n" + one(""): "give this one another name",
	"projects: [{path: g/p}, {path: g/P}]":                                                                 "is a project of this file already",
	one("window: \"* * * * SAT\""):                                                                         "a window needs a time zone",
	one("window: \"* 99 * * SAT\", timezone: UTC"):                                                         "the weekend is",
	one("timezone: Local"):                                                                                 "is not a time zone",
	one("timezone: Prague"):                                                                                "is not a time zone",
	one("python: \">=3.99\""):                                                                              "no released Python",
	one("python: \">=3.9.*\""):                                                                             "is not a range",
	one("python: \"~=3\""):                                                                                 "is not a range",
	one("files: [{path: a}, {path: a}]"):                                                                   "is a file of this project already",
	one("files: [{path: a, derived: {path: a}}]"):                                                          "is a file of this project already",
	one("files: [{path: a, derived: {path: b}}, {path: c, derived: {path: b}}]"):                           "is a file of this project already",
	one("extras: [\"a[b]\", \"A[B]\"]"):                                                                    "a[b] is in the list already",
	one("extras: [\"a[b,]\"]"):                                                                             "is not a project with extras",
	one("roots: [\"requests=2\"]"):                                                                         "is not a requirement",
	one("roots: [{project: g/p}, {project: G/p}]"):                                                         "this root is in the list already",
	one("roots: [{project: g/p, extras: [a]}, {project: g/p, extras: [b]}]"):                               "this root is in the list already",
	one("ignore_edges: [{from: a, to: b, reason: r}, {from: A, to: b, reason: s}]"):                        "a to b is in the list already, at line 1",
	one("ignore_edges: [{from: a, to: c, reason: r, versions: \"<x\"}]"):                                   "does not say which versions",
	"store: a\nstore: b\n" + one(""):                                                                       "store: the key is there already, at line 1",
	"a: &a {path: g/p}\nprojects: [{<<: *a}]":                                                              "unknown key",
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is what an editor hands to the schema.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Load([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAndLoaderAgree(t *testing.T) {
	s := compiled(t)
	for _, text := range valid {
		if _, err := Parse("c", []byte(text)); err != nil {
			t.Errorf("the loader refuses %s\n%v", text, err)
		}
		if err := s.Validate(asJSON(t, text)); err != nil {
			t.Errorf("the schema refuses %s\n%v", text, err)
		}
	}
	for text, want := range invalid {
		if _, err := Parse("c", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the loader says of %s\n%v\nwant %q", text, err, want)
		}
		if s.Validate(asJSON(t, text)) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
	for text, want := range beyond {
		if _, err := Parse("c", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the loader says of %s\n%v\nwant %q", text, err, want)
		}
	}
}

// node is the part of a JSON Schema that the tests read.
type node struct {
	Ref         string `json:"$ref"`
	Properties  map[string]*node
	Items       *node
	OneOf       []*node
	Default     json.RawMessage
	Description string
	Defs        map[string]*node `json:"$defs"`
}

// schemaKeys maps every key to its node: "projects[].files[].path".
func schemaKeys(t *testing.T) map[string]*node {
	t.Helper()
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	out := map[string]*node{}
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		if n.Ref != "" {
			n = root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
		}
		if at != "" && !strings.HasSuffix(at, "[]") {
			out[at] = n
		}
		for key, p := range n.Properties {
			walk(p, below(at, key))
		}
		if n.Items != nil {
			walk(n.Items, at+"[]")
		}
		for _, o := range n.OneOf {
			for key, p := range o.Properties {
				walk(p, below(at, key))
			}
		}
	}
	walk(&root, "")
	for key := range out {
		if out[key].Description == "" && !strings.HasSuffix(key, "[]") {
			t.Errorf("%s has no description", key)
		}
	}
	return out
}

func TestSchemaHasTheKeysOfTheLoader(t *testing.T) {
	r := &reader{path: "c", keys: map[string][]string{}}
	const every = "enforce: {}\ndefaults: {files: [{path: a, derived: {path: b}}], selections: {}, dashboard: {}, roots: [{project: g/p}], ignore_edges: [{}]}\n" + full
	text := strings.Replace(every, "defaults: {labels", "projectz: {labels", 1)
	r.config(r.document([]byte(text)))
	var got []string
	for section, keys := range r.keys {
		for _, k := range keys {
			got = append(got, below(section, k))
		}
	}
	want := slices.Collect(maps.Keys(schemaKeys(t)))
	want = slices.DeleteFunc(want, func(k string) bool { return element.MatchString(k) })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the loader has\n%s\nthe schema has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func yamlValue(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Load([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// TestSchemaDefaultsAreTheLoaders writes every default down and compares.
func TestSchemaDefaultsAreTheLoaders(t *testing.T) {
	keys := schemaKeys(t)
	text := map[string]any{}
	project := map[string]any{"path": "g/p"}
	text["projects"] = []any{project}
	put := func(m map[string]any, key string, v any) {
		for {
			head, rest, more := strings.Cut(key, ".")
			if !more {
				m[key] = v
				return
			}
			if m[head] == nil {
				m[head] = map[string]any{}
			}
			m, key = m[head].(map[string]any), rest
		}
	}
	for key, n := range keys {
		rest, ofProject := strings.CutPrefix(key, "projects[].")
		if n.Default == nil || strings.Contains(rest, "[]") || strings.HasPrefix(key, "defaults.") ||
			strings.HasPrefix(key, "index.") && key != "index.concurrency" {
			continue
		}
		if ofProject {
			put(project, rest, yamlValue(t, string(n.Default)))
		} else {
			put(text, key, yamlValue(t, string(n.Default)))
		}
	}
	data, err := yaml.Dump(text)
	if err != nil {
		t.Fatal(err)
	}
	written := parsed(t, string(data))
	silent := parsed(t, "projects: [{path: g/p}]")
	if !reflect.DeepEqual(written, silent) {
		t.Errorf("with the schema's defaults\n%+v\nwith none\n%+v\n%s", *written, *silent, data)
	}
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

func TestTheTableIsComplete(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "config.md"))
	if err != nil {
		t.Fatal(err)
	}
	keys := schemaKeys(t)
	maps.DeleteFunc(keys, func(k string, _ *node) bool { return strings.HasPrefix(k, "defaults.") })
	seen := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(data), -1) {
		key, value := m[1], strings.Trim(m[3], " ")
		n := keys[key]
		if n == nil || seen[key] {
			t.Errorf("docs/config.md has %s, which is not a key or is there twice", key)
			continue
		}
		seen[key] = true
		text, quoted := strings.CutPrefix(value, "`")
		switch {
		case quoted != (n.Default != nil):
			t.Errorf("%s: docs/config.md says %s, the schema's default is %s", key, value, n.Default)
		case quoted:
			got, want := yamlValue(t, strings.TrimSuffix(text, "`")), yamlValue(t, string(n.Default))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: docs/config.md has the default %v, the schema %v", key, got, want)
			}
		}
	}
	for key := range keys {
		if !seen[key] {
			t.Errorf("docs/config.md lacks %s", key)
		}
	}
	for i, block := range strings.Split(string(data), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if _, err := Parse(fmt.Sprint("example ", i+1), []byte(text)); err != nil {
			t.Errorf("an example of docs/config.md is refused: %v", err)
		}
	}
}
