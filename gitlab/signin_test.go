package gitlab

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const (
	callback = "https://pinwheel.example.com/sign-in/callback"
	verifier = "0123456789012345678901234567890123456789abc"
)

// signIns is a GitLab with an application, two people and four projects.
func signIns(t *testing.T) (*gitlabsim.Server, *SignIn) {
	t.Helper()
	s := gitlabsim.New(gitlabsim.Options{})
	s.AddUser("root", "Root", true)
	s.AddUser("ann", "Ann", false)
	s.AddUser("guest", "A Guest", false)
	for _, path := range []string{"g/private", "g/open", "g/other", "g/secret"} {
		p := s.AddProject(path, "main", map[string]string{"constraints.txt": "a==1\n"})
		switch path {
		case "g/private", "g/secret":
			p.SetRole("ann", gitlabsim.Reporter)
			p.SetRole("guest", gitlabsim.Guest)
		case "g/open":
			p.Set(gitlabsim.Settings{Public: true})
		}
		if _, err := p.CreateIssue("root", "Dependency Dashboard", "text"); err != nil {
			t.Fatal(err)
		}
	}
	app := s.AddApplication([]string{callback}, []string{ReaderScope})
	signIn, err := NewSignIn(SignInOptions{
		URL: s.BaseURL() + "/api/v4", Application: app.ID, Secret: func() (string, error) { return app.Secret, nil }, Callback: callback, Transport: s.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range s.Failures() {
			t.Error(f)
		}
	})
	return s, signIn
}

// permit is what GitLab sends the browser back with.
func permit(t *testing.T, s *gitlabsim.Server, address string) url.Values {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		t.Fatalf("GitLab answers %d: %v", resp.StatusCode, err)
	}
	return to.Query()
}

func TestSignInReadsWhatAPersonMayRead(t *testing.T) {
	s, signIn := signIns(t)
	asked := []Asked{{"g/private", 1}, {"g/open", 1}, {"g/other", 1}, {"G/Private", 0}, {"g/none", 1}, {"g/private2", 9}}
	for i := range 60 {
		asked = append(asked, Asked{fmt.Sprintf("g/many-%d", i), int64(i % 2)})
	}
	for who, want := range map[string][]string{"ann": {"G/Private", "g/open", "g/private"}, "guest": {"g/open"}} {
		s.Browse(who, true)
		back := permit(t, s, signIn.Address("a state", verifier))
		if back.Get("state") != "a state" {
			t.Errorf("the state came back as %q", back.Get("state"))
		}
		token, err := signIn.Redeem(t.Context(), back.Get("code"), verifier)
		if err != nil {
			t.Fatal(err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(shown, "oauth-token") {
			t.Errorf("a token shows itself: %s", shown)
		}
		username, reads, err := signIn.Reads(t.Context(), token, asked)
		if got := slices.Sorted(maps.Keys(reads)); err != nil || username != who || !slices.Equal(got, want) {
			t.Errorf("%s, known as %q, reads %q, %v, want %q", who, username, got, err, want)
		}
		if err := signIn.Revoke(t.Context(), token); err != nil {
			t.Error(err)
		}
		if _, _, err := signIn.Reads(t.Context(), token, nil); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("a token that was taken back: %v", err)
		}
	}
}

// A dashboard that GitLab does not show somebody hides the project.
func TestSignInHidesConfidentialDashboards(t *testing.T) {
	s, signIn := signIns(t)
	if err := s.Project("g/open").Comment("root", 1, "/confidential"); err != nil {
		t.Fatal(err)
	}
	s.Browse("guest", true)
	token, err := signIn.Redeem(t.Context(), permit(t, s, signIn.Address("s", verifier)).Get("code"), verifier)
	if err != nil {
		t.Fatal(err)
	}
	if _, reads, err := signIn.Reads(t.Context(), token, []Asked{{"g/open", 1}}); err != nil || len(reads) > 0 {
		t.Errorf("reads %v, %v", reads, err)
	}
	s.SetUserState("guest", "blocked")
	if _, _, err := signIn.Reads(t.Context(), token, nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("a blocked user: %v", err)
	}
}

func TestSignInSaysWhatGitLabRefuses(t *testing.T) {
	s, signIn := signIns(t)
	s.Browse("ann", true)
	good := func() string { return permit(t, s, signIn.Address("s", verifier)).Get("code") }
	wrong := *signIn
	wrong.o.Secret = func() (string, error) { return "another", nil }
	used := good()
	if _, err := signIn.Redeem(t.Context(), used, verifier); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by             *SignIn
		code, verifier string
		want           error
		says           string
	}{
		"another verifier": {signIn, good(), strings.ToUpper(verifier), ErrRefused, "does not take the code"},
		"no such code":     {signIn, "none", verifier, ErrRefused, "does not take the code"},
		"a used code":      {signIn, used, verifier, ErrRefused, "does not take the code"},
		"a wrong secret":   {&wrong, good(), verifier, ErrUnauthorized, "listen.page_application"},
	} {
		_, err := c.by.Redeem(t.Context(), c.code, c.verifier)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "gloas") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for fault, want := range map[string]error{"502": ErrUnavailable, "redirect": ErrRedirect, "html": ErrNotGitLab, "reset": ErrUnavailable, "truncated": ErrUnavailable} {
		if err := s.Inject("POST /oauth/token " + fault); err != nil {
			t.Fatal(err)
		}
		if _, err := signIn.Redeem(t.Context(), good(), verifier); !errors.Is(err, want) || strings.Contains(err.Error(), "gloas") {
			t.Errorf("%s: %v", fault, err)
		}
		s.ClearFaults()
		if err := s.Inject("POST /api/graphql " + fault); err != nil {
			t.Fatal(err)
		}
		if _, _, err := signIn.Reads(t.Context(), ReaderToken{value: "glpat-none"}, nil); !errors.Is(err, want) {
			t.Errorf("%s of a query: %v", fault, err)
		}
		s.ClearFaults()
	}
	if err := signIn.Check(t.Context()); err != nil {
		t.Errorf("an application that GitLab knows: %v", err)
	}
	if err := wrong.Check(t.Context()); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("a secret that GitLab does not know: %v", err)
	}
	s.Browse("ann", false)
	if back := permit(t, s, signIn.Address("s", verifier)); back.Get("error") != "access_denied" || back.Has("code") {
		t.Errorf("a person who refuses: %v", back)
	}
}
