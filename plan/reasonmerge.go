package plan

import (
	"fmt"
	"time"
)

// This file has the reasons why an open merge request is not merged by pinwheel yet,
// one for each condition.

// Why it is not merged yet.
type (
	// MergeNotOf: the policy does not merge such a step of a member.
	MergeNotOf struct {
		Package string `json:"package"`
		Step    Kind   `json:"step"`
		Rule    string `json:"rule,omitempty"` // that says so; empty: merge.kinds
	}
	// MergeFrozen: nothing is merged in a freeze.
	MergeFrozen struct {
		Until time.Time `json:"until,omitzero"`
	}
	// MergeOpens: its window for merging is shut.
	MergeOpens struct {
		At time.Time `json:"at,omitzero"` // zero: it never opens
	}
	// MergeAges: its version has not stood there long enough.
	MergeAges struct {
		From time.Time `json:"from"`
	}
	// MergeUnread: what GitLab says of it could not be read.
	MergeUnread struct {
		Says string `json:"says"`
	}
	// MergeMayNot: our user may not merge into the target.
	MergeMayNot struct {
		Target string `json:"target"`
	}
	// MergeOpenedBy: somebody else opened the merge request.
	MergeOpenedBy struct {
		By string `json:"by"`
	}
	// MergeMethodDiffers: the project merges in another way than merge.method says.
	MergeMethodDiffers struct {
		Wanted MergeMethod `json:"wanted"`
		Is     MergeMethod `json:"is"`
	}
	// MergeInexact: merge commits may stand on another head than the one that was
	// tested, and the policy does not accept that.
	MergeInexact struct{}
	// MergeUntested: no pipeline that counts passed on its head.
	MergeUntested struct {
		Result Result `json:"result,omitempty"`
	}
	// MergeUngated: a gate that it has to pass has not passed.
	MergeUngated struct {
		Gate  string `json:"gate"`
		Waits bool   `json:"waits,omitempty"` // its verdict comes by itself
	}
	// MergeStatus: GitLab does not merge it now.
	MergeStatus struct {
		Status string `json:"status"`
	}
	// MergeBehind: the default branch went on since it was tested.
	MergeBehind struct {
		DefaultBranch string `json:"default_branch"`
	}
	// MergeTurn: another one is merged before it.
	MergeTurn struct {
		After int64 `json:"after"`
	}
	// MergeUnclear: a comment of somebody who may asks for something that cannot be read, so
	// that they can say it again before the next run.
	MergeUnclear struct{}
	// MergeUnderWay: GitLab is at work on its merge, or may be.
	MergeUnderWay struct{}
	// MergesNow: all holds.
	MergesNow struct{}
)

func (MergeNotOf) Kind() ReasonKind         { return "merge-not-of" }
func (MergeFrozen) Kind() ReasonKind        { return "merge-frozen" }
func (MergeOpens) Kind() ReasonKind         { return "merge-opens" }
func (MergeAges) Kind() ReasonKind          { return "merge-ages" }
func (MergeUnread) Kind() ReasonKind        { return "merge-unread" }
func (MergeMayNot) Kind() ReasonKind        { return "merge-may-not" }
func (MergeOpenedBy) Kind() ReasonKind      { return "merge-opened-by" }
func (MergeMethodDiffers) Kind() ReasonKind { return "merge-method-differs" }
func (MergeInexact) Kind() ReasonKind       { return "merge-inexact" }
func (MergeUngated) Kind() ReasonKind       { return "merge-ungated" }
func (MergeUntested) Kind() ReasonKind      { return "merge-untested" }
func (MergeStatus) Kind() ReasonKind        { return "merge-status" }
func (MergeBehind) Kind() ReasonKind        { return "merge-behind" }
func (MergeTurn) Kind() ReasonKind          { return "merge-turn" }
func (MergeUnclear) Kind() ReasonKind       { return "merge-unclear" }
func (MergeUnderWay) Kind() ReasonKind      { return "merge-under-way" }
func (MergesNow) Kind() ReasonKind          { return "merges-now" }

