package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

// held is a token that is read again for each request. One that cannot be read, or that
// GitLab does not accept, leaves the one before it in use.
type held struct {
	name string // as a person knows it
	read func() (config.Secret, error)
	try  func(ctx context.Context, token string) error // nil: every token that can be read is taken

	mu    sync.Mutex
	token string // in use; empty before the first
	bad   string // the newest that was not accepted
	wrong error  // why the newest is not in use
}

// tryWithin is how long GitLab may take to say whether it accepts a token.
const tryWithin = 10 * time.Second

// Token returns the one to use.
func (h *held) Token() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	secret, err := h.read()
	text := secret.Reveal()
	switch {
	case err != nil && h.token == "":
		return "", err
	case err != nil:
		h.wrong = err
	case text == h.token:
		h.wrong = nil
	case h.token == "" || h.try == nil:
		h.token, h.wrong = text, nil
	case text != h.bad:
		ctx, cancel := context.WithTimeout(context.Background(), tryWithin)
		defer cancel()
		// What does not answer proves nothing against a token.
		if err := h.try(ctx, text); errors.Is(err, gitlab.ErrUnauthorized) {
			h.bad, h.wrong = text, fmt.Errorf("%s: GitLab does not accept the new token: write one that is valid", h.name)
		} else {
			h.token, h.bad, h.wrong = text, "", nil
		}
	}
	return h.token, nil
}

// Wrong is why the newest token is not in use, nil if it is.
func (h *held) Wrong() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wrong
}

// tokens are the connections with tokens of projects' own. It is for several goroutines.
type tokens struct {
	p      *program
	config *config.Config
	base   *gitlab.Client

	mu  sync.Mutex
	own map[string]*gitlab.Client
	all map[string]*held // by what a person knows it by
}

// hold makes a token that is read again, and tried by a connection that with describes.
func (t *tokens) hold(name string, read func() (config.Secret, error), with gitlab.Options) *held {
	h := &held{name: name, read: read, try: func(ctx context.Context, token string) error {
		with := with
		with.Token, with.ReadToken, with.ReadMergeToken, with.Retries, with.Rate = token, nil, nil, -1, 0
		client, err := gitlab.Connect(with)
		if err != nil {
			return err
		}
		_, err = client.Whoami(ctx)
		return err
	}}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all[name] = h
	return h
}

// of is the connection with a token; with the zero TokenSource, pinwheel's own.
func (t *tokens) of(source config.TokenSource) (*gitlab.Client, error) {
	if !source.Own() {
		return t.base, nil
	}
	t.mu.Lock()
	client := t.own[source.Key()]
	t.mu.Unlock()
	if client != nil {
		return client, nil
	}
	if _, err := source.Read(t.p.env); err != nil {
		return nil, failure{exitUsage, err}
	}
	with, err := t.p.connection(t.config)
	if err != nil {
		return nil, err
	}
	h := t.hold(source.Key(), func() (config.Secret, error) { return source.Read(t.p.env) }, with)
	if client, err = t.base.As(h.Token); err != nil {
		return nil, failure{exitUsage, err}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own[source.Key()] = client
	return client, nil
}

// follow takes over which tokens are in use from those of the configuration before, so that one that
// GitLab refuses does not replace them only because the configuration changed, too. Another GitLab
// gets none of them.
func (t *tokens) follow(before *tokens) {
	if before.config.GitLab.URL != t.config.GitLab.URL {
		return
	}
	before.mu.Lock()
	old := maps.Clone(before.all)
	before.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, h := range t.all {
		if last := old[name]; last != nil {
			last.mu.Lock()
			h.token, h.bad, h.wrong = last.token, last.bad, last.wrong
			last.mu.Unlock()
		}
	}
}

// check reads every token that the configuration names for projects.
func (t *tokens) check() error {
	for _, source := range sourcesOf(t.config) {
		if _, err := t.of(source); err != nil {
			return err
		}
	}
	return nil
}

// wrong reads every token, and returns a sentence for each of which the newest is not in use.
func (t *tokens) wrong() (out []string) {
	t.mu.Lock()
	all := maps.Clone(t.all)
	t.mu.Unlock()
	for _, h := range all {
		if _, err := h.Token(); err != nil {
			continue // there never was one
		}
		if err := h.Wrong(); err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

// sourcesOf are the tokens of projects' own, each once.
func sourcesOf(c *config.Config) (out []config.TokenSource) {
	seen := map[string]bool{}
	add := func(s config.TokenSource) {
		if s.Own() && !seen[s.Key()] {
			seen[s.Key()] = true
			out = append(out, s)
		}
	}
	for _, project := range c.Projects {
		add(project.Token)
	}
	for _, d := range c.Discover {
		add(d.Token)
	}
	return out
}

// needsOwn reports whether anything is done with pinwheel's own token.
func needsOwn(c *config.Config) bool {
	for _, project := range c.Projects {
		if !project.Token.Own() {
			return true
		}
	}
	for _, d := range c.Discover {
		if !d.Token.Own() {
			return true
		}
	}
	return len(c.Projects)+len(c.Discover) == 0 || len(c.Software.Bot.Projects) > 0
}
