package gitlabsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MergeRequest is a merge request as it stands, as the page would show it.
type MergeRequest struct {
	ID                             int64
	IID                            int
	Title, Description             string
	State                          string // opened, closed, merged
	Author, ClosedBy, MergedBy     string
	SourceBranch, TargetBranch     string
	Labels                         []string
	Reviewers, Assignees           []string // usernames
	Head                           string   // as the merge request knows it
	Versions                       []string // heads, newest first
	MergeCommit                    string
	HasConflicts                   bool   // in truth, whatever GET says
	Status                         string // detailed_merge_status, if GitLab looked anew
	RemoveSourceBranch             bool
	CreatedAt, UpdatedAt, ClosedAt time.Time
	MergedAt                       time.Time
	Notes                          []Note
}

// String is the merge request in one line.
func (m MergeRequest) String() string {
	return fmt.Sprintf("!%d %s %s: %s", m.IID, m.State, m.SourceBranch, m.Title)
}

// Issue is an issue as it stands.
type Issue struct {
	ID                             int64
	IID                            int
	Title, Description             string
	State                          string // opened, closed
	Author, ClosedBy               string
	Labels                         []string
	Confidential, Moved            bool
	CreatedAt, UpdatedAt, ClosedAt time.Time
	Notes                          []Note
}

// String is the issue in one line.
func (i Issue) String() string { return fmt.Sprintf("#%d %s %s", i.IID, i.State, i.Title) }

// Note is a comment or a system note.
type Note struct {
	ID        int64
	Author    string
	Body      string
	System    bool
	CreatedAt time.Time
}

// String is the note in one line.
func (n Note) String() string { return n.Author + ": " + n.Body }

// Branch is a branch with its head.
type Branch struct {
	Name   string
	Head   string
	Commit Commit
}

// Commit is one commit.
type Commit struct {
	ID, Title, Message     string
	AuthorName, AuthorMail string
	Committer              string
	Parents                []string
	At                     time.Time
	Files                  []string // paths that differ from the first parent
}

func nameOf(u *user) string {
	if u == nil {
		return ""
	}
	return u.username
}

func namesOf(users []*user) []string {
	var out []string
	for _, u := range users {
		out = append(out, u.username)
	}
	return out
}

func (n *noteable) notesNow() []Note {
	var out []Note
	for _, one := range n.notes {
		out = append(out, Note{one.id, nameOf(one.author), one.body, one.system, one.created})
	}
	return out
}

func (m *mergeRequest) now() MergeRequest {
	m.seen()
	out := MergeRequest{ID: m.id, IID: m.iid, Title: m.title, Description: m.description, State: m.state, Author: nameOf(m.author),
		ClosedBy: nameOf(m.closedBy), MergedBy: nameOf(m.mergedBy), SourceBranch: m.source, TargetBranch: m.target,
		Labels: slices.Clone(m.labels), Reviewers: namesOf(m.reviewers), Assignees: namesOf(m.assignees), Head: m.head.id, RemoveSourceBranch: m.removeSource, CreatedAt: m.created,
		UpdatedAt: m.updated, ClosedAt: m.closedAt, MergedAt: m.mergedAt, Notes: m.notesNow()}
	for _, v := range m.versions {
		out.Versions = append([]string{v.head.id}, out.Versions...)
	}
	if m.mergeCommit != nil {
		out.MergeCommit = m.mergeCommit.id
	}
	if m.state == "opened" {
		_, clean := m.p.mergeResult(m)
		out.HasConflicts = !clean
		anew := *m
		if anew.work == nil {
			anew.recheck()
		}
		out.Status = anew.detailedStatus()
	}
	return out
}

// MRs returns every merge request by iid.
func (p *Project) MRs() []MergeRequest {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []MergeRequest
	for _, m := range p.mrs {
		out = append(out, m.now())
	}
	return out
}

// MR returns one merge request.
func (p *Project) MR(iid int) (MergeRequest, bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if m := p.mr(iid); m != nil {
		return m.now(), true
	}
	return MergeRequest{}, false
}

