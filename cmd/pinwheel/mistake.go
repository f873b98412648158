package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand suggests the commands that may have been meant, if any is near.
func unknownCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	near := nearWords(names, name)
	if len(near) == 0 {
		return usage("there is no command %q; pinwheel help lists the commands", name)
	}
	return usage("there is no command %q; did you mean pinwheel %s?", name, strings.Join(near, " or pinwheel "))
}

// unknownBelow is unknownCommand for a family of commands.
func unknownBelow(family *cobra.Command, name string) error {
	var names []string
	for _, c := range family.Commands() {
		names = append(names, c.Name())
	}
	near := nearWords(names, name)
	if len(near) == 0 {
		return usage("there is no command %q below %s; pinwheel help %s lists them", name, family.Name(), family.Name())
	}
	return usage("there is no command %q below %s; did you mean %s %s?", name, family.Name(), family.CommandPath(), strings.Join(near, " or "+family.CommandPath()+" "))
}

// flagMistake says in our words what is wrong with a flag of c.
func flagMistake(c *cobra.Command, err error) error {
	if words := c.Flags().Args(); !c.HasParent() && len(words) > 0 {
		return unknownCommand(c, words[0])
	}
	help := "; pinwheel help " + strings.TrimPrefix(c.CommandPath(), "pinwheel ") + " lists the flags"
	if !c.HasParent() {
		help = "; pinwheel help lists the commands"
	}
	var unknown *pflag.NotExistError
	var lacking *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return unknownLetter(unknown, help)
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if near := nearFlags(c, name); len(near) > 0 {
			return usage("there is no flag --%s; did you mean --%s?", name, strings.Join(near, " or --"))
		}
		return usage("there is no flag --%s%s", name, help)
	case errors.As(err, &lacking):
		return usage("--%s needs a value%s", lacking.GetSpecifiedName(), help)
	case errors.As(err, &invalid):
		return invalidFlag(invalid, help)
	case errors.As(err, &malformed):
		return usage("%q is no flag%s", malformed.GetSpecifiedFlag(), help)
	}
	return usage("the flags cannot be read%s", help)
}

// unknownLetter is for what stands behind a single dash: only -h is a flag.
func unknownLetter(e *pflag.NotExistError, help string) error {
	name := e.GetSpecifiedName()
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return usage("%q is no flag%s", "-"+e.GetSpecifiedShortnames(), help)
	}
	return usage("there is no flag -%s%s", name, help)
}

// invalidFlag says what a flag takes. A flag of ours says so itself.
func invalidFlag(e *pflag.InvalidValueError, help string) error {
	name := e.GetFlag().Name
	switch e.GetFlag().Value.Type() {
	case "bool":
		return usage("--%s is true or false, not %q", name, e.GetValue())
	case "int":
		return usage("--%s %q is not a number that it takes%s", name, e.GetValue(), help)
	case "duration":
		return usage("--%s %q is not a time: write it as 90m or 2h%s", name, e.GetValue(), help)
	}
	return failure{exitUsage, fmt.Errorf("--%s %w%s", name, errors.Unwrap(e), help)}
}

// nearFlags are the flags of c that may have been meant.
func nearFlags(c *cobra.Command, name string) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return nearWords(names, name)
}

// nearWords are the names that begin with word, or that differ from it by two letters
// at most, and by fewer than it has. Cobra measures, so that they pose as commands.
func nearWords(names []string, word string) []string {
	c := &cobra.Command{SuggestionsMinimumDistance: min(2, len(word)-1)}
	for _, name := range names {
		c.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	return c.SuggestionsFor(word)
}
