package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
)

func (p *program) validateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "validate [CONFIG]", GroupID: groupCheck,
		Short: "check the configuration",
		Long: `Reads the configuration and prints everything that is wrong with it, each with
its line and what to do. It asks nobody and reads no secret: pinwheel doctor
checks whether a project exists and the token works.

With --own it reads a file that a project keeps itself, .gitlab/pinwheel.yaml,
for use in its pipeline. With the project's path behind it, it reads the
configuration too and says what the file says against the operator's entry, and
what of that enforce keeps.

With --settings it prints each key of a project with its value and where it is
set.`,
		Example: `  pinwheel validate --own .gitlab/pinwheel.yaml group/project
  pinwheel validate --settings group/project`,
	}
	o := shared(c, configFlag, jsonFlag)
	own := c.Flags().String("own", "", "check this `FILE` as a project's own policy")
	settings := c.Flags().String("settings", "", "print the keys of this `PROJECT` and where each is set; with --own those of its own file, too")
	c.RunE = func(_ *cobra.Command, args []string) error {
		switch {
		case *own != "" && *settings != "" && len(args) == 0:
			return p.settings(o, *settings, *own)
		case *settings != "" && len(args) < 2:
			o.config = cmp.Or(strings.Join(args, ""), o.config)
			return p.settings(o, *settings, "")
		case *own != "" && len(args) < 2:
			return p.validateOwn(*own, o, args)
		case len(args) > 1:
			return usage("validate takes one configuration; %d were given", len(args))
		case len(args) == 1:
			o.config = args[0]
		}
		c, err := load(o.config)
		if err != nil {
			return p.invalid(o, o.config, err)
		}
		if o.json {
			return p.line(validOut{Path: o.config, Valid: true, Projects: len(c.Projects), Indexes: len(c.Indexes)})
		}
		has := []string{count(len(c.Projects), "project"), indexes(len(c.Indexes))}
		if n := len(c.Software.Bot.Projects); n > 0 {
			has = append(has, count(n, "project")+" with the bot")
		}
		fmt.Fprintf(p.out, "%s is valid: %s\n", o.config, strings.Join(has, ", "))
		return nil
	}
	return c
}

// validateOwn checks a project's own file, over its entry in the configuration
// where the project is named, else over an empty one.
func (p *program) validateOwn(path string, o *options, names []string) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	c, err := config.Parse("", []byte("projects: [{path: the/project}]"))
	if len(names) > 0 {
		c, err = load(o.config)
	}
	if err != nil {
		return p.invalid(o, o.config, err)
	}
	projects, err := choose(c, names)
	if err != nil {
		return err
	}
	own, keys, err := projects[0].OwnAt(path, data)
	if err != nil {
		return p.invalid(o, path, err)
	}
	if o.json {
		out := validOut{Path: path, Valid: true, Sets: keys}
		for _, v := range own.Overrides {
			out.Overrides = append(out.Overrides, overrideOut{v.Line, v.Key, v.Text, v.Kept})
		}
		return p.line(out)
	}
	fmt.Fprintf(p.out, "%s is valid: it sets %s\n", path, cmp.Or(strings.Join(keys, ", "), "nothing"))
	for _, v := range own.Overrides {
		fmt.Fprintln(p.out, printable(v.String()))
	}
	return nil
}

// settings prints each key of a project, with its own file where one is given.
func (p *program) settings(o *options, name, own string) error {
	c, err := load(o.config)
	if err != nil {
		return p.invalid(o, o.config, err)
	}
	projects, err := choose(c, []string{name})
	if err != nil {
		return err
	}
	project := projects[0]
	if own != "" {
		data, err := readFile(own)
		if err != nil {
			return err
		}
		if project, _, err = project.OwnAt(own, data); err != nil {
			return p.invalid(o, own, err)
		}
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	for _, s := range project.Settings() {
		if !o.json {
			fmt.Fprintf(w, "%s\t%s\t(%s)\n", s.Key, printable(s.Value), s.Place())
		} else if err := p.line(settingOf(s)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// invalid returns err; with --json it prints what is wrong with the file as well.
func (p *program) invalid(o *options, path string, err error) error {
	if o.json {
		if err := p.line(wrongOf(path, err)); err != nil {
			return err
		}
	}
	return err
}

func indexes(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}
