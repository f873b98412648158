package pypi

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/url"
)

// FileDetails is what a page says about fetching one file.
type FileDetails struct {
	Name   string
	URL    string // absolute, "" if the page gives none
	SHA256 string // of the file, hex; "" if the page gives none
	// HasMetadata says that the file's METADATA is at URL plus ".metadata" (PEP 658).
	// MetadataSHA256 is its digest, if the page has one.
	HasMetadata    bool
	MetadataSHA256 string
	Size           int64 // in bytes, 0 if the page does not say
}

// Details are the FileDetails of a project's files, in the compact form in
// which a store keeps them: some 100 bytes for a wheel, most of them digests.
//
//	version byte
//	number of folders, folders: a length and the text, with the last "/"
//	per file: 8 bytes of the name's hash, flag byte
//	          [number of the folder] [32 bytes of path] [last part of the URL]
//	          [32 bytes of SHA256] [32 bytes of MetadataSHA256] [size]
//
// The public index writes ".../packages/aa/bb/<60 more hex digits>/<name>":
// the digits become the path. The last part of other URLs is kept where it is
// not the file's name. Numbers are varints. The zero Details knows no file.
type Details struct {
	folders []string
	files   []byte
}

const detailsVersion = 1

const (
	detailURL     = 1 << iota
	detailPath    // the folder goes on with 32 bytes in hexadecimal
	detailLast    // the last part of the URL is not the name
	detailSHA256  // digest of the file
	detailHas     // there is metadata beside the file
	detailHasHash // digest of that
	detailSize
)

// maxURL bounds the URL of a file; a longer text is no URL.
const maxURL = 8 << 10

var errDetails = errors.New("stored details of a package's files are damaged")

// DecodeDetails reads Answer.Details. The Details refer to data. Empty data is the zero Details.
// Bytes of another version, and damaged ones, are an error; then ask the index again.
func DecodeDetails(data []byte) (Details, error) {
	if len(data) == 0 {
		return Details{}, nil
	}
	if data[0] != detailsVersion {
		return Details{}, errDetails
	}
	d := decoder{data: data[1:]}
	all := Details{folders: make([]string, d.count(1))}
	for i := range all.folders {
		all.folders[i] = d.string()
	}
	all.files = d.data
	for len(d.data) > 0 && !d.bad { // now, so that File has no errors
		all.next(&d)
	}
	if d.bad {
		return Details{}, errDetails
	}
	return all, nil
}

// File returns the details of the file of that name, and whether there are
// any.
func (all Details) File(name string) (FileDetails, bool) {
	key := nameKey(name)
	d := decoder{data: all.files}
	for len(d.data) > 0 {
		r := all.next(&d)
		if bytes.Equal(r.key, key[:]) {
			return r.details(name), true
		}
	}
	return FileDetails{}, false
}

// record is one file as it is stored; its bytes belong to the store.
type record struct {
	key           []byte
	flags         byte
	folder        string
	path, last    []byte
	sum, metadata []byte
	size          uint64
}

// next reads a record from the front of d.
func (all Details) next(d *decoder) (r record) {
	r.key = d.take(8)
	r.flags = d.byte()
	if r.flags&detailURL != 0 {
		if i := d.uvarint(); i < uint64(len(all.folders)) {
			r.folder = all.folders[i]
		} else {
			d.bad = true
		}
	}
	if r.flags&detailPath != 0 {
		r.path = d.take(sha256Size)
	}
	if r.flags&detailLast != 0 {
		r.last = d.take(d.count(1))
	}
	if r.flags&detailSHA256 != 0 {
		r.sum = d.take(sha256Size)
	}
	if r.flags&detailHasHash != 0 {
		r.metadata = d.take(sha256Size)
	}
	if r.flags&detailSize != 0 {
		r.size = d.uvarint()
	}
	return r
}

func (r record) details(name string) FileDetails {
	f := FileDetails{
		Name: name, SHA256: hex.EncodeToString(r.sum), HasMetadata: r.flags&detailHas != 0,
		MetadataSHA256: hex.EncodeToString(r.metadata), Size: int64(r.size), //nolint:gosec // it was an int64 when add wrote it
	}
	if r.flags&detailURL == 0 {
		return f
	}
	f.URL = r.folder
	if r.path != nil {
		digits := hex.EncodeToString(r.path)
		f.URL += digits[:2] + "/" + digits[2:4] + "/" + digits[4:] + "/"
	}
	if r.flags&detailLast != 0 {
		f.URL += string(r.last)
	} else {
		f.URL += name
	}
	return f
}

// nameKey is the FNV-1a hash of a name. If two names of one page had the same hash, the second
// would have no details.
func nameKey(name string) (key [8]byte) {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	binary.LittleEndian.PutUint64(key[:], h)
	return key
}

// detailsWriter makes Details.
type detailsWriter struct {
	base    *url.URL          // the address to which relative URLs are relative
	starts  map[string]string // beginnings of relative URLs, made absolute
	room    []byte            // for one address
	folders []string
	files   []byte
}

