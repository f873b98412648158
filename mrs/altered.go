package mrs

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

// This file compares what a merge left on its target with what was tested.

// Altered reads which files the commit of a merge holds in another form than the head that was
// tested. There are none where the target got the head itself, where the commit stands on another
// one than the head, so that the target has other changes, too, and where GitLab has one of the
// commits no more.
func (c *Client) Altered(ctx context.Context, id int64, m plan.MergeRequest) ([]string, error) {
	if m.MergeCommit == "" {
		return nil, nil
	}
	made, _, err := c.merged(ctx, id, m)
	if err != nil || made.Base == "" {
		return nil, err
	}
	merge, err := c.Commit(ctx, id, m.MergeCommit)
	if gitlab.Missing(err) {
		return nil, nil
	}
	if err != nil || len(merge.Parents) == 0 || merge.Parents[0] != made.Base {
		return nil, err
	}
	return c.differ(ctx, id, made.Paths, [2]string{m.HeadSHA, m.MergeCommit})
}

// StillAltered is what is to be shown of a merge after which Altered found files: those that a
// later head of the target holds as the merge left them. Altered is empty if there are none.
func (c *Client) StillAltered(ctx context.Context, id int64, m plan.MergeRequest, head string) (plan.AfterMerge, error) {
	out := plan.AfterMerge{IID: m.IID, Branch: m.Branch, Target: m.Target, At: m.MergedAt, Commit: m.MergeCommit}
	changed, err := c.differ(ctx, id, m.Altered, [2]string{m.MergeCommit, head})
	if err != nil {
		return out, err
	}
	for _, path := range m.Altered {
		if !slices.Contains(changed, path) {
			out.Altered = append(out.Altered, path)
		}
	}
	out.Made, out.Subject, err = c.merged(ctx, id, m)
	return out, err
}

// merged is what the head of a merge request says of itself, and its subject; zero if it is gone
// or says nothing.
func (c *Client) merged(ctx context.Context, id int64, m plan.MergeRequest) (t plan.Trailers, subject string, err error) {
	head, err := c.Commit(ctx, id, m.HeadSHA)
	if gitlab.Missing(err) {
		return t, "", nil
	}
	if err != nil {
		return t, "", err
	}
	made, ours := plan.ParseTrailers(head.Message)
	if !ours {
		return t, "", nil
	}
	subject, _, _ = strings.Cut(head.Message, "\n")
	return made, subject, nil
}

// differ lists the paths that two commits hold with other content, or one of them alone holds.
func (c *Client) differ(ctx context.Context, id int64, paths []string, commits [2]string) (out []string, err error) {
	for _, path := range paths {
		var data [2][]byte
		var there [2]bool
		for i, commit := range commits {
			if data[i], there[i], err = c.gl.File(ctx, id, path, commit); err != nil {
				return nil, err
			}
		}
		if there[0] != there[1] || !bytes.Equal(data[0], data[1]) {
			out = append(out, path)
		}
	}
	return out, nil
}
