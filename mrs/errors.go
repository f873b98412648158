package mrs

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// What callers branch on. Every error of this package that has one of these
// causes matches it with errors.Is.
var (
	ErrUnauthorized    = errors.New("the token was not accepted")
	ErrForbidden       = errors.New("not allowed")
	ErrScope           = errors.New("the token's scope is too small") // also ErrForbidden
	ErrNotFound        = errors.New("not found")
	ErrProjectNotFound = errors.New("project not found") // also ErrNotFound
	ErrNotGitLab       = errors.New("the answer is not GitLab's")
	ErrRedirect        = errors.New("redirect refused")
	ErrTooLarge        = errors.New("the answer is too large")
	ErrUnavailable     = errors.New("GitLab did not answer") // 429, 5xx, connection, timeout
	ErrRefused         = errors.New("GitLab refused")        // 400, 409, 422: its text says why
	ErrMoved           = errors.New("the branch is not where it was expected")
	ErrOutside         = errors.New("outside the branch prefix")
)

// redirectError is a redirect that was not followed.
type redirectError struct{ from, to, method string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("%s to %s was redirected to %s", e.method, e.from, e.to)
}

func (e *redirectError) Is(target error) bool { return target == ErrRedirect }

// failure is an error of the API with what was attempted.
type failure struct {
	doing string
	// advice is what Explain says; page, without it, is where it is mended.
	advice, page string
	kinds        []error
	text         string
	cause        error
}

func (e *failure) Error() string { return e.doing + ": " + e.text }

func (e *failure) Unwrap() []error {
	if e.cause == nil {
		return e.kinds
	}
	return append(e.kinds, e.cause)
}

// fail wraps an error of client-go, nil included.
func fail(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	f := &failure{doing: fmt.Sprintf(format, args...), cause: err}
	var answer *gitlab.ErrorResponse
	switch {
	case errors.Is(err, ErrProjectNotFound):
		f.kinds, f.text = []error{ErrNotFound}, "404 Project Not Found"
	case errors.As(err, new(*outage.Down)):
		f.kinds, f.text = []error{ErrUnavailable}, outage.Words(err)
	case final(err):
		f.text = steady(err)
	case errors.Is(err, gitlab.ErrNotFound):
		f.kinds, f.text = []error{ErrNotFound}, "404 not found"
	case errors.As(err, &answer):
		f.answered(answer)
	case errors.Is(err, context.Canceled):
		f.text = "cancelled"
	case errors.Is(err, ErrUnauthorized):
		f.text = plain(err.Error())
	default:
		f.kinds, f.text = []error{ErrUnavailable}, steady(err)
	}
	return f
}

// steady is an error without what changes by itself: of the network, its kind.
func steady(err error) string {
	if outage.Network(err) && !speaks(err) {
		return outage.Words(err)
	}
	return plain(innermost(err))
}

// speaks tells the refusals of this package, which have words of their own, from
// those of the network that carry them.
func speaks(err error) bool {
	for _, e := range []error{ErrRedirect, ErrNotGitLab, ErrTooLarge, ErrProjectNotFound, ErrUnauthorized} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (e *failure) answered(a *gitlab.ErrorResponse) {
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
	e.text = fmt.Sprintf("%d %s", a.StatusCode, strings.TrimPrefix(message, fmt.Sprintf("%d ", a.StatusCode)))
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		e.kinds = []error{ErrUnauthorized}
	case a.StatusCode == http.StatusForbidden:
		e.kinds = []error{ErrForbidden}
		if body.Error == "insufficient_scope" {
			e.kinds = append(e.kinds, ErrScope)
		}
	case a.StatusCode == http.StatusTooManyRequests, a.StatusCode >= 500, a.StatusCode == http.StatusRequestTimeout:
		e.kinds = []error{ErrUnavailable}
	default:
		e.kinds = []error{ErrRefused}
		if strings.Contains(string(a.Body)+a.Message, "recognized as spam") {
			// Merge requests of public projects answer 422, notes 400, in words alone.
			e.advice = fmt.Sprintf("could not %s: GitLab took its text for spam, as it may in a public project: let an administrator trust pinwheel's user or turn the spam check off; the next run tries again", e.doing)
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
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err.Error()
	}
	return err.Error()
}

// unknown reports whether a write that failed with err may have happened.
func unknown(err error) bool {
	return errors.Is(err, ErrUnavailable) && !gitlab.HasStatusCode(err, http.StatusTooManyRequests) ||
		errors.Is(err, ErrNotGitLab) || errors.Is(err, ErrTooLarge)
}

// Explain is one sentence that says what is wrong and what to do, for failures
// that a user can cause or repair; "" for any other error and for nil. It holds
// no token.
func Explain(err error) string {
	var redirect *redirectError
	var f *failure
	doing, page := "ask GitLab", ""
	if errors.As(err, &f) {
		doing = f.doing
		if f.advice != "" {
			return f.advice
		}
		if f.page != "" {
			page = ", at " + f.page
		}
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrUnauthorized):
		return "GitLab does not accept the token: it is wrong, expired or revoked; put a valid one into PINWHEEL_GITLAB_TOKEN or the file of gitlab.token_file"
	case errors.Is(err, ErrScope):
		return fmt.Sprintf("the token's scope does not allow to %s: give it the scope api%s", doing, page)
	case errors.Is(err, ErrForbidden):
		return fmt.Sprintf("the token's user may not %s: give it the role Developer in the project, and check that the project is not archived and the branch not protected", doing)
	case errors.Is(err, ErrProjectNotFound):
		return fmt.Sprintf("could not %s: there is no such project, or the token's user may not see it; check the project's path and the membership", doing)
	case errors.As(err, &redirect):
		return fmt.Sprintf("%s redirects to %s, which is not followed so that the token goes nowhere else; set gitlab.url to the final address", redirect.from, redirect.to)
	case errors.Is(err, ErrNotGitLab):
		return fmt.Sprintf("could not %s: a page of HTML came instead of an API answer, as from a sign-in page or a proxy; check gitlab.url", doing)
	case errors.Is(err, ErrTooLarge):
		return fmt.Sprintf("could not %s: the answer is larger than %d MiB; check gitlab.url", doing, maxBody>>20)
	}
	if f == nil {
		return "" // what GitLab was not asked for, GitLab's settings do not mend
	}
	return explainNetwork(err, doing)
}

func explainNetwork(err error, doing string) string {
	var dns *net.DNSError
	var dial *net.OpError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		return fmt.Sprintf("could not %s: %s; name the file of the authority that signed it in ca_file", doing, outage.Words(err))
	case errors.As(err, &dns):
		return fmt.Sprintf("could not %s: %s; check gitlab.url and the network", doing, outage.Words(err))
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Sprintf("could not %s: no connection to %s (%s); check gitlab.url, and that GitLab runs and is reachable", doing, hostOf(err), outage.Words(err))
	}
	return ""
}

// hostOf is the host of the address that was asked for. What it resolved to may
// be another one each time.
func hostOf(err error) string {
	var asked *url.Error
	if errors.As(err, &asked) {
		if u, parsed := url.Parse(asked.URL); parsed == nil && u.Host != "" {
			return u.Host
		}
	}
	return "GitLab"
}
