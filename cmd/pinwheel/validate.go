package main

import (
	"context"
	"flag"
	"fmt"

	"gitlab.com/cki-project/pinwheel/config"
)

func validateCommand() command {
	return command{
		name: "validate", args: "[CONFIG]",
		summary: "check the configuration",
		about: `
Reads the configuration and prints everything that is wrong with it, each with
its line and what to do. It asks nobody and reads no secret: whether a project
exists and a token works is known to pinwheel plan.`,
		setup: func(p *program, flags *flag.FlagSet) action {
			path := configFlag(flags)
			return func(_ context.Context, args []string) error {
				switch {
				case len(args) > 1:
					return usage("validate takes one configuration; %d were given", len(args))
				case len(args) == 1:
					*path = args[0]
				}
				c, err := config.Load(*path)
				if err != nil {
					return err
				}
				fmt.Fprintf(p.out, "%s is valid: %s, %s\n", *path, count(len(c.Projects), "project"), indexes(len(c.Indexes)))
				return nil
			}
		},
	}
}

func indexes(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}
