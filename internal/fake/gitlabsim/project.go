package gitlabsim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Access levels of members, GitLab's numbers.
const (
	NoAccess   = 0
	Guest      = 10
	Planner    = 15
	Reporter   = 20
	Security   = 25 // Security Manager, gitlab.md 7.8
	Developer  = 30
	Maintainer = 40
	Owner      = 50
)

// Project is one project of a Server. Its exported methods are people who act
// in GitLab's pages or push with git (people*.go), and readers of the state
// (reading.go).
type Project struct {
	s             *Server
	id            int64
	path          string
	former        []string // paths it had
	defaultBranch string
	created       time.Time

	topics              []string
	touched             time.Time // last_activity_at, as lists tell it
	public, internal    bool
	releasesAccess      string    // "" is enabled
	releases            []Release // of its page, newest first
	archived            bool
	issuesEnabled       bool
	mrsEnabled          bool
	mergeMethod         string // merge, rebase_merge, ff
	squashOption        string // never, always, default_on; "" is default_off
	pipelinesRequired   bool
	discussionsRequired bool // to be resolved
	approvals           int  // that a merge needs
	shaRequired         bool // by the call that merges
	autoClose           bool
	rawNotes            bool // checklist notes quote what is written, not what is rendered
	ciDisabled          bool
	noDuplicates        bool     // of files of packages
	altering            tree     // what the next merge makes of some files
	hanging             *hang    // what the next merge does
	failing             int      // how many of the next merges fail
	inputs              []string // of its CI/CD configuration
	script              script
	protected           []protection

	members []*member
	repo    repository
	issues  []*issue
	mrs     []*mergeRequest

	packages    []*genericPackage
	pipelines   []*pipeline
	deployments []*deployment
	iids        map[string]int
	linked      map[string]bool // cross references already told
	tabs        map[tab]string  // pages that people have open
	stale       *staleList
}

type member struct {
	user     *user
	level    int
	expires  time.Time
	awaiting bool // nobody let it in yet
}

// protection is a protected branch or wildcard and the roles it asks for.
type protection struct {
	pattern     string
	push, merge int
	force       bool // whoever may push may force it
}

// AddProject makes a private project whose default branch holds files in one
// commit and is protected as GitLab protects it: Maintainers push and merge.
func (s *Server) AddProject(projectPath, defaultBranch string, files map[string]string) *Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &Project{s: s, id: s.nextID("project"), path: projectPath, defaultBranch: defaultBranch, created: s.now(),
		issuesEnabled: true, mrsEnabled: true, mergeMethod: "merge", autoClose: true,
		protected: []protection{{defaultBranch, Maintainer, Maintainer, false}},
		repo:      repository{map[string]*commit{}, map[string]*branch{}, map[string]*commit{}},
		iids:      map[string]int{}, linked: map[string]bool{}, tabs: map[tab]string{}}
	root := identity{"Administrator", "admin@example.com"}
	content := tree{}
	for name, text := range files {
		content[name] = newBlob(text, false)
	}
	first := p.repo.newCommit(commit{tree: content, message: "Initial commit", author: root, committer: root, at: s.now()})
	p.repo.branches[defaultBranch] = &branch{name: defaultBranch, head: first, created: s.now()}
	s.projects = append(s.projects, p)
	return p
}

// ID is the numeric id of the project.
func (p *Project) ID() int64 { return p.id }

// Path is the path with namespace.
func (p *Project) Path() string { return p.path }

// Empty takes every branch, tag and commit away: the repository is as it was made.
func (p *Project) Empty() {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.repo = repository{map[string]*commit{}, map[string]*branch{}, map[string]*commit{}}
}

// Settings are what a maintainer sets in the project's pages.
type Settings struct {
	Public              bool
	Internal            bool   // every user sees it, nobody else does
	Releases            string // who sees its releases: "" is enabled; private, for members; disabled
	Archived            bool
	IssuesDisabled      bool
	MRsDisabled         bool
	MergeMethod         string // "" is merge; rebase_merge, ff
	PipelinesRequired   bool   // "Pipelines must succeed": nothing is mergeable without one
	Squash              string // "" is default_off; never, always, default_on
	DiscussionsResolved bool   // "All threads must be resolved"
	Approvals           int    // that a merge request needs, and loses at a push
	NoDuplicates        bool   // a file of a package is not uploaded twice
	SHARequired         bool   // who merges has to send the head, gitlab.md 2.4
	NoAutoClose         bool   // closing keywords do nothing
	RawNotes            bool   // checklist notes of the older form: the item's first line as it is written
}

// Set replaces the settings.
func (p *Project) Set(to Settings) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.public, p.internal, p.releasesAccess, p.archived = to.Public, to.Internal, to.Releases, to.Archived
	p.issuesEnabled, p.mrsEnabled = !to.IssuesDisabled, !to.MRsDisabled
	p.mergeMethod, p.pipelinesRequired, p.autoClose = "merge", to.PipelinesRequired, !to.NoAutoClose
	p.rawNotes, p.squashOption, p.discussionsRequired = to.RawNotes, to.Squash, to.DiscussionsResolved
	p.approvals, p.shaRequired, p.noDuplicates = to.Approvals, to.SHARequired, to.NoDuplicates
	if to.MergeMethod != "" {
		p.mergeMethod = to.MergeMethod
	}
}

