package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// MergeRequest is an open merge request as a list shows it, anybody's.
type MergeRequest struct {
	IID     int64
	Title   string
	Author  User
	Branch  string // its own, of the project Source
	Target  string // the branch it is to go into
	SHA     string // its head, as the list's cache has it
	Source  int64  // the project of its branch; 0 if that is gone
	Updated time.Time
	WebURL  string
}

// OpenMergeRequests lists the open merge requests of a project that were updated at or
// after since, the newest first; a zero since means all. GitLab answers from a cache.
// https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests
func (c *Client) OpenMergeRequests(ctx context.Context, project int64, since time.Time) ([]MergeRequest, error) {
	opt := &api.ListProjectMergeRequestsOptions{State: new("opened"), OrderBy: new("created_at"), Sort: new("desc")}
	if !since.IsZero() {
		opt.UpdatedAfter = new(since.UTC())
	}
	list, err := List(func(page api.ListOptions) ([]*api.BasicMergeRequest, *api.Response, error) {
		opt.ListOptions = page
		return c.API.MergeRequests.ListProjectMergeRequests(project, opt, api.WithContext(ctx))
	})
	var out []MergeRequest
	for _, m := range list {
		if !slices.ContainsFunc(out, func(o MergeRequest) bool { return o.IID == m.IID }) { // a row that moved to a later page is listed twice
			out = append(out, requestOf(m))
		}
	}
	return out, Fail(err, "list open merge requests")
}

func requestOf(m *api.BasicMergeRequest) MergeRequest {
	out := MergeRequest{IID: m.IID, Title: m.Title, Branch: m.SourceBranch, Target: m.TargetBranch, SHA: m.SHA, Source: m.SourceProjectID, Updated: Instant(m.UpdatedAt), WebURL: m.WebURL}
	if m.Author != nil {
		out.Author = User{ID: m.Author.ID, Username: m.Author.Username, Name: m.Author.Name}
	}
	return out
}

// Shown is a merge request as its own page tells of it.
type Shown struct {
	MergeRequest
	Open bool
	// Pipeline is that of the head in this project, 0 if there is none or where it
	// runs in another project. PipelineSHA is its commit, which a merged result has of
	// its own.
	Pipeline    int64
	PipelineSHA string
}

// MergeRequest reads one merge request.
// https://docs.gitlab.com/api/merge_requests/#retrieve-a-merge-request
func (c *Client) MergeRequest(ctx context.Context, project, iid int64) (Shown, error) {
	m, _, err := c.API.MergeRequests.GetMergeRequest(project, iid, nil, api.WithContext(ctx))
	if err != nil {
		return Shown{}, Fail(err, "read merge request !%d", iid)
	}
	out := Shown{MergeRequest: requestOf(&m.BasicMergeRequest), Open: m.State == "opened"}
	if p := m.HeadPipeline; p != nil && p.ProjectID == project {
		out.Pipeline, out.PipelineSHA = p.ID, p.SHA
	}
	return out, nil
}

// HeadVersion is a head that a merge request had, and since when it shows it.
type HeadVersion struct {
	ID  int64
	SHA string
	At  time.Time
}

// Versions lists the heads of a merge request, the newest first. GitLab makes a version
// some time after a push.
// https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions
func (c *Client) Versions(ctx context.Context, project, iid int64) ([]HeadVersion, error) {
	list, err := List(func(page api.ListOptions) ([]*api.MergeRequestDiffVersion, *api.Response, error) {
		opt := &api.GetMergeRequestDiffVersionsOptions{ListOptions: page}
		return c.API.MergeRequests.GetMergeRequestDiffVersions(project, iid, opt, api.WithContext(ctx))
	})
	var out []HeadVersion
	for _, v := range list {
		out = append(out, HeadVersion{v.ID, v.HeadCommitSHA, Instant(v.CreatedAt)})
	}
	slices.SortFunc(out, func(a, b HeadVersion) int { return cmp.Compare(b.ID, a.ID) })
	return out, Fail(err, "read the versions of merge request !%d", iid)
}

// NoteEdit is a note of our own that gets another text.
type NoteEdit struct {
	ID       int64
	Before   string // the text that it has to have
	Markdown string // safe already
}

// EditNote gives a note of a merge request another text, unless it has it; wrote says
// whether it was changed. ErrConflict: it has another text than the one that was read.
// https://docs.gitlab.com/api/notes/#modify-a-merge-request-note
func (c *Client) EditNote(ctx context.Context, t Thread, n NoteEdit) (wrote bool, err error) {
	now := ""
	there := func() (bool, error) {
		note, _, err := c.API.Notes.GetMergeRequestNote(t.Project, t.IID, n.ID, api.WithContext(ctx))
		if err != nil {
			return false, Fail(err, "read a note on %s", t.Name)
		}
		now = strings.TrimSpace(note.Body)
		return now == strings.TrimSpace(n.Markdown), nil
	}
	if found, err := there(); found || err != nil {
		return false, err
	}
	if now != strings.TrimSpace(n.Before) {
		return false, &Failure{Doing: "change a note on " + t.Name, Text: "it was changed meanwhile", Kinds: []error{ErrRefused, ErrConflict}}
	}
	_, _, err = c.API.Notes.UpdateMergeRequestNote(t.Project, t.IID, n.ID, &api.UpdateMergeRequestNoteOptions{Body: &n.Markdown}, api.WithContext(ctx))
	err = Settle(ctx, Fail(err, "change a note on %s", t.Name), there)
	return err == nil, err
}

// CancelPipeline cancels what is under way of a pipeline. One that is over stays as it
// is.
// https://docs.gitlab.com/api/pipelines/#cancel-all-jobs-for-a-pipeline
func (c *Client) CancelPipeline(ctx context.Context, project, id int64) error {
	_, _, err := c.API.Pipelines.CancelPipelineBuild(project, id, api.WithContext(ctx))
	return Settle(ctx, Fail(err, "cancel pipeline %d", id), func() (bool, error) {
		p, err := c.Pipeline(ctx, project, id)
		return strings.HasPrefix(p.Status, "cancel"), err
	})
}

// RefPipelines lists the hundred newest pipelines of a ref, whoever started them.
// https://docs.gitlab.com/api/pipelines/#list-project-pipelines
func (c *Client) RefPipelines(ctx context.Context, project int64, ref string) ([]Run, error) {
	opt := &api.ListProjectPipelinesOptions{ListOptions: api.ListOptions{PerPage: perPage}, Ref: &ref, OrderBy: new("id"), Sort: new("desc")}
	list, _, err := c.API.Pipelines.ListProjectPipelines(project, opt, api.WithContext(ctx))
	var out []Run
	for _, p := range list {
		out = append(out, RunOf(p))
	}
	return out, Fail(err, "list pipelines of %s", ref)
}

// OnMerge is the thread of a merge request's notes.
func OnMerge(project, iid int64) Thread {
	return Thread{Project: project, On: OnMergeRequest, IID: iid, Name: fmt.Sprintf("merge request !%d", iid)}
}