// Issues returns every issue that was not deleted, by iid.
func (p *Project) Issues() []Issue {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []Issue
	for _, i := range p.issues {
		out = append(out, i.now())
	}
	return out
}

// Issue returns one issue.
func (p *Project) Issue(iid int) (Issue, bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if i := p.issue(iid); i != nil {
		return i.now(), true
	}
	return Issue{}, false
}

func (i *issue) now() Issue {
	return Issue{ID: i.id, Moved: i.movedTo != 0, IID: i.iid, Title: i.title, Description: i.description, State: i.state, Author: nameOf(i.author),
		ClosedBy: nameOf(i.closedBy), Labels: slices.Clone(i.labels), Confidential: i.confidential, CreatedAt: i.created,
		UpdatedAt: i.updated, ClosedAt: i.closedAt, Notes: i.notesNow()}
}

// Branches returns every branch by name.
func (p *Project) Branches() []Branch {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []Branch
	for _, b := range p.sortedBranches() {
		out = append(out, Branch{b.name, b.head.id, b.head.now()})
	}
	return out
}

// Head returns the id of a branch's head, "" if there is no such branch.
func (p *Project) Head(branchName string) string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if b := p.repo.branches[branchName]; b != nil {
		return b.head.id
	}
	return ""
}

// Commits returns the history of a branch or commit, newest first.
func (p *Project) Commits(ref string) []Commit {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	head := p.at(ref)
	if head == nil {
		return nil
	}
	var out []Commit
	for _, c := range commitsBetween(nil, head) {
		out = append(out, c.now())
	}
	return out
}

func (c *commit) now() Commit {
	out := Commit{ID: c.id, Title: title(c.message), Message: c.message, AuthorName: c.author.name, AuthorMail: c.author.email,
		Committer: c.committer.name, At: c.at}
	for _, parent := range c.parents {
		out.Parents = append(out.Parents, parent.id)
	}
	was := tree{}
	if len(c.parents) > 0 {
		was = c.parents[0].tree
	}
	for _, change := range changesOf(was, c.tree) {
		out.Files = append(out.Files, change.path)
	}
	return out
}

// at is a branch before all else, as a test means it.
func (p *Project) at(ref string) *commit {
	if b := p.repo.branches[ref]; b != nil {
		return b.head
	}
	return p.resolve(ref)
}

// File returns a file at a branch or commit.
func (p *Project) File(ref, path string) (string, bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	at := p.at(ref)
	if at == nil {
		return "", false
	}
	b, has := at.tree[path]
	return b.text, has
}

// Files returns every file at a branch or commit, nil if there is no such ref.
func (p *Project) Files(ref string) map[string]string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	at := p.at(ref)
	if at == nil {
		return nil
	}
	out := map[string]string{}
	for path, b := range at.tree {
		out[path] = b.text
	}
	return out
}

// Diff is what a ref changes against its merge base with another, in the
// unified form, file by file by path.
func (p *Project) Diff(from, to string) string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	a, b := p.at(from), p.at(to)
	if a == nil || b == nil {
		return ""
	}
	base := tree{}
	if c := mergeBase(a, b); c != nil {
		base = c.tree
	}
	var out strings.Builder
	for _, change := range changesOf(base, b.tree) {
		fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n%s", change.path, change.path, unified(change.old.text, change.new.text))
	}
	return out.String()
}

// Paths lists the files at a branch or commit.
func (p *Project) Paths(ref string) []string { return slices.Sorted(maps.Keys(p.Files(ref))) }

// Reachable returns the ids of all commits that some branch holds.
func (p *Project) Reachable() map[string]bool {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	seen, todo := map[string]bool{}, []*commit(nil)
	for _, b := range p.repo.branches {
		todo = append(todo, b.head)
	}
	for len(todo) > 0 {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[next.id] {
			seen[next.id] = true
			todo = append(todo, next.parents...)
		}
	}
	return seen
}
