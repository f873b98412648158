package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
)

const secretWord = "0123456789abcdef"

// send posts an event and returns the answer's status, and what it woke.
func send(header, token string, body io.Reader) (status int, woken []Event) {
	h := Hooks(func() (string, error) { return secretWord, nil }, func(e Event) { woken = append(woken, e) })
	req := httptest.NewRequest(http.MethodPost, "/hooks/gitlab", body)
	req.Header.Set("X-Gitlab-Event", header)
	req.Header.Set("X-Gitlab-Token", token)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, req)
	return answer.Code, woken
}

// unread fails a test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestHooksReadNothingWithoutTheToken(t *testing.T) {
	for _, token := range []string{"", "0123456789abcde", secretWord + "0", "x" + secretWord[1:]} {
		if status, woken := send("Issue Hook", token, unread{t}); status != http.StatusUnauthorized || len(woken) > 0 {
			t.Errorf("token %q: %d, woken %v", token, status, woken)
		}
	}
	h := Hooks(func() (string, error) { return "", errors.New("no such file") }, func(Event) { t.Error("woken") })
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/hooks/gitlab", unread{t}))
	if answer.Code != http.StatusServiceUnavailable || strings.Contains(answer.Body.String(), "no such file") {
		t.Errorf("without a token here: %d %s", answer.Code, answer.Body)
	}
	empty := Hooks(func() (string, error) { return "", nil }, func(Event) { t.Error("woken") })
	answer = httptest.NewRecorder()
	if empty.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/hooks/gitlab", unread{t})); answer.Code != http.StatusUnauthorized {
		t.Errorf("an empty token is a token: %d", answer.Code)
	}
}

func TestHooksReadEvents(t *testing.T) {
	const project = `"project":{"path_with_namespace":"g/p","default_branch":"main"}`
	for _, c := range []struct {
		header, body string
		status       int
		want         Event
	}{
		{"Issue Hook", `{"user":{"username":"u"},` + project + `}`, 202, Event{Kind: IssueEvent, Project: "g/p", User: "u", Default: "main"}},
		{"Confidential Issue Hook", `{` + project + `}`, 202, Event{Kind: IssueEvent, Project: "g/p", Default: "main"}},
		{"Note Hook", `{` + project + `}`, 202, Event{Kind: NoteEvent, Project: "g/p", Default: "main"}},
		{"Merge Request Hook", `{` + project + `}`, 202, Event{Kind: MergeRequestEvent, Project: "g/p", Default: "main"}},
		{"Pipeline Hook", `{"object_attributes":{"status":"success"},"ref":"x",` + project + `}`, 202, Event{Kind: PipelineEvent, Project: "g/p", Default: "main", Status: "success"}},
		{"Push Hook", `{"ref":"refs/heads/main","user_username":"u",` + project + `}`, 202, Event{Kind: PushEvent, Project: "g/p", User: "u", Default: "main", Ref: "refs/heads/main"}},
		{"System Hook", `{"object_kind":"merge_request","user":{"username":"u"},` + project + `}`, 202, Event{Kind: MergeRequestEvent, Project: "g/p", User: "u", Default: "main"}},
		{"System Hook", `{"event_name":"push","ref":"refs/heads/main","user_username":"u",` + project + `}`, 202, Event{Kind: PushEvent, Project: "g/p", User: "u", Default: "main", Ref: "refs/heads/main"}},
		{"System Hook", `{"event_name":"user_create","username":"u"}`, 202, Event{}},
		{"System Hook", `{"event_name":"tag_push","ref":"refs/tags/v1",` + project + `}`, 202, Event{}},
		{"System Hook", `{`, 400, Event{}},
		{"Subgroup Hook", `{"event_name":"subgroup_create"}`, 202, Event{}},
		{"Job Hook", `{` + project + `}`, 202, Event{}},
		{"Issue Hook", `{}`, 400, Event{}},
		{"Issue Hook", `[]`, 400, Event{}},
		{"Issue Hook", `{"project":`, 400, Event{}},
		{"Issue Hook", strings.Repeat("[", 1<<20), 400, Event{}},
		{"Issue Hook", `{"x":"` + strings.Repeat("a", 1<<20) + `",` + project + `}`, 413, Event{}},
	} {
		status, woken := send(c.header, secretWord, strings.NewReader(c.body))
		if status != c.status || len(woken) > 1 || len(woken) == 1 && woken[0] != c.want || len(woken) == 0 && c.want != (Event{}) {
			t.Errorf("%s %.60s: %d %v, want %d %v", c.header, c.body, status, woken, c.status, c.want)
		}
	}
}

