package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/bot/cibot"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/renovate"
)

// importOut is what pinwheel import --json prints.
type importOut struct {
	From  string          `json:"from"`
	Own   string          `json:"own"` // the text of .gitlab/pinwheel.yaml
	Lines []renovate.Line `json:"lines"`
}

// importing is one call of pinwheel import.
type importing struct {
	*options
	*program
	pins    []string
	presets []string
	project string
	check   bool
	bot     string         // a file of CKI's earlier bot
	runs    string         // the project in which its pipelines run
	client  *gitlab.Client // for presets of the same GitLab; nil without --project
}

func (p *program) importCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import [FILE]", GroupID: groupCheck,
		Short: "turn a Renovate configuration into pinwheel's",
		Long: `Reads a Renovate configuration and prints the project's own file for pinwheel,
.gitlab/pinwheel.yaml, and on standard error what becomes of each key and rule:
kept, kept with a difference, without effect for pins of Python packages, or
refused with what to do. No key is passed over.

Without FILE it reads what Renovate would read here: renovate.json, .gitlab/
renovate.json5 and so on. With --project it reads that of a project on GitLab
together with the presets that stand on the same GitLab. Presets that stand
elsewhere are refused until --preset names a file with their text.

With --bot it reads the YAML of CKI's earlier bot (gitlab_ci_bot) instead, and
prints software.bot for pinwheel.yaml. docs/bot.md tells the way over.`,
		Example: `  pinwheel import >.gitlab/pinwheel.yaml
  pinwheel import --check renovate.json5
  pinwheel import --preset 'github>group/presets=presets.json'
  pinwheel import --project group/project
  pinwheel import --bot bot.yaml --pipelines group/pipelines`,
	}
	i := &importing{program: p, options: shared(c, configFlag, jsonFlag)}
	c.Flags().StringArrayVar(&i.pins, "pins", nil, "the constraints `FILE` by its path in the repository; may be given several times (default constraints.txt)")
	c.Flags().StringArrayVar(&i.presets, "preset", nil, "read a preset that stands elsewhere from a file on disk, as `NAME=FILE`; may be given several times")
	c.Flags().StringVar(&i.project, "project", "", "read the configuration of this `PROJECT` on GitLab")
	c.Flags().BoolVar(&i.check, "check", false, "exit with 1 if anything was refused")
	c.Flags().StringVar(&i.bot, "bot", "", "read the YAML of CKI's earlier bot from this `FILE`")
	c.Flags().StringVar(&i.runs, "pipelines", "", "the `PROJECT` in which the pipelines of that bot run")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if i.bot != "" {
			return i.ofBot(args)
		}
		if i.runs != "" {
			return usage("--pipelines goes with --bot")
		}
		if len(args) > 1 || len(args) == 1 && i.project != "" {
			return usage("import reads one configuration: name a file, or a project with --project")
		}
		from, data, err := i.source(cmd.Context(), args)
		if err != nil {
			return err
		}
		return i.print(cmd.Context(), from, data)
	}
	return c
}

// source is the text of the configuration and where it stands.
func (i *importing) source(ctx context.Context, args []string) (from string, data []byte, err error) {
	switch {
	case i.project != "":
		return i.remote(ctx)
	case len(args) == 1:
		data, err = readFile(args[0])
		return args[0], data, err
	}
	from, data, found, err := renovate.File(func(name string) ([]byte, bool, error) {
		data, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, false, failure{exitUsage, fmt.Errorf("%s cannot be read: %w", name, plainly(err))}
		}
		return data, err == nil, nil
	})
	if found || err != nil {
		return from, data, err
	}
	return "", nil, usage("there is no configuration of Renovate here: name its file, or a project with --project")
}

// remote reads the configuration of a project on GitLab.
func (i *importing) remote(ctx context.Context) (from string, data []byte, err error) {
	c, err := load(i.config)
	if err != nil {
		return "", nil, err
	}
	if i.client, err = i.connect(c); err != nil {
		return "", nil, err
	}
	project, err := i.client.Project(ctx, i.project, 0)
	if err != nil {
		return "", nil, err
	}
	head, err := i.client.Head(ctx, project.ID, project.DefaultBranch)
	if err != nil {
		return "", nil, err
	}
	from, data, found, err := renovate.File(func(name string) ([]byte, bool, error) {
		return i.client.File(ctx, project.ID, name, head.SHA)
	})
	if found || err != nil {
		return from, data, err
	}
	return "", nil, failure{exitFailed, fmt.Errorf("%s has no configuration of Renovate on %s", i.project, project.DefaultBranch)}
}

