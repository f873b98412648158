package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
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
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	if done < total {
		fmt.Fprintf(c.w, "reading the index: %d of %d packages", done, total)
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
