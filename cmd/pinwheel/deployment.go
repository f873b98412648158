package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/prepare"
	"gitlab.com/cki-project/pinwheel/store"
)

// softwareRun is the name under which the journal has the runs of deployments: they are
// about no one project.
const softwareRun = "software"

// deployment is what the commands about production share.
type deployment struct {
	p       *program
	conf    *config.Config
	client  *gitlab.Client
	members []string
	*deploy.Deployer
	closing func(err error)
}

// deployConfig reads a configuration that says how to deploy.
func deployConfig(path string) (*config.Config, error) {
	c, err := load(path)
	if err == nil && !c.Software.Deploy.Configured() {
		return nil, usage("%s does not say where deployments are kept: set software.deploy.sets.project", c.Path)
	}
	return c, err
}

// members are the projects whose production is deployed: those of the set that follow
// the branch, and that of the constraints.
func (p *program) members(c *config.Config) ([]string, error) {
	soft := c.Software
	d := prepare.Defaults{Namespace: cmp.Or(soft.Namespace, p.env("CI_PROJECT_NAMESPACE")), Ref: soft.Ref}
	var out []string
	for _, list := range []struct {
		variable   string
		configured []string
	}{{"GITLAB_COM_PACKAGES", soft.Packages}, {"DATA_PROJECTS", soft.Data}} {
		entries, err := prepare.ParseEntries(cmp.Or(strings.TrimSpace(p.env(list.variable)), strings.Join(list.configured, " ")), d)
		if err != nil {
			return nil, mistaken(err)
		}
		for _, e := range entries {
			if e.Ref == soft.Deploy.Branch {
				out = append(out, e.Project)
			}
		}
	}
	if soft.Deploy.Constraints != "" {
		out = append(out, soft.Deploy.Constraints)
	}
	if len(out) == 0 {
		return nil, usage("no project of the set follows the branch %s: name projects below software in %s, or in the variable GITLAB_COM_PACKAGES", soft.Deploy.Branch, c.Path)
	}
	return out, nil
}

// deployClient connects with the token of deployments. A command that only reads takes
// pinwheel's own where there is none.
func (p *program) deployClient(c *config.Config, reading bool) (*gitlab.Client, error) {
	_, err := c.DeployToken(p.env)
	read := c.DeployToken
	if err != nil && reading {
		if _, other := c.Token(p.env); other == nil {
			read, err = c.Token, nil
		}
	}
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	o, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	o.ReadToken = func() (string, error) {
		token, err := read(p.env)
		return token.Reveal(), err
	}
	client, err := gitlab.Connect(o)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return client, nil
}

// deployment connects, and for a command that writes begins a run in the journal; end
// it with closing.
func (p *program) deployment(ctx context.Context, path string, reading bool) (*deployment, error) {
	c, err := deployConfig(path)
	if err != nil {
		return nil, err
	}
	d := &deployment{p: p, conf: c, closing: func(error) {}}
	if d.members, err = p.members(c); err != nil {
		return nil, err
	}
	if d.client, err = p.deployClient(c, reading); err != nil {
		return nil, err
	}
	write := func(context.Context, string, plan.Fact, func(context.Context) journal.Outcome) error {
		return errors.New("this command writes nothing")
	}
	if !reading {
		if write, err = d.journal(ctx); err != nil {
			return nil, err
		}
	}
	soft := c.Software.Deploy
	d.Deployer, err = deploy.New(ctx, deploy.Options{
		Client: d.client, Place: deploy.Place{Project: soft.Sets.Project, Branch: soft.Sets.Branch, Folder: soft.Sets.Folder},
		Members: d.members, Branch: soft.Branch, Environment: soft.Environment,
		Constraints: soft.Constraints, ConstraintsFiles: soft.ConstraintsFiles, Clock: p.now, Instance: p.instance, Do: write,
		Say: func(format string, args ...any) {
			fmt.Fprintln(p.err, "pinwheel: "+printable(fmt.Sprintf(format, args...)))
		},
	})
	if err != nil {
		d.closing(err)
		return nil, misdeployed(err)
	}
	return d, nil
}

// runLease is how long a run of deployments is believed alive without a sign.
const runLease = 10 * time.Minute

