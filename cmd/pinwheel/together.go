package main

import (
	"gitlab.com/cki-project/pinwheel/fleet"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file lets processes on one database of PostgreSQL keep to bounds together. A process with a
// file has none of it.

// together are the bounds of all processes on a database; nil for a process with a file.
type together struct {
	bounds *store.Bounds
	slots  *fleet.Slots // one for all configurations of this process
}

// bounded makes the connections of a Runner keep to the bounds of all processes.
func (t *together) bounded(o *reconcile.Options, with wiring) *together {
	bounds, ok := o.Store.Bounds()
	if !ok {
		return nil
	}
	if t == nil {
		t = &together{bounds: bounds, slots: fleet.NewSlots(fleet.SlotsOptions{Bounds: bounds, Bound: "index", Log: with.log})}
	}
	if o.GitLab != nil {
		t.paced(o.GitLab)
	}
	t.slots.Set(o.Index.Concurrency())
	o.Index.Share(pypi.Shared{Enter: t.slots.Enter})
	return t
}

// paced makes a connection keep the pace of all processes.
func (t *together) paced(c *gitlab.Client) {
	if t != nil {
		c.Share(gitlab.Shared{Reserve: t.bounds.Reserve, Pause: t.bounds.Pause})
	}
}

// serves makes the Runner of serve share what only processes of serve do.
func (t *together) serves(o *reconcile.Options) {
	if t != nil {
		o.Budget.Share(t.bounds)
		o.Claims.Share(t.bounds)
	}
}
