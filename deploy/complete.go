package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/journal"
	"gitlab.com/cki-project/pinwheel/plan"
)

// complete makes every move of an intent, in order, and then writes its set. It may be repeated
// after any part of it.
func (d *Deployer) complete(ctx context.Context, i Intent) error {
	for at, m := range i.Moves {
		if i.Until.Sub(d.o.Clock()) < margin {
			if err := d.takeOver(ctx, &i); err != nil {
				return fmt.Errorf("set %d: %w: another process goes on with it", i.Set, err)
			}
		}
		if err := d.move(ctx, i, m); err != nil {
			return d.stopped(ctx, i, at, err)
		}
	}
	if err := d.record(ctx, i); err != nil {
		return err
	}
	if err := d.propose(ctx, i); err != nil {
		return err
	}
	return d.finish(ctx, i)
}

// move moves one branch.
func (d *Deployer) move(ctx context.Context, i Intent, m Move) error {
	p, err := d.project(ctx, m.Project)
	if err != nil {
		return err
	}
	fact := plan.Fact{Kind: plan.KindMoveProduction, On: d.o.Branch, Who: i.By, Why: i.Why, Before: []string{m.Old}, After: []string{m.New}, Detail: fmt.Sprintf("set %d", i.Set)}
	return d.do(ctx, m.Project, fact, func(ctx context.Context) error {
		return d.o.Client.MoveBranch(ctx, gitlab.Move{Project: p.Path, ID: p.ID, Branch: d.o.Branch, Old: m.Old, New: m.New})
	})
}

// do carries an effect out, with a line of the journal before and after it.
func (d *Deployer) do(ctx context.Context, project string, f plan.Fact, effect func(context.Context) error) error {
	var failed error
	err := d.o.Do(ctx, project, f, func(ctx context.Context) journal.Outcome {
		if failed = effect(ctx); failed != nil {
			return journal.Outcome{Result: failed.Error()}
		}
		return journal.Outcome{Result: journal.Done}
	})
	return errors.Join(failed, err)
}

// StoppedError says that a rollback of several projects stopped halfway: somebody moved a branch,
// or GitLab refuses to move one. Where says where each branch is.
type StoppedError struct {
	Set   int64
	Why   string
	Where []string
	Err   error
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("set %d, %s, stopped halfway: %v; nothing else is moved; it is now: %s; mend that and run the same again, or keep what is where with pinwheel rollback --accept",
		e.Set, e.Why, e.Err, strings.Join(e.Where, ", "))
}

func (e *StoppedError) Unwrap() error { return e.Err }

// stopped handles a move that failed. If its answer was lost, the intent stays, and the next
// process completes it. Else nobody can complete it: if nothing was moved yet, it is given up, and
// if something was moved, the error says what.
func (d *Deployer) stopped(ctx context.Context, i Intent, at int, err error) error {
	moved := errors.Is(err, gitlab.ErrMoved)
	if !moved && !errors.Is(err, gitlab.ErrRefused) && !gitlab.NeedsPerson(err) {
		return err
	}
	if moved {
		err = d.lost(ctx, i.Moves[at], err)
	}
	made, where, asked := d.where(ctx, i)
	if asked != nil {
		return err // nobody can read where the branches are, so nothing is given up
	}
	if made == 0 {
		return errors.Join(err, d.giveUp(ctx, i))
	}
	return errors.Join(&StoppedError{i.Set, i.Why, where, err}, d.letGo(ctx, i))
}

// letGo ends the lease of an intent, so that nobody has to wait for it.
func (d *Deployer) letGo(ctx context.Context, i Intent) error {
	return d.ledger.update(ctx, func(k kept) (*change, error) {
		if !mine(k, i) {
			return nil, nil //nolint:nilnil // it is in other hands
		}
		i.Until = d.now()
		to := k.State
		to.Intent = &i
		return &change{to: to, message: fmt.Sprintf("Stop set %d halfway: %s", i.Set, i.Kind)}, nil
	})
}

