package main

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) pauseCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "pause [PROJECT...]", GroupID: groupWork,
		Short: "change nothing in projects, or in all, until they are resumed",
		Long: `Keeps pinwheel from changing anything in the named projects, or with --all in
every project: no branch, no merge request, no merge, no pipeline, no answer to
a comment. A run that is at work begins no further change. The dashboards say
since when, by whom and why. Boxes that are ticked meanwhile are carried out
after "pinwheel resume".
Without a project and without --all it prints what is paused.`,
		Example: `  pinwheel pause --all --reason "the index is being moved"
  pinwheel pause group/project --reason "release week"
  pinwheel pause`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	all := c.Flags().Bool("all", false, "all projects, those that are added later as well")
	reason := c.Flags().String("reason", "", "why, for the dashboards")
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		switch why := strings.TrimSpace(*reason); {
		case len(args) == 0 && !*all && why == "":
			return p.pauses(cmd.Context(), o)
		case why == "":
			return usage("a pause needs a reason, which the dashboards show: add --reason TEXT")
		case len(why) > 200 || strings.ContainsAny(why, "\r\n"):
			return usage("--reason is longer than one line of 200 bytes: say it shorter")
		default:
			return p.pause(cmd.Context(), o, pausing{names: args, all: *all, reason: why})
		}
	}
	return c
}

func (p *program) resumeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "resume [PROJECT...]", GroupID: groupWork,
		Short: "end what pinwheel pause began",
		Long: `Ends the pause of the named projects. With --all it ends the pause of all
projects, and leaves those of single projects, which it prints.`,
		Example: `  pinwheel resume --all
  pinwheel resume group/project`,
	}
	o := shared(c, configFlag, jsonFlag)
	all := c.Flags().Bool("all", false, "the pause of all projects")
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return p.pause(cmd.Context(), o, pausing{names: args, all: *all, resume: true})
	}
	return c
}

// pausing is what pause or resume was asked.
type pausing struct {
	names  []string
	all    bool
	reason string
	resume bool
}

// pausedOut is a pause in JSON.
type pausedOut struct {
	Project string     `json:"project,omitempty"` // absent for all projects
	All     bool       `json:"all"`
	Paused  bool       `json:"paused"`
	Reason  string     `json:"reason,omitempty"`
	By      string     `json:"by,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
}

// paths are the projects that were named, as the configuration has them, or "" for all. A project
// may be one of the updater or one that has the bot.
func (how pausing) paths(c *config.Config) ([]string, error) {
	switch {
	case how.all && len(how.names) > 0:
		return nil, usage("--all stands for every project: name projects or give --all")
	case how.all:
		return []string{""}, nil
	case len(how.names) == 0:
		return nil, usage("name the projects, or give --all")
	}
	var out, others []string
	bots := round.Projects(c.Software)
	for _, name := range how.names {
		at := slices.IndexFunc(bots, func(b round.Project) bool { return strings.EqualFold(b.Member.Path, name) })
		if at < 0 {
			others = append(others, name)
			continue
		}
		out = append(out, bots[at].Member.Path)
	}
	switch {
	case len(others) == 0:
		return out, nil
	case len(bots) > 0 && len(c.Projects)+len(c.Discover) == 0:
		_, err := chooseBot(c, others)
		return nil, err
	}
	projects, err := choose(c, others)
	for _, project := range projects {
		out = append(out, project.Path)
	}
	return out, err
}

func (p *program) pause(ctx context.Context, o *options, how pausing) error {
	now, err := p.instant(o.at)
	if err != nil {
		return err
	}
	c, err := load(o.config)
	if err != nil {
		return err
	}
	paths, err := how.paths(c)
	if err != nil {
		return err
	}
	s, err := p.database(ctx, c)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer s.Close() //nolint:errcheck // what was written is written
	for _, path := range paths {
		pause := store.Pause{Project: path, Reason: how.reason, Who: p.self(), At: now}
		if how.resume {
			pause = store.Pause{Project: path}
			was, err := s.Resume(ctx, path)
			if err != nil {
				return failure{exitFailed, err}
			}
			if err := p.sayPause(pause, o.json, map[bool]string{true: "resumed", false: "was not paused"}[was]); err != nil {
				return err
			}
			continue
		}
		if err := s.Pause(ctx, pause); err != nil {
			return failure{exitFailed, err}
		}
		if err := p.sayPause(pause, o.json, "paused"); err != nil {
			return err
		}
	}
	if how.resume {
		return p.listPauses(ctx, s, o.json)
	}
	return nil
}

// pauses prints what is paused.
func (p *program) pauses(ctx context.Context, o *options) error {
	c, err := load(o.config)
	if err != nil {
		return err
	}
	if noDatabase(c) {
		return nil // without a database nothing is
	}
	s, err := p.database(ctx, c)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer s.Close() //nolint:errcheck // it was only read
	return p.listPauses(ctx, s, o.json)
}

func (p *program) listPauses(ctx context.Context, s *store.Store, asJSON bool) error {
	all, err := s.Pauses(ctx)
	if err != nil {
		return failure{exitFailed, err}
	}
	for _, pause := range all {
		if err := p.sayPause(pause, asJSON, "paused"); err != nil {
			return err
		}
	}
	return nil
}

// sayPause prints a pause, or of one that ended what became of it.
func (p *program) sayPause(pause store.Pause, asJSON bool, what string) error {
	if asJSON {
		return p.line(pausedOut{pause.Project, pause.Project == "", !pause.At.IsZero(), printable(pause.Reason), printable(pause.Who), known(pause.At)})
	}
	name := pause.Project
	if name == "" {
		name = "all projects"
	}
	line := name + ": " + what
	if !pause.At.IsZero() {
		line += " since " + pause.At.UTC().Format(time.RFC3339)
		if pause.Who != "" {
			line += " by " + pause.Who
		}
		line += ": " + pause.Reason
	}
	_, err := fmt.Fprintln(p.out, printable(line))
	return err
}

// self is who runs this, empty if the machine does not say.
func (p *program) self() string {
	if name := p.env("GITLAB_USER_LOGIN"); name != "" { // a job of a pipeline
		return name
	}
	if u, err := user.Current(); err == nil && u.Uid != "0" {
		return u.Username
	}
	return ""
}

// pauseWatch is how often serve looks whether something was paused or resumed.
const pauseWatch = 5 * time.Second

// pausesChanged finds the projects whose pause is another than at the look before, so that
// their dashboards say so at once.
func (s *service) pausesChanged() func(context.Context) []string {
	was, known := map[string]store.Pause{}, false
	return func(ctx context.Context) []string {
		all, err := s.store.Pauses(ctx)
		if err != nil {
			return nil // the next look asks again
		}
		now := map[string]store.Pause{}
		for _, pause := range all {
			now[pause.Project] = pause
		}
		before := was
		first := !known
		was, known = now, true
		if first {
			return nil // what is paused already is shown already, or by the next run
		}
		everywhere := now[""] != before[""]
		var out []string
		for path := range s.current().projects() {
			if key := strings.ToLower(path); everywhere || now[key] != before[key] {
				out = append(out, path)
			}
		}
		for _, b := range s.current().bots.all {
			if key := strings.ToLower(b.Member.Path); everywhere || now[key] != before[key] {
				out = append(out, round.Key(b.Member.Path))
			}
		}
		slices.Sort(out)
		return out
	}
}
