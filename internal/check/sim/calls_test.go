package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// failing is one way in which a call goes wrong.
type failing struct {
	name string
	// lies: the answer is believable and wrong, so a run that got it may think
	// that it is done.
	lies bool
	// says is how the dashboard words an answer of the index that is definite for
	// the one name that got it, so that a run may be done although it lacks it.
	says []string
	// only is how the path of the calls that are counted ends; empty for all.
	only string
	do   func(w *world, c call) (*http.Response, error)
}

// failings are the faults. Those of CI come first.
var failings = []failing{
	{name: "time-out after the effect", do: func(_ *world, c call) (*http.Response, error) {
		if _, err := c.send(); err != nil {
			return nil, err
		}
		return hang(c.req.Context())
	}},
	{name: "500 before", do: status(500, nil)},
	{name: "truncated JSON", do: changed(func(body []byte) (io.Reader, error) { return bytes.NewReader(body[:len(body)/2]), nil })},
	{name: "stale read", lies: true, do: stale},
	{name: "404 that hides a right", says: []string{"not on ", "answered 404", "no release of "}, do: status(404, nil)},
	{name: "403", says: []string{"answered 403"}, do: status(403, nil)},

	{name: "refused", do: func(*world, call) (*http.Response, error) {
		return nil, fmt.Errorf("dial tcp 192.0.2.1:443: %w", syscall.ECONNREFUSED)
	}},
	{name: "time-out before the effect", do: func(_ *world, c call) (*http.Response, error) { return hang(c.req.Context()) }},
	{name: "reset in the body", do: changed(func(body []byte) (io.Reader, error) {
		return io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}), nil
	})},
	{name: "401", says: []string{"answered 401"}, do: status(401, nil)},
	{name: "409", says: []string{"answered 409"}, do: status(409, nil)},
	{name: "422", says: []string{"answered 422"}, do: status(422, nil)},
	{name: "429 with seconds", do: status(429, func() string { return "7" })},
	{name: "429 with a date", do: status(429, func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) })},
	{name: "429 without a word", do: status(429, nil)},
	{name: "502 after the effect", do: func(w *world, c call) (*http.Response, error) {
		if _, err := c.send(); err != nil {
			return nil, err
		}
		return status(502, nil)(w, c)
	}},
	{name: "a page of HTML", do: changed(func([]byte) (io.Reader, error) {
		return strings.NewReader("<!DOCTYPE html><title>Sign in</title>"), nil
	})},
	{name: "rows twice", lies: true, do: changed(func(body []byte) (io.Reader, error) {
		var rows []json.RawMessage
		if json.Unmarshal(body, &rows) != nil {
			return bytes.NewReader(body), nil
		}
		body, err := json.Marshal(append(rows, rows...))
		return bytes.NewReader(body), err
	})},
	{name: "an endless body", says: []string{"more than"}, do: changed(func([]byte) (io.Reader, error) { return endless{}, nil })},
}

// status answers without carrying the call out.
func status(code int, retryAfter func() string) func(*world, call) (*http.Response, error) {
	return func(_ *world, c call) (*http.Response, error) {
		header := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
		if retryAfter != nil {
			header.Set("Retry-After", retryAfter())
		}
		text := fmt.Sprintf(`{"message":"%d %s"}`, code, http.StatusText(code))
		if code == 404 {
			text = `{"message":"404 Project Not Found"}`
		}
		return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
			Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: c.req}, nil
	}
}

// changed carries the call out and answers with another body.
func changed(body func([]byte) (io.Reader, error)) func(*world, call) (*http.Response, error) {
	return func(_ *world, c call) (*http.Response, error) {
		resp, err := c.send()
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		r, err := body(whole)
		if err != nil {
			return nil, err
		}
		if s, ok := r.(*strings.Reader); ok && s.Len() > 0 {
			resp.Header.Set("Content-Type", "text/html; charset=utf-8")
		}
		resp.Body, resp.ContentLength = io.NopCloser(r), -1
		resp.Header.Del("Content-Length")
		return resp, nil
	}
}

// stale answers a read of GitLab with what the same read got before this run,
// as a replica that lags.
func stale(w *world, c call) (*http.Response, error) {
	old, ok := w.before[c.req.URL.String()]
	if c.writes() || !ok {
		return c.send()
	}
	return &http.Response{StatusCode: old.status, Status: fmt.Sprint(old.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: old.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(old.body)), ContentLength: int64(len(old.body)), Request: c.req}, nil
}

// remembered is an answer of an earlier run.
type remembered struct {
	status int
	header http.Header
	body   []byte
}

