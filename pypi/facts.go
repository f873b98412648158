package pypi

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// The stored form of a Package, version 2. Numbers are varints, texts are a
// length and bytes:
//
//	version byte, flag byte
//	Name, Index, Status, StatusReason, [the version that releases begin at]
//	number of texts, texts           (requires-python and reasons, each once)
//	number of releases, number of files
//	per release: version as written, number of files
//	    per file: name, flag byte, [number of what it says] [requires-python] [reason]
//	              [microseconds since the last file that has a time]
//	per file with a hash, in the same order: 32 bytes
//
// Texts are not packed further, so that a decoded Package can share them.
// Version 1 has the same form. It was written when fewer endings of source distributions
// were known, so it may lack files.
const (
	factsVersion = 2
	factsFewer   = 1
)

// Flags of the second byte and of a file.
const (
	factsKnown  = 1
	factsFacts  = 2
	factsHashes = 4
	factsRecent = 8 // releases below a version are left out

	fileYanked = 1
	fileTime   = 2
	filePython = 4
	fileReason = 8
	fileHash   = 16
	fileSays   = 32
)

// ErrOlder says that the facts begin with a newer release than the one that was asked for.
var ErrOlder = errors.New("the stored facts of a package begin with a newer release")

var errFacts = errors.New("stored facts of a package are damaged")

// EncodePackage is pkg in a compact binary form; equal packages give equal
// bytes. sha256 digests are kept only withHashes. Failure, which belongs to
// one run, is left out, and times are kept to the microsecond.
func EncodePackage(pkg plan.Package, withHashes bool) []byte {
	return encode(pkg, withHashes, pep440.Version{})
}

// EncodeRecent is EncodePackage without the releases before least, provided that one is left.
func EncodeRecent(pkg plan.Package, withHashes bool, least pep440.Version) []byte {
	at, _ := slices.BinarySearchFunc(pkg.Releases, least, func(r plan.Release, v pep440.Version) int { return r.Version.Compare(v) })
	if at == 0 || at == len(pkg.Releases) {
		return EncodePackage(pkg, withHashes)
	}
	pkg.Releases = pkg.Releases[at:]
	return encode(pkg, withHashes, least)
}

// encode marks in the result that the releases begin at a version, unless that is the zero Version.
func encode(pkg plan.Package, withHashes bool, least pep440.Version) []byte {
	e := encoder{index: map[string]uint64{}, hashes: withHashes}
	e.grow(pkg.Releases)
	for i := range pkg.Releases {
		e.release(&pkg.Releases[i])
	}
	flags := byte(0)
	if pkg.Known {
		flags |= factsKnown
	}
	if pkg.HasFacts {
		flags |= factsFacts
	}
	if withHashes {
		flags |= factsHashes
	}
	texts := []string{pkg.Name, pkg.Index, pkg.Status, pkg.StatusReason}
	if !least.IsZero() {
		flags |= factsRecent
		texts = append(texts, least.String())
	}
	out := make([]byte, 0, len(e.body)+len(e.sums)+256)
	out = append(out, factsVersion, flags)
	for _, s := range texts {
		out = appendString(out, s)
	}
	out = binary.AppendUvarint(out, uint64(len(e.texts)))
	for _, s := range e.texts {
		out = appendString(out, s)
	}
	out = binary.AppendUvarint(out, uint64(len(pkg.Releases)))
	out = binary.AppendUvarint(out, uint64(e.files)) //nolint:gosec // a count
	return append(append(out, e.body...), e.sums...)
}

type encoder struct {
	hashes bool
	texts  []string
	index  map[string]uint64
	files  int
	last   int64
	body   []byte
	sums   []byte
}

// grow makes room for releases. Besides its name a file mostly takes a dozen bytes.
func (e *encoder) grow(releases []plan.Release) {
	size, files := 0, 0
	for i := range releases {
		r := &releases[i]
		size += len(r.Version.Raw()) + 3
		for k := range r.Files {
			size += len(r.Files[k].Name) + 12
		}
		files += len(r.Files)
	}
	e.body = make([]byte, 0, size)
	if e.hashes {
		e.sums = make([]byte, 0, files*sha256Size)
	}
}

func (e *encoder) release(r *plan.Release) {
	e.body = appendString(e.body, r.Version.Raw())
	e.body = binary.AppendUvarint(e.body, uint64(len(r.Files)))
	e.files += len(r.Files)
	for i := range r.Files {
		e.file(&r.Files[i])
	}
}

func (e *encoder) file(f *plan.DistFile) {
	e.body = appendString(e.body, f.Name)
	at := len(e.body)
	e.body = append(e.body, 0)
	flags := byte(0)
	if f.Yanked {
		flags |= fileYanked
	}
	if f.Says != 0 {
		flags |= fileSays
		e.body = append(e.body, f.Says)
	}
	if f.RequiresPython != "" {
		flags |= filePython
		e.body = binary.AppendUvarint(e.body, e.text(f.RequiresPython))
	}
	if f.YankedReason != "" {
		flags |= fileReason
		e.body = binary.AppendUvarint(e.body, e.text(f.YankedReason))
	}
	if !f.Uploaded.IsZero() {
		flags |= fileTime
		now := f.Uploaded.UnixMicro()
		e.body = binary.AppendVarint(e.body, now-e.last)
		e.last = now
	}
	if e.hashes && len(f.SHA256) == 2*sha256Size {
		if sum, err := hex.DecodeString(f.SHA256); err == nil {
			flags |= fileHash
			e.sums = append(e.sums, sum...)
		}
	}
	e.body[at] = flags
}

const sha256Size = 32

// text gives the number of a text in the table.
func (e *encoder) text(s string) uint64 {
	if i, ok := e.index[s]; ok {
		return i
	}
	i := uint64(len(e.texts))
	e.index[s] = i
	e.texts = append(e.texts, s)
	return i
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// HasHashes reports whether data was encoded with the sha256 digests. A reader that needs them must
// ask the index without an ETag if not.
func HasHashes(data []byte) bool {
	return isFacts(data) && data[1]&factsHashes != 0
}

func isFacts(data []byte) bool {
	return len(data) > 1 && (data[0] == factsVersion || data[0] == factsFewer)
}

// IsWhole reports whether data has every file that counts today. Facts of an earlier version may
// lack some. They are used while the index does not answer, and it is asked without their ETag.
func IsWhole(data []byte) bool { return isFacts(data) && data[0] == factsVersion }

// IsRecent reports whether releases were left out of data.
func IsRecent(data []byte) bool {
	return isFacts(data) && data[1]&factsRecent != 0
}
