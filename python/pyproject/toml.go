package pyproject

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// maxSigns bounds the keys of a file, since the time to parse grows with the square of the keys of
// a table.
const maxSigns = 20_000

// readTOML reads the [project] table.
// https://packaging.python.org/en/latest/specifications/pyproject-toml/
func readTOML(data []byte) (*source, error) {
	if bytes.Count(data, []byte("=")) > maxSigns {
		return nil, &Error{Reason: "the file holds too many keys", Next: instead}
	}
	var root map[string]any
	if err := toml.Unmarshal(data, &root); err != nil {
		e := &Error{Reason: "it is not TOML: " + strings.TrimPrefix(err.Error(), "toml: "), Next: "correct it"}
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			e.Line, _ = at.Position()
		}
		return nil, e
	}
	project, ok := root["project"].(map[string]any)
	if !ok {
		return nil, noTable(root, data)
	}
	t := table{data: data, values: project}
	dynamic := t.texts("dynamic", t.values)
	s := &source{
		name: t.text("name"), requiresPython: t.text("requires-python"),
		dependencies: t.texts("dependencies", t.values), extras: t.extras(),
	}
	names := func(key string) bool {
		return slices.ContainsFunc(dynamic, func(l line) bool { return l.text == key })
	}
	switch {
	case t.err != nil:
		return nil, t.err
	case names("dependencies"):
		return nil, &Error{Line: keyLine(data, "dynamic"), Reason: "its dependencies are dynamic: only its build computes them", Next: instead}
	case s.name == "" || names("name"):
		return nil, &Error{Line: keyLine(data, "project"), Reason: "its [project] table has no name", Next: "add it, or " + instead}
	}
	s.dynamic = names("optional-dependencies")
	return s, nil
}

func noTable(root map[string]any, data []byte) error {
	tool, _ := root["tool"].(map[string]any)
	if _, ok := tool["poetry"]; ok {
		return &Error{Line: keyLine(data, "tool.poetry"), Reason: "its requirements are in [tool.poetry], which only Poetry reads", Next: instead}
	}
	return &Error{Reason: "it has no [project] table", Next: "name its setup.cfg as the file, or " + instead}
}

// table reads the values of a table and keeps the first error.
type table struct {
	data   []byte
	values map[string]any
	err    error
}

func (t *table) fail(key, what string) {
	if t.err == nil {
		t.err = &Error{Line: keyLine(t.data, key), Reason: fmt.Sprintf("%s is not %s", key, what), Next: "correct it"}
	}
}

func (t *table) text(key string) string {
	v, there := t.values[key]
	s, ok := v.(string)
	if there && !ok {
		t.fail(key, "a text")
	}
	return s
}

func (t *table) texts(key string, values map[string]any) []line {
	v, there := values[key]
	if !there {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.fail(key, "a list of texts")
		return nil
	}
	var out []line
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			t.fail(key, "a list of texts")
			return nil
		}
		out = append(out, line{s, textLine(t.data, s)})
	}
	return out
}

// extras reads optional-dependencies. Two that are spellings of one name are
// refused, as PEP 685 says.
func (t *table) extras() map[string][]line {
	const key = "optional-dependencies"
	v, there := t.values[key]
	values, ok := v.(map[string]any)
	if there && !ok {
		t.fail(key, "a table")
	}
	out := make(map[string][]line, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		normal := pep508.NormalizeName(name)
		if _, twice := out[normal]; twice || !pep508.ValidName(name) {
			t.fail(key, "a table of different names of extras")
		}
		out[normal] = t.texts(name, values)
	}
	return out
}

// keyLine returns the line on which a key or a table of that name begins, and
// 0 if that is not clear.
func keyLine(data []byte, key string) int {
	at := regexp.MustCompile(`(?m)^[ \t]*\[?[ \t]*"?`+regexp.QuoteMeta(key)+`"?[ \t]*[]=.]`).FindAllIndex(data, 2)
	if len(at) == 0 || len(at) > 1 && key != "tool.poetry" {
		return 0
	}
	return 1 + bytes.Count(data[:at[0][0]], []byte("\n"))
}

// textLine returns the line on which a text stands in quotes, and 0 if that is
// not clear.
func textLine(data []byte, text string) int {
	found := -1
	for _, quote := range []string{`"`, `'`} {
		quoted := []byte(quote + text + quote)
		i := bytes.Index(data, quoted)
		if i < 0 {
			continue
		}
		if found >= 0 || bytes.Contains(data[i+len(quoted):], quoted) {
			return 0
		}
		found = i
	}
	if found < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:found], []byte("\n"))
}
