package gitlabsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// route is one endpoint and everything it may be asked with.
type route struct {
	method  string
	pattern string
	query   string // allowed query parameters, separated by spaces
	body    string // allowed keys of the JSON body
	raw     bool   // the body is a file's bytes
	job     bool   // a job token is accepted, gitlab.md 2.10
	handle  func(*call) (*reply, error)

	parts []string
}

// call is one request on its way.
type call struct {
	s       *Server
	method  string
	path    string // decoded, below /api/v4
	escaped string // the same as it came
	host    string
	query   url.Values
	raw     []byte
	body    map[string]json.RawMessage
	route   *route
	params  map[string]string
	token   *token
	// gitToken is that of a request of git's protocol.
	gitToken *token
	byJob    bool // the token came as that of a job
	asks     bool // a POST that changes nothing
	n        int

	p       *Project
	user    *user
	invalid string // the first body key of a wrong type
}

func (c *call) pattern() string {
	if c.route == nil {
		return ""
	}
	return c.route.pattern
}

func (c *call) write() bool {
	return !c.asks && c.method != http.MethodGet && c.method != http.MethodHead
}

func (c *call) username() string {
	if c.token == nil {
		return ""
	}
	return c.token.user.username
}

// receive finds route and token of a request and counts it.
func (s *Server) receive(req *http.Request, body []byte) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, method: req.Method, host: req.URL.Host, query: req.URL.Query(), raw: body}
	if c.host == "" {
		c.host = req.Host
	}
	secret := req.Header.Get("Private-Token")
	if bearer, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok && secret == "" {
		secret = bearer
	}
	if job := req.Header.Get("Job-Token"); job != "" && secret == "" {
		secret, c.byJob = job, true
	}
	_, password, _ := req.BasicAuth() // of git; the API takes none
	c.token, c.gitToken = s.tokens[secret], s.tokens[password]
	escaped, ok := strings.CutPrefix(req.URL.EscapedPath(), s.root+"/api/v4/")
	if !ok {
		c.path = req.URL.Path
		return c
	}
	c.escaped = escaped
	parts := strings.Split(escaped, "/")
	for i := range parts {
		if plain, err := url.PathUnescape(parts[i]); err == nil {
			parts[i] = plain
		}
	}
	c.path = "/" + strings.Join(parts, "/")
	c.route, c.params = match(c.method, parts)
	s.counts[c.method+c.pattern()]++
	c.n = s.counts[c.method+c.pattern()]
	return c
}

func match(method string, parts []string) (*route, map[string]string) {
	for _, r := range routes() {
		if r.method != method && (r.method != http.MethodGet || method != http.MethodHead) || len(r.parts) != len(parts) {
			continue
		}
		if !r.fits(parts) {
			continue
		}
		params := map[string]string{}
		for i, part := range r.parts {
			if strings.HasPrefix(part, ":") {
				params[part[1:]] = parts[i]
			}
		}
		return r, params
	}
	return nil, nil
}

