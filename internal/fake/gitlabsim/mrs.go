package gitlabsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type mergeRequest struct {
	noteable
	source, target string
	mergedAt       time.Time
	mergedBy       *user
	reviewers      []*user
	approvedBy     []*user
	removeSource   bool
	squash         bool
	head           *commit // as the merge request knows it
	versions       []*version
	mergeCommit    *commit
	preparedAt     time.Time
	work           *work     // background work not done yet
	mergeStatus    string    // unchecked, checking, can_be_merged, cannot_be_merged
	check          *lateness // a recheck asked for
	closing        *ending   // its branch is gone
	squashCommit   *commit
	threads        int    // that nobody resolved
	fork           bool   // its branch is in another project
	lock           *lock  // while a merge is under way
	blocked        string // a detailed_merge_status that somebody's rules give it
}

// ending is that of a merge request whose branch was deleted.
type ending struct {
	lateness
	by *user
}

// gone closes it when that is due, unless the branch is there again.
func (m *mergeRequest) gone(due bool) {
	c := m.closing
	if c == nil || !due {
		return
	}
	m.closing = nil
	if m.state == "opened" && m.p.repo.branches[m.source] == nil {
		m.p.setMRState(c.by, m, "closed")
		m.closedAt = c.since
	}
}

type version struct {
	id         int64
	head, base *commit
	start      *commit // head of the target then
	at         time.Time
}

// lateness makes background work visible after some reads or at a later instant.
type lateness struct {
	since time.Time
	reads int
}

// work is the preparation of a new merge request or of pushes to one.
type work struct {
	lateness
	heads []version
}

// done counts one read and says whether the work is visible to it.
func (l *lateness) done(now time.Time) bool {
	if now.After(l.since) || l.reads <= 0 && !now.Before(l.since) {
		return true
	}
	l.reads--
	return false
}

func (p *Project) late() lateness {
	return lateness{p.s.now(), p.s.opt.AsyncReads}
}

func (p *Project) mr(iid int) *mergeRequest {
	for _, m := range p.mrs {
		if m.iid == iid {
			return m
		}
	}
	return nil
}

func (m *mergeRequest) newestHead() *commit {
	if m.work != nil && len(m.work.heads) > 0 {
		return m.work.heads[len(m.work.heads)-1].head
	}
	return m.head
}

func (m *mergeRequest) draft() bool { return draftTitle().MatchString(m.title) }

var draftTitle = lazy(`(?i)^\s*(\[draft\]|\(draft\)|draft:|wip:)`)

// newMR is what a merge request is asked for with.
type newMR struct{ source, target, title, description string }

// openMR makes a merge request; what is known only after preparation comes
// later. gitlab.md 2.4.
func (p *Project) openMR(actor *user, in newMR) (*mergeRequest, error) {
	if err := p.checkNewMR(actor, in); err != nil {
		return nil, err
	}
	p.beforeMRChange()
	head := p.repo.branches[in.source].head
	m := &mergeRequest{source: in.source, target: in.target, head: head, mergeStatus: "unchecked"}
	m.noteable = noteable{p: p, kind: "merge request", sigil: "!", id: p.s.nextID("mr"), iid: p.nextIID("mr"),
		title: strings.TrimSpace(in.title), author: actor, state: "opened", created: p.s.now(), updated: p.s.now()}
	m.work = &work{p.late(), []version{p.versionOf(m, head)}}
	p.mrs = append(p.mrs, m)
	p.s.event(p, actor, "mr-open", m.ref(), in.source+" -> "+in.target+": "+m.title)
	text, commands := extractCommands(in.description)
	m.description = text
	p.references(actor, &m.noteable, "", text)
	p.runCommands(actor, &m.noteable, commands)
	p.obey(actor, m.ref(), "title", m.title, "")
	p.obey(actor, m.ref(), "description", in.description, "")
	p.react(actor, m.source, head, m)
	return m, nil
}

func (p *Project) checkNewMR(actor *user, in newMR) error {
	switch {
	case !p.mrsEnabled || p.archived || p.level(actor) < Developer:
		return refuse(403, "403 Forbidden")
	case strings.TrimSpace(in.title) == "":
		return refuse(400, map[string][]string{"title": {"can't be blank"}})
	case in.source == in.target:
		return refuse(422, []string{"You can't use same project/branch for source and target"})
	}
	if err := checkTexts(in.title, in.description); err != nil {
		return err
	}
	b := p.repo.branches[in.source]
	if b == nil || b.lag > 0 && p.s.now().Equal(b.created) {
		if b != nil {
			b.lag--
		}
		return refuse(400, []string{fmt.Sprintf("source_branch %q does not exist", in.source)})
	}
	if p.repo.branches[in.target] == nil {
		return refuse(400, []string{fmt.Sprintf("target_branch %q does not exist", in.target)})
	}
	if other := p.openMRFor(in.source, in.target); other != nil {
		return refuse(409, []string{"Another open merge request already exists for this source branch: !" + fmt.Sprint(other.iid)})
	}
	return nil
}

func (p *Project) openMRFor(source, target string) *mergeRequest {
	for _, m := range p.mrs {
		if m.state == "opened" && m.source == source && m.target == target {
			return m
		}
	}
	return nil
}

func (p *Project) versionOf(m *mergeRequest, head *commit) version {
	v := version{id: p.s.nextID("version"), head: head, at: p.s.now()}
	if t := p.repo.branches[m.target]; t != nil {
		v.start, v.base = t.head, mergeBase(head, t.head)
	}
	return v
}

