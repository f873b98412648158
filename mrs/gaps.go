package mrs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Blocks are what keeps pinwheel from working in a project at all, as the project's
// own page tells without another request: then only its dashboard is left.
// Writes says that merge requests are wanted, not the dashboard alone.
func Blocks(p plan.Project, bot plan.User, writes bool) []plan.Problem {
	var out []plan.Problem
	block := func(page, next, format string, args ...any) {
		out = append(out, plan.Problem{Text: fmt.Sprintf(format, args...), Next: next, Page: p.WebURL + page, Stopping: true})
	}
	if p.Empty {
		block("", "push a first commit that holds constraints.txt", "the repository is empty")
	}
	if p.MergeRequestsOff {
		block("/edit", "turn them on", "merge requests are off")
	}
	switch role := plan.Role(p.AccessLevel); {
	case role == plan.NoRole:
	case p.Private && role < plan.Reporter:
		block("/-/project_members", "give it the role Developer", "`%s` has the role %s here and may not read the repository", bot.Username, role)
	case writes && role < plan.Developer:
		block("/-/project_members", "give it the role Developer", "`%s` has the role %s here and may not push branches", bot.Username, role)
	}
	return out
}

// Wants is what pinwheel is to do in a project.
type Wants struct {
	Writes bool // merge requests, not the dashboard alone
	Merges bool // it merges them, and so makes the others anew after each merge
}

// Gaps are what a project lacks for pinwheel to work in it, each with the page where
// it is changed. wants says what pinwheel is to do there.
// A setting that the token may not read counts as in order. Gaps does not look whether
// issues are on, since every run says that. gitlab.ErrScope: the token cannot write.
func (c *Client) Gaps(ctx context.Context, p plan.Project, bot plan.User, wants Wants) ([]plan.Problem, error) {
	out := []plan.Problem{}
	gap := func(page, next, format string, args ...any) {
		out = append(out, plan.Problem{Text: fmt.Sprintf(format, args...), Next: next, Page: p.WebURL + page})
	}
	var s Settings
	var unread error
	var reads sync.WaitGroup
	reads.Go(func() { s, unread = c.Settings(ctx, p.ID) })
	token, err := c.gl.Token(ctx)
	reads.Wait()
	switch {
	case errors.Is(err, gitlab.ErrNotFound) || errors.Is(err, gitlab.ErrForbidden) || errors.Is(err, gitlab.ErrUnauthorized):
		// a kind of token that tells nothing of itself
	case err != nil:
		return nil, err
	case !slices.Contains(token.Scopes, "api"):
		return nil, &gitlab.Failure{
			Doing: "change anything", Page: p.WebURL + "/-/settings/access_tokens",
			Kinds: []error{gitlab.ErrForbidden, gitlab.ErrScope}, Text: "the scope is " + strings.Join(token.Scopes, ", "),
		}
	}
	if unread != nil {
		return nil, unread
	}
	if !wants.Writes {
		return out, nil
	}
	if s.PipelinesRequired && p.PipelinesOff {
		gap("/-/settings/merge_requests", "turn CI/CD on, or that setting off", "pipelines must succeed and CI/CD is off, so no merge request can be merged")
	}
	if s.ProtectedUnder != "" {
		gap("/-/settings/repository", "let its role push and force push there", "`%s` is protected from `%s`, so such branches cannot be rebuilt", s.ProtectedUnder, bot.Username)
	}
	if !wants.Merges && (s.MergeMethod == "ff" || s.MergeMethod == "rebase_merge") {
		gap("/-/settings/merge_requests", "use their rebase boxes, or choose merge commits", "the merge method %s asks for a rebase of all others after each merge", s.MergeMethod)
	}
	return out, nil
}
