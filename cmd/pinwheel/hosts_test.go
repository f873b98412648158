package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// An index may name another host for each file. The metrics and the page of the fleet count those that
// come after the first hundred together.
func TestCountedHostsHaveABound(t *testing.T) {
	s := &service{metrics: newMetrics("", "1")}
	for range 2 {
		for i := range 1000 {
			s.observe(fmt.Sprintf("h%d.example.com", i), 200)
		}
	}
	hosts := s.hosts.list()
	sum := 0
	for _, h := range hosts {
		sum += h.Requests
	}
	if len(hosts) != 101 || sum != 2000 {
		t.Errorf("%d hosts are counted with %d requests, want 101 with 2000", len(hosts), sum)
	}
	families, err := prometheus.Gatherers{s.metrics.own}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "pinwheel_requests_total" && len(f.GetMetric()) != 101 {
			t.Errorf("%d series of requests, want 101", len(f.GetMetric()))
		}
		for _, m := range f.GetMetric() {
			if text := m.String(); strings.Contains(text, "other hosts") && m.GetCounter().GetValue() != 1800 {
				t.Errorf("%s, want 1800", text)
			}
		}
	}
}
