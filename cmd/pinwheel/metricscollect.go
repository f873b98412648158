package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab.com/cki-project/pinwheel/plan"
)

// family is one metric that is made of what is known of each project.
type family struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	from   origin
	values func(*measured, plan.Plan) []value
}

// origin is what a family is made of.
type origin int

// Of runs, of what a run found, and of what only a run finds that did not end early.
const (
	fromRun origin = iota
	fromPlan
	fromWhole
)

// value is one line of a family: its labels after the project's, and the figure.
type value struct {
	labels []string
	figure float64
}

// one is a family of one line for each project. ok is false if a project has none.
func one(name, help string, kind prometheus.ValueType, figure func(*measured, plan.Plan) (float64, bool)) family {
	return several(name, help, nil, kind, func(p *measured, of plan.Plan) []value {
		if figure, ok := figure(p, of); ok {
			return []value{{figure: figure}}
		}
		return nil
	})
}

func several(name, help string, labels []string, kind prometheus.ValueType, of func(*measured, plan.Plan) []value) family { //nolint:revive // what a metric is declared with
	return family{prometheus.NewDesc("pinwheel_"+name, help, append([]string{"project"}, labels...), nil), kind, fromRun, of}
}

// counted is a figure that every project has.
func counted(figure func(*measured, plan.Plan) int) func(*measured, plan.Plan) (float64, bool) {
	return func(p *measured, of plan.Plan) (float64, bool) { return float64(figure(p, of)), true }
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// families are the metrics of projects.
func families() []family {
	all := runFamilies()
	for _, f := range planFamilies() {
		f.from = fromPlan
		all = append(all, f)
	}
	for _, f := range wholeFamilies() {
		f.from = fromWhole
		all = append(all, f)
	}
	return all
}

func runFamilies() []family {
	return []family{
		one("runs_total", "Runs since the start.", counter, counted(func(p *measured, _ plan.Plan) int { return p.runs })),
		one("runs_failed_total", "Runs since the start that did not do all they decided.", counter, counted(func(p *measured, _ plan.Plan) int { return p.failed })),
		one("writes_total", "Changes made on GitLab since the start.", counter, counted(func(p *measured, _ plan.Plan) int { return p.writes })),
		one("last_run_timestamp_seconds", "When the last run ended.", gauge, func(p *measured, _ plan.Plan) (float64, bool) { return unix(p.last), !p.last.IsZero() }),
		one("last_good_run_timestamp_seconds", "When the last run ended that did all it decided.", gauge, func(p *measured, _ plan.Plan) (float64, bool) { return unix(p.good), !p.good.IsZero() }),
		one("last_run_duration_seconds", "How long the last run took.", gauge, func(p *measured, _ plan.Plan) (float64, bool) { return p.took.Seconds(), p.runs > 0 }),
	}
}

func planFamilies() []family {
	return []family{
		one("pins", "Pins in all constraints files.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.Pins })),
		one("pins_behind", "Pins with an update of any state.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.Behind })),
		several("pins_standing", "Pins by how they stand to their index.", []string{"standing"}, gauge, func(_ *measured, of plan.Plan) []value {
			var out []value
			for _, s := range plan.Standings() {
				out = append(out, value{[]string{keyOf(s)}, float64(of.Count(s))})
			}
			return out
		}),
		one("merge_requests_open", "Open merge requests that count towards max_open_merge_requests.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.OpenCount })),
		several("updates", "Updates by state.", []string{"state"}, gauge, func(_ *measured, of plan.Plan) []value {
			states := map[plan.State]int{}
			for _, u := range of.Updates {
				states[u.State]++
			}
			var out []value
			for _, row := range plan.Table() {
				out = append(out, value{[]string{string(row.State)}, float64(states[row.State])})
			}
			return out
		}),
	}
}

func wholeFamilies() []family {
	return []family{
		one("libyears", "How much older the pinned releases are than the newest ones, in years, all pins together.", gauge, func(_ *measured, of plan.Plan) (float64, bool) { return of.Libyears, true }),
		one("merged_updates", "Updates that were merged last, of which release_to_merge_seconds tells.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.Merged })),
		one("release_to_merge_seconds", "Median time from a release to its merge.", gauge, func(_ *measured, of plan.Plan) (float64, bool) { return of.Lag.Seconds(), of.Merged > 0 }),
		one("pipelines", "Pipelines of merge requests that were seen, at most twenty of each.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.Runs })),
		one("pipelines_red", "Those of them that failed.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.RedRuns })),
		one("culprits", "Merge requests of updates that were proven to break tests.", gauge, counted(func(_ *measured, of plan.Plan) int { return of.Culprits })),
		one("main_red_after_merge", "Merged merge requests of pinwheel's after which the default branch is red.", gauge, counted(func(_ *measured, of plan.Plan) int { return len(of.Reverts) })),
		several("decisions", "Updates by state and by the reason for it.", []string{"state", "reason"}, gauge, func(_ *measured, of plan.Plan) []value {
			return tally(of.Updates, func(u plan.Update) [][]string {
				reason := "none"
				if len(u.Why) > 0 {
					reason = string(u.Why[0].Kind())
				}
				return [][]string{{string(u.State), reason}}
			})
		}),
		several("gates", "Gates of open merge requests by how they stand.", []string{"gate", "result"}, gauge, func(_ *measured, of plan.Plan) []value {
			return tally(of.Updates, func(u plan.Update) (out [][]string) {
				for _, v := range u.Told() {
					out = append(out, []string{v.Gate, strings.ReplaceAll(string(v.State), " ", "_")})
				}
				return out
			})
		}),
	}
}

// tally counts what updates say, each of which may say several things.
func tally(updates []plan.Update, says func(plan.Update) [][]string) []value {
	counts := map[string]int{}
	for _, u := range updates {
		for _, labels := range says(u) {
			counts[strings.Join(labels, "\x00")]++
		}
	}
	var out []value
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, value{strings.Split(key, "\x00"), float64(counts[key])})
	}
	return out
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, f := range m.families {
		out <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for project, p := range m.by { // the registry sorts
		for i, f := range m.families {
			for _, v := range p.values[i] {
				out <- prometheus.MustNewConstMetric(f.desc, f.kind, v.figure, append([]string{project}, v.labels...)...)
			}
		}
	}
}

// write writes the file. The folder it is in is that of a collector which may read it at
// any time, so that it is replaced and never half there. Of two runs that end together the one that
// writes last has what both came to.
func (m *metrics) write() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	return prometheus.WriteToTextfile(m.path, m.own)
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
