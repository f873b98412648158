package gitlab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// This file records the reads of a run and their answers, so that a later run can
// ask the same at once and see whether the answers are the same.

// Read is one request that changes nothing, with the answer.
type Read struct {
	URL    string
	Accept string // the header, empty for none
	Answer string // a digest of the answer
	// Wave orders the requests: this one was sent when all of lower waves were
	// answered. A replay keeps that order, however many requests are under way.
	Wave int
}

// Recording notes the answers to the requests of one run. It also answers requests
// that [Replay] has made for the run already. Several goroutines may use it; the zero
// value is empty.
type Recording struct {
	mu     sync.Mutex
	reads  []Read
	known  map[string]bool // URLs of reads
	wave   int             // the highest of which one was answered
	spoilt bool
	closed bool
	ready  map[string]answer // by URL, each for one request
}

type recordingKey struct{}

// Record lets requests with the context it returns be noted.
func Record(ctx context.Context, r *Recording) context.Context {
	return context.WithValue(ctx, recordingKey{}, r)
}

// Unrecorded lets requests with the context it returns be made as if nothing were
// noted: for what never changes, so that nobody has to ask it again.
func Unrecorded(ctx context.Context) context.Context {
	return context.WithValue(ctx, recordingKey{}, (*Recording)(nil))
}

func recordingOf(ctx context.Context) *Recording {
	r, _ := ctx.Value(recordingKey{}).(*Recording)
	return r
}

// Reads are the requests in the order in which they were answered first, each URL
// once. ok is false if they cannot stand for the run: something was written, an
// answer did not come, or one URL had two answers.
func (r *Recording) Reads() (reads []Read, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reads), !r.spoilt
}

// Close ends the recording and drops the answers that nobody asked for yet. What is
// read after it is read just before a write, so it has to be new.
func (r *Recording) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready, r.closed = nil, true
}

// begin returns the wave of a request that is sent now.
func (r *Recording) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wave + 1
}

// end notes the answer to a request, or that there was none.
func (r *Recording) end(req *http.Request, wave int, a answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.spoilt = r.spoilt || req.Method != http.MethodGet
		return
	}
	if err != nil || req.Method != http.MethodGet || passes(a.resp.StatusCode) {
		r.spoilt = true
		return
	}
	r.note(req, wave, a)
}

// passes reports whether an answer says that another will come.
func passes(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

func (r *Recording) note(req *http.Request, wave int, a answer) {
	read := Read{URL: req.URL.String(), Accept: req.Header.Get("Accept"), Answer: a.digest(), Wave: wave}
	r.wave = max(r.wave, wave)
	if r.known[read.URL] {
		same := func(old Read) bool {
			return old.URL == read.URL && old.Accept == read.Accept && old.Answer == read.Answer
		}
		r.spoilt = r.spoilt || !slices.ContainsFunc(r.reads, same)
		return
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	r.known[read.URL] = true
	r.reads = append(r.reads, read)
}

// held takes the answer that a replay got for a request.
func (r *Recording) held(req *http.Request) (answer, bool) {
	if req.Method != http.MethodGet {
		return answer{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.ready[req.URL.String()]
	if !ok {
		return answer{}, false
	}
	delete(r.ready, req.URL.String())
	if passes(a.resp.StatusCode) {
		r.spoilt = true
	} else {
		r.note(req, r.wave+1, a)
	}
	return a, true
}

// told are the headers that count as a part of an answer. Others vary by chance.
var told = []string{"Content-Type", "Link", "Location", "X-Next-Page", "X-Gitlab-Size"}

func (a answer) digest() string {
	parts := [][]byte{[]byte(strconv.Itoa(a.resp.StatusCode))}
	for _, name := range told {
		for _, value := range a.resp.Header.Values(name) {
			parts = append(parts, []byte(name), []byte(value))
		}
	}
	sum := sha256.New()
	for _, part := range append(parts, a.body) {
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(part)))) // never fails
		_, _ = sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// atOnce bounds how many requests of a wave are under way.
const atOnce = 8

// Replay makes the recorded reads again, wave by wave, each once. It reports whether
// all answers are those of the record. After a different answer it sends no further
// wave, and the recording keeps the answers for the requests of the run. An error
// says that an answer did not come; nothing is asked a second time.
func (c *Client) Replay(ctx context.Context, reads []Read, r *Recording) (same bool, err error) {
	reads = slices.Clone(reads)
	slices.SortStableFunc(reads, func(a, b Read) int { return a.Wave - b.Wave })
	for len(reads) > 0 {
		n := 1
		for n < len(reads) && reads[n].Wave == reads[0].Wave {
			n++
		}
		if same, err := c.wave(ctx, reads[:n], r); !same {
			return false, err
		}
		reads = reads[n:]
	}
	return true, nil
}

func (c *Client) wave(ctx context.Context, reads []Read, r *Recording) (bool, error) {
	same, failed := make([]bool, len(reads)), make([]error, len(reads))
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, read := range reads {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			a, err := c.again(ctx, read)
			if failed[i] = err; err != nil {
				return
			}
			same[i] = a.digest() == read.Answer
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.ready == nil {
				r.ready = map[string]answer{}
			}
			r.ready[read.URL] = a
		})
	}
	all.Wait()
	return !slices.Contains(same, false), errors.Join(failed...)
}

// again sends a request as it was sent before.
func (c *Client) again(ctx context.Context, read Read) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, read.URL, nil)
	if err != nil {
		return answer{}, fmt.Errorf("ask again: %w", err)
	}
	if own := c.API.BaseURL(); req.URL.Scheme != own.Scheme || req.URL.Host != own.Host { // the record is of another GitLab
		return answer{}, fmt.Errorf("ask again: %s is not %s", req.URL.Host, own.Host)
	}
	key, token, err := c.auth.Header(ctx)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set(key, token)
	req.Header.Set("User-Agent", c.userAgent)
	if read.Accept != "" {
		req.Header.Set("Accept", read.Accept)
	}
	if !strings.HasSuffix(req.URL.Path, "/api/v4/user") {
		return c.transport.ask(req)
	}
	return c.selves.ask(token, func() (answer, error) { return c.transport.ask(req) })
}

// selfFor is how long an answer counts that says whose a token is. What GitLab does not let it
// do any more is told by the other requests of a run.
const selfFor = 5 * time.Minute

// selves keeps who the user of a token is, for replays of several runs.
type selves struct {
	turn chan struct{}              // one place
	by   map[[sha256.Size]byte]self // by token
}

type self struct {
	answer answer
	at     time.Time
}

// ask returns the answer to a question for a token, which is asked once in a while. Runs that
// ask meanwhile wait for it.
func (s *selves) ask(token string, question func() (answer, error)) (answer, error) {
	key := sha256.Sum256([]byte(token))
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if one, ok := s.by[key]; ok && time.Since(one.at) < selfFor {
		return one.answer, nil
	}
	delete(s.by, key)
	a, err := question()
	if err == nil && a.resp.StatusCode == http.StatusOK {
		s.by[key] = self{a, time.Now()}
	}
	return a, err
}