// journal opens the store and begins a run; what it returns writes each effect down.
func (d *deployment) journal(ctx context.Context) (func(context.Context, string, plan.Fact, func(context.Context) journal.Outcome) error, error) {
	s, err := d.p.database(ctx, d.conf)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	s.RunAs(store.Here(d.p.instance))
	now := d.p.now().UTC()
	run, err := s.BeginRun(ctx, softwareRun, now, runLease)
	if err != nil {
		s.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	d.closing = func(err error) {
		end := store.RunEnd{Status: store.RunDone}
		if err != nil {
			end = store.RunEnd{Status: store.RunFailed, Summary: sentence(err)}
		}
		if err := errors.Join(s.FinishRun(context.WithoutCancel(ctx), run, d.p.now().UTC(), end), s.Close()); err != nil {
			fmt.Fprintf(d.p.err, "pinwheel: %s\n", sentence(err))
		}
	}
	var file func([]byte) error
	if d.conf.AuditFile != "" {
		file = appender(d.conf.AuditFile)
	}
	return func(ctx context.Context, project string, f plan.Fact, effect func(context.Context) journal.Outcome) error {
		return journal.New(s, file, journal.Run{Project: project, ID: run, Now: now}).Do(ctx, f, effect)
	}, nil
}

// misdeployed gives an error of deploy its exit code.
func misdeployed(err error) error {
	if _, ok := errors.AsType[*deploy.Mistake](err); ok {
		return failure{exitUsage, err}
	}
	return mistaken(err)
}

// job is what GitLab tells the job that this is.
func (p *program) job() deploy.Job {
	return deploy.Job{
		Project: p.env("CI_PROJECT_PATH"), SHA: p.env("CI_COMMIT_SHA"), Source: p.env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"),
		Pipeline: numbered(p.env("CI_PIPELINE_ID")), ID: numbered(p.env("CI_JOB_ID")),
		Manual: p.env("CI_JOB_MANUAL") == "true", Environment: p.env("CI_ENVIRONMENT_NAME"),
	}
}

func numbered(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// builds proves that a set is built for every image, where build_first asks for that.
func (d *deployment) builds(dir string) func(context.Context, map[string]string) ([]deploy.Build, error) {
	if !d.conf.Software.Deploy.BuildFirst {
		return nil
	}
	return func(ctx context.Context, members map[string]string) ([]deploy.Build, error) {
		s := &software{p: d.p, options: &options{config: d.conf.Path}, dir: dir}
		shelf, err := s.needShelf(ctx, d.conf)
		if err != nil {
			return nil, err
		}
		c := d.conf.Software.Deploy.Constraints
		if err := d.sameConstraints(ctx, dir, members[c]); err != nil {
			return nil, err
		}
		if c != "" && !slices.ContainsFunc(d.installed(), func(m string) bool { return strings.EqualFold(m, c) }) {
			delete(members, c) // it is in the lock by its constraints
		}
		var images []string
		for _, i := range d.conf.Software.Images {
			images = append(images, i.Name)
		}
		proven, err := prepare.Prove(ctx, shelf, prepare.Proof{Dir: dir, Images: images, Members: members})
		var out []deploy.Build
		for _, b := range proven {
			out = append(out, deploy.Build{Image: b.Image, Key: b.Key, Lock: b.Lock})
		}
		return out, err
	}
}

// installed are the members but for the project of the constraints, unless that one is
// named as a package or data as well.
func (d *deployment) installed() []string {
	if d.conf.Software.Deploy.Constraints == "" {
		return d.members
	}
	return d.members[:len(d.members)-1]
}

// sameConstraints refuses a lock that was made under other constraints than those which
// the project of the constraints has at a commit, where one is configured: its builds do
// not show that this set installs. Comments and the order of lines do not count.
func (d *deployment) sameConstraints(ctx context.Context, dir, sha string) error {
	soft := d.conf.Software.Deploy
	if soft.Constraints == "" || sha == "" {
		return nil
	}
	l, err := prepare.LoadLock(dir)
	if err != nil {
		return err
	}
	project, err := d.client.Project(ctx, soft.Constraints, 0)
	if err != nil {
		return err
	}
	has := pinLines(l.Constraints.Text)
	var differ string
	for _, path := range soft.ConstraintsFiles {
		data, found, err := d.client.File(ctx, project.ID, path, sha)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		wants := pinLines(string(data))
		if slices.Equal(has, wants) {
			return nil
		}
		if differ == "" {
			differ = fmt.Sprintf("of %s %s; of the lock %s", path, onlyIn(wants, has), onlyIn(has, wants))
		}
	}
	if differ == "" {
		return usage("%s has none of software.deploy.constraints_files at %.12s, so the constraints of the lock cannot be compared: name its file there", soft.Constraints, sha)
	}
	return usage("the lock was made under other constraints than %s has in production, at %.12s (%s): run the jobs that lock and build again", soft.Constraints, sha, differ)
}

// pinLines are the lines of a constraints file that say something, sorted.
func pinLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// onlyIn names the first lines of one list that another one has not.
func onlyIn(list, other []string) string {
	out := slices.DeleteFunc(slices.Clone(list), func(line string) bool { return slices.Contains(other, line) })
	if len(out) == 0 {
		return "nothing more"
	}
	const most = 3
	if n := len(out) - most; n > 0 {
		out = append(out[:most], fmt.Sprintf("%d more", n))
	}
	return strings.Join(out, ", ")
}
