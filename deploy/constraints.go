package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// propose opens a merge request that brings the constraints on their default branch in line with a
// rollback of a set, if that moved their production. If GitLab refuses it, a person is told, and
// the rollback goes on.
func (d *Deployer) propose(ctx context.Context, i Intent) error {
	if i.Kind != SetRollback || d.o.Constraints == "" {
		return nil
	}
	for _, m := range i.Moves {
		if !strings.EqualFold(m.Project, d.o.Constraints) {
			continue
		}
		err := d.proposeFiles(ctx, i, m)
		if errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrRefused) || gitlab.Missing(err) {
			d.o.Say("no merge request brings the default branch of %s in line (%v): revert the pins there by hand", m.Project, err)
			return nil
		}
		return err
	}
	return nil
}

func (d *Deployer) proposeFiles(ctx context.Context, i Intent, m Move) error {
	p, err := d.project(ctx, m.Project)
	if err != nil {
		return err
	}
	head, err := d.o.Client.Head(ctx, p.ID, p.DefaultBranch)
	if err != nil {
		return err
	}
	what := gitlab.Proposal{
		Branch: fmt.Sprintf("pinwheel-rollback-%d", i.Set), Title: fmt.Sprintf("Bring the constraints in line with the rollback to set %d", i.Result.Restores),
		Description: fmt.Sprintf("Production went back to set %d. The default branch has other constraints, which the next deployment would bring again.", i.Result.Restores),
	}
	for _, path := range d.o.ConstraintsFiles {
		want, there, err := d.o.Client.File(ctx, p.ID, path, m.New)
		if err != nil {
			return err
		}
		has, found, err := d.o.Client.Stored(ctx, p.ID, path, head.SHA)
		if err != nil {
			return err
		}
		if there && (!found || !bytes.Equal(want, has.Data)) {
			what.Files = append(what.Files, gitlab.Write{Path: path, Last: has.Commit, Data: want})
		}
	}
	if len(what.Files) == 0 {
		return nil
	}
	iid, err := d.o.Client.Propose(ctx, p, what)
	if err == nil {
		d.o.Say("!%d of %s brings its default branch in line", iid, m.Project)
	}
	return err
}
