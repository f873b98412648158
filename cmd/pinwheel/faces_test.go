package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// file is what metrics wrote.
func file(t *testing.T, m *metrics) string {
	t.Helper()
	data, err := os.ReadFile(m.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := testenv.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// answer is what an address answers.
func answer(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, bodyOf(t, resp)
}

// bodyOf reads an answer to its end.
func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// serving starts serve with keys added to the configuration, and returns a function that
// stops it. It returns once the first dashboard was written.
func (w *world) serve(keys string, args ...string) (stop func() (code int, complaints string)) {
	w.t.Helper()
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+keys)
	written, ended := make(chan struct{}), make(chan struct{})
	var cancel context.CancelFunc
	started := make(chan struct{})
	w.serving = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel = context.WithCancel(ctx)
		close(started)
		return ctx, cancel
	}
	var once sync.Once
	w.gitlab.AfterRequest(func(c gitlabsim.Call) {
		if c.Method == "POST" && strings.HasSuffix(c.Route, "/issues") {
			once.Do(func() { close(written) })
		}
	})
	var code int
	var complaints string
	go func() {
		defer close(ended)
		code, _, complaints = w.configured(append([]string{"serve", "--now"}, args...)...)
	}()
	<-started
	select {
	case <-written:
	case <-ended:
	}
	return func() (int, string) {
		cancel()
		<-ended
		return code, complaints
	}
}

// until waits until an address answers with all of some texts.
func until(t *testing.T, url string, parts ...string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		_, body := answer(t, url)
		missing := false
		for _, part := range parts {
			missing = missing || !strings.Contains(body, part)
		}
		if !missing {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q never came in:\n%s", parts, body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestServeAnswersPrometheusAndProbes(t *testing.T) {
	w := newWorld(t)
	w.gitlab.Expire(w.env["PINWHEEL_GITLAB_TOKEN"], instant(t, "2026-03-01T00:00:00Z"))
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	body := until(t, "http://"+at+"/metrics", `pinwheel_runs_total{project="group/project"} 1`)
	has(t, body, `pinwheel_pins{project="group/project"} 2`, `pinwheel_run_duration_seconds_count{status="done"} 1`,
		`pinwheel_requests_total{host="127.0.0.1",status="200"} `, "pinwheel_queue_age_seconds 0\n", "go_goroutines ", "pinwheel_build_info{version=\"1.2.3\"} 1", `pinwheel_decisions{project="group/project",reason="`)
	has(t, until(t, "http://"+at+"/metrics", "pinwheel_token_expires_timestamp_seconds"), `pinwheel_token_expires_timestamp_seconds{token="gitlab"} 1.7723232e+09`)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 404, "/hooks/gitlab": 404} {
		if status, body := answer(t, "http://"+at+path); status != want {
			t.Errorf("%s answers %d, want %d: %s", path, status, want, body)
		}
	}
	if strings.Contains(body, w.env["PINWHEEL_GITLAB_TOKEN"]) {
		t.Error("the metrics hold the token")
	}
	if code, complaints := stop(); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, complaints)
	}
}

// An address that is taken is a mistake of the configuration, and no run begins.
func TestServeSaysWhichAddressIsTaken(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", l.Addr()))
	code, complaints := stop()
	w.want(code, exitUsage, complaints)
	has(t, complaints, "listen.metrics", "address already in use", "name another one")
}

// What failed before the start counts from the beginning.
func TestMetricsKnowTheLastGoodRunOfAnEarlierProcess(t *testing.T) {
	w := newWorld(t)
	code, _, complaints := w.configured("run")
	w.want(code, exitDone, complaints)
	w.gitlab.Revoke(w.env["PINWHEEL_GITLAB_TOKEN"])
	at := freeAddress(t)
	w.write("pinwheel.yaml", w.read("pinwheel.yaml")+fmt.Sprintf("listen: {metrics: %q}\n", at))
	ctx, cancel := context.WithCancel(t.Context())
	w.serving = func(context.Context) (context.Context, context.CancelFunc) { return ctx, cancel }
	ended := make(chan struct{})
	go func() { defer close(ended); w.configured("serve") }()
	for {
		if c, err := net.Dial("tcp", at); err == nil {
			c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	_, body := answer(t, "http://"+at+"/metrics")
	has(t, body, `pinwheel_last_good_run_timestamp_seconds{project="group/project"} 1.7673444e+09`)
	cancel()
	<-ended
}

// From the tick to the end of the run that carried it out.
func TestMetricsMeasureTicks(t *testing.T) {
	m := newMetrics(t.TempDir()+"/pinwheel.prom", "1.2.3")
	at := instant(t, friday)
	tick := plan.Tick{Branch: "pinwheel/boto3-1.x", At: at}
	report := reconcile.Report{Status: reconcile.Done, Plan: plan.Plan{
		Updates:  []plan.Update{{Branch: tick.Branch, MR: 4, State: plan.Open}, {Branch: "pinwheel/none"}},
		Requests: []plan.Request{{Tick: tick, Verdict: plan.Done}, {Tick: plan.Tick{Branch: "pinwheel/none", At: at}, Verdict: plan.Done}, {Tick: tick, Verdict: plan.Refused}},
	}}
	if err := m.ran("group/project", lasted{at, at.Add(3 * time.Second)}, report, nil); err != nil {
		t.Fatal(err)
	}
	has(t, file(t, m), "pinwheel_tick_to_merge_request_seconds_count 1\n", "pinwheel_tick_to_merge_request_seconds_sum 3\n")
}
