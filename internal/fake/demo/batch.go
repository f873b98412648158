package demo

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file is the last scene: a batch that is red and takes itself apart.

const batchPins = `arrow==1.3.0
click==8.1.7
crontab==1.0.1
idna==3.6
Jinja2==2.11.3
json5==0.9.14
MarkupSafe==3.0.4
`

const batchConfiguration = `
gitlab: {url: %s}
index: {name: pypi, url: %s/simple/}
projects:
  - path: cki-project/cki-tools
    files: [{path: constraints.txt}]
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
    batch: weekend
    retries: 0 # no job here fails by chance
`

// What the pipelines of that project do: whatever has another Jinja2 fails.
const batchScript = `
on merge-request
takes 10m
job install
job canary fails when new:jinja2
`

// batch plays the scene in a project of its own, whose window brings one merge
// request of all that may move.
func (w *week) batch(ctx context.Context) {
	if w.failed != nil {
		return
	}
	var err error
	if w.policy, w.project, err = w.batchProject(); err != nil {
		w.must(err)
		return
	}

	w.moment("2026-12-05 00:05", "A batch that takes itself apart",
		"Another project has batch: weekend. Its window opens one merge request of all six updates.")
	w.run(ctx)
	w.probes()
	for hour := 1; hour <= 12 && w.failed == nil; hour++ {
		w.must(w.set(fmt.Sprintf("2026-12-05 %02d:05", hour)))
		report, writes, err := w.stage.run(ctx)
		w.must(err)
		if err == nil && writes == 0 {
			w.must(fmt.Errorf("nothing happened: %+v", report.Failures))
		}
		w.put(plain, "   ", w.local().Format("15:04")+"  "+w.line())
		w.probes()
		if w.ended() {
			break
		}
	}
	w.notes()
	for _, hour := range []string{"05:05", "06:05"} { // what is good is green, and then nothing happens
		w.must(w.set("2026-12-05 " + hour))
		w.run(ctx)
	}
}

// batchProject adds the project of the scene to GitLab.
func (s *stage) batchProject() (config.Project, *gitlabsim.Project, error) {
	c, err := config.Parse("pinwheel.yaml", fmt.Appendf(nil, batchConfiguration, s.gitlabURL, s.indexURL))
	if err != nil {
		return config.Project{}, nil, err
	}
	policy := c.Projects[0]
	project := s.gitlab.AddProject(policy.Path, "main", map[string]string{pinsPath: batchPins})
	s.gitlab.AddMember(project, bot, gitlabsim.Developer)
	for _, p := range people() {
		s.gitlab.AddMember(project, p.name, p.level)
	}
	return policy, project, project.Script(batchScript)
}

// line is what the dashboard says of the batch.
func (w *week) line() string {
	for l := range strings.Lines(w.issue().Description) {
		if _, said, found := strings.Cut(l, "It is red"); found {
			said, _, _ = strings.Cut(said, "\n")
			return "dashboard: It is red" + said
		}
	}
	return "dashboard: nothing of it is red any more"
}

// probes prints what there is to see of every merge request.
func (w *week) probes() {
	for _, mr := range w.project.MRs() {
		what := strings.TrimPrefix(mr.Title, "Draft: ")
		if mr.State == "closed" || mr.IID > 1 && mr.CreatedAt.Before(w.now()) {
			continue // it was shown
		}
		if head, _, found := strings.Cut(shownLine(mr.Description), ", which is red"); found && mr.State == "opened" {
			what = strings.ToLower(head[:1]) + head[1:]
		}
		w.put(cyan, "   ", fmt.Sprintf("!%d %s  %s", mr.IID, mr.State, what))
	}
}

// shownLine is the first line of a description that people see.
func shownLine(description string) string {
	for l := range strings.Lines(description) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "<!--") {
			return l
		}
	}
	return ""
}

// ended reports whether the probes are closed.
func (w *week) ended() bool {
	open := 0
	for _, mr := range w.project.MRs() {
		if mr.State == "opened" && mr.IID > 1 && !strings.Contains(mr.SourceBranch, "probe-") {
			open++
		}
	}
	return open > 0
}

// notes prints what pinwheel noted on the batch.
func (w *week) notes() {
	for _, mr := range w.project.MRs() {
		if mr.IID != 1 {
			continue
		}
		for _, note := range mr.Notes {
			if strings.HasPrefix(note.Body, "This was red") {
				w.blank()
				w.put(cyan, "   ", "note on !1")
				for l := range strings.Lines(note.Body) {
					if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "<!--") {
						w.put(plain, "   "+bar, l)
					}
				}
			}
		}
	}
}
