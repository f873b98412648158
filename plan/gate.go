package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// This file has the tests that an update has to pass: gates, the pipelines that
// run for them, and what these say.

// PipelineSpec describes a pipeline that pinwheel starts, in the one form in which
// a configuration does. The texts of inputs and variables are templates, see
// [PipelineSpec.Fill].
type PipelineSpec struct {
	Project   string // its path
	Ref       string // the name of a branch or a tag of it
	Inputs    []Input
	Variables []Variable
	Like      Like
}

// Variable is one of a pipeline.
type Variable struct{ Name, Value string }

// Like names an earlier pipeline whose variables a new one begins with: the newest
// one that passed on a ref. The zero value names none.
type Like struct {
	Ref  string
	Drop []string // variables that are not taken over
}

// Gate is a pipeline that an update has to pass.
type Gate struct {
	At       string // where it is written, "pinwheel.yaml:31"
	Name     string
	Pipeline PipelineSpec
	Baseline bool          // the same pipeline runs on the commit that the update stands on
	Required bool          // nothing is merged before it passed, and its merge request is a draft until it shows there
	Timeout  time.Duration // from its start
	Retries  int           // how often a failed job is run again before it counts
}

// The words of templates.
const (
	WordSHA      = "sha"
	WordBranch   = "branch"
	WordMR       = "mr"
	WordCloneURL = "clone_url"
	WordProject  = "project"
	WordPackages = "packages"
)

// templateWords are all of them, in the order in which messages list them.
var templateWords = []string{WordSHA, WordBranch, WordMR, WordCloneURL, WordProject, WordPackages}

var templateWord = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// CheckTemplate is an error where a text has a word in braces that is none of a
// template's. Braces around anything else stand for themselves.
func CheckTemplate(text string) error {
	for _, m := range templateWord.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(templateWords, m[1]) {
			return fmt.Errorf("{%s} is not a word of a template: write {%s}", m[1], strings.Join(templateWords, "}, {"))
		}
	}
	return nil
}

// Fill gives the templates of a description their words. A word that is not given
// becomes nothing.
func (p PipelineSpec) Fill(words map[string]string) PipelineSpec {
	fill := func(text string) string {
		return templateWord.ReplaceAllStringFunc(text, func(word string) string {
			if inner := word[1 : len(word)-1]; slices.Contains(templateWords, inner) {
				return words[inner]
			}
			return word
		})
	}
	p.Inputs, p.Variables = slices.Clone(p.Inputs), slices.Clone(p.Variables)
	for i, in := range p.Inputs {
		if s, ok := in.Value.(string); ok {
			p.Inputs[i].Value = fill(s)
		}
	}
	for i, v := range p.Variables {
		p.Variables[i].Value = fill(v.Value)
	}
	return p
}

// OperationInput is the input that carries the operation of a pipeline, and
// OperationVariable the variable that does where it takes variables: a project that
// puts one of them into workflow:name lets its pipelines be found again.
const (
	OperationInput    = "operation_id"
	OperationVariable = "PINWHEEL_OPERATION"
)

// Operation names the one pipeline that a gate of a project starts for a commit:
// the same gate and commit have the same name, in every process and without a
// database. A gate whose pipeline is described in another way is another one.
func (g Gate) Operation(project int64, commit string) string {
	spec, _ := json.Marshal(g.Pipeline) // texts, numbers and booleans: it cannot fail
	h := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s\n%s", project, g.Name, commit, spec))
	return "pinwheel-" + hex.EncodeToString(h[:8])
}

// StatusName is what the gate is called as a commit status.
func (g Gate) StatusName() string { return StatusPrefix + g.Name }

// StatusPrefix begins the names of our commit statuses.
const StatusPrefix = "pinwheel/"

// GateRun is a pipeline that was started or found for a gate.
type GateRun struct {
	Operation string
	Gate      string
	Commit    string // that it tests
	Project   int64  // that it runs in
	ID        int64
	URL       string
	Result    Result // Unsettled while it runs
	Started   time.Time
	Updated   time.Time // as its project told last
	Named     bool      // its name shows the operation
	Jobs      []GateJob // of a settled one, by name
	// Kind and Onto are known of a merge request's own: what it runs on, and of a merged
	// result the head of the target with which the merge was made.
	Kind PipelineKind
	Onto string
}

// GateJob is a job of a run, with all its attempts.
type GateJob struct {
	Name     string
	ID       int64  // of the newest attempt
	Result   Result // of that one
	Attempts int
	Failures int  // attempts that failed
	MayFail  bool // it does not make its pipeline fail
	Active   bool // the newest attempt is under way
	// Once says that it is not run again: it is manual, has an environment, or
	// starts another pipeline, or GitLab refused to run it again.
	Once bool
}

