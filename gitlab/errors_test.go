package gitlab_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// failing is a transport whose connections fail.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestFailuresAreExplained(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world) error
		is   []error
		says []string
	}{
		{"wrong token", func(w *world) error {
			_, err := w.client("glpat-wrong", w.sim.Transport()).Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrUnauthorized}, []string{"wrong, expired or revoked", "PINWHEEL_GITLAB_TOKEN", "gitlab.token_file"}},
		{"scope", func(w *world) error {
			c := w.client(w.sim.Token("pinwheel-bot", "read_api"), w.sim.Transport())
			return w.write(c, api.FileUpdate)
		}, []error{gitlab.ErrScope, gitlab.ErrForbidden}, []string{"scope api", "commit to branch " + work}},
		{"role", func(w *world) error {
			w.p.SetRole("pinwheel-bot", gitlabsim.Reporter)
			return w.write(w.c, api.FileUpdate)
		}, []error{gitlab.ErrForbidden}, []string{"role Developer", "commit to branch " + work}},
		{"unknown path", func(w *world) error {
			_, err := w.c.Project(w.ctx, "cki/nowhere", 0)
			return err
		}, []error{gitlab.ErrProjectNotFound, gitlab.ErrNotFound}, []string{"cki/nowhere", "may not see it"}},
		{"membership lost", func(w *world) error {
			w.p.SetRole("pinwheel-bot", gitlabsim.NoAccess)
			_, _, err := w.c.File(w.ctx, w.project.ID, "constraints.txt", w.p.Head("main"))
			return err
		}, []error{gitlab.ErrProjectNotFound}, []string{"may not see it"}},
		{"sign-in page", func(w *world) error {
			w.fault("GET /user html once")
			_, err := w.c.Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrNotGitLab}, []string{"HTML", "gitlab.url"}},
		{"redirect", func(w *world) error {
			w.fault("GET /user redirect once")
			_, err := w.c.Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrRedirect}, []string{"gitlab.example redirects to https://elsewhere.invalid"}},
		{"refused connection", func(w *world) error {
			_, err := w.client("glpat-x", failing{&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443},
				Err: syscall.ECONNREFUSED}}).Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrUnavailable}, []string{"gitlab.example", "the connection was refused", "gitlab.url"}},
		{"unknown host", func(w *world) error {
			_, err := w.client("glpat-x", failing{&net.DNSError{Name: "gitlab.example", IsNotFound: true}}).Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrUnavailable}, []string{"gitlab.example is not known"}},
		{"no TLS there", func(w *world) error {
			_, err := w.client("glpat-x", failing{http.ErrSchemeMismatch}).Whoami(w.ctx)
			return err
		}, []error{gitlab.ErrUnavailable}, []string{"gitlab.example", "does not speak TLS as expected", "the scheme and the port of gitlab.url"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				err := test.do(w)
				for _, is := range test.is {
					if !errors.Is(err, is) {
						t.Errorf("%v is not %v", err, is)
					}
				}
				sentence := gitlab.Explain(err)
				for _, part := range test.says {
					if !strings.Contains(sentence, part) {
						t.Errorf("%q does not say %q", sentence, part)
					}
				}
				if both := err.Error() + sentence; strings.Contains(both, "glpat") || strings.ContainsAny(both, "\n<{") {
					t.Errorf("%q", both)
				}
			})
		})
	}
}

func TestWhatNoUserCausedIsNotExplained(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fault("GET /user 500 always")
		_, err := w.c.Whoami(w.ctx)
		w.same(errors.Is(err, gitlab.ErrUnavailable), true)
		w.same(gitlab.Explain(err), "")
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		_, err = w.c.Whoami(ctx)
		w.same(errors.Is(err, context.Canceled) && !errors.Is(err, gitlab.ErrUnavailable), true)
	})
	if gitlab.Explain(nil) != "" {
		t.Error("nil is explained")
	}
}

func TestARefusalKeepsItsText(t *testing.T) {
	inWorld(t, func(w *world) {
		err := w.write(w.c, api.FileCreate)
		w.same(errors.Is(err, gitlab.ErrRefused), true)
		w.same(err.Error(), "commit to branch pinwheel/boto3-1.x: 400 A file with this name already exists")
	})
}
