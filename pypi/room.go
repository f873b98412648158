package pypi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"unsafe"
)

// This file bounds how much memory all answers under way take together. A small answer needs no
// room; there are at most Options.Concurrency of them. A large answer, a page or a file, needs the
// one room for large answers, from before its request until its result is taken over. An answer
// that becomes large without the room is dropped, waits for the room, and is requested again. So
// nobody who waits holds memory, and a slow server does not use up the time of another one.

const (
	// smallAnswers is how many bytes all pages under way may take without the room: with eight of
	// them 4 MiB each. The pages of numpy, boto3 and the like take some 2 MiB.
	smallAnswers = 32 << 20
	// largeAnswer is how many bytes a page in the room may take.
	largeAnswer = 24 << 20
	// maxEntries bounds files and versions, since a byte of JSON can cost several bytes of memory.
	// The largest projects of the public index have some ten thousand.
	maxEntries = 100_000
)

// caps bound one page.
type caps struct {
	small   int // bytes that it may take without the room
	large   int // bytes that it may take with it
	entries int // files, and versions
}

// orUsual fills in the defaults for zeros.
func (c caps) orUsual() caps {
	return caps{cmp.Or(c.small, smallAnswers), cmp.Or(c.large, largeAnswer), cmp.Or(c.entries, maxEntries)}
}

func (c caps) tooMany(n int, what string) error {
	if n <= c.entries {
		return nil
	}
	return &shapeError{TooLarge, fmt.Sprintf("with more than %s %s: not read", thousands(c.entries), what)}
}

// thousands writes a number below a billion as 100,000.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// errNoRoom ends the attempt of an answer that becomes too large.
var errNoRoom = errors.New("more than fits beside others")

// enter waits for the room.
func (c *Client) enter(ctx context.Context) bool {
	select {
	case c.large <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) leave() { <-c.large }

// bytesOf is how many bytes so many things of a page take.
func bytesOf(texts, files, fetches, versions int) int {
	return texts + files*int(unsafe.Sizeof(file{})) + fetches*int(unsafe.Sizeof(fetch{})) + versions*int(unsafe.Sizeof(span{}))
}

// keepable reports whether the buffers of a page may be kept for the next.
func (p *page) keepable() bool {
	return p.body.largest < 1<<20 && !p.roomy && bytesOf(cap(p.arena)+cap(p.extra), cap(p.files), cap(p.fetches), cap(p.versions)) < p.caps.small
}

// grown refuses a page that has become too large.
func (p *page) grown() error {
	used := bytesOf(len(p.arena)+len(p.extra)+p.interned, len(p.files), len(p.fetches), len(p.versions))
	switch {
	case used > p.caps.large:
		return &shapeError{TooLarge, fmt.Sprintf("with more than %d MiB of files and versions: not read", p.caps.large>>20)}
	case used > p.caps.small && !p.roomy:
		return errNoRoom
	}
	return nil
}
