package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file has what a merge request says of itself first.

// Readiness is whether people can merge a merge request, by facts that last: it
// follows no state that GitLab goes through by itself. The zero value says nothing.
type Readiness struct {
	Base string // the commit of the default branch that it stands on, its first characters
	// Tests is how the pipeline of the head ended; Unsettled and None are one here.
	Tests Result
	Gates GatesAre // the required ones
	// Wants is the detailed_merge_status that is in the way of a merge, as it was read
	// last; empty if none is or that is not known.
	Wants string
	Stuck Stuckness
}

// GatesAre is how the required gates of a merge request stand together.
type GatesAre string

// The standings of required gates.
const (
	GatesNone   GatesAre = ""
	GatesPassed GatesAre = "passed"
	GatesWait   GatesAre = "wait"
	GatesFailed GatesAre = "failed"
)

// Stuckness is what keeps a merge request from being ready, beside its tests.
type Stuckness string

// The ways.
const (
	StuckNot      Stuckness = ""
	StuckClash    Stuckness = "clash"  // it does not fit the default branch any more
	StuckApart    Stuckness = "apart"  // a batch whose parts are tested
	StuckUntested Stuckness = "off"    // CI/CD is off in its project
	StuckBlind    Stuckness = "unread" // the token may not read pipelines
)

// shortSHA is how many characters of a commit a readiness has.
const shortSHA = 8

// ShortSHA is the beginning of a commit's name.
func ShortSHA(sha string) string { return sha[:min(len(sha), shortSHA)] }

// Mark is the form of a readiness in a marker; empty for the zero value.
func (r Readiness) Mark() string {
	if r == (Readiness{}) {
		return ""
	}
	return strings.Join([]string{r.Base, string(r.Tests), string(r.Gates), r.Wants, string(r.Stuck)}, ",")
}

// ParseReadiness reads what Mark wrote. People may have edited it: what is in no form of
// ours is the zero value, and a status that is none that lasts is left out.
func ParseReadiness(mark string) Readiness {
	f := strings.Split(mark, ",")
	if len(f) != 5 {
		return Readiness{}
	}
	r := Readiness{Base: f[0], Tests: Result(f[1]), Gates: GatesAre(f[2]), Wants: f[3], Stuck: Stuckness(f[4])}
	if !slices.Contains([]Result{Unsettled, Passed, Failed, Canceled, Skipped}, r.Tests) {
		r.Tests = Unsettled
	}
	if r.Wants != "" && MergeWants(r.Wants) == "" {
		r.Wants = ""
	}
	return r
}

// Lasting is what a readiness keeps of a detailed_merge_status that was just read, and
// of what it had before. A status that GitLab goes through by itself, one that pinwheel
// acts on, and one that is not known change nothing.
func Lasting(status, before string) string {
	switch {
	case status == StatusMergeable:
		return ""
	case MergeWants(status) != "":
		return status
	}
	return before
}

// MergeWants says, in a clause, what a detailed_merge_status that lasts until people do
// something waits for; empty for every other one.
// One that is not approved may have behind a colon how many approvals it lacks.
func MergeWants(status string) string {
	status, lacks, counted := strings.Cut(status, ":")
	if n, err := strconv.Atoi(lacks); counted && status == statusNotApproved && err == nil && n > 0 && n < 100 {
		if n == 1 {
			return "needs one approval"
		}
		return fmt.Sprintf("needs %d approvals", n)
	}
	if counted {
		return ""
	}
	return lastingStatus[status]
}

const statusNotApproved = "not_approved"

// Wants is the status that a readiness keeps, with the number of approvals that lack.
func (m Mergeable) Wants() string {
	if m.Status == statusNotApproved && m.Approvals > 0 {
		return fmt.Sprintf("%s:%d", statusNotApproved, m.Approvals)
	}
	return m.Status
}

// lastingStatus has the statuses that only people or settings end. Not among them are
// those that GitLab goes through by itself (checking, preparing, pipelines that run),
// need_rebase, which follows the default branch, and not_open.
// https://docs.gitlab.com/api/merge_requests/#merge-status
var lastingStatus = map[string]string{
	"commits_status":             "has no commits",
	"conflict":                   "has a conflict",
	"broken_status":              "has a conflict",
	"discussions_not_resolved":   "has open threads",
	"draft_status":               "is a draft",
	"jira_association_missing":   "has to name a Jira issue",
	"locked_lfs_files":           "has LFS files that are locked",
	"locked_paths":               "has paths that are locked",
	"merge_request_blocked":      "waits for merge requests that block it",
	"blocked_status":             "waits for merge requests that block it",
	"merge_time":                 "waits for the time that was set for its merge",
	statusNotApproved:            "needs approval",
	"requested_changes":          "needs changes that a reviewer asked for",
	"security_policy_violations": "violates a security policy",
	"policies_denied":            "violates a policy",
	"status_checks_must_pass":    "needs external checks to pass",
	"external_status_checks":     "needs external checks to pass",
	"title_regex":                "has a title that the project does not take",
}
