package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab.com/cki-project/pinwheel/deploy"
)

// productionMetrics is what is in production, for releases --metrics and for serve.
type productionMetrics struct {
	behind, since, held *prometheus.GaugeVec // by project
	set, underWay, read prometheus.Gauge
}

func newProductionMetrics(to *prometheus.Registry) *productionMetrics {
	by := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinwheel_production_" + name, Help: help}, []string{"project"})
		to.MustRegister(g)
		return g
	}
	one := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "pinwheel_production_" + name, Help: help})
		to.MustRegister(g)
		return g
	}
	return &productionMetrics{
		behind:   by("behind_commits", "Commits of the default branch that production has not."),
		since:    by("since_timestamp_seconds", "Since when production is where it is."),
		held:     by("held", "Whether a hold keeps production where it is."),
		set:      one("set", "The newest set."),
		underWay: one("under_way", "Whether a deployment is under way."),
		read:     one("read_timestamp_seconds", "When all this was read."),
	}
}

// note keeps an overview. A project that could not be read keeps what was known of it.
func (m *productionMetrics) note(v deploy.Overview, at time.Time) {
	flag := func(on bool) float64 {
		if on {
			return 1
		}
		return 0
	}
	for _, r := range v.Projects {
		m.held.WithLabelValues(r.Project).Set(flag(r.Held))
		if r.Err != nil {
			continue
		}
		m.behind.DeleteLabelValues(r.Project)
		m.since.DeleteLabelValues(r.Project)
		if r.Behind >= 0 {
			m.behind.WithLabelValues(r.Project).Set(float64(r.Behind))
		}
		if !r.Since.IsZero() {
			m.since.WithLabelValues(r.Project).Set(unix(r.Since))
		}
	}
	m.set.Set(float64(v.Set.ID))
	m.underWay.Set(flag(v.UnderWay != nil))
	m.read.Set(unix(at))
}

// productionEvery is how often serve reads what is in production.
const productionEvery = 15 * time.Minute

// lookAtProduction keeps the metrics of production, where deployments are configured.
// What cannot be read stays as it was, and its age shows.
func (s *service) lookAtProduction(ctx context.Context) {
	if s.metrics == nil || !s.current().config.Software.Deploy.Configured() {
		return
	}
	m := newProductionMetrics(s.metrics.own)
	ticker := time.NewTicker(productionEvery)
	defer ticker.Stop()
	for {
		if err := s.readProduction(ctx, m); err != nil && ctx.Err() == nil {
			s.log.Warn("production not read", "err", sentence(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// readProduction reads what is in production once, and writes the file of metrics, if
// there is one.
func (s *service) readProduction(ctx context.Context, m *productionMetrics) error {
	d, err := s.deployment(ctx, s.path, true)
	if err != nil {
		return err
	}
	v, err := d.Releases(ctx, "")
	if err != nil {
		return err
	}
	m.note(v, time.Now())
	if s.metrics.path == "" {
		return nil
	}
	return s.metrics.write()
}
