package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// Beside writes down effects that belong to no run, such as those of a command in a
// job of a pipeline: before and after each, into the audit of a store and into a file.
// Either may be nil. As in a run, an effect that cannot be written down is not carried
// out.
type Beside struct {
	Store   *store.Store
	File    func(line []byte) error
	Project string
	Now     func() time.Time
}

// Do writes an entry down, carries out its effect, and writes down the result, also if
// the context has ended. An error says that it could not be written down.
func (b Beside) Do(ctx context.Context, e store.AuditEntry, effect func(context.Context) Outcome) error {
	e.Event = store.Began
	if err := b.write(ctx, e); err != nil {
		return err
	}
	out := effect(ctx)
	e.Event, e.Result = store.Ended, out.Result
	if out.Target != "" {
		e.Target = out.Target
	}
	e.After = append(slices.Clip(e.After), out.After...)
	return b.write(context.WithoutCancel(ctx), e)
}

func (b Beside) write(ctx context.Context, e store.AuditEntry) error {
	e.At, e.Project = b.Now().UTC(), b.Project
	if b.Store != nil {
		if err := b.Store.Record(ctx, e); err != nil {
			return fmt.Errorf("nothing is done that cannot be written down: %w", err)
		}
	}
	if b.File == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := b.File(append(line, '\n')); err != nil {
		return fmt.Errorf("nothing is done that cannot be written down: %w", err)
	}
	return nil
}
