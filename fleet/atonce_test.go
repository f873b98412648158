package fleet

import (
	"fmt"
	"testing"
	"time"
)

// How many looks a process makes at once changes while it makes some.
func TestAtOnceChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var projects []string
	for n := range 8 {
		projects = append(projects, fmt.Sprint("g/p", n))
	}
	p := w.start("a", projects...)
	standing, most := 0, 0
	// stand lets looks end, one at a time, until so many are at work together.
	stand := func(n int) {
		t.Helper()
		most = 0
		for deadline := time.Now().Add(time.Minute); ; {
			for _, project := range projects {
				p.Start(project)
			}
			select {
			case <-w.began:
				standing++
				most = max(most, standing)
			case <-time.After(300 * time.Millisecond):
				if standing == n {
					return
				}
				if standing > 0 {
					w.let <- struct{}{}
					standing--
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d looks are at work together, %d at most, want %d", standing, most, n)
			}
		}
	}
	stand(2)
	p.SetAtOnce(3)
	p.SetAtOnce(5)
	stand(5)
	p.SetAtOnce(1)
	stand(1)
	w.settle(p.Fleet)
}
