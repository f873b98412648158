package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// width is how long a line of the help may be.
const width = 80

// manualPage is what pinwheel's own page says beyond the list of its commands.
const manualPage = `Reads a project's constraints.txt, asks the package index what is newer, keeps
a dashboard issue with a checkbox for every update, and opens merge requests
inside a window, or at once where somebody ticks a box.

Exit codes: 0 done, 1 something failed, 2 usage or configuration, 3 a project
is stopped until a person acts, 4 a hold keeps production where it is. The
configuration is pinwheel.yaml in the working directory, or what --config
names; the token is PINWHEEL_GITLAB_TOKEN.`

// helpCommand prints the page of a command or of a topic.
func (p *program) helpCommand() *cobra.Command {
	c := &cobra.Command{Use: "help [COMMAND|TOPIC]", Short: "say more about a command or a topic", Example: "  pinwheel help plan\n  pinwheel help windows"}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var out []string
		if len(args) == 0 {
			for _, of := range c.Root().Commands() {
				out = append(out, cobra.CompletionWithDesc(of.Name(), of.Short))
			}
			for _, t := range topics() {
				out = append(out, cobra.CompletionWithDesc(t.name, t.summary))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		root := c.Root()
		if len(args) == 0 {
			return root.Help()
		}
		for _, t := range topics() {
			if t.name == args[0] {
				fmt.Fprintf(p.out, "%s: %s.\n\n%s\n", t.name, t.summary, strings.TrimLeft(t.text, "\n"))
				return nil
			}
		}
		of, rest, err := root.Find(args[:min(len(args), 2)])
		switch {
		case err != nil || of == root:
			return unknownCommand(root, args[0])
		case len(rest) > 0 && of.HasSubCommands():
			return unknownBelow(of, rest[0])
		}
		return of.Help()
	}
	return c
}

// manual prints the help of a command.
func (p *program) manual(c *cobra.Command, _ []string) {
	if !c.HasParent() {
		overview(p.out, c)
		return
	}
	fmt.Fprintf(p.out, "%s: %s.\n\nUsage: %s\n", c.CommandPath(), c.Short, c.UseLine())
	if c.Long != "" {
		fmt.Fprintf(p.out, "\n%s\n", c.Long)
	}
	if c.HasExample() {
		fmt.Fprintf(p.out, "\nExamples:\n%s\n", c.Example)
	}
	fmt.Fprintf(p.out, "\nFlags:\n%s", c.Flags().FlagUsagesWrapped(width))
}

// overview lists the commands and topics.
func overview(w io.Writer, root *cobra.Command) {
	fmt.Fprintf(w, "pinwheel %s.\n\nUsage: pinwheel COMMAND [ARGUMENTS]\n", root.Short)
	for _, g := range root.Groups() {
		fmt.Fprintf(w, "\n%s:\n\n", g.Title)
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				fmt.Fprintf(w, "  %-10s %s\n", c.Name(), c.Short)
			}
		}
	}
	fmt.Fprint(w, "\nTopics, for pinwheel help TOPIC:\n\n")
	for _, t := range topics() {
		fmt.Fprintf(w, "  %-10s %s\n", t.name, t.summary)
	}
	fmt.Fprint(w, `
Start here, without a GitLab and without a configuration:

  pinwheel demo
  pinwheel plan --file constraints.txt

pinwheel help COMMAND says more. Exit codes: 0 done, 1 something failed,
2 usage or configuration, 3 a project is stopped until a person acts.
`)
}
