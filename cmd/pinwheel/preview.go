package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// helpOfFile is what plan, explain and verify say of --file.
const helpOfFile = `With --file there is no GitLab. What --config names counts, else the flags
--index, --python and --platform, else a pinwheel.yaml beside the file or a
.gitlab/pinwheel.yaml of its checkout: their indexes, and the settings of
PROJECT, of the only project, or of the one that has the file. An index with a
password has to be in the file that --config names. If nothing names an index,
it is that of PIP_INDEX_URL or pip.conf, else PyPI.`

// looking is what plan, explain and verify share: projects on GitLab, or one file
// on disk.
type looking struct {
	*options
	derived string
	flags   fileFlags
	given   func() bool // --config was given
	call    string      // the command, and what stands before the projects
	verify  bool        // judge the pins as they are, and no update
	roots   []plan.RootPolicy
}

func lookFlags(c *cobra.Command, more ...string) *looking {
	l := &looking{
		options: shared(c, append(more, configFlag, atFlag, fileFlag)...),
		given:   func() bool { return c.Flags().Changed(configFlag) },
		call:    c.Name(),
	}
	l.fileFlags(c)
	c.ValidArgsFunction = completeProjects(l.options)
	return l
}

// fileFlags declares the flags that go with --file.
func (l *looking) fileFlags(c *cobra.Command) {
	c.Flags().StringVar(&l.derived, "derived", "", "with --file: the YAML `FILE` generated from it")
	c.Flags().StringVar(&l.flags.index, "index", "", "with --file: the `ADDRESS` of the package index (default that of pip, else PyPI)")
	c.Flags().StringSliceVar(&l.flags.pythons, "python", nil, "with --file: the Pythons that the pins have to work on, such as 3.9,3.12")
	c.Flags().StringSliceVar(&l.flags.platforms, "platform", nil, "with --file: the machines, such as linux/x86_64 (the default)")
}

// seen is one project as it was looked at.
type seen struct {
	reconcile.Preview
	path string
}

// look reads the named projects, all if none is named, and writes nothing but
// what the index said, to the store. A project that could not be read is said
// on stderr, and the others are returned with the exit code that it makes.
func (p *program) look(ctx context.Context, l *looking, names []string) ([]seen, int, error) {
	now, err := p.instant(l.at)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case l.file != "":
	case l.derived != "":
		return nil, 0, usage("--derived needs --file: in a project the configuration names both")
	case l.flags.given():
		return nil, 0, usage("--index, --python and --platform need --file: of a project the configuration says these")
	}
	if l.file != "" {
		one, err := p.lookAtFile(ctx, l, names, now)
		if err != nil {
			return nil, 0, err
		}
		return []seen{one}, p.problems(one), nil
	}
	c, projects, err := l.projects(names)
	if err != nil {
		return nil, 0, err
	}
	runner, closing, err := p.runner(ctx, c, wiring{place: p.place(c), gitlab: true, log: p.log(slog.LevelWarn)})
	if err != nil {
		return nil, 0, err
	}
	defer closing()
	var out []seen
	worst := exitDone
	for _, project := range projects {
		l.addRoots(&project.Policy)
		look := runner.Preview
		if l.verify {
			look = runner.Verify
		}
		preview, err := look(ctx, project, now)
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if err != nil {
			code, _ := verdict(err)
			fmt.Fprintf(p.err, "pinwheel: %s: %s\n", project.Path, sentence(err))
			worst = max(worst, code)
			continue
		}
		one := seen{preview, project.Path}
		worst = max(worst, p.problems(one))
		out = append(out, one)
	}
	return out, worst, nil
}

// projects are the named ones with their configuration. Where they are none, and a
// name is that of a file on disk, the file was meant.
func (l *looking) projects(names []string) (*config.Config, []config.Project, error) {
	c, err := load(l.config)
	var projects []config.Project
	if err == nil {
		projects, err = choose(c, names)
	}
	if err == nil {
		return c, projects, nil
	}
	for _, name := range names {
		if info, absent := os.Stat(name); absent == nil && info.Mode().IsRegular() {
			return nil, nil, usage("%s is a file: did you mean pinwheel %s --file %s?", name, l.call, name)
		}
	}
	return nil, nil, err
}

// problems prints what is wrong with a project and returns the exit code that
// a run of it would have.
func (p *program) problems(s seen) int {
	code := exitDone
	for _, problem := range s.Plan.Problems {
		fmt.Fprintf(p.err, "pinwheel: %s\n", printable(problemOf(s.path, problem)))
		switch {
		case problem.Stopping:
			code = exitStopped
		case !problem.Lasting:
			code = max(code, exitFailed)
		}
	}
	return code
}

// problemOf is a problem with the project that it is of. A file on disk that has
// one is named once.
func problemOf(path string, q plan.Problem) string {
	if line := q.InOneLine(); q.File == path {
		return line
	}
	return path + ": " + q.InOneLine()
}

// lookAtFile decides for one file on disk, in a store that is thrown away.
func (p *program) lookAtFile(ctx context.Context, l *looking, names []string, now time.Time) (seen, error) {
	at, err := p.local(ctx, l, names)
	if err != nil {
		return seen{}, err
	}
	defer at.close()
	look := at.runner.Local
	if l.verify {
		look = at.runner.VerifyLocal
	}
	preview, err := look(ctx, config.Project{Path: l.file, Policy: at.policy}, []plan.File{at.file}, now)
	return seen{preview, l.file}, err
}

// addRoots lets the roots of the command line take the place of the policy's.
func (l *looking) addRoots(policy *plan.Policy) {
	if len(l.roots) > 0 {
		policy.Roots, policy.Sources = l.roots, maps.Clone(policy.Sources)
		if policy.Sources == nil {
			policy.Sources = map[string]plan.Source{}
		}
		policy.Sources["roots"] = plan.Source{Layer: plan.LayerCommandLine}
	}
}
