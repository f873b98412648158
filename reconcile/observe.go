package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// task is what every step of a run works with. None of it changes but the list of
// what failed.
type task struct {
	*Runner
	now      time.Time
	journal  *journal.Journal // nil where nothing is going to be written
	log      *slog.Logger
	looking  bool     // nothing is going to be written
	failures []string // one sentence each
}

func (r *task) fail(sentence string) { r.failures = append(r.failures, sentence) }

// run is one run in the making.
type run struct {
	*task
	project config.Project
	gitlab  *mrs.Client
	reader  *indexReader

	memory     store.Memory
	snap       plan.Snapshot
	issue      *dashboard.Issue
	found      dashboard.FindResult
	page       dashboard.Page
	blocked    bool           // the project cannot be read, and only its dashboard is written
	lastNote   int64          // the newest note that was there when the boxes were judged
	witnessed  time.Time      // a change of the dashboard that a comment explains
	edited     bool           // a person did something on the dashboard since then
	untold     bool           // who ticked could not be read: new ticks wait for the next run
	refused    []plan.Request // of earlier runs, still to be shown
	withdrawn  []string       // branches whose request a person took back
	undone     []plan.Tick    // taken back before anybody judged them
	unverified []replaced
	states     map[string]store.SelectionState // of ticks, as the audit knows them
	wrote      int
	proven     []store.Branch              // heads that are proven ours and not recorded yet
	pushers    map[int64]plan.MergeRequest // as they were known before this run, for who pushed to them
	partings   map[string]time.Time        // when branches and the default one had their last commit in common
	targets    map[string]string           // heads of branches beside the default one, "" for none
	left       mark
	reserved   int // of the budget over all projects, and not spent yet
}

// overlap is how far back the list of updated merge requests is read again,
// so that a stale list or a clock that is off loses none.
const overlap = 24 * time.Hour

// observe reads the project: GitLab first, merge requests before the head of
// the default branch, so that one seen as merged is in the files read after.
func (r *run) observe(ctx context.Context) error {
	var err error
	if r.memory, err = r.Store.ProjectMemory(ctx, r.project.Path); err != nil {
		return fmt.Errorf("read what earlier runs of %s noted: %w", r.project.Path, err)
	}
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
		r.blocked, r.untold = true, true
		return r.observeTicks(ctx, r.observeDashboard(ctx))
	}
	activity, err := r.observeRepository(ctx)
	if err != nil {
		return err
	}
	r.observePipelines(ctx)
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
func (r *run) observeIndex(ctx context.Context) error {
	if err := r.observeRoots(ctx); err != nil {
		return err
	}
	r.reader = r.newIndexReader(r.project.Policy)
	r.snap.Packages, r.snap.Metadata = r.reader.packages, r.reader.releases
	if err := r.reader.readPinned(ctx, r.snap.Files); err != nil {
		return err
	}
	return r.reader.readUnpinned(ctx, r.snap)
}

// view is what descriptions show beyond their updates.
func (r *run) view() mrs.BodyView {
	policy := r.project.Policy
	return mrs.BodyView{
		Closing: policy.Closing, Refresh: policy.Refresh, RuledAges: slices.ContainsFunc(policy.Rules, func(rule plan.Rule) bool { return rule.HasAge }),
		Files: policy.Files, Zone: policy.Window.Zone(), MinimumAge: policy.MinimumAge,
		Pythons: policy.Pythons, Platforms: policy.Platforms, Roots: rootNames(policy.Roots), Dashboard: r.memory.DashboardIID, ProjectID: r.memory.ID,
		Home: r.snap.Project.WebURL,
	}
}

func (r *run) observeMergeRequests(ctx context.Context) error {
	id := r.snap.Project.ID
	open, err := r.gitlab.OpenMergeRequests(ctx, id)
	if err != nil {
		return err
	}
	since := r.memory.MergeRequestsSeen
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	updated, err := r.gitlab.UpdatedMergeRequests(ctx, id, since)
	if err != nil {
		return err
	}
	stored, err := r.Store.MergeRequests(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the merge requests of %s from the store: %w", r.project.Path, err)
	}
	all := map[int64]plan.MergeRequest{}
	for _, mr := range stored {
		all[mr.IID] = mr
		r.pushers[mr.IID] = mr
	}
	seen := map[int64]bool{}
	for _, mr := range append(updated, open...) {
		all[mr.IID], seen[mr.IID] = mr, true
	}
	for iid, mr := range all {
		if mr.State != plan.Opened || seen[iid] {
			continue
		}
		// Open by our records and in no list: only its own page tells.
		fresh, err := r.gitlab.MergeRequest(ctx, id, iid)
		if errors.Is(err, gitlab.ErrNotFound) {
			delete(all, iid)
			continue
		}
		if err != nil {
			return err
		}
		all[iid] = fresh
	}
	for _, mr := range all {
		if mr, err = r.elsewhere(ctx, mr); err != nil {
			return err
		}
		r.snap.MergeRequests = append(r.snap.MergeRequests, mr)
	}
	sort.Slice(r.snap.MergeRequests, func(i, j int) bool { return r.snap.MergeRequests[i].IID < r.snap.MergeRequests[j].IID })
	return nil
}

