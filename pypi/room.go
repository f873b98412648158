package pypi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"unsafe"
)

// This file bounds what all answers in flight hold in memory together. What is
// small is free: there are Options.Concurrency of it at most. What is large, a
// page or a file, has the one room that there is for such, from before its
// request until its result is taken over; who outgrows the small without it
// lets go, waits for it, and asks again. So nobody who waits holds anything, and
// no slow server makes another's time pass.

const (
	// smallAnswers is what all pages in flight may hold without the room, in bytes:
	// with eight of them 4 MiB each. The pages of numpy, boto3 and the like take
	// some 2 MiB.
	smallAnswers = 32 << 20
	// largeAnswer is what a page may hold in it.
	largeAnswer = 24 << 20
	// maxEntries caps files and versions: a byte of JSON can cost several bytes of
	// memory. The largest projects of the public index have some ten thousand.
	maxEntries = 100_000
)

// caps bound one page.
type caps struct {
	small   int // bytes that it may hold without the room
	large   int // and with it
	entries int // files, and versions
}

// orUsual fills in what is zero.
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

// errNoRoom ends the attempt of an answer that turns out to be large.
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

// bytesOf is what so many things of a page take.
func bytesOf(texts, files, fetches, versions int) int {
	return texts + files*int(unsafe.Sizeof(file{})) + fetches*int(unsafe.Sizeof(fetch{})) + versions*int(unsafe.Sizeof(span{}))
}

// keepable reports whether the buffers of a page may be kept for the next.
func (p *page) keepable() bool {
	return p.body.largest < 1<<20 && !p.roomy && bytesOf(cap(p.arena)+cap(p.extra), cap(p.files), cap(p.fetches), cap(p.versions)) < p.caps.small
}

// grown judges how much a page holds by now.
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
