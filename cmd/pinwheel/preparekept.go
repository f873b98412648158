package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/prepare"
)

// onShelf is where builds are kept; nil if nothing is configured.
func (s *software) onShelf(ctx context.Context, c *config.Config) (prepare.Shelf, error) {
	r := c.Software.Registry
	switch {
	case r.Folder != "":
		return prepare.InFolder(r.Folder), nil
	case r.Project == "":
		return nil, nil
	}
	client, err := s.p.packagesClient(c)
	if err != nil {
		return nil, err
	}
	project, err := client.Project(ctx, r.Project, 0)
	if err != nil {
		return nil, err
	}
	return prepare.OnGitLab(client, project.ID), nil
}

// packagesClient connects with pinwheel's token, else with that of the job.
func (p *program) packagesClient(c *config.Config) (*gitlab.Client, error) {
	o, err := p.connection(c)
	if err != nil {
		return nil, err
	}
	if _, err := c.Token(p.env); err != nil {
		token := p.env("CI_JOB_TOKEN")
		if token == "" {
			return nil, failure{exitUsage, err}
		}
		o.ReadToken, o.Token, o.Job = nil, token, true
	}
	client, err := gitlab.Connect(o)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return client, nil
}

// needShelf is onShelf for a command that is about what is kept.
func (s *software) needShelf(ctx context.Context, c *config.Config) (prepare.Shelf, error) {
	shelf, err := s.onShelf(ctx, c)
	if err == nil && shelf == nil {
		return nil, usage("no builds are kept: set software.registry in %s to a project or a folder", c.Path)
	}
	return shelf, err
}

// kept is what push and fetch begin with: the configuration, the image that is meant and
// where builds are kept.
func (s *software) kept(ctx context.Context) (*config.Config, config.SoftwareImage, prepare.Shelf, error) {
	conf, err := s.load()
	if err != nil {
		return nil, config.SoftwareImage{}, nil, err
	}
	image, err := s.pick(conf)
	if err != nil {
		return nil, image, nil, err
	}
	shelf, err := s.needShelf(ctx, conf)
	return conf, image, shelf, err
}

func (p *program) preparePush() *cobra.Command {
	c := &cobra.Command{
		Use: "push", Short: "keep a build by its key",
		Long: `Uploads the build of an image from the folder of the lock to the registry that
is configured. A key that is there already stays as it is. The record of a build
is written last, so that nobody finds half of one.`,
		Example: `  pinwheel prepare push --image builder`,
	}
	s := p.softwareFlags(c, dirFlag, imageFlag)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, image, shelf, err := s.kept(cmd.Context())
		if err != nil {
			return err
		}
		around, closing, err := s.written(cmd.Context(), conf, pushBuild)
		if err != nil {
			return err
		}
		defer closing()
		r, pushed, err := prepare.Push(cmd.Context(), shelf, prepare.Pushing{Dir: s.dir, Image: image.Name, Around: around})
		if err != nil {
			return mistaken(err)
		}
		how := "is kept"
		if !pushed {
			how = "was kept already"
		}
		if s.json {
			return p.line(keptOut{r.Image.Name, r.Key, how})
		}
		fmt.Fprintf(p.out, "%s: %s %s\n", r.Image.Name, r.Key[:12], how)
		return nil
	}
	return c
}

type keptOut struct {
	Image string `json:"image"`
	Key   string `json:"key"`
	How   string `json:"how"`
}

func (p *program) prepareFetch() *cobra.Command {
	c := &cobra.Command{
		Use: "fetch", Short: "get a build that was kept",
		Long: `Gets the build of the lock and of this image, or with --key another one, from
the registry into the folder of the lock. The exit code is 1 where it is not
there; pinwheel prepare build makes it then. With --key no lock is needed.`,
		Example: `  pinwheel prepare fetch --image builder`,
	}
	s := p.softwareFlags(c, dirFlag, imageFlag)
	key := c.Flags().String("key", "", "get the build of this `KEY`, of any lock")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, image, shelf, err := s.kept(cmd.Context())
		if err != nil {
			return err
		}
		if *key != "" {
			return s.fetchKey(cmd.Context(), shelf, image.Name, *key)
		}
		prepared, err := prepare.Prepare(cmd.Context(), prepare.Building{
			Dir: s.dir, Image: prepare.Image{Name: image.Name, Reference: image.Image}, Root: conf.Software.Path, Python: image.Python, Compression: prepare.Compression(conf.Software.Compression),
		})
		if err != nil {
			return mistaken(err)
		}
		defer prepared.Close()
		return s.fetchKey(cmd.Context(), shelf, image.Name, prepared.Key)
	}
	return c
}