func (r *route) fits(parts []string) bool {
	for i, part := range r.parts {
		if part != parts[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return true
}

// refusal is an error answer.
type refusal struct {
	status int
	body   any
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %v", r.status, r.body)
}

// redirection sends what reads a moved project to where it is.
type redirection struct{ location string }

func (r *redirection) Error() string { return "moved to " + r.location }

// moved is the address of a call with the project's number for its old path.
func (s *Server) moved(c *call, p *Project) string {
	parts := strings.SplitN(c.escaped, "/", 3)
	parts[1] = strconv.FormatInt(p.id, 10)
	to := s.opt.BaseURL + "/api/v4/" + strings.Join(parts, "/")
	if len(c.query) > 0 {
		to += "?" + c.query.Encode()
	}
	return to
}

// projectOnceAt is the project that had a path, or nil.
func (s *Server) projectOnceAt(path string) *Project {
	for _, p := range s.projects {
		if slices.Contains(p.former, path) {
			return p
		}
	}
	return nil
}

// refuse is GitLab's usual error: {"message": what}.
func refuse(status int, what any) error {
	return &refusal{status, map[string]any{"message": what}}
}

// invalidRequest is Grape's: {"error": what}.
func invalidRequest(what string) error {
	return &refusal{400, map[string]string{"error": what}}
}

// handle answers one request with the lock held.
func (s *Server) handle(c *call) *reply {
	if project, rest, ok := gitPath(strings.TrimPrefix(c.path, s.root)); ok && c.route == nil {
		return s.git(c, project, rest)
	}
	if out := s.signIns(c); out != nil {
		return out
	}
	if problem := c.unknown(); problem != "" {
		s.failures = append(s.failures, problem)
		return &reply{status: 599, body: map[string]string{"error": "gitlabsim: " + problem}}
	}
	out, err := c.answer()
	if to, moved := errors.AsType[*redirection](err); moved {
		return &reply{status: 301, header: http.Header{"Location": {to.location}}, body: object{"message": "This resource has been moved permanently to " + to.location}}
	}
	if r, refused := errors.AsType[*refusal](err); refused {
		return &reply{status: r.status, body: r.body}
	}
	if err != nil {
		panic(err) // every error of a route is one of the two
	}
	return out
}

func (c *call) answer() (*reply, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if id, ok := c.params["id"]; ok {
		if err := c.findProject(id); err != nil {
			return nil, err
		}
	}
	out, err := c.route.handle(c)
	if c.invalid != "" {
		return nil, invalidRequest(c.invalid + " is invalid")
	}
	return out, err
}

// unknown says what the simulator was asked and does not know.
func (c *call) unknown() string {
	where := c.method + " " + c.path
	if c.route == nil {
		return "unknown route " + where
	}
	if base, err := url.Parse(c.s.opt.BaseURL); err == nil && base.Host != c.host {
		return fmt.Sprintf("%s went to host %s, not %s", where, c.host, base.Host)
	}
	allowed := strings.Fields(c.route.query)
	for _, key := range sortedKeys(c.query) {
		if !slices.Contains(allowed, key) {
			return fmt.Sprintf("unknown query parameter %q of %s", key, where)
		}
	}
	if len(bytes.TrimSpace(c.raw)) == 0 || c.route.raw {
		return ""
	}
	if err := json.Unmarshal(c.raw, &c.body); err != nil {
		return fmt.Sprintf("the body of %s is not a JSON object: %v", where, err)
	}
	allowed = strings.Fields(c.route.body)
	for _, key := range sortedKeys(c.body) {
		if !slices.Contains(allowed, key) {
			return fmt.Sprintf("unknown body key %q of %s", key, where)
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// authenticate checks the token and its scopes. gitlab.md 2.10.
func (c *call) authenticate() error {
	t := c.token
	now := c.s.now()
	switch {
	case t == nil, t.job != c.byJob, t.job && !c.route.job:
		return refuse(401, "401 Unauthorized")
	case t.revoked:
		return &refusal{401, map[string]string{"error": "invalid_token",
			"error_description": "Token was revoked. You have to re-authorize from the user."}}
	case !t.expires.IsZero() && !now.Before(t.expires):
		return &refusal{401, map[string]string{"error": "invalid_token",
			"error_description": "Token is expired. You can either do re-authorization or token refresh."}}
	}
	if t.user.state != "" && t.user.state != "active" {
		return refuse(403, "403 Forbidden - Your account has been blocked.")
	}
	c.user = t.user
	scopes := []string{"api"}
	if !c.write() {
		scopes = append(scopes, "read_api")
	}
	if c.pattern() == "/user" {
		scopes = append(scopes, "read_user")
	}
	if c.pattern() == "/personal_access_tokens/self" {
		return nil
	}
	for _, scope := range scopes {
		if slices.Contains(t.scopes, scope) {
			return nil
		}
	}
	return &refusal{403, map[string]string{"error": "insufficient_scope", "scope": strings.Join(scopes, " "),
		"error_description": "The request requires higher privileges than provided by the access token."}}
}

// findProject hides what the user may not see. gitlab.md 2.10.
func (c *call) findProject(id string) error {
	p := c.s.projectByPath(id)
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		for _, other := range c.s.projects {
			if other.id == number {
				p = other
			}
		}
	}
	if p == nil {
		p = c.s.projectOnceAt(id)
		if p != nil && p.visible(c.user) && !c.write() {
			return &redirection{c.s.moved(c, p)}
		}
		if p != nil && p.visible(c.user) {
			return refuse(405, "Non GET methods are not allowed for moved projects")
		}
	}
	if p == nil || !p.visible(c.user) {
		return refuse(404, "404 Project Not Found")
	}
	if c.write() && p.archived {
		return refuse(403, "403 Forbidden")
	}
	c.p = p
	return nil
}
