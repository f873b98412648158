package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
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
		w.put(plain, "   ", w.local().Format("15:04")+"  "+progress(report.Plan))
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

// progress is what the dashboard says about the batch.
func progress(p plan.Plan) string {
	for _, u := range p.Updates {
		for _, why := range u.Why {
			if apart, is := why.(plan.TakenApart); is {
				return "dashboard: " + plan.Sentence(plan.Markdown(apart))
			}
		}
	}
	return "dashboard: nothing of it is red any more"
}

// probes prints every merge request that is new, and the batch: of a probe, which part
// it tests, as the commits of the two say.
func (w *week) probes() {
	for _, mr := range w.project.MRs() {
		if mr.State == "closed" || mr.IID > 1 && mr.CreatedAt.Before(w.now()) {
			continue // it was shown
		}
		what := plan.PlainTitle(mr.Title)
		if w.isProbe(mr) {
			what = fmt.Sprintf("tests %d of the %d updates of `!1`", len(w.moves(mr)), len(w.moves(w.project.MRs()[0])))
		}
		w.put(cyan, "   ", fmt.Sprintf("!%d %s  %s", mr.IID, mr.State, what))
	}
}

// moves are the moves of a merge request, as the trailers of its commit have them.
func (w *week) moves(mr gitlabsim.MergeRequest) []plan.Move {
	commits := w.project.Commits(mr.SourceBranch)
	if len(commits) == 0 {
		return nil
	}
	t, _ := plan.ParseTrailers(commits[0].Message)
	return t.Moves
}

// ended reports whether what breaks the batch has a merge request of its own.
func (w *week) ended() bool {
	return slices.ContainsFunc(w.project.MRs(), func(mr gitlabsim.MergeRequest) bool {
		return mr.State == "opened" && mr.IID > 1 && !w.isProbe(mr)
	})
}

func (w *week) isProbe(mr gitlabsim.MergeRequest) bool {
	return plan.IsProbe(w.policy.Policy.BranchPrefix, mr.SourceBranch)
}

// notes prints what pinwheel noted at this instant on merge requests that are no probes,
// without what GitLab hides.
func (w *week) notes() {
	for _, mr := range w.project.MRs() {
		if w.isProbe(mr) {
			continue
		}
		for _, note := range mr.Notes {
			if note.System || note.Author != bot || !note.CreatedAt.Equal(w.now()) {
				continue
			}
			w.blank()
			w.put(cyan, "   ", fmt.Sprintf("note on !%d", mr.IID))
			for l := range strings.Lines(hidden.ReplaceAllString(note.Body, "")) {
				if l = strings.TrimSpace(l); l != "" {
					w.put(plain, "   "+bar, l)
				}
			}
		}
	}
}
