package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/prepare"
	"gitlab.com/cki-project/pinwheel/text"
)

// prepareCommand is the family of commands about one set of software for every job.
func (p *program) prepareCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "prepare COMMAND", GroupID: groupBeside,
		Short: "install one set of software for every job of a pipeline",
		Long: `Makes sure that every job of a pipeline has the same software. lock resolves
the projects of the set to commits, once. build, in each image, installs them
with pip under the constraints and packs that. A job unpacks it and needs no
pinwheel for that: . software/use.sh

  pinwheel prepare lock      resolve the set, once for a pipeline
  pinwheel prepare build     install and pack it, once for an image
  pinwheel prepare push      keep a build by its key
  pinwheel prepare fetch     get a build that was kept
  pinwheel prepare unpack    take a build into use, where pinwheel is there
  pinwheel prepare check     compare what was installed with the pins
  pinwheel prepare prune     remove builds that are no longer needed

The set is the key software of the configuration, and the variables
GITLAB_COM_PACKAGES and DATA_PROJECTS; docs/prepare.md is the way through.`,
		Example: `  pinwheel prepare lock
  pinwheel prepare build --image builder`,
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownBelow(c, args[0])
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		p.manual(c, nil)
		return failure{code: exitUsage}
	}
	c.AddCommand(p.prepareLock(), p.prepareBuild(), p.preparePush(), p.prepareFetch(), p.prepareUnpack(), p.prepareCheck(), p.preparePrune())
	for _, of := range c.Commands() {
		of.Flags().BoolP("help", "h", false, "print this help")
		of.DisableAutoGenTag = true
	}
	return c
}

// variables are those of the environment.
func (p *program) variables() []string {
	if p.environ == nil {
		return nil
	}
	return p.environ()
}

// software is what the commands of prepare share: flags, and what they say.
type software struct {
	p *program
	*options
	dir   string
	image string
}

// The flags that several commands of prepare have.
const dirFlag, imageFlag = "dir", "image"

func (p *program) softwareFlags(c *cobra.Command, names ...string) *software {
	s := &software{p: p, options: shared(c, configFlag, jsonFlag)}
	for _, name := range names {
		switch name {
		case dirFlag:
			c.Flags().StringVar(&s.dir, name, "software", "the lock and its builds are in `FOLDER`")
		case imageFlag:
			c.Flags().StringVar(&s.image, name, "", "the `NAME` of the image; needed unless one alone is configured")
		}
	}
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("prepare %s takes no %q: pinwheel help prepare %s has its flags", c.Name(), args[0], c.Name())
		}
		return nil
	}
	return s
}

// load reads the configuration. Without one, what is built in and the variables of the
// pipeline hold.
func (s *software) load() (*config.Config, error) {
	if _, err := os.Stat(s.config); errors.Is(err, os.ErrNotExist) && s.config == defaultConfig {
		c := config.Default()
		c.GitLab.URL = cmp.Or(strings.TrimRight(s.p.env("CI_SERVER_URL"), "/"), c.GitLab.URL)
		return c, nil
	}
	return config.Load(s.config)
}

// pick finds the image that is meant.
func (s *software) pick(c *config.Config) (config.SoftwareImage, error) {
	all := c.Software.Images
	if s.image == "" && len(all) == 1 {
		return all[0], nil
	}
	var names []string
	for _, i := range all {
		if i.Name == s.image {
			return i, nil
		}
		names = append(names, i.Name)
	}
	switch {
	case s.image == "" && len(all) > 1:
		return config.SoftwareImage{}, usage("which image is this? Name it with --image: %s", strings.Join(names, ", "))
	case s.image == "":
		return config.SoftwareImage{}, usage("no image is named: write --image NAME, or the images below software in %s", c.Path)
	case len(all) > 0:
		return config.SoftwareImage{}, usage("%s has no image %q; it has %s", c.Path, s.image, strings.Join(names, ", "))
	}
	return config.SoftwareImage{Name: s.image, Image: s.p.env("CI_JOB_IMAGE"), Python: "python3"}, nil
}

// mistaken gives an error of prepare its exit code.
func mistaken(err error) error {
	if _, ok := errors.AsType[*prepare.Mistake](err); ok {
		return failure{exitUsage, err}
	}
	return err
}

