package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) completionCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "completion SHELL", GroupID: groupBeside,
		Short: "print completion for bash, zsh, fish or powershell",
		Long: `Prints a script that completes commands, flags, projects of the configuration
and topics. The script asks pinwheel itself, so that it need not be made anew
for a new version.`,
		Example: `  source <(pinwheel completion bash)
  source <(pinwheel completion zsh)
  pinwheel completion fish | source`,
	}
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return []string{"bash", "zsh", "fish", "powershell"}, cobra.ShellCompDirectiveNoFileComp
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("completion takes the name of a shell: bash, zsh, fish or powershell")
		}
		switch args[0] {
		case "bash":
			fmt.Fprint(p.out, bashWords)
			return c.Root().GenBashCompletionV2(p.out, true)
		case "zsh":
			return c.Root().GenZshCompletion(p.out)
		case "fish":
			return c.Root().GenFishCompletion(p.out, true)
		case "powershell":
			return c.Root().GenPowerShellCompletionWithDesc(p.out)
		}
		return usage("there is no completion for %q: bash, zsh, fish and powershell are known", args[0])
	}
	return c
}

// bashWords stands in for the one function of the package bash-completion that
// cobra's script needs, where that is not installed.
const bashWords = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
_get_comp_words_by_ref()
{
    words=("${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=${words[cword]}
    prev=${words[cword > 0 ? cword - 1 : 0]}
}
fi

`

// completeProjects offers the projects of the configuration that --config names,
// none if it cannot be read.
func completeProjects(o *options) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := load(o.config)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, project := range c.Projects {
			out = append(out, project.Path)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
