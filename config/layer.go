package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Layer is a part of a project's policy that comes from one place: some keys, each with its
// value and where it stands. What is built in, defaults, an entry of projects, a project's
// own file and what enforce raises are all layers. The zero value has no keys.
type Layer struct {
	keys []setting // as they stand in the file
	// What enforce looks at, with where it stands: ages of the key and of rules, and
	// the role.
	ages   []givenAge
	roles  []givenRole
	merges []givenMerge
	gates  []givenGate
}

// setting is one key of a layer with a value that was judged.
type setting struct {
	key    string
	value  *yaml.Node
	source plan.Source // zero for what is built in
	set    func(*project)
}

type givenAge struct {
	node *yaml.Node
	at   string
	age  time.Duration
}

// givenMerge is where merging is switched on.
type givenMerge struct {
	node *yaml.Node
	at   string
}

type givenRole struct {
	node *yaml.Node
	at   string
	role plan.Role
	to   roleTo
}

// roleTo is what a role is asked for.
type roleTo int

// What roles are asked for.
const (
	roleToTick roleTo = iota
	roleToRevert
	roleToAnswer
)

// Merge lays layers over each other, the undermost first. Of a key that several
// have, the uppermost counts, and so does its source.
func Merge(layers ...Layer) Layer {
	var out Layer
	for _, l := range layers {
		out.keys = append(out.keys, l.keys...)
		out.ages, out.roles, out.merges = append(out.ages, l.ages...), append(out.roles, l.roles...), append(out.merges, l.merges...)
		out.gates = append(out.gates, l.gates...)
	}
	return out
}

// Source is where a key was set, zero if no layer but what is built in has it.
func (l Layer) Source(key string) plan.Source {
	for _, s := range slices.Backward(l.keys) {
		if s.key == key {
			return s.source
		}
	}
	return plan.Source{}
}

// project is the policy that the layer makes.
func (l Layer) project() project {
	p := project{policy: plan.Policy{Sources: map[string]plan.Source{}}}
	for _, s := range l.keys {
		s.set(&p)
		if s.source != (plan.Source{}) {
			p.policy.Sources[s.key] = s.source
		}
	}
	return p
}

// builtIn is the layer beneath all others: what each key says is its default. A
// window and its zone are not in it, since only what somebody wrote down needs a zone;
// finish has theirs.
func builtIn() Layer {
	var text strings.Builder
	r := &reader{sections: map[string][]field{}}
	for _, k := range projectKeys() {
		if k.name == "window" || k.name == "timezone" {
			continue
		}
		if k.says.standard != "" {
			text.WriteString(k.name + ": " + k.says.standard + "\n")
			continue
		}
		k.read(r, new(Layer), &yaml.Node{Kind: yaml.MappingNode}, k.name) // which keys it has below it
		var below []string
		for _, f := range r.sections[k.name] {
			if f.says.standard != "" {
				below = append(below, f.key+": "+f.says.standard)
			}
		}
		if len(below) > 0 {
			text.WriteString(k.name + ": {" + strings.Join(below, ", ") + "}\n")
		}
	}
	r = &reader{sections: map[string][]field{}}
	l := r.layer(r.document([]byte(text.String()), ""), "")
	for i := range l.keys {
		l.keys[i].source = plan.Source{}
	}
	return Layer{keys: l.keys}
}

// Settings are the keys of a project with their values and where each is set, in the
// order of docs/config.md. A key that nobody set and that has no default is left out. Where
// adopt gives the prefix of the branches, it is shown as set there.
func (p Project) Settings() []plan.Setting {
	var out []plan.Setting
	for _, k := range projectKeys() {
		value, source := k.says.standard, plan.Source{}
		for _, s := range p.layer.keys {
			if s.key == k.name {
				var b strings.Builder
				inline(&b, s.value)
				value, source = b.String(), s.source
			}
		}
		if k.name == "branch_prefix" && source == (plan.Source{}) && p.Policy.Adopt.On() {
			value, source = p.Policy.BranchPrefix, p.Policy.Sources["adopt"]
		}
		if cut := []rune(value); len(cut) > maxShown {
			value = string(cut[:maxShown]) + "..."
		}
		if value != "" {
			out = append(out, source.Set(k.name, value))
		}
	}
	return out
}

// maxShown is about how many bytes of a value Settings shows.
const maxShown = 200

// inline writes a value on one line, and no more of it than is shown: aliases can
// make a short file stand for a very long value.
func inline(b *strings.Builder, n *yaml.Node) {
	n = target(n)
	if b.Len() > maxShown {
		return
	}
	switch n.Kind {
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, e := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxShown {
				break
			}
			inline(b, e)
		}
		b.WriteByte(']')
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content) && b.Len() <= maxShown; i += 2 {
			if i > 0 {
				b.WriteString(", ")
			}
			inline(b, n.Content[i])
			b.WriteString(": ")
			inline(b, n.Content[i+1])
		}
		b.WriteByte('}')
	default:
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			b.WriteString(strconv.Quote(n.Value))
			return
		}
		b.WriteString(n.Value)
	}
}

// layerAt is the layer whose keys stand at a place of the file.
func (r *reader) layerAt(at string) plan.Layer {
	switch {
	case r.own:
		return plan.LayerRepository
	case at == "defaults" || strings.HasPrefix(at, "defaults."):
		return plan.LayerDefaults
	}
	return plan.LayerProject
}

// layer reads a mapping of keys of a project: an entry of projects, the defaults or
// a project's own file.
func (r *reader) layer(n *yaml.Node, at string, more ...field) Layer {
	var l Layer
	fields := more
	for _, k := range projectKeys() {
		fields = append(fields, field{key: k.name, says: k.says, read: func(n *yaml.Node, at string) {
			l.keys = append(l.keys, setting{key: k.name, value: n, set: k.read(r, &l, n, at)})
		}})
	}
	r.mapping(n, at, fields)
	// A key stands where its name does, which may be lines above its value.
	n = target(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		name := target(n.Content[i])
		for j := range l.keys {
			if l.keys[j].key == name.Value {
				l.keys[j].source = plan.Source{File: r.short, Line: name.Line, Layer: r.layerAt(at)}
			}
		}
	}
	return l
}
