package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

// place is where the database of a configuration is.
func (p *program) place(c *config.Config) store.Place {
	return store.Place{Path: c.Store, Password: func() (string, error) {
		password, err := c.StorePassword(p.env)
		return password.Reveal(), err
	}}
}

// database opens the database of a configuration.
func (p *program) database(ctx context.Context, c *config.Config) (*store.Store, error) {
	return store.OpenAt(ctx, p.place(c))
}

// noDatabase reports whether there is no database yet. One on a server is there, or the error of
// opening it says what is wrong.
func noDatabase(c *config.Config) bool {
	if store.OnServer(c.Store) {
		return false
	}
	_, err := os.Stat(c.Store)
	return errors.Is(err, fs.ErrNotExist)
}
