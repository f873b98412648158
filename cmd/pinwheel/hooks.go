package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

// maintainerVariable holds the token of a Maintainer, which is used for this command alone.
const maintainerVariable = "PINWHEEL_GITLAB_MAINTAINER_TOKEN"

func (p *program) hooksCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "hooks install|check [PROJECT...]", GroupID: groupCheck,
		Short: "set up the webhooks by which GitLab wakes pinwheel",
		Long: `Makes the webhooks that tell pinwheel serve of ticks, comments, merge requests,
pipelines and pushes, so that it looks at a project at once and not within a
minute. listen.hooks_url says where GitLab sends them, and the variable
PINWHEEL_HOOKS_TOKEN or listen.hooks_token_file the token that they carry.
"install" makes those that are missing and mends those that differ; "check"
only says how they stand, and ends with exit code 1 if one is missing, lacks
events or was turned off.

This needs more rights than pinwheel has: the token of a Maintainer, in
PINWHEEL_GITLAB_MAINTAINER_TOKEN. It is used for this command, in place of the
tokens that the configuration names, and kept nowhere. Where no one person
maintains all projects, name those of one.
With --group one webhook of a group stands for all projects in it; that needs
the group's Owner, and Premium.`,
		Example: `  pinwheel hooks install
  pinwheel hooks check group/project
  pinwheel hooks install --group my-group`,
	}
	o := shared(c, configFlag, jsonFlag)
	group := c.Flags().String("group", "", "the webhook of this `GROUP` in place of those of projects")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] != "install" && args[0] != "check" {
			return usage("hooks needs to know what to do: pinwheel hooks install, or pinwheel hooks check")
		}
		return p.hooks(cmd.Context(), o, hooking{args[0] == "install", *group, args[1:]})
	}
	c.ValidArgs = []string{"install", "check"}
	return c
}

// hooking is what hooks was asked.
type hooking struct {
	install bool
	group   string
	names   []string
}

// hookOut is one webhook in JSON.
type hookOut struct {
	Of      string   `json:"of"`
	Group   bool     `json:"group"`
	State   string   `json:"state"` // ok, missing, differs, made or changed
	Lacks   []string `json:"lacks,omitempty"`
	Problem string   `json:"problem,omitempty"`
}

func (p *program) hooks(ctx context.Context, o *options, how hooking) error {
	c, err := load(o.config)
	if err != nil {
		return err
	}
	if c.Listen.HooksURL == "" {
		return usage("%s does not say where GitLab reaches pinwheel: add listen.hooks_url, such as https://pinwheel.example.com/hooks/gitlab", c.Path)
	}
	token, err := c.HooksToken(p.env)
	if err != nil {
		return failure{exitUsage, err}
	}
	client, err := p.maintainer(c)
	if err != nil {
		return err
	}
	var owners []gitlab.HookOwner
	if how.group != "" {
		owners = append(owners, gitlab.HookOwner{Path: how.group, Group: true})
	} else {
		projects, err := choose(c, how.names)
		if err != nil {
			return err
		}
		for _, project := range projects {
			owners = append(owners, gitlab.HookOwner{Path: project.Path})
		}
	}
	looks := hooker{client, gitlab.HookSetting{URL: c.Listen.HooksURL, Token: token.Reveal()}, how.install}
	bad := false
	for _, owner := range owners {
		if err := ctx.Err(); err != nil {
			return err
		}
		out := looks.look(ctx, owner)
		bad = bad || out.State == "missing" || out.State == "differs" || out.State == ""
		if err := p.sayHook(out, o.json); err != nil {
			return err
		}
	}
	if bad {
		return failure{code: exitFailed}
	}
	return nil
}

// maintainer connects with the token of a Maintainer.
func (p *program) maintainer(c *config.Config) (*gitlab.Client, error) {
	token := strings.TrimSpace(p.env(maintainerVariable))
	if token == "" {
		return nil, usage("webhooks need the token of a Maintainer: set %s for this command", maintainerVariable)
	}
	with, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	with.ReadToken = func() (string, error) { return token, nil }
	client, err := gitlab.Connect(with)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return client, nil
}

// hooker looks at webhooks, and mends them if that was asked.
type hooker struct {
	client *gitlab.Client
	want   gitlab.HookSetting
	mend   bool
}

// look says how the webhook of an owner stands, after mending it if that was asked.
func (h hooker) look(ctx context.Context, of gitlab.HookOwner) hookOut {
	client, want := h.client, h.want
	out := hookOut{Of: of.Path, Group: of.Group}
	all, err := client.Hooks(ctx, of)
	if err != nil {
		out.Problem = sentence(err)
		return out
	}
	out.State = "missing"
	for _, h := range all {
		if !sameAddress(h.URL, want.URL) {
			continue
		}
		want.ID, out.Lacks, out.State = h.ID, h.Lacks, "ok"
		switch {
		case h.Disabled != "":
			out.State, out.Problem = "differs", "GitLab turned it off "+h.Disabled+": make the address answer, then send a test event from the webhook's page"
		case h.Unverified:
			out.State, out.Problem = "differs", "GitLab does not check the certificate of the address"
		case len(h.Lacks) > 0:
			out.State = "differs"
		}
		break
	}
	if !h.mend {
		return out
	}
	// The token cannot be read, so that a webhook that looks right gets it again.
	if err := client.SaveHook(ctx, of, want); err != nil {
		out.State, out.Problem = "", sentence(err)
		return out
	}
	if out.State = "changed"; want.ID == 0 {
		out.State = "made"
	}
	out.Lacks = nil
	return out
}

// sameAddress compares addresses as browsers do.
func sameAddress(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && strings.EqualFold(x.Host, y.Host) && x.Scheme == y.Scheme && strings.TrimRight(x.Path, "/") == strings.TrimRight(y.Path, "/")
}

func (p *program) sayHook(out hookOut, asJSON bool) error {
	if asJSON {
		return p.line(out)
	}
	line := map[string]string{
		"ok": "the webhook is there", "missing": "there is no webhook: pinwheel hooks install makes it", "differs": "the webhook is not as it should be",
		"made": "the webhook was made", "changed": "the webhook was there and has all settings and the token again", "": "the webhook could not be looked at",
	}[out.State]
	if len(out.Lacks) > 0 {
		line += "; it sends no " + strings.Join(out.Lacks, ", ")
	}
	if out.Problem != "" {
		line += "; " + out.Problem
	}
	_, err := fmt.Fprintf(p.out, "%s: %s\n", out.Of, printable(line))
	return err
}
