package gitlab

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/text"
)

// This file is what a deployment asks of GitLab beside the push: who moved a branch,
// how far one commit is behind another, the job that is running, and the records of
// the environment page.

// Pushed is a push to a branch.
type Pushed struct {
	User string
	At   time.Time
}

// pushPages bounds how far back a push is looked for.
const pushPages = 3

// WhoPushed finds who moved a branch to a head last. found is false if the project's
// events do not tell, as GitLab keeps them for a while and shows them late.
// https://docs.gitlab.com/api/events/#list-all-visible-events-for-a-project
func (c *Client) WhoPushed(ctx context.Context, project int64, branch, head string) (p Pushed, found bool, err error) {
	opt := &api.ListProjectVisibleEventsOptions{Action: new(api.PushedEventType), Sort: new("desc")}
	_, err = Walk(pushPages, func(page api.ListOptions) ([]*api.ProjectEvent, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Events.ListProjectVisibleEvents(project, opt, api.WithContext(ctx))
	}, func(e *api.ProjectEvent) bool {
		if !found && e.PushData.Ref == branch && e.PushData.RefType == "branch" && e.PushData.CommitTo == head {
			at, _ := time.Parse(time.RFC3339, e.CreatedAt) // the zero time: not told
			p, found = Pushed{e.AuthorUsername, at.UTC()}, true
		}
		return !found
	})
	return p, found, Fail(err, "list the pushes to branch %s", branch)
}

// Ahead lists the commits that one commit has and another has not, newest first.
// ErrNotFound: the project has no such commit.
// https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits
func (c *Client) Ahead(ctx context.Context, project int64, from, to string) ([]Commit, error) {
	k, _, err := c.API.Repositories.Compare(project, &api.CompareOptions{From: &from, To: &to, Straight: new(false)}, api.WithContext(ctx))
	if err != nil {
		return nil, Fail(err, "compare commit %s with commit %s", from, to)
	}
	var out []Commit
	for _, c := range slices.Backward(k.Commits) {
		out = append(out, CommitOf(c))
	}
	return out, nil
}

// JobRun is a job as its own page tells.
type JobRun struct {
	Job
	User     string // whose it is: who pushed, or who started it by hand
	Pipeline int64
	SHA      string
	Ref      string
	URL      string
}

// JobRun reads one job.
// https://docs.gitlab.com/api/jobs/#retrieve-a-job
func (c *Client) JobRun(ctx context.Context, project, id int64) (JobRun, error) {
	j, _, err := c.API.Jobs.GetJob(project, id, api.WithContext(ctx))
	if err != nil {
		return JobRun{}, Fail(err, "read job %d", id)
	}
	out := JobRun{Job: Job{j.Name, j.Status, j.AllowFailure, j.ID, false, Instant(j.CreatedAt)}, Pipeline: j.Pipeline.ID, SHA: j.Pipeline.Sha, Ref: j.Ref, URL: j.WebURL}
	if j.User != nil {
		out.User = j.User.Username
	}
	return out, nil
}

// Deployment is a record of an environment.
type Deployment struct{ Environment, Ref, SHA string }

// NewestDeployment is the commit of the newest successful deployment to an environment.
// found is false if there is none.
// https://docs.gitlab.com/api/deployments/#list-project-deployments
func (c *Client) NewestDeployment(ctx context.Context, project int64, environment string) (sha string, found bool, err error) {
	opt := &api.ListProjectDeploymentsOptions{ListOptions: api.ListOptions{PerPage: 1}, Environment: &environment, Status: new("success"), OrderBy: new("id"), Sort: new("desc")}
	list, _, err := c.API.Deployments.ListProjectDeployments(project, opt, api.WithContext(ctx))
	if err != nil || len(list) == 0 {
		return "", false, Fail(err, "list the deployments to %s", environment)
	}
	return list[0].SHA, true, nil
}

// RecordDeployment adds a successful deployment to an environment, which is made where
// it is absent, unless the newest one is of that commit already.
// https://docs.gitlab.com/api/deployments/#create-a-deployment
func (c *Client) RecordDeployment(ctx context.Context, project int64, d Deployment) error {
	there := func() (bool, error) {
		sha, found, err := c.NewestDeployment(ctx, project, d.Environment)
		return found && sha == d.SHA, err
	}
	if found, err := there(); found || err != nil {
		return err
	}
	_, _, err := c.API.Deployments.CreateProjectDeployment(project, &api.CreateProjectDeploymentOptions{
		Environment: &d.Environment, Ref: &d.Ref, SHA: &d.SHA, Tag: new(false), Status: new(api.DeploymentStatusSuccess),
	}, api.WithContext(ctx))
	return Settle(ctx, Fail(err, "record the deployment of %s to %s", d.SHA, d.Environment), there)
}

