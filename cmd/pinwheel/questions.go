package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// questions are asked of a person at a terminal. The nil questions take every default.
type questions struct {
	ctx   context.Context //nolint:containedctx // of one command, whose questions wait for a person
	in    *os.File
	lines *bufio.Reader
	out   io.Writer
}

// asking is nil if nobody can be asked: standard input or output is no terminal.
func (p *program) asking(ctx context.Context) *questions {
	if p.in == nil || !p.screen || !term.IsTerminal(int(p.in.Fd())) {
		return nil
	}
	return &questions{ctx, p.in, bufio.NewReader(p.in), p.out}
}

var errNoAnswer = errors.New("there was no answer: call pinwheel init again, or answer by flags (pinwheel help init)")

// ask returns the answer, or the default where that is empty.
func (q *questions) ask(question, usual string) (string, error) {
	if q == nil {
		return usual, nil
	}
	if usual != "" {
		question += " [" + usual + "]"
	}
	fmt.Fprintf(q.out, "%s: ", question)
	line, err := q.lines.ReadString('\n')
	if err := q.ctx.Err(); err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	switch {
	case err != nil && line == "":
		fmt.Fprintln(q.out)
		return "", failure{exitUsage, errNoAnswer}
	case line == "":
		return usual, nil
	}
	return line, nil
}

// yes asks what is no unless somebody says yes.
func (q *questions) yes(question string) (bool, error) {
	for q != nil {
		answer, err := q.ask(question+"? y or n", "n")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
	return false, nil
}

// secret asks for a text that does not show, from before the question stands there.
func (q *questions) secret(question string) (string, error) {
	fd := int(q.in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("the terminal cannot hide a secret: %w", err)
	}
	restore := func() { term.Restore(fd, before) } //nolint:errcheck // there is no other way back
	defer restore()
	defer context.AfterFunc(q.ctx, restore)()
	text, err := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{q.in, q.out}, "").ReadPassword(question + ": ")
	switch {
	case q.ctx.Err() != nil:
		return "", q.ctx.Err()
	case errors.Is(err, io.EOF) || err == nil && strings.TrimSpace(text) == "":
		return "", failure{exitUsage, errNoAnswer}
	case err != nil:
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(text), nil
}
