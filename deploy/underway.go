package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// This file handles what another process began.

// settled is the state when nothing is under way. It waits for processes that work, and completes
// what somebody began and did not end; completed is the set of that.
func (d *Deployer) settled(ctx context.Context) (k kept, completed int64, err error) {
	since, said := d.o.Clock(), false
	for {
		if k, err = d.ledger.read(ctx); err != nil || k.Intent == nil {
			return k, completed, err
		}
		i := *k.Intent
		if err := d.ofTheSet(i); err != nil {
			return k, completed, err
		}
		if d.o.Clock().Before(i.Until) && i.Owner != d.o.Instance {
			if !said {
				d.o.Say("set %d, %s, is under way, begun by %s: waiting for it", i.Set, i.Why, i.by())
				said = true
			}
			if err := d.wait(ctx, i, since); err != nil {
				return k, completed, err
			}
			continue
		}
		done, err := d.goOn(ctx, i)
		if err != nil {
			return k, completed, err
		}
		if done {
			completed = i.Set
		}
	}
}

// wait waits for the owner of an intent, for a limited time.
func (d *Deployer) wait(ctx context.Context, i Intent, since time.Time) error {
	now := d.o.Clock()
	if now.Sub(since) > patience {
		return fmt.Errorf("set %d, %s, is under way since %s, begun by %s: run this again when it is done", i.Set, i.Why, i.At.Format(time.RFC3339), i.by())
	}
	return gitlab.Pause(ctx, min(wait, i.Until.Sub(now)+time.Second))
}

// by is who began it.
func (i Intent) by() string { return cmp.Or(i.By, "nobody known") }

// ofTheSet refuses to complete an intent that moves a project outside the set.
func (d *Deployer) ofTheSet(i Intent) error {
	for _, m := range i.Moves {
		if _, err := d.isMember(m.Project); err != nil {
			return mistake("set %d, %s, is under way and moves %s, which is no project of the set: use the configuration with which it was begun, or see who wrote %s of %s",
				i.Set, i.Kind, m.Project, d.ledger.statePath(), d.o.Place.Project)
		}
	}
	return nil
}

// goOn completes what somebody began and did not end. done is false if somebody else does that.
func (d *Deployer) goOn(ctx context.Context, i Intent) (done bool, err error) {
	err = d.takeOver(ctx, &i)
	if errors.Is(err, errOver) || errors.Is(err, errMeanwhile) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d.o.Say("set %d, %s, was begun by %s and not ended: completing it", i.Set, i.Why, i.by())
	err = d.complete(ctx, i)
	if _, stopped := errors.AsType[*StoppedError](err); stopped {
		return false, err // the error names the set
	}
	if err != nil {
		return false, fmt.Errorf("set %d, %s, was begun and not ended: %w", i.Set, i.Why, err)
	}
	return true, nil
}

// errOver says that the intent has ended, or has another owner.
var errOver = errors.New("it is in other hands")

// takeOver makes this process the owner of an intent, for a lease.
func (d *Deployer) takeOver(ctx context.Context, i *Intent) error {
	was := *i
	i.Owner, i.Until = d.o.Instance, d.now().Add(lease)
	return d.ledger.update(ctx, func(k kept) (*change, error) {
		if k.Intent == nil || k.Intent.Set != i.Set || k.Intent.Owner != was.Owner || !k.Intent.Until.Equal(was.Until) {
			return nil, errOver
		}
		to := k.State
		to.Intent = i
		return &change{to: to, message: fmt.Sprintf("Go on with set %d: %s", i.Set, i.Kind)}, nil
	})
}