// Stored is a file on a branch, with the commit that changed it last.
type Stored struct {
	Data   []byte
	Commit string
}

// Stored reads a file at a commit with the commit that changed it last. found is false
// if there is no such file.
// https://docs.gitlab.com/api/repository_files/#retrieve-a-file-from-a-repository
func (c *Client) Stored(ctx context.Context, project int64, path, sha string) (s Stored, found bool, err error) {
	f, _, err := c.API.RepositoryFiles.GetFile(project, path, &api.GetFileOptions{Ref: &sha}, api.WithContext(ctx))
	err = Fail(err, "read file %s", path)
	if Missing(err) {
		return Stored{}, false, nil
	}
	if err != nil {
		return Stored{}, false, err
	}
	data, err := base64.StdEncoding.DecodeString(f.Content)
	if err != nil || f.Encoding != "base64" || !isSHA(f.LastCommitID) {
		return Stored{}, false, Fail(fmt.Errorf("%w: a file that cannot be decoded", ErrNotGitLab), "read file %s", path)
	}
	if len(data) > maxFile {
		return Stored{}, false, Fail(fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), maxFile), "read file %s", path)
	}
	return Stored{data, f.LastCommitID}, true, nil
}

// Write is a file that a commit writes. Last is the commit that changed it last, and
// empty for a file that is not there yet: the commit is refused if that is not so.
type Write struct {
	Path, Last string
	Data       []byte
}

// Commitment is a commit of files that is to be made.
type Commitment struct {
	Branch, Message string
	Files           []Write
}

// maxSubject bounds the message of a commit of files, which is one line.
const maxSubject = 200

// CommitFiles makes one commit of files on a branch that is there. Changed says of its
// error that somebody else wrote one of the files meanwhile. If the answer is lost,
// [Lost] is true of the error, and the caller has to look.
// https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions
func (c *Client) CommitFiles(ctx context.Context, project int64, on Commitment) error {
	opt := &api.CreateCommitOptions{Branch: &on.Branch, CommitMessage: new(text.Inline(on.Message, maxSubject))}
	for _, f := range on.Files {
		action := &api.CommitActionOptions{Action: new(api.FileCreate), FilePath: &f.Path, Content: new(base64.StdEncoding.EncodeToString(f.Data)), Encoding: new("base64")}
		if f.Last != "" {
			action.Action, action.LastCommitID = new(api.FileUpdate), &f.Last
		}
		opt.Actions = append(opt.Actions, action)
	}
	_, _, err := c.API.Commits.CreateCommit(project, opt, api.WithContext(ctx))
	return Fail(err, "commit to branch %s", on.Branch)
}

// ForcePushable reports whether the rules of protected branches let whoever may push
// to a branch force it as well. A branch that is not protected may be forced. All rules
// that fit have to allow it.
// https://docs.gitlab.com/api/protected_branches/#list-protected-branches
func (c *Client) ForcePushable(ctx context.Context, project int64, branch string) (may bool, push int, err error) {
	list, err := List(func(page api.ListOptions) ([]*api.ProtectedBranch, *api.Response, error) {
		return c.API.ProtectedBranches.ListProtectedBranches(project, &api.ListProtectedBranchesOptions{ListOptions: page}, api.WithContext(ctx))
	})
	may = true
	for _, rule := range list {
		if !wildcard(rule.Name, branch) {
			continue
		}
		may = may && rule.AllowForcePush
		least := 0
		for i, level := range rule.PushAccessLevels {
			if l := int(level.AccessLevel); level.UserID == 0 && level.GroupID == 0 && (i == 0 || l < least) {
				least = l
			}
		}
		push = max(push, least)
	}
	return may, push, Fail(err, "list the protected branches")
}

// wildcard matches a name with a pattern in which * is any text.
func wildcard(pattern, name string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	for ok {
		if wildcard(rest, name) {
			return true
		}
		if name == "" {
			return false
		}
		name = name[1:]
	}
	return false
}
