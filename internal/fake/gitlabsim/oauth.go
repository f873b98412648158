package gitlabsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Application is one that people sign in to with GitLab. It is confidential: it has a secret.
// https://docs.gitlab.com/integration/oauth_provider/
type Application struct {
	ID, Secret string
	Callbacks  []string // each compared as a whole
	Scopes     []string
}

// grant is a code that is waiting to be redeemed.
type grant struct {
	app       *Application
	user      *user
	callback  string
	challenge string // of PKCE, "" for none
	scopes    []string
	expires   time.Time
	token     *token // that it was redeemed for
}

const (
	codeLife  = 10 * time.Minute
	tokenLife = 2 * time.Hour
)

// AddApplication registers one.
func (s *Server) AddApplication(callbacks, scopes []string) Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.nextID("application")
	app := &Application{ID: fmt.Sprintf("application-%d", id), Secret: fmt.Sprintf("gloas-secret-%d", id), Callbacks: callbacks, Scopes: scopes}
	s.applications = append(s.applications, app)
	return *app
}

// Browse says who sits at the browser that comes to the pages of GitLab, "" for nobody, and
// whether that person permits an application what it asks for.
func (s *Server) Browse(username string, permits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsing, s.permits = nil, permits
	if username != "" {
		s.browsing = s.mustUser(username)
	}
}

// signIns answers what stands beside the API: pages and tokens of OAuth, with the lock held.
// https://docs.gitlab.com/api/oauth2/
func (s *Server) signIns(c *call) *reply {
	switch {
	case c.escaped != "":
	case c.path == s.root+"/oauth/authorize" && c.method == http.MethodGet:
		return s.authorize(c)
	case c.path == s.root+"/users/sign_in" && c.method == http.MethodGet:
		return htmlPage(http.StatusOK, "Username or primary email")
	case c.path == s.root+"/oauth/token" && c.method == http.MethodPost:
		return s.redeem(c)
	case c.path == s.root+"/oauth/revoke" && c.method == http.MethodPost:
		return s.revoke(c)
	case c.path == s.root+"/api/graphql" && c.method == http.MethodPost:
		return s.graphQL(c)
	}
	return nil
}

func (s *Server) application(id string) *Application {
	i := slices.IndexFunc(s.applications, func(a *Application) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return s.applications[i]
}

// htmlPage is a page for people.
func htmlPage(status int, text string) *reply {
	return &reply{status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, raw: []byte("<!doctype html><p>" + text + "</p>")}
}

// known fails the test for a parameter that GitLab would drop in silence.
func (s *Server) known(c *call, got url.Values, names ...string) {
	for _, name := range sortedKeys(got) {
		if !slices.Contains(names, name) || len(got[name]) != 1 {
			s.failures = append(s.failures, fmt.Sprintf("unknown or repeated parameter %q of %s %s", name, c.method, c.path))
		}
	}
}

// authorize is the page that asks a person. An application or an address that is not known
// is never redirected to.
func (s *Server) authorize(c *call) *reply {
	q := c.query
	s.known(c, q, "client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method")
	app := s.application(q.Get("client_id"))
	switch {
	case s.browsing == nil:
		return &reply{status: http.StatusFound, header: http.Header{"Location": {s.opt.BaseURL + "/users/sign_in"}}, raw: []byte{}}
	case app == nil:
		return htmlPage(http.StatusUnauthorized, "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	case !slices.Contains(app.Callbacks, q.Get("redirect_uri")):
		return htmlPage(http.StatusBadRequest, "The redirect URI included is not valid.")
	}
	back := url.Values{}
	if q.Has("state") {
		back.Set("state", q.Get("state"))
	}
	scopes := strings.Fields(q.Get("scope"))
	failed := func(code string) {
		back.Set("error", code)
		back.Set("error_description", "The request was refused: "+code)
	}
	switch {
	case q.Get("response_type") != "code":
		failed("unsupported_response_type")
	case len(scopes) == 0 || slices.ContainsFunc(scopes, func(one string) bool { return !slices.Contains(app.Scopes, one) }):
		failed("invalid_scope")
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		failed("invalid_code_challenge_method")
	case !s.permits:
		failed("access_denied")
	default:
		code := fmt.Sprintf("code-%d", s.nextID("code"))
		s.grants[code] = &grant{app: app, user: s.browsing, callback: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scopes: scopes, expires: s.now().Add(codeLife)}
		back.Set("code", code)
	}
	return &reply{status: http.StatusFound, header: http.Header{"Location": {q.Get("redirect_uri") + "?" + back.Encode()}}, raw: []byte{}}
}

func oauthError(status int, code string) *reply {
	return &reply{status: status, body: object{"error": code, "error_description": "refused: " + code}}
}

// client is the application that a form proves to be, nil for none.
func (s *Server) client(form url.Values) *Application {
	app := s.application(form.Get("client_id"))
	if app == nil || subtle.ConstantTimeCompare([]byte(app.Secret), []byte(form.Get("client_secret"))) != 1 {
		return nil
	}
	return app
}

// redeem gives a token for a code, once. A code that comes again takes back the token that
// it gave (RFC 6749, 10.5).
func (s *Server) redeem(c *call) *reply {
	form, err := url.ParseQuery(string(c.raw))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request")
	}
	s.known(c, form, "grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier")
	app := s.client(form)
	g := s.grants[form.Get("code")]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	c.asks = g == nil
	switch {
	case app == nil:
		return oauthError(http.StatusUnauthorized, "invalid_client")
	case form.Get("grant_type") != "authorization_code":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	case g == nil || g.app.ID != app.ID || g.callback != form.Get("redirect_uri") || !s.now().Before(g.expires),
		g.challenge != "" && g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		return oauthError(http.StatusBadRequest, "invalid_grant")
	case g.token != nil:
		g.token.revoked = true
		return oauthError(http.StatusBadRequest, "invalid_grant")
	}
	id := s.nextID("token")
	g.token = &token{id: id, value: fmt.Sprintf("oauth-token-of-%s-%d", g.user.username, id), user: g.user, scopes: g.scopes, created: s.now(), expires: s.now().Add(tokenLife)}
	s.tokens[g.token.value] = g.token
	return &reply{status: http.StatusOK, header: http.Header{"Cache-Control": {"no-store"}}, body: object{
		"access_token": g.token.value, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second), "refresh_token": fmt.Sprintf("oauth-refresh-%d", id),
		"scope": strings.Join(g.scopes, " "), "created_at": s.now().Unix(),
	}}
}

