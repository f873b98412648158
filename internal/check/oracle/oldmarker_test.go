package oracle

import (
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// What changed in markers since 21.3.
const (
	ruleText    rule = "a text is compared as a version"
	ruleOrder   rule = "texts have an order"
	ruleExtra   rule = "an extra is compared as it is spelled"
	ruleNoExtra rule = "a marker for an extra raises where none is asked for"
	rulePlus    rule = "a Python of a checkout has no version"
	ruleEscape  rule = "backslashes in a quoted text"
	ruleNames   rule = "variables that came later"
	ruleNotIn   rule = "one blank in not in"
)

// The names of what an evaluation raises.
const (
	undefinedComparison = "UndefinedComparison"
	undefinedName       = "UndefinedEnvironmentName"
)

// operandText is one side of a comparison: a variable or a literal, which is
// kept as it stands between the quotes.
type operandText struct {
	text  string
	quote string // "" for a variable
}

func (o operandText) String() string { return o.quote + o.text + o.quote }

// value is the literal as 21.3 reads it, or the name of the variable.
func (o operandText) value() string {
	if o.quote == "" {
		return presentName(o.text)
	}
	return strings.NewReplacer(`\t`, "\t", `\n`, "\n", `\f`, "\f", `\r`, "\r").Replace(o.text)
}

func presentName(name string) string {
	switch name {
	case "os.name", "sys.platform", "platform.version", "platform.machine":
		return strings.ReplaceAll(name, ".", "_")
	case "platform.python_implementation", "python_implementation":
		return "platform_python_implementation"
	}
	return name
}

// node is a marker: a comparison, or others joined by "and" or "or".
type node struct {
	left, right operandText
	op          string
	join        string // "and", "or" or "" for a comparison
	parts       []*node
}

// result is an evaluation: "true", "false" or what it raises.
type result struct {
	value string
	why   rule
}

// evalOld evaluates as 21.3 does. A comparison to which no changed rule
// applies is evaluated by our code, by itself.
func (n *node) evalOld(env map[string]string) result {
	if n.join == "" {
		return n.compareOld(env)
	}
	out := result{value: truth(n.join == "and")}
	for _, part := range n.parts {
		r := part.evalOld(env)
		if r.why != unchanged {
			out.why = r.why
		}
		switch {
		case out.value != "true" && out.value != "false":
		case r.value != "true" && r.value != "false":
			out.value = r.value
		case r.value != truth(n.join == "and"):
			out.value = r.value
		}
	}
	return out
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func (n *node) compareOld(env map[string]string) result {
	old, why := n.sidesOld(env)
	now := evalOurs(n.String(), env)
	if old == now {
		return result{value: now}
	}
	return result{value: old, why: why}
}

// sidesOld gives the variable its value: the left side, if it is one.
func (n *node) sidesOld(env map[string]string) (string, rule) {
	left, right := n.left.value(), n.right.value()
	key, side := left, &left
	if n.left.quote != "" {
		key, side = right, &right
	}
	value, ok := env[key]
	if !ok {
		if key == "extra" {
			return undefinedName, ruleNoExtra
		}
		return undefinedName, unchanged
	}
	*side = value
	why := unchanged
	switch {
	case key == "extra":
		why = ruleExtra
	case strings.Contains(n.left.text+n.right.text, `\`):
		why = ruleEscape
	case key == "python_full_version" && strings.HasSuffix(value, "+"):
		why = rulePlus
	}
	got, reason := compareOld(left, n.op, right)
	switch isVersion := versionVariable(key); {
	case why != unchanged:
	case reason == unchanged && !isVersion:
		why = ruleText
	default:
		why = reason
	}
	return got, why
}

func versionVariable(name string) bool {
	return name == "python_version" || name == "python_full_version" || name == "implementation_version" || name == "platform_release"
}

// compareOld matches a specifier where operator and right side make one, which
// is gated; else it compares texts.
func compareOld(left, op, right string) (string, rule) {
	if c, ok := oldSpecifier(op + right); ok {
		holds, why := c.oldMatch(left)
		if holds && isPre(left) && !c.asks() {
			return "false", ruleGate
		}
		return truth(holds), why
	}
	switch op {
	case "in":
		return truth(strings.Contains(right, left)), unchanged
	case "not in":
		return truth(!strings.Contains(right, left)), unchanged
	case "==":
		return truth(left == right), unchanged
	case "!=":
		return truth(left != right), unchanged
	case "<":
		return truth(left < right), ruleOrder
	case "<=":
		return truth(left <= right), ruleOrder
	case ">":
		return truth(left > right), ruleOrder
	case ">=":
		return truth(left >= right), ruleOrder
	}
	return undefinedComparison, unchanged
}

// String writes the marker with the parentheses it needs.
func (n *node) String() string {
	if n.join == "" {
		return n.left.String() + " " + n.op + " " + n.right.String()
	}
	var parts []string
	for _, part := range n.parts {
		text := part.String()
		if part.join != "" && n.join == "and" {
			text = "(" + text + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " "+n.join+" ")
}

// evalOurs is what our code says, in the oracle's words.
func evalOurs(text string, env map[string]string) string {
	m, err := pep508.ParseMarker(text)
	if err != nil {
		return "invalid"
	}
	holds, err := m.Eval(environmentOf(env))
	return outcome(holds, err)
}
