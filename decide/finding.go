package decide

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file puts a conflict of the pins as they are into a sentence.

// sentence is a violated edge with the environments in which it is violated: "botocore 1.34.39
// requires urllib3<2.1 on Python 3.12; urllib3 is pinned at 2.2.1".
func (d *facts) sentence(e solve.Edge) string {
	text := requires(e) + d.where(e.Environments)
	switch {
	case e.ToMissing:
		return text + ", " + d.lacks(e)
	case e.ToMoved:
		return text + ", " + pinnedAt(e)
	}
	return text + "; " + pinnedAt(e)
}

// lacks says why no release of a name without a pin meets an edge.
func (d *facts) lacks(e solve.Edge) string {
	pkg, known := d.s.Packages[e.To]
	if known && pkg.HasFacts && !pkg.Known {
		return "which is not on " + plan.SpokenIndex(pkg.Index)
	}
	r, err := pep508.Parse(e.Requirement)
	if err != nil || r.URL != "" || len(pkg.Releases) == 0 ||
		slices.ContainsFunc(pkg.Releases, func(o plan.Release) bool { return r.Specifiers.Contains(o.Version) }) {
		return "and no release of " + e.To + " fits the pins"
	}
	newest := newestOf(pkg.Releases)
	if slices.ContainsFunc(r.Specifiers.Clauses(), func(c pep440.Specifier) bool { return above(c, newest) }) {
		return "but the newest release is " + newest.String()
	}
	if d.pinned(e.To) {
		return "and no release of " + e.To + " fits the pins" // of what is older than a pin not all is kept
	}
	return "which no release of " + e.To + " fulfils"
}

// newestOf is the newest of some releases that is no pre-release, else the newest of all. They are
// in ascending order of version.
func newestOf(releases []plan.Release) pep440.Version {
	for i := range slices.Backward(releases) {
		if v := releases[i].Version; !v.IsPrerelease() {
			return v
		}
	}
	return releases[len(releases)-1].Version
}

// above reports whether a clause asks for something newer than a version.
func above(c pep440.Specifier, v pep440.Version) bool {
	bound, _ := c.Bound()
	switch c.Op {
	case pep440.OpGreaterEqual, pep440.OpGreater, pep440.OpEqual, pep440.OpCompatible:
		return !c.Contains(v) && bound.Compare(v) >= 0
	case pep440.OpNotEqual, pep440.OpLessEqual, pep440.OpLess, pep440.OpArbitrary:
	}
	return false
}

// places are platforms with the Pythons that something holds on.
type places struct{ pythons, platforms []string }

// where names the environments of a mask: " on Python 3.9 and 3.11, aarch64". It is empty for all
// environments, and names only what distinguishes them from the others.
func (d *pins) where(mask uint64) string {
	var every []string
	for _, env := range d.envs {
		if !slices.Contains(every, env.python) {
			every = append(every, env.python)
		}
	}
	all, groups := platforms(d.s.Policy), d.placesOf(mask)
	var parts []string
	for _, g := range groups {
		var words []string
		if len(groups) > 1 || len(g.pythons) < len(every) {
			words = append(words, "Python "+listed(g.pythons))
		}
		if len(g.platforms) < len(all) {
			words = append(words, listed(g.platforms))
		}
		if len(words) > 0 {
			parts = append(parts, strings.Join(words, ", "))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " on " + strings.Join(parts, " and ")
}

// placesOf groups the environments of a mask by platforms with the same Pythons, in the order of
// the configuration.
func (d *pins) placesOf(mask uint64) []places {
	var out []places
	for _, platform := range platforms(d.s.Policy) {
		var pythons []string
		for i, env := range d.envs {
			if env.platform == platform && mask>>i&1 != 0 {
				pythons = append(pythons, env.python)
			}
		}
		if len(pythons) == 0 {
			continue
		}
		name := strings.TrimPrefix(platform, "linux/")
		at := slices.IndexFunc(out, func(p places) bool { return slices.Equal(p.pythons, pythons) })
		if at < 0 {
			out = append(out, places{pythons, []string{name}})
			continue
		}
		out[at].platforms = append(out[at].platforms, name)
	}
	return out
}

// listed joins words as a sentence does: "a, b and c".
func listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
