package mrs

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file writes the table of gates of a description.

// mostCells is how many jobs a cell names.
const mostCells = 3

// gates writes the table of gates, one row for each, above what is folded. Below the
// table it says, in the words of the dashboard, why gates did not run whose jobs tell
// nothing. The text changes when a gate changes, never with time.
func gates(b *strings.Builder, all []plan.GateVerdict) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\n| Gate | State | Jobs | Baseline | Pipeline |\n|---|---|---|---|---|\n")
	for _, v := range all {
		name := text.CodeCell(v.Gate)
		if v.Gate == plan.OwnGate {
			name = ownName(v.Kind)
		}
		if v.Required {
			name += ", required"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, v.State, jobCells(v.Jobs), mainCells(v), pipelineLink("this", v.URL))
	}
	var why []string
	for _, v := range all {
		if v.Gate == plan.OwnGate {
			continue // GitLab shows it itself
		}
		if _, fails := v.Why.(plan.GateFails); fails {
			why = append(why, "Gate "+text.CodeCell(v.Gate)+" could not start: see the dashboard.")
			continue
		}
		if v.State == plan.GateWaiting || v.State == plan.GateTimedOut {
			why = append(why, text.Linked(plan.Linked(v.Why), 1000, plan.ReferenceMark)+".")
		}
	}
	if len(why) > 0 {
		b.WriteString("\n" + strings.Join(why, " ") + "\n")
	}
}

// ownName is what the merge request's own pipeline is called.
func ownName(k plan.PipelineKind) string {
	switch k {
	case plan.BranchPipeline:
		return "own pipeline (branch)"
	case plan.MergeRequestPipeline:
		return "own pipeline (merge request)"
	case plan.MergedResultPipeline:
		return "own pipeline (merged result)"
	}
	return "own pipeline"
}

// jobCells names the jobs that did not simply pass.
func jobCells(jobs []plan.JudgedJob) string {
	var out []string
	for i, j := range jobs {
		if i == mostCells {
			out = append(out, fmt.Sprintf("%d more", len(jobs)-i))
			break
		}
		says := string(j.Result)
		if j.Result == plan.Passed {
			says = fmt.Sprintf("flaky (%d/%d failed)", j.Failures, j.Attempts)
		}
		out = append(out, text.CodeCell(j.Name)+" "+says)
	}
	return strings.Join(out, ", ")
}

// mainCells says how the same jobs ended on the default branch, and links the pipeline
// of that branch.
func mainCells(v plan.GateVerdict) string {
	var out []string
	for _, j := range v.Jobs[:min(len(v.Jobs), mostCells)] {
		if j.Main != plan.Unsettled {
			out = append(out, text.CodeCell(j.Name)+" "+string(j.Main))
		}
	}
	if link := pipelineLink("pipeline", v.Main); link != "" {
		out = append(out, link)
	}
	return strings.Join(out, ", ")
}

func pipelineLink(name, url string) string {
	if url == "" {
		return ""
	}
	return text.Link(name, url)
}
