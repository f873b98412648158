package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// What callers branch on. Every error of this package, and every one that went
// through [Fail], matches its cause with errors.Is.
var (
	ErrUnauthorized    = errors.New("the token was not accepted")
	ErrForbidden       = errors.New("not allowed")
	ErrScope           = errors.New("the token's scope is too small") // also ErrForbidden
	ErrNotFound        = errors.New("not found")
	ErrProjectNotFound = errors.New("project not found") // also ErrNotFound
	ErrNotGitLab       = errors.New("the answer is not GitLab's")
	ErrRedirect        = errors.New("redirect refused")
	ErrTooLarge        = errors.New("the answer is too large")
	ErrUnavailable     = errors.New("GitLab did not answer")       // 429, 5xx, connection, timeout
	ErrRefused         = errors.New("GitLab refused")              // 400, 409, 422: its text says why
	ErrConflict        = errors.New("something else is under way") // 409; also ErrRefused
	ErrSpam            = errors.New("the text was taken for spam") // also ErrRefused

	ErrVariables    = errors.New("the project takes no variables of pipelines") // also ErrRefused
	ErrInput        = errors.New("the pipeline has no such input")              // also ErrRefused
	ErrNotMergeable = errors.New("GitLab does not merge this now")              // 405, 406, 422; also ErrRefused
	ErrHeadMoved    = errors.New("the merge request has another head")          // 409; also ErrRefused
	ErrReverted     = errors.New("there is nothing left to revert")             // also ErrRefused
	ErrChangedSince = errors.New("what is to be reverted changed since")        // also ErrRefused
)

// needPerson are the errors that no later attempt can cure: somebody has to change
// the token, a role or a path.
var needPerson = []error{ErrUnauthorized, ErrForbidden, ErrScope, ErrProjectNotFound}

// NeedsPerson reports whether trying again later cannot help.
func NeedsPerson(err error) bool {
	return slices.ContainsFunc(needPerson, func(e error) bool { return errors.Is(err, e) })
}

// Missing reports whether what was asked for does not exist in a project that does.
func Missing(err error) bool {
	return errors.Is(err, ErrNotFound) && !errors.Is(err, ErrProjectNotFound)
}

// Unreadable reports whether the token may not read what was asked for, in a
// project that it sees.
func Unreadable(err error) bool { return Missing(err) || errors.Is(err, ErrForbidden) }

// redirectError is a redirect that was not followed.
type redirectError struct{ from, to, method string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("%s to %s was redirected to %s", e.method, e.from, e.to)
}

func (e *redirectError) Is(target error) bool { return target == ErrRedirect }

// Failure is an error with what was attempted. [Fail] makes it from an error of
// client-go. A room above makes one itself for what GitLab would refuse.
type Failure struct {
	Doing  string  // such as "commit to branch x"
	Text   string  // what came of it
	Kinds  []error // of the list above
	Advice string  // the whole sentence of [Explain], where it is known better
	Page   string  // where it is mended, for [Explain]
	Cause  error
}

func (e *Failure) Error() string { return e.Doing + ": " + e.Text }

// Unwrap gives the kinds and the cause.
func (e *Failure) Unwrap() []error {
	if e.Cause == nil {
		return e.Kinds
	}
	return append(slices.Clip(e.Kinds), e.Cause)
}

// also adds a kind to a failure of this package.
func also(err error, kinds ...error) error {
	var f *Failure
	if !errors.As(err, &f) {
		return err
	}
	with := *f
	with.Kinds = append(slices.Clip(with.Kinds), kinds...)
	return &with
}

// Hint adds to a failure of this package what it usually means at that place.
// Any other error, and nil, stays as it is.
func Hint(err error, meaning string) error {
	var f *Failure
	if !errors.As(err, &f) {
		return err
	}
	with := *f
	with.Text += ": " + meaning
	with.Advice = with.Error()
	return &with
}

