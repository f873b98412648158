package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

func (p *program) verifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "verify [PROJECT...]", GroupID: groupLook,
		Short: "check whether the pins can be installed together",
		Long: `Judges the pins as they are, by what each release says it requires, and prints
one sentence for each finding: pins that cannot be installed together, releases
that do not admit a configured Python, have no file for it or were yanked, and
names that are required and have no pin. It opens and changes nothing.

The exit code is 1 when there are conflicts, and when a pin is not on its
index, was taken back or could not be checked; else it is 0.

` + helpOfFile,
		Example: `  pinwheel verify --file constraints.txt --roots 'acme[cli]' --roots requests`,
	}
	l := lookFlags(c, jsonFlag)
	l.verify = true
	c.Flags().Func("roots", "count `REQUIREMENT` as installed; may be given again, and replaces the roots of the configuration", func(s string) error {
		if _, err := pep508.Parse(s); err != nil {
			reason, next := pep508.Fault(s)
			return fmt.Errorf("%s: %s", reason, next)
		}
		l.roots = append(l.roots, plan.RootPolicy{Requirement: s})
		return nil
	})
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		all, code, err := p.look(ctx, l, args)
		if err != nil {
			return err
		}
		for _, s := range all {
			if l.json {
				if err := p.line(verifiedOf(s)); err != nil {
					return err
				}
			} else {
				p.verification(s)
			}
			if s.Verification.Failed() {
				code = max(code, exitFailed)
			}
		}
		if code != exitDone {
			return failure{code: code}
		}
		return nil
	}
	return c
}

// verification prints the findings of one project, conflicts first, and a
// line that sums them up.
func (p *program) verification(s seen) {
	v := s.Verification
	if s.Plan.Stopped() {
		fmt.Fprintf(p.out, "%s: stopped, so its pins were not judged\n", printable(s.path))
		return
	}
	if why := s.unread(); why != "" {
		if s.Snapshot.Local {
			why += "; " + plan.NextOfLocal
		}
		fmt.Fprintf(p.out, "%s: %s\n", printable(s.path), printable(notRead(v.Pins, "checked", why)))
		return
	}
	for _, conflicts := range []bool{true, false} {
		for _, f := range v.Findings {
			if (f.Kind == plan.FoundConflict) != conflicts {
				continue
			}
			where := f.File
			if f.Line > 0 {
				where = fmt.Sprintf("%s:%d", f.File, f.Line)
			}
			if where == "" {
				where = s.path
			}
			fmt.Fprintf(p.out, "%s: %s: %s\n", printable(where), f.Kind, printable(f.Text))
		}
	}
	checked := "checked pin against pin only; --roots says what is installed"
	if len(s.Snapshot.Roots) > 0 {
		checked = fmt.Sprintf("checked with %d roots", len(s.Snapshot.Roots))
		if len(s.Snapshot.Roots) == 1 {
			checked = "checked with one root"
		}
	}
	fmt.Fprintf(p.out, "%s: %s, %s, %s; %s\n", printable(s.path), number(v.Pins, "pin"),
		number(v.Conflicts(), "conflict"), number(len(v.Findings)-v.Conflicts(), "other finding"), checked)
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
