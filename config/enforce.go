package config

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// floors are what no project may go below. The zero value allows everything.
type floors struct {
	age               time.Duration
	role              plan.Role
	ageNode, roleNode *yaml.Node // as written; nil where enforce says nothing of it

	ageSource, roleSource plan.Source

	revert       plan.Role
	revertNode   *yaml.Node
	revertSource plan.Source

	indexes []string   // addresses with a final slash; nil: any
	noMerge *yaml.Node // where enforce forbids merging; nil if it does not
	short   string
	gates   gateFloor
	keep    []string // what of an entry the project's own file cannot take away
}

func (r *reader) enforce(n *yaml.Node, at string) floors {
	f := floors{short: r.short}
	r.mapping(n, at, []field{
		{
			key:  "minimum_release_age",
			says: says{"`3d`, `12h` or `0`", "", schemaAge, "The least `minimum_release_age` of every project"},
			read: func(n *yaml.Node, at string) {
				f.age, f.ageNode, f.ageSource = r.age(n, at), n, plan.Source{File: r.short, Line: n.Line, Layer: plan.LayerEnforce}
			},
		},
		{
			key: "minimum_role",
			says: says{"`none`, `planner`, `reporter`, `developer`, `maintainer`", "", schemaRole,
				"The least `selections.minimum_role` and `selections.answer_role` of every project"},
			read: func(n *yaml.Node, at string) {
				f.role, f.roleNode, f.roleSource = r.role(n, at), n, plan.Source{File: r.short, Line: n.Line, Layer: plan.LayerEnforce}
			},
		},
		{
			key: "revert_role",
			says: says{"`planner`, `reporter`, `developer`, `maintainer`", "", schemaRevertRole,
				"The least `selections.revert_role` of every project"},
			read: func(n *yaml.Node, at string) {
				f.revert, f.revertNode, f.revertSource = r.revertRole(n, at), n, plan.Source{File: r.short, Line: n.Line, Layer: plan.LayerEnforce}
			},
		},
		{
			key:  "merge",
			says: says{"`false`", "", `{"const":false}`, "`false`: no project may let pinwheel merge"},
			read: func(n *yaml.Node, at string) {
				if r.boolean(n, at) {
					r.fail(n, at, "enforce can only forbid merging: write false, or remove the line")
				}
				f.noMerge = n
			},
		},
		{
			key:  "gates",
			says: says{"mapping", "", schemaMapping, "Which gates every project has to have, and where gates may run"},
			read: func(n *yaml.Node, at string) { f.gates = r.gateFloor(n, at) },
		},
		{
			key: "keep",
			says: says{"list of `on_open`, `approvals`, `ignores`, `freezes`, `labels`, `gates`", "", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"enum":["on_open","approvals","ignores","freezes","labels","gates"]}}`,
				"The parts of an operator's entry that a project's own file cannot take away; see [floors](#floors)"},
			read: func(n *yaml.Node, at string) { f.keep = r.keeps(n, at) },
		},
		{
			key: "indexes",
			says: says{"list of addresses", "", `{"type":"array","minItems":1,"items":{"type":"string","pattern":"^https?://[^/@?#\\s]+(/[^?#\\s]*)?$"}}`,
				"The addresses at or below which indexes have to be"},
			read: func(n *yaml.Node, at string) {
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					if address := r.url(n, at); address != "" {
						f.indexes = append(f.indexes, strings.TrimRight(address, "/")+"/")
					}
				})
			},
		},
	})
	return f
}

// above reports every age and role of a layer that is less than enforce asks for.
func (r *reader) above(l Layer, f floors) {
	r.forbids(l, f.gates)
	for _, a := range l.ages {
		if a.age < f.age {
			r.fail(a.node, a.at, "%s is less than the %s that enforce asks for (%s): raise it or remove the line", a.node.Value, f.ageNode.Value, f.ageSource)
		}
	}
	for _, m := range l.merges {
		if f.noMerge != nil {
			r.fail(m.node, m.at, "enforce forbids pinwheel to merge (%s:%d): remove the line", f.short, f.noMerge.Line)
		}
	}
	for _, g := range l.roles {
		least, node, source := f.role, f.roleNode, f.roleSource
		if g.to == roleToRevert {
			least, node, source = f.revert, f.revertNode, f.revertSource
		}
		if g.role < least {
			r.fail(g.node, g.at, "%s is less than the %s that enforce asks for (%s): raise it or remove the line", g.node.Value, node.Value, source)
		}
	}
}

// over is the layer that raises a value to a floor. Only the built-in layer can have a value
// below a floor, since in any other that is an error.
func (f floors) over(p project) Layer {
	var l Layer
	if p.policy.MinimumAge < f.age {
		l.keys = append(l.keys, setting{"minimum_release_age", f.ageNode, f.ageSource, func(p *project) { p.policy.MinimumAge = f.age }})
	}
	lift := func(key string, n *yaml.Node, source plan.Source, set func(*project)) {
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: key}
		value := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{name, n}}
		l.keys = append(l.keys, setting{"selections", value, source, set})
	}
	if p.policy.AnswerRole < f.role {
		lift("answer_role", f.roleNode, f.roleSource, func(p *project) { p.policy.AnswerRole = f.role })
	}
	if p.policy.MinimumRole < f.role {
		lift("minimum_role", f.roleNode, f.roleSource, func(p *project) { p.policy.MinimumRole = f.role })
	}
	if p.policy.RevertRole < f.revert {
		lift("revert_role", f.revertNode, f.revertSource, func(p *project) { p.policy.RevertRole = f.revert })
	}
	return l
}

// enforced is the policy that layers make, the lowest first, with enforce above all of them.
func (f floors) enforced(layers ...Layer) (Layer, project) {
	all := Merge(layers...)
	all = Merge(all, f.over(all.project()))
	return all, all.project()
}

// bounded checks that every index is below one of the addresses that enforce
// names. They are written at a key of n, or nowhere in it where there is no key.
func (r *reader) bounded(n *yaml.Node, at string, indexes []Index, f floors) {
	if f.indexes == nil {
		return
	}
	for _, i := range indexes {
		if i.URL == "" || inside(i.URL, f.indexes) {
			continue
		}
		key, hint := at, "name one of those, or add its address there"
		if at == "" {
			key, hint = "indexes", "it is asked where none is written: write indexes, or add its address there"
		}
		r.fail(n, key, "%s is at none of the addresses that enforce.indexes allows: %s", plan.SpokenIndex(i.Name), hint)
	}
}

// inside reports whether an address is one of those allowed, or below one. They
// all end in a slash, so that no host is the beginning of another.
func inside(address string, allowed []string) bool {
	for _, a := range allowed {
		if strings.HasPrefix(strings.ToLower(address), strings.ToLower(a)) && !strings.Contains(address, "..") {
			return true
		}
	}
	return false
}

// role reads the least role of those who may tick.
func (r *reader) role(n *yaml.Node, at string) plan.Role {
	return roleOf(r.choice(n, at, "none", "planner", "reporter", "developer", "maintainer"))
}

// revertRole reads the least role of those who may ask for a revert.
func (r *reader) revertRole(n *yaml.Node, at string) plan.Role {
	return roleOf(r.choice(n, at, "planner", "reporter", "developer", "maintainer"))
}

func roleOf(word string) plan.Role {
	switch word {
	case "planner":
		return plan.Planner
	case "reporter":
		return plan.Reporter
	case "developer":
		return plan.Developer
	case "maintainer":
		return plan.Maintainer
	case "nobody":
		return plan.Nobody
	}
	return plan.NoRole
}
