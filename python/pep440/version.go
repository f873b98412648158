// Package pep440 reads, orders and matches the versions of Python
// distributions: Parse for one version, ParseSpecifiers for a set such as
// ">=1.2,<2".
//
// Its invariant is that order and matching are those of PEP 440 for every
// text that PEP 440 admits: numbers have no upper bound, since they are kept
// as digits and never become machine integers, and a comparison allocates
// nothing.
//
// It does not know packages, requirements or markers, and it does not choose:
// which of several matching versions is wanted is for the caller to say.
package pep440

// Version is one version as PEP 440 defines it. It keeps the text from which it was read and the
// positions of its parts, so that many take little memory. Normal forms are made when they are
// needed.
//
// The zero Version is no version: IsZero reports it, String is empty, and it comes before every
// other one. Two Versions are == if they were read from the same text; Equal says whether two
// spellings mean the same version.
type Version struct {
	raw string

	// A number is kept without its leading zeros, so zero is an empty span.
	// The release keeps its dots and its zeros.
	epoch, release, pre, post, dev, local span

	phase phase
	has   parts
}

// span is a half-open range of bytes of Version.raw.
type span struct{ lo, hi uint16 }

// phase orders what comes before a final release (PEP 440, "Summary of permitted suffixes and
// relative ordering"). The zero phase is that of the zero Version.
type phase uint8

const (
	phaseNone phase = iota
	phaseAlpha
	phaseBeta
	phaseCandidate
	phaseFinal
)

// parts says which optional segments a version has, since the span of ".post0" is as empty as that
// of no post-release.
type parts uint8

const (
	hasPost parts = 1 << iota
	hasDev
	hasLocal
)

func (v Version) text(s span) string { return v.raw[s.lo:s.hi] }

// IsZero reports whether v is the zero Version, which is no version.
func (v Version) IsZero() bool { return v.phase == phaseNone }

// Raw returns the text that v was read from, unchanged, white space included.
func (v Version) Raw() string { return v.raw }

// Epoch returns the epoch's digits without leading zeros, "0" if none is written.
func (v Version) Epoch() string { return number(v.text(v.epoch)) }

// Release returns the numbers of the release segment as digits without leading
// zeros, as many as are written: "1.0" has two. The zero Version has none.
func (v Version) Release() []string {
	if v.IsZero() {
		return nil
	}
	var segments []string
	for rest := v.text(v.release); rest != ""; {
		var segment string
		segment, rest = cutSegment(rest)
		segments = append(segments, number(segment))
	}
	return segments
}

// Major returns the first number of the release, "" for the zero Version. The
// epoch is not part of it.
func (v Version) Major() string {
	if v.IsZero() {
		return ""
	}
	segment, _ := cutSegment(v.text(v.release))
	return number(segment)
}

// Pre returns the pre-release letter in its normal spelling ("a", "b" or "rc") and its number, "0"
// if none is written. ok is false if v has no pre-release segment, like a development release of a
// final one.
func (v Version) Pre() (letter, num string, ok bool) {
	letter = v.phase.letter()
	if letter == "" {
		return "", "", false
	}
	return letter, number(v.text(v.pre)), true
}

// Post returns the number of the post-release, "0" if none is written; ok is false if v is no
// post-release.
func (v Version) Post() (num string, ok bool) {
	if v.has&hasPost == 0 {
		return "", false
	}
	return number(v.text(v.post)), true
}

// Dev returns the number of the development release, "0" if none is written; ok is false if v is no
// development release.
func (v Version) Dev() (num string, ok bool) {
	if v.has&hasDev == 0 {
		return "", false
	}
	return number(v.text(v.dev)), true
}

// IsPrerelease reports whether v is a pre-release or a development release. PEP 440 says that
// neither is chosen unless it is asked for.
func (v Version) IsPrerelease() bool {
	return !v.IsZero() && (v.phase != phaseFinal || v.has&hasDev != 0)
}

// IsPostrelease reports whether v has a post-release segment.
func (v Version) IsPostrelease() bool { return v.has&hasPost != 0 }

func (p phase) letter() string {
	switch p {
	case phaseAlpha:
		return "a"
	case phaseBeta:
		return "b"
	case phaseCandidate:
		return "rc"
	case phaseNone, phaseFinal:
		return ""
	}
	return ""
}

// number gives the digits of a number that is kept without leading zeros.
func number(digits string) string {
	if digits == "" {
		return "0"
	}
	return digits
}

// cutSegment splits a release, or the rest of one, at its first dot, and drops the leading zeros of
// the part before it. An empty release gives an empty segment, which stands for the zero with which
// PEP 440 pads releases.
func cutSegment(release string) (segment, rest string) {
	i := 0
	for i < len(release) && release[i] == '0' {
		i++
	}
	j := i
	for j < len(release) && release[j] != '.' {
		j++
	}
	if j == len(release) {
		return release[i:], ""
	}
	return release[i:j], release[j+1:]
}
