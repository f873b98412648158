package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"gitlab.com/cki-project/pinwheel/internal/demo"
)

// demonstration plays the demo.
type demonstration func(ctx context.Context, out io.Writer, once, colour bool) error

func demoCommand() command {
	return command{
		name:    "demo",
		summary: "show a week of it, without any GitLab",
		about: `
Plays a scripted week against a GitLab and an index that live in this process,
on the pins of a real project, and prints the dashboard, the merge requests and
the diffs as they change. It needs no network and leaves nothing behind.`,
		setup: func(p *program, flags *flag.FlagSet) action {
			once := flags.Bool("once", false, "play the week and end")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 {
					return usage("demo takes no arguments")
				}
				if !*once {
					fmt.Fprintln(p.err, "pinwheel: for now the demo plays its week once and ends, as with --once")
				}
				return p.demonstrates(ctx, p.out, *once, p.colour)
			}
		},
	}
}

func runDemo(ctx context.Context, out io.Writer, once, colour bool) error {
	return demo.Run(ctx, out, demo.Options{Once: once, Color: colour})
}
