package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// The measured process starts this program once more as the fakes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-serve" || os.Args[1] == "-bare") {
		os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
	}
	testenv.Waiting()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pinwheel-bench-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		folder = dir
		return m.Run()
	}())
}

// folder has the binary that all tests measure.
var folder string

var binary = sync.OnceValues(func() (string, error) { return options{}.built(folder) })

// with adds that binary to options.
func with(t *testing.T, o options) options {
	t.Helper()
	var err error
	if o.binary, err = binary(); err != nil {
		t.Fatal(err)
	}
	return o
}

// A small world takes the same path. Time is not bounded here: other tests run
// beside.
func TestSmall(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	o := options{pins: 60, size: 20_000, starts: 1, runs: 2}
	m, err := measure(with(t, o), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.bare) != 2 || m.bare[0].Reads != m.quiet[1].Reads || m.bare[0].Pages != m.quiet[1].Pages {
		t.Errorf("the bare client made other requests: %v, want those of %v", m.bare, m.quiet[1])
	}
	if m.open[1].Reads <= m.quiet[1].Reads {
		t.Errorf("with merge requests open a run reads %d times, without %d", m.open[1].Reads, m.quiet[1].Reads)
	}
	first, quiet := m.first[0], m.quiet[1]
	if first.Writes == 0 || first.Pages < 60 || first.Metadata < 60 || quiet.Reads == 0 || quiet.Pages < 60 {
		t.Errorf("the first run %s\nand one in which nothing changed %s", first, quiet)
	}
	if m.Behind == 0 || m.Families == 0 || m.sets == 0 || m.updates["awaiting-schedule"] == 0 || m.updates["incompatible"] == 0 {
		t.Errorf("%d behind, %d families, %d updates of several packages, by state %v", m.Behind, m.Families, m.sets, m.updates)
	}
}

// The step of CI that looks at the bare client alone takes that path too; what it
// finds of so few pins on a busy machine is not judged here.
func TestRatio(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	var out bytes.Buffer
	if err := ratio(with(t, options{pins: 60, size: 20_000, starts: 1, runs: 2}), &out); err != nil && !errors.Is(err, errBroken) {
		t.Fatalf("%v\n%s", err, &out)
	}
	if n := strings.Count(out.String(), "bare client: "); n < pairs || n%pairs != 0 || strings.Count(out.String(), fmt.Sprintf("of %d x", mostOverBare)) != n/pairs {
		t.Errorf("it measured\n%s", &out)
	}
}

// Rounds of one serve, in small.
func TestRounds(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	t.Parallel() // it waits most of the time
	var out bytes.Buffer
	o := options{pins: 20, packages: 20, fleet: 4, ticks: 2, size: 20_000, calm: time.Second, atOnce: 4, concurrency: 8}
	if err := measureMany(with(t, o), &out); err != nil && !errors.Is(err, errBroken) { // so few share little
		t.Fatalf("%v\n%s", err, &out)
	}
	if text := out.String(); strings.Count(text, "ok ") < 5 || !strings.Contains(text, "2 of 2 ticks became merge requests") {
		t.Errorf("it measured\n%s", text)
	}
}

func TestBounds(t *testing.T) {
	quiet := sample{peak: 40, cpu: 1e8, counts: counts{Reads: 6}}
	m := measured{ready: ready{Families: 1}, first: []sample{{counts: counts{Metadata: 84}}}, quiet: []sample{quiet}, bare: []sample{quiet}, opening: []sample{quiet}, open: []sample{quiet, quiet}, updates: map[string]int{"open": 6, "closed": 4}}
	o := options{pins: 60, times: true}
	if err := judge(m.bounds(o), io.Discard); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(){
		"metadata": func() { m.first[0].Metadata = 85 },
		"writes":   func() { m.quiet[0].Writes = 1 },
		"quiet":    func() { m.quiet[0].Metadata = 1 },
		"memory":   func() { m.quiet[0].peak = 101 },
		"time":     func() { m.quiet[0].wall = 310e6 },
		"bare":     func() { m.quiet[0].cpu = mostOverBare*1e8 + 1e6 },
		"open":     func() { m.open[0].cpu = 131e6 },
	} {
		m.first[0].Metadata, m.quiet[0], m.open[0] = 84, quiet, quiet
		spoil()
		if err := judge(m.bounds(o), io.Discard); err == nil {
			t.Errorf("%s is within bounds", name)
		}
	}
}

func TestDecisions(t *testing.T) {
	var text strings.Builder
	for _, pins := range []int{100, 650, 2000} {
		for i := range 3 {
			fmt.Fprintf(&text, "BenchmarkDecide/%d-2 \t 3\t %d ns/op\t %d cpu-ns/op\t 1048576 B/op\t 5 allocs/op\n", pins, (i+1)*pins*1_000_000, (i+1)*pins*1_000_000)
		}
	}
	d, err := readDecisions([]byte(text.String()), io.Discard)
	if err != nil || d[650] != (decision{seconds: 1.3, cores: 1.3, heap: 1}) {
		t.Fatalf("%v %v", d, err)
	}
	var out bytes.Buffer
	if err := judge(d.bounds(true), &out); err == nil || strings.Count(out.String(), "BROKEN") != 1 {
		t.Errorf("only 650 pins take too long, but: %v\n%s", err, &out)
	}
	if _, err := readDecisions([]byte("PASS\n"), io.Discard); err == nil {
		t.Error("no figures are figures")
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-pins", "0"}, {"-odd"}, {"more"}} {
		if code := command(args, io.Discard, io.Discard); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}

// A tick becomes a merge request by a webhook of the group alone: nothing else looks. How long
// that takes is not judged here; other tests run beside.
func TestWebhooks(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	t.Parallel() // it waits most of the time
	w, err := hooked(with(t, options{pins: 60, size: 20_000}), 2, 0, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if len(w.ticks) != 2 || len(w.answers) == 0 || w.refused+w.missing > 0 {
		t.Errorf("%d ticks, %d answers, %d refused, %d missing", len(w.ticks), len(w.answers), w.refused, w.missing)
	}
}
