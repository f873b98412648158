package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// explain names the operation and says what a refusal usually means.
func explain(err error, operation string, iid int64) error {
	what := operation + " dashboard issues"
	switch {
	case iid != 0:
		what = fmt.Sprintf("%s dashboard issue #%d", operation, iid)
	case operation == "create":
		what = "create the dashboard issue"
	}
	var answer *gitlab.ErrorResponse
	switch {
	case isSpam(err):
		return fmt.Errorf("%s: GitLab took the dashboard for spam, as it may in a public project: let an administrator trust pinwheel's user or turn the spam check off, "+
			"or make issues visible to members alone; the next run tries again: %w", what, err)
	case errors.Is(err, gitlab.ErrNotFound):
		return fmt.Errorf("%s: %w: issues are disabled, or the token may not see them", what, err)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s: %w: issues are disabled, or the token lacks the scope api or the role Planner", what, err)
	}
	return &unanswered{what, err}
}

// unanswered is an error with what was attempted. Of a failure of the network it
// says the kind, and nothing that changes by itself.
type unanswered struct {
	what  string
	cause error
}

func (e *unanswered) Error() string {
	if outage.Network(e.cause) {
		return e.what + ": GitLab did not answer: " + outage.Words(e.cause)
	}
	return e.what + ": " + e.cause.Error()
}

func (e *unanswered) Unwrap() error { return e.cause }

// isSpam reports whether GitLab refused a text as spam. Issues answer 409, notes
// 400, each in words alone.
func isSpam(err error) bool {
	var answer *gitlab.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode < 400 || answer.StatusCode >= 500 {
		return false
	}
	text := string(answer.Body) + answer.Message
	return strings.Contains(text, "recognized as spam") || strings.Contains(text, "needs_captcha_response")
}
