package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// full are metrics with a line of every family.
func full(t *testing.T) *metrics {
	t.Helper()
	m := newMetrics(filepath.Join(t.TempDir(), "pinwheel.prom"), "1.2.3")
	at := instant(t, friday)
	m.queue(func() time.Time { return time.Time{} })
	m.answered("gitlab.example.com", 200)
	m.expires.WithLabelValues("gitlab").Set(1)
	err := m.ran("group/project", lasted{at, at.Add(time.Second)}, reconcile.Report{Status: reconcile.Done, Plan: plan.Plan{
		Merged: 1, Updates: []plan.Update{{State: plan.Open, Branch: "b", Gates: []plan.GateVerdict{{Gate: "integration", State: plan.GatePassed, URL: "https://x"}}}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// promtool runs Prometheus' own tool and fails the test with what it says.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Command(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestMonitoring has promtool judge the metrics and the alerts, and looks that alerts and
// dashboard ask for metrics that there are.
func TestMonitoring(t *testing.T) {
	m := full(t)
	exposed := file(t, m)
	root := testenv.Root(t)
	alerts := filepath.Join(root, "contrib", "prometheus", "alerts.yml")
	dashboard := filepath.Join(root, "contrib", "grafana", "pinwheel.json")
	named := regexp.MustCompile(`\bpinwheel_[a-z_]+`)
	for _, path := range []string{alerts, dashboard} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".json") && !json.Valid(data) {
			t.Errorf("%s is not JSON", path)
		}
		names := named.FindAllString(string(data), -1)
		if len(names) < 8 {
			t.Errorf("%s names %d metrics", path, len(names))
		}
		for _, name := range names {
			if !strings.Contains(exposed, "\n"+name+" ") && !strings.Contains(exposed, "\n"+name+"{") {
				t.Errorf("%s asks for %s, which there is not", filepath.Base(path), name)
			}
		}
	}
	promtool(t, exposed, "check", "metrics")
	promtool(t, "", "check", "rules", alerts)
	promtool(t, "", "test", "rules", filepath.Join(filepath.Dir(alerts), "alerts.test.yml"))
}
