package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "store backup FILE", GroupID: groupPast,
		Short: "copy the database while it is in use",
		Long: `Writes a copy of the database into a new file, as it is at one instant, while
pinwheel serve goes on. To restore it, stop pinwheel, put the copy in the place
of the database, remove the files beside it whose names end in -wal and -shm,
and start pinwheel again. What happened since the copy is read from GitLab, but
for the history and the audit of that time.`,
		Example: `  pinwheel store backup /backup/pinwheel-$(date +%F).db`,
	}
	o := shared(c, configFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 || args[0] != "backup" {
			return usage("store needs to know what to do: pinwheel store backup FILE")
		}
		return p.backup(cmd.Context(), o.config, args[1])
	}
	c.ValidArgs = []string{"backup"}
	return c
}

func (p *program) backup(ctx context.Context, config, to string) error {
	c, err := load(config)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Store); errors.Is(err, fs.ErrNotExist) {
		return usage("the database %s is not there, so there is nothing to copy: the first run makes it", c.Store)
	}
	s, err := store.Open(ctx, c.Store)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer s.Close() //nolint:errcheck // it was only read
	if err := s.Backup(ctx, to); err != nil {
		return failure{exitFailed, err}
	}
	_, err = fmt.Fprintf(p.out, "%s is a copy of %s\n", printable(to), printable(c.Store))
	return err
}
