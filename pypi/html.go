package pypi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gitlab.com/cki-project/pinwheel/python/dist"
)

// This file reads pages in HTML, which private indexes have, and writes them in the JSON form, so
// that one decoder judges both. HTML has no upload times, no sizes and no status of a project.

// maxTag bounds a tag, a comment or a text between two tags, and so the buffer for it. The largest
// real tags have some 500 bytes.
const maxTag = 128 << 10

// htmlFile is one link in the JSON form of PEP 691.
type htmlFile struct {
	Filename       string            `json:"filename"`
	URL            string            `json:"url"`
	Hashes         map[string]string `json:"hashes"`
	RequiresPython string            `json:"requires-python,omitempty"`
	Yanked         any               `json:"yanked,omitempty"`
	Metadata       any               `json:"core-metadata,omitempty"`
}

// htmlReader reads a page of PEP 503 with what PEP 592 (yanked), PEP 629 (version), PEP 658 and PEP
// 714 (metadata beside a file) add, and gives it in the JSON form. It skips links that are no files
// of distributions. A page without a file is no page of the Simple API, such as a page to sign in.
type htmlReader struct {
	from    *body
	tokens  *html.Tokenizer
	base    *url.URL
	caps    caps
	version string
	files   int
	out     bytes.Buffer // written and not read yet
	ended   bool
	err     error // the first but io.EOF
}

func newHTMLReader(b *body, base *url.URL, most caps) *htmlReader {
	h := &htmlReader{from: b, tokens: html.NewTokenizer(b), base: base, caps: most, version: "1.0"}
	h.tokens.SetMaxBuf(maxTag)
	h.out.WriteString(`{"files":[`)
	return h
}

func (h *htmlReader) Read(p []byte) (int, error) {
	for h.out.Len() == 0 && h.err == nil && !h.ended {
		h.err = h.next()
	}
	switch {
	case h.err != nil:
		return 0, h.err
	case h.out.Len() == 0:
		return 0, io.EOF
	}
	return h.out.Read(p)
}

// next reads one token.
func (h *htmlReader) next() error {
	h.from.value = 0
	switch h.tokens.Next() {
	case html.ErrorToken:
		return h.end(h.tokens.Err())
	case html.StartTagToken, html.SelfClosingTagToken:
		name, has := h.tokens.TagName()
		switch kind := atom.Lookup(name); {
		case !has:
		case kind == atom.Meta, kind == atom.Base, kind == atom.A:
			return h.tag(kind)
		}
	}
	return nil
}

func (h *htmlReader) end(err error) error {
	switch {
	case errors.Is(err, html.ErrBufferExceeded):
		return errValueTooLarge
	case !errors.Is(err, io.EOF):
		return err
	case h.files == 0:
		return &shapeError{NotJSON, "with a page of HTML that links no file, so it is no page of the Simple API (PEP 503)"}
	}
	h.ended = true
	meta, err := json.Marshal(map[string]string{"api-version": h.version})
	h.out.WriteString(`],"meta":`)
	h.out.Write(meta)
	h.out.WriteString("}")
	return err
}

// attributes are the attributes of a tag that are read; of a repeated one the first counts.
type attributes map[string]string

func (h *htmlReader) attributes() attributes {
	out := attributes{}
	for more := true; more; {
		var key, value []byte
		key, value, more = h.tokens.TagAttr()
		switch k := string(key); k {
		case "name", "content", "href", "data-requires-python", "data-yanked", "data-core-metadata", "data-dist-info-metadata":
			if _, twice := out[k]; !twice {
				out[k] = string(value)
			}
		}
	}
	return out
}

func (h *htmlReader) tag(kind atom.Atom) error {
	a := h.attributes()
	switch kind {
	case atom.Meta:
		if a["name"] == "pypi:repository-version" {
			h.version = a["content"]
		}
	case atom.Base:
		// Each link would repeat a long base.
		if href := a["href"]; len(href) <= maxURL {
			if to, err := h.base.Parse(href); err == nil {
				h.base = to
			}
		}
	case atom.A:
		f, ok := a.linked(h.base)
		if !ok {
			return nil
		}
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if h.files > 0 {
			h.out.WriteByte(',')
		}
		h.out.Write(text)
		h.files++
		return h.caps.tooMany(h.files, "files")
	}
	return nil
}

// linked is the file that an anchor links.
func (a attributes) linked(base *url.URL) (htmlFile, bool) {
	href := strings.TrimSpace(a["href"])
	if len(href) > maxURL {
		return htmlFile{}, false
	}
	to, err := base.Parse(href)
	if err != nil {
		return htmlFile{}, false
	}
	f := htmlFile{Filename: path.Base(to.Path), Hashes: map[string]string{}, RequiresPython: a["data-requires-python"]}
	if _, err := dist.Parse(f.Filename); err != nil {
		return htmlFile{}, false
	}
	for part := range strings.SplitSeq(to.Fragment, "&") { // in any order, as in pip
		if name, sum, ok := strings.Cut(part, "="); ok && name == "sha256" {
			f.Hashes[name] = sum
		}
	}
	to.Fragment, to.RawFragment = "", ""
	f.URL = to.String()
	if reason, yanked := a["data-yanked"]; yanked {
		if f.Yanked = any(true); reason != "" {
			f.Yanked = reason
		}
	}
	if value, told := a["data-core-metadata"]; told {
		f.Metadata = beside(value)
	} else if value, told := a["data-dist-info-metadata"]; told { // its name before PEP 714
		f.Metadata = beside(value)
	}
	return f, true
}

// beside is the value in JSON for a file's metadata: its digest, or that it exists.
func beside(value string) any {
	if name, sum, ok := strings.Cut(value, "="); ok {
		return map[string]string{name: sum}
	}
	return value != "false"
}

// decodeHTML reads one page of HTML to its end, under the caps of decode.
func (d *pages) decodeHTML(r io.Reader, zipped bool, limit int64, want wanted) (Answer, error) {
	var b body
	b.reset(r, zipped, limit)
	h := newHTMLReader(&b, want.address, want.caps.orUsual())
	answer, err := d.decode(h, false, 4*limit, want)
	switch {
	case b.err != nil:
		err = b.err
	case h.err != nil:
		err = h.err
	}
	return answer, err
}
