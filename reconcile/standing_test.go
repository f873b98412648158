package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/reconcile"
)

// A run gives way before it reads, before it looks at the indexes and before each decision. Wherever
// it stands, it holds nothing that a run of another project with the same packages needs.
func TestARunThatGivesWayHoldsNothing(t *testing.T) {
	stands := 1
	for at := 1; at <= stands; at++ {
		w := newWorld(t)
		text := strings.SplitN(smallConfig, "projects:", 2)[0] + "projects:\n"
		for i := range 2 {
			path := fmt.Sprintf("cki/p%d", i)
			w.gitlab.AddProject(path, "main", map[string]string{"constraints.txt": "boto3==1.34.39\nlxml==4.9.4\n"}).SetRole("pinwheel", gitlabsim.Developer)
			text += "  - {path: " + path + ", timezone: UTC}\n"
		}
		var err error
		if w.config, err = config.Parse("pinwheel.yaml", []byte(text)); err != nil {
			t.Fatal(err)
		}
		runner := w.runner()
		runner.Claims = reconcile.NewClaims()
		other := *runner
		other.GiveWay = func(context.Context) {}
		n := 0
		runner.GiveWay = func(context.Context) {
			if n++; n != at {
				return
			}
			if r, err := other.Run(t.Context(), w.config.Projects[1], w.now); err != nil || r.Status != reconcile.Done || r.Plan.Pins != 2 {
				t.Errorf("a run beside one that stands at its point %d: %+v, %v", at, r.Failures, err)
			}
		}
		if r, err := runner.Run(t.Context(), w.config.Projects[0], w.now); err != nil || r.Status != reconcile.Done || r.Plan.Pins != 2 {
			t.Errorf("the run that stood at its point %d: %+v, %v", at, r.Failures, err)
		}
		stands = n
	}
	if stands < 4 {
		t.Errorf("a first run gave way %d times, want 4 at least", stands)
	}
}
