package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/internal/fake/demo"
)

func (p *program) demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "demo", GroupID: groupBeside,
		Short: "try it in a browser, without any GitLab",
		Long: `Serves a page, on this machine alone, that shows what GitLab would: the
dashboard with boxes that can be ticked, the merge requests with their diffs,
and what pinwheel did and why. Its buttons let time pass and let people act.
GitLab and the index live in this process, the pins are those of a real
project. It needs no network and leaves nothing behind.

With --once a scripted week is printed instead, as text, and the command ends.
With --once cki it prints how docs/cki.md's four projects go through lock,
build, deployment, test, a red change and rollback. That needs git, and venv
and pip for the builds.
With --once renovate it prints how a project is taken over from Renovate: its
dashboard, three merge requests, a no and a ticked box.
With --gitlab it serves, instead of the page, a GitLab and an index on which
the other commands work, and writes a configuration and tokens into a new
folder. One project is as Renovate left it (docs/renovate.md). It prints how
people act, by curl. That needs git.
With --software it serves a GitLab that git can read and an index with files,
and writes the configuration of a set of software into a new folder, to try
pinwheel prepare, deploy and bot with (docs/prepare.md, docs/deploy.md,
docs/bot.md). That needs git.`,
		Example: `  pinwheel demo
  pinwheel demo --port 8080
  pinwheel demo --once
  pinwheel demo --once cki
  pinwheel demo --once renovate
  pinwheel demo --gitlab ~/pins
  pinwheel demo --software ~/set`,
	}
	once := c.Flags().Bool("once", false, "print a scripted week and end")
	port := c.Flags().Int("port", 0, "the `port` of the page on 127.0.0.1; 0 is a free one")
	software := c.Flags().String("software", "", "serve what prepare, deploy and bot need, for a set in this new `FOLDER`")
	gitlab := c.Flags().String("gitlab", "", "serve a GitLab and an index for the other commands, and write their configuration into this new `FOLDER`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if *once && len(args) == 1 && args[0] == "cki" {
			return demo.PlayCKI(ctx, p.out, p.colour, p.inside)
		}
		if *once && len(args) == 1 && args[0] == "renovate" {
			return demo.PlayRenovate(ctx, p.out, p.colour)
		}
		if len(args) > 0 {
			return usage("demo takes no arguments, but for cki or renovate behind --once")
		}
		if *once {
			return demo.Play(ctx, p.out, p.colour)
		}
		if *port < 0 || *port > 65535 {
			return usage("--port %d is no port: give one from 1 to 65535, or 0 for a free one", *port)
		}
		if *software != "" && *gitlab != "" {
			return usage("--software and --gitlab serve different things: give one, and the other in another terminal")
		}
		if *software != "" {
			return demo.ServeSoftware(ctx, p.out, *software, *port)
		}
		if *gitlab != "" {
			return demo.ServeGitLab(ctx, p.out, *gitlab, *port)
		}
		return demo.Serve(ctx, p.out, *port, p.inside)
	}
	return c
}

// inside runs one command line as of an instant, with an environment of its own.
func (p *program) inside(ctx context.Context, now time.Time, env map[string]string, args ...string) (code int, out string) {
	var all bytes.Buffer
	one := &program{
		out: &all, err: &all, env: func(k string) string { return env[k] }, now: func() time.Time { return now },
		version: p.version, instance: newInstance(), untilSignal: context.WithCancel,
	}
	code = one.main(ctx, args)
	var said strings.Builder
	for line := range strings.Lines(all.String()) {
		if !strings.HasPrefix(line, `{"time":`) { // the log
			said.WriteString(line)
		}
	}
	return code, said.String()
}
