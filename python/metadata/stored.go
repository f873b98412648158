package metadata

import (
	"encoding/binary"
	"errors"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// The stored form, version 2. Numbers are varints, texts are a length and
// bytes:
//
//	version byte
//	MetadataVersion, Name, Version, RequiresPython
//	number of requirements, requirements as written
//	number of extras, extras
//	number of dynamic fields, dynamic fields
//	twice the number of links, their names and addresses; not in version 1
const storedVersion = 2

var errStored = errors.New("stored metadata of a release is damaged")

// Encode returns the stored form of m, which Decode reads. Equal metadata give equal bytes. It does
// not read Requires, since RequiresDist says the same.
func (m Metadata) Encode() []byte {
	out := make([]byte, 1, 256)
	out[0] = storedVersion
	for _, s := range []string{m.MetadataVersion, m.Name, m.Version, m.RequiresPython} {
		out = appendText(out, s)
	}
	var links []string
	for _, l := range m.Links {
		links = append(links, l.Name, l.URL)
	}
	for _, list := range [][]string{m.RequiresDist, m.Extras, m.Dynamic, links} {
		out = binary.AppendUvarint(out, uint64(len(list)))
		for _, s := range list {
			out = appendText(out, s)
		}
	}
	return out
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Decoder reads stored forms and parses each line once, since the releases of a project repeat most
// of theirs. The zero Decoder is ready. Only one goroutine may use it at a time.
type Decoder struct {
	lines   map[string]line
	markers map[string]pep508.Marker
	texts   map[string]string
}

type line struct {
	text string
	pep508.Requirement
}

// mostCached bounds how many lines a Decoder keeps. After that it drops all of them.
const mostCached = 100_000

// Decode reads what Encode wrote. The result shares requirements with earlier results and no memory
// with data. Bytes of another version, and damaged ones, are an error; the caller then reads the
// distribution again.
func (d *Decoder) Decode(data []byte) (Metadata, error) {
	if len(data) == 0 || data[0] < 1 || data[0] > storedVersion {
		return Metadata{}, errStored
	}
	if d.lines == nil || len(d.lines)+len(d.texts) > mostCached {
		d.lines, d.markers, d.texts = map[string]line{}, map[string]pep508.Marker{}, map[string]string{}
	}
	s := stored{data: data[1:]}
	var m Metadata
	m.MetadataVersion, m.Name = d.shared(s.text()), d.shared(s.text())
	m.Version, m.RequiresPython = string(s.text()), d.shared(s.text())
	if n := s.count(); n > 0 {
		m.Requires, m.RequiresDist = make([]pep508.Requirement, n), make([]string, n)
		for i := range n {
			l, err := d.line(s.text())
			if err != nil {
				return Metadata{}, errStored
			}
			m.Requires[i], m.RequiresDist[i] = l.Requirement, l.text
		}
	}
	m.Extras = d.list(&s)
	m.Dynamic = d.list(&s)
	if data[0] > 1 {
		for range s.count() / 2 {
			m.Links = append(m.Links, Link{d.shared(s.text()), string(s.text())})
		}
	}
	if s.bad || len(s.data) > 0 {
		return Metadata{}, errStored
	}
	return m, nil
}

// line parses a requirement, unless it was parsed before.
func (d *Decoder) line(text []byte) (line, error) {
	if l, ok := d.lines[string(text)]; ok {
		return l, nil
	}
	l := line{text: string(text)}
	head, marker, found := strings.Cut(l.text, ";")
	if strings.Contains(head, "@") { // a URL may hold a semicolon
		head, found = l.text, false
	}
	var err error
	if l.Requirement, err = pep508.Parse(head); err == nil && found {
		l.Marker, err = d.marker(marker)
	}
	if err != nil {
		return line{}, err
	}
	d.lines[l.text] = l
	return l, nil
}

// marker parses a marker, unless it was parsed before. Many requirements share few markers.
func (d *Decoder) marker(text string) (pep508.Marker, error) {
	if m, ok := d.markers[text]; ok {
		return m, nil
	}
	m, err := pep508.ParseMarker(text)
	if err == nil {
		d.markers[text] = m
	}
	return m, err
}

// list reads texts that distributions share; nil for none.
func (d *Decoder) list(s *stored) []string {
	n := s.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.shared(s.text())
	}
	return list
}

func (d *Decoder) shared(text []byte) string {
	if s, ok := d.texts[string(text)]; ok {
		return s
	}
	s := string(text)
	d.texts[s] = s
	return s
}

// stored reads from the front of data. After damage bad is set, and every further read gives
// nothing.
type stored struct {
	data []byte
	bad  bool
}

// count reads a number of things, each of which takes at least a byte.
func (s *stored) count() int {
	n, size := binary.Uvarint(s.data)
	if size > 0 {
		s.data = s.data[size:]
	}
	if size <= 0 || n > uint64(len(s.data)) {
		s.bad, s.data = true, nil
		return 0
	}
	return int(n) //nolint:gosec // at most the length of data
}

func (s *stored) text() []byte {
	n := s.count()
	text := s.data[:n]
	s.data = s.data[n:]
	return text
}