// mrPushed queues a new head; the page tells it when the background work ran.
func (p *Project) mrPushed(actor *user, m *mergeRequest, head *commit, count int) {
	if len(m.versions) >= p.s.opt.MaxVersions {
		return // gitlab.md 2.4, limits: the merge request no longer follows
	}
	if m.work == nil {
		m.work = &work{}
	}
	m.work.lateness = p.late()
	m.work.heads = append(m.work.heads, p.versionOf(m, head))
	m.mergeStatus, m.check = "unchecked", nil
	m.touch()
	told := fmt.Sprintf("added %d commit%s", count, plural(count))
	p.appendNote(actor, &m.noteable, fmt.Sprintf("%s\n\n<ul><li>%.8s - %s</li></ul>\n\n[Compare with previous version](#)", told, head.id, title(head.message)), true)
	p.s.event(p, actor, "system-note", m.ref(), told)
	if p.approvals > 0 {
		m.approvedBy = nil
	}
	p.react(actor, m.source, head, m)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// settle finishes the background work.
func (m *mergeRequest) settle() {
	if m.work == nil {
		return
	}
	heads := m.work.heads
	if m.p.s.opt.CoalesceVersions && len(heads) > 1 {
		heads = heads[len(heads)-1:]
	}
	for _, v := range heads {
		m.versions = append(m.versions, &v)
		m.head = v.head
	}
	if m.preparedAt.IsZero() {
		m.preparedAt = m.work.since
	}
	m.work = nil
}

// seen is one look at the merge request through a list: work of earlier
// instants has been done, no recheck is asked for.
func (m *mergeRequest) seen() {
	m.unlock()
	m.gone(m.closing != nil && m.p.s.now().After(m.closing.since))
	if m.work != nil && m.p.s.now().After(m.work.since) {
		m.settle()
	}
}

// observe is one read of the merge request itself. It finishes work that is
// due and, as GitLab's single GET, asks for a recheck whose result a later
// read shows. gitlab.md 2.4.
func (m *mergeRequest) observe() {
	now := m.p.s.now()
	m.unlock()
	m.gone(m.closing != nil && m.closing.done(now))
	if m.work != nil && m.work.done(now) {
		m.settle()
	}
	if m.work != nil || m.state != "opened" {
		return
	}
	if m.mergeStatus == "unchecked" {
		late := m.p.late()
		late.since = late.since.Add(m.p.s.opt.RecheckTakes)
		m.mergeStatus, m.check = "checking", &late
	}
	if m.mergeStatus == "checking" && m.check.done(now) {
		m.recheck()
	}
}

func (m *mergeRequest) recheck() {
	m.check = nil
	m.mergeStatus = "cannot_be_merged"
	if _, ok := m.p.mergeResult(m); ok {
		m.mergeStatus = "can_be_merged"
	}
}

// mergeResult is the tree of target after a merge.
func (p *Project) mergeResult(m *mergeRequest) (tree, bool) {
	source, target := p.repo.branches[m.source], p.repo.branches[m.target]
	if source == nil || target == nil {
		return nil, false
	}
	base := mergeBase(source.head, target.head)
	if base == nil {
		return nil, false
	}
	return mergeTrees(base.tree, target.head.tree, source.head.tree)
}

// setMRState closes or reopens; what validation refuses is silently left. The
// source branch is not asked for. gitlab.md 7.8.
func (p *Project) setMRState(actor *user, m *mergeRequest, state string) {
	switch {
	case state == "closed" && m.state == "opened":
		p.beforeMRChange()
		m.state, m.closedAt, m.closedBy = "closed", p.s.now(), actor
		p.s.event(p, actor, "mr-close", m.ref(), "")
	case state == "opened" && m.state == "closed" && p.openMRFor(m.source, m.target) == nil:
		p.beforeMRChange()
		m.state, m.closedAt, m.closedBy = "opened", time.Time{}, nil
		m.mergeStatus, m.check = "unchecked", nil
		if b := p.repo.branches[m.source]; b != nil && b.head != m.newestHead() {
			m.work = &work{p.late(), []version{p.versionOf(m, b.head)}}
		}
		p.s.event(p, actor, "mr-reopen", m.ref(), "")
	default:
		return
	}
	m.touch()
}

// closeByMR closes the issues that a merged merge request says it closes.
func (p *Project) closeByMR(actor *user, m *mergeRequest) {
	if m.target == p.defaultBranch {
		p.closeReferenced(actor, m.title+"\n"+m.description, "closed via merge request "+m.ref())
	}
}

func (p *Project) markMerged(actor *user, m *mergeRequest, by *commit) {
	m.settle()
	m.state, m.mergedAt, m.mergedBy, m.mergeCommit = "merged", p.s.now(), actor, by
	m.mergeStatus = "can_be_merged"
	m.touch()
	p.s.event(p, actor, "mr-merge", m.ref(), by.id)
}

// staleList is the list of merge requests as it was before a change.
type staleList struct {
	lateness
	mrs []*mergeRequest
}

// beforeMRChange keeps the list as it is now for the next reads of it.
func (p *Project) beforeMRChange() {
	if p.s.opt.StaleLists <= 0 || p.stale != nil && !p.s.now().After(p.stale.since) {
		return
	}
	p.stale = &staleList{lateness: lateness{p.s.now(), p.s.opt.StaleLists}}
	for _, m := range p.mrs {
		m.seen()
		old := *m
		old.labels, old.versions = slices.Clone(m.labels), slices.Clone(m.versions)
		p.stale.mrs = append(p.stale.mrs, &old)
	}
}

// listedMRs is what a list answers from: the present, or the past while the
// cache holds it. gitlab.md 0.5, 2.4.
func (p *Project) listedMRs() []*mergeRequest {
	if p.stale != nil {
		if !p.stale.done(p.s.now()) {
			return p.stale.mrs
		}
		p.stale = nil
	}
	for _, m := range p.mrs {
		m.seen()
	}
	return p.mrs
}
