package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/web"
	"gitlab.com/cki-project/pinwheel/web/page"
	"gitlab.com/cki-project/pinwheel/web/signin"
)

// faces are the addresses of the configuration with what answers there. Each answers
// probes, too.
func (s *service) faces() []web.Face {
	listen := s.now.config.Listen
	var out []web.Face
	add := func(setting, address string, routes func(*http.ServeMux)) {
		if address == "" {
			return
		}
		mux := http.NewServeMux()
		web.Health(mux, s.ready)
		routes(mux)
		out = append(out, web.Face{Setting: setting, Address: address, Handler: mux})
	}
	if s.metrics != nil {
		s.metrics.queue(s.schedule.Oldest)
	}
	s.listen(s.now)
	wake := func(e web.Event) { s.current().events.Wake(e) }
	add("listen.hooks", listen.Hooks, func(mux *http.ServeMux) { mux.Handle("POST /hooks/gitlab", web.Hooks(s.hookSecret, wake)) })
	add("listen.page", listen.Page, func(mux *http.ServeMux) { mux.Handle("/", s.page()) })
	add("listen.metrics", listen.Metrics, func(mux *http.ServeMux) { mux.Handle("GET /metrics", s.metrics.handler()) })
	return out
}

// woken are the projects of the configuration, with the bot or without.
func (c *current) woken() []web.Woken {
	by := map[string]*web.Woken{}
	of := func(path string) *web.Woken {
		key := strings.ToLower(path)
		if by[key] == nil {
			by[key] = &web.Woken{Path: path}
		}
		return by[key]
	}
	for path, project := range c.projects() {
		w := of(path)
		w.Keys, w.Prefix = append(w.Keys, path), project.Policy.BranchPrefix
	}
	for _, p := range c.bots.all {
		w := of(p.Member.Path)
		w.Keys = append(w.Keys, round.Key(p.Member.Path))
	}
	var out []web.Woken
	for _, key := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[key])
	}
	return out
}

// learnSelf asks GitLab who the bot is, every minute until GitLab answers.
func (s *service) learnSelf(ctx context.Context) {
	if s.current().events == nil {
		return
	}
	for {
		if bot, err := s.current().runner.GitLab.Whoami(ctx); err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.self = bot.Username
			s.now.events.Self(bot.Username)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
}

// hookSecret is the token that GitLab's events have to carry, read anew for each.
func (s *service) hookSecret() (string, error) {
	token, err := s.current().config.HooksToken(s.env)
	return token.Reveal(), err
}

// page is the status page, behind the sign-in if the configuration asks for one.
func (s *service) page() http.Handler {
	site := page.New(page.Options{
		Store: s.store, States: s.schedule.States, Within: s.within, Version: s.version, Hosts: s.hosts.list, Rate: s.rate, Log: s.log,
	})
	if s.signIn == nil {
		return site
	}
	return signin.New(signin.Options{GitLab: s.signIn, Site: site, Projects: s.shown, URL: s.now.config.Listen.PageURL, Log: s.log})
}

// within is how old the last good run may be by the schedule that holds now.
func (s *service) within() time.Duration { return patience(s.current().config.Schedule, time.Now()) }

// rate is the bound on requests to GitLab that holds now.
func (s *service) rate() int { return s.current().config.GitLab.Rate }

// shown lists the projects that the page could show, with their dashboards.
func (s *service) shown(ctx context.Context) ([]gitlab.Asked, error) {
	dashboards, err := s.store.Dashboards(ctx)
	if err != nil {
		return nil, err
	}
	iids := map[string]int64{}
	for path, iid := range dashboards {
		iids[strings.ToLower(path)] = iid
	}
	var out []gitlab.Asked
	for _, state := range s.schedule.States() {
		if !strings.Contains(state.Project, " ") { // the bot's rounds have keys of their own
			out = append(out, gitlab.Asked{Path: state.Project, Issue: iids[strings.ToLower(state.Project)]})
		}
	}
	return out, nil
}

// wire carries requests by the connection that holds now, which has the certificates of ca_file.
type wire struct {
	now atomic.Pointer[gitlab.Options]
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.now.Load().Transport.RoundTrip(r)
}

// use makes the wire that of a configuration.
func (w *wire) use(p *program, c *config.Config) error {
	with, err := p.connection(c)
	if err == nil {
		w.now.Store(&with)
	}
	return err
}

// signsIn is how people sign in to the page, nil where they do not. GitLab is asked by a wire.
func (p *program) signsIn(c *config.Config, by *wire) (*gitlab.SignIn, error) {
	if c.Listen.Page == "" || c.Listen.PageAccess != config.PageGitLab {
		return nil, nil
	}
	if _, err := c.PageSecret(p.env); err != nil {
		return nil, failure{exitUsage, err}
	}
	if err := by.use(p, c); err != nil {
		return nil, err
	}
	out, err := gitlab.NewSignIn(gitlab.SignInOptions{
		URL: c.GitLab.URL, Application: c.Listen.PageApplication, Callback: c.Listen.PageURL + signin.CallbackPath, Transport: by, UserAgent: p.userAgent(),
		Secret: func() (string, error) {
			secret, err := c.PageSecret(p.env)
			return secret.Reveal(), err
		},
	})
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return out, nil
}

// hostCounts counts what hosts answered. It is for several goroutines.
type hostCounts struct {
	mu sync.Mutex
	by map[string]*page.Host
}

// mostHosts bounds how many hosts are counted by name, since an index may name another one for each
// file. otherHosts is the name of all that come later.
const (
	mostHosts  = 100
	otherHosts = "other hosts"
)

// named is the name by which a host is counted.
func (h *hostCounts) named(host string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by[host] == nil && len(h.by) >= mostHosts {
		return otherHosts
	}
	return h.of(host).Name
}

// of is the count of a host, with the lock held.
func (h *hostCounts) of(host string) *page.Host {
	if h.by == nil {
		h.by = map[string]*page.Host{}
	}
	if h.by[host] == nil {
		h.by[host] = &page.Host{Name: host}
	}
	return h.by[host]
}

// asked notes until when a host wants to be left alone.
func (h *hostCounts) asked(host string, until time.Time) {
	host = h.named(host)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(host).Until = until
}

// answered counts a request; status is 0 where no answer came.
func (h *hostCounts) answered(host string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.of(host)
	one.Requests++
	switch {
	case status == http.StatusTooManyRequests:
		one.Slow++
	case status == 0 || status >= http.StatusInternalServerError:
		one.Failed++
	}
}

// list returns a count of each host, by name.
func (h *hostCounts) list() []page.Host {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []page.Host
	for _, name := range slices.Sorted(maps.Keys(h.by)) {
		out = append(out, *h.by[name])
	}
	return out
}

// ready is whether the database answers.
func (s *service) ready(ctx context.Context) error {
	_, err := s.store.Unfinished(ctx)
	return err
}

// tokenDay is how often tokens are looked at.
const tokenDay = 24 * time.Hour

// lookAtTokens notes when the token for GitLab ends, once at the start and once a day. A
// GitLab that does not tell is asked again the next day.
func (s *service) lookAtTokens(ctx context.Context) {
	ticker := time.NewTicker(tokenDay)
	defer ticker.Stop()
	for {
		if t, err := s.current().runner.GitLab.Token(ctx); err == nil && !t.Expires.IsZero() {
			s.metrics.expires.WithLabelValues("gitlab").Set(unix(t.Expires))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
