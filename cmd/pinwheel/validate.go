package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
)

func validateCommand() command {
	return command{
		name: "validate", args: "[CONFIG]",
		summary: "check the configuration",
		about: `
Reads the configuration and prints everything that is wrong with it, each with
its line and what to do. It asks nobody and reads no secret: whether a project
exists and a token works is known to pinwheel plan. With --own it reads a file
that a project keeps itself, .gitlab/pinwheel.yaml, for use in its pipeline;
what the operator's configuration adds to that is known to pinwheel doctor.`,
		setup: func(p *program, flags *flag.FlagSet) action {
			path := configFlag(flags)
			own := flags.String("own", "", "check this file as a project's own policy")
			return func(_ context.Context, args []string) error {
				switch {
				case *own != "" && len(args) == 0:
					return p.validateOwn(*own)
				case len(args) > 1:
					return usage("validate takes one configuration; %d were given", len(args))
				case len(args) == 1:
					*path = args[0]
				}
				c, err := load(*path)
				if err != nil {
					return err
				}
				fmt.Fprintf(p.out, "%s is valid: %s, %s\n", *path, count(len(c.Projects), "project"), indexes(len(c.Indexes)))
				return nil
			}
		},
	}
}

// validateOwn checks a project's own file over an empty configuration.
func (p *program) validateOwn(path string) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	c, err := config.Parse("", []byte("projects: [{path: the/project}]"))
	if err != nil {
		return err
	}
	_, keys, err := c.Projects[0].Own(data)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s is valid: it sets %s\n", path, cmp.Or(strings.Join(keys, ", "), "nothing"))
	return nil
}

func indexes(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}
