package reconcile

import (
	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Compare says what the plan does differently from the bot that the policy takes over from.
// recorded is false if that bot's dashboard is not there or is pinwheel's already: then only
// its open merge requests tell what it did.
func (p Preview) Compare() (out plan.Comparison, recorded bool) {
	var page plan.OtherPage
	if i := p.Dashboard; i.IID != 0 && dashboard.IsOther(i.Description) {
		page = dashboard.ParseOther(i.Description)
		page.Number, page.At = i.IID, i.UpdatedAt
		recorded = true
	}
	return decide.Compare(&p.Snapshot, p.Plan, page), recorded
}
