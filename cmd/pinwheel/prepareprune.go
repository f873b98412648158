package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/deploy"
	"gitlab.com/cki-project/pinwheel/prepare"
)

func (p *program) preparePrune() *cobra.Command {
	c := &cobra.Command{
		Use: "prune", Short: "remove builds that are no longer needed",
		Long: `Removes the builds of the configured images that are older than software.keep,
but for the newest of each image that has no override, which is the one to fall
back to, those that a set of deployments names, since a rollback needs them, and
those that --keep names. Locks that lock --once kept go as they do. It needs a token with the role Maintainer; a job's own does
not do.`,
		Example: `  pinwheel prepare prune --dry-run`,
	}
	r := removing{software: p.softwareFlags(c, imageFlag)}
	c.Flags().StringVar(&r.at, "at", "", "count back from `TIME` (RFC 3339) instead of now")
	c.Flags().BoolVar(&r.dry, "dry-run", false, "say what would be removed, and remove nothing")
	c.Flags().Func("keep", "leave the build of this `KEY`, or of one that begins so; may be given again", func(v string) error {
		if !prepare.KeyPrefix.MatchString(v) {
			return errors.New("is no key: write eight or more of its characters")
		}
		r.keys = append(r.keys, v)
		return nil
	})
	c.RunE = func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) }
	return c
}

// removing is one prepare prune.
type removing struct {
	*software
	at   string
	dry  bool
	keys []string
}

func (r *removing) run(ctx context.Context) error {
	conf, err := r.load()
	if err != nil {
		return err
	}
	now, err := r.p.instant(r.at)
	if err != nil {
		return err
	}
	shelf, err := r.needShelf(ctx, conf)
	if err != nil {
		return err
	}
	images, err := r.images(conf)
	if err != nil {
		return err
	}
	which := prepare.Pruning{Before: now.AddDate(0, 0, -conf.Software.Keep), Dry: r.dry}
	if which.Used, err = r.inUse(ctx, conf); err != nil {
		return err
	}
	which.Used.Keys = append(which.Used.Keys, r.keys...)
	around, closing, err := r.written(ctx, conf, removeBuild)
	if err != nil {
		return err
	}
	defer closing()
	which.Around = around
	for _, image := range images {
		which.Image = image
		gone, err := prepare.Prune(ctx, shelf, which)
		if err := errors.Join(r.sayGone(gone, r.dry), err); err != nil {
			return err
		}
	}
	return nil
}

// images are the one that is named, or all, and what stands for locks.
func (r *removing) images(c *config.Config) ([]string, error) {
	if r.image != "" || len(c.Software.Images) == 0 {
		image, err := r.pick(c)
		return []string{image.Name}, err
	}
	var out []string
	for _, i := range c.Software.Images {
		out = append(out, i.Name)
	}
	return append(out, ""), nil
}

// inUse names the builds that sets of deployments name. If the sets cannot be read,
// nothing is removed.
func (s *software) inUse(ctx context.Context, c *config.Config) (prepare.InUse, error) {
	d := c.Software.Deploy
	if !d.Configured() {
		return prepare.InUse{}, nil
	}
	client, err := s.p.packagesClient(c)
	if err != nil {
		return prepare.InUse{}, err
	}
	named, err := deploy.Keys(ctx, client, deploy.Place{Project: d.Sets.Project, Branch: d.Sets.Branch, Folder: d.Sets.Folder})
	if err != nil {
		return prepare.InUse{}, misdeployed(err)
	}
	var out prepare.InUse
	for _, image := range slices.Sorted(maps.Keys(named)) {
		out.Keys = append(out.Keys, named[image]...)
	}
	return out, nil
}

// sayGone prints what prune removed, or would have.
func (s *software) sayGone(gone []prepare.Kept, dry bool) error {
	how := "removed"
	if dry {
		how = "would be removed"
	}
	for _, k := range gone {
		if !s.json {
			fmt.Fprintf(s.p.out, "%s: %.12s %s\n", cmp.Or(k.Image, "lock"), printable(k.Key), how)
		} else if err := s.p.line(keptOut{cmp.Or(k.Image, "lock"), k.Key, how}); err != nil {
			return err
		}
	}
	return nil
}
