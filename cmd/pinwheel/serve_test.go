package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// serve looks at the projects, and a stop lets it end well.
func TestServe(t *testing.T) {
	w := newWorld(t)
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		w.gitlab.AfterRequest(func(c gitlabsim.Call) {
			if c.Method == "POST" && strings.HasSuffix(c.Route, "/issues") {
				cancel() // in the middle of the run, which is then finished
			}
		})
		return ctx, cancel
	}
	code, out, complaints := w.configured("serve", "--now", "--textfile-metrics", w.path("pinwheel.prom"))
	w.want(code, exitDone, complaints)
	figures, err := os.ReadFile(w.path("pinwheel.prom"))
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(figures), `pinwheel_runs_total{project="group/project"} 1`, `pinwheel_last_good_run_timestamp_seconds{project="group/project"} `,
		`pinwheel_pins{project="group/project"} `, "# TYPE pinwheel_updates gauge", `state="awaiting-schedule"`)
	if strings.Contains(string(figures), w.env["PINWHEEL_GITLAB_TOKEN"]) {
		t.Error("the metrics hold the token")
	}
	if out != "" {
		t.Errorf("serve printed %q", out)
	}
	has(t, complaints, `"msg":"serving","projects":1,"schedule":"@hourly"`, `"msg":"stopped","runs":1,"failed":0`)
	for line := range strings.Lines(complaints) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}
