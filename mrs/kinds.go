package mrs

import (
	"context"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Kinds says which kinds of pipelines the head of an open merge request has.
type Kinds struct {
	IID    int64
	Own    bool // of the merge request
	Branch bool // of its branch, by a push or whatever else is not the API
}

// kindsOf is how many merge requests are looked at for their kinds.
const kindsOf = 10

// KindsOfPipelines looks at the newest open merge requests of a project, anybody's.
// Those without a pipeline are left out.
// https://docs.gitlab.com/ci/pipelines/merge_request_pipelines/
func (c *Client) KindsOfPipelines(ctx context.Context, id int64) ([]Kinds, error) {
	opt := &api.ListProjectMergeRequestsOptions{ListOptions: api.ListOptions{PerPage: kindsOf}, State: new("opened")}
	list, _, err := c.gl.API.MergeRequests.ListProjectMergeRequests(id, opt, api.WithContext(ctx))
	if err != nil {
		return nil, gitlab.Fail(err, "list open merge requests")
	}
	var out []Kinds
	for _, m := range list {
		pipelines, _, err := c.gl.API.MergeRequests.ListMergeRequestPipelines(id, m.IID, api.WithContext(ctx))
		if err != nil {
			return nil, gitlab.Fail(err, "list the pipelines of merge request !%d", m.IID)
		}
		k := Kinds{IID: m.IID}
		for _, p := range pipelines {
			own := strings.HasPrefix(p.Ref, "refs/merge-requests/")
			k.Own = k.Own || own // one on a merged result has another commit
			k.Branch = k.Branch || !own && p.SHA == m.SHA && p.Source != "api"
		}
		if k.Own || k.Branch {
			out = append(out, k)
		}
	}
	return out, nil
}
