package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/deploy"
)

// deployedOut is what deploy, rollback and accept print with --json.
type deployedOut struct {
	Project   string     `json:"project,omitempty"`
	SHA       string     `json:"sha,omitempty"`
	Did       string     `json:"did"` // deploy, nothing, overtake, wait
	Kind      string     `json:"kind,omitempty"`
	Why       string     `json:"why,omitempty"`
	Set       int64      `json:"set,omitempty"`
	Moves     []movedOut `json:"moves"`
	Completed int64      `json:"completed,omitempty"` // a set that somebody had begun
}

type movedOut struct {
	Project string `json:"project"`
	From    string `json:"from"`
	To      string `json:"to"`
}

func deployedOf(o deploy.Outcome) deployedOut {
	out := deployedOut{Project: o.Project, SHA: o.SHA, Did: string(o.Do), Kind: string(o.Kind), Why: printable(o.Why), Set: o.Set, Moves: []movedOut{}, Completed: o.Completed}
	for _, m := range o.Moves {
		out.Moves = append(out.Moves, movedOut{m.Project, m.Old, m.New})
	}
	return out
}

func (p *program) deployCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "deploy", GroupID: groupProduction,
		Short: "in a job: move production to the commit that was tested",
		Long: `Moves the branch production of the project whose job this is to the commit of
its pipeline, by one push that names the head it replaces: if somebody else
moves the branch meanwhile, nothing is moved, and who it was is said.

A commit of the default branch is deployed when the other jobs of its pipeline
have passed, and a commit of a merge request only by a job that somebody
started. An older commit is a rollback if somebody started the job, or started
it again on the environment page; it is deployed, and sets a hold. Else a newer
one was deployed meanwhile, and nothing is done.

With software.deploy.build_first the lock of --dir has to be of just these
commits, and its build has to be kept for every image.

Exit code 4: a hold keeps production where it is; see pinwheel help release.
docs/deploy.md is the way through.`,
		Example: `  pinwheel deploy`,
	}
	o := shared(c, configFlag, jsonFlag)
	dir := c.Flags().String(dirFlag, "software", "the lock and the records of its builds are in `FOLDER`")
	c.Args = noArguments
	c.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		ctx := cmd.Context()
		d, err := p.deployment(ctx, o.config, false)
		if err != nil {
			return err
		}
		defer func() { d.closing(err) }()
		order, err := d.Order(ctx, p.job())
		if err != nil {
			return misdeployed(err)
		}
		order.Builds = d.builds(*dir)
		out, err := d.Deploy(ctx, order)
		if err != nil {
			return misdeployed(err)
		}
		return p.sayDeployed(out, o.json)
	}
	return c
}

// noArguments refuses words behind a command of production that takes none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no %q: pinwheel help %s has its flags", c.Name(), args[0], c.Name())
	}
	return nil
}

// sayDeployed prints what came of a command, and is an error where nothing was done
// that was asked for.
func (p *program) sayDeployed(o deploy.Outcome, asJSON bool) error {
	if asJSON {
		if err := p.line(deployedOf(o)); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.out, printable(deployedWords(o)))
		for _, m := range o.Moves {
			fmt.Fprintf(p.out, "  %s: %s -> %s\n", printable(m.Project), orNone(m.Old), orNone(m.New))
		}
	}
	switch o.Do {
	case deploy.Wait:
		return failure{code: exitHeld}
	case deploy.Refuse:
		return failure{code: exitUsage}
	case deploy.Deploy, deploy.Nothing, deploy.Overtake:
	}
	return nil
}

func orNone(sha string) string {
	if sha == "" {
		return "none"
	}
	return sha[:12]
}

func deployedWords(o deploy.Outcome) string {
	what := strings.TrimSpace(o.Project + " " + cmp.Or(o.SHA, "")[:min(12, len(o.SHA))])
	subject := ""
	if what != "" {
		subject = what + ": "
	}
	switch o.Do {
	case deploy.Wait:
		return fmt.Sprintf("%snot deployed, %s; pinwheel release %s ends the hold", subject, o.Why, o.Project)
	case deploy.Deploy:
		return fmt.Sprintf("%sdone (%s), set %d", subject, o.Kind, o.Set)
	case deploy.Refuse:
		return subject + o.Why
	case deploy.Nothing, deploy.Overtake:
	}
	return fmt.Sprintf("%snothing to do: %s", subject, o.Why)
}

