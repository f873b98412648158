package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// decided are the medians of BenchmarkDecide of decide, by the number of pins.
type decided map[int]decision

// decision is one of them. cores is the time of the machine's cores, which
// other work beside it changes little; heap is all that was allocated on the way, in MiB,
// so at no time was more of it in use.
type decision struct{ seconds, cores, heap float64 }

// decisions runs BenchmarkDecide, each size five times.
func decisions(out io.Writer) (decided, error) {
	cmd := exec.Command("go", "test", "gitlab.com/cki-project/pinwheel/decide", "-run", "^$", "-bench", "^BenchmarkDecide$", "-benchtime", "3x", "-count", "5", "-benchmem")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench Decide: %w\n%s", err, text)
	}
	return readDecisions(text, out)
}

// readDecisions takes the medians from the benchmark's own lines, which it
// prints: a name, the number of iterations, then pairs of a figure and a unit.
func readDecisions(text []byte, out io.Writer) (decided, error) {
	seconds, cores, heaps := map[int][]float64{}, map[int][]float64{}, map[int][]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		name, rest, _ := strings.Cut(line, " ")
		name, ok := strings.CutPrefix(name, "BenchmarkDecide/")
		name, _, _ = strings.Cut(name, "-")
		pins, err := strconv.Atoi(name)
		words := strings.Fields(rest)
		if !ok || err != nil || len(words) < 3 {
			continue
		}
		fmt.Fprintln(out, line)
		for i := 1; i+1 < len(words); i += 2 {
			figure, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", line, err)
			}
			switch words[i+1] {
			case "ns/op":
				seconds[pins] = append(seconds[pins], figure/1e9)
			case "cpu-ns/op":
				cores[pins] = append(cores[pins], figure/1e9)
			case "B/op":
				heaps[pins] = append(heaps[pins], figure/(1<<20))
			}
		}
	}
	d := decided{}
	for _, pins := range []int{100, 650, 2000} {
		s, c, h := seconds[pins], cores[pins], heaps[pins]
		if len(s) == 0 || len(c) == 0 || len(h) == 0 {
			return nil, fmt.Errorf("no figures of %d pins among the benchmark's", pins)
		}
		slices.Sort(s)
		slices.Sort(c)
		d[pins] = decision{seconds: s[len(s)/2], cores: c[len(c)/2], heap: slices.Max(h)}
	}
	return d, nil
}

// bounds are those of decisions.
func (d decided) bounds(times bool) []bound {
	all := []bound{
		{"deciding, 650 pins: memory", d[650].heap, 100, "MiB"},
		{"deciding, 2000 pins over 100, time of cores", d[2000].cores / d[100].cores, 30, "times"},
	}
	if times {
		all = append(all, bound{"deciding, 650 pins: wall", d[650].seconds, 1, "s"}, bound{"deciding, 2000 pins: wall", d[2000].seconds, 5, "s"})
	}
	return all
}
