package mrs

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// describeNote is what GitLab writes below a merge request when its description changed.
var describeNote = regexp.MustCompile(`^(?:changed the description\b|marked the (?:checklist item|task) )`)

// record is what GitLab's notes tell of a merge request, newest first.
type record struct {
	whole     bool // all of its notes were read
	pushed    bool // somebody pushed since it was opened
	byUs      bool // our user pushed last, and what it pushed is the head
	described bool // a person changed its description
}

// Vouched reports whether GitLab's own record bears out who asked for the head of an open
// merge request, which is that of branch b, as the trailers of that head say. Whoever may
// push can write a trailer, but what our user pushed we wrote: a head that GitLab's newest
// note of a push lists, if that is our user's, and one with which our user opened the merge
// request. If somebody else pushed, as the rebase button does, our marker in the description
// has to say the same, and no person may have changed the description.
// https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
func (c *Client) Vouched(ctx context.Context, g Grounds, mr plan.MergeRequest, b plan.Branch) (bool, error) {
	r, err := c.record(ctx, g, mr.IID, b.Head.SHA)
	if err != nil || r.byUs {
		return r.byUs, err
	}
	n := mr.Note
	t, _ := plan.ParseTrailers(b.Head.Message)
	switch same := n.Present && n.Why == t.Why && n.By == t.By && n.Request == t.Request; {
	case !same || !r.whole:
		return false, nil
	case !r.described:
		return true, nil
	case r.pushed || !c.isUs(g.Bot, mr.Author):
		return false, nil
	}
	// A person changed the description, as a box in it does. No push is told, but one to a
	// closed merge request is not either.
	versions, err := c.versions(ctx, g.Project, mr.IID)
	return err == nil && (len(versions) == 0 || versions[len(versions)-1] == b.Head.SHA), err
}

func (c *Client) record(ctx context.Context, g Grounds, iid int64, head string) (r record, err error) {
	short := head[:min(len(head), 8)] // as GitLab's note lists it
	r.whole, err = c.gl.Notes(ctx, thread(g.Project, iid), gitlab.NoteQuery{Pages: pushPages}, func(n gitlab.Note) bool {
		us := c.isUs(g.Bot, plan.User(n.Author))
		switch {
		case !n.System:
		case pushNote.MatchString(n.Body):
			if !r.pushed {
				r.pushed, r.byUs = true, us && short != "" && strings.Contains(n.Body, short) // a note may be late
			}
		case describeNote.MatchString(n.Body):
			r.described = r.described || !us
		}
		return !r.byUs
	})
	return r, err
}

// isUs reports whether a user of GitLab is ours, or one that we had before.
func (c *Client) isUs(bot, u plan.User) bool {
	return u.ID == bot.ID || slices.Contains(c.opt.FormerUsers, u.Username)
}
