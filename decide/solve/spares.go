package solve

import "slices"

// This file keeps what choices of releases for open names are made of, so that the next one
// need not allocate it: a first run makes thousands of them.

// openings has what is kept. The zero value is empty.
type openings struct {
	at     []*openVar // by name, the variables of the choice that is being made
	vars   []*openVar // that nothing uses
	spare  []*opening // the same
	nodes  []int32    // every node up to some number, at its own place
	levels []int      // every level up to some number, at its own place
}

// find is the variable of a name in the choice that is being made, nil for none.
func (s *openings) find(name int32) *openVar {
	if int(name) < len(s.at) {
		return s.at[name]
	}
	return nil
}

// variable adds a variable for a name to the choice that is being made.
func (s *openings) variable(name int32) *openVar {
	var v *openVar
	if n := len(s.vars); n > 0 {
		v, s.vars = s.vars[n-1], s.vars[:n-1]
	} else {
		v = &openVar{demands: make([]openDemand, 0, 4)}
	}
	v.name = name
	if more := int(name) + 1 - len(s.at); more > 0 {
		s.at = append(s.at, make([]*openVar, more+len(s.at)/2)...)
	}
	s.at[name] = v
	return v
}

// keep takes a variable back. Its extras belong to whoever has its choice.
func (s *openings) keep(v *openVar) {
	*v = openVar{demands: v.demands[:0]}
	s.vars = append(s.vars, v)
}

// opening is an empty one.
func (s *openings) opening() *opening {
	if n := len(s.spare); n > 0 {
		o := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return o
	}
	return &opening{}
}

// free gives back an opening, which must not be used after that. What it found is not
// touched.
func (o *opening) free() {
	s := &o.s.openings
	for _, v := range o.order {
		s.keep(v)
	}
	*o = opening{order: o.order[:0], direct: o.direct[:0], extras: o.extras[:0], undos: o.undos[:0]}
	s.spare = append(s.spare, o)
}

// only is a list of one node, which nobody may write to.
func (s *openings) only(node int32) []int32 {
	for n := int32(len(s.nodes)); n <= node; n++ { //nolint:gosec // a node takes more than a byte, so memory ends first
		s.nodes = append(s.nodes, n)
	}
	return slices.Clip(s.nodes[node : node+1])
}

// level is a list of one level, which nobody may write to.
func (s *openings) level(level int) []int {
	for n := len(s.levels); n <= level; n++ {
		s.levels = append(s.levels, n)
	}
	return slices.Clip(s.levels[level : level+1])
}
