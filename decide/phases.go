package decide

import (
	"time"

	"gitlab.com/cki-project/pinwheel/decide/solve"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// A decision is made in phases. Each has a type, which holds what the phase works
// out and embeds the phase before it: what a method may use are the phases up to
// its own, and a search that asked for a state would not compile. So the types say
// in which order things are known:
//
//	scene      the snapshot, GitLab's side of it by branch
//	windows    what is open now
//	pins       the files, and every pin as a slot
//	facts      what the index tells of every slot, and what releases require
//	searcher   where each package can go
//	hunting    which groups are red, and what was found out of them
//	joiner     which wishes go together as one set
//	offering   an offer for every set, and for every wish that is held back
//	holding    what branches and merge requests hold, beside what is offered
//	judging    the state of every offer, with nobody asking for anything
//	queueing   who asked, who opens now, and what the others wait for
//	acting     the actions
//	decider    what the plan says of pins, and its notes
//
// Of one update the same holds: see offer, standing and draft.

// scene is what the snapshot says, and the plan as far as it was made.
type scene struct {
	s     *plan.Snapshot
	now   *plan.Instant // never s.Now: what depends on time is to be known
	zone  *time.Location
	world world
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

// facts is what the indexes tell.
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
	repairs []solve.Repair // what can be done about conflicts of the pins as they are
	lacking []solve.Need   // facts to judge files with added lines
}

// hunting says how far red batches are taken apart.
type hunting struct {
	searcher
	hunts map[string]*hunt // by branch
}

// joiner joins wishes into sets, and says why a wish is in none.
type joiner struct {
	hunting
	against []map[string]plan.Reason // for each slot: version -> why no set takes it
	lacks   map[*goal]*culprit       // what a goal needs that was proven to break tests
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
	asks []plan.Need // approvals that matter
}

// queueing judges the ticks and gives out the places.
type queueing struct {
	judging
	line int // updates that wait for a place in a window that is open
}

// acting turns what was decided into actions.
type acting struct{ queueing }

// decider is one decision in the making, with all its phases.
type decider struct{ acting }

// offer is an update as the packages alone allow it.
type offer struct {
	plan.Update
	form      plan.TitleForm
	of, joins string           // branch and name of the group that would have it, for one on its own
	slots     []int            // into pins.slots, one for each step that was wanted
	versions  []pep440.Version // where each of these goes
	want      []plan.Move      // the moves it would make, whatever its branch holds now
	wantLines []plan.LineChange
	wantAlong []plan.LineChange
	held      plan.State  // why it cannot be offered now: incompatible or not-checked
	heldFor   plan.Reason // the reason
	stale     bool        // its index did not answer
	young     bool
	parts     plan.Parts // of a batch: what it is made of
	repairs   string     // of a twin's: its generated title
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
	// unexplained is an open merge request without an update, until it is judged;
	// one that a person took over is not.
	unexplained bool
}

// draft is an update while it is judged: what is done with it, and why. Its State
// and its Reason are those of plan.Update.
type draft struct {
	standing
	refused *refusal
	forced  *plan.Tick
	do      Do
	ends    plan.Reason // why its merge request closes
	by      int64       // the merge request that takes its place, 0 for none
	// bisecting says that it is a batch whose parts are tested.
	bisecting bool
	merging   merging // what comes of merging an open one that stays
	// placeless says that an open one takes no place, and placeUntil from when on;
	// zero for never.
	placeless  bool
	placeUntil time.Time
	gates      []plan.Gate   // that it has to pass
	starts     []plan.Action // pipelines of them that start now
	retries    []plan.Action // and their jobs that are run again
	because    string        // why it is rebuilt, and asker for whom
	asker      string
	tested     string // by what one that is merged was tested, and on which commit
	testedOn   string
	mergeWhy   plan.Reason // what merging it waits for; nil where nobody decided about that
}
