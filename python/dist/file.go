// Package dist reads the names of distribution files, wheels and source distributions, and says
// which of them a Python on a platform can install.
//
// Its invariant is that a name alone decides: nothing is opened or fetched, and a name that the
// specifications do not admit is refused, never guessed.
//
// It does not know eggs, installers and other forms that pip no longer installs, which it refuses.
// It does not know what is inside a file either: a wheel's Requires-Python and dependencies are in
// its metadata.
package dist

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// ErrName is wrapped by every error of Parse and ParseFor.
var ErrName = errors.New("not the name of a wheel or a source distribution")

// Bounds of a name. A file system takes 255 bytes, and the tags of a wheel of the public index
// multiply to some fifty at most.
const (
	maxName = 255
	maxTags = 1024
)

// Kind is the form of a distribution file.
type Kind string

// The forms that are read.
const (
	Wheel Kind = "wheel"
	Sdist Kind = "sdist"
)

// File is what the name of a distribution file says. It refers to the name
// and copies nothing of it. The zero File is none.
type File struct {
	Kind    Kind
	Version pep440.Version

	project               string
	build                 string
	python, abi, platform string
}

// Name returns the project's name in normal form (PEP 503).
func (f File) Name() string { return pep508.NormalizeName(f.project) }

// Build returns the build tag of a wheel as written, a number and perhaps text after it. It is ""
// if there is none, and for a source distribution.
func (f File) Build() string { return f.build }

// Parse reads the name of a wheel ("Binary distribution format": project,
// version, an optional build tag that begins with a digit, and three tags) or
// of a source distribution (PEP 625, but with every packing that pip takes):
// there the
// version is what follows the last dash. The version may be in any spelling of
// PEP 440. A name of more than 255 bytes is refused, and a wheel whose tags
// multiply to more than 1,024.
func Parse(filename string) (File, error) {
	if len(filename) > maxName {
		return File{}, refuse(filename, "longer than 255 bytes")
	}
	if stem, ok := strings.CutSuffix(filename, ".whl"); ok {
		return parseWheel(filename, stem)
	}
	stem, ok := sdistStem(filename)
	if !ok {
		return File{}, refuse(filename, "unknown ending")
	}
	return parseSdist(filename, stem, strings.LastIndexByte(stem, '-'))
}

// ParseFor is Parse for a file of a known project, whose name may be in any spelling. The project's
// name separates the name of a source distribution from its version if the version has dashes, as
// old ones have ("a-b-1.0-beta2.zip"). A file of another project is an error.
func ParseFor(project, filename string) (File, error) {
	if len(filename) > maxName {
		return File{}, refuse(filename, "longer than 255 bytes")
	}
	stem, ok := sdistStem(filename)
	if !ok {
		f, err := Parse(filename)
		if err == nil && !pep508.SameName(f.project, project) {
			return File{}, refuse(filename, "another project's name")
		}
		return f, err
	}
	// If the name itself ends in separators, more than one dash is possible. No version begins with
	// one, so it is the last.
	for i := len(stem) - 1; i >= 0; i-- {
		if stem[i] == '-' && pep508.SameName(stem[:i], project) {
			return parseSdist(filename, stem, i)
		}
	}
	return File{}, refuse(filename, "another project's name")
}

func sdistStem(filename string) (string, bool) {
	stem, packing := cutPacking(filename)
	return stem, packing != ""
}

// Packing is how the archive of a source distribution is packed.
type Packing string

// The packings that pip takes.
const (
	Zip   Packing = "zip"
	Tar   Packing = "tar"
	Gzip  Packing = "gzip"
	Bzip2 Packing = "bzip2"
	XZ    Packing = "xz" // and its relatives, lzip and LZMA
)

// PackingOf returns how a source distribution of that name is packed, "" if the name has no such
// ending.
func PackingOf(filename string) Packing {
	_, packing := cutPacking(filename)
	return packing
}

// cutPacking splits off the ending of a source distribution. It knows the endings that pip unpacks,
// in lower case alone.
func cutPacking(filename string) (stem string, packing Packing) {
	i := strings.LastIndexByte(filename, '.')
	if i < 0 {
		return "", ""
	}
	stem = filename[:i]
	tarred, isTar := strings.CutSuffix(stem, ".tar")
	switch ending := filename[i+1:]; {
	case ending == "zip":
		return stem, Zip
	case ending == "tar":
		return stem, Tar
	case ending == "tgz":
		return stem, Gzip
	case ending == "tbz":
		return stem, Bzip2
	case ending == "txz", ending == "tlz":
		return stem, XZ
	case isTar && ending == "gz":
		return tarred, Gzip
	case isTar && ending == "bz2":
		return tarred, Bzip2
	case isTar && (ending == "xz" || ending == "lz" || ending == "lzma"):
		return tarred, XZ
	}
	return "", ""
}

// parseSdist reads a name whose version begins after the dash at index i.
func parseSdist(filename, stem string, i int) (File, error) {
	if i < 0 {
		return File{}, refuse(filename, "no dash before a version")
	}
	if !isProject(stem[:i]) {
		return File{}, refuse(filename, "bad project name")
	}
	v, err := pep440.Parse(stem[i+1:])
	if err != nil {
		return File{}, fmt.Errorf("parse file name %.120q: %w: %w", filename, ErrName, err)
	}
	return File{Kind: Sdist, Version: v, project: stem[:i]}, nil
}

func parseWheel(filename, stem string) (File, error) {
	f := File{Kind: Wheel}
	var version string
	var ok bool
	if f.project, version, ok = strings.Cut(stem, "-"); !ok {
		return File{}, refuse(filename, "too few dashes")
	}
	if !isProject(f.project) || strings.Contains(f.project, "__") {
		return File{}, refuse(filename, "bad project name")
	}
	rest := version
	for _, field := range [...]*string{&f.platform, &f.abi, &f.python} {
		i := strings.LastIndexByte(rest, '-')
		if i < 0 {
			return File{}, refuse(filename, "too few dashes")
		}
		*field, rest = rest[i+1:], rest[:i]
		if !isTags(*field) {
			return File{}, refuse(filename, "empty tag")
		}
	}
	if n := f.combinations(); n > maxTags {
		return File{}, refuse(filename, "too many tags")
	}
	version, build, hasBuild := strings.Cut(rest, "-")
	if hasBuild && (build == "" || build[0] < '0' || build[0] > '9' || strings.Contains(build, "-")) {
		return File{}, refuse(filename, "bad build tag")
	}
	f.build = build
	var err error
	if f.Version, err = pep440.Parse(version); err != nil {
		return File{}, fmt.Errorf("parse file name %.120q: %w: %w", filename, ErrName, err)
	}
	return f, nil
}

// isProject reports whether name has only characters of a project's name. Unlike pep508.ValidName
// it permits any of them at the end, since file names escape the name.
func isProject(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return name != ""
}

// isTags reports whether field is one or more tags separated by dots.
func isTags(field string) bool {
	return field != "" && field[0] != '.' && field[len(field)-1] != '.' && !strings.Contains(field, "..")
}

// combinations counts what Tags lists.
func (f File) combinations() int {
	n := 1
	for _, field := range [...]string{f.python, f.abi, f.platform} {
		n *= 1 + strings.Count(field, ".")
	}
	return n
}

func refuse(filename, problem string) error {
	return fmt.Errorf("parse file name %.120q: %s: %w", filename, problem, ErrName)
}
