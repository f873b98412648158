package story

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// builds is what projects are set to, and what their pipelines do.
func (s *stage) builds() map[string]command {
	return map[string]command{
		"ci": func(a []string) (string, error) {
			s.project.SetCI(a[0] == "on", a[1:]...)
			return "", nil
		},
		"script": func(a []string) (string, error) {
			if len(a) == 0 {
				return "", errors.New("wants a FILE or statements")
			}
			return "", s.project.Script(s.file(a[0], strings.Join(a, "\n")))
		},
		"settled": func([]string) (string, error) { return "", s.settled() },
		"version": func(a []string) (string, error) {
			s.gitlab.SetVersion(strings.Join(a, " "))
			return "", nil
		},
		"project": func(a []string) (string, error) {
			if len(a) != 1 {
				return "", errors.New("wants a PATH")
			}
			if err := s.addProject(a[0], path.Base(a[0]), false); err != nil {
				return "", err
			}
			s.gitlab.Project(a[0]).Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
			return "", nil
		},
		"settings": func(a []string) (string, error) {
			to, err := settingsOf(a)
			if err == nil {
				s.project.Set(to)
			}
			return "", err
		},
		"fail-merges": func(a []string) (string, error) {
			n, err := strconv.Atoi(strings.Join(a, " "))
			s.project.FailMerges(n)
			return "", err
		},
		"hang-merge": func(a []string) (string, error) {
			if len(a) == 0 {
				return "", errors.New("wants a DURATION")
			}
			takes, err := time.ParseDuration(a[0])
			s.project.HangMerge(takes, slices.Contains(a, "fails"))
			return "", err
		},
		"publish": func(a []string) (string, error) {
			if len(a) != 3 {
				return "", errors.New("wants a TAG, a TITLE and a FILE")
			}
			s.project.Publish(gitlabsim.Release{Tag: a[0], Name: a[1], Description: s.file(a[2], a[2])})
			return "", nil
		},
		"alter-merge": func(a []string) (string, error) {
			if len(a) != 2 {
				return "", errors.New("wants a PATH and a FILE")
			}
			s.project.AlterMerge(a[0], s.file(a[1], a[1]))
			return "", nil
		},
		"protect": func(a []string) (string, error) {
			push, merge := gitlabsim.Maintainer, gitlabsim.Maintainer
			if len(a) == 3 {
				push, merge = level(a[1]), level(a[2])
			}
			if push < 0 || merge < 0 {
				return "", fmt.Errorf("no such role in %q", a)
			}
			s.project.Protect(a[0], push, merge)
			return "", nil
		},
		"in": func(a []string) (string, error) {
			for _, p := range s.gitlab.Projects() {
				if path.Base(p.Path()) == a[0] {
					s.project = p
					return "", nil
				}
			}
			return "", fmt.Errorf("no project %q", a[0])
		},
		"pipelines": func([]string) (string, error) {
			return strings.Join(append(s.project.Pipelines(), ""), "\n"), nil
		},
		"given": func([]string) (string, error) { return lines(s.project.Given()), nil },
		"jobs":  func([]string) (string, error) { return lines(s.project.Jobs()), nil },
	}
}

func settingsOf(words []string) (gitlabsim.Settings, error) {
	to := gitlabsim.Settings{Public: true}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "ff", "rebase_merge":
			to.MergeMethod = key
		case "squash":
			to.Squash = value
		case "approvals":
			n, err := strconv.Atoi(value)
			if err != nil {
				return to, err
			}
			to.Approvals = n
		case "threads-resolved":
			to.DiscussionsResolved = true
		case "sha-required":
			to.SHARequired = true
		case "pipelines-required":
			to.PipelinesRequired = true
		case "raw-notes":
			to.RawNotes = true
		case "archived":
			to.Archived = true
		case "internal", "private":
			to.Public, to.Internal = false, key == "internal"
		case "releases":
			to.Releases = value
		case "no-issues":
			to.IssuesDisabled = true
		case "no-merge-requests":
			to.MRsDisabled = true
		default:
			return to, fmt.Errorf("no setting %q", word)
		}
	}
	return to, nil
}

// settled lets pipelines end, those as well that begin when others did.
func (s *stage) settled() error {
	for range 100 {
		until := s.gitlab.Settles()
		if until.IsZero() {
			return nil
		}
		time.Sleep(time.Until(until))
		s.settle()
	}
	return errors.New("there is always another pipeline")
}

var levels = []string{"none", "guest", "planner", "reporter", "developer", "maintainer", "owner"}

// level is the number of a role, -1 for none of them.
func level(role string) int {
	i := slices.Index(levels, role)
	if i < 0 {
		return -1
	}
	return []int{0, gitlabsim.Guest, gitlabsim.Planner, gitlabsim.Reporter, gitlabsim.Developer, gitlabsim.Maintainer, gitlabsim.Owner}[i]
}
