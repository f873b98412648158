// Command bench measures the real binary against fakes in another process: 650
// pins that require each other, with index pages of 150 KB, first runs and runs
// in which nothing changed. Then it times decisions alone. It prints the figures
// of docs/benchmarks.md beside their bounds, and fails where one is broken.
//
// Its invariant: a figure comes from the binary that users get, over HTTP. It
// does not say where time goes; profiles do.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

// options are what is measured.
type options struct {
	binary       string // to be measured; empty: it is built
	pins, size   int
	starts, runs int
	latency      time.Duration // of the index
	gitlab       time.Duration // of GitLab
	times        bool          // time is bounded, too
	fleet        int           // so many projects in one serve, and nothing else
	large        bool          // projects of 2,000 and 5,000 pins, too
	packages     int           // from which each project of the fleet pins some; 0: all pin the same
	ticks        int           // so many boxes are ticked while a round is under way
	rate         float64       // of them a second
	whole        bool          // that round looks at everything
	cores        bool          // the rate, and what a tick takes, are counted in processor time of serve
	parallel     bool          // measure run over the fleet
	hang         bool          // an index of one project, and GitLab for another, do not answer beside ticks
	rounds       int           // so many further quiet rounds, after which nothing may have grown
	workers      int           // so many processes of serve on PostgreSQL; 0: one with a file
	atOnce       int           // runs at once of each process
	concurrency  int           // of the index
	calm         time.Duration // for how long nothing is asked of a project after a round
}

var errBroken = errors.New("a bound is broken")

// command runs one command line and returns the exit code: 0, 1 where a bound
// is broken or a figure could not be taken, 2 for usage.
func command(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errs)
	serve := flags.Bool("serve", false, "be the fakes")
	client := flags.Bool("bare", false, "be the bare client of the requests on standard input")
	var o options
	flags.IntVar(&o.pins, "pins", 650, "pins in the file")
	flags.IntVar(&o.size, "size", 150_000, "bytes of an index page")
	flags.IntVar(&o.starts, "starts", 3, "first runs, each with fakes and a database of its own")
	flags.IntVar(&o.runs, "runs", 7, "runs in which nothing changed, after the last of them")
	flags.DurationVar(&o.latency, "latency", 0, "what the index waits before it answers; without a bound on time")
	flags.DurationVar(&o.gitlab, "gitlab-latency", 0, "what GitLab waits before it answers; without a bound on time")
	far := flags.Bool("far", true, "measure servers that are far away, too")
	flags.BoolVar(&o.times, "times", true, "bound time too; false on a machine that is busy")
	flags.IntVar(&o.fleet, "fleet", 0, "measure the first runs of so many projects in one serve, and nothing else")
	flags.IntVar(&o.packages, "packages", 0, "with -fleet: each project pins some of so many packages; measure rounds of one serve, and nothing else")
	flags.IntVar(&o.ticks, "ticks", 0, "with -packages: tick so many boxes while a round is under way")
	flags.Float64Var(&o.rate, "rate", 10, "with -ticks: so many a second")
	flags.BoolVar(&o.whole, "whole", false, "with -ticks: the round under way looks at everything, as after an upgrade")
	flags.BoolVar(&o.cores, "cores", false, "with -ticks: count the rate, and what a tick takes, in seconds of cores of serve, for a machine that is busy")
	flags.BoolVar(&o.hang, "hang", false, "with -ticks: then tick once more while the index of one project and the pages of another do not answer")
	flags.IntVar(&o.rounds, "rounds", 0, "with -packages: make so many further quiet rounds, and see whether memory, descriptors, goroutines or the database grow")
	flags.BoolVar(&o.parallel, "parallel", false, "with -fleet and -packages: measure run over the projects, by default and one at a time, and nothing else")
	flags.IntVar(&o.workers, "workers", 0, "with -packages: so many processes of serve on a PostgreSQL; 0 for one with a file")
	flags.IntVar(&o.atOnce, "at-once", 4, "with -packages: runs_at_once of each process")
	flags.IntVar(&o.concurrency, "concurrency", 8, "with -packages: the concurrency of the index")
	flags.DurationVar(&o.calm, "calm", 5*time.Second, "with -packages: a round is over when nothing was asked of a project for so long")
	flags.BoolVar(&o.large, "large", true, "measure projects of 2,000 and 5,000 pins, too")
	alone := flags.Bool("ratio", false, "measure runs in which nothing changed against the bare client, and nothing else")
	ticked := flags.Int("webhooks", 0, "measure so many ticks of one project with webhooks, and three without, and nothing else")
	near := flags.Bool("near", true, "measure servers that answer at once")
	decide := flags.Bool("decide", true, "time decisions alone, too")
	bounds := flags.Bool("bounds", true, "fail where a bound is broken")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || o.pins < 1 || o.starts < 1 || o.runs < 2 || o.rate <= 0 {
		fmt.Fprintln(errs, "bench: takes no arguments, and at least one pin and start, two runs and a rate above 0")
		return 2
	}
	o.times = o.times && o.latency == 0 && o.gitlab == 0
	var err error
	switch {
	case *serve:
		err = fakes(o, os.Stdin, out)
	case *client:
		err = bare(os.Stdin)
	case *alone:
		err = ratio(o, out)
	case *ticked > 0:
		err = waits(o, *ticked, out)
	default:
		err = bench(o, parts{*near, *far, *decide}, out)
	}
	if errors.Is(err, errBroken) && !*bounds {
		err = nil
	}
	if err != nil {
		fmt.Fprintln(errs, "bench:", err)
		return 1
	}
	return 0
}

// parts are which measurements are made.
type parts struct{ near, far, decide bool }

// bench measures and judges.
func bench(o options, p parts, out io.Writer) error {
	switch {
	case o.parallel && o.fleet > 0:
		return measureParallel(o, out)
	case o.fleet > 0 && o.packages > 0:
		return measureMany(o, out)
	case o.fleet > 0:
		return fleet(o, out)
	}
	fmt.Fprintf(out, "%d pins, pages of %d bytes, index latency %s, %s\n", o.pins, o.size, o.latency, machine())
	var all []bound
	if p.near {
		m, err := measure(o, out)
		if err != nil {
			return err
		}
		all = append(all, m.bounds(o)...)
	}
	if p.far {
		f, err := measureFar(o, out)
		if err != nil {
			return err
		}
		all = append(all, f.bounds(o.times)...)
	}
	if p.decide {
		d, err := decisions(out)
		if err != nil {
			return err
		}
		all = append(all, d.bounds(o.times)...)
	}
	return judge(all, out)
}