// remember keeps the answers to reads of GitLab for stale ones.
func (w *world) remember(c call) (*http.Response, error) {
	resp, err := c.send()
	if err != nil || c.writes() || c.kind != gitlabCall {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	w.remembering.Lock()
	defer w.remembering.Unlock()
	w.before[c.req.URL.String()] = remembered{resp.StatusCode, resp.Header.Clone(), body}
	return resp, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// disturb makes the next run with call n of a kind, from 1, gone wrong, or n
// and all that follow it. It reports whether there was such a call, and which.
func (p *process) disturb(f failing, kind kind, n int, on bool) (report reconcile.Report, what string) {
	var calls atomic.Int64
	p.wire.around = func(c call) (*http.Response, error) {
		if c.kind != kind || !strings.HasSuffix(c.req.URL.Path, f.only) {
			return c.send()
		}
		k := int(calls.Add(1))
		if k == n {
			what = c.String()
		}
		if k == n || on && k > n {
			return f.do(p.w, c)
		}
		return c.send()
	}
	report = p.run()
	p.wire.around = nil
	return report, what
}

// nth puts one fault into call n of a scenario's run: the run that did not say
// it failed has done all, and two clean runs later the world is the twin's.
func nth(t *testing.T, s scenario, twin twin, f failing, kind kind, n int, on bool) (more bool) {
	settled := !f.lies && s.asking(t).settled
	inBubble(t, s.setting, func(t *testing.T, w *world) {
		p := w.first(t)
		p.wire.around = w.remember
		s.lead(t, p)
		report, what := p.disturb(f, kind, n, on)
		if more = what != ""; !more {
			return
		}
		name := fmt.Sprintf("%s in %s call %d (%s), on: %v", f.name, kind, n, what, on)
		green := report.Status == reconcile.Done && len(report.Failures) == 0
		told := green && kind == indexCall && w.tells(f.says)
		if green && settled && !told {
			w.gitlab.ForgetRequests()
			p.run()
			if wrote := w.gitlab.Writes(time.Time{}); len(wrote) > 0 {
				t.Errorf("I18: in %s: %s: the run said done, and the next wrote %v", s.name, name, wrote)
			}
		}
		p.runs(2 + s.more)
		d := difference(twin.projection, w.projection())
		if !green && s.config == batched.config {
			d = difference(alike(twin.projection), alike(w.projection()))
		}
		if !green && len(s.merges) > 0 {
			d = difference(unran(twin.projection), unran(w.projection()))
		}
		if kind == indexCall && len(s.merges) > 0 {
			// What was merged in that run keeps its text, also where it tells no day.
			d = difference(alike(unran(twin.projection)), alike(unran(w.projection())))
		}
		if kind == indexCall && !green && among(renewing, s.name) {
			d = "" // it was rebuilt at the newest version that could be known
		}
		if kind == indexCall && len(f.says) > 0 && !green && s.name == "pipelines end" {
			d = "" // it was repaired meanwhile, and its text keeps the date that nobody could tell then
		}
		if told {
			d = "" // what the index says of a name is believed and said on the dashboard, and what moved meanwhile stays
		}
		if f.lies && on {
			d = "" // where all that GitLab says is old from a call on, an old text may stay
		}
		if d != "" {
			t.Errorf("in %s: %s: the run ended %s %q; two runs later the world differs from the twin's:\n%s", s.name, name, report.Status, report.Failures, d)
		}
		count("faults in calls", 1)
		if wrote := p.runs(1); wrote != 0 {
			t.Errorf("in %s: %s: the third run wrote %v", s.name, name, w.gitlab.Writes(time.Time{}))
		}
		w.verdict(t)
	})
	return more
}

// tells reports whether the dashboard has one of some words.
func (w *world) tells(words []string) bool {
	issue, err := w.dashboard()
	return err == nil && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(issue.Description, word) })
}

// renewing are the scenarios in which an open one moves on in this run, and then
// not again before the next window.
var renewing = []string{"a rebase box", "a tick on an open one", "a set takes over a member's"}

// disturbed are the scenarios of which CI disturbs every call.
var disturbed = []string{"a green one is merged", "a gate begins", "a merge waited for its gate", "a first run", "the window opens", "a tick", "main conflicts with an open one", "main moved by itself", "the derived file disagrees"}

