package main

import (
	"encoding/json"
	"errors"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/text"
)

// What --json prints, a line with one object for each thing that the text has a
// line or a paragraph for; plan alone prints a list. Keys may be added, none
// changes its meaning. What is wrong with the whole command is said on stderr and
// by the exit code, as without --json.
type (
	ranOut struct {
		Project   string         `json:"project"`
		Status    string         `json:"status"`
		Code      int            `json:"exit_code"`
		Pins      int            `json:"pins"`
		Standings map[string]int `json:"standings"` // as in plan
		Open      int            `json:"merge_requests_open"`
		Changes   int            `json:"changes"`
		Problems  []string       `json:"problems"`
	}
	explainedOut struct {
		Project  string        `json:"project"`
		File     string        `json:"file"`
		Line     int           `json:"line"`
		Package  string        `json:"package"`
		Version  string        `json:"version"`
		Index    string        `json:"index"`
		Pythons  []string      `json:"pythons"` // empty: any
		Note     string        `json:"note,omitempty"`
		Settings []settingOut  `json:"settings"`
		Releases []releasedOut `json:"releases"` // newest first
	}
	settingOut struct {
		Key    string `json:"key"`
		Value  string `json:"value"`
		Source string `json:"source"` // file and line, or "built in"
		Layer  string `json:"layer"`  // that has it
	}
	releasedOut struct {
		Version  string     `json:"version"`
		Released *time.Time `json:"released,omitempty"`
		Taken    bool       `json:"taken"`
		Why      string     `json:"why,omitempty"`
	}
	verifiedOut struct {
		Project   string       `json:"project"`
		Stopped   bool         `json:"stopped"` // nothing below was judged
		Pins      int          `json:"pins"`
		Conflicts int          `json:"conflicts"`
		Roots     int          `json:"roots"`
		Findings  []findingOut `json:"findings"`
	}
	findingOut struct {
		File string `json:"file,omitempty"`
		Line int    `json:"line,omitempty"`
		Kind string `json:"kind"`
		Text string `json:"text"`
	}
	validOut struct {
		Path      string        `json:"path"`
		Valid     bool          `json:"valid"`
		Projects  int           `json:"projects,omitempty"`
		Indexes   int           `json:"indexes,omitempty"`
		Sets      []string      `json:"sets,omitempty"`      // keys of a project's own file
		Overrides []overrideOut `json:"overrides,omitempty"` // what it says against the operator
		Errors    []wrongOut    `json:"errors,omitempty"`
	}
	overrideOut struct {
		Line int    `json:"line"`
		Key  string `json:"key"`
		Text string `json:"text"`
		Kept bool   `json:"kept"` // enforce keeps what the operator says
	}
	wrongOut struct {
		File string `json:"file"`
		Line int    `json:"line,omitempty"`
		Key  string `json:"key,omitempty"`
		Text string `json:"text"`
	}
	examinedOut struct {
		Grade   string `json:"grade"` // ok, warning or error
		Subject string `json:"subject"`
		Text    string `json:"text"`
	}
	healthOut struct {
		Project string     `json:"project"`
		Healthy bool       `json:"healthy"`
		Last    *time.Time `json:"last,omitempty"`
		Within  float64    `json:"within_seconds"`
		Said    string     `json:"said,omitempty"` // what was wrong with the last run
	}
	versionOut struct {
		Version string `json:"version"`
		Go      string `json:"go"`
		OS      string `json:"os"`
		Arch    string `json:"arch"`
	}
)

// line prints one line of JSON.
func (p *program) line(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func ranOf(project config.Project, r reconcile.Report, err error) ranOut {
	o := ranOut{
		Project: project.Path, Status: string(r.Status), Code: exitCode(r, err), Pins: r.Plan.Pins, Standings: map[string]int{},
		Open: r.Plan.OpenCount, Changes: r.Wrote, Problems: append([]string{}, complaints(r, err)...),
	}
	for _, s := range plan.Standings() {
		o.Standings[keyOf(s)] = r.Plan.Count(s)
	}
	return o
}

func explainedOf(s seen, e plan.Explanation) explainedOut {
	o := explainedOut{
		Project: s.path, File: e.Pin.File, Line: e.Pin.Line, Package: e.Pin.Name, Version: e.Pin.Version, Index: e.Index,
		Pythons: append([]string{}, e.Pythons...), Note: text.Masked(e.Note), Settings: []settingOut{}, Releases: []releasedOut{},
	}
	for _, s := range e.Settings {
		o.Settings = append(o.Settings, settingOf(s))
	}
	for _, r := range e.Releases {
		o.Releases = append(o.Releases, releasedOut{r.Version, known(r.Released), r.Reason == "", text.Masked(r.Reason)})
	}
	return o
}

func settingOf(s plan.Setting) settingOut {
	return settingOut{s.Key, s.Value, s.Source, string(s.Layer)}
}

func verifiedOf(s seen) verifiedOut {
	v := s.Verification
	o := verifiedOut{
		Project: s.path, Stopped: s.Plan.Stopped(), Pins: v.Pins, Conflicts: v.Conflicts(), Roots: len(s.Snapshot.Roots), Findings: []findingOut{},
	}
	for _, f := range v.Findings {
		o.Findings = append(o.Findings, findingOut{f.File, f.Line, string(f.Kind), text.Masked(f.Text)})
	}
	return o
}

// wrongOf is everything that is wrong with a configuration.
func wrongOf(path string, err error) validOut {
	o := validOut{Path: path}
	var all config.Errors
	if !errors.As(err, &all) {
		return validOut{Path: path, Errors: []wrongOut{{File: path, Text: text.Masked(err.Error())}}}
	}
	for _, e := range all {
		o.Errors = append(o.Errors, wrongOut{e.Path, e.Line, e.Key, text.Masked(e.Text)})
	}
	return o
}
