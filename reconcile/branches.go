package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// listBranches lists our prefix with the head of the default branch.
func (r *observer) listBranches(ctx context.Context) (branches []plan.Branch, head string, err error) {
	id := r.snap.Project.ID
	branches, head, err = r.gitlab.Branches(ctx, id, r.project.Policy.BranchPrefix, r.snap.Project.DefaultBranch)
	if err == nil && head == "" { // the list lacks it: this says why
		head, err = r.gitlab.Head(ctx, id, r.snap.Project.DefaultBranch)
	}
	return branches, head, err
}

// observeBranches proves which branches are ours. A head that the store knows is not read.
// A head with our trailers is read once.
func (r *observer) observeBranches(ctx context.Context, branches []plan.Branch) error {
	known, err := r.Store.Branches(ctx, r.project.Path)
	if err != nil {
		return fmt.Errorf("read the branches of %s from the store: %w", r.project.Path, err)
	}
	us := plan.UsOf(r.snap.Bot, r.formers())
	errs, read := make([]error, len(branches)), make([]bool, len(branches))
	together(len(branches), func(i int) {
		b := &branches[i]
		if k, ok := known[b.Name]; ok && k.Head == b.Head.SHA && r.recall(b, k) {
			return
		}
		read[i] = true
		g := mrs.Grounds{Project: r.snap.Project.ID, Bot: r.snap.Bot, Onto: r.goesInto(b.Name, r.snap.Project.Head)}
		if *b, errs[i] = r.gitlab.Prove(ctx, g, *b); errs[i] == nil {
			errs[i] = r.vouch(ctx, g, b)
		}
		if _, ours := b.Ours(us); !ours && errs[i] == nil {
			*b, errs[i] = r.adopt(ctx, *b)
		}
	})
	for i, b := range branches {
		if errs[i] != nil {
			return errs[i]
		}
		if b.Left.Why != "" && read[i] {
			r.proven = append(r.proven, r.leftBranch(b))
		}
		if t, ours := b.Ours(us); ours && read[i] {
			r.proven = append(r.proven, store.Branch{Name: b.Name, Head: b.Head.SHA, Digest: b.Digest, Base: t.Base, Message: b.Head.Message, WrittenAt: t.At})
		}
	}
	sort.Slice(branches, func(i, j int) bool { return branches[i].Name < branches[j].Name })
	r.snap.Branches = branches
	return nil
}

// vouch takes out of the message of a head of ours who asked for it, if GitLab does not bear
// that out. What is taken out is not stored either, so this is asked once for each head.
// While there is no merge request, a decision compares the message with what it would write.
func (r *observer) vouch(ctx context.Context, g mrs.Grounds, b *plan.Branch) error {
	t, ours := b.Ours(plan.UsOf(r.snap.Bot, r.formers()))
	if !ours || !t.Signed() {
		return nil
	}
	for _, m := range r.snap.MergeRequests {
		if m.Branch != b.Name || m.State != plan.Opened {
			continue
		}
		vouched, err := r.gitlab.Vouched(ctx, g, m, *b)
		if err != nil {
			return err
		}
		if !vouched {
			b.Head.Message = plan.Unsigned(b.Head.Message)
		}
		break
	}
	return nil
}

// observePushers reads who pushed to the branches of open merge requests that are not ours,
// since a commit may name anybody as its author. It reads that once for each head. If it
// cannot be read, nobody is named.
func (r *observer) observePushers(ctx context.Context) {
	us := plan.UsOf(r.snap.Bot, r.formers())
	heads := map[string]string{}
	for _, b := range r.snap.Branches {
		if _, ours := b.Ours(us); !ours {
			heads[b.Name] = b.Head.SHA
		}
	}
	for i := range r.snap.MergeRequests {
		m := &r.snap.MergeRequests[i]
		head := heads[m.Branch]
		if m.State != plan.Opened || head == "" {
			continue
		}
		if old, known := r.pushers[m.IID]; known && old.PusherOf == head {
			m.Pusher, m.PusherOf = old.Pusher, head
			continue
		}
		who, err := r.gitlab.Pusher(ctx, r.snap.Project.ID, m.IID, r.snap.Bot)
		if err != nil {
			r.fail("who pushed to a branch could not be read: " + explain(err))
			continue
		}
		m.Pusher, m.PusherOf = who, head
	}
}

// goesInto returns the heads of the branches into which a branch of ours may be merged: the
// default branch, and the targets of its merge requests.
func (r *observer) goesInto(branch, head string) []string {
	out := []string{head}
	for _, m := range r.snap.MergeRequests {
		if at := r.targets[m.Target]; m.Branch == branch && at != "" && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}
