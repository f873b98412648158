package pypi

import (
	"encoding/hex"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// fetch is what a file's entry says of fetching it, with the texts in extra.
// Whatever has another form than the PEP's is as if it were not there.
type fetch struct {
	url, urlSize  uint32
	sum, metadata uint32 // where 32 bytes stand, plus one; 0 is none
	has           bool
	present       bool // the present key, core-metadata, told (PEP 714)
	size          int64
}

// hashesOf reads hashes: a file's digest, for whoever asked.
func (p *page) hashesOf(f *file, to *fetch) error {
	sum, ok, err := p.sha256()
	if ok && p.hashes {
		from := len(p.arena)
		p.arena = hex.AppendEncode(p.arena, sum[:])
		f.sha = span{from, len(p.arena)}
	}
	if ok && p.details != nil {
		to.sum = p.keepSum(sum)
	}
	return err
}

func (p *page) keepSum(sum [sha256Size]byte) uint32 {
	p.extra = append(p.extra, sum[:]...)
	return uint32(len(p.extra) - sha256Size + 1) //nolint:gosec // grown ends a page far below that
}

// sumAt gives what keepSum kept, nil for nothing.
func (p *page) sumAt(at uint32) []byte {
	if at == 0 {
		return nil
	}
	return p.extra[at-1:][:sha256Size]
}

// sha256 reads an object of digests by algorithm.
func (p *page) sha256() (sum [sha256Size]byte, ok bool, err error) {
	if _, err := p.json.ReadToken(); err != nil {
		return sum, false, err
	}
	for p.json.PeekKind() == '"' {
		key, err := p.json.ReadValue()
		if err != nil {
			return sum, false, err
		}
		ours := string(key) == `"sha256"`
		value, err := p.json.ReadValue()
		if err != nil {
			return sum, false, err
		}
		if ours {
			sum, ok = digestOf(value)
		}
	}
	_, err = p.json.ReadToken()
	return sum, ok, err
}

// digestOf takes a digest from a JSON string.
func digestOf(raw jsontext.Value) (sum [sha256Size]byte, ok bool) {
	if raw.Kind() != '"' || len(raw) != 2+2*sha256Size {
		return sum, false
	}
	_, err := hex.Decode(sum[:], raw[1:len(raw)-1])
	return sum, err == nil
}

// fetchField reads a field of a file that only its details keep (PEP 658, 691,
// 700, 714).
func (p *page) fetchField(f *fetch, key jsontext.Value) error {
	switch string(key) {
	case `"url"`:
		raw, err := p.json.ReadValue()
		if err != nil || raw.Kind() != '"' || len(raw) > maxURL {
			return err
		}
		f.url = uint32(len(p.extra)) //nolint:gosec // see keepSum
		p.extra, err = appendText(p.extra, raw)
		f.urlSize = uint32(len(p.extra)) - f.url //nolint:gosec // see keepSum
		return err
	case `"size"`:
		raw, err := p.json.ReadValue()
		f.size, _ = strconv.ParseInt(string(raw), 10, 64)
		return err
	case `"core-metadata"`:
		return p.hasMetadata(f, true)
	case `"dist-info-metadata"`, `"data-dist-info-metadata"`:
		return p.hasMetadata(f, false)
	}
	return p.json.SkipValue()
}

// hasMetadata reads true, false or an object of digests. The older keys count
// only where the present one says nothing.
func (p *page) hasMetadata(f *fetch, present bool) error {
	kind := p.json.PeekKind()
	var sum [sha256Size]byte
	var hashed bool
	var err error
	switch kind {
	case jsontext.KindTrue, jsontext.KindFalse:
		err = p.json.SkipValue()
	case jsontext.KindBeginObject:
		sum, hashed, err = p.sha256()
	default:
		return p.json.SkipValue()
	}
	if !present && f.present {
		return err
	}
	f.has, f.metadata, f.present = kind != jsontext.KindFalse, 0, present
	if hashed {
		f.metadata = p.keepSum(sum)
	}
	return err
}

// detailsOf makes Answer.Details of the files that the package has, nil where
// nobody asked.
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
