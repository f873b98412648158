package solve

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/pypi/pep440"
	"gitlab.com/cki-project/pinwheel/pypi/pep508"
)

// release is one version with its requirements compiled for the environments.
type release struct {
	key     string
	version pep440.Version
	know    Knowledge // empty: not looked at yet
	reqs    []requirement
	asks    bool // a requirement asks for extras
}

// requirement is one Requires-Dist line.
type requirement struct {
	key    string
	spec   pep440.Specifiers
	text   string
	extras []string
	mask   mask
	url    bool
}

// mask says in which environments a marker may hold: without any extra, and
// with each of those that it names.
type mask struct {
	plain uint64
	extra []extraMask
}

type extraMask struct {
	extra string
	envs  uint64
}

// in is the mask for the extras that are used.
func (m mask) in(used map[string]bool) uint64 {
	envs := m.plain
	for _, e := range m.extra {
		if used[e.extra] {
			envs |= e.envs
		}
	}
	return envs
}

// release returns the one object for a version; it is read by load.
func (s *Solver) release(key string, v pep440.Version) *release {
	byVersion := s.rels[key]
	if byVersion == nil {
		byVersion = map[string]*release{}
		s.rels[key] = byVersion
	}
	name := v.String()
	r := byVersion[name]
	if r == nil {
		r = &release{key: key, version: v}
		byVersion[name] = r
	}
	return r
}

// load reads what the release requires, once it is known.
func (r *release) load(s *Solver) Knowledge {
	if r.know != "" {
		return r.know
	}
	m, know := s.f.Metadata(r.key, r.version)
	if know == Known {
		*r = s.compile(r.key, r.version, m.Requires)
		r.know = Known
	}
	r.know = know
	return know
}

// compile leaves out requirements on the release's own project, which pip
// takes as met by it, but keeps those that ask for its own extras.
func (s *Solver) compile(key string, v pep440.Version, requires []pep508.Requirement) release {
	r := release{key: key, version: v}
	for i := range requires {
		q := &requires[i]
		to := q.Key()
		if (to == key && len(q.Extras) == 0) || s.ignored(key, v, to) {
			continue
		}
		m := s.mask(q.Marker)
		if m.plain == 0 && len(m.extra) == 0 {
			continue
		}
		r.asks = r.asks || len(q.Extras) > 0
		r.reqs = append(r.reqs, requirement{
			key: to, spec: q.Specifiers, text: q.Name + q.Specifiers.String(), extras: q.Extras, mask: m, url: q.URL != "" || to == key,
		})
	}
	return r
}

func (s *Solver) ignored(from string, v pep440.Version, to string) bool {
	return slices.ContainsFunc(s.f.IgnoreEdges, func(e IgnoredEdge) bool {
		return e.From == from && e.To == to && (e.FromVersion.IsEmpty() || e.FromVersion.Contains(v))
	})
}

func (s *Solver) mask(m pep508.Marker) mask {
	if m.IsZero() {
		return mask{plain: s.all}
	}
	text := m.String()
	if known, ok := s.markers[text]; ok {
		return known
	}
	out := mask{plain: s.envs(m, "")}
	for _, extra := range m.Extras() {
		if envs := s.envs(m, extra); envs&^out.plain != 0 {
			out.extra = append(out.extra, extraMask{extra, envs})
		}
	}
	s.markers[text] = out
	return out
}

func (s *Solver) envs(m pep508.Marker, extra string) uint64 {
	var envs uint64
	for i, env := range s.f.Environments {
		if extra != "" {
			env = env.WithExtras(extra)
		}
		if m.MayHold(env) {
			envs |= 1 << i
		}
	}
	return envs
}