// revoke takes a token back. GitLab answers the same for one that is not known.
func (s *Server) revoke(c *call) *reply {
	form, err := url.ParseQuery(string(c.raw))
	if err != nil || s.client(form) == nil {
		return oauthError(http.StatusForbidden, "unauthorized_client")
	}
	s.known(c, form, "client_id", "client_secret", "token")
	if t := s.tokens[form.Get("token")]; t != nil {
		t.revoked = true
	}
	return &reply{status: http.StatusOK, body: object{}}
}

// graphQL answers POST /api/graphql. A token that is not good is told as by the API; without
// the scope, GitLab answers as to nobody. https://docs.gitlab.com/api/graphql/
func (s *Server) graphQL(c *call) *reply {
	var asked struct {
		Query     string            `json:"query"`
		Variables map[string]string `json:"variables"`
	}
	t := c.token
	switch {
	case t == nil || t.revoked || !t.expires.IsZero() && !s.now().Before(t.expires):
		return &reply{status: http.StatusUnauthorized, body: object{"errors": []any{object{"message": "Invalid token"}}}}
	case t.user.state != "" && t.user.state != "active":
		return &reply{status: http.StatusForbidden, body: object{"errors": []any{object{"message": "403 Forbidden - Your account has been blocked."}}}}
	case !slices.Contains(t.scopes, "api") && !slices.Contains(t.scopes, "read_api"):
		return &reply{status: http.StatusForbidden, body: object{"error": "insufficient_scope"}}
	}
	c.user, c.asks = t.user, true // the one query that it knows
	if err := json.Unmarshal(c.raw, &asked); err == nil {
		if out := c.answerReader(asked.Query, asked.Variables); out != nil {
			return &reply{status: http.StatusOK, body: out}
		}
	}
	s.failures = append(s.failures, "unknown query of GraphQL "+string(c.raw))
	return &reply{status: 599, body: object{"error": "gitlabsim: unknown query of GraphQL"}}
}

// The one query of a reader's rights that the simulator knows, see answerReader.
var (
	readerQuery = regexp.MustCompile(`^query(?:\([^)]*\))?\{currentUser\{username\}((?:p\d+:project\(fullPath:\$p\d+\)\{userPermissions\{downloadCode\}(?:issue\(iid:\$i\d+\)\{iid\})?\})*)\}$`)
	readerField = regexp.MustCompile(`(p\d+):project\(fullPath:\$(p\d+)\)\{userPermissions\{downloadCode\}(?:issue\(iid:\$(i\d+)\)\{iid\})?\}`)
)

// mostComplexity is what a signed-in user's query may cost; a project is counted as ten, more
// than GitLab counts. https://docs.gitlab.com/api/graphql/#limits
const mostComplexity, projectComplexity = 250, 10

// answerReader answers what a reader of some projects may read. A project that the user may
// not see is null, as is an issue.
func (c *call) answerReader(query string, variables map[string]string) object {
	if !readerQuery.MatchString(query) {
		return nil
	}
	fields := readerField.FindAllStringSubmatch(query, -1)
	if len(fields)*projectComplexity > mostComplexity {
		return object{"errors": []any{object{"message": fmt.Sprintf("Query has complexity of %d, which exceeds max complexity of %d", len(fields)*projectComplexity, mostComplexity)}}}
	}
	data := object{"currentUser": object{"username": c.user.username}}
	for _, f := range fields {
		p := c.s.projectByPath(variables[f[2]])
		if p == nil || !p.visible(c.user) {
			data[f[1]] = nil
			continue
		}
		one := object{"userPermissions": object{"downloadCode": p.public || p.level(c.user) >= Reporter}}
		if f[3] != "" {
			one["issue"] = nil
			for _, i := range p.issues {
				if fmt.Sprint(i.iid) == variables[f[3]] && !i.hiddenFrom(c.user) {
					one["issue"] = object{"iid": variables[f[3]]}
				}
			}
		}
		data[f[1]] = one
	}
	return object{"data": data}
}