func (p *program) prepareLock() *cobra.Command {
	c := &cobra.Command{
		Use: "lock", Short: "resolve the set to commits, once for a pipeline",
		Long: `Resolves every project of the set, and whatever these require with git, to a
commit, and writes a folder: software.lock.json, the constraints, and a frozen
copy of each repository. What comes later reads that folder and asks no server
what a branch is.

A variable such as cki_lib_pip_url=git+https://HOST/GROUP/PROJECT.git@REF takes
the place of a member, wherever it is required.

With --once a lock is made once under a name and kept where builds are: a job that
is retried after its artifacts expired has the lock that the pipeline began with,
however far the branches moved since, and so finds its builds by key.


With --candidate the lock is as it will be when the production branch of that
project is moved to the commit: what pinwheel deploy asks to be built first.`,
		Example: `  pinwheel prepare lock
  cki_lib_pip_url=git+https://gitlab.com/me/cki-lib.git@fix pinwheel prepare lock`,
	}
	s := p.softwareFlags(c, dirFlag)
	candidate := c.Flags().String("candidate", "", "lock it as with this `PROJECT@SHA` in production")
	once := c.Flags().String("once", "", "keep the lock as that of `NAME`, such as the number of the pipeline; if one is kept already, make that again")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, err := s.load()
		if err != nil {
			return err
		}
		l, err := s.lock(cmd.Context(), conf, *once, *candidate)
		if err != nil {
			return mistaken(err)
		}
		return s.printLock(l)
	}
	return c
}

// lock makes the lock, or the one again that is kept under the name.
func (s *software) lock(ctx context.Context, c *config.Config, once, candidate string) (prepare.Lock, error) {
	with := prepare.Locking{Dir: s.dir, Credential: s.credential(c), CAFile: c.CAFile}
	if once == "" {
		w, err := s.wanted(c)
		if err != nil {
			return prepare.Lock{}, err
		}
		if candidate != "" {
			if w.Candidate, err = prepare.ParseCandidate(candidate, c.Software.Deploy.Branch); err != nil {
				return prepare.Lock{}, err
			}
		}
		return prepare.MakeLock(ctx, w, with)
	}
	shelf, err := s.needShelf(ctx, c)
	if err != nil {
		return prepare.Lock{}, err
	}
	kept, found, err := prepare.KeptLock(ctx, shelf, once)
	if err != nil {
		return prepare.Lock{}, err
	}
	if found {
		fmt.Fprintf(s.p.err, "pinwheel: the lock of %s is kept, so it is made again as it was\n", once)
		return prepare.MakeLockAgain(ctx, kept, with)
	}
	l, err := s.lock(ctx, c, "", candidate)
	if err != nil {
		return prepare.Lock{}, err
	}
	return l, prepare.KeepLock(ctx, shelf, once, l)
}

func (s *software) printLock(l prepare.Lock) error {
	if s.json {
		return s.p.line(lockedOf(l))
	}
	for _, m := range l.Packages {
		by := ""
		if m.OverriddenBy != "" {
			by = ", by " + m.OverriddenBy
		}
		if m.Requirement == "" {
			by += ", required by " + strings.Join(m.RequiredBy, ", ")
		}
		fmt.Fprintf(s.p.out, "%s %s (%s of %s%s)\n", m.Name, m.SHA[:12], printable(cmp.Or(m.Ref, "its default branch")), printable(m.URL), printable(by))
		if m.Unread != "" {
			fmt.Fprintf(s.p.err, "pinwheel: %s: what it requires is known to its build alone (%s), so what that names with git has to stand in software.packages\n", m.Name, printable(m.Unread))
		}
	}
	for _, d := range l.Data {
		fmt.Fprintf(s.p.out, "%s %s (data, %s of %s)\n", d.Name, d.SHA[:12], printable(d.Ref), printable(d.URL))
	}
	fmt.Fprintf(s.p.out, "%s: %s, %s, %s\n", s.dir, count(len(l.Packages), "package"), count(len(l.Data), "data project"), l.Digest()[:12])
	return nil
}

