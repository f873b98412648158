package solve

import "slices"

// This file is about pins whose requirements could not be read. Such a pin keeps every
// pin from moving that it may have a requirement on.

// forbids reports whether an unread node may have a requirement on another node. It may
// not if they are of one package or never in one environment, or if such a requirement
// does not count.
func (s *graph) forbids(u, i int32) bool {
	a, b := &s.nodes[u], &s.nodes[i]
	if u == i || a.name == b.name || a.active&b.active == 0 {
		return false
	}
	return !slices.ContainsFunc(s.f.IgnoreEdges, func(e IgnoredEdge) bool {
		return e.isBetween(a.key, b.key) && e.FromVersion.Contains(a.options[0].v)
	})
}

// holders names the unread pins of a node's group that may forbid it to move and do not
// move themselves.
func (s *graph) holders(i int32, moves func(u int32) bool) []string {
	var out []string
	for _, u := range s.groups[s.nodes[i].group].unread {
		if s.forbids(u, i) && !moves(u) {
			out = append(out, s.nodes[u].key)
		}
	}
	return out
}