// where says where each branch of an intent is, and how many of them were moved.
func (d *Deployer) where(ctx context.Context, i Intent) (made int, where []string, err error) {
	for _, m := range i.Moves {
		head, err := d.production(ctx, m.Project)
		if err != nil {
			return 0, nil, err
		}
		how := "where somebody else moved it"
		switch head {
		case m.New:
			how = "moved"
			made++
		case m.Old:
			how = "not moved yet"
		}
		where = append(where, fmt.Sprintf("%s at %s (%s)", m.Project, short(head), how))
	}
	return made, where, nil
}

// lost says who moved a branch first.
func (d *Deployer) lost(ctx context.Context, m Move, err error) error {
	p, perr := d.project(ctx, m.Project)
	head, herr := d.production(ctx, m.Project)
	if perr != nil || herr != nil {
		return err
	}
	who := "somebody"
	if by, found, err := d.o.Client.WhoPushed(ctx, p.ID, d.o.Branch, head); err == nil && found {
		who = by.User
		if !by.At.IsZero() {
			who += " at " + by.At.Format(time.RFC3339)
		}
	}
	return fmt.Errorf("%s moved %s of %s to %s meanwhile, so it was not moved from %s to %s: %w", who, d.o.Branch, m.Project, short(head), short(m.Old), short(m.New), err)
}

// giveUp ends an intent of which nothing was done.
func (d *Deployer) giveUp(ctx context.Context, i Intent) error {
	return d.ledger.update(ctx, func(k kept) (*change, error) {
		if !mine(k, i) {
			return nil, nil //nolint:nilnil // somebody ended it already
		}
		to := k.State
		to.Intent = nil
		return &change{to: to, message: fmt.Sprintf("Give up set %d: %s", i.Set, i.Kind)}, nil
	})
}

func mine(k kept, i Intent) bool {
	return k.Intent != nil && k.Intent.Set == i.Set && k.Intent.Owner == i.Owner
}

// record adds the moves to the environment page of each project. If a page may not be written, the
// others still are.
func (d *Deployer) record(ctx context.Context, i Intent) error {
	for _, m := range i.Moves {
		if i.Recorded || m.New == "" {
			continue
		}
		p, err := d.project(ctx, m.Project)
		if err != nil {
			return err
		}
		fact := plan.Fact{Kind: plan.KindRecordDeployment, On: d.o.Environment, Who: i.By, Why: i.Why, After: []string{m.New}, Detail: fmt.Sprintf("set %d", i.Set)}
		err = d.do(ctx, m.Project, fact, func(ctx context.Context) error {
			return d.o.Client.RecordDeployment(ctx, p.ID, gitlab.Deployment{Environment: d.o.Environment, Ref: d.o.Branch, SHA: m.New})
		})
		if errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrRefused) {
			d.o.Say("the environment page of %s does not show it: %v", m.Project, err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finish writes the set and ends the intent.
func (d *Deployer) finish(ctx context.Context, i Intent) error {
	fact := plan.Fact{Kind: plan.KindWriteSet, On: fmt.Sprintf("set %d", i.Set), Who: i.By, Why: i.Why, After: described(i.Result), Detail: string(i.Kind)}
	return d.do(ctx, d.o.Place.Project, fact, func(ctx context.Context) error {
		return d.ledger.update(ctx, func(k kept) (*change, error) {
			if k.Set >= i.Set {
				return nil, nil //nolint:nilnil // somebody completed it
			}
			if !mine(k, i) {
				return nil, fmt.Errorf("set %d: %w", i.Set, errOver)
			}
			to := k.State
			to.Set, to.Intent = i.Set, nil
			for _, h := range i.Holds {
				to.Holds = with(to.Holds, h.Project, &h)
			}
			to.Holds = slices.DeleteFunc(slices.Clone(to.Holds), func(h Hold) bool { return !h.InForce(d.now()) })
			return &change{to: to, set: &i.Result, message: fmt.Sprintf("Set %d: %s", i.Set, i.Kind)}, nil
		})
	})
}

func described(s Set) []string {
	var out []string
	for _, m := range s.Members {
		out = append(out, m.Project+" "+short(m.SHA))
	}
	return out
}
