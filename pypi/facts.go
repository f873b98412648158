package pypi

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi/pep440"
)

// The stored form of a Package, version 1. Numbers are varints, texts are a
// length and bytes:
//
//	version byte, flag byte
//	Name, Index, Status, StatusReason
//	number of texts, texts           (requires-python and reasons, each once)
//	number of releases, number of files
//	per release: version as written, number of files
//	    per file: name, flag byte, [requires-python] [reason]
//	              [microseconds since the last file that has a time]
//	per file with a hash, in the same order: 32 bytes
//
// Texts are not packed further, so that a decoded Package can share them.
const factsVersion = 1

// Flags of the second byte and of a file.
const (
	factsKnown  = 1
	factsFacts  = 2
	factsHashes = 4

	fileYanked = 1
	fileTime   = 2
	filePython = 4
	fileReason = 8
	fileHash   = 16
)

var errFacts = errors.New("stored facts of a package are damaged")

// EncodePackage is pkg in a compact binary form; equal packages give equal
// bytes. sha256 digests are kept only withHashes. Failure, which belongs to
// one run, is left out, and times are kept to the microsecond.
func EncodePackage(pkg plan.Package, withHashes bool) []byte {
	e := encoder{index: map[string]uint64{}, hashes: withHashes}
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
	out := make([]byte, 0, len(e.body)+len(e.sums)+256)
	out = append(out, factsVersion, flags)
	for _, s := range []string{pkg.Name, pkg.Index, pkg.Status, pkg.StatusReason} {
		out = appendString(out, s)
	}
	out = binary.AppendUvarint(out, uint64(len(e.texts)))
	for _, s := range e.texts {
		out = appendString(out, s)
	}
	out = binary.AppendUvarint(out, uint64(len(pkg.Releases)))
	out = binary.AppendUvarint(out, uint64(e.files))
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

// HasHashes reports whether data was encoded with the sha256 digests. Facts
// without them do not serve a reader that needs them: ask without ETag.
func HasHashes(data []byte) bool {
	return len(data) > 1 && data[0] == factsVersion && data[1]&factsHashes != 0
}

// DecodePackage reads what EncodePackage wrote. The Package shares one copy of
// data; data itself may be used again. Bytes of another version, or damaged
// ones, are an error: ask the index instead.
func DecodePackage(data []byte) (plan.Package, error) {
	if len(data) < 2 || data[0] != factsVersion {
		return plan.Package{}, errFacts
	}
	d := decoder{text: string(data[2:])}
	flags := data[1]
	pkg := plan.Package{Known: flags&factsKnown != 0, HasFacts: flags&factsFacts != 0}
	for _, to := range []*string{&pkg.Name, &pkg.Index, &pkg.Status, &pkg.StatusReason} {
		*to = d.string()
	}
	d.texts = make([]string, d.count(1))
	for i := range d.texts {
		d.texts[i] = d.string()
	}
	// A release takes two bytes at least and so does a file.
	releases, files := d.count(2), d.count(2)
	if d.bad {
		return plan.Package{}, errFacts
	}
	if releases > 0 {
		pkg.Releases = make([]plan.Release, releases)
	}
	d.room = make([]plan.DistFile, files)
	all := d.room
	for i := range pkg.Releases {
		d.release(&pkg.Releases[i])
	}
	d.hashes(all)
	if d.bad || len(d.room) > 0 || d.text != "" {
		return plan.Package{}, errFacts
	}
	return pkg, nil
}

// decoder takes from the front of text. After the first damage bad is set and
// everything it gives is empty.
type decoder struct {
	text  string
	texts []string
	room  []plan.DistFile
	last  int64
	sums  int
	bad   bool
}

func (d *decoder) release(r *plan.Release) {
	v, err := pep440.Parse(d.string())
	n := d.count(2)
	if err != nil || n > len(d.room) {
		d.bad = true
		return
	}
	r.Version = v
	if n == 0 {
		return
	}
	r.Files, d.room = d.room[:n:n], d.room[n:]
	for i := range r.Files {
		d.file(&r.Files[i])
	}
}

func (d *decoder) file(f *plan.DistFile) {
	f.Name = d.string()
	flags := d.byte()
	f.Yanked = flags&fileYanked != 0
	if flags&filePython != 0 {
		f.RequiresPython = d.shared()
	}
	if flags&fileReason != 0 {
		f.YankedReason = d.shared()
	}
	if flags&fileTime != 0 {
		d.last += d.varint()
		f.Uploaded = time.UnixMicro(d.last).UTC()
	}
	if flags&fileHash != 0 {
		d.sums++
		f.SHA256 = pending
	}
}

// pending marks a file whose digest is still to be read.
const pending = "?"

// hashes reads the digests into one string that the files share.
func (d *decoder) hashes(files []plan.DistFile) {
	if d.bad || len(d.text) != d.sums*sha256Size {
		d.bad = true
		return
	}
	if d.sums == 0 {
		return
	}
	digits := hex.EncodeToString([]byte(d.text))
	d.text = ""
	for i := range files {
		if files[i].SHA256 == pending {
			files[i].SHA256, digits = digits[:2*sha256Size], digits[2*sha256Size:]
		}
	}
}

func (d *decoder) byte() byte {
	if d.text == "" {
		d.bad = true
		return 0
	}
	b := d.text[0]
	d.text = d.text[1:]
	return b
}

func (d *decoder) uvarint() (n uint64) {
	for shift := 0; shift < 64 && !d.bad; shift += 7 {
		b := d.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// count reads a number of things of which each takes at least least bytes.
func (d *decoder) count(least int) int {
	n := d.uvarint()
	if n > uint64(len(d.text)/least) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.count(1)
	s := d.text[:n]
	d.text = d.text[n:]
	return s
}

func (d *decoder) shared() string {
	i := d.uvarint()
	if i >= uint64(len(d.texts)) {
		d.bad = true
		return ""
	}
	return d.texts[i]
}