// SetIssuesEnabled switches the issues of the project on or off.
func (p *Project) SetIssuesEnabled(on bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.issuesEnabled = on
}

// Rename moves the project: the old path redirects what reads from now on, and
// refuses the rest. gitlab.md 2.6, 7.8.
func (p *Project) Rename(to string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.former = append(p.former, p.path)
	p.path = to
}

// DefaultBranch is the name of the default branch.
func (p *Project) DefaultBranch() string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.defaultBranch
}

// RenameDefault gives the default branch another name, as GitLab's page does
// it: the old one is gone, and open merge requests go on naming it.
func (p *Project) RenameDefault(to string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.beforeMRChange()
	p.repo.branches[to] = p.repo.branches[p.defaultBranch]
	p.repo.branches[to].name = to
	for i := range p.protected {
		if p.protected[i].pattern == p.defaultBranch {
			p.protected[i].pattern = to
		}
	}
	delete(p.repo.branches, p.defaultBranch)
	p.defaultBranch = to
}

// SetRole makes a user a member with a level, or changes it; NoAccess removes
// the member.
func (p *Project) SetRole(username string, level int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	u := p.s.mustUser(username)
	p.members = slices.DeleteFunc(p.members, func(m *member) bool { return m.user == u })
	if level > NoAccess {
		p.members = append(p.members, &member{user: u, level: level})
	}
	p.s.event(p, nil, "member", username, fmt.Sprint(level))
}

// Await makes a membership one that nobody let in yet: it is listed and gives no
// role. gitlab.md 7.8.
func (p *Project) Await(username string, level int) {
	p.SetRole(username, level)
	p.SetMembership(username, true, time.Time{})
}

// ExpireMember ends a membership at an instant. GitLab takes it away some time
// after the day; until then it is listed.
func (p *Project) ExpireMember(username string, at time.Time) {
	p.SetMembership(username, false, at)
}

// SetMembership makes the membership of a member one that still waits for a
// seat, or one that ends at an instant; the zero time lasts. gitlab.md 7.8.
func (p *Project) SetMembership(username string, awaiting bool, expires time.Time) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, m := range p.members {
		if m.user == p.s.mustUser(username) {
			m.awaiting, m.expires = awaiting, expires
		}
	}
}

// AddMember is SetRole by another name.
func (s *Server) AddMember(p *Project, username string, level int) { p.SetRole(username, level) }

// Protect protects a branch or a pattern with * for everyone below the given
// levels; a later rule for the same pattern replaces the earlier.
func (p *Project) Protect(pattern string, push, merge int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.protected = slices.DeleteFunc(p.protected, func(r protection) bool { return r.pattern == pattern })
	p.protected = append(p.protected, protection{pattern, push, merge, false})
}

// Unprotect removes the rule for a pattern.
func (p *Project) Unprotect(pattern string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.protected = slices.DeleteFunc(p.protected, func(r protection) bool { return r.pattern == pattern })
}

// level is the role of a user here; administrators are owners everywhere.
func (p *Project) level(u *user) int {
	if u == nil || cmp.Or(u.state, "active") != "active" {
		return NoAccess
	}
	if u.admin {
		return Owner
	}
	if m := p.member(u); m != nil {
		return m.level
	}
	return NoAccess
}

func (p *Project) member(u *user) *member {
	for _, m := range p.members {
		if m.user == u && !m.awaiting && (m.expires.IsZero() || p.s.now().Before(m.expires)) {
			return m
		}
	}
	return nil
}

// visible says whether a user may know that the project exists.
func (p *Project) visible(u *user) bool {
	return p.public || p.internal || p.level(u) > NoAccess
}

func (p *Project) protection(branchName string) (push, merge int, is bool) {
	for _, rule := range p.protected {
		if globMatch(rule.pattern, branchName) {
			push, merge, is = max(push, rule.push), max(merge, rule.merge), true
		}
	}
	return push, merge, is
}

func (p *Project) canPush(u *user, branchName string) bool {
	push, _, _ := p.protection(branchName)
	return p.level(u) >= max(Developer, push)
}

func (p *Project) canMerge(u *user, target string) bool {
	_, merge, is := p.protection(target)
	if !is {
		merge = Developer
	}
	return p.level(u) >= max(Developer, merge)
}

func (p *Project) nextIID(kind string) int {
	p.iids[kind]++
	return p.iids[kind]
}

func (p *Project) sortedBranches() []*branch {
	out := make([]*branch, 0, len(p.repo.branches))
	for _, name := range slices.Sorted(maps.Keys(p.repo.branches)) {
		out = append(out, p.repo.branches[name])
	}
	return out
}

func (p *Project) webURL() string { return p.s.opt.BaseURL + "/" + p.path }

func (p *Project) name() string { return p.path[strings.LastIndex(p.path, "/")+1:] }
