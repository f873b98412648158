package reconcile

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
)

// A page is read once, however many runs looked for it in the store before it was there.
func TestEveryRunThatLookedTooEarlyLooksAgain(t *testing.T) {
	c := NewClaims()
	page := []pypi.Request{{Source: pypi.Source{Index: plan.Index{URL: "https://index.example/simple/"}}, Name: "six"}}
	before := c.began() // every run looks at the store
	own, stored, _ := c.split(page, before)
	if len(own) != 1 {
		t.Fatalf("the first run reads %d pages, want 1", len(own))
	}
	stored()
	for i := range 3 {
		own, release, others := c.split(page, before)
		release()
		if len(own) != 0 || len(others) != 1 {
			t.Errorf("run %d of those that looked before reads %d pages, and looks again for %d", i+2, len(own), len(others))
		}
	}
	own, release, _ := c.split(page, c.began())
	release()
	if len(own) != 1 {
		t.Error("a run that looked after it, and found nothing, does not read the page")
	}
}
