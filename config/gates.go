package config

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads gates and the pipelines that they name.

// What a gate has where nothing is written.
const (
	gateTimeout = 6 * time.Hour
	gateRetries = 1
)

// Values of a gate's keys.
const (
	schemaTimeout    = `{"type":"string","pattern":"^[1-9][0-9]{0,3}[mhd]$"}`
	schemaRefName    = `{"type":"string","minLength":1,"maxLength":255,"pattern":"^[^\\s~^:?*\\[\\\\{}]+$","not":{"pattern":"^[-/]|\\.\\.|//|@\\{|(^|/)\\.|\\.lock(/|$)|\\.(/|$)|/$|^refs/|^[0-9a-fA-F]{40}$"}}`
	schemaTemplate   = `{"type":"string"}`
	schemaGateInputs = `{"type":"object","propertyNames":{"pattern":"^[A-Za-z0-9_-]{1,255}$","not":{"const":"operation_id"}},"additionalProperties":{"type":["string","integer","boolean"]}}`
	schemaGateVars   = `{"type":"object","propertyNames":{"pattern":"^[A-Za-z_][A-Za-z0-9_]{0,254}$","not":{"const":"PINWHEEL_OPERATION"}},"additionalProperties":` + schemaTemplate + `}`
	schemaVarNames   = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_]{0,254}$"}}`
	schemaGateName   = `{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9._-]{0,58}[A-Za-z0-9])?$"}`
	schemaGateNames  = `{"type":"array","minItems":1,"uniqueItems":true,"items":` + schemaGateName + `}`
)

var (
	gateName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,58}[A-Za-z0-9])?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)
	timeoutText  = regexp.MustCompile(`^([1-9][0-9]{0,3})([mhd])$`)
	fullSHA      = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
)

// givenGate is a gate as it was written, for what enforce and an operator say of it.
type givenGate struct {
	node *yaml.Node
	at   string
	gate plan.Gate
}

// gates reads a list of gates, each with a name of its own.
func (r *reader) gates(n *yaml.Node, at string, l *Layer) []plan.Gate {
	var out []plan.Gate
	r.list(n, at, 0, func(n *yaml.Node, at string) {
		g := r.gate(n, at)
		if slices.ContainsFunc(out, func(o plan.Gate) bool { return g.Name != "" && o.Name == g.Name }) {
			r.fail(n, below(at, "name"), "there is a gate %q already: give it another name", g.Name)
		}
		out = append(out, g)
		l.gates = append(l.gates, givenGate{n, at, g})
	})
	return out
}

func (r *reader) gate(n *yaml.Node, at string) plan.Gate {
	g := plan.Gate{At: fmt.Sprintf("%s:%d", r.short, n.Line), Timeout: gateTimeout, Retries: gateRetries}
	fields := []field{{
		key: "name", required: true, example: "integration",
		says: says{"text", "", schemaGateName, "What it is called, on the dashboard and as the commit status `pinwheel/NAME`"},
		read: func(n *yaml.Node, at string) {
			if g.Name = r.text(n, at); g.Name != "" && !gateName.MatchString(g.Name) {
				r.fail(n, at, "%q is not the name of a gate: write up to 60 letters, digits, ., _ and -", g.Name)
			}
		},
	}}
	fields = append(fields, r.pipeline(&g.Pipeline)...)
	fields = append(fields,
		field{
			key:  "baseline",
			says: says{"boolean", "false", schemaBoolean, "The same pipeline runs once for the commit that an update stands on, and a job that fails there, too, does not count"},
			read: func(n *yaml.Node, at string) { g.Baseline = r.boolean(n, at) },
		},
		field{
			key:  "required",
			says: says{"boolean", "false", schemaBoolean, "A merge request is a draft until the status of the gate is on its head, and pinwheel does not merge it before the gate has passed"},
			read: func(n *yaml.Node, at string) { g.Required = r.boolean(n, at) },
		},
		field{
			key:  "timeout",
			says: says{"`30m`, `6h` or `2d`", "6h", schemaTimeout, "How long its pipeline may take from its start, from `10m` to `7d`"},
			read: func(n *yaml.Node, at string) { g.Timeout = r.timeout(n, at) },
		},
		field{
			key:  "retries",
			says: says{"number, 0 to 3", "1", `{"type":"integer","minimum":0,"maximum":3}`, "How often a failed job is run again before it counts. Jobs that are manual, have an environment or start other pipelines are never run again"},
			read: func(n *yaml.Node, at string) { g.Retries = r.number(n, at, 0, 3) },
		})
	r.mapping(n, at, fields)
	return g
}

