package gitlab

import (
	"context"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// maxTree is how many pages of a tree are read: 10,000 files and folders.
const maxTree = 100

// Tree lists the paths of the files of a commit, in GitLab's order. Whole is false if
// there are more than are read.
// https://docs.gitlab.com/api/repositories/#list-all-repository-trees-in-a-project
func (c *Client) Tree(ctx context.Context, project int64, sha string) (paths []string, whole bool, err error) {
	whole, err = Walk(maxTree, func(page api.ListOptions) ([]*api.TreeNode, *api.Response, error) {
		return c.API.Repositories.ListTree(project, &api.ListTreeOptions{ListOptions: page, Ref: &sha, Recursive: new(true)}, api.WithContext(ctx))
	}, func(n *api.TreeNode) bool {
		if n.Type == "blob" {
			paths = append(paths, n.Path)
		}
		return true
	})
	return paths, whole, Fail(err, "list the files of %s", sha)
}
