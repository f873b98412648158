package main

import (
	"cmp"
	"context"
	"errors"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/prepare"
	"gitlab.com/cki-project/pinwheel/store"
)

// The actions of the audit that are about builds.
const (
	pushBuild   = "PushBuild"
	removeBuild = "RemoveBuild"
)

// written writes each effect on what is kept into the audit: into the file of
// audit_file, and into the database where there is one. A job of a pipeline has none,
// and none is made for it. close ends the use of the database.
func (s *software) written(ctx context.Context, c *config.Config, action string) (around prepare.Around, closing func(), err error) {
	b := journal.Beside{Project: cmp.Or(c.Software.Registry.Project, c.Software.Registry.Folder), Now: s.p.now}
	closing = func() {}
	if c.AuditFile != "" {
		b.File = appender(c.AuditFile)
	}
	if !noDatabase(c) {
		db, err := s.p.database(ctx, c)
		if err != nil {
			return nil, nil, failure{exitUsage, err}
		}
		b.Store, closing = db, func() { _ = db.Close() } // each entry was committed
	}
	around = func(ctx context.Context, k prepare.Kept, effect func(context.Context) error) error {
		e := store.AuditEntry{Action: action, Target: k.Image, Who: s.p.env("GITLAB_USER_LOGIN")}
		if action == pushBuild {
			e.After = []string{"key " + k.Key}
		} else {
			e.Before = []string{"key " + k.Key}
		}
		var failed error
		err := b.Do(ctx, e, func(ctx context.Context) journal.Outcome {
			if failed = effect(ctx); failed != nil {
				return journal.Outcome{Result: sentence(failed)}
			}
			return journal.Outcome{Result: journal.Done}
		})
		return errors.Join(failed, err)
	}
	return around, closing, nil
}
