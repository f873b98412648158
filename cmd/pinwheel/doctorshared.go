package main

import (
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
)

// sharedRules are the rules of the defaults, which are for all projects, and what
// was seen of them in each.
type sharedRules struct {
	rules  []plan.Rule
	met    map[string]bool // by the place of a rule: some project has a pin or file for it
	names  []string        // of the pins of all projects
	files  []plan.FilePolicy
	read   int  // projects of which the pins are known
	partly bool // of some project they are not
}

func newSharedRules(c *config.Config) *sharedRules {
	return &sharedRules{rules: c.Defaults.Rules, met: map[string]bool{}}
}

// see notes which of the rules do something for a project with pins of these names.
// A project that has rules of its own takes none of them.
func (s *sharedRules) see(p plan.Policy, names []string) {
	s.read++
	s.names, s.files = append(s.names, names...), append(s.files, p.Files...)
	for _, r := range p.Rules {
		if _, idle := decide.Idle(&r, p.Files, names); r.Layer == plan.LayerDefaults && !idle {
			s.met[r.At] = true
		}
	}
}

// sharedRules says which rules of the defaults do nothing anywhere, if every project
// of the configuration that is not off could be read.
func (d *doctor) sharedRules() {
	s := d.shared
	on := 0
	for _, project := range d.config.Projects {
		if project.Policy.Mode != plan.Off {
			on++
		}
	}
	if s.partly || s.read < on {
		return
	}
	for _, r := range s.rules {
		if s.met[r.At] {
			continue
		}
		why, idle := decide.Idle(&r, s.files, s.names)
		if !idle {
			d.say(doubt, "defaults", "%s: the rule has no effect: every project for which it would do something has rules of its own; correct or remove it", r.At)
			continue
		}
		why.Everywhere = true
		d.say(doubt, "defaults", "%s: %s; correct or remove it", r.At, plan.Plainly(why))
	}
}
