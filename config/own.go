package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// OwnFile is where a project keeps its own policy, on its default branch.
const OwnFile = ".gitlab/pinwheel.yaml"

// maxOwn bounds a project's own file, which strangers to the operator write.
const maxOwn = 64 << 10

// beneath is what lies below the layer of a project's own file.
type beneath struct {
	layer   Layer
	project project // what the layer makes
	indexes []Index
	floor   floors
}

// Own returns the project with its own file as a layer above the operator's, and the keys that
// the file sets. The file may have all keys of a project except path. It is an error to set
// less than enforce asks for, a lower role than the operator's, or mode off. Other projects
// may be roots only as the operator wrote them, since they are read with pinwheel's rights.
// The error is an Errors.
func (p Project) Own(data []byte) (Project, []string, error) { return p.OwnAt(OwnFile, data) }

// OwnAt is Own for a file that lies elsewhere, which messages name.
func (p Project) OwnAt(file string, data []byte) (Project, []string, error) {
	return p.OwnFrom(file, data, nil)
}

// OwnFrom is OwnAt for a text that was made of another file. from tells for its lines those of
// that file, which messages name; a line that it does not tell is 0, and nil tells that the
// text is the file itself.
func (p Project) OwnFrom(file string, data []byte, from map[int]int) (Project, []string, error) {
	if p.beneath == nil {
		return p, nil, errors.New("this project has no configuration beneath its own file")
	}
	r := &reader{path: file, short: file, own: true, sections: map[string][]field{}}
	if len(data) > maxOwn {
		return p, nil, Errors{{Path: file, Text: "the file is larger than 64 KiB: make it smaller"}}
	}
	if docs, err := documents(data); err == nil && len(docs) == 0 {
		return p, nil, nil // empty, or comments alone
	}
	root := r.document(data, "write keys of a project, such as labels: [dependencies]")
	if len(r.errs) > 0 {
		return p, nil, r.errs.sorted()
	}
	if from != nil {
		relined(root, from)
	}
	var all Layer
	var q project
	r.noAliases(root)
	if len(r.errs) == 0 {
		own := r.layer(root, "")
		all, q = p.beneath.floor.enforced(p.beneath.layer, own)
		r.zoned("", q)
		r.adopts("", q)
		r.above(own, p.beneath.floor)
		r.operators(root, own, q, p)
		r.operatorsGates(own, p)
		p.Overrides = r.keep(root, &q, p.beneath)
		r.requires(root, "", q, p.beneath.floor.gates)
	}
	if len(r.errs) > 0 {
		return p, nil, r.errs.sorted()
	}
	p.Policy, p.layer = q.finish(p.beneath.indexes), all
	var keys []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		keys = append(keys, root.Content[i].Value)
	}
	return p, keys, nil
}

// relined gives nodes the lines of the file that a text was made of.
func relined(n *yaml.Node, from map[int]int) {
	n.Line = from[n.Line]
	for _, c := range n.Content {
		relined(c, from)
	}
}

// noAliases refuses aliases, by which a short file could stand for a very long one.
func (r *reader) noAliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		r.fail(n, "", "an alias (*%s) is not read in this file: write the value out", n.Value)
	}
	for _, c := range n.Content {
		r.noAliases(c)
	}
}

// operators keeps what is the operator's.
func (r *reader) operators(root *yaml.Node, own Layer, q project, p Project) {
	under := p.beneath.project
	for _, g := range own.roles {
		least := map[roleTo]plan.Role{roleToTick: under.policy.MinimumRole, roleToRevert: under.policy.RevertRole, roleToAnswer: under.policy.AnswerRole}[g.to]
		if g.role < least {
			r.fail(g.node, g.at, "%s is less than what pinwheel's operator asks for (%s): raise it or remove the line", g.node.Value, p.beneath.layer.Source("selections"))
		}
	}
	if q.policy.From != under.policy.From {
		r.fail(root, "policy", "which file the policy is in is for pinwheel's operator to say: take the key out of this one")
	}
	if q.policy.Mode == plan.Off && under.policy.Mode != plan.Off {
		r.fail(root, "mode", "off is for pinwheel's operator to say: write dashboard, with which no branches are made")
	}
	for i, root := range q.policy.Roots {
		if root.Project == "" || strings.EqualFold(root.Project, p.Path) {
			continue
		}
		named := slices.ContainsFunc(under.policy.Roots, func(o plan.RootPolicy) bool { return strings.EqualFold(o.Project, root.Project) })
		written := slices.ContainsFunc(under.policy.Roots, func(o plan.RootPolicy) bool {
			return strings.EqualFold(o.Project, root.Project) && o.Ref == root.Ref && o.File == root.File && slices.Equal(o.Extras, root.Extras)
		})
		switch e := (Error{Path: r.path, Line: root.Line, Key: fmt.Sprintf("roots[%d].project", i)}); {
		case written:
		case named:
			e.Key = fmt.Sprintf("roots[%d]", i)
			e.Text = "another project is read with pinwheel's rights, so its ref, file and extras are as its operator wrote them: write the same, or list what it requires instead"
			r.errs = append(r.errs, e)
		default:
			e.Text = "another project is read with pinwheel's rights, so only its operator may name one: list what it requires instead"
			r.errs = append(r.errs, e)
		}
	}
}
