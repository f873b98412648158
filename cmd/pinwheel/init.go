package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

// setup is one call of pinwheel init.
type setup struct {
	*program
	questions *questions // nil: flags alone
	now       string     // --at

	address, project, tokenFile, simple, zone, batch, path string
	pins                                                   []string
	propose                                                bool

	config  *config.Config
	client  *gitlab.Client
	found   found
	theirs  gitlab.Project
	head    string
	written string // the keys of the project, as YAML
}

func (p *program) initCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "init [PROJECT]", GroupID: groupCheck,
		Short: "set pinwheel up for a project",
		Long: `Asks for what it needs to know, or takes it from flags: where GitLab is, the
token and the project. It finds the files that pin packages, the YAML that
repeats them and under which key, the Pythons that the pipelines use, and a
configuration of Renovate; writes pinwheel.yaml; checks the rights as pinwheel
doctor does; and shows what a first run would do. With --propose, or where you
say so, it opens a merge request that adds .gitlab/pinwheel.yaml.

Questions are asked where it runs in a terminal. The token is that of
PINWHEEL_GITLAB_TOKEN or of --token-file, else it is asked for and not shown.
It is written nowhere. A file that is there already is not overwritten.

The exit code is 1 if something would keep a run from working.`,
		Example: `  pinwheel init group/project
  pinwheel init group/project --token-file /run/secrets/gitlab
  pinwheel init https://gitlab.example.com/group/project --propose`,
	}
	s := &setup{program: p}
	c.Flags().StringVar(&s.address, "gitlab", "", "the `ADDRESS` of GitLab (default https://gitlab.com)")
	c.Flags().StringVar(&s.tokenFile, "token-file", "", "read the token from `FILE`, now and in every run")
	c.Flags().StringVar(&s.simple, "index", "", "the `ADDRESS` of the package index (default that of pip, else PyPI)")
	c.Flags().StringArrayVar(&s.pins, "pins", nil, "a `FILE` that pins packages, by its path in the project; may be given again")
	c.Flags().StringVar(&s.zone, "timezone", "", "the `ZONE` of the weekends in which merge requests open (default UTC)")
	c.Flags().StringVar(&s.batch, "batch", "", "put all updates into one merge request of this `NAME`, which the project's pipeline tests")
	c.Flags().BoolVar(&s.propose, "propose", false, "open a merge request that adds .gitlab/pinwheel.yaml to the project")
	c.Flags().StringVar(&s.path, "out", defaultConfig, "write the configuration into `FILE`")
	o := shared(c, atFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage("init sets one project up: name one")
		}
		s.project, s.now = strings.Join(args, ""), o.at
		s.questions = p.asking(cmd.Context())
		return s.run(cmd.Context())
	}
	return c
}

