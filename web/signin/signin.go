package signin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/web/page"
)

// Options are those of a Door. All but Log and Now are needed.
type Options struct {
	GitLab *gitlab.SignIn
	Site   *page.Site
	// Projects are those that a reader may be shown, asked for each time.
	Projects func(context.Context) ([]gitlab.Asked, error)
	// URL is where people reach the page, "https://pinwheel.example.com". Cookies go over TLS
	// alone unless it is http.
	URL string
	Log *slog.Logger
	Now func() time.Time
}

// CallbackPath is where GitLab sends people back to, below the address of the page.
const CallbackPath = "/sign-in/callback"

const (
	outPath  = "/sign-out"
	inPath   = "/sign-in"
	comeTime = 10 * time.Minute // within which somebody comes back from GitLab
	longWay  = 1024             // the most bytes of an address to which somebody comes back
)

// Door is the status page behind a sign-in: it answers who is not signed in itself, and passes
// other requests on to the Site with what their reader may see.
type Door struct {
	o        Options
	key      []byte // of the states and verifiers of this process
	sessions sessions
	asking   chan struct{}
	secure   bool
	mux      *http.ServeMux
}

// New returns a Door without sessions.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Door{o: o, key: make([]byte, 32), sessions: sessions{all: map[[sha256.Size]byte]*session{}}, asking: make(chan struct{}, asksAtOnce), secure: strings.HasPrefix(o.URL, "https://"), mux: http.NewServeMux()}
	_, _ = rand.Read(d.key) // it never fails
	d.mux.HandleFunc("GET "+inPath, d.leave)
	d.mux.HandleFunc("GET "+CallbackPath, d.comeBack)
	d.mux.Handle("POST "+outPath, http.NewCrossOriginProtection().Handler(http.HandlerFunc(d.signOut)))
	d.mux.Handle("GET "+page.StylePath, o.Site)
	d.mux.HandleFunc("/", d.read)
	return d
}

// ServeHTTP answers a request of anybody.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page.Guard(w.Header())
	d.mux.ServeHTTP(w, r)
}

// name is that of a cookie. A browser takes one that begins with __Host- from this host over
// TLS alone, so that no other host of the domain can set it.
func (d *Door) name(of string) string {
	if d.secure {
		return "__Host-pinwheel-" + of
	}
	return "pinwheel-" + of
}

