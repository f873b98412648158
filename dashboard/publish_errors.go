package dashboard

import (
	"errors"
	"fmt"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// explain names the operation and says what a refusal usually means. Of nil it is
// nil.
func explain(err error, operation string, iid int64) error {
	what := operation + " dashboard issues"
	switch {
	case iid != 0:
		what = fmt.Sprintf("%s dashboard issue #%d", operation, iid)
	case operation == "create":
		what = "create the dashboard issue"
	}
	return hint(gitlab.Fail(err, "%s", what))
}

// hint adds to a failure what it usually means of an issue.
func hint(err error) error {
	switch {
	case errors.Is(err, gitlab.ErrSpam):
		return gitlab.Hint(err, "GitLab took the dashboard for spam, as it may in a public project: let an administrator trust pinwheel's user or turn the spam check off, "+
			"or make issues visible to members alone; the next run tries again")
	case gitlab.Missing(err):
		return gitlab.Hint(err, "issues are disabled, or the token may not see them")
	case errors.Is(err, gitlab.ErrForbidden):
		return gitlab.Hint(err, "issues are disabled, or the token lacks the scope api or the role Planner")
	}
	return err
}
