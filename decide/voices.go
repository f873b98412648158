package decide

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// This file finds which files of a release count for which environments. Mostly the metadata of
// every wheel is the same; if their digests differ, environments may have different metadata.

// voice is a set of environments that take files with the same metadata.
type voice struct {
	says  uint8
	mask  uint64   // of pins.envs
	files []string // from which the metadata can be read, best first
}

// voices lists the voices of a release, in the order of the environments. An environment that would
// take no wheel, or a wheel of which the index gives no digest, belongs to the first.
func (d *facts) voices(key string, r *plan.Release) []voice {
	if !r.Differ() {
		return []voice{{mask: ^uint64(0), files: metadataFiles(key, r, d.envs)}}
	}
	if v, ok := d.voicesOf[r]; ok {
		return v
	}
	var out []voice
	rest := uint64(0)
	for i, env := range d.envs {
		says := d.taken(key, r, env)
		at := slices.IndexFunc(out, func(v voice) bool { return v.says == says })
		switch {
		case says == 0:
			rest |= 1 << i
		case at >= 0:
			out[at].mask |= 1 << i
		default:
			alike := plan.Release{Version: r.Version}
			for _, f := range r.Files {
				if f.Says == says {
					alike.Files = append(alike.Files, f)
				}
			}
			out = append(out, voice{says: says, mask: 1 << i, files: metadataFiles(key, &alike, d.envs[i:])})
		}
	}
	if len(out) == 0 {
		out = []voice{{mask: ^uint64(0), files: metadataFiles(key, r, d.envs)}}
	}
	out[0].mask |= rest
	d.voicesOf[r] = out
	return out
}

// taken is the number of the metadata in the wheel that pip would take for an environment, 0 if it
// would take none.
func (d *facts) taken(key string, r *plan.Release, env environment) uint8 {
	best, bestRank := -1, 0
	for i := range r.Files {
		f := &r.Files[i]
		file, err := dist.ParseFor(key, f.Name)
		if err != nil || file.Kind != dist.Wheel || !file.Installable(env.python, env.platform) {
			continue
		}
		if ok, _ := d.judge.admits(f, env.python); !ok {
			continue
		}
		rank := tagRank(file, env.python)
		if f.Yanked {
			rank += 10
		}
		if best < 0 || rank < bestRank || rank == bestRank && f.Name < r.Files[best].Name {
			best, bestRank = i, rank
		}
	}
	if best < 0 {
		return 0
	}
	return r.Files[best].Says
}

// of is what is known of one voice of a release.
func (v voice) of(m plan.Metadata, r *plan.Release) (plan.Metadata, bool) {
	if v.says == 0 || m.From == "" {
		return m, true
	}
	for _, one := range append([]plan.Metadata{m}, m.More...) {
		if slices.ContainsFunc(r.Files, func(f plan.DistFile) bool { return f.Name == one.From && f.Says == v.says }) {
			return one, true
		}
	}
	return plan.Metadata{}, false
}

// readMetadata is what is known of a release for all environments together, and for each voice.
// complete says that nothing is missing. A version without a label may stand for a build, and a pin may spell
// 1.0.0 what its index spells 1.0; the index's spelling counts.
func (d *facts) readMetadata(key string, v pep440.Version) (all plan.Metadata, parts []solve.Part, complete bool) {
	spelled := v
	r := d.s.Packages[key].Release(v)
	if r != nil {
		spelled = r.Version
	}
	m, ok := d.s.Metadata[key][spelled.String()]
	if !ok || r == nil || !r.Differ() {
		return m, nil, ok
	}
	complete = true
	for i, voice := range d.voices(key, r) {
		one, ok := voice.of(m, r)
		if !ok {
			complete = false
			continue
		}
		parts = append(parts, solve.Part{Environments: voice.mask, Requires: one.Requires})
		switch {
		case i == 0:
			all = one
			all.Requires = slices.Clone(one.Requires)
			continue
		case one.Status.Graver(all.Status):
			all.Status, all.Reason = one.Status, one.Reason
		}
		for _, q := range one.Requires {
			if !slices.ContainsFunc(all.Requires, func(o pep508.Requirement) bool { return o.String() == q.String() }) {
				all.Requires = append(all.Requires, q)
			}
		}
	}
	return all, parts, complete
}

// needsOf lists what is missing of the metadata of a release.
func (d *facts) needsOf(key string, v pep440.Version) []plan.Need {
	r := d.s.Packages[key].Release(v)
	if r == nil {
		return []plan.Need{{Name: key, Version: v.String()}}
	}
	m, ok := d.s.Metadata[key][r.Version.String()]
	if !r.Differ() {
		return []plan.Need{{Name: key, Version: r.Version.String(), Files: metadataFiles(key, r, d.envs)}}
	}
	var out []plan.Need
	for _, voice := range d.voices(key, r) {
		if ok {
			if _, known := voice.of(m, r); known {
				continue
			}
		}
		out = append(out, plan.Need{Name: key, Version: r.Version.String(), Files: voice.files, Part: voice.says != 0})
	}
	return out
}
