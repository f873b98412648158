package story

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/web"
)

const hookToken = "the-token-of-the-webhook"

// receive makes what takes webhooks, as serve does.
func (s *stage) receive(sched *scheduler.Scheduler) {
	var known []web.Woken
	for _, p := range s.config.Projects {
		known = append(known, web.Woken{Path: p.Path, Keys: []string{p.Path}, Prefix: p.Policy.BranchPrefix})
	}
	for _, p := range round.Projects(s.config.Software) {
		known = append(known, web.Woken{Path: p.Member.Path, Keys: []string{round.Key(p.Member.Path)}})
	}
	wakes := web.NewWakes(sched, known)
	wakes.Self(bot)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = web.Hooks(func() (string, error) { return hookToken, nil }, wakes.Wake)
}

// webhook turns the sending of events on, or has them get lost.
func (s *stage) webhook(args []string) error {
	if len(args) != 1 || args[0] != "on" && args[0] != "lost" {
		return fmt.Errorf("wants on or lost")
	}
	s.mu.Lock()
	first, known := s.config.Projects[0].Path, s.answers != nil
	s.answers, s.lost = map[int]int{}, args[0] == "lost"
	s.mu.Unlock()
	if !known {
		s.gitlab.AddHook(first, "https://pinwheel.example/hooks/gitlab", hookToken)
	}
	return nil
}

// delivered takes an event from GitLab to serve.
func (s *stage) delivered(d gitlabsim.Delivery) {
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if !lost {
		s.deliver(d)
	}
}

func (s *stage) deliver(d gitlabsim.Delivery) {
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	if hooks == nil {
		return
	}
	req := httptest.NewRequest(http.MethodPost, d.URL, bytes.NewReader(d.Body))
	req.Header = d.Header
	answer := httptest.NewRecorder()
	hooks.ServeHTTP(answer, req)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[answer.Code]++
}

// forgeWebhook sends events of issues that did not happen.
func (s *stage) forgeWebhook(args []string) (string, error) {
	if len(args) != 2 {
		return "", fmt.Errorf("wants N and TOKEN")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.answers = map[int]int{}
	path := s.config.Projects[0].Path
	s.mu.Unlock()
	for range n {
		s.deliver(gitlabsim.Delivery{
			URL: "https://pinwheel.example/hooks/gitlab", Header: http.Header{"X-Gitlab-Event": {"Issue Hook"}, "X-Gitlab-Token": {args[1]}},
			Body: fmt.Appendf(nil, `{"object_kind": "issue", "project": {"path_with_namespace": %q}, "user": {"username": "bob"}}`, path),
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintln(s.answers), nil
}
