package bot

import (
	"gitlab.com/cki-project/pinwheel/plan"
)

// Plan is what a round decides: the facts that it has to read, or what it does, in this order. Then
// it decides again on the new state.
type Plan struct {
	Needs   []Need
	Actions []Action
	// Tests are all known tests of open merge requests, for printing.
	Tests []Shows
	Notes []string // for the operator, a sentence each
}

// Shows is a test of a merge request.
type Shows struct {
	IID int64
	Entry
}

// Action is one effect on GitLab. The set is sealed.
//
//sumtype:decl
type Action interface {
	Fact() plan.Fact
	of() int64
}

// WriteComment writes our comment on a merge request, or changes its text. Asks are the operations
// of the tests that it adds.
type WriteComment struct {
	IID     int64
	Comment int64 // its number, 0 if there is none yet
	Body    string
	Asks    []string
	Who     string // the first person whose tests it adds
}

// StartTest starts the pipeline of a test in our comment. Careful says that an earlier round may
// have started it.
type StartTest struct {
	IID       int64
	Entry     Entry
	Operation string
	Spec      plan.PipelineSpec
	Careful   bool
}

// CancelTest cancels a pipeline of ours.
type CancelTest struct {
	IID       int64
	Entry     Entry
	Operation string
	Who       string
}

// ShowStatus shows a test as a commit status of the head, on the head's pipeline.
type ShowStatus struct {
	IID    int64
	Status HeadStatus
	URL    string
	Text   string
}

func (a WriteComment) of() int64 { return a.IID }
func (a StartTest) of() int64    { return a.IID }
func (a CancelTest) of() int64   { return a.IID }
func (a ShowStatus) of() int64   { return a.IID }

// Of is the number of the merge request that an action is for.
func Of(a Action) int64 { return a.of() }

// Fact is what is written down of it.
func (a WriteComment) Fact() plan.Fact {
	f := plan.Fact{Kind: plan.KindBotComment, On: "bot", Target: plan.Target("bot", a.IID), Who: a.Who}
	if len(a.Asks) > 0 {
		f.Why, f.After = "asked", a.Asks
	}
	return f
}

// Fact is what is written down of it.
func (a StartTest) Fact() plan.Fact {
	return plan.Fact{Kind: plan.KindStartTest, On: "bot", Target: plan.Target("bot", a.IID), Who: a.Entry.By, Why: "asked",
		After: []string{"pipeline " + a.Entry.Pipeline + " with " + a.Entry.Commit}, Detail: a.Operation}
}

// Fact is what is written down of it.
func (a CancelTest) Fact() plan.Fact {
	return plan.Fact{Kind: plan.KindCancelTest, On: "bot", Target: plan.Target("bot", a.IID), Who: a.Who, Why: "asked",
		Before: []string{"pipeline " + a.Entry.Pipeline + " with " + a.Entry.Commit}, Detail: a.Operation}
}

// Fact is what is written down of it.
func (a ShowStatus) Fact() plan.Fact {
	return plan.Fact{Kind: plan.KindSetStatus, On: "bot", Target: plan.Target("bot", a.IID), After: []string{StatusPrefix + a.Status.Pipeline + " " + string(a.Status.State)},
		Detail: a.Status.SHA}
}

// StatusPrefix begins the names of the commit statuses of tests.
const StatusPrefix = "pinwheel-bot/"