// fetchKey gets a build of a key; it needs no lock.
func (s *software) fetchKey(ctx context.Context, shelf prepare.Shelf, image, key string) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil { //nolint:gosec // jobs of other users read what is in it
		return failure{exitUsage, err}
	}
	r, found, err := prepare.Fetch(ctx, shelf, s.dir, prepare.Kept{Image: image, Key: key})
	if err != nil {
		return mistaken(err)
	}
	if !found {
		return fmt.Errorf("%s: no build of key %.12s is kept: build it with pinwheel prepare build --image %s", image, key, image)
	}
	if err := prepare.Keep(s.dir, r); err != nil {
		return err
	}
	if s.json {
		return s.p.line(builtOf(r, nil, "fetched"))
	}
	fmt.Fprintf(s.p.out, "%s: fetched, %s of %s, key %s\n", image, r.Tarball.Name, size(r.Tarball.Size), r.Key[:12])
	return nil
}

func (p *program) prepareUnpack() *cobra.Command {
	c := &cobra.Command{
		Use: "unpack", Short: "take a build into use, where pinwheel is there",
		Long: `Unpacks the build of an image to the path that it was built for, whole or not at
all, and trusts nothing in it: every member has to be what the manifest says,
below that path, and a file, a folder or a link within it. Then it prints the
line that a shell needs: eval "$(pinwheel prepare unpack --image builder)".`,
		Example: `  pinwheel prepare unpack --image builder`,
	}
	s := p.softwareFlags(c, dirFlag, imageFlag)
	bytes := c.Flags().Int64("max-bytes", 0, "unpack no more than so many `BYTES`; 0 is 8 GiB")
	members := c.Flags().Int("max-members", 0, "unpack no more than so many `MEMBERS`; 0 is 500,000")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, err := s.load()
		if err != nil {
			return err
		}
		image, err := s.pick(conf)
		if err != nil {
			return err
		}
		r, err := prepare.LoadRecord(s.dir, image.Name)
		if err != nil {
			return mistaken(err)
		}
		python, err := prepare.AskInterpreter(cmd.Context(), r.Interpreter.Executable)
		if err != nil {
			return mistaken(err)
		}
		m, err := prepare.Unpack(cmd.Context(), filepath.Join(s.dir, r.Tarball.Name), prepare.Unpacking{
			Root: conf.Software.Path, Limits: prepare.Limits{Bytes: *bytes, Members: *members}, Interpreter: python, SHA256: r.Tarball.SHA256,
		})
		if err != nil {
			return mistaken(err)
		}
		if s.json {
			return p.line(builtOf(r, nil, "unpacked"))
		}
		fmt.Fprint(p.out, strings.Join(prepare.Exports(m.Root, r.Data), "\n")+"\n")
		return nil
	}
	return c
}

func (p *program) prepareCheck() *cobra.Command {
	c := &cobra.Command{
		Use: "check", Short: "compare what was installed with the pins",
		Long: `Compares what all images installed with the constraints of the lock: whatever is
installed somewhere has a pin, and every pin is installed somewhere. The exit
code is 1 where that is not so. It needs the records of all builds, IMAGE.json,
in the folder of the lock, and is a gate for the project that keeps the pins.`,
		Example: `  pinwheel prepare check`,
	}
	s := p.softwareFlags(c, dirFlag)
	c.RunE = func(*cobra.Command, []string) error {
		conf, err := s.load()
		if err != nil {
			return err
		}
		l, err := prepare.LoadLock(s.dir)
		if err != nil {
			return mistaken(err)
		}
		records, err := s.records(conf)
		if err != nil {
			return mistaken(err)
		}
		findings, err := prepare.CheckUnion(l, records)
		if err != nil {
			return mistaken(err)
		}
		for _, f := range findings {
			if !s.json {
				fmt.Fprintf(p.out, "%s: %s: %s\n", printable(l.Constraints.Source), f.Kind, printable(f.Text))
			} else if err := p.line(f); err != nil {
				return err
			}
		}
		if len(findings) > 0 {
			return failure{code: exitFailed}
		}
		if !s.json {
			fmt.Fprintf(p.out, "%s: the pins are what %s installed\n", printable(l.Constraints.Source), count(len(records), "image"))
		}
		return nil
	}
	return c
}

// records are those of the builds of all images.
func (s *software) records(c *config.Config) ([]prepare.Record, error) {
	var out []prepare.Record
	for _, i := range c.Software.Images {
		r, err := prepare.LoadRecord(s.dir, i.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, usage("no images are named below software in %s: without them nobody knows whether all were built", c.Path)
	}
	return out, nil
}
