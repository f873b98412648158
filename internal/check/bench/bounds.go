package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// bound is a figure that must not be above a limit.
type bound struct {
	what            string
	measured, limit float64
	unit            string
}

// judge prints every figure beside its limit, and fails if one is above it.
func judge(all []bound, out io.Writer) error {
	broken := 0
	for _, b := range all {
		verdict := "ok"
		if b.measured > b.limit {
			verdict = "BROKEN"
			broken++
		}
		fmt.Fprintf(out, "%-6s  %-44s %9.4g of %.4g %s\n", verdict, b.what, b.measured, b.limit, b.unit)
	}
	if broken > 0 {
		return fmt.Errorf("%w: %d of %d", errBroken, broken, len(all))
	}
	return nil
}

// machine says on what was measured, with the load where the kernel tells it.
func machine() string {
	text := fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.Version())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if words := strings.Fields(string(load)); len(words) > 0 {
			text += ", load " + words[0]
		}
	}
	return text
}
