package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) storeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "store {backup FILE | copy FROM TO}", GroupID: groupPast,
		Short: "copy the database, or move it to another one",
		Long: `store backup FILE writes a copy of the database into a new file, as it is at
one instant, while pinwheel serve goes on. To restore it, stop pinwheel, put
the copy in the place of the database, remove the files beside it that end in
-wal and -shm, and start pinwheel again. What happened since the copy is read
from GitLab, but for the history and the audit of that time. A database of
PostgreSQL is copied by PostgreSQL's own tools.

store copy FROM TO writes all that one database holds into another one, which
is empty. Each is a path, or the address of a database of PostgreSQL without a
password: postgres://USER@HOST/DATABASE. Stop pinwheel before, and then name
the other one in the key store. PINWHEEL_STORE_PASSWORD or store_password_file
holds the password.`,
		Example: `  pinwheel store backup /backup/pinwheel-$(date +%F).db
  pinwheel store copy pinwheel.db postgres://pinwheel@db.example.com/pinwheel`,
	}
	o := shared(c, configFlag)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 2 && args[0] == "backup":
			return p.backup(cmd.Context(), o.config, args[1])
		case len(args) == 3 && args[0] == "copy":
			return p.copyStore(cmd.Context(), o.config, args[1], args[2])
		}
		return usage("store needs to know what to do: pinwheel store backup FILE, or pinwheel store copy FROM TO")
	}
	c.ValidArgs = []string{"backup", "copy"}
	return c
}

func (p *program) backup(ctx context.Context, config, to string) error {
	c, err := load(config)
	if err != nil {
		return err
	}
	if noDatabase(c) {
		return usage("the database %s is not there, so there is nothing to copy: the first run makes it", c.Store)
	}
	s, err := p.database(ctx, c)
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

func (p *program) copyStore(ctx context.Context, path, from, to string) error {
	c, err := load(path)
	if err != nil {
		return err
	}
	if noDatabase(&config.Config{Store: from}) {
		return usage("the database %s is not there, so there is nothing to copy", from)
	}
	source, err := p.named(ctx, c, from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // it was only read
	target, err := p.named(ctx, c, to)
	if err != nil {
		return err
	}
	defer target.Close() //nolint:errcheck // what was written is written
	rows, err := source.Copy(ctx, target)
	if err != nil {
		return failure{exitFailed, err}
	}
	_, err = fmt.Fprintf(p.out, "%s holds the %d rows of %s; name it in the key store\n", printable(store.Spoken(to)), rows, printable(store.Spoken(from)))
	return err
}

// named opens the database of an argument.
func (p *program) named(ctx context.Context, c *config.Config, place string) (*store.Store, error) {
	if store.OnServer(place) && store.Spoken(place) != place {
		return nil, usage("the address of a database holds a password, which others can see: set PINWHEEL_STORE_PASSWORD instead")
	}
	at := p.place(c)
	at.Path = place
	s, err := store.OpenAt(ctx, at)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	if text := s.Notice(); text != "" {
		s.Close() //nolint:errcheck // nothing was written
		return nil, failure{exitFailed, fmt.Errorf("nothing was copied: %s", strings.TrimSpace(text))}
	}
	return s, nil
}
