package main

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// comparedOut is one thing that Renovate and pinwheel would do differently, as plan --compare
// --json prints it.
type comparedOut struct {
	Project string `json:"project"`
	plan.Disagreement
}

// compare prints what the bot of adopt.authors would do differently from the plan. A project
// that names no such bot gets the line to write, as from pinwheel adopt. other says that another
// form was asked for, too.
func (p *program) compare(ctx context.Context, l *looking, args []string, other bool) error {
	if other {
		return usage("--compare excludes --diff, --dashboard and --against")
	}
	if l.file != "" {
		return usage("--compare needs a project on GitLab, where Renovate's dashboard is")
	}
	return p.beside(ctx, l.options, args, func(one seen) error { return p.compared(one, l.json) })
}

// compared prints the comparison of one project.
func (p *program) compared(one seen, asJSON bool) error {
	c, recorded := one.Compare()
	if asJSON {
		for _, d := range c.Disagreements {
			if err := p.line(comparedOut{one.path, d}); err != nil {
				return err
			}
		}
		return nil
	}
	with := "its open merge requests alone, since no dashboard of Renovate's is there any more"
	if recorded {
		with = fmt.Sprintf("its dashboard #%d of %s and its open merge requests", c.Page, c.Written.UTC().Format(time.RFC3339))
	}
	fmt.Fprintf(p.out, "%s: Renovate by %s\n", one.path, with)
	for _, d := range c.Disagreements {
		for _, line := range d.Words() {
			fmt.Fprintln(p.out, printable(line))
		}
	}
	_, err := fmt.Fprintf(p.out, "%s, and %d alike. Nothing was written.\n", count(len(c.Disagreements), "difference"), c.Alike)
	return err
}
