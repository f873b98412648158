package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// metrics keeps what the runs of serve came to and writes it to a file in the
// text format that the textfile collector of Prometheus' node exporter reads.
// https://prometheus.io/docs/instrumenting/exposition_formats/
type metrics struct {
	path    string // empty: nothing is written
	version string
	mu      sync.Mutex
	by      map[string]*measured
}

// measured is what is known of one project.
type measured struct {
	runs, failed, writes int
	last, good           time.Time
	took                 time.Duration
	ok                   bool
	plan                 plan.Plan
	// lag is the median time from a release to its merge, of the last merged ones; a run
	// that ended early does not tell them.
	lag    time.Duration
	merged int
	// runs, red and culprits are the plan's counts of pipelines, for the same reason.
	runsSeen, red, culprits int
}

func newMetrics(path, version string) *metrics {
	return &metrics{path: path, version: version, by: map[string]*measured{}}
}

// lasted is when a run began and ended.
type lasted struct{ began, ended time.Time }

// ran notes a run and writes the file anew, as a whole or not at all.
func (m *metrics) ran(project string, l lasted, r reconcile.Report, err error) error {
	if m.path == "" {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.by[project]
	if p == nil {
		p = &measured{}
		m.by[project] = p
	}
	p.runs++
	p.writes += r.Wrote
	p.last, p.took = l.ended, l.ended.Sub(l.began)
	if p.ok = err == nil && r.Status == reconcile.Done; p.ok {
		p.good = l.ended
	} else {
		p.failed++
	}
	if err == nil {
		p.plan = r.Plan
		if !r.Quiet {
			p.lag, p.merged = r.Plan.Lag, r.Plan.Merged
			p.runsSeen, p.red, p.culprits = r.Plan.Runs, r.Plan.RedRuns, r.Plan.Culprits
		}
	}
	return replaceFile(m.path, []byte(m.text()))
}

// text is the whole file.
func (m *metrics) text() string {
	var out strings.Builder
	projects := slices.Sorted(maps.Keys(m.by))
	family := func(name, kind, help string, value func(*measured) (float64, bool)) {
		fmt.Fprintf(&out, "# HELP pinwheel_%s %s\n# TYPE pinwheel_%s %s\n", name, help, name, kind)
		for _, project := range projects {
			if v, ok := value(m.by[project]); ok {
				fmt.Fprintf(&out, "pinwheel_%s{project=%q} %s\n", name, project, decimal(v))
			}
		}
	}
	count := func(of func(*measured) int) func(*measured) (float64, bool) {
		return func(p *measured) (float64, bool) { return float64(of(p)), true }
	}
	fmt.Fprintf(&out, "# HELP pinwheel_build_info The version that runs.\n# TYPE pinwheel_build_info gauge\npinwheel_build_info{version=%q} 1\n", m.version)
	family("runs_total", "counter", "Runs since the start.", count(func(p *measured) int { return p.runs }))
	family("runs_failed_total", "counter", "Runs since the start that did not do all they decided.", count(func(p *measured) int { return p.failed }))
	family("writes_total", "counter", "Changes made on GitLab since the start.", count(func(p *measured) int { return p.writes }))
	family("last_run_timestamp_seconds", "gauge", "When the last run ended.", func(p *measured) (float64, bool) { return unix(p.last), true })
	family("last_good_run_timestamp_seconds", "gauge", "When the last run ended that did all it decided.", func(p *measured) (float64, bool) { return unix(p.good), !p.good.IsZero() })
	family("last_run_duration_seconds", "gauge", "How long the last run took.", func(p *measured) (float64, bool) { return p.took.Seconds(), true })
	family("pins", "gauge", "Pins in all constraints files.", count(func(p *measured) int { return p.plan.Pins }))
	family("pins_behind", "gauge", "Pins with an update of any state.", count(func(p *measured) int { return p.plan.Behind }))
	fmt.Fprint(&out, "# HELP pinwheel_pins_standing Pins by how they stand to their index.\n# TYPE pinwheel_pins_standing gauge\n")
	for _, project := range projects {
		for _, s := range plan.Standings() {
			fmt.Fprintf(&out, "pinwheel_pins_standing{project=%q,standing=%q} %d\n", project, keyOf(s), m.by[project].plan.Count(s))
		}
	}
	family("merge_requests_open", "gauge", "Open merge requests that count towards max_open_merge_requests.", count(func(p *measured) int { return p.plan.OpenCount }))
	family("merged_updates", "gauge", "Updates that were merged last, of which release_to_merge_seconds tells.", count(func(p *measured) int { return p.merged }))
	family("release_to_merge_seconds", "gauge", "Median time from a release to its merge.", func(p *measured) (float64, bool) { return p.lag.Seconds(), p.merged > 0 })
	family("pipelines", "gauge", "Pipelines of merge requests that were seen, at most twenty of each.", count(func(p *measured) int { return p.runsSeen }))
	family("pipelines_red", "gauge", "Those of them that failed.", count(func(p *measured) int { return p.red }))
	family("culprits", "gauge", "Merge requests of updates that were proven to break tests.", count(func(p *measured) int { return p.culprits }))
	fmt.Fprint(&out, "# HELP pinwheel_updates Updates by state.\n# TYPE pinwheel_updates gauge\n")
	for _, project := range projects {
		states := map[plan.State]int{}
		for _, u := range m.by[project].plan.Updates {
			states[u.State]++
		}
		for _, row := range plan.Table() {
			fmt.Fprintf(&out, "pinwheel_updates{project=%q,state=%q} %d\n", project, row.State, states[row.State])
		}
	}
	return out.String()
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func decimal(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}
