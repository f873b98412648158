package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (p *program) manCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "man [COMMAND]", GroupID: groupBeside,
		Short: "print the manual page of pinwheel or of a command",
		Long: `Prints a page for man. With --dir it writes the pages of all commands into a
folder instead, as pinwheel.1, pinwheel-plan.1 and so on.`,
		Example: `  pinwheel man plan | man -l -
  pinwheel man --dir /usr/local/share/man/man1`,
	}
	dir := c.Flags().String("dir", "", "write the pages of all commands into this `FOLDER`")
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, of := range c.Root().Commands() {
			out = append(out, cobra.CompletionWithDesc(of.Name(), of.Short))
		}
		return out[:len(out)*max(0, 1-len(args))], cobra.ShellCompDirectiveNoFileComp
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		root := c.Root()
		header := &doc.GenManHeader{Section: "1", Source: "pinwheel " + p.version, Manual: "pinwheel", Date: p.built()}
		switch {
		case len(args) > 1:
			return usage("man takes one command; %d were given", len(args))
		case *dir != "" && len(args) > 0:
			return usage("--dir writes the pages of all commands: leave %s out", args[0])
		case *dir != "":
			return p.writeManuals(root, header, *dir)
		case len(args) == 0:
			return doc.GenMan(root, header, p.out)
		}
		of, _, err := root.Find(args)
		if err != nil || of == root {
			return unknownCommand(root, args[0])
		}
		return doc.GenMan(of, header, p.out)
	}
	return c
}

func (p *program) writeManuals(root *cobra.Command, header *doc.GenManHeader, dir string) error {
	err := os.MkdirAll(dir, 0o755) //nolint:gosec // pages are for everybody
	if err == nil {
		err = doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{Header: header, Path: dir, CommandSeparator: "-"})
	}
	if err != nil {
		return fmt.Errorf("the pages cannot be written into %s: %w", dir, plainly(err))
	}
	fmt.Fprintf(p.out, "%s written\n", dir)
	return nil
}

// built is when the commit of this build was made, which dates its pages. A build
// that does not know it has pages of the day on which they are printed.
func (p *program) built() *time.Time {
	at := p.now().UTC()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				at = t
			}
		}
	}
	return &at
}
