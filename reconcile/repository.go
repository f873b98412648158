package reconcile

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// tries bounds how often a repository is read again because its policy changed
// while it was read.
const tries = 3

// observeRepository reads policy, dashboard, merge requests and branches, and
// settles the one commit of the default branch at which all that decides is read:
// the branch's head after the merge requests were, so that one seen as merged is
// in it. Nothing is read at a name, which a tag may have too. Was the policy
// another one at that commit, all is read again.
func (r *observer) observeRepository(ctx context.Context) (dashboard.Activity, error) {
	p := &r.snap.Project
	first, err := r.GitLab.Head(ctx, p.ID, p.DefaultBranch)
	if err != nil {
		return dashboard.Activity{}, err
	}
	p.Head = first.SHA
	operators := r.project
	for range tries {
		r.follow(operators)
		r.snap.Own, r.snap.MergeRequests, r.proven, r.own = plan.OwnPolicy{}, nil, nil, nil
		policy, err := r.observePolicy(ctx)
		if err != nil {
			return dashboard.Activity{}, err
		}
		if err := r.observeRights(ctx); err != nil {
			return dashboard.Activity{}, err
		}
		activity := r.observeDashboard(ctx)
		if err := r.observeMergeRequests(ctx); err != nil {
			return dashboard.Activity{}, err
		}
		head, err := r.observeBranches(ctx)
		if err != nil {
			return dashboard.Activity{}, err
		}
		if head == p.Head {
			return activity, nil
		}
		p.Head = head
		again, _, err := r.GitLab.File(ctx, p.ID, config.OwnFile, head)
		if err != nil {
			return dashboard.Activity{}, err
		}
		if bytes.Equal(again, policy) {
			return activity, nil
		}
	}
	return dashboard.Activity{}, fmt.Errorf("%s of %s changed again and again while it was read: the next run reads it anew", config.OwnFile, p.Path)
}

// observePolicy lays the project's own file, if it has one, over what the
// operator says of it, and returns its text. While that file is broken the
// operator's word counts for where the dashboard is, and nothing else is written.
func (r *observer) observePolicy(ctx context.Context) ([]byte, error) {
	p := r.snap.Project
	data, found, err := r.GitLab.File(ctx, p.ID, config.OwnFile, p.Head)
	if err != nil || !found {
		return nil, err
	}
	r.own = data
	own, keys, err := r.project.Own(data)
	r.snap.Own = plan.OwnPolicy{Path: config.OwnFile, Keys: keys}
	if err != nil {
		r.snap.Own.Problems = policyProblems(err)
		return data, nil
	}
	r.follow(own)
	return data, nil
}

// maxProblems bounds how many mistakes of one file the dashboard tells.
const maxProblems = 5

func policyProblems(err error) []plan.Problem {
	var all config.Errors
	if !errors.As(err, &all) {
		return []plan.Problem{{File: config.OwnFile, Text: err.Error(), Stopping: true}}
	}
	var out []plan.Problem
	for i, e := range all {
		if i == maxProblems {
			out = append(out, plan.Problem{File: config.OwnFile, Text: fmt.Sprintf("and %d more mistakes", len(all)-i), Stopping: true})
			break
		}
		said := e.Text
		if e.Key != "" {
			said = "`" + e.Key + "`: " + said
		}
		out = append(out, plan.Problem{File: config.OwnFile, Line: e.Line, Text: said, Stopping: true})
	}
	return out
}