func (d *Door) set(w http.ResponseWriter, of, value string, lasts time.Duration) {
	c := &http.Cookie{Name: d.name(of), Value: value, Path: "/", MaxAge: int(lasts / time.Second), HttpOnly: true, Secure: d.secure, SameSite: http.SameSiteLaxMode} //nolint:gosec // over http, which config allows on this machine alone, a browser would drop a Secure one
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// cookie is the value of a cookie, empty for none.
func (d *Door) cookie(r *http.Request, of string) string {
	c, err := r.Cookie(d.name(of))
	if err != nil {
		return ""
	}
	return c.Value
}

// sealed is a secret that only this process can make of a text.
func (d *Door) sealed(of, text string) string {
	m := hmac.New(sha256.New, d.key)
	m.Write([]byte(of + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// leave sends somebody to GitLab. The cookie holds a secret, the instant and the page to come
// back to; the state is made of all of it, so that GitLab's answer is good in this browser alone.
func (d *Door) leave(w http.ResponseWriter, r *http.Request) {
	journey := secretText() + "." + strconv.FormatInt(d.o.Now().Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString([]byte(here(r.URL.Query().Get("to"))))
	d.set(w, "journey", journey, comeTime)
	http.Redirect(w, r, d.o.GitLab.Address(d.sealed("state", journey), d.sealed("verifier", journey)), http.StatusSeeOther)
}

// here is an address of this page, "/" for any other.
func here(to string) string {
	u, err := url.Parse(to)
	if err != nil || len(to) > longWay || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(to, `\`) ||
		strings.HasPrefix(u.Path, inPath) || strings.HasPrefix(u.Path, outPath) {
		return "/"
	}
	return u.RequestURI()
}

// journeyTo reads from the cookie of leave to which page somebody comes back. ok is false if the
// cookie is malformed, or older than comeTime.
func (d *Door) journeyTo(journey string) (to string, ok bool) {
	parts := strings.Split(journey, ".")
	if len(parts) != 3 {
		return "", false
	}
	began, err := strconv.ParseInt(parts[1], 36, 64)
	path, bad := base64.RawURLEncoding.DecodeString(parts[2])
	if away := d.o.Now().Sub(time.Unix(began, 0)); err != nil || bad != nil || away < 0 || away > comeTime {
		return "", false
	}
	return here(string(path)), true
}

// comeBack answers a browser that GitLab sent back: it checks the state, redeems the code for a
// token and begins a session.
func (d *Door) comeBack(w http.ResponseWriter, r *http.Request) {
	q, journey := r.URL.Query(), d.cookie(r, "journey")
	d.set(w, "journey", "", 0)
	to, ok := d.journeyTo(journey)
	switch {
	case !ok || !hmac.Equal([]byte(q.Get("state")), []byte(d.sealed("state", journey))):
		d.refuse(w, http.StatusBadRequest, "This sign-in is too old, or began in another browser.")
		return
	case q.Get("error") == "access_denied":
		d.refuse(w, http.StatusForbidden, "You did not permit pinwheel to read GitLab as you. It asks for nothing but reading, and keeps what it gets until you sign out.")
		return
	case q.Get("code") == "":
		d.o.Log.Error("GitLab refuses sign-ins", "err", "the answer holds no code: check listen.page_application, its scope "+gitlab.ReaderScope+" and its redirect URI")
		d.refuse(w, http.StatusBadGateway, "GitLab refused the sign-in. The log of pinwheel says what to look at.")
		return
	}
	token, err := d.redeem(r.Context(), q.Get("code"), journey)
	if err != nil {
		d.o.Log.Error("a sign-in failed", "err", err.Error())
		d.refuse(w, http.StatusBadGateway, "GitLab did not complete the sign-in. The log of pinwheel says why.")
		return
	}
	now := d.o.Now()
	one := &session{token: token, ends: now.Add(longest)}
	if !token.Expires.IsZero() && token.Expires.Before(one.ends) {
		one.ends = token.Expires
	}
	if old := d.sessions.drop(d.cookie(r, "session")); old != nil {
		d.forget(r, old)
	}
	d.set(w, "session", d.sessions.add(one, now), longest)
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // here made it an address of this page
}

func (d *Door) redeem(ctx context.Context, code, journey string) (gitlab.ReaderToken, error) {
	ctx, done, err := d.turn(ctx)
	if err != nil {
		return gitlab.ReaderToken{}, err
	}
	defer done()
	return d.o.GitLab.Redeem(ctx, code, d.sealed("verifier", journey))
}

// refuse says why nobody was let in.
func (d *Door) refuse(w http.ResponseWriter, status int, why string) {
	d.o.Site.Say(w, page.Message{Status: status, Title: "Not signed in", Text: why, Link: inPath, Says: "Sign in with GitLab"})
}

// revokeTime is how long a sign-out waits for GitLab.
const revokeTime = 3 * time.Second

// forget revokes a token at GitLab. If that fails, the token expires by itself.
func (d *Door) forget(r *http.Request, one *session) {
	ctx, done := context.WithTimeout(context.WithoutCancel(r.Context()), revokeTime)
	defer done()
	if err := d.o.GitLab.Revoke(ctx, one.token); err != nil {
		d.o.Log.Warn("a token was not taken back", "err", err.Error())
	}
}

// signOut ends the session here and the token at GitLab.
func (d *Door) signOut(w http.ResponseWriter, r *http.Request) {
	one := d.sessions.drop(d.cookie(r, "session"))
	d.set(w, "session", "", 0)
	if one != nil {
		d.forget(r, one)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// read shows a page to somebody who signed in, and sends others to GitLab: at once if their
// session ended, by a link if they come for the first time or signed out.
func (d *Door) read(w http.ResponseWriter, r *http.Request) {
	cookie := d.cookie(r, "session")
	again := inPath + "?to=" + url.QueryEscape(here(r.URL.RequestURI()))
	one := d.sessions.find(cookie, d.o.Now())
	if one == nil {
		d.ask(w, r, cookie != "", again)
		return
	}
	name, reads, err := d.rights(r.Context(), one)
	switch {
	case errors.Is(err, errEnded), errors.Is(err, gitlab.ErrForbidden):
		d.sessions.drop(cookie)
		d.set(w, "session", "", 0)
		d.ask(w, r, errors.Is(err, errEnded), again)
	case err != nil:
		d.o.Log.Error("GitLab was not asked what a reader may see", "err", err.Error())
		d.o.Site.Say(w, page.Message{Status: http.StatusServiceUnavailable, Title: "GitLab does not answer", Text: "Which projects you may see is asked of GitLab, and it does not answer at the moment. Reload this page in a while."})
	case len(reads) == 0:
		d.o.Site.Say(w, page.Message{Status: http.StatusForbidden, Title: "No projects", Text: "GitLab shows you the code and the dashboard of none of the projects here. Ask for the role of a Reporter in one of them.", Reader: name})
	default:
		d.o.Site.ServeHTTP(w, page.WithReader(r, page.Reader{Name: name, Sees: func(project string) bool { return reads[strings.ToLower(project)] }}))
	}
}

// ask asks somebody to sign in. Who was signed in before goes to GitLab at once.
func (d *Door) ask(w http.ResponseWriter, r *http.Request, before bool, again string) {
	if before && r.Method == http.MethodGet {
		d.set(w, "session", "", 0) // so that nobody goes round in circles
		http.Redirect(w, r, again, http.StatusSeeOther)
		return
	}
	d.o.Site.Say(w, page.Message{Status: http.StatusUnauthorized, Title: "Sign in", Text: "See how the dependencies of your projects stand. You see the projects that GitLab shows you.", Link: again, Says: "Sign in with GitLab"})
}
