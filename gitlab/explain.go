package gitlab

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"gitlab.com/cki-project/pinwheel/outage"
)

// Explain is one sentence that says what is wrong and what to do, for failures
// that a user can cause or repair; "" for any other error and for nil. It holds
// no token.
func Explain(err error) string {
	var redirect *redirectError
	var f *Failure
	doing, page := "ask GitLab", ""
	if errors.As(err, &f) {
		doing = f.Doing
		if f.Advice != "" {
			return f.Advice
		}
		if f.Page != "" {
			page = ", at " + f.Page
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
		return "" // GitLab was not asked, so its settings cannot cure this
	}
	return explainNetwork(err, doing)
}

func explainNetwork(err error, doing string) string {
	var dns *net.DNSError
	var dial *net.OpError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &cert):
		return fmt.Sprintf("could not %s: %s; name the file of the authority that signed it in ca_file", doing, outage.Words(err))
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("could not %s: no connection to %s (%s); check the scheme and the port of gitlab.url", doing, hostOf(err), outage.Words(err))
	case errors.As(err, &dns):
		return fmt.Sprintf("could not %s: %s; check gitlab.url and the network", doing, outage.Words(err))
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Sprintf("could not %s: no connection to %s (%s); check gitlab.url, and that GitLab runs and is reachable", doing, hostOf(err), outage.Words(err))
	}
	return ""
}

// hostOf is the host of the address that was asked for. It leaves out the IP address,
// which may be another one each time.
func hostOf(err error) string {
	if asked, ok := errors.AsType[*url.Error](err); ok {
		if u, parsed := url.Parse(asked.URL); parsed == nil && u.Host != "" {
			return u.Host
		}
	}
	return "GitLab"
}