func (i *importing) connect(c *config.Config) (*gitlab.Client, error) {
	o, err := i.connection(c)
	if err != nil {
		return nil, err
	}
	client, err := gitlab.Connect(o)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return client, nil
}

// preset is the text of a preset that stands elsewhere: from a file that was handed
// in, or from the same GitLab.
func (i *importing) preset(ctx context.Context, name string) ([]byte, bool) {
	for _, one := range i.presets {
		// The name may hold a =, a file is named by what is behind the last.
		if at := strings.LastIndexByte(one, '='); one[:at] == name {
			data, err := os.ReadFile(one[at+1:])
			return data, err == nil
		}
	}
	path, ref, files, ok := renovate.PresetFiles(name)
	if !ok || i.client == nil {
		return nil, false
	}
	project, err := i.client.Project(ctx, path, 0)
	if err != nil {
		return nil, false
	}
	if ref == "" {
		head, err := i.client.Head(ctx, project.ID, project.DefaultBranch)
		if err != nil {
			return nil, false
		}
		ref = head.SHA
	}
	for _, file := range files {
		if data, found, err := i.client.File(ctx, project.ID, file, ref); err == nil && found {
			return data, true
		}
	}
	return nil, false
}

func (i *importing) print(ctx context.Context, from string, data []byte) error {
	for _, one := range i.presets {
		at := strings.LastIndexByte(one, '=')
		if at < 1 {
			return usage("--preset %s: write NAME=FILE, such as 'local>group/presets=presets.json'", one)
		}
		if _, err := readFile(one[at+1:]); err != nil {
			return err
		}
	}
	res, err := renovate.Read(from, data, renovate.Options{Files: i.pins, Project: i.project, Preset: func(name string) ([]byte, bool) { return i.preset(ctx, name) }})
	if err != nil {
		return failure{exitUsage, fmt.Errorf("%w: correct it, and call pinwheel import again", err)}
	}
	return i.result(from, res)
}

// ofBot reads the file of CKI's earlier bot.
func (i *importing) ofBot(args []string) error {
	if len(args) > 0 || i.project != "" || len(i.presets)+len(i.pins) > 0 {
		return usage("import --bot reads one file, with --pipelines, --check and --json alone")
	}
	data, err := readFile(i.bot)
	if err != nil {
		return err
	}
	res, err := cibot.Read(i.bot, data, cibot.Options{Pipelines: i.runs})
	if err != nil {
		return failure{exitUsage, fmt.Errorf("%w: correct it, and call pinwheel import again", err)}
	}
	return i.result(i.bot, res)
}

// result prints what was read.
func (i *importing) result(from string, res renovate.Result) error {
	var err error
	if i.json {
		err = i.line(importOut{from, string(res.Own), res.Lines})
	} else {
		err = i.table(res)
	}
	if err == nil && i.check && res.Refused() {
		return failure{code: exitFailed}
	}
	return err
}

// table prints the lines, those of refused keys last, where a person looks, and the
// project's own file.
func (i *importing) table(res renovate.Result) error {
	w := tabwriter.NewWriter(i.err, 0, 0, 2, ' ', 0)
	refused := 0
	for _, wanted := range []bool{false, true} {
		for _, l := range res.Lines {
			if (l.Verdict == renovate.Refused) != wanted {
				continue
			}
			at := l.File
			if l.Line > 0 {
				at = fmt.Sprintf("%s:%d", l.File, l.Line)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", at, l.Key, l.Verdict, l.Says)
			if wanted {
				refused++
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if refused > 0 {
		fmt.Fprintf(i.err, "\n%s refused: what the last lines say is not in the file below.\n\n", count(refused, "key"))
	}
	_, err := i.out.Write(res.Own)
	return err
}
