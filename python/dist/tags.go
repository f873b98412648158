package dist

import (
	"strconv"
	"strings"
)

// Tag is one combination that a wheel is built for (PEP 425).
type Tag struct {
	Python, ABI, Platform string
}

// String returns the tag as file names write it: "py3-none-any".
func (t Tag) String() string { return t.Python + "-" + t.ABI + "-" + t.Platform }

// Tags returns every combination of the tags in a wheel's name (PEP 425,
// "Compressed Tag Sets"), in lower case and in the order of the name, the
// platform changing fastest. A source distribution has none.
func (f File) Tags() []Tag {
	if f.Kind != Wheel {
		return nil
	}
	var tags []Tag
	for python := range strings.SplitSeq(strings.ToLower(f.python), ".") {
		for abi := range strings.SplitSeq(strings.ToLower(f.abi), ".") {
			for platform := range strings.SplitSeq(strings.ToLower(f.platform), ".") {
				tags = append(tags, Tag{python, abi, platform})
			}
		}
	}
	return tags
}

// Installable reports whether CPython of a version ("3.11", a third number is
// ignored) on a platform ("linux/x86_64", the machine as the kernel names it)
// can install the file, judged by its tags alone; a source distribution always
// can be. It knows Python 3 on Linux with glibc, which is taken to be new
// enough for every manylinux tag (PEP 600); musllinux wheels are for other
// systems. Builds without the global lock and debug builds are other ABIs. For
// any other Python or platform no wheel is installable.
func (f File) Installable(python, platform string) bool {
	if f.Kind == Sdist {
		return true
	}
	minor, isPython := pythonMinor(python)
	machine, isLinux := strings.CutPrefix(platform, "linux/")
	if f.Kind != Wheel || !isPython || !isLinux || machine == "" {
		return false
	}
	hasAny, native := platforms(strings.ToLower(f.platform), machine)
	if !hasAny && !native {
		return false
	}
	return f.suits(minor, hasAny, native)
}

// suits reports whether a pair of a Python tag and an ABI tag suits CPython
// 3.minor, given whether the wheel is for any platform and for this one.
func (f File) suits(minor int, hasAny, native bool) bool {
	abis := strings.ToLower(f.abi)
	for python := range strings.SplitSeq(strings.ToLower(f.python), ".") {
		for abi := range strings.SplitSeq(abis, ".") {
			anyOK, nativeOK := pairSuits(python, abi, minor)
			if anyOK && hasAny || nativeOK && native {
				return true
			}
		}
	}
	return false
}

// pairSuits reports whether a Python tag with an ABI tag suits CPython 3.minor in a wheel for any
// platform, and in one for its own platform.
func pairSuits(python, abi string, minor int) (onAny, onNative bool) {
	if python == "py3" {
		return abi == "none", abi == "none"
	}
	if n, ok := tagMinor(python, "py3"); ok {
		ok = abi == "none" && n <= minor
		return ok, ok
	}
	n, ok := tagMinor(python, "cp3")
	if !ok || n > minor {
		return false, false
	}
	switch {
	case abi == "abi3":
		// The stable ABI came with Python 3.2 (PEP 384).
		return false, n >= 2
	case n != minor:
		return false, false
	case abi == "none":
		return true, true
	}
	return false, isOwnABI(abi, minor)
}

// isOwnABI reports whether abi is that of the common build of CPython 3.minor.
func isOwnABI(abi string, minor int) bool {
	if minor < 8 {
		// Until Python 3.8 the name had the memory allocator, too.
		var isPymalloc bool
		if abi, isPymalloc = strings.CutSuffix(abi, "m"); !isPymalloc {
			return false
		}
	}
	n, ok := tagMinor(abi, "cp3")
	return ok && n == minor
}

// tagMinor reads the minor version after a prefix such as "cp3".
func tagMinor(tag, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(tag, prefix)
	if !ok || digits == "" || len(digits) > 3 {
		return 0, false
	}
	return small(digits)
}

func pythonMinor(python string) (int, bool) {
	rest, ok := strings.CutPrefix(python, "3.")
	digits, _, _ := strings.Cut(rest, ".")
	if !ok || digits == "" || len(digits) > 3 {
		return 0, false
	}
	return small(digits)
}

// small reads a number of a few digits.
func small(digits string) (int, bool) {
	n, err := strconv.ParseUint(digits, 10, 16)
	return int(n), err == nil
}

// platforms reports whether a set of platform tags has "any", and whether it
// has one for Linux with glibc on the machine.
func platforms(field, machine string) (hasAny, native bool) {
	for tag := range strings.SplitSeq(field, ".") {
		if tag == "any" {
			hasAny = true
			continue
		}
		before, ok := strings.CutSuffix(tag, machine)
		native = native || ok && isGlibcLinux(before)
	}
	return hasAny, native
}

// isGlibcLinux reports whether the text before the machine in a platform tag is Linux itself, or
// manylinux by year (PEP 513, 571, 599) or by the version of glibc (PEP 600).
func isGlibcLinux(before string) bool {
	switch before {
	case "linux_", "manylinux1_", "manylinux2010_", "manylinux2014_":
		return true
	}
	version, ok := strings.CutPrefix(before, "manylinux_2_")
	if !ok {
		return false
	}
	digits, ok := strings.CutSuffix(version, "_")
	if !ok || digits == "" {
		return false
	}
	_, ok = small(digits)
	return ok
}
