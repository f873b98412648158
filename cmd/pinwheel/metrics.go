package main

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// metrics keeps what the runs of serve came to. It is served to Prometheus, written to a
// file that the textfile collector of its node exporter reads, or both. A nil one keeps
// nothing.
type metrics struct {
	path      string     // of the file; empty: none is written
	writing   sync.Mutex // the file
	mu        sync.Mutex
	by        map[string]*measured
	families  []family
	own       *prometheus.Registry
	durations *prometheus.HistogramVec // by how a run ended
	requests  *prometheus.CounterVec   // by host and status
	ticks     prometheus.Histogram
	expires   *prometheus.GaugeVec // by token
	stale     prometheus.Gauge
	lost      prometheus.Counter
	bots      *botMetrics
}

// measured is what is known of one project.
type measured struct {
	runs, failed, writes int
	last, good           time.Time
	took                 time.Duration
	values               [][]value // by family
}

// newMetrics returns those of a version of the program.
func newMetrics(path, version string) *metrics {
	m := &metrics{
		path: path, by: map[string]*measured{}, families: families(), own: prometheus.NewRegistry(),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pinwheel_run_duration_seconds", Help: "How long runs took, by how they ended.", Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1200, 3000},
		}, []string{"status"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinwheel_requests_total", Help: "Requests that were sent, by host and the status of the answer; none where no answer came.",
		}, []string{"host", "status"}),
		ticks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pinwheel_tick_to_merge_request_seconds", Help: "From a ticked box to the end of the run that carried it out.", Buckets: []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600},
		}),
		stale: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "pinwheel_configuration_stale", Help: "Whether the configuration, a token or a certificate on disk is wrong, so that the one before it is in use.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Name: "pinwheel_projects_lost_total", Help: "Projects that discovery lost since the start."}),
		expires: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pinwheel_token_expires_timestamp_seconds", Help: "When a token for GitLab ends; absent for one that does not.",
		}, []string{"token"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinwheel_build_info", Help: "The version that runs."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.bots = newBotMetrics(m.own)
	m.own.MustRegister(build, m, m.durations, m.requests, m.ticks, m.expires, m.stale, m.lost)
	return m
}

// queue adds since when the run has been wanted that has waited longest.
func (m *metrics) queue(oldest func() time.Time) {
	m.own.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pinwheel_queue_age_seconds", Help: "For how long the run has been wanted that has waited longest; 0 if none waits.",
	}, func() float64 {
		since := oldest()
		if since.IsZero() {
			return 0
		}
		return time.Since(since).Seconds()
	}))
}

// handler serves the metrics, those of the process and of Go among them.
func (m *metrics) handler() http.Handler {
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(prometheus.Gatherers{m.own, process}, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

// answered counts a request; status is 0 if no answer came.
func (m *metrics) answered(host string, status int) {
	word := "none"
	if status != 0 {
		word = strconv.Itoa(status)
	}
	m.requests.WithLabelValues(host, word).Inc()
}

// lasted is when a run began and ended.
type lasted struct{ began, ended time.Time }

// ran notes a run, and writes the file anew, as a whole or not at all.
func (m *metrics) ran(project string, l lasted, r reconcile.Report, err error) error {
	if m == nil {
		return nil
	}
	m.note(project, l, r, err)
	if m.path == "" {
		return nil
	}
	return m.write()
}

func (m *metrics) note(project string, l lasted, r reconcile.Report, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.of(project)
	p.runs++
	p.writes += r.Wrote
	p.last, p.took = l.ended, l.ended.Sub(l.began)
	status := r.Status
	if err == nil && status == reconcile.Done {
		p.good = l.ended
	} else {
		p.failed++
	}
	if err != nil && status != reconcile.Stopped {
		status = reconcile.Failed
	}
	m.durations.WithLabelValues(string(status)).Observe(p.took.Seconds())
	for i, f := range m.families {
		if f.from == fromRun || err == nil && (f.from == fromPlan || !r.Quiet) {
			p.values[i] = f.values(p, r.Plan)
		}
	}
	if err != nil || r.Quiet {
		return
	}
	for _, t := range carriedOut(r.Plan) {
		m.ticks.Observe(l.ended.Sub(t.At).Seconds())
	}
}

// of is what is known of a project, with the lock held.
func (m *metrics) of(project string) *measured {
	p := m.by[project]
	if p == nil {
		p = &measured{values: make([][]value, len(m.families))}
		m.by[project] = p
	}
	return p
}

// before takes over when runs of projects ended before the start, so that one which has
// failed for long is told of from the beginning.
func (m *metrics) before(projects []string, ran map[string]store.Ran) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, project := range projects {
		p := m.of(project)
		p.last, p.good = ran[project].Any, ran[project].Good
		for i, f := range m.families {
			if f.from == fromRun {
				p.values[i] = f.values(p, plan.Plan{})
			}
		}
	}
}

// discovered notes which projects discovery found and lost.
func (m *metrics) discovered(found, lost []string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost.Add(float64(len(lost)))
	for _, project := range found {
		m.expect(project)
	}
	for _, project := range lost {
		delete(m.by, project)
	}
}

// only forgets all projects but these, and expects runs of them.
func (m *metrics) only(projects map[string]config.Project) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.by, func(path string, _ *measured) bool { _, ok := projects[path]; return !ok })
	for path := range projects {
		m.expect(path)
	}
}

// expect makes a project show before its first run, with the lock held.
func (m *metrics) expect(project string) {
	if m.by[project] != nil {
		return
	}
	p := m.of(project)
	for i, f := range m.families {
		if f.from == fromRun {
			p.values[i] = f.values(p, plan.Plan{})
		}
	}
}

// usable notes whether what is on disk is in use.
func (m *metrics) usable(ok bool) {
	switch {
	case m == nil:
	case ok:
		m.stale.Set(0)
	default:
		m.stale.Set(1)
	}
}

// carriedOut are the ticks for which a run left an open merge request.
func carriedOut(p plan.Plan) (out []plan.Tick) {
	open := map[string]bool{}
	for _, u := range p.Updates {
		open[u.Branch] = u.MR != 0
	}
	for _, q := range p.Requests {
		if q.Verdict == plan.Done && open[q.Tick.Branch] && !q.Tick.At.IsZero() {
			out = append(out, q.Tick)
		}
	}
	return out
}
