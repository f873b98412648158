package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// adoptOut is one thing of another bot's, as pinwheel adopt --json prints it.
type adoptOut struct {
	Project string `json:"project"`
	What    string `json:"what"` // dashboard, merge request, closed, tick
	Number  int64  `json:"number,omitempty"`
	Branch  string `json:"branch,omitempty"`
	Taken   bool   `json:"taken"` // becomes pinwheel's; of a tick: is carried out; of a closed one: counts
	Says    string `json:"says"`
}

func (p *program) adoptCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "adopt [PROJECT...]", GroupID: groupCheck,
		Short: "take over the dashboard and merge requests of Renovate",
		Long: `Says of the dashboard, the open merge requests and the closed ones of another
bot what becomes of each, and which ticked boxes are carried out. adopt.authors
in the configuration names the bot; without it the command says what to write.
Nothing is written to GitLab, unless --yes is given: then it makes the next run
now. Every run takes over what there is by then, so that a later call lists
only what stays as it is. Stop the other bot first, or tell it to leave the
file alone.`,
		Example: `  pinwheel adopt group/project
  pinwheel adopt --yes group/project`,
	}
	o := shared(c, configFlag, atFlag, jsonFlag)
	yes := c.Flags().Bool("yes", false, "take over now")
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if *yes {
			if _, err := p.adoption(o, args); err != nil {
				return err
			}
			return p.runOnce(ctx, o, args)
		}
		return p.adopt(ctx, o, args)
	}
	return c
}

// adoption is what is looked at: projects that name another bot.
func (p *program) adoption(o *options, names []string) (subject, error) {
	s, err := p.subject(o, names)
	if err != nil {
		return s, err
	}
	var taking []config.Project
	for _, project := range s.projects {
		if project.Policy.Adopt.On() || len(names) > 0 {
			taking = append(taking, project)
		}
	}
	if len(taking) == 0 {
		taking = s.projects
	}
	s.projects = taking
	return s, nil
}

func (p *program) adopt(ctx context.Context, o *options, names []string) error {
	return p.beside(ctx, o, names, func(one seen) error {
		return p.printAdoption(adopted(one.path, one.Preview), o.json)
	})
}

// beside looks at projects that another bot works on or worked on, and prints of each. One
// whose configuration names no such bot gets the line to write.
func (p *program) beside(ctx context.Context, o *options, names []string, show func(seen) error) error {
	s, err := p.adoption(o, names)
	if err != nil {
		return err
	}
	runner, closing, err := p.runner(ctx, s.config, wiring{place: p.place(s.config), gitlab: true, log: p.log(slog.LevelWarn)})
	if err != nil {
		return err
	}
	defer closing()
	worst := exitDone
	for _, project := range s.projects {
		preview, err := runner.Preview(ctx, project, s.now)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			code, _ := verdict(err)
			fmt.Fprintf(p.err, "pinwheel: %s: %s\n", project.Path, sentence(err))
			worst = max(worst, code)
			continue
		}
		if !preview.Snapshot.Policy.Adopt.On() {
			worst = max(worst, p.suggest(ctx, runner.GitLab, preview))
			continue
		}
		one := seen{preview, project.Path}
		worst = max(worst, p.problems(one))
		if err := show(one); err != nil {
			return err
		}
	}
	if worst != exitDone {
		return failure{code: worst}
	}
	return nil
}

// suggest says what a configuration has to name, where it names no other bot.
func (p *program) suggest(ctx context.Context, client *gitlab.Client, preview reconcile.Preview) int {
	project := preview.Snapshot.Project
	open, err := mrs.New(client, mrs.Options{BranchPrefix: plan.OtherPrefix}).OpenMergeRequests(ctx, project.ID)
	if err != nil {
		code, _ := verdict(err)
		fmt.Fprintf(p.err, "pinwheel: %s: %s\n", project.Path, sentence(err))
		return code
	}
	var authors []string
	for _, m := range open {
		if m.Note.Other && strings.HasPrefix(m.Branch, plan.OtherPrefix) && !slices.Contains(authors, m.Author.Username) {
			authors = append(authors, m.Author.Username)
		}
	}
	if len(authors) == 0 {
		fmt.Fprintf(p.err, "pinwheel: %s: no open merge request under renovate/ is another bot's: if there is one, write its user into the configuration, such as adopt: {authors: [renovate-bot]}\n", project.Path)
		return exitUsage
	}
	fmt.Fprintf(p.err, "pinwheel: %s: the configuration names no other bot: add adopt: {authors: [%s]} to the project\n", project.Path, printable(strings.Join(authors, ", ")))
	return exitUsage
}

