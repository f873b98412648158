package decide

import (
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// A decision is made in phases. Each phase has a type, which holds what the phase works out and
// embeds the phase before it. So a method can use only the phases up to its own: a search that used
// a state would not compile. The types say in which order things are known:

// scene is what the snapshot says, and the plan as far as it is made.
type scene struct {
	s     *plan.Snapshot
	now   *plan.Instant // in place of s.Now, since it records which instants a decision depends on
	zone  *time.Location
	world world
	words answers               // in words, on merge requests
	split map[string]*plan.Tick // branches of groups that are taken apart
	plan  plan.Plan
}

// windows says what is open now.
type windows struct {
	scene
	views    map[string]plan.WindowView // of rules' windows
	caughtUp bool                       // the policy's window went by without a run and is made up for
}

// pins are the files and their pins.
type pins struct {
	windows
	files   []plan.ParsedFile
	slots   []slot
	ofKey   map[string][]int  // slots by package, once asked for
	spelled map[string]string // normalised name -> as the first file writes it
	envs    []environment
}

// facts is what the indexes say.
type facts struct {
	pins
	judge    *judge
	outcomes []outcome // of each slot
	loose
}

// searcher finds where each package can go.
type searcher struct {
	facts
	memory  *Memory
	solver  *solve.Solver
	wishes  []*goal        // all of them
	left    []*goal        // slots that cannot go with the others of their package
	repairs []solve.Repair // that end conflicts of the pins as they are
	lacking []solve.Need   // facts to judge files with added lines
}

// hunting says how far each red batch is taken apart.
type hunting struct {
	searcher
	hunts map[string]*hunt // by branch
}

// joiner joins wishes into sets, and says why a wish is in none.
type joiner struct {
	hunting
	against []map[string]plan.Reason // for each slot: why no set takes a version
	lacks   map[*goal]*culprit       // what was proven to break tests and a goal needs
}

// offering makes an offer of every set and every wish.
type offering struct {
	joiner
	drafts []*draft
}

// holding compares what branches hold with what is offered.
type holding struct {
	offering
	reverts []*revert
}

// judging gives every offer its state.
type judging struct {
	holding
	approvals []plan.Need // that matter for a decision and are not known
}

// queueing judges the ticks and decides which updates open.
type queueing struct {
	judging
	line int // how many updates wait in line although their window is open
}

// acting turns what was decided into actions.
type acting struct{ queueing }

// decider is one decision in the making, with all its phases.
type decider struct{ acting }

// offer is an update as the packages alone permit it.
type offer struct {
	plan.Update
	form      plan.TitleForm
	of, joins string           // branch and name of the group that it does not join yet
	slots     []int            // into pins.slots, one for each move that was wanted
	versions  []pep440.Version // the version to which each of these moves
	want      []plan.Move      // the moves it would make, whatever its branch holds now
	wantLines []plan.LineChange
	wantAlong []plan.LineChange
	held      plan.State  // why it cannot be offered now: incompatible or not-checked
	heldFor   plan.Reason // the reason
	stale     bool        // its index did not answer
	young     bool
	parts     plan.Parts // of a batch: what it is made of
	repairs   string     // of an update of derived files: its generated title
}

// standing is an offer with what GitLab holds of it.
type standing struct {
	offer
	branch   *plan.Branch
	trailer  plan.Trailers
	ours     bool
	mr       *plan.MergeRequest
	handling handling
	clash    plan.Requires // what Update.Clash says
	// unexplained says that no update explains the open merge request, until it is judged. One that
	// a person took over is not unexplained.
	unexplained bool
}

// draft is an update that is being judged: what is done with it, and why. Its State and Reason are
// those of plan.Update.
type draft struct {
	standing
	refused *refusal
	forced  *plan.Tick
	do      Do
	ends    plan.Reason // why its merge request closes
	by      int64       // the merge request that replaces it, 0 for none
	// bisecting says that it is a batch whose parts are tested.
	bisecting bool
	merging   merging // whether merging an open one that stays conflicts
	// placeless says that an open one does not count for the limit of open merge requests, and
	// placeUntil from which instant on it does not; the zero instant is never.
	placeless  bool
	placeUntil time.Time
	gates      []plan.Gate   // that an open one has to pass
	starts     []plan.Action // pipelines of gates that start now
	retries    []plan.Action // their jobs that run again
	because    string        // why it is rebuilt; asker is who asked for that
	asker      string
	tested     string // what permits its merge, and with which commit it was tested
	testedOn   string
	mergeWhy   plan.Reason // what merging it waits for; nil if merging was not considered
}
