package main

import (
	"context"
	"log/slog"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file removes entries of the audit that are older than audit_keep.

// forgetEvery is how often serve does.
const forgetEvery = time.Hour

// forgetAudit removes the entries that are older than the configuration keeps them. The clock
// tells, not --at. If that fails, the next run or hour does it.
func (p *program) forgetAudit(ctx context.Context, c *config.Config, s *store.Store, log *slog.Logger) {
	if c.AuditKeep == 0 {
		return
	}
	before := p.now().Add(-c.AuditKeep)
	switch n, err := s.ForgetAudit(ctx, before); {
	case err != nil && ctx.Err() == nil:
		log.Warn("old entries of the audit stay", "err", printable(sentence(err)))
	case n > 0:
		log.Info("old entries of the audit removed", "entries", n, "before", before.UTC().Format(time.RFC3339))
	}
}

// forgetAudit does that once an hour until ctx ends.
func (s *service) forgetAudit(ctx context.Context) {
	for {
		s.program.forgetAudit(ctx, s.current().config, s.store, s.log)
		select {
		case <-ctx.Done():
			return
		case <-time.After(forgetEvery):
		}
	}
}