// Which events are worth a look, and how many looks a flood of them costs.
func TestWakes(t *testing.T) {
	main := Event{Project: "G/P", Default: "main", User: "u"}
	of := func(kind EventKind, change func(*Event)) Event {
		e := main
		e.Kind = kind
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		event Event
		times int
		looks int // within five minutes
	}{
		"an issue":                  {of(IssueEvent, func(*Event) {}), 1, 1},
		"a flood of issues":         {of(IssueEvent, func(*Event) {}), 100, 2},
		"the bot's own":             {of(IssueEvent, func(e *Event) { e.User = "bot" }), 1, 0},
		"another project":           {of(IssueEvent, func(e *Event) { e.Project = "g/q" }), 1, 0},
		"a push to main":            {of(PushEvent, func(e *Event) { e.Ref = "refs/heads/main" }), 50, 2},
		"a push to a branch of it":  {of(PushEvent, func(e *Event) { e.Ref = "refs/heads/pinwheel/x" }), 1, 1},
		"a push to another":         {of(PushEvent, func(e *Event) { e.Ref = "refs/heads/feature" }), 1, 0},
		"a tag":                     {of(PushEvent, func(e *Event) { e.Ref = "refs/tags/main" }), 1, 0},
		"a pipeline that runs":      {of(PipelineEvent, func(e *Event) { e.Status = "running" }), 1, 0},
		"one of the bot that ended": {of(PipelineEvent, func(e *Event) { e.Status, e.User = "failed", "bot" }), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks := 0
				s, err := scheduler.New([]string{"g/p"}, func(context.Context, string, time.Time) error {
					looks++
					time.Sleep(100 * time.Millisecond)
					return nil
				}, nil, scheduler.Options{Spec: "0 0 1 1 *"})
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); s.Run(ctx) }()
				w := NewWakes(s, []Woken{{Path: "g/p", Keys: []string{"g/p"}, Prefix: "pinwheel/"}})
				w.Self("bot")
				for range c.times {
					w.Wake(c.event)
					synctest.Wait()
				}
				time.Sleep(5 * time.Minute)
				stop()
				<-ended
				if looks != c.looks {
					t.Errorf("%d looks, want %d", looks, c.looks)
				}
			})
		})
	}
}

// A sender who is slow or sends much holds a place of few, and none of those who wait.
func TestHooksTakeSoManyAtOnce(t *testing.T) {
	began, release := make(chan struct{}, hooksAtOne), make(chan struct{})
	h := Hooks(func() (string, error) { return secretWord, nil }, func(Event) {})
	post := func(body io.Reader) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, "/hooks/gitlab", body)
		req.Header.Set("X-Gitlab-Token", secretWord)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, req)
		return answer
	}
	var all sync.WaitGroup
	for range hooksAtOne {
		all.Go(func() { post(slow{began, release}) })
	}
	for range hooksAtOne {
		<-began
	}
	if answer := post(strings.NewReader("{}")); answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") != "10" {
		t.Errorf("one more is answered with %d", answer.Code)
	}
	close(release)
	all.Wait()
	if answer := post(strings.NewReader("{}")); answer.Code != http.StatusAccepted {
		t.Errorf("when they are gone, one is answered with %d", answer.Code)
	}
}

// slow is a body that comes when it is released.
type slow struct{ began, release chan struct{} }

func (s slow) Read([]byte) (int, error) {
	s.began <- struct{}{}
	<-s.release
	return 0, io.EOF
}
