package solve

import "gitlab.com/cki-project/pinwheel/python/pep440"

// This file lists the releases of open names. Of a long list only some releases are
// read, as of the train of a pin, see train.go.

// releaseList is the releases of an open name, newest first.
type releaseList struct {
	known    Knowledge // of the list
	name     int32
	versions []pep440.Version
	rest     bool           // there are older releases that nobody judged
	entries  []knownRelease // of each version; known is "" until it is loaded
	admits   []uint64       // of each version, the environments in which it can be installed
	older    []int          // of each entry of a long list, the nearest known older one, -1 for none
	newer    []int
}

// listOf returns the releases of an open name. The list is empty unless it is Known.
func (s *clauses) listOf(name int32) *releaseList {
	s.trail.visit(name)
	if l, ok := s.openLists[name]; ok {
		return l
	}
	l := &releaseList{name: name, known: Absent}
	if s.f.Releases != nil {
		l.versions, l.known = s.f.Releases(s.names[name])
	}
	if l.known != Known {
		l.versions = nil
	} else if s.f.Rest != nil {
		l.rest = s.f.Rest(s.names[name])
	}
	l.entries = make([]knownRelease, len(l.versions))
	if s.f.Admits != nil {
		l.admits = make([]uint64, len(l.versions))
		for k, v := range l.versions {
			l.admits[k] = s.f.Admits(s.names[name], v)
		}
	}
	s.openLists[name] = l
	return l
}

// entry is what the k-th release of a list requires. If nobody has read that and the
// list is long, it is what the release requires at least.
func (s *clauses) entry(l *releaseList, k int) (*release, Knowledge) {
	s.trail.visit(l.name)
	p := &l.entries[k]
	if p.known == "" {
		p.rel, p.known = s.release(l.name, l.versions[k], false)
	}
	s.count(&p.counted, &p.rel)
	if p.known != Missing && p.known != NotChecked || len(l.versions) <= shortList {
		return p.rel, p.known
	}
	if l.older == nil {
		s.fillNearest(l)
	}
	if l.older[k] < 0 || l.newer[k] < 0 {
		return noRequirements, p.known
	}
	return s.blend(l.entries[l.older[k]].rel, l.entries[l.newer[k]].rel), p.known
}

// fillNearest fills in older and newer of a long list.
func (s *clauses) fillNearest(l *releaseList) {
	l.older, l.newer = make([]int, len(l.versions)), make([]int, len(l.versions))
	last := -1
	for k := range l.versions {
		l.newer[k] = last
		p := &l.entries[k]
		if p.known == "" {
			p.rel, p.known = s.release(l.name, l.versions[k], false)
		}
		if p.known == Known {
			last = k
		}
	}
	last = -1
	for k := len(l.versions) - 1; k >= 0; k-- {
		l.older[k] = last
		if l.entries[k].known == Known {
			last = k
		}
	}
}

// entryToRead chooses the release to read so that the chosen one can be judged: the
// chosen one itself, or one that halves the unread releases below it.
func (o *opening) entryToRead(l *releaseList, v *openVar) int {
	fits := func(k int) bool { return v.acceptsOf(l, k) && l.installable(k, o.bit) }
	at := v.chosen.at
	first := 0
	for first < len(l.versions) && !fits(first) {
		first++
	}
	if at == first || len(l.versions) <= shortList {
		return at
	}
	end := at
	for end < len(l.versions) && l.entries[end].known == Missing && fits(end) {
		end++
	}
	switch {
	case end-at <= 2:
		return at
	case end == len(l.versions) || !fits(end):
		return end - 1
	}
	return at + (end-at)/2
}

// releases iterates over the releases that all who require the name accept: first the
// one that was chosen as the pins are, then the others, newest first.
func (o *opening) releases(v *openVar) func(func(pick) bool) {
	return func(yield func(pick) bool) { o.each(v, yield) }
}

// each calls yield for each of releases until it returns false.
func (o *opening) each(v *openVar, yield func(pick) bool) {
	last, before := o.asBefore(v)
	if before && !yield(last) {
		return
	}
	line := o.s.listOf(v.name)
	if o.st.reading && line.known == Missing {
		o.s.need(Need{Key: o.s.names[v.name], Page: true})
	}
	if line.known == Missing || line.known == NotChecked {
		yield(o.pickOf(v, pep440.Version{}, noRequirements, line.known))
		return
	}
	for k := range line.versions {
		o.s.steps += len(v.demands)
		if !v.acceptsOf(line, k) || before && line.versions[k].Equal(last.v) || !line.installable(k, o.bit) {
			continue
		}
		if p, is := o.pickAt(v, line, k); is && !yield(p) {
			return
		}
	}
	if line.rest {
		yield(o.pickOf(v, pep440.Version{}, noRequirements, NotChecked))
	}
}

// pickAt is the k-th release of a list as a choice; false if it may not be chosen.
func (o *opening) pickAt(v *openVar, line *releaseList, k int) (pick, bool) {
	w := line.versions[k]
	if o.st.reading && len(line.versions) <= shortList {
		o.s.release(v.name, w, true)
	}
	rel, known := o.s.entry(line, k)
	if known == Absent || (known == Unknown && !o.s.f.Unverified) {
		return pick{}, false
	}
	p := o.pickOf(v, w, rel, known)
	p.at, p.version = k, &line.versions[k]
	return p, true
}

// asBefore is the release that was chosen as the pins are, if all who require the name
// accept it now.
func (o *opening) asBefore(v *openVar) (pick, bool) {
	if o.before == nil {
		return pick{}, false
	}
	p := o.before.pick(v.name)
	if p == nil || p.v.IsZero() {
		return pick{}, false
	}
	if line := o.s.listOf(v.name); !v.acceptsOf(line, p.at) || !line.installable(p.at, o.bit) {
		return pick{}, false
	}
	rel, known := o.s.release(v.name, p.v, false)
	again := o.pickOf(v, p.v, rel, known)
	again.at, again.version = p.at, p.version
	return again, true
}

func (o *opening) pickOf(v *openVar, w pep440.Version, rel *release, known Knowledge) pick {
	p := pick{name: v.name, v: w, rel: rel, known: known}
	if len(v.demands) > 0 {
		p.by = v.demands[0].by
	}
	return p
}

// acceptsOf reports whether all who require the name accept the k-th release of its list.
func (v *openVar) acceptsOf(line *releaseList, k int) bool {
	for i := range v.demands {
		if !v.demands[i].req.acceptsOf(line, k) {
			return false
		}
	}
	return true
}

// acceptsOf reports whether the requirement accepts the k-th release of its name's list. It
// looks at each release once.
func (r *require) acceptsOf(line *releaseList, k int) bool {
	if r.listed != line {
		r.listed, r.fits = line, make([]int8, len(line.versions))
	}
	if r.fits[k] == 0 {
		r.fits[k] = -1
		if r.spec.Contains(line.versions[k]) {
			r.fits[k] = 1
		}
	}
	return r.fits[k] > 0
}

// installable reports whether the k-th release can be installed in an environment.
func (l *releaseList) installable(k int, bit uint64) bool {
	return l.admits == nil || l.admits[k]&bit != 0
}
