package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// run is what every step of one run works with. None of it changes but the list of
// what failed. The steps hand over what they found: observe returns an observation,
// decide is asked for a plan of it, apply takes both and returns what came of them,
// and report takes all of that.
type run struct {
	*Runner
	now      *plan.Instant
	journal  *journal.Journal // nil where nothing is going to be written
	heard    *heard
	log      *slog.Logger
	looking  bool     // nothing is going to be written
	failures []string // one sentence each
}

func (r *run) fail(sentence string) { r.failures = append(r.failures, sentence) }

// observation is what a run read of the world, with what speaks to it as the
// project's policy says. Effects are entered into a copy, see applied.
type observation struct {
	project config.Project // with the policy that counts
	gitlab  *mrs.Client    // nil where no GitLab is asked
	indexes *indexReader   // reads what decisions find missing
	memory  store.Memory
	snap    plan.Snapshot
	board   board
	ticks   ticks
	proven  []store.Branch // heads that are proven ours and not recorded yet
	blocked bool           // the project cannot be read, and only its dashboard is written
	own     []byte         // the project's own policy file, nil for none
	before  before
}

// before is what the store held of a project when its run began.
type before struct {
	memory        store.Memory
	mergeRequests []plan.MergeRequest
}

// observer makes an observation, and keeps what it has asked GitLab meanwhile.
type observer struct {
	*run
	observation
	pushers  map[int64]plan.MergeRequest // as they were known before this run, for who pushed to them
	partings map[string]time.Time        // when branches and the default one had their last commit in common
	news     news                        // what was read of pipelines
	targets  map[string]string           // heads of branches beside the default one, "" for none
}

func (r *run) newObserver(project config.Project) *observer {
	o := &observer{
		run: r, targets: map[string]string{}, partings: map[string]time.Time{}, pushers: map[int64]plan.MergeRequest{},
		observation: observation{
			project: project,
			snap:    plan.Snapshot{Now: r.now.Asking(), Former: r.FormerUsers, Failures: map[string]string{}, GateFailures: map[string]string{}, Approved: map[int64]bool{}, Mergeable: map[int64]plan.Mergeable{}},
			ticks:   ticks{states: map[string]store.SelectionState{}},
		},
	}
	o.follow(project)
	return o
}

// follow takes over a policy, and makes what reads and writes as it says.
func (r *observer) follow(project config.Project) {
	r.project, r.snap.Policy = project, project.Policy
	r.indexes = r.newIndexReader(project.Policy)
	r.snap.Packages, r.snap.Metadata = r.indexes.packages, r.indexes.releases
	if r.GitLab != nil {
		r.gitlab = mrs.New(r.GitLab, mrs.Options{BranchPrefix: project.Policy.BranchPrefix, FormerUsers: r.FormerUsers})
	}
}

// observe reads a project and what indexes say of its pins.
func (r *run) observe(ctx context.Context, project config.Project) (observation, error) {
	o := r.newObserver(project)
	err := o.observe(ctx)
	return o.observation, err
}

// observeLocal reads what indexes say of the pins of files that were read from disk,
// without any GitLab.
func (r *run) observeLocal(ctx context.Context, project config.Project, files []plan.File) (observation, error) {
	o := r.newObserver(project)
	o.gitlab = nil
	o.snap.Files, o.snap.Local = files, true
	o.snap.Project = plan.Project{Path: project.Path, DefaultBranch: "main"}
	err := o.observeIndex(ctx)
	return o.observation, err
}

// observe reads the project: GitLab first, merge requests before the head of
// the default branch, so that one seen as merged is in the files read after.
func (r *observer) observe(ctx context.Context) error {
	var err error
	if r.memory, err = r.Store.ProjectMemory(ctx, r.project.Path); err != nil {
		return fmt.Errorf("read what earlier runs of %s noted: %w", r.project.Path, err)
	}
	r.before.memory = r.memory
	r.snap.Attended = r.memory.Attended
	r.snap.Shown = dashboard.Shown(r.memory.DashboardBody)
	bot, err := r.GitLab.Whoami(ctx)
	if err != nil {
		return err
	}
	project, err := r.GitLab.Project(ctx, r.project.Path, r.memory.ID)
	if err != nil {
		return err
	}
	r.snap.Bot, r.snap.Project = plan.User(bot), mrs.ProjectOf(project)
	if r.memory.ID == 0 {
		r.memory.ID, r.memory.Path = r.snap.Project.ID, r.project.Path
	}
	if r.snap.Gaps = mrs.Blocks(r.snap.Project, r.snap.Bot, r.project.Policy.Mode == plan.Full); len(r.snap.Gaps) > 0 {
		r.blocked, r.board.untold = true, true
		return r.observeTicks(ctx, r.observeDashboard(ctx))
	}
	activity, err := r.observeRepository(ctx)
	if err != nil {
		return err
	}
	r.observePipelines(ctx)
	r.observeMerges(ctx)
	r.observeGates(ctx)
	if err := r.observeFiles(ctx); err != nil {
		return err
	}
	if err := r.observeIndex(ctx); err != nil {
		return err
	}
	return r.observeTicks(ctx, activity)
}

// observeIndex reads the roots, the page of every pinned name, and what is stored
// of the releases' metadata. What else a decision needs it asks for.
func (r *observer) observeIndex(ctx context.Context) error {
	if err := r.observeRoots(ctx); err != nil {
		return err
	}
	if err := r.indexes.readPinned(ctx, r.snap.Files); err != nil {
		return err
	}
	return r.indexes.readUnpinned(ctx, r.snap)
}

func (r *observer) observeFiles(ctx context.Context) error {
	files, err := r.filesAt(ctx, r.snap.Project.Head)
	if err != nil {
		return err
	}
	r.snap.Files = files
	return r.observeBases(ctx)
}

// filesAt reads the constraints files and their twins at a commit.
func (r *observer) filesAt(ctx context.Context, sha string) (out []plan.File, err error) {
	id := r.snap.Project.ID
	for _, policy := range r.project.Policy.Files {
		f := plan.File{Path: policy.Path}
		data, found, err := r.GitLab.File(ctx, id, policy.Path, sha)
		if err != nil {
			return nil, err
		}
		f.Data, f.Absent = data, !found
		if d := policy.Derived; d != nil {
			data, found, err := r.GitLab.File(ctx, id, d.Path, sha)
			if err != nil {
				return nil, err
			}
			f.Derived = &plan.DerivedFile{Path: d.Path, Data: data, Absent: !found}
		}
		out = append(out, f)
	}
	return out, nil
}
