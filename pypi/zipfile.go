package pypi

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/metadata"
)

// This file reads one member of a zip archive of which only pieces are read. The archive is a
// stranger's, so each of its numbers is checked against its size before it is used.

// piece returns the bytes of an archive from one place to another, both inside it. Its errors are
// returned as they are.
type piece func(from, to int64) ([]byte, error)

// refusal says why a file is never used; unknowable says why nobody can know what it requires. Both
// are clauses that follow the file's name.
type (
	refusal    string
	unknowable string
)

func (r refusal) Error() string    { return string(r) }
func (u unknowable) Error() string { return string(u) }

func refusef(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

const (
	endSize        = 22 // of the end record, without its comment
	locatorSize    = 20 // of the zip64 locator before it
	end64Size      = 56
	entrySize      = 46
	localSize      = 30
	maxDirectory   = 16 << 20
	slackOfDeflate = 64 << 10 // what deflating may add to what it cannot pack

	// zipTail is long enough for the end record with its comment, and for most directories.
	zipTail = 64<<10 + endSize + locatorSize
)

// zipEntry is a member as the directory describes it.
type zipEntry struct {
	name                 string
	flags, method        uint16
	sum                  uint32
	packed, size, offset int64
}

// picker gets every member and chooses one at the end.
type picker interface {
	show(zipEntry) error
	picked() (zipEntry, error)
}

// zipMember returns the content of one member of an archive of size bytes.
func zipMember(size int64, read piece, pick picker) ([]byte, error) {
	z := zipArchive{size: size, read: read}
	if err := z.open(); err != nil {
		return nil, err
	}
	if err := z.each(pick.show); err != nil {
		return nil, err
	}
	e, err := pick.picked()
	if err != nil {
		return nil, err
	}
	return z.content(e)
}

// zipArchive is an archive whose directory was found.
type zipArchive struct {
	size  int64
	read  piece
	at    int64 // where the directory begins
	base  int64 // the bytes before the archive itself
	count uint64
	bytes []byte // the directory
}

// open finds and reads the directory (APPNOTE 4.3.16, 4.3.14 and 4.3.15).
func (z *zipArchive) open() error {
	from := max(0, z.size-zipTail)
	tail, err := z.read(from, z.size)
	if err != nil {
		return err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	for ; i >= 0; i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06")) {
		// A comment may contain the signature. It must not reach beyond the end.
		if len(tail)-i >= endSize && int(binary.LittleEndian.Uint16(tail[i+20:])) <= len(tail)-i-endSize {
			break
		}
	}
	if i < 0 {
		return refusal("is no zip archive: it has no end record")
	}
	record := tail[i:]
	z.count = uint64(binary.LittleEndian.Uint16(record[10:]))
	length, offset := uint64(binary.LittleEndian.Uint32(record[12:])), uint64(binary.LittleEndian.Uint32(record[16:]))
	end := from + int64(i)
	wide := z.count == 0xffff || length == 0xffffffff || offset == 0xffffffff
	if locator := i - locatorSize; wide && locator >= 0 && bytes.HasPrefix(tail[locator:], []byte("PK\x06\x07")) {
		at := binary.LittleEndian.Uint64(tail[locator+8:])
		end -= locatorSize
		if at > uint64(end) || end-int64(at) < end64Size { //nolint:gosec // end is not negative, and at is at most end
			return refusal("lies about where its zip64 record is")
		}
		record, err := z.read(int64(at), int64(at)+end64Size) //nolint:gosec // at is at most end
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(record, []byte("PK\x06\x06")) {
			return refusal("lies about where its zip64 record is")
		}
		end = int64(at) //nolint:gosec // at is at most end
		z.count = binary.LittleEndian.Uint64(record[32:])
		length, offset = binary.LittleEndian.Uint64(record[40:]), binary.LittleEndian.Uint64(record[48:])
	}
	return z.directory(end, length, offset)
}

// directory reads the directory, which is right before end.
func (z *zipArchive) directory(end int64, length, offset uint64) (err error) {
	switch {
	case length > uint64(end) || offset > uint64(end)-length: //nolint:gosec // end is a place in the file
		return refusal("lies about where its zip directory is")
	case length > maxDirectory:
		return refusef("has a zip directory of more than %d MiB", maxDirectory>>20)
	}
	z.at = end - int64(length)
	z.base = z.at - int64(offset) //nolint:gosec // at most end - length
	z.bytes, err = z.read(z.at, end)
	return err
}

// each calls show for every entry of the directory. There must be as many as the archive says.
func (z *zipArchive) each(show func(zipEntry) error) error {
	n := uint64(0)
	for rest := z.bytes; len(rest) > 0; n++ {
		if len(rest) < entrySize || !bytes.HasPrefix(rest, []byte("PK\x01\x02")) {
			return refusal("has a damaged zip directory")
		}
		u16 := func(at int) int { return int(binary.LittleEndian.Uint16(rest[at:])) }
		nameEnd := entrySize + u16(28)
		extraEnd := nameEnd + u16(30)
		next := extraEnd + u16(32)
		if next > len(rest) {
			return refusal("has a damaged zip directory")
		}
		e := zipEntry{
			name: string(rest[entrySize:nameEnd]), flags: binary.LittleEndian.Uint16(rest[8:]), method: binary.LittleEndian.Uint16(rest[10:]), sum: binary.LittleEndian.Uint32(rest[16:]),
			packed: int64(binary.LittleEndian.Uint32(rest[20:])), size: int64(binary.LittleEndian.Uint32(rest[24:])),
			offset: int64(binary.LittleEndian.Uint32(rest[42:])),
		}
		if strings.IndexByte(e.name, 0) >= 0 { // some readers would stop there
			return refusal("has a member with a NUL in its name")
		}
		e.widen(rest[nameEnd:extraEnd])
		if err := show(e); err != nil {
			return err
		}
		rest = rest[next:]
	}
	if n != z.count && (z.count > 0xffff || n&0xffff != z.count) {
		return refusal("lies about the number of its members")
	}
	return nil
}

// widen reads the numbers that need 64 bits from the extra fields (APPNOTE 4.5.3). A missing number
// keeps the largest 32-bit value, which no archive that is read can have.
func (e *zipEntry) widen(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return
		}
		field := extra[4 : 4+n]
		extra = extra[4+n:]
		if id != 1 {
			continue
		}
		for _, to := range []*int64{&e.size, &e.packed, &e.offset} {
			if *to == 0xffffffff && len(field) >= 8 {
				// Half the range at most, so that sums do not wrap.
				*to = int64(min(binary.LittleEndian.Uint64(field), 1<<61))
				field = field[8:]
			}
		}
		return
	}
}

