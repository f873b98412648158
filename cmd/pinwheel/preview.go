package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// helpOfFile is what plan, explain and verify say of --file.
const helpOfFile = `With --file there is no GitLab, and no configuration is read unless --config
names one. Then its indexes count, and the settings of PROJECT or of its only
project. Without one --index, --python and --platform say what counts, and the
index is else that of PIP_INDEX_URL or pip.conf.`

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
	runner, closing, err := p.runner(ctx, c, wiring{path: c.Store, gitlab: true, log: p.log(slog.LevelWarn)})
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
		code = max(code, exitFailed)
		if problem.Stopping {
			code = exitStopped
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

// local is a file on disk and what it is judged with.
type local struct {
	file   plan.File
	policy plan.Policy
	runner *reconcile.Runner
	close  func()
}

// local reads a file on disk, with the policy of the configuration that was given,
// and opens a store that is thrown away.
func (p *program) local(ctx context.Context, l *looking, names []string) (local, error) {
	var c *config.Config
	var err error
	switch {
	case !l.given():
		c, p, err = p.withoutConfig(l.flags)
	case l.flags.given():
		err = usage("--index, --python and --platform stand in for a configuration: leave them out beside --config, and set them there")
	default:
		c, err = load(l.config)
	}
	if err != nil {
		return local{}, err
	}
	policy := c.Defaults
	if len(names) > 0 && !l.given() {
		return local{}, usage("a project needs a configuration: add --config, or leave %s out", names[0])
	}
	if len(names) > 0 || len(c.Projects) == 1 {
		projects, err := choose(c, names)
		if err != nil {
			return local{}, err
		}
		policy = projects[0].Policy
	}
	file, err := localFile(l, &policy)
	if err != nil {
		return local{}, err
	}
	l.addRoots(&policy)
	dir, err := os.MkdirTemp("", "pinwheel-")
	if err != nil {
		return local{}, fmt.Errorf("make a folder for the facts of the index: %w", err)
	}
	remove := func() { os.RemoveAll(dir) }
	runner, closing, err := p.runner(ctx, c, wiring{path: filepath.Join(dir, "pinwheel.db"), log: p.log(slog.LevelWarn)})
	if err != nil {
		remove()
		return local{}, err
	}
	return local{file, policy, runner, func() { closing(); remove() }}, nil
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

// localFile reads the file and its twin, and makes the policy name them.
func localFile(l *looking, policy *plan.Policy) (plan.File, error) {
	derived := &plan.Derived{Format: "block", Key: []string{"variables", "PYTHON_CONSTRAINTS"}}
	if i := slices.IndexFunc(policy.Files, func(f plan.FilePolicy) bool { return f.Derived != nil }); i >= 0 {
		copied := *policy.Files[i].Derived
		derived = &copied
	}
	data, err := readFile(l.file)
	if err != nil {
		return plan.File{}, err
	}
	file := plan.File{Path: l.file, Data: data}
	if l.derived == "" {
		policy.Files = []plan.FilePolicy{{Path: l.file}}
		return file, nil
	}
	derived.Path = l.derived
	policy.Files = []plan.FilePolicy{{Path: l.file, Derived: derived}}
	file.Derived = &plan.DerivedFile{Path: l.derived}
	file.Derived.Data, err = readFile(l.derived)
	if errors.Is(err, fs.ErrNotExist) {
		file.Derived.Absent = true
		return file, nil
	}
	if err != nil {
		return plan.File{}, err
	}
	return file, nil
}
