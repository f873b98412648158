package mrs

import (
	"fmt"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// Order is an action with its texts finished, made by [Render]. The zero value is
// refused.
type Order struct {
	action plan.Action
	opened texts    // of the merge request that is opened or edited
	reopen texts    // of the closed one that is opened again in place of a new one
	note   string   // that says why it is closed
	owned  []string // files whose owners are asked for a review
}

// texts are the title, on one line, and our region of the description of a merge
// request. A title that is empty stays as it is.
type texts struct{ title, body string }

// Render finishes the title and description that an action writes, and the note with
// which it closes, before anything is done.
// The same action and view give the same texts.
func Render(a plan.Action, v BodyView) Order {
	o := Order{action: a}
	switch a := a.(type) {
	case plan.OpenMergeRequest:
		title := a.Update.Title
		switch {
		case a.Draft:
			title = "Draft: " + title
		case a.Guard:
			title = plan.GuardPrefix + title
		}
		if a.CodeOwners {
			o.owned = touched(a.Update.Moves, v.Files)
		}
		if a.Reopen != 0 {
			o.reopen.body = Body(a.Update, v)
			if a.Retitle {
				o.reopen.title = oneLine(a.Update.Title)
			}
			a.Update.Follows = a.Reopen // a new one follows the one that GitLab does not open again
		}
		o.opened = texts{oneLine(title), Body(a.Update, v)}
	case plan.EditMergeRequest:
		o.opened.title = oneLine(a.Title)
		if !a.Keep {
			o.opened.body = Body(a.Update, v)
		}
	case plan.CloseMergeRequest:
		if o.note = text.Prose(a.Reason, 1000); a.By != 0 {
			o.note += fmt.Sprintf(" See !%d.", a.By)
		}
	case plan.NoteMergeRequest:
		if o.note = ended(a.Ended); a.Reply != nil {
			o.note = replyNote(*a.Reply)
		}
	case plan.CommitBranch, plan.KeepCommits, plan.AskForTests, plan.DeleteBranch, plan.Merge,
		plan.StartGate, plan.RetryJob, plan.SetStatus, plan.GuardMergeRequest:
		// A commit has its message, and a note of commits names what is read then.
	}
	return o
}
