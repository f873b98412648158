package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// tries bounds how often a repository is read again because its policy changed
// while it was read.
const tries = 3

// observeRepository reads merge requests, branches and dashboard, and settles the one
// commit of the default branch at which all that decides is read: the branch's head
// after the merge requests were listed, so that one seen as merged is in it. Nothing is
// read at a name, which a tag may have too. The project's own policy is assumed to be
// as the last run found it; where the one at that commit asks for other merge requests
// or another dashboard, all is read again. Where there is something to judge on the
// dashboard, merge requests and branches are read again after it, so that what a tick
// asks for is not done a second time when another process just did it.
func (r *observer) observeRepository(parent context.Context, operators config.Project) (dashboard.Activity, error) {
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(parent)
	defer func() { stop(); group.Wait() }()
	for range tries {
		lists := ask(ctx, &group, r.lists(r.snap.Project.ID))
		var rights *answer[rights]
		if r.rightsDue() {
			rights = r.askRights(ctx, &group)
		}
		board := ask(ctx, &group, r.dashboardAside())
		same, err := r.settle(ctx, operators, lists)
		if err != nil {
			if lacking := r.observeRights(ctx, rights); lacking != nil {
				return dashboard.Activity{}, lacking // which says why
			}
			return dashboard.Activity{}, err
		}
		if !same {
			continue
		}
		side, err := board.get()
		if err == nil && side.board.news {
			r.forget()
			same, err = r.settle(ctx, operators, ask(ctx, &group, r.lists(r.snap.Project.ID)))
		}
		if err != nil {
			return dashboard.Activity{}, err
		}
		if !same {
			continue
		}
		if err := r.observeRights(ctx, rights); err != nil {
			return dashboard.Activity{}, err
		}
		r.join(side.run)
		r.board, r.snap.Samples = side.board, side.snap.Samples
		r.observePushers(ctx)
		return side.activity, nil
	}
	return dashboard.Activity{}, fmt.Errorf("%s of %s changed again and again while it was read: the next run reads it anew", config.OwnFile, r.snap.Project.Path)
}

// settle takes over the lists and the policy at the head they tell. It reports whether
// the policy asks for what was read; where it does not, that is dropped.
func (r *observer) settle(ctx context.Context, operators config.Project, asked *answer[lists]) (same bool, err error) {
	if err := r.observeLists(ctx, asked); err != nil {
		return false, err
	}
	assumed := r.project.Policy
	if err := r.observePolicy(operators); err != nil {
		return false, err
	}
	p := r.project.Policy
	if same = p.BranchPrefix == assumed.BranchPrefix && p.Dashboard == assumed.Dashboard; !same {
		r.forget()
	}
	return same, nil
}

// forget drops what was read of merge requests and branches.
func (r *observer) forget() {
	r.snap.MergeRequests, r.snap.Branches, r.proven = nil, nil, nil
	r.targets, r.partings = map[string]string{}, map[string]time.Time{}
}

// observeLists takes over the lists of merge requests, reads the branches after them,
// and at the head that those tell the files.
func (r *observer) observeLists(ctx context.Context, asked *answer[lists]) (err error) {
	if r.listed, err = asked.get(); err != nil {
		return err
	}
	branches, head, err := r.listBranches(ctx)
	if err != nil {
		return err
	}
	r.snap.Project.Head = head
	r.readFiles(ctx, head, pathsOf(r.project.Policy))
	if err := r.observeMergeRequests(ctx); err != nil {
		return err
	}
	return r.observeBranches(ctx, branches)
}

// looked is what a reading of the dashboard beside others found.
type looked struct {
	*observer
	activity dashboard.Activity
}

// dashboardAside returns what reads the dashboard and changes nothing here.
func (r *observer) dashboardAside() func(context.Context) (looked, error) {
	side := *r
	side.run = r.aside()
	return func(ctx context.Context) (looked, error) {
		return looked{&side, side.observeDashboard(ctx)}, nil
	}
}

// assume follows the policy as the last run found it.
func (r *observer) assume(operators config.Project) {
	if f, known := r.files.ByPath[config.OwnFile]; known && !f.Absent {
		r.overlayPolicy(operators, f.Data)
		return
	}
	r.follow(operators)
}

// observePolicy follows the policy at the commit of the run.
func (r *observer) observePolicy(operators config.Project) error {
	f, err := r.files.file(config.OwnFile)
	if err != nil {
		return err
	}
	if f.Absent {
		r.follow(operators)
		r.snap.Own = plan.OwnPolicy{}
		return nil
	}
	r.overlayPolicy(operators, f.Data)
	return nil
}

// overlayPolicy lays the project's own file over what the operator says of it. While
// that file is broken the operator's word counts for where the dashboard is, and
// nothing else is written.
func (r *observer) overlayPolicy(operators config.Project, data []byte) {
	own, keys, err := operators.Own(data)
	r.snap.Own = plan.OwnPolicy{Path: config.OwnFile, Keys: keys}
	if err != nil {
		r.snap.Own.Problems = policyProblems(err)
		own = operators
	}
	r.follow(own)
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