// GateStatus is the commit status in which a head shows a gate.
type GateStatus struct {
	Head     string
	Gate     string
	State    StatusState
	Pipeline int64 // that it hangs on, 0 if it hangs on none
}

// Shown names what a status shows where: one gate on one head.
func (s GateStatus) Shown() string { return s.Gate + " on " + s.Head }

// StatusState is GitLab's word for a commit status.
type StatusState string

// The states that pinwheel writes.
const (
	StatusPending  StatusState = "pending"
	StatusRunning  StatusState = "running"
	StatusSuccess  StatusState = "success"
	StatusFailed   StatusState = "failed"
	StatusCanceled StatusState = "canceled"
)

// GateState is how a gate stands, in the words in which every reader is told.
type GateState string

// The states. The first two wait for something.
const (
	GateWaiting    GateState = "not run"
	GateRunning    GateState = "running"
	GatePassed     GateState = "passed"
	GateFlaky      GateState = "flaky"
	GateEverywhere GateState = "failed everywhere"
	GateRegressed  GateState = "regressed"
	GateTimedOut   GateState = "timed out"
)

// GateVerdict is what a gate says of a head.
type GateVerdict struct {
	Gate     string
	Required bool
	State    GateState
	Why      Reason
	Jobs     []JudgedJob // those that did not simply pass, by name
	URL      string      // of the pipeline, empty if there is none
	Main     string      // of the one that it is compared with
	// Head is the commit that it is about, and Base the one of the default branch
	// that this one stands on: what passed, passed for this head on this base.
	Head, Base string
	// ID is the pipeline's number, and Kind what one of the merge request's own runs on.
	ID   int64
	Kind PipelineKind
}

// JudgedJob is a job of a gate that failed at least once.
type JudgedJob struct {
	Name     string `json:"name"`
	Result   Result `json:"result"`
	Main     Result `json:"default_branch,omitempty"` // Unsettled where it is not known
	Attempts int    `json:"attempts"`
	Failures int    `json:"failures"`
}

// Passes reports whether a verdict lets an update through.
func (v GateVerdict) Passes() bool {
	return v.State == GatePassed || v.State == GateFlaky || v.State == GateEverywhere
}

// Waits reports whether the gate runs, is in line or is about to start, so that a verdict
// comes without anybody doing anything.
func (v GateVerdict) Waits() bool {
	if v.State == GateRunning {
		return true
	}
	_, inLine := v.Why.(GateInLine)
	_, starts := v.Why.(GateStarts)
	_, awaited := v.Why.(GateAwaited)
	return inLine || starts || awaited
}

// Gated reports whether every required gate passed for a head on a base. It is true for an
// update without gates.
func (u Update) Gated(head, base string) bool {
	return !slices.ContainsFunc(u.Gates, func(v GateVerdict) bool {
		return v.Required && !v.PassedFor(head, base)
	})
}

// PassedFor reports whether a verdict lets an update through with this head on this
// base, and no other.
func (v GateVerdict) PassedFor(head, base string) bool {
	return v.Passes() && v.Head == head && v.Base == base
}

// GuardPrefix begins the title of a merge request that we keep a draft. It is not
// the one that GitLab's button writes, so that what a person made a draft stays one.
const GuardPrefix = "[Draft] "

// Guarded reports whether we keep a merge request a draft.
func (m MergeRequest) Guarded() bool { return strings.HasPrefix(m.Title, GuardPrefix) }

var draftTitle = regexp.MustCompile(`(?i)^\s*(\[draft\]|\(draft\)|draft:)`)

// IsDraft reports whether a title makes its merge request a draft.
func IsDraft(title string) bool { return draftTitle.MatchString(title) }

// SortGateRuns puts runs in the one order in which they are kept.
func SortGateRuns(runs []GateRun) {
	slices.SortFunc(runs, func(a, b GateRun) int { return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.ID, b.ID)) })
}

// GateMemory is what a project's runs keep of gates. A lost one is read again.
type GateMemory struct {
	Runs     []GateRun // in SortGateRuns's order
	Statuses []GateStatus
	Projects map[string]int64 // the numbers of projects in which pipelines run, by path
	Seen     time.Time        // how far their lists were read
}

// Retried returns the run after one of its jobs was run again. If GitLab refused that, the
// job is never run again.
func (r GateRun) Retried(job GateJob, again bool) GateRun {
	if again {
		r.Result, r.Updated = Unsettled, time.Time{}
		return r
	}
	r.Jobs = slices.Clone(r.Jobs)
	for i := range r.Jobs {
		r.Jobs[i].Once = r.Jobs[i].Once || r.Jobs[i].ID == job.ID
	}
	return r
}
