package pypi

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// DecodePackage reads what EncodePackage wrote. The texts of the Package share one copy of data,
// which the caller may use again. Bytes of another version, and damaged ones, are an error; then
// ask the index instead.
func DecodePackage(data []byte) (plan.Package, error) {
	return DecodePackageFrom(data, pep440.Version{})
}

// DecodePackageFrom is DecodePackage without the releases before least. These cost no memory,
// which matters to a caller that holds many packages and needs only what is newer than a
// pin. If the facts begin with a newer release than least, the error is ErrOlder.
func DecodePackageFrom(data []byte, least pep440.Version) (plan.Package, error) {
	if !isFacts(data) {
		return plan.Package{}, errFacts
	}
	d := decoder{data: data[2:]}
	flags := data[1]
	pkg := plan.Package{Known: flags&factsKnown != 0, HasFacts: flags&factsFacts != 0}
	for _, to := range []*string{&pkg.Name, &pkg.Index, &pkg.Status, &pkg.StatusReason} {
		*to = d.string()
	}
	if flags&factsRecent != 0 {
		switch begin, err := pep440.Parse(d.string()); {
		case err != nil:
			return plan.Package{}, errFacts
		case least.Compare(begin) < 0:
			return plan.Package{}, ErrOlder
		}
	}
	d.texts = make([]string, d.count(1))
	for i := range d.texts {
		d.texts[i] = d.string()
	}
	// A release takes two bytes at least and so does a file.
	releases, files := d.count(2), d.count(2)
	for i := 0; i < releases && !d.bad; i++ {
		v, n := d.head(files)
		files -= n
		if pkg.Releases == nil && v.Compare(least) < 0 {
			d.skip(n)
			continue
		}
		if pkg.Releases == nil {
			d.text = string(d.data)
			pkg.Releases = make([]plan.Release, 0, releases-i)
			d.room = make([]plan.DistFile, files+n)
			d.kept = d.room
		}
		pkg.Releases = append(pkg.Releases, plan.Release{Version: v, Files: d.files(n)})
	}
	d.hashes()
	if d.bad || files != 0 {
		return plan.Package{}, errFacts
	}
	return pkg, nil
}

// decoder reads from the front of data. After damage bad is set, and every further read gives
// nothing.
type decoder struct {
	data  []byte
	text  string // a copy of what data held once; it ends where data ends
	texts []string
	kept  []plan.DistFile
	room  []plan.DistFile // the part of kept that is not filled yet
	last  int64
	old   int // digests of files that were skipped
	sums  int // digests in all
	bad   bool
}

// head reads a release's version and the number of its files, at most most.
func (d *decoder) head(most int) (pep440.Version, int) {
	v, err := pep440.Parse(d.string())
	n := d.count(2)
	if err != nil || n > most {
		d.bad = true
		return pep440.Version{}, 0
	}
	return v, n
}

// skip skips n files.
func (d *decoder) skip(n int) {
	for range n {
		d.pass()
		flags := d.byte()
		if flags&fileSays != 0 {
			d.byte()
		}
		if flags&filePython != 0 {
			d.uvarint()
		}
		if flags&fileReason != 0 {
			d.uvarint()
		}
		if flags&fileTime != 0 {
			d.last += d.varint()
		}
		if flags&fileHash != 0 {
			d.sums++
			d.old++
		}
	}
}

// files reads n files, nil for none.
func (d *decoder) files(n int) []plan.DistFile {
	if n == 0 {
		return nil
	}
	var files []plan.DistFile
	files, d.room = d.room[:n:n], d.room[n:]
	for i := range files {
		d.file(&files[i])
	}
	return files
}

func (d *decoder) file(f *plan.DistFile) {
	f.Name = d.string()
	flags := d.byte()
	f.Yanked = flags&fileYanked != 0
	if flags&fileSays != 0 {
		f.Says = d.byte()
	}
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

// hashes reads the digests, which are all that is left, into one string that the files share.
func (d *decoder) hashes() {
	if d.bad || len(d.data) != d.sums*sha256Size {
		d.bad = true
		return
	}
	digits := hex.EncodeToString(d.data[d.old*sha256Size:])
	for i := range d.kept {
		if d.kept[i].SHA256 == pending {
			d.kept[i].SHA256, digits = digits[:2*sha256Size], digits[2*sha256Size:]
		}
	}
}

func (d *decoder) byte() byte {
	if len(d.data) == 0 {
		d.bad = true
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.data)
	if size <= 0 {
		d.bad, d.data = true, nil
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.data)
	if size <= 0 {
		d.bad, d.data = true, nil
		return 0
	}
	d.data = d.data[size:]
	return n
}

// count reads a number of things, each of which takes at least least bytes.
func (d *decoder) count(least int) int {
	n := d.uvarint()
	if n > uint64(len(d.data)/least) { //nolint:gosec // least is positive
		d.bad = true
		return 0
	}
	return int(n) //nolint:gosec // at most the length of data
}

// string reads a text, which is a part of the copy as soon as there is one.
func (d *decoder) string() string {
	n := d.count(1)
	var s string
	if d.text != "" {
		s = d.text[len(d.text)-len(d.data):][:n]
	} else {
		s = string(d.data[:n])
	}
	d.data = d.data[n:]
	return s
}

// take gives the next n bytes.
func (d *decoder) take(n int) []byte {
	if n > len(d.data) {
		d.bad, d.data = true, nil
		return nil
	}
	b := d.data[:n]
	d.data = d.data[n:]
	return b
}

// pass skips a text.
func (d *decoder) pass() { d.data = d.data[d.count(1):] }

func (d *decoder) shared() string {
	i := d.uvarint()
	if i >= uint64(len(d.texts)) {
		d.bad = true
		return ""
	}
	return d.texts[i]
}
