package main

import (
	"context"
	"net/http"
	"time"

	"gitlab.com/cki-project/pinwheel/scheduler"
	"gitlab.com/cki-project/pinwheel/web"
)

// faces are the addresses of the configuration with what answers there. Each answers
// probes, too.
func (s *service) faces(schedule *scheduler.Scheduler) []web.Face {
	var out []web.Face
	add := func(setting, address string, routes func(*http.ServeMux)) {
		if address == "" {
			return
		}
		mux := http.NewServeMux()
		web.Health(mux, s.ready)
		routes(mux)
		out = append(out, web.Face{Setting: setting, Address: address, Handler: mux})
	}
	if s.metrics != nil {
		s.metrics.queue(schedule.Oldest)
	}
	add("listen.metrics", s.config.Listen.Metrics, func(mux *http.ServeMux) { mux.Handle("GET /metrics", s.metrics.handler()) })
	return out
}

// ready is whether the database answers.
func (s *service) ready(ctx context.Context) error {
	_, err := s.runner.Store.Unfinished(ctx)
	return err
}

// tokenDay is how often tokens are looked at.
const tokenDay = 24 * time.Hour

// lookAtTokens notes when the token for GitLab ends, once at the start and once a day. A
// GitLab that does not tell is asked again the next day.
func (s *service) lookAtTokens(ctx context.Context) {
	ticker := time.NewTicker(tokenDay)
	defer ticker.Stop()
	for {
		if t, err := s.runner.GitLab.Token(ctx); err == nil && !t.Expires.IsZero() {
			s.metrics.expires.WithLabelValues("gitlab").Set(unix(t.Expires))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