// The n-th call fails, for n from 1 until a run has none; once, and from n on.
func TestEveryCall(t *testing.T) {
	if everything() {
		anyCall(t)
		return
	}
	part, ways := part(t), allWays()
	for j, name := range disturbed {
		if testenv.Raced && name != "a tick" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := named(name)
			for way, w := range ways {
				runs := func(k int) bool { return s.has((way + k + 2) / 3) }
				one := -1
				if way == sampledWays[j] {
					one = firstFrom(j%5, runs)
				}
				for n := range cases(part, way, one, runs) {
					// Up to the call that goes wrong the run is the one that nobody disturbs.
					if n >= s.asking(t).calls[w.kind] || !nth(t, s, s.twin(t), w.failing, w.kind, n+1, w.on) {
						there(t, n == one)
						break
					}
				}
			}
		})
	}
}

// sampledWays are, for each of the disturbed scenarios, the way of which every run plays a case. Only
// the fourth and the fifth read the index.
var sampledWays = []int{0, 5, 8, 15, 20, 13, 17, 4, 9}

// way is one in which a run is disturbed.
type way struct {
	failing
	kind
	on bool
}

// allWays are those in which every run disturbs calls.
func allWays() (out []way) {
	for i, f := range failings[:6] {
		for _, kind := range []kind{gitlabCall, indexCall} {
			if i == 5 && kind == gitlabCall {
				continue // as a 404 there
			}
			out = append(out, way{f, kind, false}, way{f, kind, true})
		}
	}
	return out
}

// anyCall draws from all scenarios, faults and calls while there is time.
func anyCall(t *testing.T) {
	type draw struct {
		scenario
		twin
		failing
		kind
		n  int
		on bool
	}
	var all []draw
	for _, s := range scenarios {
		twin := s.twin(t)
		for _, f := range failings {
			for kind, calls := range s.asking(t).calls {
				for n := range calls {
					all = append(all, draw{s, twin, f, kind, n + 1, false}, draw{s, twin, f, kind, n + 1, true})
				}
			}
		}
	}
	count("faults in calls, possible", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for worker := range 2 {
		t.Run(fmt.Sprint("worker ", worker), func(t *testing.T) {
			t.Parallel()
			for i := worker; i < len(all) && !late(0.6); i += 2 {
				d := all[i]
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					nth(t, d.scenario, d.twin, d.failing, d.kind, d.n, d.on)
				})
			}
		})
	}
}

func among(names []string, name string) bool {
	return slices.Contains(names, name)
}

// Each answer of a run that reads how pipelines ended may be an old one: what it
// lacked is read again, so that since when a merge request fails is never left out.
func TestEveryStaleAnswerAboutPipelines(t *testing.T) {
	testenv.Unraced(t, "its runs are as those of TestEveryCall")
	part := part(t)
	for _, s := range scenarios {
		if s.name != "pipelines end" {
			continue
		}
		twin := s.twin(t)
		old := failing{name: "stale read", lies: true, do: func(w *world, c call) (*http.Response, error) {
			if !strings.Contains(c.req.URL.Path, "/pipelines") && !strings.Contains(c.req.URL.Path, "/merge_requests") {
				return c.send()
			}
			return stale(w, c)
		}}
		const lost = 12 // the call that once lost it
		for n := range cases(part, 0, lost, everyCase) {
			if !nth(t, s, twin, old, gitlabCall, n+1, false) {
				there(t, n == lost)
				break
			}
		}
	}
}

// onceWrong are faults in calls that once made another world of a scenario. The call is
// named by what it asks for, since its number changes with what a run reads.
var onceWrong = []struct {
	scenario, fault string
	call            string // what its path ends in; the first such call goes wrong
	kind            kind
	on              bool // and all such calls that follow
}{
	// The page of three days ago was read, and notes from before its tick: bob was
	// refused what he had asked for, and what came to light later did not count.
	{"pipelines end", "stale read", "/issues/1/notes", gitlabCall, false},
	// The good part of a red batch was pushed in a run that could read no page: the proof
	// against that was gone before it had a merge request.
	{"a red batch is proven", "409", "/", indexCall, true},
	{"a red batch is proven", "404 that hides a right", "/", indexCall, true},
}

func TestCallsThatOnceWentWrong(t *testing.T) {
	for _, c := range onceWrong {
		t.Run(c.scenario+", "+c.fault, func(t *testing.T) {
			t.Parallel()
			s := named(c.scenario)
			f := failings[slices.IndexFunc(failings, func(f failing) bool { return f.name == c.fault })]
			f.only = c.call
			if !nth(t, s, s.twin(t), f, c.kind, 1, c.on) {
				t.Errorf("no call ends in %s", c.call)
			}
		})
	}
}
