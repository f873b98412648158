package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/outage"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/releasenotes"
	"gitlab.com/cki-project/pinwheel/store"
)

// instant reads --at.
func (p *program) instant(at string) (time.Time, error) {
	if at == "" {
		return p.now().UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, at); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage("--at %q is not a time: write it as 2026-01-02T09:05:00Z", at)
}

// subject is what a command looks at: which projects of which configuration, as of
// when.
type subject struct {
	now      time.Time
	config   *config.Config
	projects []config.Project // in the order named, or all of them
}

// subject reads --at, the configuration, and which of its projects were named, in
// this order: the first mistake is the one that is told.
func (p *program) subject(o *options, names []string) (s subject, err error) {
	if s.now, err = p.instant(o.at); err != nil {
		return s, err
	}
	if s.config, err = load(o.config); err != nil {
		return s, err
	}
	s.projects, err = choose(s.config, names)
	return s, err
}

// sources are the indexes with their passwords.
func (p *program) sources(c *config.Config) (map[string]pypi.Source, error) {
	out := map[string]pypi.Source{}
	for _, i := range c.Indexes {
		password, err := i.Password(p.env)
		if err != nil {
			return nil, failure{exitUsage, err}
		}
		out[i.Name] = pypi.Source{
			Index:    plan.Index{Name: i.Name, URL: i.URL, Packages: i.Packages, IgnoreUploadTimes: i.IgnoreUploadTimes},
			Username: i.Username, Password: pypi.Secret(password.Reveal()), AllowHTTP: i.AllowHTTP,
		}
	}
	return out, nil
}

// wiring is what a Runner is made with beside the configuration.
type wiring struct {
	place  store.Place // of the database
	gitlab bool        // without it the Runner can do Local alone
	log    *slog.Logger
	// observe, if set, is told of every request that was sent.
	observe func(host string, status int)
	// asked, if set, is told of every host that wants to be left alone.
	asked func(host string, until time.Time)
	views bool // what runs find is kept for the status page
	many  bool // runs of several projects share what an index told in this hour
}

// runner wires a Runner. close ends the use of the database.
func (p *program) runner(ctx context.Context, c *config.Config, with wiring) (r *reconcile.Runner, closing func(), err error) {
	options, _, err := p.edges(c, with)
	if err != nil {
		return nil, nil, err
	}
	closing, err = p.open(ctx, &options, with)
	return reconcile.New(options), closing, err
}

// open opens the database, and lets processes on it keep to bounds together. close ends its use.
func (p *program) open(ctx context.Context, o *reconcile.Options, with wiring) (closing func(), err error) {
	db, err := store.OpenAt(ctx, with.place)
	if errors.Is(err, store.ErrSilent) {
		return nil, failure{exitFailed, err}
	}
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	o.Store = db
	db.RunAs(store.Here(p.instance))
	if text := db.Notice(); text != "" {
		with.log.Warn("database replaced", "err", text)
	}
	p.together = p.together.bounded(o, with)
	return func() {
		if err := db.Close(); err != nil {
			with.log.Warn("the store did not close", "err", err)
		}
	}, nil
}

// edges are those of a Runner but for its database, and the tokens in them.
func (p *program) edges(c *config.Config, with wiring) (reconcile.Options, *tokens, error) {
	none := reconcile.Options{}
	indexOptions, err := p.indexOptions(c)
	if err != nil {
		return none, nil, err
	}
	indexOptions.Outage, indexOptions.Hourly = with.outages(), with.many
	options := reconcile.Options{
		Index: pypi.New(indexOptions),
		Log:   with.log, Progress: p.progress(),
		Budget: reconcile.NewBudget(c.MaxNew), Views: with.views, Version: p.build(), Limits: c.Limits, FormerUsers: c.GitLab.FormerUsers,
	}
	if options.Sources, err = p.sources(c); err != nil {
		return none, nil, err
	}
	if c.AuditFile != "" {
		options.Audit = appender(c.AuditFile)
	}
	if with.many {
		options.Claims = reconcile.NewClaims()
	}
	if !with.gitlab {
		return options, nil, nil
	}
	if options.Notes, err = p.notes(c, with.outages()); err != nil {
		return none, nil, err
	}
	t, err := p.gitlabBeside(c, &options, with.outages())
	return options, t, err
}

// outages is a record of servers that tells of every request, and logs until when a server wants to
// be left alone.
func (w wiring) outages() *outage.Record {
	r := outage.NewRecord()
	r.Observe = w.observe
	r.Asked = func(host string, until time.Time) {
		if w.log != nil {
			w.log.Warn("a server answers 429 and wants to be left alone", "host", host, "until", until.Format(time.RFC3339))
		}
		if w.asked != nil {
			w.asked(host, until)
		}
	}
	return r
}

// gitlab adds the edges that speak to GitLab. The token is read once here, so
// that its absence is a sentence before anything starts, and again for every
// request, so that a rotated file is seen.
func (p *program) gitlab(c *config.Config, o *reconcile.Options) error {
	_, err := p.gitlabBeside(c, o, nil)
	return err
}

