package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep508"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) historyCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "history [PACKAGE]", GroupID: groupPast,
		Short: "print what was offered and merged, by whom, and in how long",
		Long: `Prints the merge requests of every project, or those that moved one package,
the newest first: when each was offered, what became of it, by whom, how long
that took, and how long it was from the release to the merge; then for each
project how its pins stood in the last run. It reads the database alone; one
that was lost is filled again by the next run, from GitLab. With --json each
line is one JSON object.`,
		Example: `  pinwheel history
  pinwheel history boto3 --json`,
	}
	o := shared(c, configFlag, jsonFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) > 1 {
			return usage("history takes one package; %d were given", len(args))
		}
		name := strings.Join(args, "")
		if name != "" && !pep508.ValidName(name) {
			return usage("%q is not the name of a package", name)
		}
		c, err := load(o.config)
		if err != nil {
			return err
		}
		return p.history(ctx, c, pep508.NormalizeName(name), o.json)
	}
	return c
}

// event is one merge request in the history.
type event struct {
	Project string     `json:"project"`
	MR      int64      `json:"merge_request"`
	URL     string     `json:"url,omitempty"`
	Branch  string     `json:"branch"`
	Moves   []step     `json:"moves"`
	Why     string     `json:"why,omitempty"` // window, forced, ...
	Offered time.Time  `json:"offered"`
	State   string     `json:"state"` // opened, merged, closed
	Ended   *time.Time `json:"ended,omitempty"`
	By      string     `json:"by,omitempty"`      // who merged or closed it
	Seconds float64    `json:"seconds,omitempty"` // from offered to ended
	// Released is when the release came out that names it, and Lag how long it took from
	// then to its merge.
	Released *time.Time `json:"released,omitempty"`
	Lag      float64    `json:"release_to_merge_seconds,omitempty"`
	// Pipelines that were seen, at most twenty, and those of them that failed.
	Pipelines int  `json:"pipelines"`
	Red       int  `json:"red_pipelines"`
	Culprit   bool `json:"breaks_tests,omitempty"` // it was proven to
	// Standings counts the project's pins by how they stood in the last run.
	Standings map[string]int `json:"standings,omitempty"`
}

type step struct {
	Package string `json:"package"`
	From    string `json:"from"`
	To      string `json:"to"`
}

func eventOf(project string, m plan.MergeRequest) event {
	e := event{Project: project, MR: m.IID, URL: m.WebURL, Branch: m.Branch, Moves: []step{}, Why: string(m.Note.Why), Offered: m.CreatedAt, State: string(m.State),
		Pipelines: m.Ran, Red: m.RedRuns, Culprit: slices.Contains(m.Labels, plan.BreaksLabel)}
	for _, move := range m.Note.Moves {
		e.Moves = append(e.Moves, step{move.Key, move.From, move.To})
	}
	end, by := m.MergedAt, m.MergedBy
	if m.State == plan.Closed {
		end, by = m.ClosedAt, m.ClosedBy
	}
	if e.By = by.Username; m.Note.ClosedByUs && m.State == plan.Closed {
		e.By = "pinwheel"
	}
	if !end.IsZero() {
		e.Ended, e.Seconds = &end, end.Sub(m.CreatedAt).Seconds()
	}
	if e.Released = known(m.Released); e.Released != nil && m.State == plan.Merged && end.After(m.Released) {
		e.Lag = end.Sub(m.Released).Seconds()
	}
	return e
}

func (p *program) history(ctx context.Context, c *config.Config, name string, asJSON bool) error {
	if noDatabase(c) {
		return usage("the database %s is not there, so there is no history yet: the first run makes it", c.Store)
	}
	s, err := p.database(ctx, c)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer s.Close() //nolint:errcheck // it was only read
	all, pins, err := offered(ctx, s, c.Projects, name)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Or(b.Offered.Compare(a.Offered), cmp.Compare(b.MR, a.MR)) })
	if asJSON {
		out := json.NewEncoder(p.out)
		for _, e := range all {
			if err := out.Encode(e); err != nil {
				return err
			}
		}
		return nil
	}
	p.events(all, name)
	if name == "" {
		for _, line := range pins {
			fmt.Fprintln(p.out, line)
		}
	}
	return nil
}

// offered reads the merge requests of projects, those alone that moved a package if
// one is named, and counts the pins of each.
func offered(ctx context.Context, s *store.Store, projects []config.Project, name string) (all []event, pins []string, err error) {
	for _, project := range projects {
		memory, err := s.ProjectMemory(ctx, project.Path)
		if err != nil {
			return nil, nil, err
		}
		if len(memory.Standings) > 0 {
			pins = append(pins, project.Path+": "+tallied(memory.Standings))
		}
		list, err := s.MergeRequests(ctx, project.Path)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range list {
			e := eventOf(project.Path, m)
			e.Standings = keyed(memory.Standings)
			if name == "" || slices.ContainsFunc(e.Moves, func(s step) bool { return s.Package == name }) {
				all = append(all, e)
			}
		}
	}
	return all, pins, nil
}

// tallied counts pins in words, as plan does.
func tallied(counts map[plan.Standing]int) string {
	total := 0
	for s, n := range counts {
		if s != plan.StandsBlocked && s != plan.StandsUnmanaged {
			total += n
		}
	}
	pins, beside := plan.Tally(counts)
	return strings.Join(slices.Concat([]string{count(total, "pin")}, pins, beside), ", ")
}

// keyed is counts as JSON has them, nil if there are none.
func keyed(counts map[plan.Standing]int) map[string]int {
	if len(counts) == 0 {
		return nil
	}
	out := map[string]int{}
	for _, s := range plan.Standings() {
		out[keyOf(s)] = counts[s]
	}
	return out
}

// events prints a history as people read it.
func (p *program) events(all []event, name string) {
	if len(all) == 0 {
		fmt.Fprintln(p.out, "nothing was offered yet")
		return
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "OFFERED\tPROJECT\tMR\tMOVES\tBECAME\tBY\tAFTER\tFROM RELEASE\tPIPELINES")
	for _, e := range all {
		var moves []string
		for _, s := range e.Moves {
			if name == "" || s.Package == name {
				moves = append(moves, s.Package+" "+s.From+" → "+s.To)
			}
		}
		if n := len(moves); n > 2 {
			moves = append(moves[:2], fmt.Sprintf("and %d more", n-2))
		}
		what := cmp.Or(strings.Join(moves, ", "), e.Branch)
		became, after, lag := e.State, "", ""
		if e.Ended != nil {
			became += " " + e.Ended.Format(time.DateOnly)
			after = span(e.Ended.Sub(e.Offered))
		}
		if e.Lag > 0 {
			lag = span(e.Ended.Sub(*e.Released))
		}
		fmt.Fprintf(w, "%s\t%s\t!%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Offered.Format(time.DateOnly), e.Project, e.MR, printable(what), became, printable(e.By), after, lag, e.pipelines())
	}
	w.Flush() //nolint:errcheck // as every print
}

// pipelines counts those of an event, and says what they proved.
func (e event) pipelines() string {
	text := fmt.Sprint(e.Pipelines)
	if e.Red > 0 {
		text += fmt.Sprintf(", %d red", e.Red)
	}
	if e.Culprit {
		text += ", breaks tests"
	}
	return text
}

// span is a length of time in days, or in hours below two days.
func span(d time.Duration) string {
	if d < 48*time.Hour {
		return count(int(d.Hours()+0.5), "hour")
	}
	return count(int(d.Hours()/24+0.5), "day")
}
