package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// probeTime is how long the answer to a probe may take.
const probeTime = 2 * time.Second

// Health adds /healthz and /readyz to a mux. /healthz is 200 as long as the process answers,
// whatever GitLab and the indexes do, since a new process would not mend those. /readyz
// is 200 while ready returns nil.
func Health(mux *http.ServeMux, ready func(context.Context) error) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, done := context.WithTimeout(r.Context(), probeTime)
		defer done()
		if err := ready(ctx); err != nil {
			say(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		say(w, http.StatusOK, "ready")
	})
}

// say answers with one line of text.
func say(w http.ResponseWriter, status int, line string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, line) //nolint:gosec // it is sent as plain text, which no browser takes for anything else
}
