package fleet

import (
	"context"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// A batch is looks at projects in which nothing changed last time. They begin and end together, part by
// part, which costs the database much less than a job and a run for each. Where something changed, or
// a server is slow, that run goes on alone, and the rest is a batch again, for any process.

// How many looks of a batch begin together: at first, and at most. It grows while nothing changed.
const part, largest = 8, 32

// Quiet is what became of looks of a batch that began together. A project that is in none of its lists
// was not looked at.
type Quiet struct {
	Ended []string                        // nothing changed
	Alone []string                        // a run of its own has to look at it
	On    string                          // its run goes on; empty for none
	Rest  func(ctx context.Context) error // makes the rest of that run
	Slow  bool                            // they were left off since they took as long as one may wait for another
}

// batch makes the looks of a batch.
func (f *Fleet) batch(ctx context.Context, job Job) {
	left := slices.DeleteFunc(job.Projects, func(p string) bool { return !f.Knows(p) })
	if err := f.Looks.Take(ctx, f.Instance, left); err != nil {
		f.Log.Error("a batch of looks did not begin", "projects", len(left), "err", err)
		return
	}
	n := part
	if job.Broken {
		n = 1
	}
	for len(left) > 0 && ctx.Err() == nil {
		n = min(n, len(left))
		looks, err := f.Looks.BeginAll(ctx, left[:n])
		if err != nil {
			f.Log.Error("looks of a batch did not begin", "projects", n, "err", err)
			break
		}
		left = left[n:]
		if len(looks) == 0 {
			continue
		}
		did := f.Quietly(ctx, projectsOf(looks))
		f.endAll(ctx, looks, did.Ended)
		left = append(missed(looks, did), left...)
		switch {
		case did.On != "":
			f.giveBack(ctx, store.Rest{Alone: did.Alone, Left: left})
			f.goOn(ctx, looks, did)
			return
		case len(did.Ended)+len(did.Alone) == 0: // the database does not answer, or this process ends
			f.giveBack(ctx, store.Rest{Left: left})
			return
		case len(did.Alone) > 0:
			f.giveBack(ctx, store.Rest{Alone: did.Alone})
		}
		if n = min(2*n, largest); did.Slow {
			n = max(len(did.Ended), 1)
		}
	}
	if len(left) > 0 {
		f.giveBack(ctx, store.Rest{Left: left})
	}
}

func projectsOf(looks []store.Look) []string {
	out := make([]string, 0, len(looks))
	for _, l := range looks {
		out = append(out, l.Project)
	}
	return out
}

// missed are the projects of looks that began and were not made.
func missed(looks []store.Look, did Quiet) (out []string) {
	for _, l := range looks {
		if l.Project != did.On && !slices.Contains(did.Ended, l.Project) && !slices.Contains(did.Alone, l.Project) {
			out = append(out, l.Project)
		}
	}
	return out
}

// endAll ends the looks at projects in which nothing changed.
func (f *Fleet) endAll(ctx context.Context, looks []store.Look, quiet []string) {
	var all []store.Look
	var next []time.Time
	for _, l := range looks {
		if slices.Contains(quiet, l.Project) {
			all, next = append(all, l), append(next, f.After(l.Project, time.Now()))
		}
	}
	if len(all) == 0 {
		return
	}
	f.Ended(len(all))
	end, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if err := f.Looks.EndAll(end, all, f.Instance, next); err != nil {
		f.Log.Error("looks of a batch did not end", "projects", len(all), "err", err)
	}
}

// goOn makes the rest of the run that goes on.
func (f *Fleet) goOn(ctx context.Context, looks []store.Look, did Quiet) {
	again := f.Rest(ctx, did.On, did.Rest)
	for _, l := range looks {
		if l.Project == did.On {
			f.ended(ctx, l, again)
		}
	}
}

// giveBack adds jobs for what a batch does not make. Where the database does not answer, the sweep does.
func (f *Fleet) giveBack(ctx context.Context, r store.Rest) {
	end, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if err := f.Looks.Return(end, f.Instance, r); err != nil {
		f.Log.Error("what a batch leaves waits for the sweep", "projects", len(r.Alone)+len(r.Left), "err", err)
	}
}