// run asks, finds, writes, checks and shows, in this order.
func (s *setup) run(ctx context.Context) error {
	if _, err := os.Lstat(s.path); err == nil {
		return usage("%s is there already: pinwheel doctor checks it, and --out writes another file", s.path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return failure{exitUsage, fmt.Errorf("%s cannot be read: %w", s.path, plainly(err))}
	}
	for _, step := range []func(context.Context) error{s.where, s.connect, s.look, s.choose, s.write} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.show(ctx)
}

// where finds out where GitLab is and which project is meant; the project may be given
// as the address of its page.
func (s *setup) where(context.Context) (err error) {
	if s.project == "" {
		if s.project, err = s.questions.ask("Project on GitLab, group/project", ""); err != nil {
			return err
		}
	}
	if s.project == "" {
		return usage("name the project: pinwheel init group/project")
	}
	if u, err := url.Parse(s.project); err == nil && u.Host != "" {
		if s.address == "" {
			s.address = u.Scheme + "://" + u.Host
		}
		s.project = strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
		s.project, _, _ = strings.Cut(s.project, "/-/")
	}
	if s.address == "" {
		if s.address, err = s.questions.ask("Address of GitLab", "https://gitlab.com"); err != nil {
			return err
		}
	}
	if s.simple == "" {
		s.simple = s.pipIndex().address
	}
	if u, err := url.Parse(s.simple); err == nil && u.User != nil {
		fmt.Fprintf(s.err, "pinwheel: the index %s needs a user: set index.username and the password's variable as docs/config.md says\n", u.Redacted())
		s.simple = ""
	}
	s.config, err = s.parse("")
	return err
}

// parse makes the configuration, with the keys of the project as they are so far.
func (s *setup) parse(keys string) (*config.Config, error) {
	c, err := config.Parse(s.path, []byte(s.text(keys)))
	if wrong, ok := errors.AsType[config.Errors](err); ok && len(wrong) > 0 {
		switch e := wrong[0]; {
		case strings.HasPrefix(e.Key, "gitlab.url"):
			return nil, usage("--gitlab: %s", e.Text)
		case strings.HasPrefix(e.Key, "index"):
			return nil, usage("--index: %s", e.Text)
		case strings.HasSuffix(e.Key, "timezone"):
			return nil, usage("--timezone: %s", e.Text)
		case strings.HasSuffix(e.Key, "batch"):
			return nil, usage("--batch: %s", e.Text)
		case strings.HasSuffix(e.Key, ".path"):
			return nil, usage("%s", e.Text)
		}
	}
	return c, err
}

// text is pinwheel.yaml with these keys of the project.
func (s *setup) text(keys string) string {
	var b strings.Builder
	b.WriteString("# docs/config.md of pinwheel lists every key; pinwheel validate checks this file.\n")
	fmt.Fprintf(&b, "gitlab:\n  url: %q\n", s.address)
	if s.tokenFile != "" {
		fmt.Fprintf(&b, "  token_file: %q\n", s.tokenFile)
	}
	if s.simple != "" {
		fmt.Fprintf(&b, "index:\n  url: %q\n", s.simple)
	}
	fmt.Fprintf(&b, "projects:\n  - path: %q\n", s.project)
	for line := range strings.Lines(keys) {
		b.WriteString("    " + line)
	}
	return b.String()
}

// connect asks for the token where nothing else tells it, and reads the project.
func (s *setup) connect(ctx context.Context) error {
	if s.tokenFile != "" {
		if _, err := readFile(s.tokenFile); err != nil {
			return err // runs read it, whatever the environment of this one has
		}
	}
	if _, err := s.config.Token(s.env); err != nil {
		if s.tokenFile != "" || s.questions == nil {
			return failure{exitUsage, err}
		}
		token, err := s.questions.secret("Token of pinwheel's user, with the scope api (not shown)")
		if err != nil {
			return err
		}
		env := s.env
		known := *s.program
		known.env = func(name string) string {
			if name == "PINWHEEL_GITLAB_TOKEN" {
				return token
			}
			return env(name)
		}
		s.program = &known
		if _, err := s.config.Token(s.env); err != nil {
			return failure{exitUsage, err}
		}
	}
	with, err := s.connection(s.config)
	if err != nil {
		return err
	}
	if s.client, err = gitlab.Connect(with); err != nil {
		return failure{exitUsage, err}
	}
	if s.theirs, err = s.client.Project(ctx, s.project, 0); err != nil {
		return err
	}
	if s.theirs.Empty || s.theirs.DefaultBranch == "" {
		return failure{exitStopped, fmt.Errorf("%s is empty: push a file that pins packages first", s.project)}
	}
	head, err := s.client.Head(ctx, s.theirs.ID, s.theirs.DefaultBranch)
	s.head = head.SHA
	return err
}

// look finds what the files of the project say, and prints it.
func (s *setup) look(ctx context.Context) error {
	paths, whole, err := s.client.Tree(ctx, s.theirs.ID, s.head)
	if err != nil {
		return err
	}
	read := func(name string) ([]byte, error) {
		data, _, err := s.client.File(ctx, s.theirs.ID, name, s.head)
		return data, err
	}
	if s.found, err = (finding{paths, read}).find(config.OwnFile); err != nil {
		return err
	}
	if !whole {
		fmt.Fprintf(s.err, "pinwheel: %s has more files than are listed: name those that pin packages with --pins if one is missing below\n", s.project)
	}
	say := func(format string, args ...any) { fmt.Fprintf(s.out, "found    "+format+"\n", args...) }
	for _, f := range s.found.files {
		say("%s: %s", printable(f.Path), count(f.pins, "pin"))
		if d := f.Derived; d != nil {
			say("%s repeats them at %s, as %s", printable(d.Path), printable(strings.Join(d.Key, ".")), d.Format)
		}
	}
	if len(s.found.pythons) > 0 {
		say("Python %s in %s", strings.Join(s.found.pythons, ", "), s.found.pythonsFrom)
	}
	if s.found.renovate != "" {
		say("%s: pinwheel import --project %s turns it into pinwheel's keys (docs/renovate.md)", s.found.renovate, s.project)
	}
	if s.found.own {
		say("%s, which goes on to count", config.OwnFile)
	}
	return nil
}

// write writes the configuration, which was read as one before.
func (s *setup) write(context.Context) (err error) {
	s.written = s.keys()
	if s.config, err = s.parse(s.written); err != nil {
		return err
	}
	if err := replaceFile(s.path, []byte(s.text(s.written))); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "written  %s\n\n", printable(s.path))
	return nil
}

