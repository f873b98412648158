package story

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
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
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(a) == 1 && a[0] == "restore" {
				s.token = s.gitlab.Token(bot)
			} else {
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

// views print the world.
func (s *stage) views() map[string]command {
	return map[string]command{
		"mrs":      func([]string) (string, error) { return s.mergeRequests(), nil },
		"branches": func([]string) (string, error) { return s.branches(), nil },
		"issue": func([]string) (string, error) {
			i, err := dashboardOf(s.project)
			return i.Description + "\n", err
		},
		"size": func([]string) (string, error) {
			i, err := dashboardOf(s.project)
			return fmt.Sprintf("%d words, %d bytes\n", words(i.Description), len(i.Description)), err
		},
		"issues": func([]string) (string, error) {
			var out strings.Builder
			for _, i := range s.project.Issues() {
				fmt.Fprintf(&out, "#%d %s by %s: %s\n", i.IID, i.State, i.Author, i.Title)
			}
			return out.String(), nil
		},
		"notes": s.notes,
		"mr": func(a []string) (string, error) {
			iid, err := number(strings.Join(a, ""))
			if err != nil {
				return "", err
			}
			m, ok := s.project.MR(iid)
			if !ok {
				return "", fmt.Errorf("no merge request %d", iid)
			}
			people := ""
			if len(m.Reviewers)+len(m.Assignees) > 0 {
				people = fmt.Sprintf("reviewers: %s; assignees: %s\n", strings.Join(m.Reviewers, " "), strings.Join(m.Assignees, " "))
			}
			return m.Title + "\n" + people + m.Description + "\n", nil
		},
		"show": func(a []string) (string, error) {
			text, ok := s.project.File(a[0], a[1])
			if !ok {
				return "", fmt.Errorf("no %s on %s", a[1], a[0])
			}
			return text, nil
		},
		"diff": func(a []string) (string, error) { return s.project.Diff(s.project.DefaultBranch(), a[0]), nil },
		"log": func(a []string) (string, error) {
			var out strings.Builder
			for _, c := range s.project.Commits(a[0]) {
				fmt.Fprintf(&out, "%s: %s\n", c.AuthorName, c.Title)
			}
			return out.String(), nil
		},
		"exit": func([]string) (string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			o := s.last[s.project.Path()]
			return string(o.status) + "\n" + lines(o.failures), nil
		},
		"troubles": func([]string) (string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			var out strings.Builder
			for _, o := range s.troubles {
				out.WriteString(o.String())
			}
			s.troubles = nil
			return out.String(), nil
		},
		"reads": func([]string) (string, error) {
			// Of the last hour: one run, where nobody asked for another.
			all := s.gitlab.Reads(time.Now().Add(-time.Hour))
			return fmt.Sprintf("%d reads\n", len(all)) + requests(all), nil
		},
		"writes": func(a []string) (string, error) {
			var since time.Time
			if len(a) > 0 {
				var err error
				if since, err = instant(strings.TrimPrefix(a[0], "since=")); err != nil {
					return "", err
				}
			}
			return requests(s.gitlab.Writes(since)), nil
		},
	}
}

func requests(all []gitlabsim.Request) string {
	var out strings.Builder
	for _, r := range all {
		out.WriteString(r.String() + "\n")
	}
	return out.String()
}

func (s *stage) mergeRequests() string {
	var out strings.Builder
	for _, m := range s.project.MRs() {
		fmt.Fprintf(&out, "!%d %s %s", m.IID, m.State, m.SourceBranch)
		if m.State == "opened" && m.TargetBranch != s.project.DefaultBranch() {
			fmt.Fprintf(&out, " into %s", m.TargetBranch)
		}
		fmt.Fprintf(&out, ": %s", m.Title)
		if len(m.Labels) > 0 {
			fmt.Fprintf(&out, " [%s]", strings.Join(m.Labels, " "))
		}
		if m.HasConflicts {
			out.WriteString(" CONFLICT")
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (s *stage) branches() string {
	var out strings.Builder
	for _, b := range s.project.Branches() {
		fmt.Fprintf(&out, "%s (%s: %s)\n", b.Name, b.Commit.AuthorName, b.Commit.Title)
	}
	return out.String()
}

// notes prints comments and system notes, one a line, of the dashboard, the
// issue or the merge request that is named.
func (s *stage) notes(a []string) (string, error) {
	var notes []gitlabsim.Note
	if len(a) == 2 && a[0] == "mr" {
		iid, err := number(a[1])
		if err != nil {
			return "", err
		}
		m, _ := s.project.MR(iid)
		notes = m.Notes
	} else {
		i, err := dashboardOf(s.project)
		if err != nil {
			return "", err
		}
		notes = i.Notes
	}
	var out strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&out, "%s: %s\n", n.Author, strings.ReplaceAll(n.Body, "\n", " / "))
	}
	return out.String(), nil
}

// outOfStep names the branches of ours on which constraints.txt and its
// derived file hold different pins, though our commit is their head.
func (s *stage) outOfStep() []string {
	var out []string
	for _, project := range s.config.Projects {
		p := s.gitlab.Project(project.Path)
		for _, b := range p.Branches() {
			if !strings.HasPrefix(b.Name, project.Policy.BranchPrefix) || b.Commit.AuthorName != "pinwheel" {
				continue
			}
			for _, f := range project.Policy.Files {
				if f.Derived == nil {
					continue
				}
				text, _ := p.File(b.Name, f.Path)
				twin, ok := p.File(b.Name, f.Derived.Path)
				if !ok || !touched(b.Commit.Files, f.Derived.Path) {
					continue
				}
				parsed, err := constraints.Parse(f.Path, []byte(text))
				if err == nil {
					d := constraints.Derivation{Path: f.Derived.Path, Format: constraints.Format(f.Derived.Format), Key: f.Derived.Key}
					ok, err = constraints.InSync(parsed, []byte(twin), d)
				}
				if err != nil || !ok {
					out = append(out, fmt.Sprintf("%s and %s disagree on %s (%v)", f.Path, f.Derived.Path, b.Name, err))
				}
			}
		}
	}
	return out
}

func touched(files []string, name string) bool {
	return slices.Contains(files, name)
}
