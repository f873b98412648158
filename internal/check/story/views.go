package story

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

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
		"notes":         s.notes,
		"renovate-sees": s.sees,
		"compare":       s.compare,
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
		body := n.Body
		if n.System {
			body, _, _ = strings.Cut(body, "\n\n<ul>") // GitLab lists commits below
		}
		fmt.Fprintf(&out, "%s: %s\n", n.Author, strings.ReplaceAll(body, "\n", " / "))
	}
	return out.String(), nil
}
