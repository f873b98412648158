package pypi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"gitlab.com/cki-project/pinwheel/pypi/dist"
)

// This file reads pages in HTML, which private indexes answer with, by writing
// them down in the JSON form: one decoder judges both. HTML tells no upload
// times, no sizes and no status of a project.

// htmlFile is one link in the JSON form of PEP 691.
type htmlFile struct {
	Filename       string            `json:"filename"`
	URL            string            `json:"url"`
	Hashes         map[string]string `json:"hashes"`
	RequiresPython string            `json:"requires-python,omitempty"`
	Yanked         any               `json:"yanked,omitempty"`
	Metadata       any               `json:"core-metadata,omitempty"`
}

// fromHTML reads a page of PEP 503 with what PEP 592 (yanked), PEP 629 (version),
// PEP 658 and PEP 714 (metadata beside a file) add. Links that are no files of
// distributions are passed over; a page without any is no page of the Simple API,
// such as one that asks to sign in.
func fromHTML(b *body, base *url.URL) ([]byte, error) {
	version, files := "1.0", []htmlFile{}
	for z := html.NewTokenizer(b); ; {
		b.value = 0
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				return nil, z.Err()
			}
			if len(files) == 0 {
				return nil, &shapeError{NotJSON, "with a page of HTML that links no file, so it is no page of the Simple API (PEP 503)"}
			}
			return json.Marshal(map[string]any{"meta": map[string]string{"api-version": version}, "files": files})
		case html.StartTagToken, html.SelfClosingTagToken:
			switch t := z.Token(); t.DataAtom {
			case atom.Meta:
				if attribute(t, "name") == "pypi:repository-version" {
					version = attribute(t, "content")
				}
			case atom.Base:
				if to, err := base.Parse(attribute(t, "href")); err == nil {
					base = to
				}
			case atom.A:
				if f, ok := linked(t, base); ok {
					files = append(files, f)
				}
				if err := tooMany(len(files), "files"); err != nil {
					return nil, err
				}
			}
		}
	}
}

// linked is the file that an anchor links.
func linked(t html.Token, base *url.URL) (htmlFile, bool) {
	to, err := base.Parse(strings.TrimSpace(attribute(t, "href")))
	if err != nil {
		return htmlFile{}, false
	}
	f := htmlFile{Filename: path.Base(to.Path), Hashes: map[string]string{}, RequiresPython: attribute(t, "data-requires-python")}
	if _, err := dist.Parse(f.Filename); err != nil {
		return htmlFile{}, false
	}
	for part := range strings.SplitSeq(to.Fragment, "&") { // in any order, as pip takes it
		if name, sum, ok := strings.Cut(part, "="); ok && name == "sha256" {
			f.Hashes[name] = sum
		}
	}
	to.Fragment, to.RawFragment = "", ""
	f.URL = to.String()
	for _, a := range t.Attr {
		switch a.Key {
		case "data-yanked":
			if f.Yanked = any(true); a.Val != "" {
				f.Yanked = a.Val
			}
		case "data-core-metadata":
			f.Metadata = beside(a.Val)
		case "data-dist-info-metadata": // its name before PEP 714
			if f.Metadata == nil {
				f.Metadata = beside(a.Val)
			}
		}
	}
	return f, true
}

// beside is what JSON says of a file's metadata: its digest, or that it is there.
func beside(value string) any {
	if name, sum, ok := strings.Cut(value, "="); ok {
		return map[string]string{name: sum}
	}
	return value != "false"
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// decodeHTML reads one page of HTML to its end, under the caps of decode.
func (d *pages) decodeHTML(r io.Reader, zipped bool, limit int64, base *url.URL, want wanted) (Answer, error) {
	var b body
	b.reset(r, zipped, limit)
	data, err := fromHTML(&b, base)
	if b.err != nil {
		err = b.err
	}
	if err != nil {
		return Answer{}, err
	}
	return d.decode(bytes.NewReader(data), false, 4*limit, want)
}
