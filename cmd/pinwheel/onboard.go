package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// mostOffers bounds how many projects get a merge request that sets pinwheel up in one look,
// so that a group of hundreds gets them over days.
const mostOffers = 5

// onboarder offers pinwheel to projects that were found and have no file of their own.
type onboarder struct {
	*program
	config *config.Config
	runner *reconcile.Runner
	entry  config.Discover
	asked  map[string]bool // by path: there is such a merge request, or was one
}

// offer opens the merge request in some of the projects. What was offered once, and closed or
// merged, is not offered again. It returns one sentence for each that failed.
func (o *onboarder) offer(ctx context.Context, lacking []gitlab.Project) (failures []string) {
	made := 0
	for _, project := range lacking {
		if made >= mostOffers || ctx.Err() != nil {
			return failures
		}
		if o.asked[project.Path] {
			continue
		}
		wrote, err := o.one(ctx, project)
		if err != nil {
			failures = append(failures, fmt.Sprintf("%s got no merge request that sets pinwheel up: %s", project.Path, sentence(err)))
			made++ // a GitLab that refuses is not asked for hundreds
			continue
		}
		if wrote {
			made++
		}
	}
	return failures
}

// one offers pinwheel to one project.
func (o *onboarder) one(ctx context.Context, project gitlab.Project) (wrote bool, err error) {
	client, _, err := connected(o.runner, o.entry.Token)
	if err != nil {
		return false, err
	}
	if _, paused, err := o.runner.Store.Paused(ctx, project.Path); err != nil || paused {
		return false, err
	}
	if project.MergeRequestsOff || project.AccessLevel < developerAccess {
		return false, nil
	}
	was, err := client.Proposed(ctx, project, onboarding)
	if err != nil {
		return false, err
	}
	if was {
		o.asked[project.Path] = true
		return false, nil
	}
	quiet := *o.program
	quiet.out, quiet.err = io.Discard, io.Discard
	c := *o.config
	c.Projects = []config.Project{o.entry.Project(project.Path)}
	s := &setup{program: &quiet, project: project.Path, config: &c, client: client, theirs: project, propose: true, pins: []string{o.entry.File}}
	head, err := client.Head(ctx, project.ID, project.DefaultBranch)
	if err != nil {
		return false, err
	}
	s.head = head.SHA
	if err := s.look(ctx); err != nil || s.found.own {
		return false, err
	}
	s.written = s.keys()
	var failed error
	err = journal.Beside{Store: o.runner.Store, File: o.runner.Audit, Project: project.Path, Now: time.Now}.Do(ctx,
		store.AuditEntry{Action: "onboard", Target: onboarding, Why: "discover", After: []string{config.OwnFile}},
		func(ctx context.Context) journal.Outcome {
			if failed = s.proposal(ctx); failed != nil {
				return journal.Outcome{Result: strings.TrimSpace(sentence(failed))}
			}
			return journal.Outcome{Result: journal.Done}
		})
	if err == nil {
		err = failed
	}
	o.asked[project.Path] = err == nil
	return err == nil, err
}

// developerAccess is GitLab's number for the role that may push a branch.
const developerAccess = 30

// onboard offers pinwheel where an entry of discover asks for that.
func (s *service) onboard(ctx context.Context, at *current, entry int, lacking []gitlab.Project) {
	d := at.config.Discover[entry]
	if !d.Onboard || len(lacking) == 0 {
		return
	}
	if s.offered == nil {
		s.offered = map[string]bool{}
	}
	o := &onboarder{program: s.program, config: at.config, runner: at.runner, entry: d, asked: s.offered}
	for _, text := range o.offer(ctx, lacking) {
		s.log.Warn("discovery", "err", printable(text))
	}
}
