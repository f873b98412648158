package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file reads what of another bot's becomes ours.

// inherits are the users whose dashboard may be ours, and whose edits of it are as our own.
func (r *observer) inherits() []string {
	return append(r.formers(), r.project.Policy.Adopt.Authors...)
}

// isBot reports whether a user is ours, was ours, or is the bot that was there before.
func (r *observer) isBot(u plan.User) bool {
	if u.ID != 0 && u.ID == r.snap.Bot.ID || r.project.Policy.Adopt.Is(u) {
		return true
	}
	for _, name := range r.formers() {
		if u.Username != "" && strings.EqualFold(name, u.Username) {
			return true
		}
	}
	return false
}

// adopt judges a branch that is not ours. It reads once for each head what that changes, and
// nothing where nobody else's branches are taken over.
func (r *observer) adopt(ctx context.Context, b plan.Branch) (plan.Branch, error) {
	policy := r.project.Policy
	if !policy.Adopt.On() {
		return b, nil
	}
	onto := r.goesInto(b.Name, r.snap.Project.Head)
	return r.gitlab.Adopt(ctx, mrs.Taken{
		Project: r.snap.Project.ID, Onto: onto[0], Opened: r.opened(b.Name), Bot: r.snap.Bot, Adopt: policy.Adopt, Files: policy.Files,
	}, b)
}

// opened is who opened the merge request of a branch: the open one, or else the newest. The
// zero User: there is none.
func (r *observer) opened(branch string) plan.User {
	var found plan.MergeRequest
	for _, m := range r.snap.MergeRequests {
		if m.Branch == branch && m.SameProject && (m.State == plan.Opened || found.State != plan.Opened) {
			found = m
		}
	}
	return found.Author
}

// leftBranch is what is stored of a branch that is left alone. It holds as long as the
// policy takes over the same.
func (r *observer) leftBranch(b plan.Branch) store.Branch {
	return store.Branch{Name: b.Name, Head: b.Head.SHA, Digest: r.adoption(), Message: b.Left.Text()}
}

const leftDigest = "left:"

// adoption is the digest of what decides about a branch of another bot beside the branch.
func (r *observer) adoption() string {
	policy := r.project.Policy
	var files []string
	for _, f := range policy.Files {
		files = append(files, f.Path)
		if f.Derived != nil {
			files = append(files, f.Derived.Path)
		}
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q %q", r.inherits(), files)))
	return leftDigest + hex.EncodeToString(sum[:8])
}

// recall takes from the store what is known of a head. ok is false if that has to be read.
func (r *observer) recall(b *plan.Branch, k store.Branch) (ok bool) {
	if left := strings.HasPrefix(k.Digest, leftDigest); left && k.Digest != r.adoption() {
		return false
	}
	b.Known, b.Digest, b.Head.Message, b.Asked = true, k.Digest, k.Message, k.Asked == k.Head
	b.Left = plan.ParseLeft(k.Message)
	return true
}