// show checks the rights, prints the first plan and offers a merge request.
func (s *setup) show(ctx context.Context) error {
	now, err := s.instant(s.now)
	if err != nil {
		return err
	}
	d := &doctor{program: s.program, config: s.config, shared: newSharedRules(s.config), now: now, stopped: func() bool { return ctx.Err() != nil }}
	if err := d.examine(ctx, s.config.Projects); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	l := &looking{options: &options{config: s.path, at: s.now}, given: func() bool { return true }, call: "plan"}
	all, code, err := s.program.look(ctx, l, nil)
	if err != nil {
		return err
	}
	s.planText(all, false)
	if err := s.proposal(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nnext     %s\n", s.next())
	switch {
	case code != exitDone:
		return failure{code: code}
	case d.errors > 0:
		return failure{code: exitFailed}
	}
	return nil
}

// next is what a person does now.
func (s *setup) next() string {
	run := "pinwheel run"
	if s.path != defaultConfig {
		run += " --config " + s.path
	}
	if s.tokenFile == "" {
		run = "keep the token in PINWHEEL_GITLAB_TOKEN, then " + run
	}
	return run + " writes the dashboard; docs/running.md says how it runs every hour"
}

// onboarding is the branch of the merge request that adds the project's own file. It is
// not under the prefix of updates, whose branches are judged by what they hold.
const onboarding = "pinwheel-onboarding"

// proposal opens a merge request that adds the project's own file, where somebody asked
// for that and there is none.
func (s *setup) proposal(ctx context.Context) (err error) {
	if s.found.own {
		if s.propose {
			fmt.Fprintf(s.out, "\n%s is there already, so nothing is proposed\n", config.OwnFile)
		}
		return nil
	}
	if !s.propose && s.questions != nil {
		fmt.Fprintln(s.out)
		if s.propose, err = s.questions.yes("Open a merge request that adds " + config.OwnFile + ", so that the team keeps these settings itself"); err != nil {
			return err
		}
	}
	if !s.propose {
		return nil
	}
	text := "# What pinwheel does in this project. Its docs/config.md lists the keys.\n" + s.written
	if _, _, err := s.config.Projects[0].Own([]byte(text)); err != nil {
		return err
	}
	iid, err := s.client.Propose(ctx, s.theirs, gitlab.Proposal{
		Branch: onboarding, Title: "Keep the pins moving with pinwheel",
		Description: "Adds pinwheel's settings of this project. They count from the next run after the merge; until then those of its operator do.",
		Files:       []gitlab.Write{{Path: config.OwnFile, Data: []byte(text)}},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "proposed %s/-/merge_requests/%d adds %s\n", s.theirs.WebURL, iid, config.OwnFile)
	return nil
}
