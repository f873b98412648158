package config

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Layer is what one place says of a project's policy: some of its keys, each with
// its value and where it stands. What is built in, defaults, an entry of projects, a
// project's own file and what enforce raises are layers alike. The zero value says
// nothing.
type Layer struct {
	keys []setting // as they stand in the file
	// What enforce looks at, with where it stands: ages of the key and of rules, and
	// the role.
	ages  []givenAge
	roles []givenRole
}

// setting is one key of a layer with a value that was judged.
type setting struct {
	key    string
	source plan.Source // zero for what is built in
	set    func(*project)
}

type givenAge struct {
	node *yaml.Node
	at   string
	age  time.Duration
}

type givenRole struct {
	node *yaml.Node
	at   string
	role plan.Role
}

// Merge lays layers over each other, the undermost first. Of a key that several
// have, the uppermost counts, and so does its source.
func Merge(layers ...Layer) Layer {
	var out Layer
	for _, l := range layers {
		out.keys = append(out.keys, l.keys...)
		out.ages, out.roles = append(out.ages, l.ages...), append(out.roles, l.roles...)
	}
	return out
}

// Source is where a key was set, zero where no layer but what is built in has it.
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

// layer reads a mapping of keys of a project: an entry of projects, the defaults or
// a project's own file.
func (r *reader) layer(n *yaml.Node, at string, more ...field) Layer {
	var l Layer
	fields := more
	for _, k := range projectKeys() {
		fields = append(fields, field{key: k.name, read: func(n *yaml.Node, at string) {
			l.keys = append(l.keys, setting{key: k.name, set: k.read(r, &l, n, at)})
		}})
	}
	r.mapping(n, at, fields)
	// A key stands where its name does, which may be lines above its value.
	n = target(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		name := target(n.Content[i])
		for j := range l.keys {
			if l.keys[j].key == name.Value {
				l.keys[j].source = plan.Source{File: r.short, Line: name.Line}
			}
		}
	}
	return l
}
