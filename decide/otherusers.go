package decide

import (
	"fmt"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// otherUsers are the problems that stop a project because of users beside the token's own: what
// is there is another user's, or the bot that was there before is still at work.
func otherUsers(s *plan.Snapshot, zone *time.Location) []plan.Problem {
	var out []plan.Problem
	if by := s.Predecessor; by.Username != "" {
		wrote := "wrote this dashboard"
		if s.PredecessorOpened > 0 {
			wrote = fmt.Sprintf("opened merge request %d", s.PredecessorOpened)
		}
		out = append(out, plan.Problem{Stopping: true,
			Text: fmt.Sprintf("`%s` %s as pinwheel, and the token is `%s`'s, so nothing is done that might be there already", by.Username, wrote, s.Bot.Username),
			Next: fmt.Sprintf("if that was pinwheel's user before, write `gitlab.former_users: [%s]` into the configuration, or tick the box below as a Maintainer", by.Username)})
	}
	if r := s.Rival; r.Who != "" {
		at := r.At.In(zone).Format("Mon 2006-01-02 15:04") + " " + zone.String()
		out = append(out, plan.Problem{Stopping: true,
			Text: fmt.Sprintf("`%s` is still at work here: on %s it %s, so nothing is done that it does, too", r.Who, at, r.Did),
			Next: fmt.Sprintf("stop it, or make `{\"matchFileNames\": [\"%s\"], \"enabled\": false}` the last of its `packageRules` and give it another `dependencyDashboardTitle`; pinwheel goes on 25 hours after it was seen last", s.Policy.Files[0].Path)})
	}
	return out
}
