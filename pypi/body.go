package pypi

import (
	"compress/gzip"
	"errors"
	"io"
)

// maxValue bounds one entry of the files of a page, and any other string or number in it, and so
// the buffer for it. The largest real entries have a few kilobytes.
const maxValue = 1 << 20

var (
	errTooLarge      = errors.New("more than the cap")
	errValueTooLarge = errors.New("a value beyond the cap")
)

// readError is a connection that broke while the body was read. It says nothing about the content
// of the body.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// body is the body of a response with bounds: on the bytes received, on the unpacked bytes, and on
// those between two values. It keeps its first error, since the decoder may wrap it so that it is
// not recognised.
type body struct {
	wire    io.Reader
	limit   int64
	wireN   int64
	out     int64 // decoded bytes given in all
	value   int64 // since the last value
	largest int64
	zip     *gzip.Reader
	zipped  bool
	opened  bool
	err     error
}

// reset starts a new body; gzip's buffers are kept.
func (b *body) reset(r io.Reader, zipped bool, limit int64) {
	*b = body{wire: r, limit: limit, zip: b.zip, zipped: zipped}
}

// wireReader is the reader from which gzip reads.
type wireReader struct{ b *body }

func (w wireReader) Read(p []byte) (int, error) {
	b := w.b
	n, err := b.wire.Read(p)
	b.wireN += int64(n)
	if b.wireN > b.limit {
		return 0, b.fail(errTooLarge)
	}
	if err != nil && err != io.EOF {
		return n, b.fail(&readError{err})
	}
	return n, err
}

func (b *body) fail(err error) error {
	if b.err == nil {
		b.err = err
	}
	return b.err
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	var n int
	var err error
	if b.zipped {
		n, err = b.unzip(p)
	} else {
		n, err = wireReader{b}.Read(p)
	}
	b.out += int64(n)
	b.value += int64(n)
	b.largest = max(b.largest, b.value)
	switch {
	case b.out > b.limit:
		return 0, b.fail(errTooLarge)
	case b.value > maxValue:
		return 0, b.fail(errValueTooLarge)
	}
	return n, err
}

func (b *body) unzip(p []byte) (int, error) {
	if !b.opened {
		if err := b.openZip(); err != nil {
			return 0, err
		}
	}
	n, err := b.zip.Read(p)
	return n, b.zipError(err)
}

func (b *body) openZip() (err error) {
	b.opened = true
	if b.zip == nil {
		b.zip, err = gzip.NewReader(wireReader{b})
	} else {
		err = b.zip.Reset(wireReader{b})
	}
	if err == io.EOF { //nolint:errorlint // a reader ends with io.EOF itself; what wraps it is a connection that broke
		return b.fail(io.ErrUnexpectedEOF)
	}
	return b.zipError(err)
}

func (b *body) zipError(err error) error {
	switch {
	case err == nil, err == io.EOF: //nolint:errorlint // a reader ends with io.EOF itself; what wraps it is a connection that broke
		return err
	case b.err != nil:
		return b.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b.fail(io.ErrUnexpectedEOF)
	}
	return b.fail(&shapeError{Malformed, "with a page that is compressed wrongly"})
}