// gitlabBeside is gitlab with a record of what GitLab answers; nil is one of its own.
func (p *program) gitlabBeside(c *config.Config, o *reconcile.Options, outages *outage.Record) (*tokens, error) {
	if _, err := c.Token(p.env); err != nil && needsOwn(c) {
		return nil, failure{exitUsage, err}
	}
	if _, err := c.MergeToken(p.env); err != nil {
		return nil, failure{exitUsage, err}
	}
	with, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	t := &tokens{p: p, config: c, own: map[string]*gitlab.Client{}, all: map[string]*held{}}
	with.ReadToken = t.hold("gitlab.token_file", func() (config.Secret, error) { return c.Token(p.env) }, with).Token
	if c.MergesApart(p.env) {
		with.ReadMergeToken = t.hold("gitlab.merge_token_file", func() (config.Secret, error) { return c.MergeToken(p.env) }, with).Token
	}
	with.Outage = outages
	if t.base, err = gitlab.Connect(with); err != nil {
		return nil, failure{exitUsage, err}
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	o.GitLab, o.Own = t.base, t.of
	o.Dashboard = dashboard.NewPublisher(t.base)
	return t, nil
}

// connection is how GitLab is reached with pinwheel's own token.
func (p *program) connection(c *config.Config) (gitlab.Options, error) {
	trusted, err := authorities(c)
	if err != nil {
		return gitlab.Options{}, failure{exitUsage, err}
	}
	transport := p.reached(gitlab.NewTransport())
	if trusted != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	}
	return gitlab.Options{
		URL: c.GitLab.URL, UserAgent: p.userAgent(), Transport: transport, Rate: c.GitLab.Rate,
		ReadToken: func() (string, error) {
			token, err := c.Token(p.env)
			return token.Reveal(), err
		},
	}, nil
}

// reached makes a transport reach servers as the program does.
func (p *program) reached(t *http.Transport) *http.Transport {
	if p.dial != nil {
		t.DialContext = p.dial
	}
	return t
}

// notes is what reads release notes.
func (p *program) notes(c *config.Config, outages *outage.Record) (*releasenotes.Reader, error) {
	trusted, err := authorities(c)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	transport := p.reached(gitlab.NewTransport())
	if trusted != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	}
	return releasenotes.New(releasenotes.Options{
		Projects: c.ReleaseNotes.Projects, Hosts: c.ReleaseNotes.Hosts, Transport: transport, Outage: outages, UserAgent: p.userAgent(),
	}), nil
}

// index is a client for every index of a configuration.
func (p *program) index(c *config.Config) (*pypi.Client, error) {
	o, err := p.indexOptions(c)
	if err != nil {
		return nil, err
	}
	return pypi.New(o), nil
}

// indexOptions are those of a client for every index of a configuration.
func (p *program) indexOptions(c *config.Config) (pypi.Options, error) {
	trusted, err := authorities(c)
	if err != nil {
		return pypi.Options{}, failure{exitUsage, err}
	}
	transport := p.reached(pypi.NewTransport(max(c.Concurrency, 1)))
	if trusted != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	}
	o := within(c.Limits)
	o.Transport, o.UserAgent, o.Concurrency, o.Hosts = transport, p.userAgent(), c.Concurrency, hosts(c)
	return o, nil
}

// within are the options of a client that keeps to limits.
func within(l config.Limits) pypi.Options {
	const mib = 1 << 20
	return pypi.Options{
		MaxBody: int64(l.PageMiB) * mib, MaxEntries: l.PageEntries, MaxPage: l.PageMemoryMiB * mib, MaxPages: l.PagesMemoryMiB * mib,
		MaxFile: int64(l.FileMiB) * mib,
	}
}

// authorities are the system's certificates and those of ca_file; nil where there
// is no such file.
func authorities(c *config.Config) (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	data, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // an image may have none
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM: write one that begins with -----BEGIN CERTIFICATE-----", c.CAFile)
	}
	return pool, nil
}

// hosts are those that the configuration names, which may be inside a private
// network.
func hosts(c *config.Config) []string {
	var out []string
	add := func(address string) {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			out = append(out, u.Hostname())
		}
	}
	add(c.GitLab.URL)
	for _, i := range c.Indexes {
		add(i.URL)
	}
	return out
}

// newInstance tells this start of the program from one with the same PID, as
// all have in a container.
func newInstance() string { return rand.Text() }

// choose returns the named projects in the order named, or all that are listed. A project
// that would be found may be named, too.
func choose(c *config.Config, names []string) ([]config.Project, error) {
	switch {
	case len(c.Projects)+len(c.Discover) == 0:
		return nil, usage("%s has no projects, only software: add the key projects, or use pinwheel prepare", c.Path)
	case len(names) == 0 && len(c.Projects) == 0:
		return nil, usage("%s lists no projects, it finds them: name those that you mean", c.Path)
	case len(names) == 0:
		return c.Projects, nil
	}
	var out []config.Project
	for _, name := range names {
		at := slices.IndexFunc(c.Projects, func(p config.Project) bool { return strings.EqualFold(p.Path, name) })
		if at >= 0 {
			out = append(out, c.Projects[at])
			continue
		}
		if d, ok := c.Discovery(name); ok && strings.Contains(name, "/") {
			out = append(out, d.Project(name))
			continue
		}
		var paths []string
		for _, project := range c.Projects {
			paths = append(paths, project.Path)
		}
		return nil, usage("%s has no project %q; it has %s", c.Path, name, strings.Join(paths, ", "))
	}
	return out, nil
}