func (p *program) rollbackCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "rollback [PROJECT]", GroupID: groupProduction,
		Short: "move production back: one project, or all to an earlier set",
		Long: `Moves the production of one project back: to what it had before, or to the
commit that --to names, which has to be older. With --set all projects go back
to what a set has, all or nothing: all are checked, then what is to happen is
stored on GitLab, then each is moved. If that ends before its end, the same
command completes it. A project that somebody moved meanwhile stops it, with a
list of what is where; --accept keeps that as a set.

What was rolled back is held: nothing newer is deployed before somebody runs
pinwheel release. pinwheel releases --sets lists the sets.`,
		Example: `  pinwheel rollback group/project
  pinwheel rollback group/project --to 1a2b3c4d
  pinwheel rollback --set previous`,
	}
	o := shared(c, configFlag, jsonFlag)
	to := c.Flags().String("to", "", "go back to this `COMMIT`")
	set := c.Flags().String("set", "", "go back to the set with this `NUMBER`, or to the previous one")
	accept := c.Flags().Bool("accept", false, "end a rollback that stopped halfway, and keep what is where")
	c.RunE = func(cmd *cobra.Command, args []string) (err error) {
		ctx := cmd.Context()
		project := strings.Join(args, "")
		asked := 0
		for _, given := range []bool{project != "", *set != "", *accept} {
			if given {
				asked++
			}
		}
		switch {
		case len(args) > 1:
			return usage("rollback takes one project; %d were given", len(args))
		case asked != 1:
			return usage("rollback needs a project, or --set, or --accept: one of the three")
		case *to != "" && project == "":
			return usage("--to is a commit of a project: name the project as well")
		}
		d, err := p.deployment(ctx, o.config, false)
		if err != nil {
			return err
		}
		defer func() { d.closing(err) }()
		by, err := d.Asker(ctx, p.job())
		if err != nil {
			return err
		}
		var out deploy.Outcome
		switch {
		case *accept:
			out, err = d.Accept(ctx, by)
		case *set != "":
			out, err = d.RollbackSet(ctx, *set, by)
		default:
			out, err = d.Rollback(ctx, project, *to, by)
		}
		if err != nil {
			return misdeployed(err)
		}
		return p.sayDeployed(out, o.json)
	}
	return c
}

// heldOut is a hold in JSON.
type heldOut struct {
	Project string     `json:"project"`
	Held    bool       `json:"held"`
	Since   *time.Time `json:"since,omitempty"`
	By      string     `json:"by,omitempty"`
	Until   string     `json:"until,omitempty"`
	Reason  string     `json:"reason,omitempty"`
}

func heldOf(h deploy.Hold, held bool) heldOut {
	out := heldOut{Project: h.Project, Held: held, By: printable(h.By), Until: h.Until, Reason: printable(h.Reason)}
	if !h.Since.IsZero() {
		out.Since = &h.Since
	}
	return out
}

func (p *program) holdCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "hold PROJECT", GroupID: groupProduction,
		Short: "keep the production of a project where it is",
		Long: `Keeps the production of a project where it is until the end of a day, in UTC,
or until pinwheel release. A deploy job ends with exit code 4 meanwhile. A
rollback passes a hold.`,
		Example: `  pinwheel hold group/project --until 2026-01-31 --reason "lab is down"`,
	}
	o := shared(c, configFlag, jsonFlag)
	until := c.Flags().String("until", "", "hold it up to this `DAY`, 2026-01-31; without it until it is released")
	reason := c.Flags().String("reason", "", "say why, in a `TEXT`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("hold takes one project; %d were given", len(args))
		}
		return p.holding(cmd.Context(), o, func(ctx context.Context, d *deployment, by deploy.Person) error {
			h, err := d.Hold(ctx, deploy.Hold{Project: args[0], By: by.Name, Until: *until, Reason: *reason})
			if err != nil {
				return err
			}
			if o.json {
				return p.line(heldOf(h, true))
			}
			end := "until it is released"
			if h.Until != "" {
				end = "until the end of " + h.Until
			}
			fmt.Fprintf(p.out, "%s: held %s\n", printable(h.Project), end)
			return nil
		})
	}
	return c
}

func (p *program) releaseCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "release PROJECT", GroupID: groupProduction,
		Short: "end the hold of a project's production",
		Long: `Ends the hold of a project, which pinwheel hold or a rollback set. Nothing is
deployed by that: the next deploy job does it, or one that is run again.`,
		Example: `  pinwheel release group/project`,
	}
	o := shared(c, configFlag, jsonFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("release takes one project; %d were given", len(args))
		}
		return p.holding(cmd.Context(), o, func(ctx context.Context, d *deployment, _ deploy.Person) error {
			was, there, err := d.Release(ctx, args[0])
			if err != nil {
				return err
			}
			if o.json {
				was.Project = cmp.Or(was.Project, args[0])
				return p.line(heldOf(was, false))
			}
			if !there {
				fmt.Fprintf(p.out, "%s: there was no hold\n", printable(args[0]))
				return nil
			}
			fmt.Fprintf(p.out, "%s: released; it was held since %s: %s\n", printable(was.Project), was.Since.UTC().Format(time.RFC3339), printable(was.Reason))
			return nil
		})
	}
	return c
}

// holding does what hold and release share.
func (p *program) holding(ctx context.Context, o *options, do func(context.Context, *deployment, deploy.Person) error) (err error) {
	d, err := p.deployment(ctx, o.config, false)
	if err != nil {
		return err
	}
	defer func() { d.closing(err) }()
	by, err := d.Asker(ctx, p.job())
	if err != nil {
		return err
	}
	return misdeployed(do(ctx, d, by))
}
