package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/plan"
)

// gateOut is a gate of an open merge request in JSON.
type gateOut struct {
	Name     string           `json:"name"`
	Required bool             `json:"required"`
	State    string           `json:"state"`
	Kind     string           `json:"kind,omitempty"` // of a merge request's own pipeline: branch, merge request, merged result
	Why      plan.ReasonData  `json:"why"`
	Jobs     []plan.JudgedJob `json:"jobs"` // those that did not simply pass
	Pipeline string           `json:"pipeline,omitempty"`
	Baseline string           `json:"baseline,omitempty"` // the pipeline that it is compared with
	Head     string           `json:"head"`
	Base     string           `json:"base"` // the commit of the default branch on which the head stands
}

// gatedOut is a line of pinwheel gates --json.
type gatedOut struct {
	Project      string `json:"project"`
	MergeRequest int64  `json:"merge_request"`
	Branch       string `json:"branch"`
	gateOut
}

func (p *program) gatesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "gates [MR] [PROJECT...]", GroupID: groupLook,
		Short: "say how the tests of open merge requests stand",
		Long: `Prints a line for each gate of each open merge request, or of the one that is
named by its number: how it stands, the jobs that did not simply pass, how the
same jobs ended in the baseline, and where its pipeline is. Nothing is started
and nothing is written to GitLab. docs/gates.md says what a gate is.`,
		Example: `  pinwheel gates
  pinwheel gates 12 group/project`,
	}
	l := &looking{options: shared(c, jsonFlag, configFlag, atFlag), given: func() bool { return c.Flags().Changed(configFlag) }, call: c.Name()}
	c.ValidArgsFunction = completeProjects(l.options)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		iid, projects := mergeRequestOf(args)
		all, code, err := p.look(cmd.Context(), l, projects)
		if err != nil {
			return err
		}
		found, err := p.gates(all, iid, l.json)
		switch {
		case err != nil:
			return err
		case code != exitDone:
			return failure{code: code}
		case iid != 0 && !found:
			return usage("!%d is no open merge request of pinwheel's with a gate: pinwheel gates prints those that there are", iid)
		}
		return nil
	}
	return c
}

var mergeRequestNumber = regexp.MustCompile(`^!?[1-9][0-9]{0,9}$`)

// mergeRequestOf is the number that arguments begin with, 0 for none, and the rest.
func mergeRequestOf(args []string) (int64, []string) {
	if len(args) == 0 || !mergeRequestNumber.MatchString(args[0]) {
		return 0, args
	}
	iid, _ := strconv.ParseInt(strings.TrimPrefix(args[0], "!"), 10, 64) // at most ten digits
	return iid, args[1:]
}

// gates prints those of one merge request, or with 0 of all; found reports whether
// there were any.
func (p *program) gates(all []seen, iid int64, asJSON bool) (found bool, err error) {
	var lines []gatedOut
	var rows []string
	for _, s := range all {
		for _, u := range s.Plan.Updates {
			if iid != 0 && u.MR != iid {
				continue
			}
			for _, v := range u.Told() {
				lines = append(lines, gatedOut{s.path, u.MR, u.Branch, gateOf(v)})
				rows = append(rows, gateRow(s.path, u.MR, v))
			}
		}
	}
	if asJSON {
		for _, l := range lines {
			if err := p.line(l); err != nil {
				return false, err
			}
		}
		return len(lines) > 0, nil
	}
	switch {
	case len(rows) > 0:
		w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "PROJECT\tMERGE REQUEST\tGATE\tSTATE\tJOBS\tBASELINE\tPIPELINE")
		fmt.Fprintln(w, strings.Join(rows, "\n"))
		w.Flush() //nolint:errcheck // as every print
	case iid == 0:
		fmt.Fprintln(p.out, "no open merge request of pinwheel's has a gate")
	}
	return len(rows) > 0, nil
}

func gateRow(path string, iid int64, v plan.GateVerdict) string {
	name := v.Gate
	if v.Required {
		name += " (required)"
	}
	var jobs, baseline []string
	for _, j := range v.Jobs {
		says := string(j.Result)
		if j.Result == plan.Passed {
			says = fmt.Sprintf("flaky (%d/%d failed)", j.Failures, j.Attempts)
		}
		jobs = append(jobs, j.Name+" "+says)
		if j.Main != plan.Unsettled {
			baseline = append(baseline, j.Name+" "+string(j.Main))
		}
	}
	link := v.URL
	if link == "" {
		link = plan.Plainly(v.Why)
	}
	cells := []string{path, fmt.Sprintf("!%d", iid), name, string(v.State), orDash(jobs), orDash(baseline), link}
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	return strings.Join(cells, "\t")
}

func orDash(parts []string) string {
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

func gateOf(v plan.GateVerdict) gateOut {
	return gateOut{
		Name: v.Gate, Required: v.Required, State: string(v.State), Kind: string(v.Kind), Why: plan.DataOf(v.Why), Jobs: append([]plan.JudgedJob{}, v.Jobs...),
		Pipeline: v.URL, Baseline: v.Main, Head: v.Head, Base: v.Base,
	}
}
