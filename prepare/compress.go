package prepare

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a tarball is compressed: with gzip, which every image can read, or with zstd,
// for which an image needs a program.
type Compression string

// The compressions. The zero value is Gzip.
const (
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
)

// Compressions lists them.
func Compressions() []Compression { return []Compression{Gzip, Zstd} }

// ending is the ending of a tarball's name.
func (c Compression) ending() string {
	if c == Zstd {
		return ".tar.zst"
	}
	return ".tar.gz"
}

// compress compresses to a writer. The same version of pinwheel compresses the same bytes to the
// same bytes.
func (c Compression) compress(to io.Writer) (io.WriteCloser, error) {
	if c == Zstd {
		return zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	}
	return gzip.NewWriterLevel(to, gzip.BestSpeed)
}

// maxWindow is how much memory reading a zstd tarball may take. Tarballs of ours need half of it.
const maxWindow = 16 << 20

// decompress reads either compression. The caller closes the reader.
func decompress(from io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(from, 1<<16)
	begin, err := in.Peek(4)
	switch {
	case err == nil && bytes.Equal(begin, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case err == nil && begin[0] == 0x1f && begin[1] == 0x8b: // RFC 1952
		return gzip.NewReader(in)
	}
	return nil, errors.New("it is no tarball that pinwheel packed")
}

// damaged reports whether an error of reading is about the compressed bytes.
func damaged(err error) bool {
	for _, known := range []error{gzip.ErrChecksum, gzip.ErrHeader, zstd.ErrCRCMismatch, zstd.ErrMagicMismatch, zstd.ErrWindowSizeExceeded, zstd.ErrReservedBlockType, zstd.ErrBlockTooSmall, zstd.ErrUnexpectedBlockSize} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
