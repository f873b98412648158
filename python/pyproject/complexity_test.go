package pyproject

import (
	"strings"
	"testing"
	"time"
)

// Doubling a hostile file at most doubles the cost, and a little.
func TestParseTakesTimeInProportion(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		n    int
		make func(n int) string
	}{
		"dependencies": {"pyproject.toml", 2000, func(n int) string {
			return "[project]\nname = 'x'\nversion = '1'\ndependencies = [" + strings.Repeat("'a>=1',", n) + "]\n"
		}},
		"brackets": {"pyproject.toml", 5000, func(n int) string { return "x = " + strings.Repeat("[", n) }},
		"keys":     {"pyproject.toml", 5000, func(n int) string { return "[" + strings.Repeat("a.", n) + "b]\n" }},
		"lines of setup.cfg": {"setup.cfg", 5000, func(n int) string {
			return "[options]\ninstall_requires =\n" + strings.Repeat("  a>=1\n", n)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			once, twice := []byte(c.make(c.n)), []byte(c.make(2*c.n))
			least := func(data []byte) time.Duration {
				best := time.Hour
				for range 5 {
					began := time.Now()
					for range 3 {
						_, _ = Parse(c.file, data, nil)
					}
					best = min(best, time.Since(began))
				}
				return best
			}
			var a, b time.Duration
			for range 60 {
				if a, b = least(once), least(twice); b < time.Millisecond || float64(b) <= 2.5*float64(a) {
					return
				}
			}
			t.Errorf("%s for %d, %s for twice as many", a, c.n, b)
		})
	}
}
