package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
)

const defaultConfig = "pinwheel.yaml"

// The flags that several commands have.
const (
	configFlag = "config"
	atFlag     = "at"
	fileFlag   = "file"
	jsonFlag   = "json"
)

// options are the values of such flags, those of a command without them as they
// are by default.
type options struct {
	config, at, file string
	json             bool
}

// shared declares flags of c by name. Each is declared here alone, so that it is
// the same in every command.
func shared(c *cobra.Command, names ...string) *options {
	o := &options{config: defaultConfig}
	for _, name := range names {
		switch name {
		case configFlag:
			c.Flags().StringVar(&o.config, name, defaultConfig, "read the configuration from `FILE`")
		case atFlag:
			c.Flags().StringVar(&o.at, name, "", "decide as of `TIME` (RFC 3339, 2026-01-02T09:05:00Z) instead of now")
		case fileFlag:
			c.Flags().Func(name, "look at this `FILE` on disk; no GitLab and no configuration are needed", func(s string) error {
				if o.file != "" {
					return fmt.Errorf("takes one file, and %s was named already", o.file)
				}
				o.file = s
				return nil
			})
		case jsonFlag:
			c.Flags().BoolVar(&o.json, name, false, "print JSON instead")
		default:
			panic("no command shares a flag --" + name)
		}
	}
	return o
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
		next := ""
		if errors.Is(err, fs.ErrNotExist) {
			next = "; check the name"
		}
		return nil, failure{exitUsage, fmt.Errorf("%s cannot be read: %w%s", path, plainly(err), next)}
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
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		return unread{cause.Err.Error(), err}
	}
	return err
}
