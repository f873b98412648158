package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

func (p *program) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "plan [PROJECT...]", GroupID: groupLook,
		Short: "say what a run would do, and why",
		Long: `Reads what a run reads and prints a line for each update: the package, from
which version to which, its state, and what it waits for; then one for each pin
that is neither current nor behind, with the reason. Nothing is written to
GitLab. What --diff prints into a file or a pipe is a patch for git apply -p0
and patch -p0, as long as one branch would be written; passwords in addresses
are left out. --against prints only what is decided differently from an earlier
plan, which another version or configuration printed with --json. --compare
prints what Renovate, by its dashboard, branches and open merge requests, and
pinwheel would do differently and why; adopt.authors in the configuration names
its user.

` + helpOfFile,
		Example: `  pinwheel plan --file constraints.txt
  pinwheel plan --file constraints.txt --config pinwheel.yaml
  pinwheel plan group/project --at 2026-01-03T09:00:00Z --diff
  pinwheel plan --json >old.json; pinwheel plan --against old.json
  pinwheel plan group/project --compare`,
	}
	l := lookFlags(c, jsonFlag)
	diff := c.Flags().Bool("diff", false, "print what each branch that would be written changes, too")
	page := c.Flags().Bool("dashboard", false, "print the Markdown of the dashboard instead")
	against := c.Flags().String("against", "", "print only what is decided differently from the plan that --json wrote into `FILE`")
	compare := c.Flags().Bool("compare", false, "print what Renovate and pinwheel would do differently, and why")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if *compare {
			return p.compare(ctx, l, args, *diff || *page || *against != "")
		}
		before, err := earlier(*against, *diff || *page)
		if err == nil {
			err = oneForm(*diff, *page, l.json)
		}
		if err != nil {
			return err
		}
		all, code, err := p.look(ctx, l, args)
		if err != nil {
			return err
		}
		if *page && len(all) > 1 {
			return usage("--dashboard prints one page: name one project")
		}
		switch {
		case *against != "":
			err = p.against(all, before, l.json)
		case *page:
			p.pages(all)
		case l.json:
			err = p.planJSON(all)
		default:
			p.planText(all, *diff)
		}
		if err == nil && code != exitDone {
			err = failure{code: code}
		}
		return err
	}
	return c
}

// oneForm reports that more than one form was asked for.
func oneForm(diff, page, json bool) error {
	if (diff && (json || page)) || (json && page) {
		return usage("--diff, --json and --dashboard exclude each other")
	}
	return nil
}

// pages prints dashboards.
func (p *program) pages(all []seen) {
	for _, s := range all {
		io.WriteString(p.out, s.Body) //nolint:errcheck // as every print
	}
}

func (p *program) planText(all []seen, diff bool) {
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		fmt.Fprintf(p.out, "%s: %s\n", s.path, overall(s.Plan))
		p.table(s.Plan)
		for _, h := range s.Plan.Holds {
			fmt.Fprintln(p.out, printable(heldText(h)))
		}
		for _, m := range merges(s.Plan) {
			fmt.Fprintln(p.out, printable(fmt.Sprintf("Would be merged: !%d into %s at %.8s, by %s", m.IID, m.Target, m.Head, m.Tested)))
		}
		p.others(s)
		if diff {
			p.diffs(s)
		}
	}
}

// heldText says what somebody holds back in words.
func heldText(h plan.Hold) string {
	o := holdOf(h)
	what := strings.Join(o.Packages, ", ")
	if o.Versions != "" {
		what += " never " + o.Versions
	}
	if o.Until != nil {
		what += " until " + plan.Minute(*o.Until)
	}
	return fmt.Sprintf("Held by %s in !%d: %s: %q", o.By, o.MergeRequest, what, o.Says)
}

// merges are the merges of a plan, in its order.
func merges(q plan.Plan) (out []plan.Merge) {
	for _, a := range q.Actions {
		if m, is := a.(plan.Merge); is {
			out = append(out, m)
		}
	}
	return out
}

// overall is the plan in one line; of a project that is stopped it counts
// nothing.
func overall(q plan.Plan) string {
	if q.Stopped() {
		return "stopped, so its pins were not judged"
	}
	pins, beside := q.Tally()
	parts := append([]string{count(q.Pins, "pin")}, pins...)
	return strings.Join(append(append(parts, beside...), window(q.Window)), ", ")
}

func window(w plan.WindowView) string {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		zone = time.UTC
	}
	stamp := func(t time.Time) string { return t.In(zone).Format("Mon 2006-01-02 15:04 ") + zone.String() }
	switch {
	case w.Always:
		return "the window is always open"
	case w.Never:
		return "the window never opens"
	case w.Inside:
		return "the window is open until " + stamp(w.Closes)
	}
	return "the window opens " + stamp(w.Opens)
}

// table prints a line for each move; an update of several repeats nothing but
// the package and the versions.
func (p *program) table(q plan.Plan) {
	if len(q.Updates) == 0 {
		return
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PACKAGE\tFROM\tTO\tSTATE\tWHY")
	for _, u := range q.Updates {
		state, why := string(u.State), printable(u.Reason)
		if len(u.Moves) == 0 {
			fmt.Fprintf(w, "%s\t\t\t%s\t%s\n", printable(u.Title), state, why)
		}
		for i, m := range u.Moves {
			if i > 0 {
				state, why = "", ""
			}
			name := printable(m.Name)
			if m.Marker != "" {
				name += " ; " + printable(m.Marker)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, printable(m.From), printable(m.To), state, why)
		}
	}
	w.Flush() //nolint:errcheck // as every print
}

// others prints the pins that are neither current nor behind, and why, unless
// the line of an update says it. Where the index could not be read for any of them,
// that is said once.
func (p *program) others(s seen) {
	q := s.Plan
	told := map[string]bool{}
	for _, u := range q.Updates {
		for _, m := range u.Moves {
			told[m.Key] = true
		}
	}
	why := s.unread()
	if q.Count(plan.StandsUnread) == 0 {
		why = "" // stopped, or nothing is pinned
	}
	if why != "" {
		fmt.Fprintln(p.out, printable(notRead(q.Count(plan.StandsUnread), "judged", why)))
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	said := false
	for _, pin := range q.Standings {
		if pin.Standing == plan.StandsUnread && why != "" {
			continue
		}
		if pin.Standing == plan.StandsCurrent || pin.Standing == plan.StandsBehind || pin.Standing == plan.StandsHeld && told[pin.Key] {
			continue
		}
		if !said {
			fmt.Fprintln(w, "PIN\tLINE\tSTANDS\tWHY")
			said = true
		}
		name := pin.Name
		if pin.Version != "" {
			name += " " + pin.Version
		}
		fmt.Fprintf(w, "%s\t%s:%d\t%s\t%s\n", printable(text.Masked(name)), printable(pin.File), pin.Line, pin.Standing, printable(text.Masked(pin.Reasons.PlainClause())))
	}
	w.Flush() //nolint:errcheck // as every print
}