// located is where a file is, and its digests, which are nil if the page gives none.
type located struct {
	address, sum []byte
	metadata     []byte // the digest of the metadata beside it
	has          bool   // there is metadata beside it
	size         int64
}

// add appends a file. A URL that cannot be read is left out.
func (w *detailsWriter) add(name string, f located) {
	key := nameKey(name)
	w.files = append(w.files, key[:]...)
	at := len(w.files)
	w.files = append(w.files, 0)
	flags := w.address(name, f.address)
	if f.sum != nil {
		flags |= detailSHA256
		w.files = append(w.files, f.sum...)
	}
	if f.has {
		flags |= detailHas
	}
	if f.has && f.metadata != nil {
		flags |= detailHasHash
		w.files = append(w.files, f.metadata...)
	}
	if f.size > 0 {
		flags |= detailSize
		w.files = binary.AppendUvarint(w.files, uint64(f.size))
	}
	w.files[at] = flags
}

// address appends the parts of a URL.
func (w *detailsWriter) address(name string, address []byte) (flags byte) {
	if i := bytes.IndexByte(address, '#'); i >= 0 {
		address = address[:i]
	}
	if len(address) == 0 || len(address) > maxURL {
		return 0
	}
	if !bytes.HasPrefix(address, []byte("https://")) && !bytes.HasPrefix(address, []byte("http://")) {
		var ok bool
		if address, ok = w.absolute(address); !ok {
			return 0
		}
	}
	flags = detailURL
	i := bytes.LastIndexByte(address, '/') + 1
	folder, last := address[:i], address[i:]
	stem, path, folded := foldPath(folder)
	w.files = binary.AppendUvarint(w.files, w.folder(stem))
	if folded {
		flags |= detailPath
		w.files = append(w.files, path[:]...)
	}
	if string(last) != name {
		flags |= detailLast
		w.files = binary.AppendUvarint(w.files, uint64(len(last)))
		w.files = append(w.files, last...)
	}
	return flags
}

// absolute resolves a relative URL. The URLs of a page begin in the same way, "/" or "../../". So
// that beginning is resolved once, if the rest is plain.
func (w *detailsWriter) absolute(address []byte) ([]byte, bool) {
	n := 0
	for bytes.HasPrefix(address[n:], []byte("../")) {
		n += 3
	}
	if n == 0 && address[0] == '/' {
		n = 1
	}
	if n == 0 || !plainPath(address[n:]) {
		to, err := w.base.Parse(string(address))
		if err != nil {
			return nil, false
		}
		return []byte(to.String()), true
	}
	start, ok := w.starts[string(address[:n])]
	if !ok {
		to, err := w.base.Parse(string(address[:n]))
		if err != nil {
			return nil, false
		}
		if w.starts == nil {
			w.starts = map[string]string{}
		}
		start = to.String()
		w.starts[string(address[:n])] = start
	}
	w.room = append(append(w.room[:0], start...), address[n:]...)
	return w.room, true
}

// plainPath reports whether a path needs neither escapes nor cleaning.
func plainPath(path []byte) bool {
	dots := true // of the last segment so far
	for i, c := range path {
		switch {
		case c == '/':
			if dots {
				return false // empty, "." or ".."
			}
			dots = true
			continue
		case c == '.':
			continue
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '+' && i > 0:
			dots = false
		default:
			return false
		}
	}
	return !dots
}

// foldPath cuts "aa/bb/<60 digits>/" off the end of a folder.
func foldPath(folder []byte) (stem []byte, path [sha256Size]byte, ok bool) {
	const length = 2 + 1 + 2 + 1 + 60 + 1
	i := len(folder) - length
	if i < 1 || folder[i-1] != '/' || folder[i+2] != '/' || folder[i+5] != '/' {
		return folder, path, false
	}
	var digits [2 * sha256Size]byte
	copy(digits[:], folder[i:i+2])
	copy(digits[2:], folder[i+3:i+5])
	copy(digits[4:], folder[i+6:i+length-1])
	for _, c := range digits {
		if c >= 'A' && c <= 'F' { // decoding would give lower case
			return folder, path, false
		}
	}
	if _, err := hex.Decode(path[:], digits[:]); err != nil {
		return folder, path, false
	}
	return folder[:i], path, true
}

// folder returns the number of a folder. Files that follow each other mostly share one, and a page
// has either few folders or one for each file.
func (w *detailsWriter) folder(text []byte) uint64 {
	for i := len(w.folders) - 1; i >= max(0, len(w.folders)-4); i-- {
		if w.folders[i] == string(text) {
			return uint64(i) //nolint:gosec // an index
		}
	}
	w.folders = append(w.folders, string(text))
	return uint64(len(w.folders) - 1) //nolint:gosec // one was appended just before
}

// bytes returns the whole.
func (w *detailsWriter) bytes() []byte {
	size := len(w.files) + 1 + binary.MaxVarintLen64
	for _, f := range w.folders {
		size += len(f) + 3
	}
	out := make([]byte, 1, size)
	out[0] = detailsVersion
	out = binary.AppendUvarint(out, uint64(len(w.folders)))
	for _, f := range w.folders {
		out = appendString(out, f)
	}
	return append(out, w.files...)
}
