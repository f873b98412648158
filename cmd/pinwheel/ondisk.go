package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file finds what a file on disk is judged with.

// local is a file on disk and what it is judged with.
type local struct {
	file   plan.File
	policy plan.Policy
	runner *reconcile.Runner
	close  func()
}

// local reads a file on disk, with the policy of what counts for it, and opens a store
// that is thrown away.
func (p *program) local(ctx context.Context, l *looking, names []string) (local, error) {
	data, err := readFile(l.file)
	if err != nil {
		return local{}, err
	}
	s, err := p.countsFor(l, names)
	if err != nil {
		return local{}, err
	}
	file, err := localFile(l, &s, data)
	if err != nil {
		return local{}, err
	}
	l.addRoots(&s.policy)
	dir, err := os.MkdirTemp("", "pinwheel-")
	if err != nil {
		return local{}, fmt.Errorf("make a folder for the facts of the index: %w", err)
	}
	remove := func() { os.RemoveAll(dir) }
	runner, closing, err := s.program.runner(ctx, s.config, wiring{place: store.Place{Path: filepath.Join(dir, "pinwheel.db")}, log: p.log(slog.LevelWarn)})
	if err != nil {
		remove()
		return local{}, err
	}
	return local{file, s.policy, runner, func() { closing(); remove() }}, nil
}

// settings are what counts for a file on disk.
type settings struct {
	config  *config.Config
	program *program // knows the passwords of the indexes
	policy  plan.Policy
	root    string // the folder that the paths of the policy's files begin in; "" for none
}

// countsFor reads what --config names, what stands in for it, or what lies beside the file.
func (p *program) countsFor(l *looking, names []string) (settings, error) {
	found, own := besides(l.file)
	switch {
	case l.given() && l.flags.given():
		return settings{}, usage("--index, --python and --platform stand in for a configuration: leave them out beside --config, and set them there")
	case l.given():
		c, err := load(l.config)
		if err != nil {
			return settings{}, err
		}
		return chosen(settings{config: c, program: p, root: filepath.Dir(l.config)}, l.file, names)
	case l.flags.given() || found == "":
		if len(names) > 0 {
			return settings{}, usage("a project needs a configuration: add --config, or leave %s out", names[0])
		}
		if found != "" {
			fmt.Fprintf(p.err, "pinwheel: %s is not read, since flags stand in for a configuration\n", printable(found))
		}
		c, q, err := p.withoutConfig(l.flags)
		if err != nil {
			return settings{}, err
		}
		return settings{config: c, program: q, policy: c.Projects[0].Policy}, nil
	}
	fmt.Fprintf(p.err, "pinwheel: the settings are those of %s\n", printable(found))
	if own {
		return p.ownBeside(found, names)
	}
	return p.configBeside(l.file, found, names)
}

// besides finds the configuration that lies beside a file, or the project's own file in
// the folder of the file or above it in the same checkout. It is "" where there is none.
func besides(file string) (path string, own bool) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", false
	}
	is := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	if path := filepath.Join(filepath.Dir(file), defaultConfig); is(path) {
		return path, false
	}
	if path := filepath.Join(filepath.Dir(file), config.OwnFile); is(path) {
		return path, true
	}
	top := checkout(dir)
	if top == "" {
		return "", false
	}
	for dir != top {
		dir = filepath.Dir(dir)
		if path := filepath.Join(dir, config.OwnFile); is(path) {
			return path, true
		}
	}
	return "", false
}

// ownBeside are the settings of a project's own file, on what counts without any.
func (p *program) ownBeside(path string, names []string) (settings, error) {
	if len(names) > 0 {
		return settings{}, usage("%s is that of one project: leave %s out, or add --config", path, names[0])
	}
	c, q, err := p.withoutConfig(fileFlags{})
	if err != nil {
		return settings{}, err
	}
	data, err := readFile(path)
	if err != nil {
		return settings{}, err
	}
	project, _, err := c.Projects[0].OwnAt(path, data)
	if err != nil {
		return settings{}, err
	}
	return settings{config: c, program: q, policy: project.Policy, root: filepath.Dir(filepath.Dir(path))}, nil
}