// pipeline are the keys that describe a pipeline, the same wherever one is started.
func (r *reader) pipeline(p *plan.PipelineSpec) []field {
	return []field{
		{
			key: "project", required: true, example: "group/tests",
			says: says{"text", "", schemaProject, "The project in which its pipeline runs"},
			read: func(n *yaml.Node, at string) { p.Project = r.projectPath(n, at) },
		},
		{
			key: "ref", required: true, example: "main",
			says: says{"name of a branch or tag", "", schemaRefName, "The branch or tag on which its pipeline runs; never the default branch of the project itself"},
			read: func(n *yaml.Node, at string) { p.Ref = r.refName(n, at) },
		},
		{
			key: "inputs",
			says: says{"mapping", "", schemaGateInputs, "Its inputs, texts with `{sha}`, `{branch}`, `{mr}`, `{clone_url}`, `{project}` and `{packages}`, whole numbers or " +
				"booleans; `operation_id` is pinwheel's"},
			read: func(n *yaml.Node, at string) {
				p.Inputs = r.inputs(n, at)
				for i, in := range p.Inputs {
					value := target(n.Content[2*i+1])
					if in.Name == plan.OperationInput {
						r.fail(value, below(at, in.Name), "this input carries pinwheel's operation: use another name")
					}
					if text, ok := in.Value.(string); ok {
						r.template(value, below(at, in.Name), text)
					}
				}
			},
		},
		{
			key:  "variables",
			says: says{"mapping", "", schemaGateVars, "Its variables, texts in the same form, where the project lets pinwheel's user set any; `PINWHEEL_OPERATION` is pinwheel's"},
			read: func(n *yaml.Node, at string) { p.Variables = r.variables(n, at) },
		},
		{
			key:  "like",
			says: says{"mapping", "", schemaMapping, "An earlier pipeline of that project, whose variables it takes over"},
			read: func(n *yaml.Node, at string) { p.Like = r.like(n, at) },
		},
	}
}

func (r *reader) like(n *yaml.Node, at string) plan.Like {
	var out plan.Like
	r.mapping(n, at, []field{
		{
			key: "ref", required: true, example: "main",
			says: says{"name of a branch or tag", "", schemaRefName, "The branch or tag on which that pipeline ran"},
			read: func(n *yaml.Node, at string) { out.Ref = r.refName(n, at) },
		},
		{
			key:  "newest",
			says: says{"`success`", "success", `{"const":"success"}`, "Which pipeline that is: the newest one that passed"},
			read: func(n *yaml.Node, at string) { r.choice(n, at, "success") },
		},
		{
			key:  "drop",
			says: says{"list of names", "", schemaVarNames, "Variables that are not taken over"},
			read: func(n *yaml.Node, at string) {
				out.Drop = r.texts(n, at, 1, func(n *yaml.Node, at, text string) { r.variableName(n, at, text) })
			},
		},
	})
	return out
}

// variables reads the variables of a pipeline in the order written.
func (r *reader) variables(n *yaml.Node, at string) []plan.Variable {
	var out []plan.Variable
	if n.Kind != yaml.MappingNode {
		r.fail(n, at, "%s: write a mapping of variables to their values", not(n, "a mapping"))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := target(n.Content[i]), target(n.Content[i+1])
		at := below(at, key.Value)
		switch {
		case slices.ContainsFunc(out, func(v plan.Variable) bool { return v.Name == key.Value }):
			r.fail(key, at, "the variable is there already: keep one of the two")
		case key.Value == plan.OperationVariable:
			r.fail(key, at, "this variable carries pinwheel's operation: use another name")
		case !r.variableName(key, at, key.Value):
		case value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str":
			r.fail(value, at, "%s: write a text, in quotes where YAML reads something else", not(value, "a variable's value"))
		default:
			r.template(value, at, value.Value)
			out = append(out, plan.Variable{Name: key.Value, Value: value.Value})
		}
	}
	return out
}

func (r *reader) variableName(n *yaml.Node, at, text string) bool {
	ok := variableName.MatchString(text)
	if !ok {
		r.fail(n, at, "%q is not the name of a variable: write letters, digits and _", text)
	}
	return ok
}

// template checks the words of a text.
func (r *reader) template(n *yaml.Node, at, text string) {
	if err := plan.CheckTemplate(text); err != nil {
		r.fail(n, at, "%v", err)
	}
}

// refName reads the name of a branch or a tag, by git check-ref-format's rules.
// https://git-scm.com/docs/git-check-ref-format
func (r *reader) refName(n *yaml.Node, at string) string {
	text := r.text(n, at)
	bad := strings.ContainsAny(text, " \t~^:?*[\\{}") || strings.Contains(text, "..") || strings.HasPrefix(text, "-") || len(text) > 255
	for part := range strings.SplitSeq(text, "/") {
		bad = bad || part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") || strings.HasSuffix(part, ".")
	}
	switch {
	case text == "":
	case strings.HasPrefix(text, "refs/"), fullSHA.MatchString(text), bad:
		r.fail(n, at, "%q is not the name of a branch or a tag: write one such as main, without refs/", text)
	}
	return text
}

// The bounds of a timeout.
const (
	leastTimeout = 10 * time.Minute
	mostTimeout  = 7 * 24 * time.Hour
)

func (r *reader) timeout(n *yaml.Node, at string) time.Duration {
	m := timeoutText.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || m == nil {
		r.fail(n, at, "%s: write minutes, hours or days such as 30m, 6h or 2d", not(n, "a timeout"))
		return gateTimeout
	}
	count, _ := strconv.Atoi(m[1]) // at most four digits
	out := time.Duration(count) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	if out < leastTimeout || out > mostTimeout {
		r.fail(n, at, "%s is out of range: write one from 10m to 7d", n.Value)
	}
	return out
}

