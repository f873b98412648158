package pypi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// Result is the result of one Request: an Answer or an error.
type Result struct {
	Request Request
	Answer  Answer
	Err     error
}

// FetchAll sends every request, Options.Concurrency at once, and returns the results in the order
// of the requests. A failure stops no other request. But an index that fails for as many in a row
// as Concurrency, each after its retries, is left alone for the rest of the call, so that a dead
// index costs minutes instead of hours. progress, unless nil, is called after each result, by one
// goroutine at a time.
func (c *Client) FetchAll(ctx context.Context, requests []Request, progress func(done, total int)) []Result {
	results := make([]Result, len(requests))
	c.FetchEach(ctx, requests, progress, func(i int, r Result) { results[i] = r })
	return results
}

// FetchEach sends requests as FetchAll does, and hands over each result as it comes, with the index
// of its request, one at a time. It keeps none, so that many pages are never in memory together
// unless each keeps them.
func (c *Client) FetchEach(ctx context.Context, requests []Request, progress func(done, total int), each func(i int, r Result)) {
	var mu sync.Mutex // guards each, late and skipped
	late := map[int]Result{}
	skipped := map[int]error{}
	pass := func(indexes *breaker, i int) error {
		r, done := c.result(ctx, requests[i], indexes)
		defer done()
		mu.Lock()
		defer mu.Unlock()
		var problem *Error
		if errors.As(r.Err, &problem) && (problem.forGood || problem.mayBeMeant()) {
			late[i] = r // what it means is known after all others have answered
			return r.Err
		}
		if refusedBefore(r.Err) {
			skipped[i] = r.Err
			return r.Err
		}
		each(i, r)
		return r.Err
	}
	indexes := c.breaker()
	c.forAll(ctx, len(requests), progress, func(i int) { _ = pass(indexes, i) })
	c.resume(ctx, skipped, resumed{func(i int) string { return requests[i].Source.Index.URL }, pass})
	for i := range requests {
		if err := skipped[i]; err != nil {
			each(i, Result{Request: requests[i], Err: err})
		}
	}
	for i := range requests {
		if r, ok := late[i]; ok {
			if reason, ok := c.withheld(r.Err); ok {
				r.Answer, r.Err = Answer{Withheld: reason}, nil
			}
			each(i, r)
		}
	}
}

// refusedBefore reports whether a request was not sent because the server refused the requests
// before it.
func refusedBefore(err error) bool {
	var problem, cause *Error
	return errors.As(err, &problem) && problem.Kind == NotAsked && errors.As(problem.cause, &cause) && cause.mayBeMeant()
}

// resumed are requests: server names the server of each, and ask sends one.
type resumed struct {
	server func(i int) string
	ask    func(servers *breaker, i int) error
}

// maxSamples bounds how many requests are sent to a server that refused many in a row.
const maxSamples = 8

// resume goes on with requests that were skipped since their server refused many in a row.
// The refused ones may be neighbours, such as names with the same beginning. So resume asks
// for some that lie far apart. If the server answers one of them, it asks for all that are
// left. resume takes those that it asked for out of skipped.
func (c *Client) resume(ctx context.Context, skipped map[int]error, of resumed) {
	groups := map[string][]int{}
	for _, i := range slices.Sorted(maps.Keys(skipped)) {
		groups[of.server(i)] = append(groups[of.server(i)], i)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		left := groups[key]
		given := false
		for n := 0; n < maxSamples && len(left) > 0 && !given; n++ {
			at := (len(left) - 1) * (maxSamples - n) / maxSamples // from the last one backwards
			i := left[at]
			left = slices.Delete(left, at, at+1)
			delete(skipped, i)
			c.one(ctx, func(i int) { given = of.ask(c.breaker(), i) == nil }, i)
		}
		if !given {
			continue
		}
		for _, i := range left {
			delete(skipped, i)
		}
		servers := c.breaker()
		c.forAll(ctx, len(left), nil, func(n int) { _ = of.ask(servers, left[n]) })
	}
}

// forAll does n things, Options.Concurrency at once, and no more than other processes leave.
func (c *Client) forAll(ctx context.Context, n int, progress func(done, total int), do func(i int)) {
	var (
		wait sync.WaitGroup
		mu   sync.Mutex // guards done and progress
		done int
	)
	next := make(chan int)
	for range min(c.o.Concurrency, n) {
		wait.Go(func() {
			for i := range next {
				c.one(ctx, do, i)
				mu.Lock()
				done++
				if progress != nil {
					progress(done, n)
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// one does one thing when other processes leave room for it. If ctx ends before, do sees that.
func (c *Client) one(ctx context.Context, do func(i int), i int) {
	if c.shared != nil {
		defer c.shared.Enter(ctx)()
	}
	do(i)
}

func (c *Client) result(ctx context.Context, r Request, indexes *breaker) (Result, func()) {
	key := r.Source.Index.URL
	if last := indexes.open(key); last != nil {
		q := query{Request: r, name: r.Name, who: r.Source.Index.Spoken(), what: r.Name}
		err := q.problem(NotAsked, "failed for %d packages in a row and was not asked{for}", indexes.limit)
		err.cause = last
		return Result{Request: r, Err: err}, func() {}
	}
	answer, done, err := c.hourly(ctx, r)
	if c.vouched(ctx, err) {
		indexes.record(key, nil) // an answer, for this name
	} else {
		indexes.record(key, err)
	}
	return Result{Request: r, Answer: answer, Err: err}, done
}

// breaker counts failures in a row for each index, or for each origin of files. A failure counts
// only if it is of the index as a whole; a broken page of one package does not count. A nil breaker
// counts nothing.
type breaker struct {
	mu       sync.Mutex
	limit    int
	failures map[string]int
	last     map[string]error
}

func (c *Client) breaker() *breaker {
	return &breaker{limit: max(c.o.Concurrency, 5), failures: map[string]int{}, last: map[string]error{}}
}

// open returns the last failure of an index that is to be left alone.
func (b *breaker) open(key string) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures[key] < b.limit {
		return nil
	}
	return b.last[key]
}

func (b *breaker) record(key string, err error) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var e *Error
	if !errors.As(err, &e) {
		b.failures[key] = 0
		return
	}
	switch e.Kind {
	case Unreachable, Unavailable, Unauthorized:
		b.failures[key]++
		b.last[key] = err
	case Redirected, NotJSON, Malformed, TooLarge, Unsupported, Stopped, NotAsked:
	}
}
