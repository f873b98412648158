package gitlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// SignIn lets people prove with GitLab who they are, and asks with what they got which
// projects they may read: OAuth 2.0's authorization code with PKCE. It keeps no token.
//
// https://docs.gitlab.com/api/oauth2/#authorization-code-with-proof-key-for-code-exchange-pkce
type SignIn struct {
	base   string // of the instance, without /api/v4
	o      SignInOptions
	client *http.Client
}

// SignInOptions are those of a SignIn. All but Transport and UserAgent are needed.
type SignInOptions struct {
	URL         string // of the instance, with or without /api/v4
	Application string // GitLab's "Application ID"
	// Secret is read for each use.
	Secret   func() (string, error)
	Callback string // the address that GitLab sends people back to
	// Transport carries the requests; nil is one of NewTransport.
	Transport http.RoundTripper
	UserAgent string
}

// ReaderScope is the least that tells which projects somebody may read: read_user shows the
// person alone, and openid the person and groups.
const ReaderScope = "read_api"

// signInTime is how long GitLab may take for one answer while a person waits.
const signInTime = 15 * time.Second

// NewSignIn makes no request.
func NewSignIn(o SignInOptions) (*SignIn, error) {
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = NewTransport()
	}
	if o.UserAgent == "" {
		o.UserAgent = "pinwheel"
	}
	base := strings.TrimSuffix(strings.TrimRight(o.URL, "/"), "/api/v4")
	return &SignIn{base: base, o: o, client: &http.Client{Transport: agent{o.UserAgent, guard{o.Transport}}, Timeout: signInTime, CheckRedirect: stay}}, nil
}

// stay follows no redirect: the secret and the token go to the configured address alone.
func stay(req *http.Request, via []*http.Request) error {
	return &redirectError{from: via[0].URL.Host, to: req.URL.Scheme + "://" + req.URL.Host, method: via[0].Method}
}

// agent says who asks.
type agent struct {
	name string
	next http.RoundTripper
}

func (a agent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", a.name)
	return a.next.RoundTrip(req)
}

func (s *SignIn) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.o.Application, RedirectURL: s.o.Callback, Scopes: []string{ReaderScope},
		Endpoint: oauth2.Endpoint{AuthURL: s.base + "/oauth/authorize", TokenURL: s.base + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}
}

// Address is where a browser is sent so that GitLab asks the person. The verifier is a secret
// of 43 to 128 characters that [SignIn.Redeem] needs again (RFC 7636, 4.1).
func (s *SignIn) Address(state, verifier string) string {
	return s.config().AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// ReaderToken reads GitLab as a person does. It shows itself nowhere.
type ReaderToken struct {
	value   string
	Expires time.Time // zero if GitLab did not say
}

// String returns a placeholder.
func (ReaderToken) String() string { return "token hidden" }

// GoString returns a placeholder.
func (ReaderToken) GoString() string { return "token hidden" }

// Redeem gives a token for a code that GitLab sent with the browser.
func (s *SignIn) Redeem(ctx context.Context, code, verifier string) (ReaderToken, error) {
	const doing = "redeem the code of a sign-in"
	c := s.config()
	var err error
	if c.ClientSecret, err = s.o.Secret(); err != nil {
		return ReaderToken{}, fmt.Errorf("%s: %w", doing, err)
	}
	t, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, s.client), code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_client":
		return ReaderToken{}, &Failure{Doing: doing, Text: "GitLab does not know listen.page_application with this secret", Kinds: []error{ErrUnauthorized}}
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_grant":
		return ReaderToken{}, &Failure{Doing: doing, Text: "GitLab does not take the code: it is too old, was used before, or is for another address than listen.page_url", Kinds: []error{ErrRefused}}
	case errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError:
		return ReaderToken{}, &Failure{Doing: doing, Text: fmt.Sprintf("GitLab answers %d", refused.Response.StatusCode), Kinds: []error{ErrUnavailable}}
	case err != nil:
		return ReaderToken{}, s.unanswered(doing, err)
	}
	return ReaderToken{value: t.AccessToken, Expires: t.Expiry}, nil
}

// Check asks GitLab whether it knows the application with its secret, which is ErrUnauthorized if
// it does not. It redeems a code that there cannot be: GitLab refuses an application before it
// looks at the code.
func (s *SignIn) Check(ctx context.Context) error {
	_, err := s.Redeem(ctx, "none", "0000000000000000000000000000000000000000000")
	if errors.Is(err, ErrRefused) {
		return nil
	}
	return err
}

// unanswered is an error that holds nothing of what was sent.
func (s *SignIn) unanswered(doing string, err error) error {
	if _, refused := errors.AsType[*redirectError](err); refused {
		return &Failure{Doing: doing, Text: "GitLab redirects to another address: correct gitlab.url", Kinds: []error{ErrRedirect}}
	}
	if errors.Is(err, ErrNotGitLab) {
		return &Failure{Doing: doing, Text: "the answer is not GitLab's", Kinds: []error{ErrNotGitLab}}
	}
	return &Failure{Doing: doing, Text: "GitLab did not answer", Kinds: []error{ErrUnavailable}}
}

