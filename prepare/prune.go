package prepare

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
)

// This file removes builds that are no longer needed.

// Pruning says which builds of an image may be removed.
type Pruning struct {
	Image  string
	Before time.Time // they were kept
	Used   InUse     // builds that stay in any case
	Dry    bool      // nothing is removed
	Around Around    // each removal; nil for nothing
}

// InUse names builds that something else needs, such as a set that is in production.
type InUse struct {
	Keys  []string // of builds, or the first eight characters of them and more
	Locks []string // digests of locks: all builds of these
}

// Around carries out an effect on a kept build, and does something before and after it, such as
// writing it down.
type Around func(ctx context.Context, k Kept, effect func(context.Context) error) error

func (a Around) do(ctx context.Context, k Kept, effect func(context.Context) error) error {
	if a == nil {
		return effect(ctx)
	}
	return a(ctx, k, effect)
}

// KeyPrefix matches the beginning of a key, as commands print it, which may be used for the key.
var KeyPrefix = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// uses reports whether a build is in use. It reads its lock only if u has locks. A build whose lock
// cannot be read counts as in use.
func (u InUse) uses(ctx context.Context, s Shelf, k Kept) (bool, error) {
	if slices.ContainsFunc(u.Keys, func(key string) bool { return KeyPrefix.MatchString(key) && strings.HasPrefix(k.Key, key) }) {
		return true, nil
	}
	if len(u.Locks) == 0 || k.Image == locks {
		return false, nil
	}
	r, found, err := recordOn(ctx, s, k.Image, k.Key)
	return found && slices.Contains(u.Locks, r.Lock), err
}

// fallsBackTo reports whether a build may be the last good one: it has no overrides. For locks that
// is the newest, which is the first in the list.
func fallsBackTo(ctx context.Context, s Shelf, k Kept, i int) (bool, error) {
	if k.Image == locks {
		return i == 0, nil
	}
	r, found, err := recordOn(ctx, s, k.Image, k.Key)
	return found && len(r.Overridden) == 0, err
}

// stays reports whether a build is too young to be removed, or in use.
func (p Pruning) stays(ctx context.Context, s Shelf, k Kept) (bool, error) {
	if !k.Created.Before(p.Before) {
		return true, nil
	}
	return p.Used.uses(ctx, s, k)
}

// Prune removes the old builds of an image. It keeps those in use, and the newest without an
// override, which is the one to fall back to. It returns what it removed.
func Prune(ctx context.Context, s Shelf, p Pruning) ([]Kept, error) {
	all, err := s.list(ctx, p.Image)
	if err != nil {
		return nil, err
	}
	var out []Kept
	spared := false // the one to fall back to
	for i, k := range all {
		if !spared {
			if spared, err = fallsBackTo(ctx, s, k, i); err != nil {
				return out, err
			}
			if spared {
				continue
			}
		}
		if used, err := p.stays(ctx, s, k); err != nil {
			return out, err
		} else if used {
			continue
		}
		if !p.Dry {
			if err := p.Around.do(ctx, k, func(ctx context.Context) error { return s.drop(ctx, k) }); err != nil {
				return out, err
			}
		}
		out = append(out, k)
	}
	return out, nil
}
