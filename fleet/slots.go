package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/store"
)

// How often a process says what it wants of a bound: while it waits, and while it does not.
const (
	hurry = 100 * time.Millisecond
	pulse = time.Second
)

// SlotsOptions are those of Slots.
type SlotsOptions struct {
	Bounds *store.Bounds
	Bound  string // its name in the database
	Most   int    // of all processes together; see Set
	Log    *slog.Logger
}

// Slots let at most so many things happen at once in all processes together. They ask the database
// only while something wants to happen.
type Slots struct {
	SlotsOptions
	asked chan struct{} // gets one when more is wanted than there is

	mu      sync.Mutex
	waiting []chan struct{}
	inUse   int
	has     int
	until   time.Time // when has ends, unless the database answers before
	atWork  bool      // a goroutine asks the database
}

// NewSlots returns those of one process.
func NewSlots(o SlotsOptions) *Slots { return &Slots{SlotsOptions: o, asked: make(chan struct{}, 1)} }

// Set changes the bound, from the next that enters on.
func (s *Slots) Set(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Most = most
}

// Enter waits for a slot, and returns what gives it back. If ctx ends before, there is none, and
// whoever asked has to see that by ctx.
func (s *Slots) Enter(ctx context.Context) (leave func()) {
	in := make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, in)
	s.admit()
	if !s.atWork {
		s.atWork = true
		go s.keep()
	}
	waits := len(s.waiting) > 0
	s.mu.Unlock()
	if waits {
		select {
		case s.asked <- struct{}{}:
		default:
		}
	}
	select {
	case <-in:
		return s.leave
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, w := range s.waiting {
		if w == in {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return func() {}
		}
	}
	return s.leave // it came at the same time
}

func (s *Slots) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse--
	s.admit()
}

// admit lets in whoever has waited longest, with the lock held.
func (s *Slots) admit() {
	for len(s.waiting) > 0 && s.inUse < s.has && time.Now().Before(s.until) {
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
		s.inUse++
	}
}

// keep asks the database for slots until nobody wants any.
func (s *Slots) keep() {
	var said time.Time
	for {
		s.mu.Lock()
		share := store.Share{Bound: s.Bound, Most: s.Most, Wants: min(s.inUse+len(s.waiting), s.Most), InUse: s.inUse}
		s.mu.Unlock()
		began := time.Now()
		has, err := s.share(share)
		s.mu.Lock()
		if err == nil {
			s.has, s.until = has, began.Add(store.ShareFor*4/5)
		}
		s.admit()
		if s.inUse+len(s.waiting) == 0 && share.Wants == 0 {
			s.atWork, s.has = false, 0
			s.mu.Unlock()
			return
		}
		every := pulse
		if len(s.waiting) > 0 {
			every = hurry
		}
		s.mu.Unlock()
		if err != nil {
			every = pulse
			if time.Since(said) >= sayEvery {
				said = time.Now()
				s.Log.Warn("other processes do not learn what this one asks for at once", "err", err)
			}
		}
		s.pause(every)
	}
}

// pause waits for a while, or a tenth of it if more is wanted meanwhile.
func (s *Slots) pause(every time.Duration) {
	timer := time.NewTimer(every)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.asked:
		time.Sleep(min(every, hurry) / 10) // others may want some together with this one
	}
}

func (s *Slots) share(share store.Share) (int, error) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	return s.Bounds.Share(ctx, share)
}
