package dashboard

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file draws how far behind the pins were over the weeks. The page itself
// remembers the weeks, in a hidden line, so that a lost database loses none.

var samplesLine = regexp.MustCompile(`^\s*<!--\s*pinwheel:libyears((?:\s+\d{4}-\d\d-\d\d=-?\d{1,9}\.\d)+)\s*-->\s*$`)

func samplesMark(samples []plan.Sample) string {
	if len(samples) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<!-- pinwheel:libyears")
	for _, s := range samples {
		fmt.Fprintf(&b, " %s=%.1f", s.Week.Format(time.DateOnly), s.Libyears)
	}
	return b.String() + " -->\n"
}

// parseSamples reads the weeks of the hidden line. It stops at a part that is out of
// order or no day, since a person wrote it. A sum below zero, which an earlier version
// wrote for very old pins, is left out.
func parseSamples(text string) []plan.Sample {
	var out []plan.Sample
	for f := range strings.FieldsSeq(text) {
		day, sum, _ := strings.Cut(f, "=")
		week, err := time.Parse(time.DateOnly, day)
		value, err2 := strconv.ParseFloat(sum, 64)
		if n := len(out); err != nil || err2 != nil || n > 0 && !out[n-1].Week.Before(week) {
			return out
		}
		if value < 0 {
			continue
		}
		out = append(out, plan.Sample{Week: week, Libyears: value})
	}
	return out
}

// weeks is how many the chart shows.
const weeks = 26

// chart draws the weeks from the first sample to the last, each with the value it had.
// With fewer than two samples there is no chart.
// https://mermaid.js.org/syntax/xyChart.html
func chart(samples []plan.Sample) section {
	s := section{head: fold("Libyears behind, by week"), end: unfold}
	if len(samples) < 2 {
		return s
	}
	var days, values []string
	top, at := 0.0, 0
	for week := samples[0].Week; !week.After(samples[len(samples)-1].Week); week = week.AddDate(0, 0, 7) {
		for at+1 < len(samples) && !samples[at+1].Week.After(week) {
			at++
		}
		days = append(days, week.Format(`"01-02"`))
		values = append(values, fmt.Sprintf("%.1f", samples[at].Libyears))
		top = max(top, samples[at].Libyears)
	}
	if n := len(days) - weeks; n > 0 {
		days, values = days[n:], values[n:]
	}
	s.add(rankChart, fmt.Sprintf("```mermaid\nxychart-beta\n  x-axis [%s]\n  y-axis \"libyears\" 0 --> %d\n  line [%s]\n```\n",
		strings.Join(days, ", "), int(top)+1, strings.Join(values, ", ")))
	return s
}
