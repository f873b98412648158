package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// earlierPlan is as much of what plan --json printed as is compared. A key that a version
// did not print has the zero value.
type earlierPlan struct {
	Project string `json:"project"`
	Stopped bool   `json:"stopped"`
	Updates []struct {
		Branch string `json:"branch"`
		State  string `json:"state"`
		Reason string `json:"reason"`
		Moves  []struct {
			Package string `json:"package"`
			From    string `json:"from"`
			To      string `json:"to"`
		} `json:"moves"`
	} `json:"updates"`
	Actions []struct {
		Action string `json:"action"`
		On     string `json:"on"`
	} `json:"actions"`
	Pins []struct {
		File     string `json:"file"`
		Package  string `json:"package"`
		Version  string `json:"version"`
		Standing string `json:"standing"`
	} `json:"all_pins"`
}

// differs is one thing that two plans decide differently.
type differs struct {
	Project string `json:"project"`
	What    string `json:"what"` // project, update, pin or action
	Of      string `json:"of"`   // the branch, the pin or the action
	Before  string `json:"before,omitempty"`
	Now     string `json:"now,omitempty"`
}

// earlier reads the plan that --against names; other says that another form was asked for, too.
func earlier(path string, other bool) ([]earlierPlan, error) {
	switch {
	case path == "":
		return nil, nil
	case other:
		return nil, usage("--against excludes --diff and --dashboard")
	}
	return readPlans(path)
}

// readPlans reads what an earlier plan --json printed.
func readPlans(path string) ([]earlierPlan, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("--against: %s cannot be read: %v", path, plainly(err))
	}
	var out []earlierPlan
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, usage("--against: %s is not what pinwheel plan --json printed: %v", path, err)
	}
	return out, nil
}

// facts are what a plan decides, by what it is about.
func (e earlierPlan) facts() map[[2]string]string {
	out := map[[2]string]string{}
	if e.Stopped {
		out[[2]string{"project", e.Project}] = "stopped"
	}
	for _, u := range e.Updates {
		var moves []string
		for _, m := range u.Moves {
			moves = append(moves, m.Package+" "+m.From+" -> "+m.To)
		}
		slices.Sort(moves)
		out[[2]string{"update", u.Branch}] = u.State + ": " + strings.Join(slices.Compact(moves), ", ") + "; " + u.Reason
	}
	for _, a := range e.Actions {
		out[[2]string{"action", a.Action + " " + a.On}] = "would be done"
	}
	for _, p := range e.Pins {
		out[[2]string{"pin", p.File + " " + p.Package + " " + p.Version}] = p.Standing
	}
	return out
}

// difference lists what two plans decide differently: 1. by project; 2. by what it is
// about; 3. by name. A project that only one of them has is said once.
func difference(before, now []earlierPlan) []differs {
	was, is := map[string]earlierPlan{}, map[string]earlierPlan{}
	for _, p := range before {
		was[p.Project] = p
	}
	for _, p := range now {
		is[p.Project] = p
	}
	both := maps.Clone(was)
	maps.Copy(both, is)
	out := []differs{}
	for _, project := range slices.Sorted(maps.Keys(both)) {
		old, had := was[project]
		fresh, has := is[project]
		switch {
		case !had:
			out = append(out, differs{project, "project", project, "", "was not looked at before"})
		case !has:
			out = append(out, differs{project, "project", project, "is not looked at now", ""})
		default:
			out = append(out, changed(project, old.facts(), fresh.facts())...)
		}
	}
	return out
}

func changed(project string, was, is map[[2]string]string) (out []differs) {
	both := maps.Clone(was)
	maps.Copy(both, is)
	keys := slices.SortedFunc(maps.Keys(both), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, key := range keys {
		if was[key] != is[key] {
			out = append(out, differs{project, key[0], key[1], was[key], is[key]})
		}
	}
	return out
}

// against prints what the plan decides differently from an earlier one.
func (p *program) against(all []seen, before []earlierPlan, asJSON bool) error {
	var out []planOut
	for _, s := range all {
		out = append(out, outOf(s))
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	var now []earlierPlan
	if err := json.Unmarshal(text, &now); err != nil {
		return err
	}
	found := difference(before, now)
	if asJSON {
		for _, d := range found {
			if err := p.line(d); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		fmt.Fprintln(p.out, "nothing is decided differently")
		return nil
	}
	for _, d := range found {
		fmt.Fprintf(p.out, "%s: %s %s\n", d.Project, d.What, printable(d.Of))
		if d.Before != "" {
			fmt.Fprintf(p.out, "  - %s\n", printable(d.Before))
		}
		if d.Now != "" {
			fmt.Fprintf(p.out, "  + %s\n", printable(d.Now))
		}
	}
	return nil
}
