package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// ActionKind names an effect on GitLab in journals, logs and JSON. Databases hold
// these words, so none is ever renamed.
type ActionKind string

// The kinds of actions, and of what a run writes beside a plan's actions.
const (
	KindCommitBranch      ActionKind = "CommitBranch"
	KindOpenMergeRequest  ActionKind = "OpenMergeRequest"
	KindEditMergeRequest  ActionKind = "EditMergeRequest"
	KindCloseMergeRequest ActionKind = "CloseMergeRequest"
	KindDeleteBranch      ActionKind = "DeleteBranch"
	KindKeepCommits       ActionKind = "KeepCommits"
	KindAskForTests       ActionKind = "AskForTests"
	KindNoteMergeRequest  ActionKind = "NoteMergeRequest"
	KindMerge             ActionKind = "Merge"

	KindStartGate         ActionKind = "StartGate"
	KindRetryJob          ActionKind = "RetryJob"
	KindSetStatus         ActionKind = "SetStatus"
	KindGuardMergeRequest ActionKind = "GuardMergeRequest"

	KindBotComment ActionKind = "BotComment"
	KindStartTest  ActionKind = "StartTest"
	KindCancelTest ActionKind = "CancelTest"

	KindKeepReplaced     ActionKind = "KeepReplaced"
	KindCreateDashboard  ActionKind = "CreateDashboard"
	KindEditDashboard    ActionKind = "EditDashboard"
	KindCommentDashboard ActionKind = "CommentDashboard"
	KindCloseDashboard   ActionKind = "CloseDashboard"

	KindMoveProduction   ActionKind = "MoveProduction"
	KindRecordDeployment ActionKind = "RecordDeployment"
	KindWriteSet         ActionKind = "WriteSet"
)

// Fact is what is written down of an effect before it happens.
type Fact struct {
	Kind   ActionKind
	On     string   // the branch or the issue that it changes
	Target string   // On, with the merge request's number where that is known
	Who    string   // the username of whoever asked for it; empty when nobody did
	Why    string   // a word such as window or forced, or a sentence
	Before []string // pins, heads, states: what is there
	After  []string // what is there afterwards
	Detail string   // what distinguishes two effects of one kind on the same target: a digest, a head or a reason
}

// Target is what an effect is on, with the merge request's number: "branch !12".
func Target(on string, iid int64) string { return fmt.Sprintf("%s !%d", on, iid) }

// ParseTarget gives the two of a target again; 0 if it has no number.
func ParseTarget(target string) (on string, iid int64) {
	on, number, found := strings.Cut(target, " !")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return target, 0
	}
	return on, n
}
