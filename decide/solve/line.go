package solve

import "gitlab.com/cki-project/pinwheel/python/pep440"

// This file keeps the releases of names without a pin. A long list of them is
// read like the train of a pin.

// line is the releases of a name without a pin, newest first.
type line struct {
	known    Knowledge // of the list
	name     int32
	versions []pep440.Version
	rest     bool           // there are older ones that nobody judged
	stops    []knownRelease // of each version; not looked at where known is ""
	older    []int          // the nearest known one, -1 for none; only of a long line
	newer    []int
}

// line lists the releases of a name without a pin.
func (s *clauses) line(name int32) *line {
	s.trail.visit(name)
	if l, ok := s.lines[name]; ok {
		return l
	}
	l := &line{name: name, known: Absent}
	if s.f.Releases != nil {
		l.versions, l.known = s.f.Releases(s.names[name])
	}
	if l.known != Known {
		l.versions = nil
	} else if s.f.Rest != nil {
		l.rest = s.f.Rest(s.names[name])
	}
	l.stops = make([]knownRelease, len(l.versions))
	s.lines[name] = l
	return l
}

// stop is what a release requires, or at least requires where nobody has read
// it.
func (s *clauses) stop(l *line, k int) (*release, Knowledge) {
	s.trail.visit(l.name)
	p := &l.stops[k]
	if p.known == "" {
		p.rel, p.known = s.release(l.name, l.versions[k], false)
	}
	s.meet(&p.met, &p.rel)
	if p.known != Missing && p.known != NotChecked || len(l.versions) <= short {
		return p.rel, p.known
	}
	if l.older == nil {
		s.survey(l)
	}
	if l.older[k] < 0 || l.newer[k] < 0 {
		return nothing, p.known
	}
	return s.blend(l.stops[l.older[k]].rel, l.stops[l.newer[k]].rel), p.known
}

func (s *clauses) survey(l *line) {
	l.older, l.newer = make([]int, len(l.versions)), make([]int, len(l.versions))
	last := -1
	for k := range l.versions {
		l.newer[k] = last
		p := &l.stops[k]
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
		if l.stops[k].known == Known {
			last = k
		}
	}
}

// probeLine picks the release to read so that the one chosen can be judged.
func (o *opening) probeLine(l *line, v *openVar) int {
	fits := func(k int) bool { return v.accepts(l.versions[k]) && o.s.admits(v.name, l.versions[k], o.bit) }
	at := v.chosen.at
	first := 0
	for first < len(l.versions) && !fits(first) {
		first++
	}
	if at == first || len(l.versions) <= short {
		return at
	}
	end := at
	for end < len(l.versions) && l.stops[end].known == Missing && fits(end) {
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

// releases yields what the name may be: what it was as the pins are, then the
// newest first, if all that require it accept it.
func (o *opening) releases(v *openVar) func(func(pick) bool) {
	return func(yield func(pick) bool) { o.each(v, yield) }
}

// each is releases with the function that takes them.
func (o *opening) each(v *openVar, yield func(pick) bool) {
	last, before := o.again(v)
	if before && !yield(last) {
		return
	}
	line := o.s.line(v.name)
	if o.st.reading && line.known == Missing {
		o.s.need(Need{Key: o.s.names[v.name], Page: true})
	}
	if line.known == Missing || line.known == NotChecked {
		yield(o.pickOf(v, pep440.Version{}, nothing, line.known))
		return
	}
	for k, w := range line.versions {
		o.s.steps += len(v.demands)
		if !v.accepts(w) || before && w.Equal(last.v) || !o.s.admits(v.name, w, o.bit) {
			continue
		}
		if p, is := o.pickAt(v, line, k); is && !yield(p) {
			return
		}
	}
	if line.rest {
		yield(o.pickOf(v, pep440.Version{}, nothing, NotChecked))
	}
}

// pickAt is the k-th release of a line as a choice, if it is one.
func (o *opening) pickAt(v *openVar, line *line, k int) (pick, bool) {
	w := line.versions[k]
	if o.st.reading && len(line.versions) <= short {
		o.s.release(v.name, w, true)
	}
	rel, known := o.s.stop(line, k)
	if known == Absent || (known == Unknown && !o.s.f.Unverified) {
		return pick{}, false
	}
	p := o.pickOf(v, w, rel, known)
	p.at = k
	return p, true
}

// again is what a name was as the pins are, where all that require it accept that.
func (o *opening) again(v *openVar) (pick, bool) {
	if o.before == nil {
		return pick{}, false
	}
	p := o.before.pick(v.name)
	if p == nil || p.v.IsZero() || !v.accepts(p.v) || !o.s.admits(v.name, p.v, o.bit) {
		return pick{}, false
	}
	rel, known := o.s.release(v.name, p.v, false)
	again := o.pickOf(v, p.v, rel, known)
	again.at = p.at
	return again, true
}

// admits reports whether a release can be installed in an environment.
func (s *clauses) admits(name int32, w pep440.Version, bit uint64) bool {
	return s.f.Admits == nil || s.f.Admits(s.names[name], w)&bit != 0
}

func (o *opening) pickOf(v *openVar, w pep440.Version, rel *release, known Knowledge) pick {
	p := pick{name: v.name, v: w, rel: rel, known: known}
	if len(v.demands) > 0 {
		p.by = v.demands[0].by
	}
	return p
}

func (v *openVar) accepts(w pep440.Version) bool {
	for i := range v.demands {
		if !v.demands[i].req.spec.Contains(w) {
			return false
		}
	}
	return true
}
