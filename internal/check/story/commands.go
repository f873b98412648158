package story

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

// commands are those of testscript's own that stories add.
func (s *stage) commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){}
	add := func(name string, f func(args []string) (string, error)) {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			out, err := f(args)
			if neg && err == nil {
				ts.Fatalf("%s did not fail", name)
			}
			if !neg && err != nil {
				ts.Fatalf("%s: %v", name, err)
			}
			if err != nil {
				out = err.Error() + "\n"
			}
			_, _ = ts.Stdout().Write([]byte(out)) // a strings.Builder
		}
	}
	for name := range people() {
		add(name, func(args []string) (string, error) { return "", s.act(s.project, append([]string{name}, args...)) })
	}
	for name, f := range s.clockwork() {
		add(name, f)
	}
	for name, f := range s.weather() {
		add(name, f)
	}
	for name, f := range s.builds() {
		add(name, f)
	}
	for name, f := range s.production() {
		add(name, f)
	}
	for name, f := range s.views() {
		add(name, f)
	}
	return all
}

type command = func(args []string) (string, error)

// clockwork is what moves time and starts runs.
func (s *stage) clockwork() map[string]command {
	until := func(args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("wants one TIME")
		}
		t, err := instant(args[0])
		if err != nil {
			return err
		}
		if t.Before(time.Now()) {
			return fmt.Errorf("it is %s already", time.Now().UTC().Format(time.RFC3339))
		}
		time.Sleep(time.Until(t))
		s.settle()
		return nil
	}
	return map[string]command{
		"start": func(args []string) (string, error) {
			if err := until(args); err != nil {
				return "", err
			}
			return "", s.start()
		},
		"watch": func(args []string) (string, error) {
			var err error
			s.watch, err = time.ParseDuration(strings.Join(args, ""))
			return "", err
		},
		"pause": func(args []string) (string, error) {
			return "", s.store.Pause(context.Background(), store.Pause{Project: s.project.Path(), Reason: strings.Join(args, " "), Who: "op", At: time.Now()})
		},
		"resume": func([]string) (string, error) {
			_, err := s.store.Resume(context.Background(), s.project.Path())
			return "", err
		},
		"webhook":       func(args []string) (string, error) { return "", s.webhook(args) },
		"forge-webhook": func(args []string) (string, error) { return s.forgeWebhook(args) },
		"runs": func([]string) (string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			n := s.runs
			s.runs = 0
			return fmt.Sprintf("%d runs\n", n), nil
		},
		"at": func(args []string) (string, error) { return "", until(args) },
		"look": func([]string) (string, error) {
			s.lookAll()
			return "", nil
		},
		"run": func([]string) (string, error) {
			// What came of it is the outcome's to say.
			_ = s.run(context.Background(), s.project.Path(), time.Now().UTC())
			return "", nil
		},
		"second": func([]string) (string, error) {
			before := len(s.gitlab.Writes(time.Time{}))
			for _, p := range s.config.Projects {
				_ = s.run(context.Background(), p.Path, time.Now().UTC())
			}
			s.lookAll()
			if wrote := s.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
				return "", fmt.Errorf("a second run wrote:\n%s", requests(wrote))
			}
			return "", nil
		},
	}
}

// lookAll is one look of the bot at each of its projects.
func (s *stage) lookAll() {
	for _, p := range round.Projects(s.config.Software) {
		_ = s.run(context.Background(), round.Key(p.Member.Path), time.Now().UTC())
	}
}

func instant(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-01-02T15:04Z", text)
}

// numbered puts the numbers of projects in the place of their names.
func (s *stage) numbered(text string) (string, error) {
	for _, p := range s.gitlab.Projects() {
		text = strings.ReplaceAll(text, "{"+path.Base(p.Path())+"}", fmt.Sprint(p.ID()))
	}
	if strings.Contains(text, "{") {
		return "", fmt.Errorf("%q names no project that there is", text)
	}
	return text, nil
}

// fault arms one of GitLab's.
func (s *stage) fault(a []string) (string, error) {
	text, err := s.numbered(strings.Join(a, " "))
	if err == nil {
		err = s.gitlab.Inject(text)
	}
	return "", err
}

// weather is what befalls the run from outside.
func (s *stage) weather() map[string]command {
	return map[string]command{
		"fault":       s.fault,
		"index-fault": func(a []string) (string, error) { return "", s.index.Inject(strings.Join(a, " ")) },
		"calm": func([]string) (string, error) {
			s.gitlab.ClearFaults()
			s.index.ClearFaults()
			return "", nil
		},
		"index": func(a []string) (string, error) { return "", s.changeIndex(a) },
		"token": func(a []string) (string, error) {
			if len(a) == 2 && a[0] == "merges" {
				s.merges = a[1]
				if err := s.store.Close(); err != nil {
					return "", err
				}
				return "", s.open()
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			switch {
			case len(a) == 1 && a[0] == "restore":
				s.token = s.gitlab.Token(bot)
			case len(a) == 2 && a[0] == "of":
				s.token = s.gitlab.Token(a[1])
			default:
				s.gitlab.Revoke(s.token)
			}
			return "", nil
		},
		"unprotect": func(a []string) (string, error) {
			s.project.Unprotect(a[0])
			return "", nil
		},
		"forget": func([]string) (string, error) { return "", s.forget() },
		"configure": func(a []string) (string, error) {
			c, err := config.Parse(a[0], []byte(s.file(a[0], "")))
			if err != nil {
				return "", err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.config = c
			return "", nil
		},
		"before": func(a []string) (string, error) {
			method, glob, ok := strings.Cut(a[0], " ")
			if !ok || len(a) < 2 {
				return "", fmt.Errorf("wants 'METHOD GLOB' COMMAND")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.befores = append(s.befores, &before{method, glob, s.project, a[1:]})
			return "", nil
		},
	}
}

func (s *stage) changeIndex(a []string) error {
	if len(a) < 3 {
		return fmt.Errorf("wants a statement")
	}
	reason := strings.Join(a[3:], " ")
	switch a[0] {
	case "release":
		s.index.Release(a[1], a[2])
	case "yank":
		s.index.Yank(a[1], a[2], reason)
	case "remove":
		s.index.Remove(a[1], a[2])
	case "status":
		s.index.SetStatus(a[1], a[2], reason)
	default:
		return s.index.Add(strings.Join(a, " "))
	}
	return nil
}
