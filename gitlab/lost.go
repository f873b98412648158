package gitlab

import (
	"context"
	"errors"
	"net/http"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// This file is about writes whose answer did not arrive.

// Lost reports whether the answer to a write did not arrive, so that the write may
// have happened.
func Lost(err error) bool {
	return errors.Is(err, ErrUnavailable) && !api.HasStatusCode(err, http.StatusTooManyRequests) ||
		errors.Is(err, ErrNotGitLab) || errors.Is(err, ErrTooLarge)
}

// Settle is nil where a write whose answer was lost is seen to have happened, and
// err where it is not, or GitLab cannot be asked. Every other error, and nil, it
// returns as it is. The write is not tried again: it may be under way.
func Settle(ctx context.Context, err error, there func() (bool, error)) error {
	if Lost(err) && Look(ctx, there) {
		return nil
	}
	return err
}

// Look asks whether an effect is there, three times in four seconds, since an
// answer may overtake its effect. It is false where that cannot be asked.
func Look(ctx context.Context, there func() (bool, error)) bool {
	for _, wait := range []time.Duration{0, time.Second, 3 * time.Second} {
		if Pause(ctx, wait) != nil {
			return false
		}
		if found, err := there(); found || err != nil {
			return found && err == nil
		}
	}
	return false
}

// Pause waits, and is an error where the context ends before.
func Pause(ctx context.Context, wait time.Duration) error {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
