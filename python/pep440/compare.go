package pep440

import "strings"

// Compare returns -1, 0 or +1 as v comes before w, is the same version, or
// comes after it, in the order of PEP 440. It is a total order; spellings of
// one version ("1.0" and "1", "1.0rc1" and "1-c.1") compare as 0. It allocates
// nothing.
func (v Version) Compare(w Version) int {
	if c := comparePublic(&v, &w); c != 0 {
		return c
	}
	return compareLocal(&v, &w)
}

// Equal reports whether v and w are spellings of the same version.
func (v Version) Equal(w Version) bool { return v.Compare(w) == 0 }

// comparePublic compares everything but the local segment.
func comparePublic(v, w *Version) int {
	if v.IsZero() || w.IsZero() {
		return int(min(v.phase, 1)) - int(min(w.phase, 1))
	}
	if c := compareDigits(v.text(v.epoch), w.text(w.epoch)); c != 0 {
		return c
	}
	if c := compareRelease(v.text(v.release), w.text(w.release)); c != 0 {
		return c
	}
	if c := int(v.rank()) - int(w.rank()); c != 0 {
		return sign(c)
	}
	if c := compareDigits(v.text(v.pre), w.text(w.pre)); c != 0 {
		return c
	}
	return compareSuffix(v, w)
}

// compareSuffix compares the post and dev segments of two versions that are equal before them. A
// version without a post-release comes before one with it, and a development release before the
// release that it develops.
func compareSuffix(v, w *Version) int {
	if c := int(v.has&hasPost) - int(w.has&hasPost); c != 0 {
		return sign(c)
	}
	if c := compareDigits(v.text(v.post), w.text(w.post)); c != 0 {
		return c
	}
	if c := int(w.has&hasDev) - int(v.has&hasDev); c != 0 {
		return sign(c)
	}
	return compareDigits(v.text(v.dev), w.text(w.dev))
}

// rank is the phase by which versions of one release are ordered: a
// development release of the final release itself comes before the alphas.
func (v *Version) rank() phase {
	if v.phase == phaseFinal && v.has&hasDev != 0 && v.has&hasPost == 0 {
		return phaseNone
	}
	return v.phase
}

// compareDigits compares two numbers written without leading zeros.
func compareDigits(a, b string) int {
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	if len(a) == 0 {
		return 0
	}
	return strings.Compare(a, b)
}

// compareRelease compares two release segments as if the shorter one were
// padded with zeros.
func compareRelease(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" || b != "" {
		var x, y string
		x, a = cutSegment(a)
		y, b = cutSegment(b)
		if c := compareDigits(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// compareLocal compares local labels part by part. No label comes before any label, text before
// numbers, and a label before one that continues it.
func compareLocal(v, w *Version) int {
	a, b := v.text(v.local), w.text(w.local)
	for a != "" && b != "" {
		var x, y string
		x, a = cutLabel(a)
		y, b = cutLabel(b)
		if c := compareLabel(x, y); c != 0 {
			return c
		}
	}
	return sign(len(a) - len(b))
}

func compareLabel(a, b string) int {
	x, xIsNumber := labelNumber(a)
	y, yIsNumber := labelNumber(b)
	switch {
	case xIsNumber && yIsNumber:
		return compareDigits(x, y)
	case xIsNumber:
		return 1
	case yIsNumber:
		return -1
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		if c := int(lower(a[i])) - int(lower(b[i])); c != 0 {
			return sign(c)
		}
	}
	return sign(len(a) - len(b))
}

// cutLabel splits a local label at its first separator.
func cutLabel(label string) (part, rest string) {
	for i := range len(label) {
		if isSeparator(label[i]) {
			return label[:i], label[i+1:]
		}
	}
	return label, ""
}

// labelNumber returns the digits without leading zeros of a part of a local
// label, and whether it is a number at all.
func labelNumber(part string) (string, bool) {
	for i := range len(part) {
		if !isDigit(part[i]) {
			return "", false
		}
	}
	return strings.TrimLeft(part, "0"), true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
