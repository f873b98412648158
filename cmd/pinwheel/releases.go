package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/text"
)

// releaseOut is a line of pinwheel releases --json.
type releaseOut struct {
	Project string     `json:"project"`
	SHA     string     `json:"sha"`
	Title   string     `json:"title,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	By      string     `json:"by,omitempty"`
	Kind    string     `json:"kind"`
	Set     int64      `json:"set,omitempty"`
	Newest  string     `json:"newest,omitempty"` // of the default branch
	Behind  *int       `json:"behind,omitempty"`
	Hold    *heldOut   `json:"hold,omitempty"`
	Problem string     `json:"problem,omitempty"`
}

func (p *program) releasesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "releases [PROJECT]", GroupID: groupProduction,
		Short: "say what is in production, since when, and how far behind",
		Long: `Prints a line for each project of the set, or for one: the commit that its
production branch is at, since when and by whom, how many commits of the
default branch it has not, the set that brought it there, and the hold that is
on it. Nothing is written to GitLab. --metrics writes a file for Prometheus.`,
		Example: `  pinwheel releases
  pinwheel releases group/project --json`,
	}
	o := shared(c, configFlag, jsonFlag)
	sets := c.Flags().Bool("sets", false, "list the sets instead, the newest first")
	metrics := c.Flags().String("metrics", "", "write metrics for Prometheus' textfile collector to `FILE`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) > 1 {
			return usage("releases takes one project; %d were given", len(args))
		}
		d, err := p.deployment(ctx, o.config, true)
		if err != nil {
			return err
		}
		if *sets {
			all, err := d.Sets(ctx)
			if err != nil {
				return misdeployed(err)
			}
			return p.saySets(all, o.json)
		}
		v, err := d.Releases(ctx, strings.Join(args, ""))
		if err != nil {
			return misdeployed(err)
		}
		if *metrics != "" {
			to := prometheus.NewRegistry()
			newProductionMetrics(to).note(v, p.now())
			if err := prometheus.WriteToTextfile(*metrics, to); err != nil {
				return err
			}
		}
		return p.sayReleases(v, o.json)
	}
	return c
}

func (p *program) sayReleases(v deploy.Overview, asJSON bool) error {
	failed := false
	var rows []string
	for _, r := range v.Projects {
		failed = failed || r.Err != nil
		if asJSON {
			if err := p.line(releaseOf(r)); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, releaseRow(r))
	}
	if !asJSON {
		if i := v.UnderWay; i != nil {
			fmt.Fprintf(p.err, "pinwheel: set %d, %s, is under way since %s\n", i.Set, printable(i.Why), i.At.UTC().Format(time.RFC3339))
		}
		w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "PROJECT\tPRODUCTION\tSINCE\tBY\tHOW\tSET\tBEHIND\tTITLE")
		fmt.Fprintln(w, strings.Join(rows, "\n"))
		w.Flush() //nolint:errcheck // as every print
		for _, r := range v.Projects {
			if r.Held {
				fmt.Fprintf(p.out, "%s is %s\n", printable(r.Project), printable(r.Hold.Words()))
			}
			if r.Err != nil {
				fmt.Fprintf(p.err, "pinwheel: %s: %s\n", printable(r.Project), sentence(r.Err))
			}
		}
	}
	if failed {
		return failure{code: exitFailed}
	}
	return nil
}

// maxTitle is how much of a commit's title a line shows.
const maxTitle = 60

func releaseRow(r deploy.Release) string {
	since, behind, set := "-", "-", "-"
	if !r.Since.IsZero() {
		since = r.Since.UTC().Format(time.RFC3339)
	}
	if r.Behind >= 0 {
		behind = strconv.Itoa(r.Behind)
	}
	if r.Set > 0 {
		set = strconv.FormatInt(r.Set, 10)
	}
	by := r.By
	if by == "" {
		by = "-"
	}
	cells := []string{r.Project, orNone(r.SHA), since, by, string(r.Kind), set, behind, text.Plain(r.Title, maxTitle)}
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	return strings.TrimRight(strings.Join(cells, "\t"), "\t ")
}

func releaseOf(r deploy.Release) releaseOut {
	out := releaseOut{Project: r.Project, SHA: r.SHA, Title: printable(text.Plain(r.Title, 300)), Since: known(r.Since), By: printable(r.By), Kind: string(r.Kind), Set: r.Set, Newest: r.Newest}
	if r.Behind >= 0 {
		out.Behind = &r.Behind
	}
	if r.Held {
		h := heldOf(r.Hold, true)
		out.Hold = &h
	}
	if r.Err != nil {
		out.Problem = sentence(r.Err)
	}
	return out
}

// setOut is a line of pinwheel releases --sets --json.
type setOut struct {
	ID       int64             `json:"id"`
	At       time.Time         `json:"at"`
	Kind     string            `json:"kind"`
	By       string            `json:"by,omitempty"`
	Why      string            `json:"why"`
	Restores int64             `json:"restores,omitempty"`
	Members  map[string]string `json:"members"`
	Builds   []deploy.Build    `json:"builds"`
}

func (p *program) saySets(all []deploy.Set, asJSON bool) error {
	for _, s := range all {
		if asJSON {
			out := setOut{s.ID, s.At, string(s.Kind), printable(s.By), printable(s.Why), s.Restores, map[string]string{}, s.Builds}
			for _, m := range s.Members {
				out.Members[m.Project] = m.SHA
			}
			if err := p.line(out); err != nil {
				return err
			}
			continue
		}
		by := ""
		if s.By != "" {
			by = " by " + s.By
		}
		fmt.Fprintln(p.out, printable(fmt.Sprintf("%d %s %s%s", s.ID, s.At.UTC().Format(time.RFC3339), s.Why, by)))
	}
	if len(all) == 0 && !asJSON {
		fmt.Fprintln(p.out, "there are no sets yet: the first deployment makes one")
	}
	return nil
}
