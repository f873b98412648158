package pypi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/metadata"
)

// This file reads METADATA and PKG-INFO with as few bytes as the server allows.

var (
	errNoRanges = errors.New("the server gives no ranges")
	wrongDigest = refusal("does not have the sha256 that the index gives")
	wrongBeside = refusal("has metadata beside it without the sha256 that the index gives")
	tooMuch     = refusal(fmt.Sprintf("has more than %d MiB of metadata", metadata.MaxFile>>20))
)

// maxBeside bounds how much is read of metadata that is too large in any case, to find out whether
// its digest is right.
const maxBeside = 64 << 20

var justOK = []int{http.StatusOK}

// wheel returns a wheel's METADATA.
func (d *download) wheel(ctx context.Context) ([]byte, error) {
	if d.file.HasMetadata {
		data, err := d.beside(ctx)
		var problem *Error
		if !errors.As(err, &problem) || !notThere(problem.status) {
			return data, err
		}
	}
	return d.zipped(ctx, func() picker { return &inWheel{project: d.name} })
}

// notThere reports whether a status says that there is nothing, although the page lists it. Any
// other status is a server that fails.
func notThere(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}

// tooLarge is the reason for a file that would have to be read whole and is too large.
func (d *download) tooLarge() unknowable {
	return unknowable(fmt.Sprintf("is larger than %d MiB, and nothing less of it could be had", d.client.o.MaxFile>>20))
}

// beside reads the metadata that the index serves beside a wheel (PEP 658), at the wheel's address
// with ".metadata" after it. The address has a path, so the host is the wheel's own.
func (d *download) beside(ctx context.Context) (data []byte, err error) {
	address, err := url.Parse(d.address.String() + ".metadata")
	if err != nil {
		return nil, d.problem(Unsupported, "gives no usable address of %s{for}", clean(d.file.Name))
	}
	err = d.get(ctx, transfer{address, "", justOK, func(response *http.Response) (err error) {
		sum := sha256.New()
		all := io.TeeReader(response.Body, sum)
		response.Body = io.NopCloser(all) // whoever got the answer closes the real one
		data, err = d.body(response, metadata.MaxFile, tooMuch)
		if errors.Is(err, tooMuch) && d.file.MetadataSHA256 != "" {
			// Only the digest says whether it is what the index means.
			if _, more := io.CopyN(io.Discard, all, maxBeside); !errors.Is(more, io.EOF) || hex.EncodeToString(sum.Sum(nil)) != d.file.MetadataSHA256 {
				err = wrongBeside
			}
		}
		return err
	}})
	if err == nil && d.file.MetadataSHA256 != "" {
		if digestHex(data) != d.file.MetadataSHA256 {
			return data, wrongBeside
		}
		d.proof = d.file.MetadataSHA256
	}
	return data, err
}

func digestHex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// zipped reads a member of a zip archive, by ranges if the server supports them. If the pieces are
// broken and there is a digest, it reads the whole file before it refuses it: the digest then says
// whether the file is broken or its transfer was.
func (d *download) zipped(ctx context.Context, pick func() picker) ([]byte, error) {
	r := remote{d: d}
	data, err := r.member(ctx, pick())
	var broken refusal
	if errors.As(err, &broken) && r.whole == nil && d.file.SHA256 != "" && r.size <= d.client.o.MaxFile {
		err = errNoRanges
	}
	if !errors.Is(err, errNoRanges) {
		return data, err
	}
	whole, err := d.whole(ctx)
	if err != nil {
		return nil, err
	}
	return zipMember(int64(len(whole)), inMemory(whole), pick())
}

func inMemory(data []byte) piece {
	return func(from, to int64) ([]byte, error) { return data[from:to], nil }
}

// whole reads all of a file and checks it.
func (d *download) whole(ctx context.Context) (data []byte, err error) {
	if d.file.Size > d.client.o.MaxFile {
		return nil, d.tooLarge()
	}
	err = d.get(ctx, transfer{d.address, "", justOK, func(response *http.Response) (err error) {
		data, err = d.readWhole(ctx, response)
		return err
	}})
	return data, err
}

func (d *download) readWhole(ctx context.Context, response *http.Response) ([]byte, error) {
	if max(response.ContentLength, d.file.Size) > d.client.o.MaxFile {
		return nil, d.tooLarge()
	}
	if err := d.room(ctx, response.ContentLength); err != nil {
		return nil, err
	}
	data, err := d.body(response, d.client.o.MaxFile, d.tooLarge())
	if err != nil {
		return nil, err
	}
	return data, d.check(int64(len(data)), digestHex(data))
}

// check compares a file with what the page says about it.
func (d *download) check(size int64, sum string) error {
	switch {
	case d.file.SHA256 == "":
		return nil
	case sum == d.file.SHA256:
		d.proof = sum
		return nil
	case size < d.file.Size:
		problem := d.problem(Malformed, "answered{for} with a file that is cut off")
		problem.again = true
		return problem
	}
	return wrongDigest
}

// remote is a file that is read in pieces.
type remote struct {
	d     *download
	size  int64
	tail  []byte // the file's last bytes, read first
	whole []byte // all of it, when it is small or the server gives all
}

