package config

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// inputName is a name as spec:inputs takes it.
// https://docs.gitlab.com/ci/inputs/
var inputName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// onOpen reads what each head of a merge request asks for: a comment, a
// pipeline, or both.
func (r *reader) onOpen(n *yaml.Node, at string) plan.OnOpen {
	var out plan.OnOpen
	r.mapping(n, at, []field{
		{
			key: "comment",
			says: says{"text of one line", "", `{"type":"string","minLength":1,"maxLength":1000,"pattern":"^[^/]"}`,
				"A comment on the merge request, such as the command of a bot"},
			read: func(n *yaml.Node, at string) {
				out.Comment = r.text(n, at)
				switch {
				case strings.HasPrefix(out.Comment, "/"):
					r.fail(n, at, "%q is a quick action, which GitLab would carry out as pinwheel's user: write a comment that starts with another character", out.Comment)
				case len(out.Comment) > 1000:
					r.fail(n, at, "the comment has %d bytes: write at most 1000", len(out.Comment))
				}
			},
		},
		{
			key:  "pipeline",
			says: says{"mapping, empty as `{}`", "", schemaMapping, "A pipeline of the branch, started over the API"},
			read: func(n *yaml.Node, at string) {
				out.Pipeline = true
				r.mapping(n, at, []field{{
					key: "inputs",
					says: says{"mapping", "", `{"type":"object","propertyNames":{"pattern":"^[A-Za-z0-9_-]{1,255}$"},"additionalProperties":{"type":["string","integer","boolean"]}}`,
						"Its inputs, texts, whole numbers or booleans, as `spec:inputs` of the project's CI/CD configuration has " +
							"them"},
					read: func(n *yaml.Node, at string) { out.Inputs = r.inputs(n, at) }}})
			},
		},
	})
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		r.fail(n, at, "it asks for nothing: add comment or pipeline, or remove the line")
	}
	return out
}

// inputs reads the inputs of a pipeline in the order written.
func (r *reader) inputs(n *yaml.Node, at string) []plan.Input {
	var out []plan.Input
	if n.Kind != yaml.MappingNode {
		r.fail(n, at, "%s: write a mapping of inputs to their values", not(n, "a mapping"))
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := target(n.Content[i]), target(n.Content[i+1])
		at := below(at, key.Value)
		if !inputName.MatchString(key.Value) {
			r.fail(key, at, "%q is not the name of an input: write letters, digits, _ and -", key.Value)
			continue
		}
		if seen[key.Value] {
			r.fail(key, at, "the input is there already: keep one of the two")
			continue
		}
		seen[key.Value] = true
		in := plan.Input{Name: key.Value}
		number, err := strconv.Atoi(value.Value)
		switch tag := value.ShortTag(); {
		case tag == "!!str":
			in.Value = value.Value
		case tag == "!!bool":
			in.Value = r.boolean(value, at)
		case tag == "!!int" && err == nil:
			in.Value = number
		default:
			r.fail(value, at, "%s: write a text, a whole number, true or false", not(value, "an input's value"))
		}
		out = append(out, in)
	}
	return out
}
