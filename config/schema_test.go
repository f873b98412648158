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

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
)

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
	var got []string
	for section, fields := range sectionsOf(t) {
		for _, f := range fields {
			got = append(got, below(section, f.key))
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
		if n.Default == nil || strings.Contains(rest, "[]") || strings.HasPrefix(key, "defaults.") || strings.HasPrefix(key, "discover.") ||
			strings.HasPrefix(key, "index.") && key != "index.concurrency" {
			continue
		}
		if ofProject {
			put(project, rest, yamlValue(t, string(n.Default)))
		} else {
			put(text, key, yamlValue(t, string(n.Default)))
		}
	}
	put(text, "software.deploy.sets.project", "g/sets") // which has no default, and no mapping around it is without it
	data, err := yaml.Dump(text)
	if err != nil {
		t.Fatal(err)
	}
	written := parsed(t, string(data))
	silent := parsed(t, "projects: [{path: g/p}]\nsoftware: {deploy: {sets: {project: g/sets}}}")
	for _, c := range []*Config{written, silent} {
		c.AtOnceGiven = false
		c.Projects[0].beneath, c.Projects[0].layer, c.Projects[0].text = nil, Layer{}, "" // nodes of the texts
		for i := range c.Indexes {                                                        // where one of them has it
			c.Indexes[i].source, c.Defaults.Indexes[i].Source, c.Projects[0].Policy.Indexes[i].Source = plan.Source{}, plan.Source{}, plan.Source{}
		}
	}
	written.Projects[0].Policy.Sources = silent.Projects[0].Policy.Sources // where keys are that one of them has
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
	own := 0
	for i, block := range strings.Split(string(data), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if strings.HasPrefix(text, "# "+OwnFile+"\n") {
			own++
			if _, keys, err := parsed(t, one("")).Projects[0].Own([]byte(text)); err != nil || len(keys) == 0 {
				t.Errorf("an example of a project's own file is refused: %v", err)
			}
			continue
		}
		if _, err := Parse(fmt.Sprint("example ", i+1), []byte(text)); err != nil {
			t.Errorf("an example of docs/config.md is refused: %v", err)
		}
	}
	if own != 1 {
		t.Errorf("docs/config.md has %d examples of a project's own file", own)
	}
}
