package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print the version",
		about:   `Prints the version of this build, which also is in the User-Agent.`,
		setup: func(p *program, _ *flag.FlagSet) action {
			return func(_ context.Context, args []string) error {
				if len(args) > 0 {
					return usage("version takes no arguments")
				}
				fmt.Fprintf(p.out, "pinwheel %s (%s, %s/%s)\n", p.version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return nil
			}
		},
	}
}

// version is the module's version, "devel" where the build does not know it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

func (p *program) userAgent() string { return "pinwheel/" + p.version }
