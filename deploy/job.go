package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Job is what the variables of a job say about it. What GitLab itself can say is read from GitLab
// instead.
type Job struct {
	Project      string // CI_PROJECT_PATH
	SHA          string // CI_COMMIT_SHA
	Source       string // CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: of a pipeline of a merged result; else empty
	Pipeline, ID int64  // CI_PIPELINE_ID and CI_JOB_ID
	Manual       bool   // CI_JOB_MANUAL
	Environment  string // CI_ENVIRONMENT_NAME
}

// complete reports whether the variables are those of a job of GitLab CI, and not of a shell
// elsewhere.
func (j Job) complete() bool {
	return j.Project != "" && j.SHA != "" && j.Pipeline != 0 && j.ID != 0
}

// Order is what a job asks to deploy. It is an error if another job of its pipeline that has to
// pass did not pass.
func (d *Deployer) Order(ctx context.Context, j Job) (Order, error) {
	if !j.complete() {
		return Order{}, mistake("deploy runs in a job of GitLab CI, which sets CI_PROJECT_PATH, CI_COMMIT_SHA, CI_PIPELINE_ID and CI_JOB_ID; elsewhere there is pinwheel rollback")
	}
	project, err := d.project(ctx, j.Project)
	if err != nil {
		return Order{}, err
	}
	run, err := d.o.Client.Pipeline(ctx, project.ID, j.Pipeline)
	if err != nil {
		return Order{}, err
	}
	self, err := d.o.Client.JobRun(ctx, project.ID, j.ID)
	if err != nil {
		return Order{}, err
	}
	o := Order{
		Asked:  Asked{Project: j.Project, SHA: run.SHA, MergeRequest: run.Source == "merge_request_event"},
		Person: Person{Name: self.User, Page: self.URL}, Recorded: j.Environment != "",
	}
	if self.Pipeline != j.Pipeline || run.SHA != j.SHA {
		return o, mistake("CI_PIPELINE_ID, CI_JOB_ID and CI_COMMIT_SHA do not belong together: nothing may set them but GitLab")
	}
	o.Default = !o.MergeRequest && run.Ref == project.DefaultBranch
	if o.MergeRequest && j.Source != "" && j.Source != run.SHA {
		// The pipeline is of a merged result, a commit that GitLab discards.
		k, err := d.o.Client.Commit(ctx, project.ID, run.SHA)
		if err != nil {
			return o, err
		}
		if !slices.Contains(k.Parents, j.Source) {
			return o, mistake("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is no commit of this pipeline: nothing may set it but GitLab")
		}
		o.SHA = j.Source
	}
	if o.Asked.Person, err = d.startedByHand(ctx, project.ID, j, self); err != nil {
		return o, err
	}
	return o, d.othersPassed(ctx, project.ID, self)
}

// startedByHand reports whether somebody started this job, or started it again after it had
// deployed, as GitLab's environment page does for a rollback. It is false for a job that GitLab
// retries by itself after a failure.
func (d *Deployer) startedByHand(ctx context.Context, project int64, j Job, self gitlab.JobRun) (bool, error) {
	if j.Manual {
		return true, nil
	}
	all, err := d.o.Client.Attempts(ctx, project, self.Pipeline)
	return slices.ContainsFunc(all, func(other gitlab.Job) bool {
		return other.Name == self.Name && other.ID < self.ID && other.Status == "success"
	}), err
}

// othersPassed refuses to deploy if another job of the pipeline that has to pass did not. Jobs that
// have not begun come later, and manual ones need not run.
func (d *Deployer) othersPassed(ctx context.Context, project int64, self gitlab.JobRun) error {
	jobs, err := d.o.Client.Jobs(ctx, project, self.Pipeline)
	if err != nil {
		return err
	}
	var waits []string
	for _, j := range jobs {
		if j.ID == self.ID || j.Name == self.Name || j.MayFail || slices.Contains([]string{"success", "skipped", "manual", "created"}, j.Status) {
			continue
		}
		waits = append(waits, j.Name+" ("+j.Status+")")
	}
	if len(waits) > 0 {
		slices.Sort(waits)
		return fmt.Errorf("jobs of this pipeline that have to pass did not: %s; let this job come after them, and run it again when they have passed", strings.Join(waits, ", "))
	}
	return nil
}

// Asker is who asks: in a job of GitLab whoever it belongs to, else the user of the
// token.
func (d *Deployer) Asker(ctx context.Context, j Job) (Person, error) {
	if j.Project != "" && j.ID != 0 {
		project, err := d.project(ctx, j.Project)
		if err != nil {
			return Person{}, err
		}
		self, err := d.o.Client.JobRun(ctx, project.ID, j.ID)
		if err != nil {
			return Person{}, err
		}
		return Person{Name: self.User, Page: self.URL}, nil
	}
	u, err := d.o.Client.Whoami(ctx)
	return Person{Name: u.Username}, err
}
