package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

func completionCommand() command {
	return command{
		name: "completion", args: "SHELL",
		summary: "print completion for bash, zsh or fish",
		about: `
Prints a script that completes commands and flags:

  source <(pinwheel completion bash)
  source <(pinwheel completion zsh)
  pinwheel completion fish | source`,
		setup: func(p *program, _ *flag.FlagSet) action {
			return func(_ context.Context, args []string) error {
				if len(args) != 1 {
					return usage("completion takes the name of a shell: bash, zsh or fish")
				}
				switch args[0] {
				case "bash":
					p.completeBash(p.out)
				case "zsh":
					fmt.Fprint(p.out, "autoload -U +X bashcompinit && bashcompinit\n")
					p.completeBash(p.out)
				case "fish":
					p.completeFish(p.out)
				default:
					return usage("there is no completion for %q: bash, zsh and fish are known", args[0])
				}
				return nil
			}
		},
	}
}

// names lists commands and flags, for the shells.
func (p *program) names(c command) []string {
	var out []string
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(p, flags)
	flags.VisitAll(func(f *flag.Flag) { out = append(out, "--"+f.Name) })
	return out
}

func (p *program) completeBash(w io.Writer) {
	var all []string
	fmt.Fprint(w, "_pinwheel() {\n  local word=${COMP_WORDS[COMP_CWORD]} words\n  case ${COMP_WORDS[1]} in\n")
	for _, c := range commands() {
		all = append(all, c.name)
		if names := p.names(c); len(names) > 0 {
			fmt.Fprintf(w, "  %s) words=%q ;;\n", c.name, strings.Join(names, " "))
		}
	}
	fmt.Fprintf(w, `  help) words=%q ;;
  completion) words="bash zsh fish" ;;
  *) words="" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words=%q; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _pinwheel pinwheel
`, strings.Join(append(all, topicNames()...), " "), strings.Join(append(all, "help"), " "))
}

func (p *program) completeFish(w io.Writer) {
	fmt.Fprint(w, "complete -c pinwheel -n __fish_use_subcommand -f -a help -d 'say more about a command or a topic'\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "complete -c pinwheel -n __fish_use_subcommand -f -a %s -d '%s'\n", c.name, strings.ReplaceAll(c.summary, "'", ""))
		for _, name := range p.names(c) {
			fmt.Fprintf(w, "complete -c pinwheel -n '__fish_seen_subcommand_from %s' -l %s\n", c.name, strings.TrimPrefix(name, "--"))
		}
	}
	fmt.Fprintf(w, "complete -c pinwheel -n '__fish_seen_subcommand_from help' -f -a '%s'\n", strings.Join(topicNames(), " "))
	fmt.Fprint(w, "complete -c pinwheel -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n")
}
