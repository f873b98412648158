package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/store"
)

func (p *program) auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "audit [PROJECT]", GroupID: groupPast,
		Short: "print who asked for what and what was done",
		Long: `Prints the audit of every project, or of one: what people ticked and what
became of it, and every effect on GitLab, once before it happens and once with
its result, with who asked, why, and what was there before and after. With
--json each line is one JSON object. An effect that began and has no end was
cut short, and the next run looked what came of it. Lines are only ever added,
and stay for good unless audit_keep says how long; how many were removed is
printed first. The key audit_file adds each line to a file as well, at the time
it happens.`,
		Example: `  pinwheel audit group/project
  pinwheel audit --json`,
	}
	o := shared(c, configFlag, jsonFlag)
	c.ValidArgsFunction = completeProjects(o)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if len(args) > 1 {
			return usage("audit takes one project; %d were given", len(args))
		}
		c, err := load(o.config)
		if err != nil {
			return err
		}
		return p.audit(ctx, c, strings.Join(args, ""), o.json)
	}
	return c
}

func (p *program) audit(ctx context.Context, c *config.Config, project string, asJSON bool) error {
	if noDatabase(c) {
		return usage("the database %s is not there, so there is no audit yet: the first run makes it", c.Store)
	}
	s, err := p.database(ctx, c)
	if err != nil {
		return failure{exitUsage, err}
	}
	defer s.Close() //nolint:errcheck // it was only read
	if text := s.Notice(); text != "" {
		fmt.Fprintln(p.err, "pinwheel: "+printable(text))
	}
	if err := p.saidRemoved(ctx, s); err != nil {
		return err
	}
	lines := 0
	err = s.Audit(ctx, project, func(e store.AuditEntry) error {
		lines++
		if asJSON {
			return json.NewEncoder(p.out).Encode(e)
		}
		_, err := fmt.Fprintln(p.out, printable(auditLine(e)))
		return err
	})
	if err != nil {
		return err
	}
	if lines > 0 {
		return nil
	}
	if project != "" && !hasBot(c, project) {
		if _, err := choose(c, []string{project}); err != nil {
			return err // a name that was mistyped
		}
	}
	if !asJSON {
		fmt.Fprintln(p.out, "nothing was done yet")
	}
	return nil
}

// saidRemoved says how many entries are gone, beside the audit.
func (p *program) saidRemoved(ctx context.Context, s *store.Store) error {
	gone, err := s.RemovedFromAudit(ctx)
	if err == nil && gone.Entries > 0 {
		entries := fmt.Sprintf("%d entries", gone.Entries)
		if gone.Entries == 1 {
			entries = "1 entry"
		}
		fmt.Fprintf(p.err, "pinwheel: %s from before %s removed, as audit_keep says\n", entries, gone.Before.Format(time.DateOnly))
	}
	return err
}

// auditLine is an entry as a person reads it.
func auditLine(e store.AuditEntry) string {
	parts := []string{e.At.Format(time.RFC3339), e.Project, string(e.Event), e.Action, e.Target}
	if e.Who != "" {
		parts = append(parts, "by "+strings.TrimSpace(e.Who+" "+e.Role))
	}
	if len(e.Before)+len(e.After) > 0 {
		parts = append(parts, "from ["+strings.Join(e.Before, ", ")+"] to ["+strings.Join(e.After, ", ")+"]")
	}
	if e.Why != "" {
		parts = append(parts, "since "+e.Why)
	}
	line := strings.Join(parts, " ")
	if e.Result != "" {
		line += ": " + e.Result
	}
	return line
}

// appender adds lines to a file, which it opens anew for each, so that it may
// be moved away at any time. It is made for its owner alone.
func appender(path string) func(line []byte) error {
	return func(line []byte) error {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.Write(line)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return fmt.Errorf("the audit file cannot be written (%w): give this user the right, make room or change audit_file", err)
		}
		return nil
	}
}
