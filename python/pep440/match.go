package pep440

import "strings"

// Contains reports whether v matches every clause. Pre-releases match like any other version;
// Filter decides whether they are wanted in a list of candidates. The zero Version matches only the
// empty set. Contains allocates nothing.
func (s Specifiers) Contains(v Version) bool {
	for i := range s.clauses {
		if !s.clauses[i].matches(&v) {
			return false
		}
	}
	return true
}

// ContainsString is Contains for a text that may be no version. Such a text matches a set of "==="
// clauses alone, and the empty set.
func (s Specifiers) ContainsString(raw string) bool {
	v, ok := parseQuiet(raw)
	for i := range s.clauses {
		if !s.clauses[i].matchesText(&v, ok, raw) {
			return false
		}
	}
	return true
}

// Contains reports whether v matches the clause; the zero Version does not.
func (s Specifier) Contains(v Version) bool { return s.matches(&v) }

// ContainsString is Contains for a text that may be no version. Such a text can match only "===".
func (s Specifier) ContainsString(raw string) bool {
	v, ok := parseQuiet(raw)
	return s.matchesText(&v, ok, raw)
}

// matchesText is matches for a text and its version; ok is false if it has none.
func (s *Specifier) matchesText(v *Version, ok bool, raw string) bool {
	if ok {
		return s.matches(v)
	}
	return s.Op == OpArbitrary && sameText(raw, s.Version)
}

func (s *Specifier) matches(v *Version) bool {
	if v.IsZero() {
		return false
	}
	if s.Op == OpArbitrary {
		return sameText(v.raw, s.Version)
	}
	if s.bound.IsZero() {
		return false
	}
	b := &s.bound
	switch s.Op {
	case OpEqual:
		return s.equals(v)
	case OpNotEqual:
		return !s.equals(v)
	case OpGreaterEqual:
		return comparePublic(v, b) >= 0
	case OpLessEqual:
		return comparePublic(v, b) <= 0
	case OpGreater:
		return isAfter(v, b)
	case OpLess:
		return isBefore(v, b)
	case OpCompatible:
		release := b.text(b.release)
		return comparePublic(v, b) >= 0 && hasPrefix(v, b, release[:strings.LastIndexByte(release, '.')])
	case OpArbitrary:
	}
	return false
}

// equals is version matching: a bound without a local segment ignores the
// candidate's.
func (s *Specifier) equals(v *Version) bool {
	b := &s.bound
	if s.wildcard {
		return hasPrefix(v, b, b.text(b.release))
	}
	return comparePublic(v, b) == 0 && (b.has&hasLocal == 0 || compareLocal(v, b) == 0)
}

// hasPrefix reports whether the release of v, padded with zeros, begins with
// the numbers of prefix, in the epoch of b.
func hasPrefix(v, b *Version, prefix string) bool {
	if compareDigits(v.text(v.epoch), b.text(b.epoch)) != 0 {
		return false
	}
	release := v.text(v.release)
	for prefix != "" {
		var want, have string
		want, prefix = cutSegment(prefix)
		have, release = cutSegment(release)
		if want != have {
			return false
		}
	}
	return true
}

// isBefore is "<". If the bound is no pre-release, pre-releases of the bound are not before it, so
// that the bound is in effect its own .dev0.
func isBefore(v, b *Version) bool {
	if comparePublic(v, b) >= 0 {
		return false
	}
	return b.IsPrerelease() || !isPrereleaseOf(v, b)
}

// isPrereleaseOf reports whether v lies between the .dev0 of b, which is no
// pre-release, and b.
func isPrereleaseOf(v, b *Version) bool {
	dev0 := *b
	dev0.has |= hasDev
	dev0.dev = span{}
	return comparePublic(v, &dev0) >= 0
}

// isAfter is ">". Local builds of the bound are not after it. Post-releases of the bound are not
// after it unless the bound is a post-release or a development release itself.
func isAfter(v, b *Version) bool {
	if comparePublic(v, b) <= 0 {
		return false
	}
	if b.has&(hasPost|hasDev) != 0 || v.has&hasPost == 0 {
		return true
	}
	base := *v
	base.has &^= hasPost | hasDev
	base.post, base.dev = span{}, span{}
	return comparePublic(&base, b) != 0
}

// sameText compares as "===" does: the texts as they are written, in either case.
func sameText(a, b string) bool {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] >= 0x80 || b[i] >= 0x80 {
			return strings.ToLower(a) == strings.ToLower(b) //nolint:staticcheck // lower case as str.lower has it, which folding is not
		}
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
