package pypisim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// file answers a request for a file, /files/NAME/VERSION/FILE, or for its
// .metadata. A file is there while the page lists it.
func (s *Server) file(r *http.Request, ranges bool) reply {
	none := plain(http.StatusNotFound, "404 Not Found")
	_, path, ok := strings.Cut(r.URL.Path, "/files/")
	parts := strings.Split(path, "/")
	if !ok || len(parts) != 3 {
		return none
	}
	shelf := s.shelves[pep508.NormalizeName(parts[0])]
	if shelf == nil {
		return none
	}
	shelf.render(shelf.visible(s.o.Now()))
	name, wantsMetadata := strings.CutSuffix(parts[2], ".metadata")
	var body []byte
	f, listed := shelf.listed[name]
	switch {
	case shelf.generated != nil && wantsMetadata:
		if body, ok = shelf.generated.metadataOf(name); !ok {
			return none
		}
	case !listed || f.version != parts[1]:
		return none
	case !wantsMetadata:
		body = shelf.make(f).body
	case f.tags == sdist || !f.core.beside():
		return none
	default:
		body = shelf.document(f).text()
	}
	return content(r, body, ranges)
}

// content answers with a file that never changes, or a part of it (RFC 9110,
// 14). Several ranges at once are answered with the whole, as a server may.
func content(r *http.Request, body []byte, ranges bool) reply {
	out := reply{status: http.StatusOK, header: http.Header{}, body: body}
	etag := `"` + digest(body)[:32] + `"`
	out.header.Set("ETag", etag)
	out.header.Set("Cache-Control", "max-age=365000000, immutable, public")
	if r.Header.Get("If-None-Match") == etag {
		return reply{status: http.StatusNotModified, header: out.header}
	}
	out.header.Set("Content-Type", "binary/octet-stream")
	if !ranges {
		return out
	}
	out.header.Set("Accept-Ranges", "bytes")
	if other := r.Header.Get("If-Range"); other != "" && other != etag {
		return out
	}
	from, to, ok := cutRange(r.Header.Get("Range"), len(body))
	switch {
	case !ok:
	case from >= to:
		out = plain(http.StatusRequestedRangeNotSatisfiable, "416 Range Not Satisfiable")
		out.header.Set("Content-Range", "bytes */"+strconv.Itoa(len(body)))
	default:
		out.status, out.body = http.StatusPartialContent, body[from:to]
		out.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(body)))
	}
	return out
}

// cutRange reads a single range of bytes as a half-open one; ok is false where
// there is none, and then the whole is wanted. from is not below to where the
// range lies outside of size.
func cutRange(header string, size int) (from, to int, ok bool) {
	text, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(text, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	if first == "" {
		n, err := strconv.Atoi(last)
		return max(size-n, 0), size, err == nil && n >= 0
	}
	from, err := strconv.Atoi(first)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	if last == "" {
		return from, size, true
	}
	to, err = strconv.Atoi(last)
	if err != nil || to < from {
		return 0, 0, false
	}
	return from, min(to, size-1) + 1, true
}
