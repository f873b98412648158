package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The groups of commands, in the order of the help.
const (
	groupWork       = "work"
	groupLook       = "look"
	groupCheck      = "check"
	groupPast       = "past"
	groupProduction = "production"
	groupBeside     = "beside"
)

// root is the command line of pinwheel: every command with its flags. Cobra reads
// the flags, finds the command, completes words and knows which word was meant;
// what a person reads of a mistake is in mistake.go and help.go.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use: "pinwheel", Short: "keeps the pip constraints of GitLab projects moving", Long: manualPage,
		SilenceErrors: true, SilenceUsage: true, DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	asksVersion := root.Flags().Bool("version", false, "print the version")
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		return nil
	}
	root.RunE = func(c *cobra.Command, _ []string) error {
		if *asksVersion {
			return p.printVersion()
		}
		overview(p.err, c)
		return failure{code: exitUsage}
	}
	root.AddGroup(
		&cobra.Group{ID: groupWork, Title: "Keep projects moving"}, &cobra.Group{ID: groupLook, Title: "See what would happen, and why"},
		&cobra.Group{ID: groupCheck, Title: "Set up and check"}, &cobra.Group{ID: groupPast, Title: "See what happened"}, &cobra.Group{ID: groupProduction, Title: "Move production branches"},
		&cobra.Group{ID: groupBeside, Title: "More"},
	)
	root.AddCommand(
		p.runCommand(), p.serveCommand(), p.updateCommand(), p.planCommand(), p.explainCommand(), p.verifyCommand(), p.gatesCommand(), p.deriveCommand(), p.validateCommand(), p.initCommand(), p.doctorCommand(), p.hooksCommand(), p.storeCommand(), p.pauseCommand(), p.resumeCommand(), p.importCommand(), p.adoptCommand(),
		p.auditCommand(), p.historyCommand(), p.healthCommand(), p.deployCommand(), p.releasesCommand(), p.rollbackCommand(), p.holdCommand(), p.releaseCommand(),
		p.prepareCommand(), p.botCommand(), p.demoCommand(), p.completionCommand(), p.manCommand(), p.versionCommand(),
	)
	help := p.helpCommand()
	root.SetHelpCommand(help)
	root.SetHelpCommandGroupID(groupBeside)
	root.SetHelpFunc(p.manual)
	root.SetFlagErrorFunc(flagMistake)
	root.SetOut(p.out)
	root.SetErr(p.err)
	for _, c := range append(root.Commands(), root, help) {
		c.Flags().BoolP("help", "h", false, "print this help")
		c.DisableAutoGenTag = true
	}
	return root
}

// execute runs one command line.
func (p *program) execute(ctx context.Context, args []string) error {
	root := p.root()
	root.SetArgs(doubled(root, args))
	return root.ExecuteContext(ctx)
}

// doubled writes -flag as --flag, which earlier versions took as well. What stands
// behind a flag as its value, behind -- and -h stay as they are.
func doubled(root *cobra.Command, args []string) []string {
	out := slices.Clone(args)
	if out == nil {
		out = []string{} // to cobra, nil is the arguments of the process
	}
	c, _, err := root.Find(args[:min(2, len(args))]) // a command may be one of a family
	if err != nil {
		return out
	}
	value := false
	for i, a := range args {
		name, _, given := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case value:
			value = false
		case a == "--":
			return out
		case strings.HasPrefix(a, "-") && name != "":
			if !strings.HasPrefix(a, "--") && len(name) > 1 {
				out[i] = "-" + a
			}
			f := c.Flags().Lookup(name)
			value = f != nil && f.NoOptDefVal == "" && !given
		}
	}
	return out
}
