package solve

import "slices"

// This file keeps pins of which it could not be read what they require: each
// holds whatever it might forbid.

// forbids reports whether an unread node might forbid another one any version:
// not itself, not where they never meet, and not where such a requirement does
// not count.
func (s *graph) forbids(u, i int32) bool {
	a, b := &s.nodes[u], &s.nodes[i]
	if u == i || a.name == b.name || a.active&b.active == 0 {
		return false
	}
	return !slices.ContainsFunc(s.f.IgnoreEdges, func(e IgnoredEdge) bool {
		return e.meets(a.key, b.key) && e.FromVersion.Contains(a.options[0].v)
	})
}

// holders names the unread pins of a node's group that might forbid it to move
// and do not move themselves.
func (s *graph) holders(i int32, moves func(u int32) bool) []string {
	var out []string
	for _, u := range s.groups[s.nodes[i].group].unread {
		if s.forbids(u, i) && !moves(u) {
			out = append(out, s.nodes[u].key)
		}
	}
	return out
}
