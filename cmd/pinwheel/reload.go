package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/scheduler"
)

// This file lets serve take over what changed on disk: the configuration, certificates,
// passwords and tokens. What is wrong changes nothing, and is said.

// reloadEvery is how often files are looked at.
const reloadEvery = time.Minute

// stamp tells a file from what it was.
type stamp struct {
	size  int64
	at    time.Time
	inode uint64
}

// stamps are those of the files that a configuration is made of. A file that is missing has
// the zero stamp. Tokens are not among them: they are read for each request.
func stamps(path string, c *config.Config) map[string]stamp {
	out := map[string]stamp{path: {}}
	if c.CAFile != "" {
		out[c.CAFile] = stamp{}
	}
	for _, i := range c.Indexes {
		if i.PasswordFile != "" {
			out[i.PasswordFile] = stamp{}
		}
	}
	for name := range out {
		if info, err := os.Stat(name); err == nil {
			s := stamp{size: info.Size(), at: info.ModTime()}
			if sys, ok := info.Sys().(*syscall.Stat_t); ok {
				s.inode = sys.Ino
			}
			out[name] = s
		}
	}
	return out
}

// reload looks at the files every minute, and at once at SIGHUP, until ctx ends. A configuration that
// was refused is read again each time, since what it lacks may be in a file that only it names.
func (s *service) reload(ctx context.Context) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	every := reloadEvery
	if s.poll > 0 {
		every = s.poll
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	seen := s.stamps
	said := ""
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-again:
			asked = true
		case <-ticker.C:
		}
		var wrong []string
		if now := stamps(s.path, s.current().config); asked || s.unread != nil || !maps.Equal(now, seen) {
			seen = now
			s.unread = s.takeOver()
			if s.unread == nil {
				seen = stamps(s.path, s.current().config) // which may name other files
			}
		}
		if s.unread != nil {
			wrong = append(wrong, sentence(s.unread))
		}
		wrong = append(wrong, s.current().tokens.wrong()...)
		s.metrics.usable(len(wrong) == 0)
		slices.Sort(wrong) // the configuration and a token may be wrong for one reason
		if text := strings.Join(slices.Compact(wrong), "; "); text != said {
			said = text
			if text != "" {
				s.log.Error("what is on disk is wrong, and what was there before stays in use", "err", printable(text))
			}
		}
	}
}

// takeOver makes the configuration on disk the one that holds, once all of it is right.
func (s *service) takeOver() error {
	c, err := load(s.path)
	if err != nil {
		return err
	}
	if err := s.checkListen(c); err != nil {
		return err
	}
	before := s.current()
	later := s.fixed(before.config, c)
	options, tokens, err := s.edges(c, s.wiring(c))
	if err != nil {
		return err
	}
	tokens.follow(before.tokens)
	options.Store, options.Unchanged, options.GiveWay = s.store, s.unchanged, scheduler.GiveWay
	if c.MaxNew == before.config.MaxNew {
		options.Budget = before.runner.Budget
	}
	s.together = s.together.bounded(&options, s.wiring(c))
	s.together.serves(&options)
	next, err := s.make(c, reconcile.New(options), tokens)
	if err != nil {
		return err
	}
	if err := s.web.Move(map[string]string{"listen.hooks": c.Listen.Hooks, "listen.page": c.Listen.Page, "listen.metrics": c.Listen.Metrics}); err != nil {
		return err
	}
	if c.Schedule != before.config.Schedule {
		if err := s.schedule.Reschedule(c.Schedule); err != nil {
			return err
		}
	}
	if err := s.readers.use(s.program, c); err != nil {
		return err
	}
	if c.AtOnce != before.config.AtOnce {
		s.schedule.SetAtOnce(c.AtOnce)
	}
	next.keep(before)
	s.mu.Lock()
	s.listen(next)
	s.now = next
	s.room = serveWithin(len(next.projects()), s.room)
	s.mu.Unlock()
	s.closing.add(slices.Collect(maps.Values(next.projects())))
	s.metrics.only(next.projects())
	s.schedule.Set(next.keys())
	s.schedule.StartAll(next.keys())
	select {
	case s.reloaded <- struct{}{}:
	default:
	}
	if len(later) > 0 {
		s.log.Warn("these keys count from the next start on", "keys", strings.Join(later, " "))
	}
	s.log.Info("configuration read again", "projects", len(next.projects()), "schedule", c.Schedule)
	return nil
}

// fixed gives a new configuration what cannot change while serve is at work, and returns the
// keys that differ.
func (s *service) fixed(before, now *config.Config) (later []string) {
	keep := func(key string, same bool) {
		if !same {
			later = append(later, key)
		}
	}
	keep("store", now.Store == before.Store && now.StorePasswordFile == before.StorePasswordFile)
	keep("gitlab.url of the sign-in", before.Listen.PageAccess != config.PageGitLab || now.GitLab.URL == before.GitLab.URL)
	now.Store, now.StorePasswordFile = before.Store, before.StorePasswordFile
	listen := before.Listen
	listen.HooksTokenFile, listen.HooksURL = now.Listen.HooksTokenFile, now.Listen.HooksURL
	for _, one := range []struct {
		key  string
		same bool
	}{
		{"listen.hooks", moved(&listen.Hooks, now.Listen.Hooks)}, {"listen.metrics", moved(&listen.Metrics, now.Listen.Metrics)}, {"listen.page", moved(&listen.Page, now.Listen.Page)},
		{"listen.page_access", now.Listen.PageAccess == listen.PageAccess}, {"listen.page_url", now.Listen.PageURL == listen.PageURL},
		{"listen.page_application", now.Listen.PageApplication == listen.PageApplication}, {"listen.page_secret_file", now.Listen.PageSecretFile == listen.PageSecretFile},
	} {
		keep(one.key, one.same)
	}
	now.Listen = listen
	return later
}

// moved takes over another address in place of one, and reports whether nothing else changed: whether
// there is one counts from the next start on.
func moved(address *string, now string) bool {
	if *address == "" || now == "" {
		return *address == now
	}
	*address = now
	return true
}

// keep takes over the projects that are found, as far as the new configuration would find
// them too.
func (c *current) keep(before *current) {
	now := map[string]time.Time{}
	for path := range before.projects() {
		listed := slices.ContainsFunc(c.config.Projects, func(p config.Project) bool { return strings.EqualFold(p.Path, path) })
		wasListed := slices.ContainsFunc(before.config.Projects, func(p config.Project) bool { return p.Path == path })
		if listed || wasListed {
			continue
		}
		for i, d := range c.config.Discover {
			if d.Covers(path) {
				key := fmt.Sprint(i)
				c.found[key] = append(c.found[key], d.Project(path))
				now[path] = time.Now()
				break
			}
		}
	}
	for _, f := range c.finders {
		f.Remember(now)
	}
}
