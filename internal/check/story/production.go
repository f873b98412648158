package story

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file is production: jobs that deploy, and what people do to it. Each command is a
// process of its own, with the token of deployments.

const deployBot = "deploy-bot"

// members are the projects of the set that are deployed.
func (s *stage) members() []string {
	soft := s.config.Software
	out := slices.Concat(soft.Packages, soft.Data)
	if soft.Deploy.Constraints != "" {
		out = append(out, soft.Deploy.Constraints)
	}
	return out
}

// setProduction adds the projects of the set, each with a protected branch production
// that may be forced, and the one that keeps the sets.
func (s *stage) setProduction() error {
	d := s.config.Software.Deploy
	if !d.Configured() {
		return nil
	}
	s.gitlab.AddBot(deployBot, "deployments")
	s.deployToken = s.gitlab.Token(deployBot, "api", "write_repository")
	for _, member := range append(s.members(), d.Sets.Project) {
		if s.gitlab.Project(member) == nil {
			if err := s.addProject(member, path.Base(member), false); err != nil {
				return err
			}
		}
		p := s.gitlab.Project(member)
		p.SetRole(deployBot, gitlabsim.Maintainer)
		p.SetCI(true)
		if len(p.Paths("main")) == 0 {
			if _, err := p.Push("alice", "main", "Begin", map[string]string{"README.md": member + "\n"}); err != nil {
				return err
			}
		}
		if member == d.Sets.Project {
			continue
		}
		if err := p.CreateBranch("alice", d.Branch, "main"); err != nil {
			return err
		}
		p.Protect(d.Branch, gitlabsim.Maintainer, gitlabsim.Maintainer)
		p.AllowForcePush(d.Branch)
	}
	return nil
}

// deployer is a process that deploys.
func (s *stage) deployer() (*deploy.Deployer, *strings.Builder, error) {
	client, err := gitlab.Connect(gitlab.Options{URL: s.gitlab.BaseURL(), Token: s.deployToken, Transport: s.gitlab.Transport()})
	if err != nil {
		return nil, nil, err
	}
	said := &strings.Builder{}
	s.mu.Lock()
	s.deployers++
	name := fmt.Sprintf("process-%d", s.deployers)
	soft := s.config.Software.Deploy
	s.mu.Unlock()
	d, err := deploy.New(context.Background(), deploy.Options{
		Client: client, Place: deploy.Place{Project: soft.Sets.Project, Branch: soft.Sets.Branch, Folder: soft.Sets.Folder},
		Members: s.members(), Branch: soft.Branch, Environment: soft.Environment, Constraints: soft.Constraints, ConstraintsFiles: soft.ConstraintsFiles,
		Clock: time.Now, Instance: name,
		Do: func(ctx context.Context, _ string, _ plan.Fact, effect func(context.Context) journal.Outcome) error {
			effect(ctx)
			return nil
		},
		Say: func(format string, args ...any) { fmt.Fprintf(said, format+"\n", args...) },
	})
	return d, said, err
}

// during runs something as a process that deploys, and words what came of it, with the
// titles of commits in place of their names.
func (s *stage) during(do func(context.Context, *deploy.Deployer) (deploy.Outcome, error)) (string, error) {
	d, said, err := s.deployer()
	if err != nil {
		return "", err
	}
	out, err := do(context.Background(), d)
	var text strings.Builder
	text.WriteString(said.String())
	if err != nil {
		fmt.Fprintf(&text, "failed: %v\n", err)
		return s.titled(text.String()), nil
	}
	fmt.Fprintf(&text, "%s", out.Do)
	if out.Kind != "" {
		fmt.Fprintf(&text, " (%s)", out.Kind)
	}
	if out.Set > 0 {
		fmt.Fprintf(&text, ", set %d", out.Set)
	}
	if out.Completed > 0 {
		fmt.Fprintf(&text, ", completed set %d", out.Completed)
	}
	if out.Why != "" {
		fmt.Fprintf(&text, ": %s", out.Why)
	}
	text.WriteString("\n")
	for _, m := range out.Moves {
		fmt.Fprintf(&text, "  %s: %s -> %s\n", m.Project, m.Old, m.New)
	}
	return s.titled(text.String()), nil
}

// titled puts the titles of commits in the place of their names, whole or cut to twelve.
func (s *stage) titled(text string) string {
	for _, member := range s.members() {
		p := s.gitlab.Project(member)
		for _, b := range p.Branches() {
			for _, k := range p.Commits(b.Name) {
				text = strings.ReplaceAll(text, k.ID, "<"+k.Title+">")
				text = strings.ReplaceAll(text, k.ID[:12], "<"+k.Title+">")
			}
		}
	}
	return text
}

// commit finds a commit of a project by its title, on any branch.
func commit(p *gitlabsim.Project, title string) (string, error) {
	for _, b := range p.Branches() {
		for _, k := range p.Commits(b.Name) {
			if k.Title == title {
				return k.ID, nil
			}
		}
	}
	return "", fmt.Errorf("%s has no commit %q", p.Path(), title)
}

// change puts a commit with a title on a branch, and makes its pipeline, whose one job
// passed.
func change(_ *stage, p *gitlabsim.Project, a []string) error {
	ref := "main"
	if len(a) > 2 {
		ref = a[2]
	}
	if _, err := p.Push(a[0], ref, a[1], map[string]string{"change": a[1] + "\n"}); err != nil {
		return err
	}
	return p.Pipeline(a[0], ref, "running", "test=success")
}

