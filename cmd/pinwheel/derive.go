package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/constraints"
)

func (p *program) deriveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "derive FILE OUT", GroupID: groupBeside,
		Short: "write the YAML file derived from a constraints file",
		Long: `Writes the pins of the constraints file FILE into the YAML file OUT, as a run
does in a project. An existing OUT keeps every byte outside the key. With
--check nothing is written: exit code 1 says that OUT does not hold the pins.`,
		Example: `  pinwheel derive constraints.txt pipeline/constraints.yml --check`,
	}
	check := c.Flags().Bool("check", false, "write nothing; fail unless OUT holds the pins already")
	format := c.Flags().String("format", string(constraints.FormatBlock), "write the pins as `SHAPE`: block, list or map")
	key := c.Flags().String("key", "variables.PYTHON_CONSTRAINTS", "put them at `KEY`, the keys of nested mappings with a dot between")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) != 2 {
			return usage("derive takes a constraints file and the file to write: pinwheel derive constraints.txt constraints.yml")
		}
		d := constraints.Derivation{Path: args[1], Format: constraints.Format(*format), Key: strings.Split(*key, ".")}
		switch d.Format {
		case constraints.FormatBlock, constraints.FormatList, constraints.FormatMap:
		default:
			return usage("--format %q is no shape: write block, list or map", *format)
		}
		if slices.Contains(d.Key, "") {
			return usage("--key %q has an empty part: write it as variables.PYTHON_CONSTRAINTS", *key)
		}
		if why := d.Refused(); why != "" {
			return usage("--format %s --key %s: %s", *format, *key, why)
		}
		return p.derive(args[0], d, *check)
	}
	return c
}

func (p *program) derive(path string, d constraints.Derivation, check bool) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	file, err := constraints.Read(path, data, "")
	if err != nil {
		for _, line := range mistakes(err) {
			fmt.Fprintf(p.err, "pinwheel: %s\n", line)
		}
		return failure{code: exitStopped}
	}
	existing, err := readFile(d.Path)
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && !absent {
		return err
	}
	if absent {
		existing = nil
	}
	out, err := constraints.Derive(file, existing, d)
	if err != nil {
		return failure{exitStopped, err}
	}
	switch {
	case !absent && bytes.Equal(out, existing):
		fmt.Fprintf(p.out, "%s holds the pins of %s\n", d.Path, path)
		return nil
	case check && absent:
		return fmt.Errorf("%s is absent: write it with pinwheel derive %s %s", d.Path, path, d.Path)
	case check:
		return fmt.Errorf("%s does not hold the pins of %s: bring it up to date with pinwheel derive %s %s", d.Path, path, path, d.Path)
	}
	if err := replaceFile(d.Path, out); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s written\n", d.Path)
	return nil
}

// mistakes says what is wrong with a constraints file, a line for each fault.
func mistakes(err error) []string {
	syntax, ok := errors.AsType[*constraints.SyntaxError](err)
	if !ok {
		return []string{sentence(err)}
	}
	var out []string
	for _, e := range syntax.All() {
		out = append(out, sentence(e))
	}
	return out
}
