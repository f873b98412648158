package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file is the scene of a project that comes from Renovate: its dashboard and three of
// its merge requests, which one press takes over.

const oldBot = "renovate-bot"

const oldPins = `attrs==23.2.0
certifi==2024.2.2
click==8.1.7
idna==3.6
json5==0.9.14
`

const oldConfiguration = `
gitlab: {url: %s}
index: {name: pypi, url: %s/simple/}
projects:
  - path: cki-project/reporter
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    window: "* * * * SAT,SUN"
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
    adopt: {authors: [renovate-bot]}
`

//go:embed renovate_dashboard.md
var oldDashboard string

//go:embed renovate_idna.md
var oldDescription string

// oldRequests are what Renovate proposed: one that nobody touched, one that alice closed, and
// one to which bob pushed.
var oldRequests = []struct{ branch, title, from, to string }{
	{"renovate/idna-3.x", "Update dependency idna to v3.20", "idna==3.6", "idna==3.20"},
	{"renovate/attrs-26.x", "Update dependency attrs to v26", "attrs==23.2.0", "attrs==26.1.0"},
	{"renovate/json5-0.x", "Update dependency json5 to v0.17.3", "json5==0.9.14", "json5==0.17.3"},
}

// oldProject adds a project as Renovate left it, and the configuration with which pinwheel
// takes it over.
func (s *stage) oldProject() (config.Project, *gitlabsim.Project, error) {
	c, err := config.Parse("pinwheel.yaml", fmt.Appendf(nil, oldConfiguration, s.gitlabURL, s.indexURL))
	if err != nil {
		return config.Project{}, nil, err
	}
	s.gitlab.AddBot(oldBot, "Renovate Bot")
	policy := c.Projects[0]
	p := s.gitlab.AddProject(policy.Path, "main", map[string]string{pinsPath: oldPins, twinPath: twinOf(oldPins)})
	p.SetCI(false)
	for _, name := range []string{bot, oldBot} {
		s.gitlab.AddMember(p, name, gitlabsim.Developer)
	}
	for _, one := range people() {
		s.gitlab.AddMember(p, one.name, one.level)
	}
	return policy, p, leave(p)
}

// leave makes what Renovate and the people left in a project.
func leave(p *gitlabsim.Project) error {
	var all []error
	do := func(err error) { all = append(all, err) }
	page, err := p.CreateIssue(oldBot, "Dependency Dashboard", oldDashboard)
	do(err)
	for _, r := range oldRequests {
		_, err := p.Push(oldBot, r.branch, r.title, map[string]string{pinsPath: strings.Replace(oldPins, r.from, r.to, 1)})
		do(err)
		_, err = p.CreateMR(oldBot, r.branch, "main", r.title, "")
		do(err)
	}
	do(p.EditMRDescription(oldBot, 1, oldDescription))
	do(p.CloseMR("alice", 2))
	do(p.DeleteBranch(oldBot, oldRequests[1].branch))
	_, err = p.Push("bob", oldRequests[2].branch, "Try it in the canary pipeline first", map[string]string{"canary.txt": "on\n"})
	do(err)
	do(p.Tick("bob", page, "click"))
	return errors.Join(all...)
}

// takeOver is the press that starts pinwheel in a project that another bot left.
func (s *site) takeOver(ctx context.Context, _ func(string) string) (string, error) {
	now := &s.scenes[s.shown]
	if !now.waits {
		return "", errForm
	}
	now.waits = false
	s.done[triedTakeOver] = true
	s.acted("stops Renovate and starts pinwheel in reporter")
	return "news", s.run(ctx)
}

// PlayRenovate takes over a project from Renovate once and prints what happens. It fails only
// if something goes otherwise than the script says, or when ctx ends.
func PlayRenovate(ctx context.Context, out io.Writer, color bool) error {
	s, err := newStage(ctx)
	defer s.close()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	w := &week{stage: s, terminal: terminal{out: out, color: color, hide: s.hide}}
	w.must(w.set("2026-11-26 11:30"))
	w.policy, w.project, err = w.oldProject()
	w.must(err)
	w.fromRenovate(ctx)
	if err := errors.Join(w.failed, w.terminal.err); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f := s.gitlab.Failures(); len(f) > 0 {
		return fmt.Errorf("demo: the simulated GitLab did not understand: %s", strings.Join(f, "; "))
	}
	return nil
}

// fromRenovate is the script.
func (w *week) fromRenovate(ctx context.Context) {
	if w.failed != nil {
		return
	}
	w.put(bold, "", "From Renovate")
	w.put(plain, "", "GitLab and the index are simulated on this machine, the run is real. docs/renovate.md has the way, back as well.")
	w.moment("2026-11-26 12:00", "Renovate is stopped", "It left a dashboard and three merge requests. alice closed the one of attrs, bob pushed to the one of json5, and ticked click.")
	w.requests()
	w.dashboard("The dashboard issue of " + oldBot + ":")
	w.moment("2026-11-26 13:00", "pinwheel is started", "The configuration names the old bot: adopt: {authors: ["+oldBot+"]}. It is Thursday, so nothing opens but what bob asked for.")
	w.run(ctx)
	w.requests()
	w.seen = nil // every line is new
	w.dashboard("The same issue:")
	w.mergeRequest(oldRequests[0].branch, "taken over")
	w.moment("2026-11-26 14:00", "And the hour after", "Nothing happened, so nothing is written.")
	w.run(ctx)
	if w.failed == nil && w.writes != 0 {
		w.must(fmt.Errorf("%d writes in a quiet hour", w.writes))
	}
}

// requests prints every merge request, and whose the newest commit of its branch is.
func (w *week) requests() {
	w.blank()
	for _, mr := range w.project.MRs() {
		by := ""
		if commits := w.project.Commits(mr.SourceBranch); mr.State == "opened" && len(commits) > 0 {
			by = ", last pushed by " + commits[0].AuthorName
		}
		w.put(cyan, "   ", fmt.Sprintf("!%d %s  %s  (opened by %s%s)", mr.IID, mr.State, mr.Title, mr.Author, by))
	}
}