// gateFloor is what enforce says of gates. The zero value says nothing.
type gateFloor struct {
	require    []string // names that every project has as a required gate
	requireAt  *yaml.Node
	projects   []string // globs of the projects in which gates may run
	projectsAt *yaml.Node
	short      string
}

func (r *reader) gateFloor(n *yaml.Node, at string) gateFloor {
	f := gateFloor{short: r.short}
	r.mapping(n, at, []field{
		{
			key:  "require",
			says: says{"list of names", "", schemaGateNames, "Gates that every project has to have, as required ones"},
			read: func(n *yaml.Node, at string) {
				f.requireAt = n
				f.require = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if !gateName.MatchString(text) {
						r.fail(n, at, "%q is not the name of a gate: write up to 60 letters, digits, ., _ and -", text)
					}
				})
			},
		},
		{
			key:  "projects",
			says: says{"list of globs", "", `{"type":"array","uniqueItems":true,"items":{"type":"string","minLength":1,"maxLength":255}}`, "The projects in which gates may run pipelines, `[group/*]`; `[]` allows none"},
			read: func(n *yaml.Node, at string) {
				f.projectsAt = n
				f.projects = r.texts(n, at, 0, func(n *yaml.Node, at, text string) {
					if _, err := path.Match(text, ""); err != nil {
						r.fail(n, at, "%q is not a pattern of paths: write group/tests or group/*", text)
					}
				})
			},
		},
	})
	return f
}

// forbids reports every gate of a layer that runs in a project where enforce permits none.
func (r *reader) forbids(l Layer, f gateFloor) {
	if f.projectsAt == nil {
		return
	}
	for _, g := range l.gates {
		if g.gate.Pipeline.Project == "" || slices.ContainsFunc(f.projects, func(glob string) bool {
			ok, _ := path.Match(strings.ToLower(glob), strings.ToLower(g.gate.Pipeline.Project))
			return ok
		}) {
			continue
		}
		r.fail(g.node, below(g.at, "project"), "%s is none of the projects in which enforce lets gates run (%s:%d): name one of those, or remove the gate", g.gate.Pipeline.Project, f.short, f.projectsAt.Line)
	}
}

// requires reports the gates that enforce asks for and a project lacks.
func (r *reader) requires(n *yaml.Node, at string, p project, f gateFloor) {
	for _, name := range f.require {
		has := slices.ContainsFunc(p.policy.Gates, func(g plan.Gate) bool { return g.Name == name && g.Required })
		softened := slices.ContainsFunc(p.policy.Rules, func(rule plan.Rule) bool {
			return slices.ContainsFunc(rule.Gates, func(g plan.Gate) bool { return g.Name == name && !g.Required })
		})
		if !has || softened {
			r.fail(n, below(at, "gates"), "enforce asks for a required gate %s (%s:%d): add it, with required: true", name, f.short, f.requireAt.Line)
		}
	}
}

// sameGate reports whether two gates are the same wherever they are written.
func sameGate(a, b plan.Gate) bool {
	a.At, b.At = "", ""
	return reflect.DeepEqual(a, b)
}

// operatorsGates refuses keys of gates that only the operator may set: in which other project
// a pipeline is started with pinwheel's rights, and with which inputs and variables.
func (r *reader) operatorsGates(own Layer, p Project) {
	under := slices.Clone(p.beneath.project.policy.Gates)
	for _, rule := range p.beneath.project.policy.Rules {
		under = append(under, rule.Gates...)
	}
	for _, g := range own.gates {
		elsewhere := !strings.EqualFold(g.gate.Pipeline.Project, p.Path)
		written := slices.ContainsFunc(under, func(o plan.Gate) bool { return reflect.DeepEqual(o.Pipeline, g.gate.Pipeline) })
		if elsewhere && !written {
			r.fail(g.node, g.at, "pipelines of another project are started with pinwheel's rights, so only its operator may describe one: write what the operator wrote, or remove the gate")
		}
	}
}

// keepGates puts back gates of the operator's entry.
func keepGates(q *project, entry project, say sayer) {
	for _, g := range entry.policy.Gates {
		at := slices.IndexFunc(q.policy.Gates, func(o plan.Gate) bool { return o.Name == g.Name })
		switch {
		case at >= 0 && sameGate(q.policy.Gates[at], g):
		case !say("gates", keepGate, "leaves out the gate %s of %s", g.Name, g.At):
		case at >= 0:
			q.policy.Gates = slices.Clone(q.policy.Gates)
			q.policy.Gates[at] = g
		default:
			q.policy.Gates = append(slices.Clone(q.policy.Gates), g)
		}
	}
}

// cloneGates gives a policy its own gates.
func cloneGates(all []plan.Gate) []plan.Gate {
	out := slices.Clone(all)
	for i := range out {
		p := &out[i].Pipeline
		p.Inputs, p.Variables, p.Like.Drop = slices.Clone(p.Inputs), slices.Clone(p.Variables), slices.Clone(p.Like.Drop)
	}
	return out
}
