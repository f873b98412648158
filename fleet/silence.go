package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// How often it is said that the database does not answer, how long an answer of it is believed, and
// how long it may take.
const (
	sayEvery   = time.Minute
	believeFor = 5 * time.Second
	answerTime = 3 * time.Second
)

// silence makes one sentence a minute of all that River and the Fleet say while the database does not
// answer. River's errors are texts of the driver, so the database itself is asked whether it is away.
type silence struct {
	log     *slog.Logger
	answers func(context.Context) error

	mu    sync.Mutex
	asked time.Time
	err   error     // what it answered then
	said  time.Time // zero while it answers
	more  int       // warnings and errors that were left out
}

// away reports whether the database does not answer, and says so if a minute has passed since it was
// said last.
func (s *silence) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.asked) >= believeFor {
		ctx, done := context.WithTimeout(context.Background(), answerTime)
		s.err = s.answers(ctx)
		done()
		s.asked = time.Now()
	}
	if s.err == nil {
		return false
	}
	s.more++
	if now := time.Now(); s.said.IsZero() || now.Sub(s.said) >= sayEvery {
		s.said = now
		s.log.Error("the database does not answer, so no look begins until it does", "err", s.err)
	}
	return true
}

// over says that the database answers again, if it was said that it does not.
func (s *silence) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = time.Time{}
	if s.said.IsZero() {
		return
	}
	s.log.Info("the database answers again", "errors left out", s.more)
	s.said, s.more = time.Time{}, 0
}

// quieter leaves out warnings and errors while the database does not answer.
type quieter struct {
	slog.Handler
	silence *silence
}

// Handle implements slog.Handler.
func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && q.silence.away() {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quieter) WithAttrs(a []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(a), q.silence}
}

// WithGroup implements slog.Handler.
func (q quieter) WithGroup(name string) slog.Handler {
	return quieter{q.Handler.WithGroup(name), q.silence}
}
