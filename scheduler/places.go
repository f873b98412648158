package scheduler

import "sync"

// MostAtOnce is how many runs may be at work at the same time at most, whatever Options and SetAtOnce
// say.
const MostAtOnce = 64

// places are those of runs under way. Their number may change while runs are at work.
type places struct {
	taken chan struct{} // holds one for each run under way, and for each place that there is not

	mu   sync.Mutex
	most int // places that there are
	owed int // of those that there are not, how many runs under way still have
}

// newPlaces returns MostAtOnce places, all of them free.
func newPlaces() *places { return &places{taken: make(chan struct{}, MostAtOnce), most: MostAtOnce} }

// set changes how many places there are. If fewer are free than are to go, the others go when
// their runs end.
func (p *places) set(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for most = min(max(most, 0), MostAtOnce); p.most < most; p.most++ {
		if p.owed > 0 {
			p.owed--
		} else {
			<-p.taken
		}
	}
	for ; p.most > most; p.most-- {
		select {
		case p.taken <- struct{}{}:
		default:
			p.owed++
		}
	}
}

// free gives a place back.
func (p *places) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owed > 0 {
		p.owed--
	} else {
		<-p.taken
	}
}

// SetAtOnce changes how many runs may be at work at the same time, while runs are at work as well.
// None of them is ended: where they are more than that, no other begins before enough have ended.
func (s *Scheduler) SetAtOnce(n int) {
	n = max(n, 1)
	s.places.set(n)
	s.soon.set((n + 1) / 2)
	s.late.set(n / 2)
}