// content reads and unpacks a member.
func (z *zipArchive) content(e zipEntry) ([]byte, error) {
	start := z.base + e.offset
	switch {
	case e.flags&1 != 0:
		return nil, refusal("has encrypted metadata")
	case e.method != 0 && e.method != 8:
		return nil, unknowable(fmt.Sprintf("has metadata packed by method %d, which is not read", e.method))
	case e.size > metadata.MaxFile:
		return nil, refusef("has more than %d MiB of metadata", metadata.MaxFile>>20)
	case e.packed > metadata.MaxFile+slackOfDeflate || e.method == 0 && e.packed != e.size:
		return nil, refusal("lies about the size of its metadata")
	case start+localSize+int64(len(e.name))+e.packed > z.at:
		return nil, refusal("lies about where its metadata is")
	}
	// The extra field has a length of its own there; mostly it is short.
	head := localSize + int64(len(e.name))
	local, err := z.read(start, min(start+head+256+e.packed, z.at))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(local, []byte("PK\x03\x04")) || int(binary.LittleEndian.Uint16(local[26:])) != len(e.name) || string(local[localSize:head]) != e.name {
		return nil, refusal("lies about where its metadata is")
	}
	from := head + int64(binary.LittleEndian.Uint16(local[28:]))
	to := from + e.packed
	if start+to > z.at {
		return nil, refusal("lies about the size of its metadata")
	}
	if to <= int64(len(local)) {
		return unpack(e, local[from:to])
	}
	packed, err := z.read(start+from, start+to)
	if err != nil {
		return nil, err
	}
	return unpack(e, packed)
}

// unpack returns the content that e describes, no more and no less.
func unpack(e zipEntry, packed []byte) ([]byte, error) {
	data := packed
	if e.method == 8 {
		var out bytes.Buffer
		inflate := flate.NewReader(bytes.NewReader(packed))
		n, err := io.Copy(&out, io.LimitReader(inflate, e.size+1))
		switch {
		case n > e.size:
			return nil, refusal("lies about the size of its metadata")
		case err != nil:
			return nil, refusal("has damaged metadata: it does not unpack")
		}
		data = out.Bytes()
	}
	switch {
	case int64(len(data)) != e.size:
		return nil, refusal("lies about the size of its metadata")
	case crc32.ChecksumIEEE(data) != e.sum:
		return nil, refusal("has damaged metadata: its checksum differs")
	}
	return data, nil
}
