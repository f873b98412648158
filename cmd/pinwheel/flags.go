package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"

	"gitlab.com/cki-project/pinwheel/config"
)

// The forms of package flag's messages, and the last word of each that matters.
var (
	unknownFlag  = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	lackingValue = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	invalidBool  = regexp.MustCompile(`^invalid boolean value ("(?:[^"\\]|\\.)*") for -([^:]+): `)
	invalidValue = regexp.MustCompile(`^invalid value ("(?:[^"\\]|\\.)*") for flag -([^:]+): (.*)$`)
	noFlag       = regexp.MustCompile(`^bad flag syntax: (.*)$`)
)

// flagMistake says in our words what package flag found wrong.
func flagMistake(c command, flags *flag.FlagSet, err error) error {
	text := err.Error()
	help := "; pinwheel help " + c.name + " lists the flags"
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		if near := nearestFlag(flags, m[1]); near != "" {
			return usage("there is no flag --%s; did you mean --%s?", m[1], near)
		}
		return usage("there is no flag --%s%s", m[1], help)
	}
	if m := lackingValue.FindStringSubmatch(text); m != nil {
		return usage("--%s needs a value%s", m[1], help)
	}
	if m := invalidBool.FindStringSubmatch(text); m != nil {
		return usage("--%s is true or false, not %s", m[2], m[1])
	}
	if m := invalidValue.FindStringSubmatch(text); m != nil {
		return usage("--%s %s%s", m[2], valueMistake(flags.Lookup(m[2]), m[1], m[3]), help)
	}
	if m := noFlag.FindStringSubmatch(text); m != nil {
		return usage("%q is no flag%s", m[1], help)
	}
	return usage("the flags cannot be read%s", help)
}

// valueMistake says what a flag takes. A flag of ours says so itself.
func valueMistake(f *flag.Flag, value, why string) string {
	kind := ""
	if f != nil {
		if g, ok := f.Value.(flag.Getter); ok {
			kind = fmt.Sprintf("%T", g.Get())
		}
	}
	switch kind {
	case "int":
		return value + " is not a number that it takes"
	case "time.Duration":
		return value + " is not a time: write it as 90m or 2h"
	}
	return why
}

func nearestFlag(flags *flag.FlagSet, name string) string {
	best, least := "", 3
	flags.VisitAll(func(f *flag.Flag) {
		if d := distance(name, f.Name); d < least || len(name) > 2 && strings.HasPrefix(f.Name, name) {
			best, least = f.Name, min(d, least)
		}
	})
	return best
}

// load reads a configuration. Where the default one is absent, the next step is
// said.
func load(path string) (*config.Config, error) {
	c, err := config.Load(path)
	if _, absent := os.Stat(path); err != nil && path == defaultConfig && errors.Is(absent, fs.ErrNotExist) {
		return nil, usage("there is no %s here: write one (pinwheel help config shows the smallest), name one with --config, or look at a file on disk with pinwheel plan --file constraints.txt", defaultConfig)
	}
	return c, err
}

// readFile is os.ReadFile with an error that says what to a person. What cannot
// be read was named on the command line, so that it is a mistake of usage.
func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, failure{exitUsage, fmt.Errorf("%s cannot be read: %w", path, plainly(err))}
	}
	return data, nil
}

// unread is an error of the system in our words.
type unread struct {
	words string
	err   error
}

func (u unread) Error() string { return u.words }
func (u unread) Unwrap() error { return u.err }

// plainly leaves out of an error of the file system what it was about.
func plainly(err error) error {
	var known unread
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, fs.ErrNotExist):
		return unread{"no such file or directory", err}
	case errors.Is(err, syscall.EISDIR):
		return unread{"it is a folder", err}
	case errors.Is(err, fs.ErrPermission):
		return unread{"this user may not", err}
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return unread{cause.Err.Error(), err}
	}
	return err
}
