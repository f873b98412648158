package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
)

// rounds bounds how often one decision is asked again with more facts: a
// bisection of the longest known release train takes ten. What is missing then
// is not checked. What waited for that has as many rounds again, and so on up to
// stages: a chain of one author's packages ends in the first.
const rounds, stages = 40, 3

// maxNeeds bounds how many releases' metadata one run fetches, maxOfOne how many
// of them of one package, and maxNames the names without a pin whose pages it
// asks for: what a stranger's release requires must not decide how long a run is.
const (
	maxNeeds = 20_000
	maxOfOne = 2_000
	maxNames = 2_000
)

// decide judges, fetches what the judgement lacks, and judges again, until
// nothing is missing or the run's budget is spent; what is still missing then
// is not checked yet, and a last judgement says so.
func (r *run) decide(ctx context.Context) (plan.Plan, error) {
	var p plan.Plan
	var memory decide.Memory
	err := r.settled(ctx, func() []plan.Need {
		p = memory.Decide(r.snap)
		return p.Missing
	})
	return p, err
}

// verifyPins judges the pins as they are, with the same patience.
func (r *run) verifyPins(ctx context.Context) (Preview, error) {
	var v plan.Verification
	err := r.settled(ctx, func() []plan.Need {
		v = decide.Verify(r.snap)
		return v.Missing
	})
	return Preview{Snapshot: r.snap, Plan: plan.Plan{Problems: v.Problems}, Verification: v}, err
}

// settled calls judge until it needs nothing more, and keeps what was learnt on
// the way.
func (r *run) settled(ctx context.Context, judge func() []plan.Need) (err error) {
	defer func() {
		if kept := r.keep(ctx); err == nil {
			err = kept
		}
	}()
	for round := 0; ; round++ {
		needs := judge()
		if len(needs) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("decide: %w", err)
		}
		last := round >= stages*rounds || r.fetched+len(needs) > maxNeeds
		if last || round > 0 && round%rounds == 0 {
			r.unread(needs, "the run's budget of requests was spent")
			if round > stages*rounds+2 {
				return nil // nothing more can become of it
			}
			continue
		}
		if err := r.learn(ctx, r.within(needs)); err != nil {
			return err
		}
	}
}

// within drops the needs that are beyond the caps of a run, in the order in which
// they were asked for, and notes them as not checked.
func (r *run) within(needs []plan.Need) []plan.Need {
	out := make([]plan.Need, 0, len(needs))
	for _, n := range needs {
		switch {
		case n.Approval != 0:
		case n.Page && r.names >= maxNames:
			r.unread([]plan.Need{n}, fmt.Sprintf("a run asks for the pages of %d names without a pin and not more", maxNames))
			continue
		case n.Page:
			r.names++
		case r.ofOne[n.Name] >= maxOfOne:
			r.unread([]plan.Need{n}, fmt.Sprintf("a run reads what %d releases of one package require and not more", maxOfOne))
			continue
		default:
			r.ofOne[n.Name]++
		}
		out = append(out, n)
	}
	return out
}

// unread notes needs as not checked in this run.
func (r *run) unread(needs []plan.Need, reason string) {
	for _, n := range needs {
		if n.Approval != 0 {
			r.snap.Approved[n.Approval] = true // it stays as it is
			continue
		}
		if n.Page {
			r.snap.Packages[n.Name] = plan.Package{Name: n.Name, Failure: reason}
			continue
		}
		m := plan.Metadata{Status: plan.MetadataFailed, Reason: reason}
		if n.Part && len(n.Files) > 0 {
			m.From = n.Files[0]
		}
		r.setMetadata(n.Name, n.Version, m)
	}
}

// setMetadata brings what a file says of a release into the snapshot. What
// another file says stays beside it: the two may differ.
func (r *run) setMetadata(name, version string, m plan.Metadata) {
	if r.snap.Metadata[name] == nil {
		r.snap.Metadata[name] = map[string]plan.Metadata{}
	}
	old, found := r.snap.Metadata[name][version]
	if found && m.From != "" && old.From != "" && old.From != m.From {
		old.More = slices.DeleteFunc(slices.Clone(old.More), func(o plan.Metadata) bool { return o.From == m.From })
		old.More = append(old.More, m)
		m = old
	} else {
		m.More = old.More
	}
	r.snap.Metadata[name][version] = m
}

// learn fetches what is needed: pages of names without a pin, then metadata,
// from the store where it was read before.
func (r *run) learn(ctx context.Context, needs []plan.Need) error {
	pages := map[string]decide.Wanted{}
	hashed := false
	for _, w := range decide.Names(r.snap.Files) {
		hashed = hashed || w.Hashes
	}
	byIndex := map[string][]plan.Need{}
	for _, n := range needs {
		index, owned := r.project.Policy.IndexOf(n.Name)
		switch {
		case n.Approval != 0:
			r.observeApproval(ctx, n.Approval)
		case !owned:
			r.unread([]plan.Need{n}, "no index of the configuration owns this name")
		case n.Page:
			pages[n.Name] = decide.Wanted{Hashes: hashed}
		default:
			byIndex[index.Name] = append(byIndex[index.Name], n)
		}
	}
	if err := r.pages(ctx, pages); err != nil {
		return err
	}
	var indexes []string
	for index := range byIndex {
		indexes = append(indexes, index)
	}
	sort.Strings(indexes)
	for _, index := range indexes {
		if err := r.learnFrom(ctx, index, byIndex[index]); err != nil {
			return err
		}
	}
	return nil
}
