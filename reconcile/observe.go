package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
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
	journal  *journal.Journal // nil if nothing is going to be written
	heard    *heard
	notes    *notesReader
	log      *slog.Logger
	looking  bool          // nothing is going to be written
	pause    *plan.Problem // an operator paused the project; nil: it is not paused
	failures []string      // one sentence each
}

func (r *run) fail(sentence string) { r.failures = append(r.failures, sentence) }

// observation is what a run read of the world, with the clients that the project's policy
// asks for. Effects are entered into a copy, see applied.
type observation struct {
	project config.Project // with the policy that counts
	gitlab  *mrs.Client    // nil if no GitLab is asked
	indexes *indexReader   // reads what decisions find missing
	memory  store.Memory
	snap    plan.Snapshot
	board   board
	ticks   ticks
	proven  []store.Branch // heads that are proven ours and not recorded yet
	files   files          // of the one commit at which all that decides is read
	blocked bool           // the project cannot be read, and only its dashboard is written
	before  before
}

// before is what the store held of a project when its run began.
type before struct {
	memory        store.Memory
	mergeRequests []plan.MergeRequest
}

// observer makes an observation. It also has what it needs of GitLab only for that.
type observer struct {
	*run
	observation
	listed   lists
	pushers  map[int64]plan.MergeRequest // as they were known before this run, for who pushed to them
	partings map[string]time.Time        // when branches and the default one had their last commit in common
	news     news                        // what was read of pipelines
	targets  map[string]string           // heads of branches beside the default one, "" for none
	presets  map[string]presetRead       // of Renovate's, as this run read them
}

func (r *run) newObserver(project config.Project) *observer {
	o := &observer{
		run: r, targets: map[string]string{}, partings: map[string]time.Time{}, pushers: map[int64]plan.MergeRequest{},
		observation: observation{
			project: project,
			snap:    plan.Snapshot{Now: r.now.Asking(), Former: r.FormerUsers, Failures: map[string]string{}, GateFailures: map[string]string{}, Approved: map[int64]bool{}, Mergeable: map[int64]plan.Mergeable{}, Unheard: map[int64]string{}},
			ticks:   ticks{states: map[string]store.SelectionState{}},
		},
	}
	o.follow(project)
	return o
}

// follow takes over a policy, and makes the clients that it asks for.
func (r *observer) follow(project config.Project) {
	r.project, r.snap.Policy = project, project.Policy
	r.indexes = r.newIndexReader(project.Policy)
	r.snap.Packages, r.snap.Metadata = r.indexes.packages, r.indexes.releases
	if r.GitLab != nil {
		r.gitlab = mrs.New(r.GitLab, mrs.Options{BranchPrefix: project.Policy.BranchPrefix, FormerUsers: r.formers()})
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

// observe reads the project, in waves, and then the indexes.
func (r *observer) observe(parent context.Context) error {
	var err error
	if r.memory, err = r.Store.ProjectMemory(parent, r.project.Path); err != nil {
		return fmt.Errorf("read what earlier runs of %s noted: %w", r.project.Path, err)
	}
	if err := r.leaveOther(parent); err != nil {
		return err
	}
	if r.files.Files, err = r.Store.Files(parent, r.project.Path); err != nil {
		return err
	}
	if r.listed.stored, err = r.Store.MergeRequests(parent, r.project.Path); err != nil {
		return fmt.Errorf("read the merge requests of %s from the store: %w", r.project.Path, err)
	}
	r.before = before{memory: r.memory, mergeRequests: r.listed.stored}
	r.snap.Attended, r.snap.Former = r.memory.Attended, r.formers()
	r.snap.Shown = dashboard.Shown(r.memory.DashboardBody)
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(parent)
	defer func() { stop(); group.Wait() }()

	operators := r.project
	r.assume(operators)
	bot := ask(ctx, &group, r.GitLab.Whoami)
	project := ask(ctx, &group, func(ctx context.Context) (gitlab.Project, error) {
		return r.GitLab.Project(ctx, operators.Path, r.memory.ID)
	})
	user, err := bot.get()
	if err != nil {
		return err
	}
	found, err := project.get()
	if err != nil {
		return err
	}
	r.snap.Bot, r.snap.Project = plan.User(user), mrs.ProjectOf(found)
	if r.memory.ID == 0 {
		r.memory.ID, r.memory.Path = r.snap.Project.ID, r.project.Path
	}
	r.snap.Gaps = mrs.Blocks(r.snap.Project, r.snap.Bot, operators.Policy.Mode == plan.Full)
	if r.pause != nil {
		r.snap.Gaps = append(r.snap.Gaps, *r.pause)
	}
	if len(r.snap.Gaps) > 0 {
		r.follow(operators)
		r.snap.Own = plan.OwnPolicy{}
		r.blocked, r.board.untold = true, true
		return r.observeBlocked(ctx)
	}
	activity, err := r.observeRepository(ctx, operators)
	if err != nil {
		return err
	}
	r.noteStands()
	r.observeAnswers(ctx)
	r.observePipelines(ctx)
	r.observeMerges(ctx)
	r.observeAltered(ctx)
	r.observeGates(ctx)
	if err := r.observeFiles(ctx); err != nil {
		return err
	}
	r.observeOthers(ctx)
	if err := r.observeIndex(ctx); err != nil {
		return err
	}
	return r.observeTicks(ctx, activity)
}

// leaveOther forgets what is stored of the project on another GitLab, where the same numbers mean something else.
func (r *observer) leaveOther(ctx context.Context) error {
	_, here, _ := strings.Cut(r.GitLab.URL(), "://")
	if r.memory.GitLab != "" && r.memory.GitLab != here {
		if err := r.Store.Leave(ctx, r.project.Path); err != nil {
			return err
		}
		r.memory = store.Memory{Path: r.memory.Path}
	}
	r.memory.GitLab = here
	return nil
}

// observeIndex reads the roots, the page of every pinned name, and what is stored
// of the releases' metadata. What else a decision needs it asks for.
func (r *observer) observeIndex(ctx context.Context) error {
	if err := r.observeRoots(ctx); err != nil {
		return err
	}
	before, err := r.Store.PagesBefore(ctx, r.project.Path)
	if err != nil {
		return err
	}
	r.indexes.expect(before)
	r.GiveWay(ctx)
	if err := r.indexes.readPinned(ctx, r.snap.Files); err != nil {
		return err
	}
	return r.indexes.readUnpinned(ctx, r.snap)
}
