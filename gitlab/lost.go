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

// Settle looks for the effect of a write whose answer was lost. It returns nil if the
// effect is there, and err if it is not or GitLab cannot be asked. It returns every
// other error, and nil, as it is. The write is not tried again: it may be under way.
func Settle(ctx context.Context, err error, there func() (bool, error)) error {
	if Lost(err) && Look(ctx, there) {
		return nil
	}
	return err
}

// Look asks whether an effect is there, three times in four seconds, since GitLab may
// show an effect late. It is false if that cannot be asked.
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
