package gitlab

import (
	"context"
	"errors"
	"fmt"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Hook is a webhook of a project or a group, as far as pinwheel sets it.
type Hook struct {
	ID  int64
	URL string
	// Lacks are the kinds of events that it does not send and should, in GitLab's words.
	Lacks []string
	// Unverified says that GitLab does not look at the certificate of the address.
	Unverified bool
	// Disabled is why GitLab sends nothing: it turned the webhook off, for a while or for good.
	// Empty where it sends.
	Disabled string
}

// HookOwner is where a webhook stands: a group, or else a project.
type HookOwner struct {
	Path  string
	Group bool
}

// fail is Fail of what is done there. A right that is missing is not the one that all else needs.
func (o HookOwner) fail(err error, doing string) error {
	path, who := o.Path, "a Maintainer of the project"
	if o.Group {
		path, who = "the group "+o.Path, "its Owner"
	}
	failed := Fail(err, "%s of %s", doing, path)
	var f *Failure
	if errors.As(failed, &f) && errors.Is(failed, ErrForbidden) && !errors.Is(failed, ErrScope) {
		f.Advice = fmt.Sprintf("the token's user may not %s of %s: use the token of %s in PINWHEEL_GITLAB_MAINTAINER_TOKEN", doing, path, who)
	}
	return failed
}

// hookName is how GitLab's page lists our webhooks.
const hookName = "pinwheel"

// lacks are the kinds that are off, by their names.
func lacks(events map[string]bool) (out []string) {
	for _, name := range []string{"issues", "confidential issues", "comments", "confidential comments", "merge requests", "pipelines", "pushes"} {
		if !events[name] {
			out = append(out, name)
		}
	}
	return out
}

// disabled words what GitLab calls alert_status.
func disabled(status string) string {
	switch status {
	case "", "executable":
		return ""
	case "temporarily_disabled":
		return "for a while, since the address did not answer as it should"
	}
	return "for good, since the address did not answer as it should"
}

// Hooks lists the webhooks of a project or a group. The token needs Maintainer there, for a
// group Owner. Tokens of webhooks are not told.
// https://docs.gitlab.com/api/project_webhooks/ and https://docs.gitlab.com/api/group_webhooks/
func (c *Client) Hooks(ctx context.Context, of HookOwner) ([]Hook, error) {
	var out []Hook
	if of.Group {
		all, err := List(func(page api.ListOptions) ([]*api.GroupHook, *api.Response, error) {
			return c.API.Groups.ListGroupHooks(of.Path, &api.ListGroupHooksOptions{ListOptions: page}, api.WithContext(ctx))
		})
		for _, h := range all {
			out = append(out, Hook{h.ID, h.URL, lacks(map[string]bool{
				"issues": h.IssuesEvents, "confidential issues": h.ConfidentialIssuesEvents, "comments": h.NoteEvents, "confidential comments": h.ConfidentialNoteEvents,
				"merge requests": h.MergeRequestsEvents, "pipelines": h.PipelineEvents, "pushes": h.PushEvents,
			}), !h.EnableSSLVerification, disabled(h.AlertStatus)})
		}
		return out, of.fail(err, "list the webhooks")
	}
	all, err := List(func(page api.ListOptions) ([]*api.ProjectHook, *api.Response, error) {
		return c.API.Projects.ListProjectHooks(of.Path, &api.ListProjectHooksOptions{ListOptions: page}, api.WithContext(ctx))
	})
	for _, h := range all {
		out = append(out, Hook{h.ID, h.URL, lacks(map[string]bool{
			"issues": h.IssuesEvents, "confidential issues": h.ConfidentialIssuesEvents, "comments": h.NoteEvents, "confidential comments": h.ConfidentialNoteEvents,
			"merge requests": h.MergeRequestsEvents, "pipelines": h.PipelineEvents, "pushes": h.PushEvents,
		}), !h.EnableSSLVerification, disabled(h.AlertStatus)})
	}
	return out, of.fail(err, "list the webhooks")
}

// HookSetting is how a webhook is to be.
type HookSetting struct {
	ID    int64 // of the one to change; 0 makes a new one
	URL   string
	Token string
}

// SaveHook makes a webhook or changes one so that it sends every event that pinwheel looks
// for to an address, with a token.
func (c *Client) SaveHook(ctx context.Context, of HookOwner, h HookSetting) error {
	on, name := true, hookName
	var err error
	if of.Group {
		all := api.AddGroupHookOptions{
			Name: &name, URL: &h.URL, Token: &h.Token, IssuesEvents: &on, ConfidentialIssuesEvents: &on, NoteEvents: &on, ConfidentialNoteEvents: &on,
			MergeRequestsEvents: &on, PipelineEvents: &on, PushEvents: &on, EnableSSLVerification: &on,
		}
		if h.ID == 0 {
			_, _, err = c.API.Groups.AddGroupHook(of.Path, &all, api.WithContext(ctx))
		} else {
			edit := api.EditGroupHookOptions(all)
			_, _, err = c.API.Groups.EditGroupHook(of.Path, h.ID, &edit, api.WithContext(ctx))
		}
		return of.fail(err, "save the webhook")
	}
	all := api.AddProjectHookOptions{
		Name: &name, URL: &h.URL, Token: &h.Token, IssuesEvents: &on, ConfidentialIssuesEvents: &on, NoteEvents: &on, ConfidentialNoteEvents: &on,
		MergeRequestsEvents: &on, PipelineEvents: &on, PushEvents: &on, EnableSSLVerification: &on,
	}
	if h.ID == 0 {
		_, _, err = c.API.Projects.AddProjectHook(of.Path, &all, api.WithContext(ctx))
	} else {
		edit := api.EditProjectHookOptions(all)
		_, _, err = c.API.Projects.EditProjectHook(of.Path, h.ID, &edit, api.WithContext(ctx))
	}
	return of.fail(err, "save the webhook")
}
