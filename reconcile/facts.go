package reconcile

import (
	"context"
	"fmt"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
)

// rounds bounds how often a decision is made again with more facts. The longest known
// release train needs ten. What is missing after so many rounds is not checked. Whatever
// waited for it then has as many rounds again, and so on, stages times in all.
const rounds, stages = 40, 3

// decide judges, fetches what the judgement lacks, and judges again, until
// nothing is missing or the run's budget is spent; what is still missing then
// is not checked yet, and a last judgement says so.
func (r *run) decide(ctx context.Context, o observation) (plan.Plan, error) {
	var p plan.Plan
	var memory decide.Memory
	err := r.settled(ctx, o, func() []plan.Need {
		p = memory.Seek(o.snap)
		return p.Missing
	})
	if err == nil && (len(p.Missing) > 0 || o.indexes.forget(memory.Looked)) {
		p = memory.Decide(o.snap)
	}
	r.now.Note(memory.Instant())
	return p, err
}

// verifyPins judges the pins as they are, in as many rounds.
func (r *run) verifyPins(ctx context.Context, o observation) (Preview, error) {
	var v plan.Verification
	err := r.settled(ctx, o, func() []plan.Need {
		v = decide.Verify(o.snap)
		return v.Missing
	})
	return Preview{Snapshot: o.snap, Plan: plan.Plan{Problems: v.Problems}, Verification: v}, err
}

// settled calls judge until it needs nothing more, and stores what was read for it.
func (r *run) settled(ctx context.Context, o observation, judge func() []plan.Need) (err error) {
	defer func() {
		if kept := o.indexes.keep(ctx); err == nil {
			err = kept
		}
	}()
	for round := 0; ; round++ {
		r.GiveWay(ctx)
		needs := judge()
		if len(needs) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("decide: %w", err)
		}
		if round >= stages*rounds || round > 0 && round%rounds == 0 {
			o.unread(needs, "the run's budget of requests was spent")
			if round > stages*rounds+2 {
				return nil // nothing more can become of it
			}
			continue
		}
		if err := r.meet(ctx, o, o.within(needs)); err != nil {
			return err
		}
	}
}

// within drops the needs that are beyond the limits of a run, in the order in which
// they were asked for, and notes them as not checked: what a stranger's release
// requires must not decide how long a run is.
func (o observation) within(needs []plan.Need) []plan.Need {
	out := make([]plan.Need, 0, len(needs))
	for _, n := range needs {
		if reason := o.indexes.spent.beyond(n, o.indexes.Limits); reason != "" {
			o.unread([]plan.Need{n}, reason)
			continue
		}
		out = append(out, n)
	}
	return out
}

// beyond counts a need, or says which limit it is beyond.
func (s *spent) beyond(n plan.Need, most config.Limits) string {
	switch {
	case n.Approval != 0, n.Merge != 0:
	case n.Page && s.names >= most.NamesWithoutPin:
		return fmt.Sprintf("a run asks for the pages of %d names without a pin and not more", most.NamesWithoutPin)
	case n.Page:
		s.names++
	case s.releases >= most.Releases:
		return fmt.Sprintf("a run reads what %d releases require and not more", most.Releases)
	case s.ofOne[n.Name] >= most.ReleasesOfAPackage:
		return fmt.Sprintf("a run reads what %d releases of one package require and not more", most.ReleasesOfAPackage)
	default:
		s.releases++
		s.ofOne[n.Name]++
	}
	return ""
}

// unread notes needs as not checked in this run.
func (o observation) unread(needs []plan.Need, reason string) {
	for _, n := range needs {
		if n.Approval != 0 {
			o.snap.Approved[n.Approval] = true // it stays as it is
			continue
		}
		if n.Merge != 0 {
			o.snap.Mergeable[n.Merge] = plan.Mergeable{Failure: reason}
			continue
		}
		o.indexes.unread(n, reason)
	}
}

// meet reads what a decision lacks: of GitLab whether merge requests are approved and
// may be merged, of the indexes all else.
func (r *run) meet(ctx context.Context, o observation, needs []plan.Need) error {
	var rest []plan.Need
	for _, n := range needs {
		switch {
		case n.Approval != 0:
			r.observeApproval(ctx, o, n.Approval)
		case n.Merge != 0:
			r.observeMergeable(ctx, o, n.Merge)
		default:
			rest = append(rest, n)
		}
	}
	return o.indexes.meet(ctx, o.snap.Files, rest)
}