// movesProduction is a person who moves the branch beside pinwheel, to a commit by its
// title.
func movesProduction(s *stage, p *gitlabsim.Project, a []string) error {
	sha, err := commit(p, a[1])
	if err != nil {
		return err
	}
	return p.PushRef(a[0], s.config.Software.Deploy.Branch, sha)
}

// production is what deploys and what shows it.
func (s *stage) production() map[string]command {
	return map[string]command{
		"deploy-job": func(a []string) (string, error) {
			if len(a) < 1 {
				return "", errors.New("wants a USER")
			}
			ref := "main"
			if len(a) > 1 {
				ref = a[1]
			}
			number, job, err := s.project.StartJob(a[0], ref, "deploy-production")
			if err != nil {
				return "", err
			}
			return s.runJob(number, job, len(a) > 2 && a[2] == "manual")
		},
		"redeploy": func(a []string) (string, error) {
			sha, err := commit(s.project, a[1])
			if err != nil {
				return "", err
			}
			number := s.project.PipelineOf(sha)
			job, err := s.project.StartJobOf(a[0], number, "deploy-production")
			if err != nil {
				return "", err
			}
			return s.runJob(number, job, false)
		},
		"rollback": func(a []string) (string, error) {
			to := ""
			if len(a) > 1 {
				var err error
				if to, err = commit(s.project, a[1]); err != nil {
					return "", err
				}
			}
			return s.during(func(ctx context.Context, d *deploy.Deployer) (deploy.Outcome, error) {
				return d.Rollback(ctx, s.project.Path(), to, deploy.Person{Name: a[0]})
			})
		},
		"rollback-set": func(a []string) (string, error) {
			return s.during(func(ctx context.Context, d *deploy.Deployer) (deploy.Outcome, error) {
				return d.RollbackSet(ctx, a[1], deploy.Person{Name: a[0]})
			})
		},
		"rollback-accept": func(a []string) (string, error) {
			return s.during(func(ctx context.Context, d *deploy.Deployer) (deploy.Outcome, error) {
				return d.Accept(ctx, deploy.Person{Name: a[0]})
			})
		},
		"hold": func(a []string) (string, error) {
			d, _, err := s.deployer()
			if err != nil {
				return "", err
			}
			h := deploy.Hold{Project: s.project.Path(), By: a[0], Reason: a[1]}
			if len(a) > 2 {
				h.Until = a[2]
			}
			_, err = d.Hold(context.Background(), h)
			return "", err
		},
		"release": func([]string) (string, error) {
			d, _, err := s.deployer()
			if err != nil {
				return "", err
			}
			was, there, err := d.Release(context.Background(), s.project.Path())
			if err != nil || !there {
				return "there was no hold\n", err
			}
			return s.titled(was.Words() + "\n"), nil
		},
		"releases":    func([]string) (string, error) { return s.releases() },
		"sets":        func([]string) (string, error) { return s.sets() },
		"environment": func([]string) (string, error) { return s.titled(lines(s.project.Deployments())), nil },
	}
}

// runJob is one deploy job.
func (s *stage) runJob(number, job int64, manual bool) (string, error) {
	sha := s.project.PipelineSHA(number)
	status := "failed"
	out, err := s.during(func(ctx context.Context, d *deploy.Deployer) (deploy.Outcome, error) {
		order, err := d.Order(ctx, deploy.Job{Project: s.project.Path(), SHA: sha, Pipeline: number, ID: job, Manual: manual, Environment: "production"})
		if err != nil {
			return deploy.Outcome{}, err
		}
		out, err := d.Deploy(ctx, order)
		if err == nil && out.Do != deploy.Wait && out.Do != deploy.Refuse {
			status = "success"
		}
		return out, err
	})
	s.project.EndJob(job, status)
	return out, err
}

// releases is what is in production, and since when.
func (s *stage) releases() (string, error) {
	d, _, err := s.deployer()
	if err != nil {
		return "", err
	}
	v, err := d.Releases(context.Background(), "")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, r := range v.Projects {
		if r.Err != nil {
			return "", r.Err
		}
		fmt.Fprintf(&out, "%s: %s (%s by %s, set %d), %d behind\n", r.Project, r.Title, r.Kind, r.By, r.Set, r.Behind)
		if r.Held {
			fmt.Fprintf(&out, "  %s\n", r.Hold.Words())
		}
	}
	if v.UnderWay != nil {
		fmt.Fprintf(&out, "set %d, %s, is under way\n", v.UnderWay.Set, v.UnderWay.Why)
	}
	return s.titled(out.String()), nil
}

// sets are all of them, the newest first.
func (s *stage) sets() (string, error) {
	d, _, err := s.deployer()
	if err != nil {
		return "", err
	}
	all, err := d.Sets(context.Background())
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, set := range all {
		fmt.Fprintf(&out, "%d %s by %s:", set.ID, set.Why, set.By)
		for _, m := range set.Members {
			fmt.Fprintf(&out, " %s=%s", path.Base(m.Project), m.SHA)
		}
		out.WriteString("\n")
	}
	return s.titled(out.String()), nil
}

// pushes reports whether a request is a push, which tells nobody's name.
func pushes(c gitlabsim.Call) bool {
	return c.Method == http.MethodPost && strings.HasSuffix(c.Path, ".git/git-receive-pack")
}
