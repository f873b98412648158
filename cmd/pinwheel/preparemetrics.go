package main

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/prepare"
)

// buildMetrics is what one prepare build came to, in the text format of Prometheus: for
// the textfile collector, or as the report of metrics of a job.
type buildMetrics struct {
	image    string
	ok       bool
	how      string // built, fetched or last good
	record   prepare.Record
	findings int
	took     time.Duration
	pip      time.Duration // zero where pip did not run
}

func (m buildMetrics) text() string {
	var out strings.Builder
	one := func(name, help, labels string, v float64) {
		fmt.Fprintf(&out, "# HELP pinwheel_software_%s %s\n# TYPE pinwheel_software_%s gauge\npinwheel_software_%s{image=%q%s} %s\n", name, help, name, name, m.image, labels, decimal(v))
	}
	ok := 0.0
	if m.ok {
		ok = 1
	}
	one("ok", "Whether the last build of the image gave a set.", "", ok)
	one("duration_seconds", "How long it took.", "", m.took.Seconds())
	if m.how == "" {
		return out.String()
	}
	one("info", "The build: its key, its lock, and how it was come by.", fmt.Sprintf(",key=%q,lock=%q,how=%q", m.record.Key, m.record.Lock, m.how), 1)
	one("pip_duration_seconds", "How long venv and pip took of it.", "", m.pip.Seconds())
	one("size_bytes", "The size of the tarball.", "", float64(m.record.Tarball.Size))
	one("packages", "The packages that are installed.", "", float64(len(m.record.Installed)))
	one("findings", "Installed packages that are not what the pins say.", "", float64(m.findings))
	one("overrides", "Overrides of the lock.", "", float64(len(m.record.Overridden)))
	return out.String()
}

// decimal is a figure without zeros behind it.
func decimal(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}
