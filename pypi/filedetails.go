package pypi

import (
	"encoding/hex"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// fetch is what a file's entry says about fetching it, with the texts in extra. A field of another
// form than the PEP's is ignored.
type fetch struct {
	url, urlSize  uint32
	sum, metadata uint32 // the index of 32 bytes plus one; 0 is none
	has           bool
	present       bool // the present key, core-metadata, was there (PEP 714)
	size          int64
}

// hashesOf reads a file's digest, if the reader wants it.
func (p *page) hashesOf(f *file, to *fetch, raw jsontext.Value) {
	sum, ok := sha256In(raw)
	if ok && p.hashes {
		from := len(p.arena)
		p.arena = hex.AppendEncode(p.arena, sum[:])
		f.sha = span{from, len(p.arena)}
	}
	if ok && p.details != nil {
		to.sum = p.keepSum(sum)
	}
}

func (p *page) keepSum(sum [sha256Size]byte) uint32 {
	p.extra = append(p.extra, sum[:]...)
	return uint32(len(p.extra) - sha256Size + 1) //nolint:gosec // grown ends a page far below that
}

// sumAt returns what keepSum kept; nil for nothing.
func (p *page) sumAt(at uint32) []byte {
	if at == 0 {
		return nil
	}
	return p.extra[at-1:][:sha256Size]
}

// sha256In finds the digest in an object of digests by algorithm.
func sha256In(raw jsontext.Value) (sum [sha256Size]byte, ok bool) {
	for in := (fields{raw: raw}); in.next(); {
		if string(in.key) == `"sha256"` {
			sum, ok = digestOf(in.value)
		}
	}
	return sum, ok
}

// digestOf reads a digest from a JSON string.
func digestOf(raw jsontext.Value) (sum [sha256Size]byte, ok bool) {
	if raw.Kind() != '"' || len(raw) != 2+2*sha256Size {
		return sum, false
	}
	_, err := hex.Decode(sum[:], raw[1:len(raw)-1])
	return sum, err == nil
}

// fetchField reads a field of a file that only its details need (PEP 658, 691, 700, 714).
func (p *page) fetchField(f *fetch, key, value jsontext.Value) (err error) {
	switch string(key) {
	case `"url"`:
		if value[0] != '"' || len(value) > maxURL {
			return nil
		}
		f.url = uint32(len(p.extra)) //nolint:gosec // see keepSum
		p.extra, err = appendText(p.extra, value)
		f.urlSize = uint32(len(p.extra)) - f.url //nolint:gosec // see keepSum
	case `"size"`:
		f.size, _ = strconv.ParseInt(string(value), 10, 64)
	case `"core-metadata"`:
		p.hasMetadata(f, value, true)
	case `"dist-info-metadata"`, `"data-dist-info-metadata"`:
		p.hasMetadata(f, value, false)
	}
	return err
}

// hasMetadata reads true, false or an object of digests. The older keys count only if the present
// one is not there.
func (p *page) hasMetadata(f *fetch, value jsontext.Value, present bool) {
	var sum [sha256Size]byte
	var hashed bool
	switch value[0] {
	case 't', 'f':
	case '{':
		sum, hashed = sha256In(value)
	default:
		return
	}
	if !present && f.present {
		return
	}
	f.has, f.metadata, f.present = value[0] != 'f', 0, present
	if hashed {
		f.metadata = p.keepSum(sum)
	}
}

// detailsOf makes Answer.Details of the files of the package; nil if the reader does not want them.
func (p *page) detailsOf() []byte {
	if p.details == nil {
		return nil
	}
	w := detailsWriter{base: p.details, files: p.records[:0]}
	for i, f := range p.fetches {
		if p.files[i].group >= 0 {
			w.add(p.files[i].Name, located{p.extra[f.url:][:f.urlSize], p.sumAt(f.sum), p.sumAt(f.metadata), f.has, f.size})
		}
	}
	p.records = w.files
	return w.bytes()
}
