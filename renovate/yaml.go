package renovate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
)

// fields are keys with values in an order: a mapping of YAML.
type fields []field

type field struct {
	key string
	is  any // a text, a number, yes or no, a list of texts, fields, or a list of fields
}

func (f fields) get(key string) (any, bool) {
	for _, one := range f {
		if one.key == key {
			return one.is, true
		}
	}
	return nil, false
}

// plainText matches texts that YAML reads as the same text without quotes, in any place.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ._/()+-]*$`)

// notTexts are words that some YAML parser reads as something else.
var notTexts = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

// flow writes a value on one line, as YAML.
func flow(v any) string {
	switch v := v.(type) {
	case string:
		if plainText.MatchString(v) && !slices.Contains(notTexts, strings.ToLower(v)) && !strings.HasSuffix(v, " ") || ageWritten.MatchString(v) {
			return v
		}
		return quoted(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case []string:
		if len(v) == 1 && strings.Contains(v[0], "* ") { // the specs of a window
			return flow(v[0])
		}
		return "[" + strings.Join(each(v, func(s string) string { return flow(s) }), ", ") + "]"
	case fields:
		var parts []string
		for _, f := range v {
			parts = append(parts, f.key+": "+flow(f.is))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []fields:
		var parts []string
		for _, f := range v {
			parts = append(parts, flow(f))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return ""
	}
}

var ageWritten = regexp.MustCompile(`^(0|\d{1,4}[dh])$`)

// quoted writes a text as JSON does, which YAML reads in the same way.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// fault is what pinwheel's own parser says against keys of a project's own file; empty if it
// accepts them.
func (r *reader) fault(f fields) string {
	if _, ok := f.get("window"); ok {
		f = append(f, field{"timezone", "UTC"})
	} else if rules, ok := f.get("rules"); ok {
		if _, ok := rules.([]fields)[0].get("window"); ok {
			f = append(f, field{"timezone", "UTC"})
		}
	}
	var b strings.Builder
	for _, one := range f {
		fmt.Fprintf(&b, "%s: %s\n", one.key, flow(one.is))
	}
	own := b.String()
	said, known := r.faults[own]
	if !known {
		said = r.against(own)
		r.faults[own] = said
	}
	return said
}

// against is what config says against the text of a project's own file; empty if it accepts it.
func (r *reader) against(own string) string {
	_, _, err := r.beneath.Own([]byte(own))
	if wrong, ok := errors.AsType[config.Errors](err); ok && len(wrong) > 0 {
		return wrong[0].Text
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// order is that of the keys in a project's own file.
var order = []string{
	"mode", "timezone", "window", "refresh", "minimum_release_age", "max_open_merge_requests", "python", "branch_prefix",
	"title", "commit_title", "labels", "draft", "reviewers", "assignees", "code_owners", "dashboard", "merge",
}

// yaml is the project's own file, and for its lines those of the file that was read.
func (p *policy) yaml(from string) (written []byte, lines map[int]int) {
	var b bytes.Buffer
	lines = map[int]int{}
	line := func(of int, format string, args ...any) {
		if of > 0 {
			lines[bytes.Count(b.Bytes(), []byte("\n"))+1] = of
		}
		fmt.Fprintf(&b, format, args...)
	}
	line(0, "# What pinwheel does in this project. Read from %s.\n", from)
	line(0, "# To go on with what Renovate left, name its user: adopt: {authors: [renovate-bot]}\n")
	if form := p.titles.form(); form != "{title}" {
		p.values["title"], p.values["commit_title"] = form, form
	}
	if p.merges {
		merge := fields{{"kinds", []string{"patch", "minor", "calendar", "major"}}}
		if len(p.mergeWindow) > 0 {
			merge = append(merge, field{"window", p.mergeWindow})
		}
		p.values["merge"] = merge
	}
	for _, key := range order {
		if v, ok := p.values[key]; ok {
			line(p.at[key], "%s: %s%s\n", key, flow(v), p.comments[key])
		}
	}
	// What the file ignores overrides its rules.
	if rules := append(slices.Clone(p.rules), p.ignored...); len(rules) > 0 {
		line(rules[0].line, "rules:\n")
		for _, one := range rules {
			if one.comment != "" {
				line(0, "  # %s\n", one.comment)
			}
			line(one.line, "  - %s\n", flow(append(slices.Clone(one.when), one.does...)))
		}
	}
	return b.Bytes(), lines
}
