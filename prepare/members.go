package prepare

import (
	"slices"
)

// This file turns the members that were found into those of a lock.

// finish decides how pip is asked for a member, and refuses what pip cannot do.
func (c *closure) finish(m *member) (Package, error) {
	p := m.Package
	spelled := m.source
	for i, r := range m.required {
		if first := m.required[0]; i > 0 && !r.source.same(first.source) {
			return Package{}, mistake("%s requires %s at %s, and %s at %s: pip takes one URL for a name, so write the same in both", first.by, p.Name, first.source, r.by, r.source)
		}
		if fullSHA.MatchString(r.source.Ref) && r.source.Ref != p.SHA {
			return Package{}, mistake("%s requires %s at commit %s, and %s is at %s: let it require a branch, or take the other away", r.by, p.Name, r.source.Ref[:12], c.cause(m), p.SHA[:12])
		}
		if r.source.Subdirectory != p.Subdirectory {
			return Package{}, mistake("%s requires %s in the subdirectory %q, and %s is in %q: write the same in both", r.by, p.Name, r.source.Subdirectory, c.cause(m), p.Subdirectory)
		}
		if p.OverriddenBy == "" && r.source.home() != m.source.home() {
			return Package{}, mistake("%s requires %s from %s, and the set has it from %s: name the same project in both", r.by, p.Name, r.source.Repository, m.source.Repository)
		}
		spelled = r.source
		p.RequiredBy = append(p.RequiredBy, r.by)
		p.Refs = append(p.Refs, r.source.Ref)
		p.Asked = append(p.Asked, r.source.spellings()...)
	}
	p.Refs = append(p.Refs, p.Ref)
	p.Asked = append(p.Asked, m.source.spellings()...)
	for _, list := range []*[]string{&p.RequiredBy, &p.Refs, &p.Asked} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	p.Refs = slices.DeleteFunc(p.Refs, func(s string) bool { return s == "" })
	if m.set {
		p.Requirement = p.Name + " @ " + spelled.String()
		if p.Unread != "" {
			p.Requirement = spelled.String() // only its build knows its name
		}
	}
	return p, nil
}

// cause names what chose a member's commit.
func (*closure) cause(m *member) string {
	if m.OverriddenBy != "" {
		return m.OverriddenBy
	}
	return "the set"
}

// shareRefs makes members with one address answer the refs of all of them, since git uses the
// mirror of only one.
func shareRefs(packages []Package) {
	refs := map[string][]string{}
	for _, p := range packages {
		for _, address := range p.Asked {
			refs[address] = append(refs[address], p.Refs...)
		}
	}
	for i := range packages {
		p := &packages[i]
		for _, address := range p.Asked {
			p.Refs = append(p.Refs, refs[address]...)
		}
		slices.Sort(p.Refs)
		p.Refs = slices.Compact(p.Refs)
	}
}

// oneCommitEach refuses members in one repository at different commits, since git uses one mirror
// for one address.
func oneCommitEach(packages []Package) error {
	first := map[string]Package{}
	for _, p := range packages {
		for _, address := range p.Asked {
			other, there := first[address]
			if there && other.SHA != p.SHA {
				return mistake("%s and %s are in one repository, %s, and at different commits: name the same ref, or override both", other.Name, p.Name, address)
			}
			first[address] = p
		}
	}
	return nil
}
