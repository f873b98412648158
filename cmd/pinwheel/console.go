package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"gitlab.com/cki-project/pinwheel/text"
)

const clearLine = "\r\x1b[K"

// console is a terminal with a counter on its last line, which goes before
// anything else is written.
type console struct {
	w     io.Writer
	mu    sync.Mutex
	shown bool
}

// Write removes the counter first.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	return c.w.Write(b)
}

// count shows how much of an index is read; complete, it goes.
func (c *console) count(done, total int) {
	c.line(done, total, fmt.Sprintf("reading the index: %d of %d packages", done, total))
}

// projects shows how many projects were looked at; complete, it goes.
func (c *console) projects(done, total int) {
	c.line(done, total, fmt.Sprintf("looked at %d of %d projects", done, total))
}

// line is the last line while less than all is done.
func (c *console) line(done, total int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	if done < total {
		io.WriteString(c.w, text) //nolint:errcheck // as every print
		c.shown = true
	}
}

func (c *console) clear() {
	if c.shown {
		io.WriteString(c.w, clearLine) //nolint:errcheck // nobody could be told
		c.shown = false
	}
}

// progress is the counter, nil if nobody looks.
func (p *program) progress() func(done, total int) {
	if c, ok := p.err.(*console); ok {
		return c.count
	}
	return nil
}

// ofProjects is the counter of the projects that a command looks at; it does nothing if nobody
// looks, or for one project alone.
func (p *program) ofProjects(total int) func() {
	c, ok := p.err.(*console)
	if !ok || total < 2 {
		return func() {}
	}
	var done atomic.Int64
	c.projects(0, total)
	return func() { c.projects(int(done.Add(1)), total) }
}

// log is for people on a terminal, for machines elsewhere. JSON goes out from
// level on, text too.
func (p *program) log(level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if p.terminal {
		return slog.New(slog.NewTextHandler(p.err, opt))
	}
	return slog.New(slog.NewJSONHandler(p.err, opt))
}

// masked shows no password of an address and keeps every other byte.
func masked(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	return text.Masked(s)
}

// printable is one line of text that does nothing to a terminal and shows no
// password of an address.
func printable(s string) string {
	s = text.Masked(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return -1
		case r == '\n' || r == '\t':
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}