// wanted is what the configuration and the variables want.
func (s *software) wanted(c *config.Config) (prepare.Wanted, error) {
	env, soft := s.p.env, c.Software
	d := prepare.Defaults{Namespace: cmp.Or(soft.Namespace, env("CI_PROJECT_NAMESPACE")), Ref: soft.Ref}
	u := strings.TrimPrefix(strings.TrimPrefix(c.GitLab.URL, "https://"), "http://")
	w := prepare.Wanted{GitLab: c.GitLab.URL, Plain: strings.HasPrefix(c.GitLab.URL, "http://"), Install: soft.Install}
	names := func(variable string, configured []string) ([]prepare.Entry, error) {
		return prepare.ParseEntries(cmp.Or(strings.TrimSpace(env(variable)), strings.Join(configured, " ")), d)
	}
	var err error
	if w.Packages, err = names("GITLAB_COM_PACKAGES", soft.Packages); err != nil {
		return w, err
	}
	if w.Data, err = names("DATA_PROJECTS", soft.Data); err != nil {
		return w, err
	}
	if len(w.Packages)+len(w.Data) == 0 {
		return w, usage("the set is empty: name projects below software in %s, or in the variable GITLAB_COM_PACKAGES", c.Path)
	}
	allowed := soft.Allowed
	if allowed == nil && d.Namespace != "" {
		allowed = []string{u + "/" + d.Namespace}
	}
	if w.Overrides, err = prepare.ParseOverrides(s.p.variables(), allowed, w.Plain); err != nil {
		return w, err
	}
	w.Constraints, err = s.constraints(c)
	return w, err
}

// constraints are the bytes of the file, else of the variable.
func (s *software) constraints(c *config.Config) (prepare.Constraints, error) {
	var source string
	var data []byte
	if soft := c.Software; soft.Constraints != "" {
		var err error
		if data, err = readFile(soft.Constraints); err != nil {
			return prepare.Constraints{}, err
		}
		source = soft.Constraints
	} else {
		value := s.p.env(soft.ConstraintsVariable)
		if strings.TrimSpace(value) == "" {
			return prepare.Constraints{}, usage("there are no constraints: set software.constraints to their file, or let the pipeline include the derived file that sets %s", soft.ConstraintsVariable)
		}
		source, data = "$"+soft.ConstraintsVariable, []byte(value)
	}
	return prepare.ReadConstraints(source, data)
}

// credential is what git is told: pinwheel's token, else that of the job.
func (s *software) credential(c *config.Config) prepare.Credential {
	out := prepare.Credential{Address: hostAddress(c.GitLab.URL)}
	if token, err := c.Token(s.p.env); err == nil {
		out.User, out.Secret = "oauth2", token.Reveal()
	} else if token := s.p.env("CI_JOB_TOKEN"); token != "" {
		out.User, out.Secret = "gitlab-ci-token", token
	}
	return out
}

func hostAddress(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// indexes are those of the configuration as pip is told them.
func (s *software) indexes(c *config.Config) ([]prepare.Index, error) {
	var out []prepare.Index
	for _, i := range c.Indexes {
		password, err := i.Password(s.p.env)
		if err != nil {
			return nil, failure{exitUsage, err}
		}
		out = append(out, prepare.Index{URL: i.URL, Username: i.Username, Password: password.Reveal(), Plain: strings.HasPrefix(i.URL, "http://")})
	}
	return out, nil
}

// lockedOut and its like are what --json prints.
type (
	lockedOut struct {
		Digest   string            `json:"digest"`
		Packages []prepare.Package `json:"packages"`
		Data     []prepare.Data    `json:"data"`
	}
	builtOut struct {
		How      string            `json:"how"` // built, fetched or last good
		Record   prepare.Record    `json:"record"`
		Findings []prepare.Finding `json:"findings"`
	}
)

func lockedOf(l prepare.Lock) lockedOut { return lockedOut{l.Digest(), l.Packages, l.Data} }

func builtOf(r prepare.Record, findings []prepare.Finding, how string) builtOut {
	findings = slices.Clone(findings)
	for i := range findings {
		findings[i].Text = text.Masked(findings[i].Text)
	}
	return builtOut{how, r, append([]prepare.Finding{}, findings...)}
}
