package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

// The exit codes, as doc.go explains them.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 3
	exitHeld    = 4
)

// failure is an error whose exit code is known. Without an err everything was
// said already.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

// usage is a mistake on the command line or in the configuration.
func usage(format string, args ...any) error {
	return failure{exitUsage, fmt.Errorf(format, args...)}
}

// verdict is the exit code of an error and what to print of it.
func verdict(err error) (code int, text string) {
	if f, ok := errors.AsType[failure](err); ok {
		if f.err == nil {
			return f.code, ""
		}
		return f.code, "pinwheel: " + sentence(f.err)
	}
	if wrong, ok := errors.AsType[config.Errors](err); ok {
		return exitUsage, wrong.Error()
	}
	if gitlab.NeedsPerson(err) {
		return exitStopped, "pinwheel: " + sentence(err)
	}
	return exitFailed, "pinwheel: " + sentence(err)
}

// sentence is an error as a person reads it, on one line.
func sentence(err error) string {
	if errors.Is(err, context.Canceled) {
		return "stopped before it was done; the next run goes on from there"
	}
	s := gitlab.Explain(err)
	if s == "" {
		s = err.Error()
	}
	return printable(strings.TrimSpace(s))
}
