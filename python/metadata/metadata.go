// Package metadata reads the core metadata of distributions, METADATA of a wheel and PKG-INFO of a
// source distribution, and keeps what an installer needs to decide: what a release requires of
// Python and of other packages.
//
// Its invariant is that a file is read whole or refused: what it gives is what pip would read, and
// one broken requirement refuses the whole file.
//
// It does not keep descriptions, licences and people, evaluates no marker, and neither finds nor
// fetches the files.
package metadata

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Metadata is what the core metadata of one distribution says about its installation. Nobody
// changes one after it is made, since decoded ones share parts.
type Metadata struct {
	MetadataVersion string // as written, "" if there is none
	Name            string // as written
	Version         string // as written
	// RequiresPython is as written, "" if there is none. It may be invalid: see Python.
	RequiresPython string
	// Requires are the requirements in the order of the file, repeated ones
	// included; RequiresDist are the same as written, without the white space
	// around them.
	Requires     []pep508.Requirement
	RequiresDist []string
	// Extras are the valid names of Provides-Extra in normal form, sorted,
	// each once.
	Extras []string
	// Dynamic are the fields that only a build can fill in (PEP 643), in lower case, sorted, each
	// once.
	Dynamic []string
	Links   []Link // in the order of the file, each name once
}

// Size is about how many bytes the requirements, extras and fields take in memory, rather too many
// than too few. Measured: a requirement takes 100 bytes and ten times its text.
func (m Metadata) Size() int {
	n := 0
	for _, all := range [][]string{m.RequiresDist, m.Extras, m.Dynamic} {
		for _, text := range all {
			n += Held(1, len(text))
		}
	}
	return n
}

// Held is Size for a number of requirements with so many bytes of text.
func Held(requirements, text int) int { return 100*requirements + 10*text }

// Python returns the Pythons that the distribution is for. A Requires-Python that is no specifier
// (PEP 440) accepts all, as in pip.
func (m Metadata) Python() pep440.Specifiers {
	set, err := pep440.ParseSpecifiers(m.RequiresPython)
	if err != nil {
		return pep440.Specifiers{}
	}
	return set
}

// static is the first version of the format in which a source distribution has final values for all
// fields that it does not call dynamic (PEP 643).
var static, _ = pep440.Parse("2.2")

// NotStatic says, as a clause, why the metadata of a source distribution may differ from that of
// the wheel built from it. It is "" if all that this package keeps is the same for every such
// wheel.
func (m Metadata) NotStatic() string {
	v, err := pep440.Parse(m.MetadataVersion)
	if err != nil || v.Compare(static) < 0 {
		return "its metadata is older than version 2.2 and may change in the build (PEP 643)"
	}
	for _, field := range []string{"requires-dist", "requires-python", "provides-extra"} {
		if slices.Contains(m.Dynamic, field) {
			return "its " + field + " is only known after a build (PEP 643)"
		}
	}
	return ""
}

// Error says why a file is refused.
type Error struct {
	// Problem is a clause that continues the name of the file, printable and
	// short.
	Problem string
}

func (e *Error) Error() string { return "parse metadata: the file " + e.Problem }
