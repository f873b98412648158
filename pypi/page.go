package pypi

import (
	"cmp"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// shapeError is JSON that is not a page of the Simple API we understand. Its
// text continues "index X answered for Y".
type shapeError struct {
	kind Kind
	text string
}

func (e *shapeError) Error() string { return e.text }

// pages decodes pages and keeps the buffers.
type pages struct{ pool sync.Pool }

func newPages() *pages {
	return &pages{pool: sync.Pool{New: func() any {
		return &page{json: jsontext.NewDecoder(eof{}), texts: map[string]string{}, groupOf: map[string]int32{}}
	}}}
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// wanted is what a reader wants of a page.
type wanted struct {
	name    string   // the project asked for, normalised
	address *url.URL // of the page; links of HTML are relative to it
	hashes  bool
	roomy   bool // it may be large
	caps    caps
	// details is the address of the page, nil if nobody asks for the
	// details of files.
	details *url.URL
}

// decode reads one page to its end. Fields of the Answer that a page does not have are zero.
func (d *pages) decode(r io.Reader, zipped bool, limit int64, want wanted) (Answer, error) {
	p := d.pool.Get().(*page)
	p.reset(r, zipped, limit, want)
	err := p.read()
	if p.body.err != nil {
		err = p.body.err
	}
	if err == nil {
		err = p.judge()
	}
	var a Answer
	if err == nil {
		a = Answer{Known: true, Serial: p.serial, Package: p.build()}
		a.Details = p.detailsOf()
	}
	p.body.wire, p.details = nil, nil
	if p.keepable() {
		d.pool.Put(p)
	}
	return a, err
}

// page is the state of reading one page. Texts are collected in an arena that
// becomes one string at the end, so a page costs a handful of allocations.
type page struct {
	json *jsontext.Decoder
	body body

	asked   string
	hashes  bool
	details *url.URL // the base of relative URLs of files; nil if none are kept

	roomy    bool
	caps     caps
	interned int // bytes of texts

	api      string
	serial   int64
	name     string
	status   string
	reason   string
	hasFiles bool
	wrong    string // the field whose value has another form than the PEP's

	arena    []byte
	extra    []byte // what the package does not keep: URLs, digests
	files    []file
	fetches  []fetch // one for each of files, none if details is nil
	records  []byte  // room for what detailsOf writes
	versions []span
	texts    map[string]string // interned: requires-python, reasons

	groups  []group
	groupOf map[string]int32
	order   []int32
	counts  []int
	told    []uint32
}

// span is a piece of the arena.
type span struct{ from, to int }

func (s span) of(text string) string { return text[s.from:s.to] }

// file is a plan.DistFile whose texts are still in the arena.
type file struct {
	plan.DistFile
	name, sha span
	group     int32
}

func (p *page) reset(r io.Reader, zipped bool, limit int64, want wanted) {
	p.body.reset(r, zipped, limit)
	// A repeated name does no harm, since the last one counts.
	p.json.Reset(&p.body, jsontext.AllowDuplicateNames(true))
	p.asked, p.hashes, p.details = want.name, want.hashes, want.details
	p.roomy, p.caps, p.interned = want.roomy, want.caps.orUsual(), 0
	p.api, p.serial, p.name, p.status, p.reason, p.hasFiles, p.wrong = "", 0, "", "", "", false, ""
	p.arena, p.files, p.versions = p.arena[:0], p.files[:0], p.versions[:0]
	p.extra, p.fetches = p.extra[:0], p.fetches[:0]
	if p.roomy { // it was too large for the small bound once already
		p.arena, p.files = slices.Grow(p.arena, p.caps.small/2), slices.Grow(p.files, p.caps.small/int(unsafe.Sizeof(file{})))
	}
	p.groups, p.order = p.groups[:0], p.order[:0]
	clear(p.texts)
	clear(p.groupOf)
}

// read reads the document. The order of its fields does not matter.
func (p *page) read() error {
	if p.json.PeekKind() != '{' {
		if err := p.json.SkipValue(); err == io.EOF { //nolint:errorlint // a reader ends with io.EOF itself; what wraps it is a connection that broke
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		p.wrong = "page"
		return p.end()
	}
	err := p.object(func(key string) error {
		switch key {
		case "meta":
			return p.objectAt(key, p.meta)
		case "project-status":
			return p.objectAt(key, p.projectStatus)
		case "name":
			return p.textInto(&p.name)
		case "versions":
			return p.arrayAt(key, p.version)
		case "files":
			p.hasFiles = true
			return p.arrayAt(key, p.file)
		}
		return p.json.SkipValue()
	})
	if err != nil {
		return err
	}
	return p.end()
}

// end makes sure that nothing follows the page.
func (p *page) end() error {
	p.body.value = 0
	_, err := p.json.ReadToken()
	switch err {
	case io.EOF: //nolint:errorlint // a reader ends with io.EOF itself; what wraps it is a connection that broke
		return nil
	case nil:
		return errors.New("more text after its end")
	}
	return err
}

// object reads an object; field reads the value of key.
func (p *page) object(field func(key string) error) error {
	if _, err := p.json.ReadToken(); err != nil {
		return err
	}
	for p.json.PeekKind() == '"' {
		p.body.value = 0
		raw, err := p.json.ReadValue()
		if err != nil {
			return err
		}
		if err := field(keyOf(raw)); err != nil {
			return err
		}
	}
	_, err := p.json.ReadToken()
	return err
}

// keyOf names the keys that are read, without allocating; the others are "".
func keyOf(raw jsontext.Value) string {
	switch string(raw) {
	case `"meta"`:
		return "meta"
	case `"project-status"`:
		return "project-status"
	case `"name"`:
		return "name"
	case `"versions"`:
		return "versions"
	case `"files"`:
		return "files"
	case `"api-version"`:
		return "api-version"
	case `"_last-serial"`:
		return "_last-serial"
	case `"status"`:
		return "status"
	case `"reason"`:
		return "reason"
	}
	return ""
}

func (p *page) objectAt(key string, field func(string) error) error {
	if p.json.PeekKind() != '{' {
		p.wrong = key
		return p.json.SkipValue()
	}
	return p.object(field)
}

func (p *page) arrayAt(key string, element func() error) error {
	if p.json.PeekKind() != '[' {
		p.wrong = key
		return p.json.SkipValue()
	}
	if _, err := p.json.ReadToken(); err != nil {
		return err
	}
	for {
		switch p.json.PeekKind() {
		case ']':
			_, err := p.json.ReadToken()
			return err
		case jsontext.KindInvalid:
			_, err := p.json.ReadToken()
			return err
		}
		p.body.value = 0
		if err := element(); err != nil {
			return err
		}
	}
}

func (p *page) meta(key string) error {
	switch key {
	case "api-version":
		return p.textInto(&p.api)
	case "_last-serial":
		raw, err := p.json.ReadValue()
		if err == nil {
			p.serial, _ = strconv.ParseInt(string(raw), 10, 64)
		}
		return err
	}
	return p.json.SkipValue()
}

func (p *page) projectStatus(key string) error {
	switch key {
	case "status":
		return p.textInto(&p.status)
	case "reason":
		return p.textInto(&p.reason)
	}
	return p.json.SkipValue()
}

func (p *page) version() error {
	raw, err := p.json.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return err
	}
	s, err := p.keep(raw)
	if err != nil {
		return err
	}
	p.versions = append(p.versions, s)
	return cmp.Or(p.caps.tooMany(len(p.versions), "versions"), p.grown())
}

// textInto reads a string that is not repeated; another value leaves "".
func (p *page) textInto(to *string) error {
	raw, err := p.json.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return err
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	*to = string(b)
	return err
}

// keep appends a string to the arena.
func (p *page) keep(raw jsontext.Value) (span, error) {
	from := len(p.arena)
	var err error
	p.arena, err = appendText(p.arena, raw)
	return span{from, len(p.arena)}, err
}

// judge reports whether what was read is a page (PEP 629, PEP 691).
func (p *page) judge() error {
	major, _, _ := strings.Cut(p.api, ".")
	n, err := strconv.Atoi(major)
	switch {
	case p.api == "":
		return &shapeError{Malformed, "with JSON that is no page of the Simple API: it names no api-version (PEP 691)"}
	case err != nil || n < 1:
		return &shapeError{Malformed, "with the api-version " + clean(p.api) + ", which is none (PEP 629)"}
	case n > 1:
		return &shapeError{Unsupported, "with api-version " + clean(p.api) + "; pinwheel understands 1.x (PEP 629)"}
	case p.wrong != "":
		return &shapeError{Malformed, "with JSON that is no page of the Simple API: " + p.wrong + " has the wrong form (PEP 691)"}
	case !p.hasFiles:
		return &shapeError{Malformed, "with JSON that is no page of the Simple API: it has no files (PEP 691)"}
	case p.name != "" && !pep508.SameName(p.name, p.asked):
		return &shapeError{Malformed, "with the page of another project, " + clean(p.name)}
	}
	return nil
}