// configBeside are the settings of a configuration that nobody named: it may have come
// with the files of strangers. So it gets no password, and no audit is written for it.
func (p *program) configBeside(file, path string, names []string) (settings, error) {
	c, err := config.Load(path)
	if err != nil {
		return settings{}, err
	}
	for _, i := range c.Indexes {
		if i.Username != "" || i.PasswordFile != "" {
			return settings{}, usage("%s needs a password, which only a configuration that you name gets: add --config %s", plan.SpokenIndex(i.Name), path)
		}
	}
	quiet := *p
	quiet.env = func(string) string { return "" }
	c.AuditFile = ""
	s, err := chosen(settings{config: c, program: &quiet, root: filepath.Dir(path)}, file, names)
	if err != nil || len(s.policy.Indexes) == 0 || s.policy.Indexes[0].Source.File != "" {
		return s, err
	}
	// It names no index, so that of pip counts.
	other, q, err := p.withoutConfig(fileFlags{})
	if err != nil {
		return s, err
	}
	c.Indexes, s.policy.Indexes, s.program = other.Indexes, other.Defaults.Indexes, q
	return s, nil
}

// chosen are the settings of the named project, of the only one, of the only one that has
// the file, or else the defaults.
func chosen(s settings, file string, names []string) (settings, error) {
	s.policy = s.config.Defaults
	if len(names) > 0 || len(s.config.Projects) == 1 {
		projects, err := choose(s.config, names)
		if err != nil {
			return s, err
		}
		s.policy = projects[0].Policy
		return s, nil
	}
	var have []config.Project
	for _, project := range s.config.Projects {
		if s.entry(project.Policy, file) >= 0 {
			have = append(have, project)
		}
	}
	if len(have) == 1 {
		s.policy = have[0].Policy
	}
	return s, nil
}

// entry is the index of the file in a policy, -1 if it is none of its files.
func (s settings) entry(policy plan.Policy, file string) int {
	if s.root == "" {
		return -1
	}
	return slices.IndexFunc(policy.Files, func(f plan.FilePolicy) bool { return same(filepath.Join(s.root, f.Path), file) })
}

// same reports whether two paths lead to one file.
func same(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	if errX != nil || errY != nil {
		return false
	}
	if x == y {
		return true
	}
	one, errX := os.Stat(x)
	two, errY := os.Stat(y)
	return errX == nil && errY == nil && os.SameFile(one, two)
}

// inRepository is the path of a file on disk as rules name it: from the top of its checkout, or
// else from root, the folder of the configuration. It is "" if the file is in neither.
func inRepository(file, root string) string {
	at, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	top := checkout(filepath.Dir(at))
	if top == "" && root != "" {
		top, err = filepath.Abs(root)
	}
	if err != nil || top == "" {
		return ""
	}
	rel, err := filepath.Rel(top, at)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// checkout is the top of the checkout that a folder is in, "" if it is in none.
func checkout(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

// localFile is the file with its twin, which it reads, and makes the policy name them.
func localFile(l *looking, s *settings, data []byte) (file plan.File, err error) {
	derived := &plan.Derived{Format: "block", Key: []string{"variables", "PYTHON_CONSTRAINTS"}}
	if i := slices.IndexFunc(s.policy.Files, func(f plan.FilePolicy) bool { return f.Derived != nil }); i >= 0 {
		copied := *s.policy.Files[i].Derived
		derived = &copied
	}
	one := plan.FilePolicy{Path: l.file, InRules: inRepository(l.file, s.root)}
	path := l.derived
	if i := s.entry(s.policy, l.file); i >= 0 {
		entry := s.policy.Files[i]
		one.Use, one.InRules = entry.Use, entry.Path
		if entry.Derived != nil {
			copied := *entry.Derived
			derived = &copied
			if path == "" {
				path = filepath.Join(s.root, derived.Path)
			}
		}
	}
	file = plan.File{Path: l.file, Use: one.Use, Data: data}
	if path != "" {
		derived.Path = path
		one.Derived = derived
		if file.Derived, err = localTwin(path); err != nil {
			return plan.File{}, err
		}
	}
	s.policy.Files = []plan.FilePolicy{one}
	return file, nil
}

// localTwin reads a derived file, which may be absent.
func localTwin(path string) (*plan.DerivedFile, error) {
	data, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &plan.DerivedFile{Path: path, Absent: true}, nil
	case err != nil:
		return nil, err
	}
	return &plan.DerivedFile{Path: path, Data: data}, nil
}