func (r *remote) member(ctx context.Context, pick picker) ([]byte, error) {
	err := r.d.get(ctx, transfer{r.d.address, "-" + strconv.Itoa(zipTail), ranged, func(response *http.Response) (err error) {
		if response.StatusCode != http.StatusPartialContent {
			r.whole, err = r.unasked(ctx, response)
			r.size, r.tail = int64(len(r.whole)), r.whole
			return err
		}
		from, to, size, ok := contentRange(response)
		if !ok || to != size || to-from > zipTail || from > 0 && to-from < zipTail {
			return errNoRanges
		}
		r.size = size
		if r.tail, err = r.exactly(response, to-from); err != nil || from > 0 {
			return err
		}
		r.whole = r.tail
		return r.d.check(size, digestHex(r.whole))
	}})
	if err != nil {
		return nil, err
	}
	read := func(from, to int64) ([]byte, error) { return r.read(ctx, from, to) }
	return zipMember(r.size, read, pick)
}

// ranged are the statuses that answer a range: a piece, everything, or a
// refusal to give pieces.
var ranged = []int{
	http.StatusPartialContent, http.StatusOK, http.StatusRequestedRangeNotSatisfiable,
	http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotImplemented,
}

// unasked reads a whole file that the server sent in place of a piece.
func (r *remote) unasked(ctx context.Context, response *http.Response) ([]byte, error) {
	if response.StatusCode != http.StatusOK {
		discard(response)
		return nil, errNoRanges
	}
	return r.d.readWhole(ctx, response)
}

// read is a piece, from the tail if that has it.
func (r *remote) read(ctx context.Context, from, to int64) (data []byte, err error) {
	if start := r.size - int64(len(r.tail)); from >= start {
		return r.tail[from-start : to-start], nil
	}
	span := fmt.Sprintf("%d-%d", from, to-1)
	err = r.d.get(ctx, transfer{r.d.address, span, ranged, func(response *http.Response) (err error) {
		if response.StatusCode != http.StatusPartialContent {
			return errNoRanges
		}
		a, b, size, ok := contentRange(response)
		if !ok || a != from || b != to || size != r.size {
			return errNoRanges
		}
		data, err = r.exactly(response, to-from)
		return err
	}})
	return data, err
}

// exactly reads a piece of so many bytes.
func (r *remote) exactly(response *http.Response, n int64) ([]byte, error) {
	data, err := io.ReadAll(r.d.sized(&capped{r: response.Body, left: n, limit: errNoRanges}))
	if err == nil && int64(len(data)) < n {
		problem := r.d.problem(Malformed, "answered{for} with a piece that is cut off")
		problem.again = true
		return nil, problem
	}
	return data, err
}

var rangeForm = regexp.MustCompile(`^bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})$`)

// contentRange reads which piece an answer is, from up to but not including to (RFC 9110, 14.4). ok
// is false for a packed piece, for several, and if the size of the whole is not known.
func contentRange(response *http.Response) (from, to, size int64, ok bool) {
	m := rangeForm.FindStringSubmatch(response.Header.Get("Content-Range"))
	coding := strings.ToLower(response.Header.Get("Content-Encoding"))
	if m == nil || coding != "" && coding != "identity" {
		return 0, 0, 0, false
	}
	var n [3]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(m[i+1], 10, 64) // eighteen digits fit
	}
	from, to, size = n[0], n[1]+1, n[2]
	return from, to, size, from < to && to <= size
}

// sdist returns a source distribution's PKG-INFO.
func (d *download) sdist(ctx context.Context) ([]byte, error) {
	packing := dist.PackingOf(d.file.Name)
	switch packing {
	case dist.XZ:
		return nil, unknowable("does not tell: it is packed with xz, which is not read")
	case dist.Zip:
		return d.zipped(ctx, func() picker { return &inSdist{} })
	case dist.Tar, dist.Gzip, dist.Bzip2:
	}
	if d.file.Size > d.client.o.MaxFile {
		return nil, d.tooLarge()
	}
	var data []byte
	err := d.get(ctx, transfer{d.address, "", justOK, func(response *http.Response) (err error) {
		data, err = d.unpacked(response, packing)
		return err
	}})
	return data, err
}

// unpacked reads PKG-INFO from a tar archive while it is received. It ignores Content-Encoding,
// since no packing was asked for, and some servers put the file's own packing there. It reads the
// file to its end for the digest.
func (d *download) unpacked(response *http.Response, packing dist.Packing) ([]byte, error) {
	if response.ContentLength > d.client.o.MaxFile {
		return nil, d.tooLarge()
	}
	hash := sha256.New()
	source := &noting{r: &capped{r: response.Body, left: d.client.o.MaxFile, limit: d.tooLarge()}}
	counted := &counting{r: io.TeeReader(source, hash)}
	data, err := packageInfo(counted, packing)
	if source.err != nil {
		return nil, source.err
	}
	if d.file.SHA256 == "" {
		return data, err
	}
	if _, failed := io.Copy(io.Discard, counted); failed != nil {
		return nil, failed
	}
	if wrong := d.check(counted.n, hex.EncodeToString(hash.Sum(nil))); wrong != nil {
		return nil, wrong
	}
	return data, err
}

type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}