// Revoke takes a token back.
func (s *SignIn) Revoke(ctx context.Context, t ReaderToken) error {
	secret, err := s.o.Secret()
	if err != nil {
		return err
	}
	form := url.Values{"client_id": {s.o.Application}, "client_secret": {secret}, "token": {t.value}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unanswered("take a token back", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &Failure{Doing: "take a token back", Text: fmt.Sprintf("GitLab answers %d", resp.StatusCode), Kinds: []error{ErrRefused}}
	}
	return nil
}

// Asked is a project of which is asked whether somebody may read it.
type Asked struct {
	Path  string
	Issue int64 // its dashboard, 0 for none
}

// askedAtOnce is how many projects one query asks for. GitLab permits a signed-in user a
// complexity of 250; a project with a permission and an issue costs less than ten.
// https://docs.gitlab.com/api/graphql/#limits
const askedAtOnce = 25

// Reads returns who has a token, and which of some projects that person may read: those whose
// code GitLab lets them read, since the pins are from there, and whose dashboard it shows
// them, which may be confidential. The keys are paths as they were asked. A token that GitLab
// does not take is ErrUnauthorized, a user that is blocked ErrForbidden.
func (s *SignIn) Reads(ctx context.Context, t ReaderToken, projects []Asked) (username string, reads map[string]bool, err error) {
	reads = map[string]bool{}
	for at := 0; at == 0 || at < len(projects); at += askedAtOnce {
		part := projects[at:min(at+askedAtOnce, len(projects))]
		query, variables := readerQuery(part)
		var data map[string]json.RawMessage
		if err := s.ask(ctx, t, query, variables, &data); err != nil {
			return "", nil, err
		}
		var user struct{ Username string }
		if json.Unmarshal(data["currentUser"], &user) != nil || user.Username == "" {
			return "", nil, &Failure{Doing: "read who signed in", Text: "GitLab says nobody", Kinds: []error{ErrUnauthorized}}
		}
		username = user.Username
		for i, p := range part {
			var one *readable
			if json.Unmarshal(data["p"+strconv.Itoa(i)], &one) == nil && one.by(p) {
				reads[p.Path] = true
			}
		}
	}
	return username, reads, nil
}

// readable is what GitLab says of a project, nil if it shows none.
type readable struct {
	UserPermissions struct{ DownloadCode bool }
	Issue           *struct{ IID string }
}

func (r *readable) by(p Asked) bool {
	return r != nil && r.UserPermissions.DownloadCode && (p.Issue == 0 || r.Issue != nil && r.Issue.IID == strconv.FormatInt(p.Issue, 10))
}

// readerQuery asks for the rights of whoever asks. https://docs.gitlab.com/api/graphql/reference/#projectpermissions
func readerQuery(projects []Asked) (query string, variables map[string]string) {
	variables = map[string]string{}
	var declared []string
	var fields strings.Builder
	for i, p := range projects {
		n := strconv.Itoa(i)
		declared = append(declared, "$p"+n+":ID!")
		variables["p"+n] = p.Path
		fmt.Fprintf(&fields, "p%s:project(fullPath:$p%s){userPermissions{downloadCode}", n, n)
		if p.Issue != 0 {
			declared = append(declared, "$i"+n+":String!")
			variables["i"+n] = strconv.FormatInt(p.Issue, 10)
			fmt.Fprintf(&fields, "issue(iid:$i%s){iid}", n)
		}
		fields.WriteString("}")
	}
	head := "query"
	if len(declared) > 0 {
		head += "(" + strings.Join(declared, ",") + ")"
	}
	return head + "{currentUser{username}" + fields.String() + "}", variables
}

// ask sends one query as the holder of a token.
func (s *SignIn) ask(ctx context.Context, t ReaderToken, query string, variables map[string]string, into *map[string]json.RawMessage) error { //nolint:revive // a query, its variables, and where the answer goes
	const doing = "ask what somebody may read"
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/api/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+t.value)
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unanswered(doing, err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data   map[string]json.RawMessage
		Errors []struct{ Message string }
	}
	status := &Failure{Doing: doing, Text: fmt.Sprintf("GitLab answers %d", resp.StatusCode)}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		status.Kinds = []error{ErrUnauthorized}
		return status
	case resp.StatusCode == http.StatusForbidden:
		status.Kinds = []error{ErrForbidden}
		return status
	case resp.StatusCode != http.StatusOK:
		status.Kinds = []error{ErrUnavailable}
		return status
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Data == nil || len(answer.Errors) > 0 {
		return &Failure{Doing: doing, Text: "GitLab could not answer the query", Kinds: []error{ErrUnavailable}}
	}
	*into = answer.Data
	return nil
}
