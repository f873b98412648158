package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

func (p *program) updateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "update [PACKAGE...]", GroupID: groupWork,
		Short: "move the pins of a file on disk, here and now",
		Long: `Moves the pins of a constraints or requirements file on disk to the newest
releases that can be installed together and are old enough, and rewrites the
YAML file that the configuration or --derived names in the same go: both files
change, or neither. With packages it moves these alone, and what has to move
with them. No GitLab is needed, nothing is committed, and windows do not count.

It prints what moved, and of what could not move the reason. The exit code is 0
also where nothing moved.

` + helpOfFile,
		Example: `  pinwheel update --file constraints.txt
  pinwheel update --file constraints.txt --derived constraints.yml boto3 attrs`,
	}
	l := &looking{options: shared(c, fileFlag, configFlag, atFlag), given: func() bool { return c.Flags().Changed(configFlag) }, call: c.Name()}
	l.fileFlags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if l.file == "" {
			return usage("update changes a file on disk: name it with --file constraints.txt")
		}
		now, err := p.instant(l.at)
		if err != nil {
			return err
		}
		return p.update(cmd.Context(), l, args, now)
	}
	return c
}

// update decides with everything that moves in one group, and writes the files of that
// group's branch.
func (p *program) update(ctx context.Context, l *looking, packages []string, now time.Time) error {
	at, err := p.local(ctx, l, nil)
	if err != nil {
		return err
	}
	defer at.close()
	keys := make([]string, len(packages))
	for i, name := range packages {
		keys[i] = pep508.NormalizeName(name)
	}
	s, err := at.decide(ctx, l.file, keys, now)
	if err != nil {
		return err
	}
	if code := p.problems(s); code == exitStopped {
		return failure{code: code}
	}
	for i, key := range keys {
		if !slices.ContainsFunc(s.Plan.Standings, func(pin plan.PinStanding) bool { return pin.Key == key }) {
			return usage("%s pins no %s: look for the name in the file", l.file, packages[i])
		}
	}
	return p.moved(at, s, keys)
}

// group is that of everything that update moves. Reasons name it to a person who
// calls update again later: a release that is too young joins the next update.
const group = "the next update"

// decide makes a plan in which what was asked for is one group. A set has the group of
// the package that names it, which may be another one than was asked for: then that one
// is asked for, too.
func (at *local) decide(ctx context.Context, path string, keys []string, now time.Time) (seen, error) {
	names := slices.Clone(keys)
	for {
		policy, err := asked(at.policy, names)
		if err != nil {
			return seen{}, err
		}
		preview, err := at.runner.Local(ctx, config.Project{Path: path, Policy: policy}, []plan.File{at.file}, now)
		s := seen{preview, path}
		if err != nil {
			return s, err
		}
		more := slices.DeleteFunc(beside(s.Plan, keys), func(key string) bool { return slices.Contains(names, key) })
		if len(more) == 0 {
			return s, nil
		}
		names = append(names, more...)
	}
}

// beside are the pins that move together with what was asked for, outside of the group.
func beside(q plan.Plan, keys []string) (out []string) {
	for _, u := range q.Updates {
		if u.Group == group || len(u.Moves) < 2 || !moves(u, keys) {
			continue
		}
		for _, m := range u.Moves {
			out = append(out, m.Key)
		}
	}
	return out
}

// moves reports whether an update moves one of the pins.
func moves(u plan.Update, keys []string) bool {
	return slices.ContainsFunc(u.Moves, func(m plan.Move) bool { return slices.Contains(keys, m.Key) })
}

// asked is a policy in which the named packages, or all, are one group that nothing
// holds back but what they require, their age, and what a rule forbids.
func asked(policy plan.Policy, names []string) (plan.Policy, error) {
	always := plan.Window{}
	rule := plan.Rule{Group: group, Window: &always, Layer: plan.LayerCommandLine}
	for _, name := range names {
		pattern, err := plan.ParsePackagePattern(name)
		if err != nil {
			return policy, usage("%w", err)
		}
		rule.Packages = append(rule.Packages, pattern)
		rule.Approval = plan.No // they were asked for
	}
	policy.Rules = append(slices.Clone(policy.Rules), rule)
	policy.Window, policy.Batch, policy.MaxOpen, policy.MaxNew, policy.Mode = always, "", 1000, 0, plan.Full
	return policy, nil
}

// moved writes what the group's branch would hold, and says what moved and what did not.
func (p *program) moved(at local, s seen, keys []string) error {
	var moved, stays []plan.Update
	for _, u := range s.Plan.Updates {
		switch {
		case u.Group == group:
			moved = append(moved, u)
		case len(keys) == 0 || moves(u, keys):
			stays = append(stays, u)
		}
	}
	branch := plan.GroupBranch(at.policy.BranchPrefix, group)
	var files []plan.FileChange
	for _, a := range s.Plan.Actions {
		if commit, ok := a.(plan.CommitBranch); ok && commit.Branch == branch {
			files = append(files, commit.Made().Files...)
		}
	}
	if err := replaceFiles(files); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(p.out, "%s written\n", printable(f.Path))
	}
	if len(files) == 0 {
		fmt.Fprintf(p.out, "%s: nothing to move\n", printable(at.file.Path))
	}
	for i := range moved {
		moved[i].State, moved[i].Reason = "moved", ""
	}
	p.table(plan.Plan{Updates: append(moved, stays...)})
	return nil
}
