package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// lastMinor is the newest released Python 3; a range does not reach beyond it.
const lastMinor = 14

var (
	minorText  = regexp.MustCompile(`^3\.(0|[1-9][0-9]?)$`)
	clauseText = regexp.MustCompile(`^(>=|<=|>|<|==|!=|~=)\s*([0-9]{1,2})(?:\.([0-9]{1,2}))?(\.\*)?$`)
)

// pythons reads minor versions, as a list or as a range of released ones. The
// result is ascending.
func (r *reader) pythons(n *yaml.Node, at string) []string {
	if n.Kind != yaml.SequenceNode {
		return r.pythonRange(n, at)
	}
	out := r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
		if !minorText.MatchString(text) {
			r.fail(n, at, "%q is not a minor version of Python 3: write one such as \"3.12\"", text)
		}
	})
	slices.SortFunc(out, func(a, b string) int { return minor(a) - minor(b) })
	return out
}

func minor(text string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(text, "3."))
	return n
}

func (r *reader) pythonRange(n *yaml.Node, at string) []string {
	if n.Kind == yaml.ScalarNode && minorText.MatchString(n.Value) {
		r.fail(n, at, "%q is one version and no range: write [%q]", n.Value, n.Value)
		return nil
	}
	text := r.text(n, at)
	if text == "" {
		return nil
	}
	var clauses []func(int) bool
	for part := range strings.SplitSeq(text, ",") {
		in, ok := clause(strings.TrimSpace(part))
		if !ok {
			r.fail(n, at, "%q is not a range of minor versions: write one such as \">=3.9,<3.13\", or a list such as [\"3.9\", \"3.12\"]", text)
			return nil
		}
		clauses = append(clauses, in)
	}
	var out []string
	for m := 0; m <= lastMinor; m++ {
		if !slices.ContainsFunc(clauses, func(in func(int) bool) bool { return !in(m) }) {
			out = append(out, fmt.Sprintf("3.%d", m))
		}
	}
	if len(out) == 0 {
		r.fail(n, at, "no released Python is in %q: released are 3.0 to 3.%d", text, lastMinor)
	}
	return out
}

// clause reads one comparison of a range as a test of a minor version of
// Python 3. A version without a minor means its .0, as PEP 440 pads it; with
// == and != it means all of them only where it ends in .*.
func clause(text string) (in func(minor int) bool, ok bool) {
	m := clauseText.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	op, star := m[1], m[4] != ""
	major, _ := strconv.Atoi(m[2])
	point, _ := strconv.Atoi(m[3]) // absent is 0
	if star && op != "==" && op != "!=" || op == "~=" && m[3] == "" {
		return nil, false
	}
	at := major*100 + point
	prefix := star && m[3] == ""
	return func(minor int) bool {
		v := 300 + minor
		equal := v == at || prefix && major == 3
		switch op {
		case ">=":
			return v >= at
		case "<=":
			return v <= at
		case ">":
			return v > at
		case "<":
			return v < at
		case "~=":
			return v >= at && major == 3
		case "!=":
			return !equal
		default:
			return equal
		}
	}, true
}
