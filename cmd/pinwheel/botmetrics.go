package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab.com/cki-project/pinwheel/bot"
	"gitlab.com/cki-project/pinwheel/bot/round"
)

// botMetrics are those of the looks at projects that have the bot.
type botMetrics struct {
	looks, failed, writes    *prometheus.CounterVec
	last, good, open, states *prometheus.GaugeVec
}

func newBotMetrics(to prometheus.Registerer) *botMetrics {
	counter := func(name, help string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinwheel_bot_" + name, Help: help}, []string{"project"})
		to.MustRegister(v)
		return v
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinwheel_bot_" + name, Help: help}, append([]string{"project"}, labels...))
		to.MustRegister(v)
		return v
	}
	return &botMetrics{
		looks:  counter("looks_total", "Looks at merge requests since the start."),
		failed: counter("looks_failed_total", "Looks since the start that did not do all they decided."),
		writes: counter("writes_total", "Changes that looks made on GitLab since the start."),
		last:   gauge("last_look_timestamp_seconds", "When the last look was."),
		good:   gauge("last_good_look_timestamp_seconds", "When the last look was that did all it decided."),
		open:   gauge("merge_requests_open", "Open merge requests."),
		states: gauge("tests", "Tests in the comments of open merge requests by state.", "state"),
	}
}

// looked notes a look of the bot, and writes the file anew, as a whole or not at all.
func (m *metrics) looked(project string, at time.Time, r round.Report, err error) error {
	if m == nil {
		return nil
	}
	m.bots.note(project, at, r, err)
	if m.path == "" {
		return nil
	}
	return m.write()
}

func (b *botMetrics) note(project string, at time.Time, r round.Report, err error) {
	b.looks.WithLabelValues(project).Inc()
	b.writes.WithLabelValues(project).Add(float64(r.Wrote))
	b.last.WithLabelValues(project).Set(unix(at))
	if failed := b.failed.WithLabelValues(project); err != nil || len(r.Failures) > 0 {
		failed.Inc()
	} else {
		b.good.WithLabelValues(project).Set(unix(at))
	}
	if err != nil {
		return
	}
	b.open.WithLabelValues(project).Set(float64(r.Open))
	tests := map[bot.State]int{}
	for _, t := range r.Tests {
		tests[t.State]++
	}
	for _, s := range bot.States() {
		b.states.WithLabelValues(project, string(s)).Set(float64(tests[s]))
	}
}
