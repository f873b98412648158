package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

var update = flag.Bool("update", false, "write schema.json and the table of docs/config.md")

// every has each mapping of a configuration once.
const every = "enforce: {gates: {}}\ndefaults: {merge: {}, adopt: {}, on_open: {pipeline: {}}, files: [{path: a, derived: {path: b}}], selections: {}, dashboard: {}, roots: [{project: g/p}], ignore_edges: [{}], rules: [{ignore: {}}], freeze: [{}], gates: [{like: {}}]}\n" + full

// sectionsOf are the keys of every mapping, by its path: "projects[].files[]".
func sectionsOf(t *testing.T) map[string][]field {
	t.Helper()
	r := &reader{path: "c", sections: map[string][]field{}}
	r.config(r.document([]byte(strings.Replace(every, "defaults: {labels", "projectz: {labels", 1)), ""))
	if len(r.sections) < 20 {
		t.Fatalf("%d mappings were read", len(r.sections))
	}
	return r.sections
}

// drafter writes what is made of the declarations.
type drafter struct {
	t        *testing.T
	sections map[string][]field
}

// inside is the path of the mapping that stands at a key, itself or as an element.
func (d drafter) inside(at string) (string, bool) {
	for _, path := range []string{at, at + "[]"} {
		if _, ok := d.sections[path]; ok {
			return path, true
		}
	}
	return "", false
}

// object is the inside of an object's schema. What all projects have is referred to.
func (d drafter) object(path string) string {
	var keys, required []string
	either := ""
	for _, f := range d.sections[path] {
		if f.unless != "" {
			either = fmt.Sprintf(`"anyOf": [{"required": [%q]}`, f.key)
			for other := range strings.FieldsSeq(f.unless) {
				either += fmt.Sprintf(`, {"required": [%q]}`, other)
			}
			either += "], "
		} else if f.required {
			required = append(required, fmt.Sprintf("%q", f.key))
		}
		value := d.value(below(path, f.key), f)
		if path == "defaults" || path == "projects[]" && f.key != "path" && !strings.HasPrefix(f.key, "token_") {
			value = fmt.Sprintf(`{"$ref": "#/$defs/%s"}`, f.key)
		}
		keys = append(keys, fmt.Sprintf("%q: %s", f.key, value))
	}
	out := `"type": "object", "additionalProperties": false, `
	if len(required) > 0 {
		out += `"required": [` + strings.Join(required, ", ") + `], `
	}
	return out + either + `"properties": {` + strings.Join(keys, ", ") + `}`
}

// value is the schema of a key's value with its description and default.
func (d drafter) value(at string, f field) string {
	text := f.says.schema
	if path, ok := d.inside(at); ok {
		text = strings.ReplaceAll(text, `"@":""`, d.object(path))
	}
	description, err := json.Marshal(plainly(f.says.text))
	if err != nil {
		d.t.Fatal(err)
	}
	text = `{"description": ` + string(description) + ", " + strings.TrimPrefix(text, "{")
	if f.says.standard != "" {
		standard, err := json.Marshal(yamlValue(d.t, f.says.standard))
		if err != nil {
			d.t.Fatal(err)
		}
		text = strings.TrimSuffix(text, "}") + `, "default": ` + string(standard) + "}"
	}
	return text
}

var link = regexp.MustCompile(`\[([^\]]+)\]\(#[^)]*\)`)

// plainly is a sentence without Markdown.
func plainly(text string) string {
	return strings.ReplaceAll(link.ReplaceAllString(text, "$1"), "`", "") + "."
}

func (d drafter) schema() []byte {
	var defs []string
	for _, f := range d.sections["projects[]"][3:] { // after its path and token
		defs = append(defs, fmt.Sprintf("%q: %s", f.key, d.value("projects[]."+f.key, f)))
	}
	text := `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://gitlab.com/cki-project/pinwheel/config/schema.json",
		"title": "pinwheel configuration", ` + d.object("") + `,
		"dependentSchemas": {"indexes": {"properties": {"index": {"not": {"required": ["url"]}}}}},
		"$defs": {` + strings.Join(defs, ", ") + `}}`
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		d.t.Fatalf("%v in %s", err, text)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// rows are the table, a mapping's keys below it.
func (d drafter) rows(path string) string {
	var out strings.Builder
	for _, f := range d.sections[path] {
		at := below(path, f.key)
		standard := "-"
		switch {
		case f.unless != "":
			standard = "required, or `" + strings.Join(strings.Fields(f.unless), "` or `") + "`"
		case f.required:
			standard = "required"
		case f.says.standard != "":
			standard = "`" + f.says.standard + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", at, f.says.kind, standard, f.says.text)
		if inside, ok := d.inside(at); ok && at != "defaults" {
			out.WriteString(d.rows(inside))
		}
	}
	return out.String()
}

// TestGenerated holds schema.json and the table of docs/config.md to what the keys
// say where they are declared.
func TestGenerated(t *testing.T) {
	d := drafter{t, sectionsOf(t)}
	path := filepath.Join(testenv.Root(t), "docs", "config.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n"
	before, rest, ok := strings.Cut(string(page), head)
	_, after, ended := strings.Cut(rest, "\n\n")
	if !ok || !ended {
		t.Fatal("docs/config.md has no table of keys")
	}
	made := before + head + d.rows("") + "\n" + after
	for _, f := range []struct {
		path      string
		got, want []byte
	}{{"schema.json", Schema(), d.schema()}, {path, page, []byte(made)}} {
		if bytes.Equal(f.got, f.want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the keys say: go generate ./config", filepath.Base(f.path))
			continue
		}
		if err := os.WriteFile(f.path, f.want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
