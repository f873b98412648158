package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A configuration that names a file which is not there yet holds as soon as that file is there.
func TestServeTriesARefusedConfigurationAgain(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_runs_total{project="group/project"} 1`)
	w.add("group/second", map[string]string{"constraints.txt": pins})
	w.swap("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), "projects:\n", "projects:\n  - {path: group/second, timezone: UTC, token_file: "+w.path("second")+"}\n", 1))
	until(t, metrics, "pinwheel_configuration_stale 1")
	w.write("second", token)
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_pins{project="group/second"} 2`)
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	if n := strings.Count(complaints, "what is on disk is wrong"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, complaints)
	}
}

// A configuration that changes while a token on disk is wrong leaves the token before it in use,
// and what is wrong is said once.
func TestServeKeepsATokenWhenTheConfigurationChanges(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	w.env["NOT_A_VARIABLE_OF_OURS"] = token // so that it may not show
	w.edit("gitlab: {", "gitlab: {token_file: "+w.write("token", token)+", ")
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_runs_total{project="group/project"} 1`)
	w.swap("token", "")
	w.touch()
	until(t, metrics, "pinwheel_configuration_stale 1")
	w.touch()
	w.swap("token", "glpat-not-a-token-of-anybody")
	w.touch()
	until(t, metrics, "pinwheel_configuration_stale 1", `pinwheel_runs_total{project="group/project"} 2`)
	w.swap("token", token)
	until(t, metrics, "pinwheel_configuration_stale 0")
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	has(t, complaints, "GitLab does not accept the new token", "is empty")
	for line := range strings.Lines(complaints) {
		if strings.Contains(line, "run failed") || strings.Count(line, "is empty") > 1 {
			t.Error(line)
		}
	}
}
