package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// action carries out a command with the arguments that are no flags.
type action func(ctx context.Context, args []string) error

// command is one command. Its setup declares flags and returns what to do
// once they are read.
type command struct {
	name    string
	args    string // after the name, for help
	summary string // a line without a full stop
	about   string
	setup   func(p *program, flags *flag.FlagSet) action
}

// commands are in the order of the help.
func commands() []command {
	return []command{
		runCommand(), serveCommand(), planCommand(), explainCommand(), verifyCommand(),
		deriveCommand(), validateCommand(), doctorCommand(), auditCommand(), historyCommand(), healthCommand(), demoCommand(), completionCommand(), versionCommand(),
	}
}

func find(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// run reads the flags of c, which may stand before and after its arguments.
func (p *program) run(ctx context.Context, c command, args []string) error {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := c.setup(p, flags)
	var rest []string
	for len(args) > 0 {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			p.manual(p.out, c)
			return nil
		} else if err != nil {
			return flagMistake(c, flags, err)
		}
		tail := flags.Args()
		if n := len(args) - len(tail); n > 0 && args[n-1] == "--" {
			rest = append(rest, tail...)
			break
		}
		if len(tail) == 0 {
			break
		}
		rest, args = append(rest, tail[0]), tail[1:]
	}
	return do(ctx, rest)
}

// help is the command of that name.
func (p *program) help(args []string) error {
	if len(args) == 0 {
		p.overview(p.out)
		return nil
	}
	if c, ok := find(args[0]); ok {
		p.manual(p.out, c)
		return nil
	}
	for _, t := range topics() {
		if t.name == args[0] {
			fmt.Fprintf(p.out, "%s: %s.\n\n%s\n", t.name, t.summary, strings.TrimLeft(t.text, "\n"))
			return nil
		}
	}
	return unknownCommand(args[0])
}

func (p *program) overview(w io.Writer) {
	fmt.Fprint(w, "pinwheel keeps the pip constraints of GitLab projects moving.\n\nUsage: pinwheel COMMAND [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
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

// manual prints what help knows of one command.
func (p *program) manual(w io.Writer, c command) {
	fmt.Fprintf(w, "pinwheel %s: %s.\n\nUsage: %s\n\n%s\n", c.name, c.summary,
		strings.TrimSpace("pinwheel "+c.name+" "+c.args), strings.TrimSpace(c.about))
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(p, flags)
	title := "\nFlags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if value != "" {
			value = " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "%s  --%s%s\n        %s\n", title, f.Name, value, text)
		title = ""
	})
}

// unknownCommand suggests the command that was meant, if one is near.
func unknownCommand(name string) error {
	best, least := "", 3
	for _, c := range commands() {
		if d := distance(name, c.name); d < least || len(name) > 1 && strings.HasPrefix(c.name, name) {
			best, least = c.name, min(d, least)
		}
	}
	if best == "" {
		return usage("there is no command %q; pinwheel help lists the commands", name)
	}
	return usage("there is no command %q; did you mean pinwheel %s?", name, best)
}

// distance is how many letters are put in, left out or replaced between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
