package decide

import (
	"math"
	"testing"
	"time"
)

// A Duration ends at 292 years, which thirty pins that are ten years behind pass.
func TestLibyearsOfManyOldPins(t *testing.T) {
	for _, tt := range []struct {
		pins  int
		years float64
	}{{0, 10}, {1, 10}, {30, 10}, {5000, 290}} {
		d := &decider{}
		for range tt.pins {
			d.outcomes = append(d.outcomes, outcome{drift: time.Duration(tt.years * float64(year))})
		}
		if got, want := d.libyears(), float64(tt.pins)*tt.years; math.Abs(got-want) > 0.001*want {
			t.Errorf("%d pins of %.0f years are %.1f libyears, want %.1f", tt.pins, tt.years, got, want)
		}
	}
}