// elsewhere says of a merge request into another branch than the default one
// whether that branch is gone, as after a rename, and of a merged one whether the
// default branch has it all the same.
func (r *run) elsewhere(ctx context.Context, mr plan.MergeRequest) (plan.MergeRequest, error) {
	mr.TargetGone, mr.Landed = false, false
	merged := mr.State == plan.Merged && (mr.Switched() || mr.Note.Target == "")
	if mr.Target == r.snap.Project.DefaultBranch || mr.State != plan.Opened && !merged {
		return mr, nil
	}
	at, err := r.target(ctx, mr.Target)
	if err != nil {
		return mr, err
	}
	mr.TargetGone = at == ""
	if merged && mr.TargetGone {
		mr.Landed = true // a branch that gets another name keeps its history
	}
	if merged && at != "" && mr.Switched() {
		parted, err := r.parted(ctx, mr.Target, at)
		if err != nil {
			return mr, err
		}
		mr.Landed = !parted.Before(mr.MergedAt.Add(-mergeTakes))
	}
	return mr, nil
}

// mergeTakes is how long after its commit GitLab may call a merge request merged.
const mergeTakes = 2 * time.Minute

// parted is when a branch, at a head, and the default one had their last commit in
// common, the zero time for never. It is asked once in a run.
func (r *run) parted(ctx context.Context, branch, at string) (time.Time, error) {
	if when, known := r.partings[branch]; known {
		return when, nil
	}
	when, err := r.gitlab.Parted(ctx, r.snap.Project.ID, at, r.snap.Project.Head)
	if err == nil {
		r.partings[branch] = when
	}
	return when, err
}

// target is the head of a branch that is not the default one, "" where it is not
// there. Each is read once in a run.
func (r *run) target(ctx context.Context, branch string) (string, error) {
	if at, known := r.targets[branch]; known {
		return at, nil
	}
	at, err := r.gitlab.Head(ctx, r.snap.Project.ID, branch)
	if gitlab.Missing(err) {
		at, err = "", nil
	}
	if err == nil {
		r.targets[branch] = at
	}
	return at, err
}

// observeBranches lists our prefix with the head of the default branch, and proves what it can: a head that we
// recorded needs no reading, one with our trailers is read once.
func (r *run) observeBranches(ctx context.Context) (head string, err error) {
	id := r.snap.Project.ID
	var branches []plan.Branch
	branches, head, err = r.gitlab.Branches(ctx, id, r.project.Policy.BranchPrefix, r.snap.Project.DefaultBranch)
	if err == nil && head == "" { // the list lacks it: this says why
		head, err = r.gitlab.Head(ctx, id, r.snap.Project.DefaultBranch)
	}
	if err != nil {
		return "", err
	}
	known, err := r.Store.Branches(ctx, r.project.Path)
	if err != nil {
		return "", fmt.Errorf("read the branches of %s from the store: %w", r.project.Path, err)
	}
	for i := range branches {
		b := &branches[i]
		if k, ok := known[b.Name]; ok && k.Head == b.Head.SHA {
			b.Known, b.Digest, b.Head.Message, b.Asked = true, k.Digest, k.Message, k.Asked == k.Head
			continue
		}
		if *b, err = r.gitlab.Prove(ctx, id, r.snap.Bot, *b, r.goesInto(b.Name, head)...); err != nil {
			return "", err
		}
		if t, ours := b.Ours(plan.UsOf(r.snap.Bot, r.FormerUsers)); ours {
			r.proven = append(r.proven, store.Branch{Name: b.Name, Head: b.Head.SHA, Digest: b.Digest, Base: t.Base, Message: b.Head.Message, WrittenAt: t.At})
		}
	}
	sort.Slice(branches, func(i, j int) bool { return branches[i].Name < branches[j].Name })
	r.snap.Branches = branches
	r.observePushers(ctx)
	return head, nil
}

// observePushers reads who pushed to the branches of open merge requests that
// are not ours: the author of a commit may be anybody. It is read once for each
// head; where it cannot be read nobody is named.
func (r *run) observePushers(ctx context.Context) {
	us := plan.UsOf(r.snap.Bot, r.FormerUsers)
	heads := map[string]string{}
	for _, b := range r.snap.Branches {
		if _, ours := b.Ours(us); !ours {
			heads[b.Name] = b.Head.SHA
		}
	}
	for i := range r.snap.MergeRequests {
		m := &r.snap.MergeRequests[i]
		head := heads[m.Branch]
		if m.State != plan.Opened || head == "" {
			continue
		}
		if old, known := r.pushers[m.IID]; known && old.PusherOf == head {
			m.Pusher, m.PusherOf = old.Pusher, head
			continue
		}
		who, err := r.gitlab.Pusher(ctx, r.snap.Project.ID, m.IID, r.snap.Bot)
		if err != nil {
			r.fail("who pushed to a branch could not be read: " + explain(err))
			continue
		}
		m.Pusher, m.PusherOf = who, head
	}
}

// goesInto are the heads of the branches that a branch of ours goes into: the
// default one, and where its merge request names another.
func (r *run) goesInto(branch, head string) []string {
	out := []string{head}
	for _, m := range r.snap.MergeRequests {
		if at := r.targets[m.Target]; m.Branch == branch && at != "" && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

func (r *run) observeFiles(ctx context.Context) error {
	p := &r.snap.Project
	for _, policy := range r.project.Policy.Files {
		f := plan.File{Path: policy.Path}
		data, found, err := r.GitLab.File(ctx, p.ID, policy.Path, p.Head)
		if err != nil {
			return err
		}
		f.Data, f.Absent = data, !found
		if d := policy.Derived; d != nil {
			data, found, err := r.GitLab.File(ctx, p.ID, d.Path, p.Head)
			if err != nil {
				return err
			}
			f.Derived = &plan.DerivedFile{Path: d.Path, Data: data, Absent: !found}
		}
		r.snap.Files = append(r.snap.Files, f)
	}
	return nil
}
