package deploy

import (
	"context"
	"time"
)

// Hold keeps a project's production where it is, until a day and for a reason. It replaces a hold
// that the project has.
func (d *Deployer) Hold(ctx context.Context, h Hold) (Hold, error) {
	path, err := d.isMember(h.Project)
	if err != nil {
		return h, err
	}
	h.Project, h.Since = path, d.now()
	day, err := time.Parse(time.DateOnly, h.Until)
	switch {
	case h.Until != "" && err != nil:
		return h, mistake("--until %q is no day: write it as 2026-01-31", h.Until)
	case h.Until != "" && !h.InForce(h.Since):
		return h, mistake("--until %s is over: name a day to come", day.Format(time.DateOnly))
	case h.Reason == "":
		return h, mistake("a hold needs a reason: --reason TEXT")
	case len(h.Reason) > maxText:
		return h, mistake("the reason has %d bytes: write at most %d", len(h.Reason), maxText)
	}
	return h, d.ledger.update(ctx, func(k kept) (*change, error) {
		to := k.State
		to.Holds = with(to.Holds, path, &h)
		return &change{to: to, message: "Hold a project"}, nil
	})
}

// Release ends the hold of a project. It reports the hold, and whether there was one.
func (d *Deployer) Release(ctx context.Context, project string) (was Hold, there bool, err error) {
	path, err := d.isMember(project)
	if err != nil {
		return was, false, err
	}
	err = d.ledger.update(ctx, func(k kept) (*change, error) {
		if was, there = k.hold(path, d.now()); !there {
			return nil, nil //nolint:nilnil // nothing to change
		}
		to := k.State
		to.Holds = with(to.Holds, path, nil)
		return &change{to: to, message: "Release a project"}, nil
	})
	return was, there, err
}