// adopted lists what becomes of everything that another bot left.
func adopted(path string, preview reconcile.Preview) []adoptOut {
	snap, p := preview.Snapshot, preview.Plan
	var out []adoptOut
	if b := preview.Dashboard; b.IID != 0 && snap.Policy.Adopt.Is(b.Author) && !dashboard.Parse(b.Description).Marker.Present {
		out = append(out, adoptOut{path, "dashboard", b.IID, "", true, fmt.Sprintf("%q of %s becomes pinwheel's", b.Title, b.Author.Username)})
	}
	branches := map[string]plan.Branch{}
	for _, b := range snap.Branches {
		branches[b.Name] = b
	}
	for _, m := range snap.MergeRequests {
		b, there := branches[m.Branch]
		trailers, ours := b.Ours(plan.UsOf(snap.Bot, snap.Former))
		o := adoptOut{Project: path, What: "merge request", Number: m.IID, Branch: m.Branch}
		switch {
		case m.State == plan.Closed && snap.Policy.Adopt.Is(m.Author) && !m.Note.Present && !snap.Policy.Adopt.Is(m.ClosedBy):
			o.What, o.Taken = "closed", true
			o.Says = fmt.Sprintf("a no to %q, by %s on %s", m.Title, cmp.Or(m.ClosedBy.Username, "somebody"), m.ClosedAt.Format("2006-01-02"))
		case m.State != plan.Opened || !there:
			continue
		case ours && trailers.Adopted && m.Note.Present:
			continue // its text is pinwheel's by now
		case ours && trailers.Adopted:
			o.Taken, o.Says = true, "is taken over with "+stepsOf(trailers.Moves)
		case b.Left.Why == plan.LeftOthers:
			o.Says = "is about other files, and stays the other bot's"
		case b.Left.Why != "":
			o.Says = "stays as it is: " + plan.Markdown(plan.LeftAlone(b.Left))
			if b.Left.Why == plan.LeftCommits {
				o.Says = "stays as it is: it holds a commit of " + b.Left.What
			}
		default:
			continue
		}
		out = append(out, o)
	}
	for _, q := range p.Requests {
		o := adoptOut{Project: path, What: "tick", Branch: q.Tick.Branch, Taken: q.Verdict == plan.Accepted}
		o.Says = fmt.Sprintf("%s by %s: %s", cmp.Or(q.Title, q.Tick.Text), cmp.Or(q.Tick.By.Username, "nobody known"), q.Verdict)
		if q.Reason != "" {
			o.Says += ", " + q.Reason
		}
		out = append(out, o)
	}
	return out
}

// stepsOf are moves in words.
func stepsOf(moves []plan.Move) string {
	var out []string
	for _, m := range moves {
		out = append(out, m.Key+" "+m.From+" -> "+m.To)
	}
	return strings.Join(out, ", ")
}

// printAdoption prints the list, and whether something of it is still to be done.
func (p *program) printAdoption(all []adoptOut, asJSON bool) error {
	if asJSON {
		for _, o := range all {
			if err := p.line(o); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, o := range all {
		number := ""
		if o.Number > 0 {
			number = fmt.Sprint(o.Number)
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", o.Project, o.What, number, o.Branch, printable(o.Says))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(p.out, "There is nothing to take over.")
		return err
	}
	last := "Nothing is left to take over."
	if slices.ContainsFunc(all, func(o adoptOut) bool { return o.Taken && o.What != "closed" }) {
		last = "Nothing was written: pinwheel adopt --yes does it now, and so does the next run."
	}
	_, err := fmt.Fprintln(p.out, last)
	return err
}