// Fail says of an error of client-go what was attempted and which kind it is. Of
// nil it is nil.
func Fail(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	f := &Failure{Doing: fmt.Sprintf(format, args...), Cause: err}
	var answer *api.ErrorResponse
	switch {
	case errors.Is(err, ErrProjectNotFound):
		f.Kinds, f.Text = []error{ErrNotFound}, "404 Project Not Found"
	case outage.Status(err) != 0:
		f.answered(&api.ErrorResponse{StatusCode: outage.Status(err)})
	case errors.As(err, new(*outage.Down)):
		f.Kinds, f.Text = []error{ErrUnavailable}, outage.Words(err)
	case final(err):
		f.Text = steady(err)
	case errors.Is(err, api.ErrNotFound):
		f.Kinds, f.Text = []error{ErrNotFound}, "404 not found"
	case errors.As(err, &answer):
		f.answered(answer)
	case errors.Is(err, context.Canceled):
		f.Text = "cancelled"
	case errors.Is(err, ErrUnauthorized):
		f.Text = plain(err.Error())
	default:
		f.Kinds, f.Text = []error{ErrUnavailable}, steady(err)
	}
	return f
}

// steady is an error without the parts that change from time to time: for one of the
// network, only its kind.
func steady(err error) string {
	if outage.Network(err) && !speaks(err) {
		return outage.Words(err)
	}
	return plain(innermost(err))
}

// speaks finds the refusals of this package, which have a text of their own, inside
// the errors of the network that wrap them.
func speaks(err error) bool {
	for _, e := range []error{ErrRedirect, ErrNotGitLab, ErrTooLarge, ErrProjectNotFound, ErrUnauthorized} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (e *Failure) answered(a *api.ErrorResponse) {
	var body struct {
		Error       string
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(a.Body, &body) // of another shape: none of these
	message := plain(a.Message)
	if inner, ok := strings.CutPrefix(message, "{message: "); ok {
		message = strings.Trim(strings.TrimSuffix(inner, "}"), "[]")
	}
	switch {
	case body.Error != "":
		message = plain(strings.TrimSuffix(body.Error+": "+body.Description, ": "))
	case strings.HasPrefix(strings.TrimSpace(string(a.Body)), "<"), message == "":
		message = http.StatusText(a.StatusCode)
	}
	if a.StatusCode >= 500 {
		message = http.StatusText(a.StatusCode) // its own may hold the number of the request
	}
	e.Text = fmt.Sprintf("%d %s", a.StatusCode, strings.TrimPrefix(message, fmt.Sprintf("%d ", a.StatusCode)))
	if a.Response != nil {
		if until := outage.Until(a.StatusCode, a.Response.Header, time.Now()); !until.IsZero() {
			e.Text = "429 Too Many Requests" + outage.Patience(until)
		}
	}
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		e.Kinds = []error{ErrUnauthorized}
	case a.StatusCode == http.StatusForbidden:
		e.Kinds = []error{ErrForbidden}
		if body.Error == "insufficient_scope" {
			e.Kinds = append(e.Kinds, ErrScope)
		}
	case a.StatusCode == http.StatusTooManyRequests, a.StatusCode >= 500, a.StatusCode == http.StatusRequestTimeout:
		e.Kinds = []error{ErrUnavailable}
	default:
		e.Kinds = []error{ErrRefused}
		if a.StatusCode == http.StatusConflict {
			e.Kinds = append(e.Kinds, ErrConflict)
		}
		if said := string(a.Body) + a.Message; strings.Contains(said, "recognized as spam") || strings.Contains(said, "needs_captcha_response") {
			// Issues of public projects answer 409, merge requests 422, notes 400, in words alone.
			e.Kinds = append(e.Kinds, ErrSpam)
			e.Advice = fmt.Sprintf("could not %s: GitLab took its text for spam, as it may in a public project: let an administrator trust pinwheel's user or turn the spam check off; the next run tries again", e.Doing)
		}
	}
}

// plain is one line of at most 300 characters without control characters.
func plain(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "..."
	}
	return s
}

// innermost leaves out the URL that net/http puts before the cause.
func innermost(err error) string {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err.Error()
	}
	return err.Error()
}
