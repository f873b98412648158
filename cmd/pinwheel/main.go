package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	gauges "runtime/metrics"
	"time"

	_ "time/tzdata" // windows need zones where the system has none
)

// memoryLimit is what the garbage collector aims to stay below, and serveLimit for serve, whose
// runs give way to each other where memory is short. The program itself takes 35 MiB more.
// GOMEMLIMIT sets another. In serveLimit there is room for what a thousand projects take while
// nothing happens; each further one takes about perProject, for its settings and its goroutine.
const memoryLimit, serveLimit, perProject = 152 << 20, 136 << 20, 32 << 10

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(newProgram().main(context.Background(), os.Args[1:]))
}

// serveWithin takes the limit of serve with some projects, and returns it. It leaves any other limit
// alone than that of main and the one that it took before.
func serveWithin(projects int, before int64) (limit int64) {
	limit = serveLimit + perProject*max(0, int64(projects)-1000)
	if now := debug.SetMemoryLimit(-1); now == memoryLimit || now == before {
		debug.SetMemoryLimit(limit)
	}
	return limit
}

// shortOfMemory reports whether what is in use takes half of the limit.
// Then the collector would soon take more time than the runs.
func shortOfMemory() bool {
	limit := uint64(max(debug.SetMemoryLimit(-1), 0))
	live := []gauges.Sample{{Name: "/gc/heap/live:bytes"}}
	gauges.Read(live)
	return live[0].Value.Kind() == gauges.KindUint64 && live[0].Value.Uint64() > limit/2
}

// program is one start of pinwheel with what it needs of its process, so that
// tests start it without one.
type program struct {
	in          *os.File // nil: nobody is asked
	out, err    io.Writer
	env         func(string) string
	environ     func() []string // all variables, NAME=value; nil: none
	now         func() time.Time
	terminal    bool // stderr is one: a counter line and readable logs
	screen      bool // stdout is one
	colour      bool // stdout is a terminal that may show colour
	version     string
	instance    string
	together    *together                                                            // bounds of all processes on one database; nil: this one is alone
	poll        time.Duration                                                        // how often serve looks at its files; 0 is every minute
	dial        func(ctx context.Context, network, address string) (net.Conn, error) // how servers are reached; nil: by the network
	untilSignal func(context.Context) (context.Context, context.CancelFunc)
	quit        func(code int) // ends the process; nil: nothing does but main's end
}

func newProgram() *program {
	p := &program{
		out: os.Stdout, err: os.Stderr, env: os.Getenv, environ: os.Environ, now: time.Now,
		terminal: isTerminal(os.Stderr), version: version(), instance: newInstance(),
		untilSignal: onSignal, quit: os.Exit,
	}
	p.in, p.screen = os.Stdin, isTerminal(os.Stdout)
	p.colour = p.screen && os.Getenv("NO_COLOR") == ""
	if p.terminal {
		p.err = &console{w: os.Stderr}
	}
	return p
}

// isTerminal reports whether a person looks at f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// main runs one command line and returns the exit code.
func (p *program) main(ctx context.Context, args []string) int {
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	defer p.insist(ctx)()
	err := p.execute(ctx, args)
	if err == nil {
		return exitDone
	}
	code, text := verdict(err)
	if text != "" {
		fmt.Fprintln(p.err, text)
	}
	return code
}
