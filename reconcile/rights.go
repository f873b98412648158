package reconcile

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// lookAgain is after how long settings that make work harder are read again, and whether
// GitLab knows the people of the policy.
const lookAgain = 24 * time.Hour

// observeRights looks at rights and settings in a project's first run, after a run in which
// GitLab refused something, and once a day as long as something is missing or the policy
// names people. If they cannot be read, that is no failure: whatever a missing right
// prevents is a failure of its own. A token that can write nothing is an error.
func (r *observer) observeRights(ctx context.Context, asked *answer[rights]) error {
	m := &r.memory
	if r.rightsDue() {
		found, err := r.rightsOf(ctx, asked)
		switch {
		case errors.Is(err, gitlab.ErrScope):
			return err
		case err != nil:
			r.log.Warn("rights and settings could not be read", "err", explain(err))
		default:
			for _, g := range found {
				if !g.Stopping && !slices.Contains(m.Gaps, g) {
					r.log.Warn("the project lacks something", "err", g.InOneLine())
				}
			}
			m.Gaps, m.RightsAt = found, r.now.Stamp()
		}
	}
	if !r.looking {
		r.snap.Gaps = m.Gaps
	}
	return nil
}

// rights are what a project lacks for what pinwheel is to do there.
type rights struct {
	gaps  []plan.Problem
	wants mrs.Wants
}

func wantsOf(p plan.Policy) mrs.Wants {
	return mrs.Wants{Writes: p.Mode == plan.Full, Merges: p.Merges()}
}

// rightsOf waits for the answer. If nothing was asked, or the policy wants something else than
// was assumed, it asks now.
func (r *observer) rightsOf(ctx context.Context, asked *answer[rights]) ([]plan.Problem, error) {
	var found rights
	var err error
	if asked != nil {
		found, err = asked.get()
	}
	if asked == nil || found.wants != wantsOf(r.project.Policy) {
		var group sync.WaitGroup
		found, err = r.askRights(ctx, &group).get()
	}
	if err != nil {
		return nil, err
	}
	return r.addStrangers(ctx, found.gaps), nil
}

// rightsDue reports whether rights are to be looked at.
func (r *observer) rightsDue() bool {
	if r.looking {
		return false
	}
	m := &r.memory
	stopping := slices.ContainsFunc(m.Gaps, func(g plan.Problem) bool { return g.Stopping })
	names, _ := r.project.Policy.People()
	return m.RightsAt.IsZero() || stopping || len(m.Gaps)+len(names) > 0 && r.now.Passed(m.RightsAt.Add(lookAgain))
}

// askRights begins to look at rights and settings.
func (r *observer) askRights(ctx context.Context, group *sync.WaitGroup) *answer[rights] {
	client, project, bot, wants := r.gitlab, r.snap.Project, r.snap.Bot, wantsOf(r.project.Policy)
	return ask(ctx, group, func(ctx context.Context) (rights, error) {
		gaps, err := client.Gaps(ctx, project, bot, wants)
		return rights{gaps, wants}, err
	})
}

// addStrangers adds the people of the policy whom GitLab does not know. If it cannot be
// asked, they count as known.
func (r *observer) addStrangers(ctx context.Context, gaps []plan.Problem) []plan.Problem {
	if r.project.Policy.Mode != plan.Full {
		return gaps
	}
	names, at := r.project.Policy.People()
	unknown, err := r.GitLab.Strangers(ctx, names)
	if err != nil {
		r.log.Warn("reviewers could not be looked for", "err", explain(err))
	}
	for _, name := range unknown {
		file, line := plan.Located(at[name])
		gaps = append(gaps, plan.Problem{File: file, Line: line,
			Text: "`" + name + "` is asked for a review, and GitLab knows no such user", Next: "correct the name or remove it"})
	}
	return gaps
}
