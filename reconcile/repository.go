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

// observeRepository reads merge requests, branches and dashboard, and chooses the one commit
// of the default branch at which everything that decides is read: the head of the branch
// after the merge requests were listed, so that it contains each one that was seen as
// merged. Nothing is read by a name, since a tag may have the same name.
//
// It assumes the project's own policy as the last run found it. If the policy at that commit
// asks for other merge requests or another dashboard, it reads all again. If there is
// something to judge on the dashboard, it reads merge requests and branches again after it.
// Otherwise it could do what a tick asks for a second time after another process did it.
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
		if err := r.joined(ctx, side, rights); err != nil {
			return dashboard.Activity{}, err
		}
		return side.activity, nil
	}
	return dashboard.Activity{}, fmt.Errorf("%s of %s changed again and again while it was read: the next run reads it anew", config.OwnFile, r.snap.Project.Path)
}

// joined takes over the dashboard that was read beside everything else, and reads what
// depends on both.
func (r *observer) joined(ctx context.Context, side looked, rights *answer[rights]) error {
	if err := r.observeRights(ctx, rights); err != nil {
		return err
	}
	r.join(side.run)
	r.board, r.snap.Samples = side.board, side.snap.Samples
	if err := r.observePredecessor(ctx); err != nil {
		return err
	}
	r.observeRival()
	r.observePushers(ctx)
	return nil
}

// settle takes over the lists, the head and the policy at that head. It reports whether the
// policy asks for what was read. If it does not, settle drops what was read.
func (r *observer) settle(ctx context.Context, operators config.Project, asked *answer[lists]) (same bool, err error) {
	if err := r.observeLists(ctx, asked); err != nil {
		return false, err
	}
	assumed := r.project.Policy
	if err := r.observePolicy(ctx, operators); err != nil {
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

// observeLists takes over the lists of merge requests, then reads the branches, and then
// the files at the head of the default branch.
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

// looked is what reading the dashboard found, while other things were read.
type looked struct {
	*observer
	activity dashboard.Activity
}

// dashboardAside returns a function that reads the dashboard. It works on a copy of the
// observer, so it may run beside everything else.
func (r *observer) dashboardAside() func(context.Context) (looked, error) {
	side := *r
	side.run = r.aside()
	return func(ctx context.Context) (looked, error) {
		return looked{&side, side.observeDashboard(ctx)}, nil
	}
}

// assume follows the policy as the last run found it.
func (r *observer) assume(operators config.Project) {
	switch f, known := r.files.ByPath[config.OwnFile]; {
	case known && !f.Absent:
		r.overlayPolicy(operators, f.Data)
	case known && operators.Policy.From == plan.FromRenovate:
		r.borrowPolicy(operators)
	default:
		r.follow(operators)
	}
}

// observePolicy follows the policy at the commit of the run.
func (r *observer) observePolicy(ctx context.Context, operators config.Project) error {
	for _, path := range ownPaths(operators.Policy) {
		if _, err := r.files.file(path); err != nil {
			return err
		}
	}
	switch f := r.files.ByPath[config.OwnFile]; {
	case !f.Absent:
		r.overlayPolicy(operators, f.Data)
	case operators.Policy.From == plan.FromRenovate:
		r.readPresets(ctx, operators)
		r.borrowPolicy(operators)
	default:
		r.follow(operators)
		r.snap.Own = plan.OwnPolicy{}
	}
	return nil
}

// overlayPolicy merges the project's own file into the operator's policy for it. While that
// file is broken, the operator's policy says where the dashboard is, and only that is
// written.
func (r *observer) overlayPolicy(operators config.Project, data []byte) {
	own, keys, err := operators.Own(data)
	r.snap.Own = plan.OwnPolicy{Path: config.OwnFile, Text: string(data), Keys: keys}
	if err != nil {
		r.snap.Own.Problems = policyProblems(config.OwnFile, err)
		own = operators
	}
	r.follow(own)
}

// maxProblems bounds how many mistakes of one file the dashboard tells.
const maxProblems = 5

func policyProblems(file string, err error) []plan.Problem {
	var all config.Errors
	if !errors.As(err, &all) {
		return []plan.Problem{{File: file, Text: err.Error(), Stopping: true}}
	}
	var out []plan.Problem
	for i, e := range all {
		if i == maxProblems {
			out = append(out, plan.Problem{File: file, Text: fmt.Sprintf("and %d more mistakes", len(all)-i), Stopping: true})
			break
		}
		said := e.Text
		if e.Key != "" {
			said = "`" + e.Key + "`: " + said
		}
		out = append(out, plan.Problem{File: file, Line: e.Line, Text: said, Stopping: true})
	}
	return out
}
