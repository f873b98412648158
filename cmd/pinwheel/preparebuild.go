package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/prepare"
)

func (p *program) prepareBuild() *cobra.Command {
	c := &cobra.Command{
		Use: "build", Short: "install the set in this image, and pack it",
		Long: `Installs the lock into a virtual environment with one run of pip, under the
constraints, adds the data projects, and packs both into FOLDER/IMAGE.tar.gz,
with FOLDER/IMAGE.json beside it and FOLDER/use.sh, which jobs source. The same
lock in the same image gives the same bytes.

Where a registry is configured and has a build of that key, it is downloaded
instead; --anew builds it in any case. Where pip finds that pins and requirements
do not fit, the newest build of this image that is kept is used instead, with a
loud warning, unless something is overridden or --strict is given.`,
		Example: `  pinwheel prepare build --image builder
  pinwheel prepare build --image builder --unpinned error`,
	}
	s := p.softwareFlags(c, dirFlag, imageFlag)
	unpinned := c.Flags().String("unpinned", "", "take what has no pin for a `GRADE`: warning or error")
	anew := c.Flags().Bool("anew", false, "build it, also where the registry has it")
	strict := c.Flags().Bool("strict", false, "fail where pip does, instead of using an older build")
	metrics := c.Flags().String("metrics", "", "write what it came to into `FILE`, in the text format of Prometheus")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if *unpinned != "" && *unpinned != "warning" && *unpinned != "error" {
			return usage("--unpinned %q is no grade: write warning or error", *unpinned)
		}
		b := building{software: s, unpinned: *unpinned, anew: *anew, strict: *strict}
		began := time.Now()
		err := b.run(cmd.Context())
		if *metrics == "" {
			return err
		}
		b.came.image, b.came.ok, b.came.took = s.image, err == nil, time.Since(began)
		return errors.Join(err, replaceFile(*metrics, []byte(b.came.text())))
	}
	return c
}

// building is one prepare build.
type building struct {
	*software
	unpinned     string
	anew, strict bool
	conf         *config.Config
	shelf        prepare.Shelf
	prepared     *prepare.Prepared
	came         buildMetrics
}

func (b *building) run(ctx context.Context) (err error) {
	if b.conf, err = b.load(); err != nil {
		return err
	}
	image, err := b.pick(b.conf)
	if err != nil {
		return err
	}
	b.image = image.Name
	if b.shelf, err = b.onShelf(ctx, b.conf); err != nil {
		return err
	}
	indexes, err := b.indexes(b.conf)
	if err != nil {
		return err
	}
	b.prepared, err = prepare.Prepare(ctx, prepare.Building{
		Dir: b.dir, Image: prepare.Image{Name: image.Name, Reference: image.Image}, Root: b.conf.Software.Path, Python: image.Python, Indexes: indexes,
		Compression: prepare.Compression(b.conf.Software.Compression), Clock: time.Now,
	})
	if err != nil {
		return mistaken(err)
	}
	defer b.prepared.Close()
	if b.shelf != nil && !b.anew {
		done, err := b.hit(ctx, image.Name)
		if err != nil || done {
			return err
		}
	}
	built, err := b.prepared.Build(ctx)
	if refused, ok := errors.AsType[*prepare.RefusedError](err); ok {
		return b.refused(ctx, refused)
	}
	if err != nil {
		return mistaken(err)
	}
	return b.done(built)
}

// hit takes a build that is kept. A registry that does not answer stops no build.
func (b *building) hit(ctx context.Context, image string) (bool, error) {
	r, found, err := prepare.Fetch(ctx, b.shelf, b.dir, prepare.Kept{Image: image, Key: b.prepared.Key})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		fmt.Fprintf(b.p.err, "pinwheel: %s; it is built instead\n", sentence(err))
		return false, nil // it was said, and what is kept only saves time
	}
	if !found {
		return false, nil
	}
	if err := b.prepared.Keep(r); err != nil {
		return false, err
	}
	findings, err := b.prepared.Compare(r)
	if err != nil {
		return false, mistaken(err)
	}
	return true, b.say(r, findings, "fetched")
}

// refused says what pip could not do, and takes the last good build where it may.
func (b *building) refused(ctx context.Context, e *prepare.RefusedError) error {
	fmt.Fprintf(b.p.err, "%s\n", strings.TrimRight(printableText(e.Output), "\n"))
	over := b.prepared.Lock.Overridden()
	if b.strict || b.shelf == nil || len(over) > 0 || !e.Conflict {
		return e
	}
	k, found, err := prepare.LastGood(ctx, b.shelf, b.prepared)
	if err != nil || !found {
		return errors.Join(e, err)
	}
	r, found, err := prepare.Fetch(ctx, b.shelf, b.dir, k)
	if err != nil || !found {
		return errors.Join(e, err)
	}
	if err := b.prepared.Keep(r); err != nil {
		return err
	}
	fmt.Fprintf(b.p.err, "pinwheel: WARNING: %s\npinwheel: WARNING: so this pipeline uses the build %s of %s, which is not what its lock says\n", sentence(e), r.Key[:12], k.Created.UTC().Format(time.RFC3339))
	return b.say(r, nil, "last good")
}

func (b *building) done(built prepare.Built) error {
	b.came.pip = built.Pip
	return b.say(built.Record, built.Findings, "built")
}

// say prints what came of a build; findings are warnings, or errors where that is asked.
func (b *building) say(r prepare.Record, findings []prepare.Finding, how string) error {
	b.came.record, b.came.findings, b.came.how = r, len(findings), how
	if b.json {
		if err := b.p.line(builtOf(r, findings, how)); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(b.p.err, "pinwheel: %s\n", printable(f.Text))
		}
		fmt.Fprintf(b.p.out, "%s: %s, %s of %s, key %s\n", r.Image.Name, how, r.Tarball.Name, size(r.Tarball.Size), r.Key[:12])
	}
	if len(findings) > 0 && cmp.Or(b.unpinned, b.conf.Software.Unpinned) == "error" {
		return failure{code: exitFailed}
	}
	return nil
}

func size(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// printableText is a text of several lines without what would move a terminal's cursor.
func printableText(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		out = append(out, printable(strings.TrimRight(line, "\r\n")))
	}
	return strings.Join(out, "\n")
}