func (r MergeNotOf) words(v voice) string {
	by := v.code("merge.kinds") + " has no such step"
	if r.Rule != "" {
		by = v.code(r.Rule) + " says so"
	}
	return fmt.Sprintf("Left to people to merge: %s is a %s step, and %s", v.safe(r.Package), r.Step, by)
}
func (r MergeFrozen) words(voice) string {
	if r.Until.IsZero() {
		return "Not merged by pinwheel during the freeze"
	}
	return "Not merged by pinwheel during the freeze, until " + Minute(r.Until)
}
func (r MergeOpens) words(v voice) string {
	if r.At.IsZero() {
		return "Not merged by pinwheel: the window of " + v.code("merge") + " never opens"
	}
	return "Merged by pinwheel when the window of " + v.code("merge") + " opens, " + opening(r.At)
}
func (r MergeAges) words(v voice) string {
	return "Merged by pinwheel from " + Minute(r.From) + " on (" + v.code("merge.after") + ")"
}
func (r MergeUnread) words(voice) string {
	return "Not merged by pinwheel for now, since GitLab could not be asked: " + r.Says
}
func (r MergeMayNot) words(v voice) string { return joined(r.sentences(v)) }
func (r MergeMayNot) sentences(v voice) []string {
	return []string{
		"Not merged by pinwheel: its user may not merge into " + v.safe(r.Target),
		"Let its role do so in Settings > Repository > Protected branches",
	}
}
func (r MergeOpenedBy) words(v voice) string {
	return "Left to people to merge: " + v.code(r.By) + " opened it, and pinwheel merges what it opened itself"
}
func (r MergeMethodDiffers) words(v voice) string {
	return fmt.Sprintf("Not merged by pinwheel: the project merges by %s, and %s asks for %s", v.safe(string(r.Is)), v.code("merge.method"), v.code(string(r.Wanted)))
}
func (r MergeInexact) words(v voice) string { return joined(r.sentences(v)) }
func (MergeInexact) sentences(v voice) []string {
	return []string{
		"Not merged by pinwheel: the project makes merge commits, which may stand on a newer commit than the one that was tested",
		"Merge by fast-forward there, or accept that with " + v.code("merge.stale: accept"),
	}
}
func (r MergeUntested) words(voice) string {
	switch r.Result {
	case Failed:
		return "Not merged by pinwheel, since its pipeline failed"
	case Canceled, Skipped:
		return "Not merged by pinwheel, since its pipeline was " + string(r.Result)
	case None:
		return "Merged by pinwheel once a pipeline passed on its head; there is none"
	case Unsettled, Passed:
	}
	return "Merged by pinwheel once its pipeline passed"
}
func (r MergeUngated) words(v voice) string {
	if r.Gate == OwnGate {
		return "Merged by pinwheel once its own pipeline passed"
	}
	if r.Waits {
		return "Merged by pinwheel once gate " + v.code(r.Gate) + " passed"
	}
	return "Not merged by pinwheel, since gate " + v.code(r.Gate) + " has not passed"
}
func (r MergeStatus) words(v voice) string {
	if text, known := statusWords[r.Status]; known {
		return "Merged by pinwheel once " + text
	}
	return "Merged by pinwheel once GitLab says that it is mergeable, in place of " + v.safe(r.Status)
}
func (r MergeBehind) words(v voice) string {
	return fmt.Sprintf("Merged by pinwheel once it was tested on the newest %s", v.safe(r.DefaultBranch))
}
func (r MergeTurn) words(v voice) string {
	return fmt.Sprintf("Merged by pinwheel after %s: it is tested on what that leaves first", v.mr(r.After))
}
func (MergeUnclear) words(voice) string {
	return "Not merged by pinwheel for now, since a comment asks for something that it cannot read"
}
func (MergeUnderWay) words(voice) string {
	return "GitLab is at work on its merge, so pinwheel changes nothing of it"
}
func (MergesNow) words(voice) string { return "The next run merges it" }

// statusWords is what each detailed_merge_status waits for, after "once".
// https://docs.gitlab.com/api/merge_requests/#merge-status
var statusWords = map[string]string{
	"approvals_syncing":              "GitLab has counted its approvals",
	"checking":                       "GitLab has looked for conflicts",
	"unchecked":                      "GitLab has looked for conflicts",
	"preparing":                      "GitLab has prepared it",
	"ci_must_pass":                   "a pipeline of its head passed, which the project asks for",
	"ci_still_running":               "its pipeline ended",
	"commits_status":                 "it has commits",
	"conflict":                       "it has no conflict",
	"discussions_not_resolved":       "its threads are resolved",
	"draft_status":                   "it is no draft",
	"jira_association_missing":       "its title or text names a Jira issue, which the project asks for",
	"locked_lfs_files":               "its LFS files are not locked",
	"locked_paths":                   "its paths are not locked",
	"merge_request_blocked":          "the merge requests that block it are merged",
	"merge_time":                     "the time has come before which GitLab does not merge it",
	"need_rebase":                    "it stands on the newest head of its target",
	"not_approved":                   "it has the approvals that the project asks for",
	"not_open":                       "it is open",
	"requested_changes":              "the changes that a reviewer asked for are made",
	"security_policy_pipeline_check": "the pipelines that a security policy asks for passed",
	"security_policy_violations":     "no security policy is violated",
	"status_checks_must_pass":        "the external status checks passed",
	"external_status_checks":         "the external status checks passed",
	"title_regex":                    "its title is as the project asks for",
	"broken_status":                  "it has no conflict",
	"blocked_status":                 "the merge requests that block it are merged",
	"policies_denied":                "no policy denies it",
}
